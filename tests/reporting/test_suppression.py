"""No small cell of a table can be worked out from the rest of it, whatever a reader knows of how it was kept back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.regions import Level
from app.reporting.build import Group, Sight, build
from app.reporting.figures import Sums, added
from app.reporting.frame import places
from app.reporting.measures import COLUMNS, NOT_FOR_BANKS, TOTAL, By, Measure
from app.reporting.suppression import suppressed

FOLLOW_UP = [one for one in Measure if one is not Measure.LISTED]
View = tuple[tuple[str, str, int | None], ...]
COUNTS = st.one_of(st.integers(0, 25), st.just(0), st.integers(0, 400))


def counting(counts: Iterable[tuple[str, int]]) -> Sums:
    """Sums with these counts and nothing else."""
    given: dict[str, Any] = dict(counts)
    return Sums(**given)


def published(rows: Mapping[str, Sums], few: int, columns: Sequence[str]) -> View:
    """What a reader sees of these columns; None where it was kept back."""
    lines = {**rows, TOTAL: added(rows.values())}
    hidden = suppressed(rows, lines[TOTAL], few)
    return tuple(
        (key, name, None if name in hidden[key] else sums.count(Measure(name)))
        for key, sums in lines.items()
        for name in columns
    )


def tables(rows: int, columns: Sequence[str], most: int) -> Iterator[dict[str, Sums]]:
    """Every table whose totals are at most `most`."""
    for values in product(range(most + 1), repeat=rows * len(columns)):
        lines = [values[place : place + len(columns)] for place in range(0, len(values), len(columns))]
        if all(sum(column) <= most for column in zip(*lines, strict=True)):
            yield {f"r{place}": counting(zip(columns, line, strict=True)) for place, line in enumerate(lines)}


@pytest.mark.parametrize(
    ("rows", "columns", "most", "few"),
    [
        (2, ["pushed"], 12, 3),
        (3, ["pushed"], 12, 3),
        (4, ["pushed"], 11, 3),
        (5, ["pushed"], 8, 3),
        (4, ["pushed"], 10, 4),
        (2, ["pushed", "granted"], 7, 3),
        (3, ["pushed", "granted"], 4, 3),
    ],
)
def test_every_published_table_has_two_explanations_for_every_cell_kept_back(
    rows: int, columns: list[str], most: int, few: int
) -> None:
    """The reader knows every table there is and how each would be shown."""
    explained: defaultdict[View, list[dict[str, Sums]]] = defaultdict(list)
    for table in tables(rows, columns, most):
        explained[published(table, few, columns)].append(table)

    determined = [
        (view, key, name)
        for view, explanations in explained.items()
        for key, name, value in view
        if value is None and key != TOTAL
        if len({table[key].count(Measure(name)) for table in explanations}) == 1
    ]

    assert determined == []
    assert any(None in {value for _, _, value in view} for view in explained)


@st.composite
def some_rows(draw: st.DrawFn, keys: Sequence[str]) -> dict[str, Sums]:
    empty = draw(st.sets(st.sampled_from(keys)))
    return {key: Sums() if key in empty else counting((one.value, draw(COUNTS)) for one in FOLLOW_UP) for key in keys}


def left_over(rows: Mapping[str, Sums], hidden: Mapping[str, frozenset[str]], name: str) -> tuple[int, int]:
    """How many rows are kept back in a column, and what they hold together."""
    kept_back = [sums.count(Measure(name)) for key, sums in rows.items() if name in hidden[key]]
    return len(kept_back), sum(kept_back)


@given(rows=some_rows([f"r{place}" for place in range(11)]), few=st.integers(2, 12))
def test_no_small_cell_is_shown_and_none_is_left_over(rows: dict[str, Sums], few: int) -> None:
    total = added(rows.values())
    hidden = suppressed(rows, total, few)

    for one in FOLLOW_UP:
        lines = {**rows, TOTAL: total}
        shown = [sums.count(one) for key, sums in lines.items() if one.value not in hidden[key]]
        assert not [count for count in shown if 0 < count < few]
        number, together = left_over(rows, hidden, one.value)
        if number and one.value not in hidden[TOTAL]:
            assert number > 1
            assert together >= few


@given(rows=some_rows(list(places(Level.COUNTY, "1403")) + list(places(Level.COUNTY, "1402"))), few=st.integers(2, 12))
def test_counties_are_not_left_over_when_the_table_by_city_is_beside_them(rows: dict[str, Sums], few: int) -> None:
    parents = {key: key[:4] for key in rows}
    cities = {city: added(sums for key, sums in rows.items() if parents[key] == city) for city in ("1402", "1403")}
    total = added(rows.values())
    by_county, by_city = suppressed(rows, total, few, parents), suppressed(cities, total, few)

    for one in FOLLOW_UP:
        assert (one.value in by_county[TOTAL]) == (one.value in by_city[TOTAL])
        for city in cities:
            inside = {key: sums for key, sums in rows.items() if parents[key] == city}
            number, together = left_over(inside, by_county, one.value)
            if one.value in by_city[city]:
                assert number == len(inside)
            elif number:
                assert number > 1
                assert together >= few


def test_a_row_with_one_small_cell_is_kept_back_whole_with_its_neighbour() -> None:
    rows = {
        "a": Sums(pushed=50, granted=3, granted_yuan=Decimal(9)),
        "b": Sums(pushed=60, granted=20, granted_yuan=Decimal(8)),
        "c": Sums(pushed=70, granted=30, granted_yuan=Decimal(7)),
        "d": Sums(pushed=80, granted=40, granted_yuan=Decimal(6)),
    }
    hidden = suppressed(rows, added(rows.values()), 10)

    assert {key for key, columns in hidden.items() if "pushed" in columns} == {"a", "b"}
    assert {key for key, columns in hidden.items() if "granted_yuan" in columns} == {"a", "b"}
    assert {key for key, columns in hidden.items() if "conversion_percent" in columns} == {"a", "b"}


@pytest.mark.parametrize(("granted", "is_shown"), [(0, True), (1, False), (9, False), (10, True)])
def test_the_threshold_is_ten(granted: int, is_shown: bool) -> None:
    groups = [
        Group(("140100",), Sums(pushed=100, granted=granted)),
        Group(("140200",), Sums(pushed=100, granted=50)),
    ]
    table = build(By.CITY, places(Level.CITY, "14"), groups, Sight(few=10))

    assert (table.rows[0].values["granted"] == granted) is is_shown
    assert (table.rows[1].values["granted"] == 50) is is_shown
    assert table.total.values["granted"] == 50 + granted


def test_a_small_total_is_kept_back_with_its_whole_column_and_no_other() -> None:
    groups = [Group(("140100",), Sums(listed=3, pushed=100, disbursed=4)), Group(("140200",), Sums(pushed=20))]
    table = build(By.CITY, places(Level.CITY, "14"), groups, Sight(few=10))

    assert {row.values["disbursed"] for row in (*table.rows, table.total)} == {None}
    assert [row.values["pushed"] for row in table.rows[:3]] == [100, 20, 0]
    # Anybody may count the published list.
    assert table.rows[0].values["listed"] == 3


def test_what_is_worked_out_from_a_cell_goes_with_it() -> None:
    rows = {"a": Sums(pushed=3, converted=3), "b": Sums(pushed=100, converted=50), "c": Sums(pushed=40, converted=0)}
    rows |= {"d": Sums(pushed=40, converted=20)}
    hidden = suppressed(rows, added(rows.values()), 10)

    assert "conversion_percent" in hidden["a"]
    assert "conversion_percent" not in hidden["c"]
    assert all("balance_missing" in columns for columns in hidden.values())


def test_who_sees_single_cases_sees_every_count() -> None:
    groups = [Group(("140100",), Sums(pushed=1, disbursed=1, disbursed_yuan=Decimal(5), subsidy_yuan=Decimal(2)))]
    exact = build(By.CITY, places(Level.CITY, "14"), groups, Sight())
    of_a_bank = build(By.CITY, places(Level.CITY, "14"), groups, Sight(without=NOT_FOR_BANKS))

    assert exact.rows[0].values["subsidy_yuan"] == 2
    assert {name for name in COLUMNS if of_a_bank.rows[0].values[name] != exact.rows[0].values[name]} == NOT_FOR_BANKS
