"""Working days: the day itself does not count, the last one does; holidays, worked weekends, and years nobody knows."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.whitelist.calendar import CALENDAR
from app.whitelist.working_days import Basis, basis_of, deadline, is_working_day, working_days_left

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


class NothingPublished:
    def is_published(self, year: int) -> bool:
        return False

    def is_working(self, day: date) -> bool:
        raise AssertionError("nobody knows the year")


@pytest.mark.parametrize(
    ("start", "days", "end", "basis"),
    [
        # An ordinary week, from a Friday, a Saturday and a Monday.
        ("2026-11-20", 5, "2026-11-27", "published"),
        ("2026-11-21", 5, "2026-11-27", "published"),
        ("2026-11-23", 1, "2026-11-24", "published"),
        # 2025: National Day rests from 1 to 8 October, and Saturday the 11th is worked.
        ("2025-09-30", 1, "2025-10-09", "published"),
        ("2025-09-30", 3, "2025-10-11", "published"),
        # 2026: Sunday 4 January is worked after New Year's Day.
        ("2025-12-31", 1, "2026-01-04", "published"),
        # 2027 is not published: New Year's Day counts as the weekday that it is, and that is said.
        ("2026-12-31", 1, "2027-01-01", "weekdays_only"),
        ("2026-12-30", 1, "2026-12-31", "published"),
    ],
)
def test_deadlines_of_known_and_unknown_years(start: str, days: int, end: str, basis: str) -> None:
    assert deadline(date.fromisoformat(start), days, CALENDAR) == (date.fromisoformat(end), basis)


@pytest.mark.parametrize(
    ("today", "left"), [("2026-11-26", 2), ("2026-11-27", 1), ("2026-11-28", 0), ("2026-11-30", -1)]
)
def test_days_left_before_on_and_after_the_deadline(today: str, left: int) -> None:
    assert working_days_left(date.fromisoformat(today), date(2026, 11, 27), CALENDAR) == left


def test_without_a_calendar_weekdays_count() -> None:
    assert deadline(date(2026, 9, 30), 5, NothingPublished()) == (date(2026, 10, 7), Basis.WEEKDAYS_ONLY)


def test_a_step_takes_at_least_a_day() -> None:
    with pytest.raises(ValueError, match="至少"):
        deadline(date(2026, 11, 20), 0, CALENDAR)


@given(start=DAYS, days=st.integers(1, 30))
def test_exactly_so_many_working_days_follow(start: date, days: int) -> None:
    end = deadline(start, days, CALENDAR).on
    after = [start + timedelta(days=number) for number in range(1, (end - start).days + 1)]
    assert sum(is_working_day(day, CALENDAR) for day in after) == days
    assert is_working_day(end, CALENDAR)


@given(start=DAYS, days=st.integers(1, 20), more=st.integers(1, 5))
def test_a_longer_time_ends_later(start: date, days: int, more: int) -> None:
    assert deadline(start, days, CALENDAR).on < deadline(start, days + more, CALENDAR).on


@given(start=DAYS, days=st.integers(1, 20))
def test_a_deadline_rests_on_weekdays_if_a_year_in_it_is_unknown(start: date, days: int) -> None:
    end = deadline(start, days, CALENDAR)
    known = all(CALENDAR.is_published(year) for year in {(start + timedelta(days=1)).year, end.on.year})
    assert (end.basis is Basis.PUBLISHED) is known
    assert basis_of(start, end.on, CALENDAR) is end.basis
