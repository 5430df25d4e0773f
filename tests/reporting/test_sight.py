"""Who counts what: each within his or her region, a bank its own, and no single case for whoever may see none."""

from typing import Any

import pytest

from app.access.permissions import Permission, Role
from app.reporting.measures import COLUMNS, NOT_FOR_BANKS, Measure
from tests.access.house import refusals, refused
from tests.access.people import Person, a_key
from tests.reporting.scene import CITY, FAR, HOME, SIBLING, Scene


def pushed(scene: Scene, person: Person, **params: Any) -> int:
    found: int = scene.table(person, by="city", bank=scene.lender.code, **params)["total"]["pushed"]
    return found


def test_an_office_counts_its_region(scene: Scene) -> None:
    people = scene.town.people

    assert [pushed(scene, one) for one in (people.county, people.sibling, people.province, people.pboc)] == [2, 1, 4, 4]
    assert pushed(scene, scene.town.house.somebody(Role.PBOC, CITY)) == 3
    assert pushed(scene, scene.auditor) == 4
    # What lies beyond it is nothing to be counted, and no row.
    beyond = scene.table(people.county, by="county", region=FAR)
    assert (beyond["rows"], beyond["region_code"], beyond["total"]["pushed"]) == ([], None, 0)
    assert scene.table(people.county, by="county")["region_code"] == HOME


def test_a_bank_counts_its_own_follow_up(scene: Scene) -> None:
    mine, others = (scene.table(one.manager, by="bank") for one in (scene.lender, scene.other))

    assert [row["key"] for row in mine["rows"]] == [scene.lender.code]
    assert [row["key"] for row in others["rows"]] == [scene.other.code]
    assert (mine["total"]["disbursed"], others["total"]["disbursed"]) == (1, 0)
    assert mine["total"]["disbursed_yuan"] == "4000000.00"
    assert pushed(scene, scene.other.manager) == 0
    # The figures of the registry and the offices' estimate are not for banks.
    assert set(mine["total"]["withheld"]) == NOT_FOR_BANKS
    assert {mine["total"][name] for name in NOT_FOR_BANKS} == {None}


def test_a_branch_counts_what_lies_in_its_region(scene: Scene) -> None:
    branch = scene.town.house.somebody(Role.BANK, FAR, bank_id=scene.lender.id)

    assert scene.table(branch, by="city")["total"]["pushed"] == 1


@pytest.mark.parametrize("path", ["/statistics", "/statistics/rows", "/exports/statistics"])
def test_institutions_and_administrators_count_nothing(scene: Scene, path: str) -> None:
    asked = {"by": "city"} | ({"cell": "granted:total"} if path.endswith("rows") else {})

    for person in (scene.town.people.home, scene.town.people.system_admin):
        assert refused(scene.ask(person, path, **asked)) == (403, "forbidden")
    assert scene.ask(None, path, **asked).status_code == 401


def small_counts(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (row["key"], one.value)
        for row in (*table["rows"], table["total"])
        for one in Measure
        if one is not Measure.LISTED and row[one.value] is not None and 0 < row[one.value] < 10
    ]


@pytest.mark.parametrize("by", ["city", "county", "kind", "bank", "month"])
def test_finance_reads_no_small_count(scene: Scene, by: str) -> None:
    year = {"by": by, "from": "2026-01-01", "to": "2026-10-31"}
    exact, table = (scene.table(one, **year) for one in (scene.town.people.pboc, scene.finance))

    assert small_counts(exact) or exact["total"]["pushed"] >= 10
    assert small_counts(table) == []
    assert table["fewer_than"] == 10
    assert table["total"]["pushed"] is None or table["total"]["pushed"] >= 10
    assert set(table["total"]["withheld"]) <= set(COLUMNS)
    assert [row["listed"] for row in table["rows"]] == [row["listed"] for row in exact["rows"]]


@pytest.mark.parametrize(
    ("params", "pointer", "code"),
    [
        ({"to": "2026-10-30"}, "/query/from", "period"),
        ({"from": "2026-02-01"}, "/query/from", "period"),
        ({"from": "2025-01-01"}, "/query/from", "period"),
        ({"region": HOME}, "/query/region", "narrowed"),
        ({"kind": "project"}, "/query/kind", "narrowed"),
        ({"bank": "xugou-bank"}, "/query/bank", "narrowed"),
    ],
)
def test_finance_asks_for_no_parts_whose_difference_is_a_case(
    scene: Scene, params: dict[str, str], pointer: str, code: str
) -> None:
    answer = scene.ask(scene.finance, **{"by": "city", "to": "2026-10-31", **params})

    assert refusals(answer) == {pointer: code}


def test_finance_is_not_led_to_the_rows(scene: Scene) -> None:
    answer = scene.ask(scene.finance, "/statistics/rows", by="city", cell="granted:total")

    assert refused(answer) == (403, "forbidden")


def test_a_key_for_statistics_alone_reads_no_small_count(scene: Scene) -> None:
    with scene.town.house.owner.writing() as session:
        pboc = scene.town.people.pboc
        key = a_key(session, pboc.account_id, [Permission.READ_STATISTICS])
    machine = Person(pboc.account_id, pboc.organisation_id, key)

    assert small_counts(scene.table(machine, by="county", **{"to": "2026-10-31"})) == []


@pytest.mark.parametrize("name", list(COLUMNS))
@pytest.mark.parametrize(("by", "key"), [("county", HOME), ("city", "total"), ("month", "2026-11")])
def test_every_figure_leads_to_its_rows(scene: Scene, name: str, by: str, key: str) -> None:
    asked = {"by": by, "bank": scene.lender.code}
    table = scene.table(scene.town.people.pboc, **asked)
    row = {one["key"]: one for one in (*table["rows"], table["total"])}[key]
    found = scene.rows(scene.town.people.pboc, f"{name}:{key}", **asked)

    assert found["total"] == len(found["items"]) == row[found["measure"]]


def test_the_rows_say_what_went_into_the_figure(scene: Scene) -> None:
    asked = {"by": "county", "bank": scene.lender.code}
    (paid,) = scene.rows(scene.town.people.county, f"balance_yuan:{HOME}", **asked)["items"]
    (own,) = scene.rows(scene.lender.manager, f"disbursed:{HOME}", **asked)["items"]
    granted = scene.rows(scene.town.people.county, "days_to_decision:total", **asked)["items"]

    assert (paid["amount_yuan"], paid["rate_percent"], paid["balance_yuan"]) == ("4000000.00", "3.5", "4000000.00")
    assert (paid["bank"], paid["happened_on"], paid["region_code"]) == (scene.lender.code, "2026-11-20", HOME)
    assert (own["amount_yuan"], own["balance_yuan"], own["subsidy_yuan"]) == ("4000000.00", None, None)
    assert [one["days_to_decision"] for one in granted] == [20, 20]
    assert scene.rows(scene.other.manager, "disbursed:total", by="county")["items"] == []
    assert scene.rows(scene.town.people.sibling, f"granted:{HOME}", **asked)["items"] == []


def test_the_rows_come_in_pages_under_the_same_filters(scene: Scene) -> None:
    asked = {"by": "county", "bank": scene.lender.code, "page_size": 3}
    first = scene.rows(scene.town.people.pboc, "pushed:total", **asked)
    second = scene.rows(scene.town.people.pboc, "pushed:total", cursor=first["next_cursor"], **asked)
    other = scene.ask(
        scene.town.people.pboc, "/statistics/rows", cell="granted:total", cursor=first["next_cursor"], **asked
    )

    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (3, 1, None)
    assert len({one["referral_id"] for one in first["items"] + second["items"]}) == 4
    assert refusals(other) == {"/query/cursor": "cursor_refused"}


@pytest.mark.parametrize(
    ("by", "cell", "code"),
    [
        ("city", "profit:total", "column_unknown"),
        ("city", "granted:140302", "row_unknown"),
        ("month", "granted:2026-13", "row_unknown"),
        ("kind", "granted:hotel", "row_unknown"),
        ("bank", "listed:xugou-bank", "row_unknown"),
    ],
)
def test_a_cell_that_the_table_does_not_have_is_refused(scene: Scene, by: str, cell: str, code: str) -> None:
    answer = scene.ask(scene.town.people.pboc, "/statistics/rows", by=by, cell=cell)

    assert refusals(answer) == {"/query/cell": code}


def test_the_neighbour_county_counts_its_own(scene: Scene) -> None:
    (row,) = scene.table(scene.town.people.sibling, by="county", bank=scene.lender.code)["rows"]

    assert (row["key"], row["decided"], row["granted"]) == (SIBLING, 1, 0)
