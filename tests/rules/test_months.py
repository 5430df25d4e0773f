"""Months by the calendar, and the months-ago conditions on the day before, of and after."""

from datetime import date, timedelta

import pytest
from hypothesis import example, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from app.rules import Truth, evaluate, parse
from app.rules.months import add_months, earliest_at_most, latest_at_least

_DAYS = st.dates(date(1999, 1, 1), date(2032, 12, 31))
_MONTHS = st.integers(0, 40)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-02-28", -12, "2024-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-12-31", 2, "2025-02-28"),
        ("2024-10-31", 1, "2024-11-30"),
        ("2024-05-15", 0, "2024-05-15"),
        ("2024-12-01", 1, "2025-01-01"),
        ("2025-01-01", -1, "2024-12-01"),
        ("9999-12-31", 1, "9999-12-31"),
        ("9999-11-30", 1, "9999-12-30"),
        ("0001-01-31", -1, "0001-01-01"),
        ("0001-02-15", -1, "0001-01-15"),
        ("2024-01-01", 1_000_000, "9999-12-31"),
        ("2024-01-01", -1_000_000, "0001-01-01"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_one(day: str, months: int, expected: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@settings(max_examples=300, deadline=None)
@drawn(_DAYS, _MONTHS)
@example(date(2025, 2, 28), 12)
@example(date(2024, 2, 29), 12)
@example(date(2024, 3, 31), 1)
@example(date(2024, 4, 30), 1)
def test_the_latest_day_at_least_so_many_months_ago_is_the_last_that_a_day_by_day_search_finds(
    as_of: date, months: int
) -> None:
    around = add_months(as_of, -months)
    days = (around + timedelta(days=step) for step in range(-40, 41))
    assert latest_at_least(as_of, months) == max(day for day in days if add_months(day, months) <= as_of)


@settings(max_examples=300, deadline=None)
@drawn(_DAYS, _MONTHS)
@example(date(2024, 3, 31), 1)
@example(date(2025, 3, 30), 1)
@example(date(2024, 2, 29), 12)
def test_the_earliest_day_at_most_so_many_months_ago_is_the_first_that_a_day_by_day_search_finds(
    as_of: date, months: int
) -> None:
    around = add_months(as_of, -months)
    days = (around + timedelta(days=step) for step in range(-40, 41))
    assert earliest_at_most(as_of, months) == min(day for day in days if add_months(day, months) >= as_of)


@drawn(_DAYS, _DAYS, _MONTHS)
def test_a_past_day_is_at_least_or_at_most_so_many_months_ago_and_both_only_on_the_day(
    one: date, other: date, months: int
) -> None:
    own, as_of = min(one, other), max(one, other)
    at_least, at_most = own <= latest_at_least(as_of, months), own >= earliest_at_most(as_of, months)
    assert at_least or at_most
    assert (at_least and at_most) == (add_months(own, months) == as_of)


@pytest.mark.parametrize(
    ("as_of", "months", "expected"),
    [
        ("9999-12-31", 12, "9998-12-31"),
        ("9999-12-31", 0, "9999-12-31"),
        ("9999-12-30", 1, "9999-11-30"),
        ("0001-01-31", 0, "0001-01-31"),
        ("0001-06-30", 12, "0001-01-01"),
    ],
)
def test_the_latest_day_at_the_ends_of_the_calendar(as_of: str, months: int, expected: str) -> None:
    assert latest_at_least(date.fromisoformat(as_of), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("as_of", "months", "expected"),
    [("9999-12-31", 12, "9998-12-31"), ("9999-12-31", 1, "9999-12-01"), ("0001-06-15", 12, "0001-01-01")],
)
def test_the_earliest_day_at_the_ends_of_the_calendar(as_of: str, months: int, expected: str) -> None:
    assert earliest_at_most(date.fromisoformat(as_of), months) == date.fromisoformat(expected)


def _ago(op: str, months: int, own: str, as_of: str) -> Truth:
    rule = parse({"op": f"{op}_months_ago", "fact": "institution.filed_on", "months": months})
    return evaluate(rule, {"institution.filed_on": own}, date.fromisoformat(as_of))


@pytest.mark.parametrize(
    ("own", "at_least", "at_most"),
    [
        ("2024-11-19", Truth.TRUE, Truth.FALSE),
        ("2024-11-20", Truth.TRUE, Truth.TRUE),
        ("2024-11-21", Truth.FALSE, Truth.TRUE),
        ("2025-11-19", Truth.FALSE, Truth.TRUE),
        ("2025-11-20", Truth.FALSE, Truth.TRUE),
        ("2025-11-21", Truth.FALSE, Truth.FALSE),
    ],
)
def test_twelve_months_ago_on_the_day_before_of_and_after_and_in_the_future(
    own: str, at_least: Truth, at_most: Truth
) -> None:
    assert _ago("at_least", 12, own, "2025-11-20") is at_least
    assert _ago("at_most", 12, own, "2025-11-20") is at_most


@pytest.mark.parametrize(
    ("own", "as_of", "expected"),
    [
        ("2024-02-29", "2025-02-27", Truth.FALSE),
        ("2024-02-29", "2025-02-28", Truth.TRUE),
        ("2024-02-29", "2025-03-01", Truth.TRUE),
    ],
)
def test_a_leap_day_is_twelve_months_old_on_the_last_of_february(own: str, as_of: str, expected: Truth) -> None:
    assert _ago("at_least", 12, own, as_of) is expected


def test_zero_months_ago_is_any_day_up_to_today() -> None:
    assert _ago("at_least", 0, "2025-11-20", "2025-11-20") is Truth.TRUE
    assert _ago("at_least", 0, "2025-11-21", "2025-11-20") is Truth.FALSE
    assert _ago("at_most", 0, "2025-11-20", "2025-11-20") is Truth.TRUE
    assert _ago("at_most", 0, "2025-11-19", "2025-11-20") is Truth.FALSE
