"""Calendar arithmetic on day ordinals, so that the day after 9999-12-31 has a number too."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date

AFTER_LAST = date.max.toordinal() + 1


def months_after(day: date, months: int) -> int:
    """The ordinal of `day` plus `months` (0 or more) calendar months.

    A day the target month lacks becomes its last one: 2024-01-31 + 1 month = 2024-02-29. Past 9999-12-31
    the answer is `AFTER_LAST`, later than every date.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return AFTER_LAST
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])).toordinal()


def year_start(year: int) -> int:
    """The ordinal of 1 January."""
    return date(year, 1, 1).toordinal() if year <= date.max.year else AFTER_LAST


def calendar_years(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Cut the half-open [start, end) at each 1 January: (year, from, to)."""
    while start < end:
        year = date.fromordinal(start).year
        stop = min(end, year_start(year + 1))
        yield year, start, stop
        start = stop
