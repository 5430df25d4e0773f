"""The published holidays of the mainland, from the library chinesecalendar. It knows no later year than its release."""

from datetime import date
from typing import Final

from chinese_calendar import constants, is_workday

_YEARS: Final = frozenset(day.year for day in constants.holidays)


class PublishedCalendar:
    """Holidays and adjusted working days as the State Council's office announced them, year by year."""

    def is_published(self, year: int) -> bool:
        """Whether the library knows the year."""
        return year in _YEARS

    def is_working(self, day: date) -> bool:
        """A weekday that is no holiday, or a weekend that is worked in the place of one."""
        return bool(is_workday(day))


CALENDAR: Final = PublishedCalendar()
