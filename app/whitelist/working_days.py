"""Deadlines in working days. Pure: the calendar is passed in, and where it ends weekdays count and are said to."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


class Basis(StrEnum):
    """What a deadline was counted by: the published holidays, or Monday to Friday where none are published yet."""

    PUBLISHED = "published"
    WEEKDAYS_ONLY = "weekdays_only"


class Calendar(Protocol):
    """The holidays and the weekends worked in their place, as far as they are published."""

    def is_published(self, year: int) -> bool:
        """Whether the holidays of the year are known."""

    def is_working(self, day: date) -> bool:
        """Whether people work on a day of a published year."""


class Deadline(NamedTuple):
    """The last day, which still belongs to the time allowed, and what it was counted by."""

    on: date
    basis: Basis


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Whether people work on a day; a weekday where nothing is published for its year."""
    return calendar.is_working(day) if calendar.is_published(day.year) else day.weekday() < _SATURDAY


def deadline(start: date, days: int, calendar: Calendar) -> Deadline:
    """The last of `days` working days (at least one) after `start`, which itself does not count."""
    if days < 1:
        raise ValueError("时限至少为 1 个工作日")
    day, left = start, days
    while left:
        day += _DAY
        left -= is_working_day(day, calendar)
    return Deadline(day, basis_of(start, day, calendar))


def basis_of(start: date, end: date, calendar: Calendar) -> Basis:
    """What the days after `start` until `end` are counted by: weekdays, if a year among them is not published."""
    years = range((start + _DAY).year, end.year + 1)
    return Basis.PUBLISHED if all(map(calendar.is_published, years)) else Basis.WEEKDAYS_ONLY


def working_days_left(today: date, due_on: date, calendar: Calendar) -> int:
    """Working days from today, which counts, until the deadline, which counts too; negative for those since it."""
    if due_on < today:
        return -_count(due_on, today, calendar)
    return _count(today - _DAY, due_on, calendar)


def _count(after: date, until: date, calendar: Calendar) -> int:
    days = (until - after).days
    return sum(is_working_day(after + _DAY * number, calendar) for number in range(1, days + 1))
