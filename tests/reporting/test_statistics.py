"""The table over HTTP: rows that are there without anything to count, figures, filters, and what is refused."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from app.programmes.seeds import Seeds
from app.regions import Level, regions
from app.reporting.frame import KIND_LABELS
from app.reporting.measures import COLUMNS
from tests.access.house import refusals
from tests.access.town import Town, a_town
from tests.databases import Databases
from tests.referrals.scene import a_borrower, a_lender, deliver, did
from tests.reporting.scene import FAR, HOME, SIBLING, Scene

COUNTS = ("pushed", "contacted", "decided", "granted", "disbursed", "converted")


def of(scene: Scene, by: str, key: str, **params: Any) -> dict[str, Any]:
    """One row of the province's table of the lender."""
    table = scene.table(scene.town.people.pboc, by=by, bank=scene.lender.code, **params)
    lines: dict[str, dict[str, Any]] = {row["key"]: row for row in (*table["rows"], table["total"])}
    return lines[key]


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in COUNTS)


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("city", [code for code, one in regions().items() if one.level is Level.CITY]),
        ("county", [code for code, one in regions().items() if one.level is Level.COUNTY]),
        ("kind", list(KIND_LABELS)),
        ("month", [f"2026-{month:02}" for month in range(1, 13)]),
    ],
)
def test_every_city_county_kind_and_month_has_a_row(scene: Scene, by: str, keys: list[str]) -> None:
    table = scene.table(scene.town.people.pboc, by=by)

    assert [row["key"] for row in table["rows"]] == keys
    assert list(table["columns"]) == ["key", "label", *COLUMNS]
    empty = [row for row in table["rows"] if not any(row[name] for name in (*COUNTS, "listed"))]
    assert empty
    assert {row["granted_yuan"] for row in empty} == {"0.00"}
    assert {row["conversion_percent"] for row in empty} == {None}


def test_every_bank_has_a_row_whether_it_was_pushed_to_or_not(scene: Scene) -> None:
    table = scene.table(scene.town.people.pboc, by="bank")
    rows = {row["key"]: row for row in table["rows"]}

    assert counts(rows[scene.lender.code]) == (4, 2, 3, 2, 1, 2)
    assert counts(rows[scene.other.code]) == (1, 0, 0, 0, 0, 0)
    assert {row["listed"] for row in table["rows"]} == {None}
    assert table["total"]["listed"] > 0


def test_the_figures_of_a_county(scene: Scene) -> None:
    home, sibling, far = (of(scene, "county", region) for region in (HOME, SIBLING, FAR))

    assert (counts(home), counts(sibling), counts(far)) == ((2, 2, 2, 2, 1, 2), (1, 0, 1, 0, 0, 0), (1, 0, 0, 0, 0, 0))
    expected = {
        "granted_yuan": "10000000.00",
        "disbursed_yuan": "4000000.00",
        "balance_yuan": "4000000.00",
        "balance_missing": 0,
        "weighted_rate_percent": "3.5",
        "conversion_percent": "100",
        "days_to_decision": "20.0",
    }
    assert {name: home[name] for name in expected} == expected


@pytest.mark.parametrize("by", ["city", "county", "kind", "bank", "month"])
def test_the_total_is_the_sum_of_its_rows(scene: Scene, by: str) -> None:
    table = scene.table(scene.town.people.pboc, by=by)

    assert table["is_sum"] is (by != "kind")
    for name in COUNTS:
        assert sum(row[name] for row in table["rows"]) == table["total"][name]


def test_filters_narrow_the_table(scene: Scene) -> None:
    assert counts(of(scene, "city", "total", region=HOME)) == (2, 2, 2, 2, 1, 2)
    assert counts(of(scene, "city", "total", kind="project")) == (0,) * 6
    assert counts(of(scene, "city", "total", kind=["project", "unknown"])) == (4, 2, 3, 2, 1, 2)
    # Pushed in October; everything else came in November.
    assert counts(of(scene, "city", "total", **{"to": "2026-10-31"})) == (4, 0, 0, 0, 0, 0)
    assert counts(of(scene, "city", "total", **{"from": "2026-11-01"})) == (0, 2, 3, 2, 1, 0)
    assert counts(of(scene, "month", "2026-11")) == (0, 2, 3, 2, 1, 0)
    assert [row["key"] for row in scene.table(scene.town.people.pboc, by="county", region=HOME)["rows"]] == [HOME]


@pytest.fixture
def own_town(databases: Databases, seeds: Seeds, tmp_path: Path) -> Iterator[Town]:
    """For a test that adds something to be counted."""
    with a_town(databases, seeds, tmp_path) as town:
        yield town


def test_a_month_begins_at_midnight_in_china(own_town: Town) -> None:
    town, bank = own_town, a_lender(own_town)
    (talk,) = deliver(town, bank, a_borrower(town, SIBLING), day=date(2026, 2, 1))
    person, question = town.people.pboc, {"by": "month"}
    with time_machine.travel(datetime(2026, 2, 28, 15, 59, tzinfo=UTC)):
        before = town.house.get(person, "/statistics", **question)
    with time_machine.travel(datetime(2026, 2, 28, 16, 1, tzinfo=UTC)):
        did(town, bank.manager, talk, "contact", contacted_on="2026-03-01")
        after = town.house.get(person, "/statistics", **question)

    assert (before["last_day"], [row["key"] for row in before["rows"]]) == ("2026-02-28", ["2026-01", "2026-02"])
    assert after["last_day"] == "2026-03-01"
    assert {row["key"]: row["contacted"] for row in after["rows"]} == {"2026-01": 0, "2026-02": 0, "2026-03": 1}


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"from": "2026-12-01", "to": "2026-11-01"}, "/query/from", "period"),
        ({"by": "month", "from": "2001-01-01"}, "/query/from", "period"),
        ({"bank": "xugou-no-such-bank"}, "/query/bank", "bank_unknown"),
    ],
)
def test_what_cannot_be_meant_is_refused(scene: Scene, params: dict[str, str], pointer: str, code: str) -> None:
    answer = scene.ask(scene.town.people.pboc, **{"by": "city", **params})

    assert refusals(answer) == {pointer: code}
