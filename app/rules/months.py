"""Calendar months: the 31st plus a month is the last day of a shorter month."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

_FIRST_MONTH: Final = 12  # month number of 0001-01, counting from year 0
_LAST_MONTH: Final = 9999 * 12 + 11


def add_months(day: date, months: int) -> date:
    """`day` moved by whole months, its day of the month cut to the length of the target month.

    2024-01-31 + 1 month = 2024-02-29. A result outside the years 1 to 9999 is cut to date.min or date.max.
    """
    index = day.year * 12 + day.month - 1 + months
    if index < _FIRST_MONTH:
        return date.min
    if index > _LAST_MONTH:
        return date.max
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def latest_at_least(as_of: date, months: int) -> date:
    """The latest day that lies at least `months` before `as_of`: day + months <= as_of holds up to it and not after."""
    day = add_months(as_of, -months)
    # From the last day of a month all longer days of the other month are cut back to it as well.
    return _month_end(day) if as_of == _month_end(as_of) and day > date.min else day


def earliest_at_most(as_of: date, months: int) -> date:
    """The earliest day that lies at most `months` before `as_of`: day + months >= as_of holds from it on."""
    day = add_months(as_of, -months)
    # Where the other month is too short to have this day, its last day plus the months falls short of it.
    return day if add_months(day, months) >= as_of else day + timedelta(days=1)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
