"""The contract rate on each day: fixed, or LPR plus basis points taken anew on reset dates."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.subsidy.amounts import MOST_PERCENT, PERCENT_UNIT, RATE_DECIMALS, decimals, rate, scaled
from app.subsidy.checks import LONGEST_TERM_MONTHS
from app.subsidy.days import calendar_years, months_after, year_start
from app.subsidy.errors import SubsidyError
from app.subsidy.rates import Rates, RateSeries
from app.subsidy.spans import RateSpan
from app.subsidy.terms import FixedRate, Loan, LprRate, Reset

POINTER = "/contract_rate"

# A basis point is a hundredth of a percent; with four decimals it is still a whole hundred-millionth.
BASIS_POINT_DECIMALS = RATE_DECIMALS - 2
MOST_BASIS_POINTS = MOST_PERCENT * 100
_MONTHS = {Reset.ANNIVERSARY: 12, Reset.HALF_YEAR: 6, Reset.QUARTER: 3, Reset.MONTH: 1}


def contract_spans(loan: Loan, rates: Rates) -> list[RateSpan]:
    """The contract rate over [first drawdown, original due date)."""
    start, end = loan.first_drawn_on.toordinal(), loan.due_on.toordinal()
    match loan.contract_rate:
        case FixedRate(percent=percent):
            return [RateSpan(start, end, rate(percent, f"{POINTER}/percent"), None, carried=False)]
        case LprRate() as terms:
            return _floating(loan, terms, rates.get(f"lpr_{terms.lpr}"))


def _floating(loan: Loan, terms: LprRate, series: RateSeries) -> list[RateSpan]:
    margin = _margin(terms)
    start, end = loan.first_drawn_on.toordinal(), loan.due_on.toordinal()
    resets = _resets(loan, terms, start, end)
    if terms.initial_rate_percent is None:
        return _taken(series, [start, *resets, end], margin)
    taken = [*(day for day in resets if day >= series.begins), end]
    initial = rate(terms.initial_rate_percent, f"{POINTER}/initial_rate_percent")
    return [RateSpan(start, taken[0], initial, None, carried=False), *_taken(series, taken, margin)]


def _taken(series: RateSeries, edges: Sequence[int], margin: int) -> list[RateSpan]:
    """The series' value of each edge plus the margin, until the next edge."""
    try:
        spans = [series.constant(left, left, right) for left, right in pairwise(edges)]
    except SubsidyError as error:
        advice = "请用 initial_rate_percent 填写取到 LPR 以前执行的年利率"
        raise SubsidyError(error.code, POINTER, f"{error.message}；{advice}") from error
    return [_with_margin(span, margin) for span in spans]


def _margin(terms: LprRate) -> int:
    value = terms.basis_points
    if not value.is_finite() or abs(value) > MOST_BASIS_POINTS:
        raise SubsidyError("rate_out_of_range", f"{POINTER}/basis_points", "加减点应在 -10000 到 10000 个基点之间")
    if decimals(value) > BASIS_POINT_DECIMALS:
        raise SubsidyError("too_many_decimals", f"{POINTER}/basis_points", "加减点最多四位小数")
    return scaled(value, PERCENT_UNIT // 100)


def _with_margin(span: RateSpan, margin: int) -> RateSpan:
    total = span.value + margin
    if not 0 <= total <= MOST_PERCENT * PERCENT_UNIT:
        raise SubsidyError("rate_out_of_range", f"{POINTER}/basis_points", "LPR 加减点之后的利率应在 0 到 100 之间")
    return span._replace(value=total)


def _resets(loan: Loan, terms: LprRate, start: int, end: int) -> list[int]:
    """The reset days inside (start, end), ascending."""
    days = (day.toordinal() for day in terms.reset) if isinstance(terms.reset, tuple) else _ruled(loan, terms.reset)
    return sorted({day for day in days if start < day < end})


def _ruled(loan: Loan, reset: Reset) -> Iterator[int]:
    if reset is Reset.YEAR_START:
        years = calendar_years(loan.first_drawn_on.toordinal(), loan.due_on.toordinal())
        yield from (year_start(year) for year, _, _ in years)
    elif reset is not Reset.NEVER:
        step, first = _MONTHS[reset], loan.first_drawn_on
        yield from (months_after(first, step * n) for n in range(1, LONGEST_TERM_MONTHS // step + 1))
