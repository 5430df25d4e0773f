"""Which days count, and the reference rate on each of them."""

from dataclasses import dataclass
from datetime import date

from app.subsidy.course import Course
from app.subsidy.days import months_after
from app.subsidy.errors import SubsidyError
from app.subsidy.rates import RateSeries
from app.subsidy.reading import Exclusion, LongestScope, RateDay, Reading
from app.subsidy.spans import RateSpan
from app.subsidy.terms import Loan, Window


@dataclass(frozen=True, slots=True)
class Counted:
    """The subsidised days [start, end) of a loan, and the limits that were compared; None where there is none.

    `longest_end` closes the longest period that `longest_from` (the first drawdown of project or loan) opens.
    """

    start: int
    end: int
    effective: int | None
    window_end: int | None
    longest_from: date
    longest_end: int

    @property
    def is_empty(self) -> bool:
        """Whether no day counts."""
        return self.start >= self.end


def counted_days(
    loan: Loan, course: Course, reading: Reading, window: Window, project_first_drawn_on: date | None
) -> Counted:
    """Intersect the loan's life with the programme's and with the longest period."""
    opens = window.valid_from if Exclusion.BEFORE_EFFECTIVE in reading.excluded else None
    closes = window.valid_to if Exclusion.AFTER_WINDOW in reading.excluded else None
    first = loan.first_drawn_on
    if reading.longest_scope is LongestScope.PROJECT and project_first_drawn_on is not None:
        first = min(first, project_first_drawn_on)
    effective = None if opens is None else opens.toordinal()
    window_end = None if closes is None else closes.toordinal()
    longest_end = months_after(first, reading.longest_months)
    start = course.start if effective is None else max(course.start, effective)
    end = min(course.end, longest_end) if window_end is None else min(course.end, longest_end, window_end)
    return Counted(start, end, effective, window_end, first, longest_end)


def reference_spans(
    series: RateSeries, reading: Reading, loan: Loan, application_date: date | None, days: Counted
) -> list[RateSpan]:
    """The reference rate over the counted days. Raises `rate_not_known`, `application_date_missing`."""
    if days.is_empty:
        return []
    match reading.rate_day:
        case RateDay.ACCRUAL_DAY:
            return _at("/drawn_on", series, days, None)
        case RateDay.YEAR_START:
            return series.yearly(days.start, days.end)
        case RateDay.FIRST_DRAWDOWN:
            return _at("/drawn_on", series, days, loan.first_drawn_on)
        case RateDay.APPLICATION_DATE:
            if application_date is None:
                raise SubsidyError("application_date_missing", "/application_date", "按申请日利率测算时请填写申请日期")
            return _at("/application_date", series, days, application_date)


def _at(pointer: str, series: RateSeries, days: Counted, day: date | None) -> list[RateSpan]:
    """The value of each day, or of one `day`; a day before the series begins is refused at `pointer`."""
    try:
        if day is None:
            return series.daily(days.start, days.end)
        return [series.constant(day.toordinal(), days.start, days.end)]
    except SubsidyError as error:
        raise error.under(pointer) from error
