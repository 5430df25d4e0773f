"""A loan laid out once: its course, its interest slips and its flows. No reading changes them, so all share them."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.subsidy.amounts import half_up, money, share
from app.subsidy.checks import check_loan
from app.subsidy.contract import contract_spans
from app.subsidy.course import Course
from app.subsidy.days import calendar_years
from app.subsidy.rates import Rates
from app.subsidy.returns import annual_rate_percent
from app.subsidy.schedule import course_of
from app.subsidy.spans import Span, apportioned, gaps
from app.subsidy.terms import Loan, ReceiptKind


class Paid(NamedTuple):
    """What slips show for some days of one year, in fen, and the days [from, to) that no slip speaks of."""

    fen: Fraction
    uncovered: Sequence[tuple[int, int]]


class Slips(NamedTuple):
    """The slips of one kind in fen: by the year they were paid in, and by their periods, sorted and disjoint."""

    yearly: Mapping[int, int]
    periods: Sequence[Span]

    def within(self, start: int, end: int) -> Fraction | None:
        """What they show for the days [start, end) of one year; None where there is no slip."""
        year, periods = date.fromordinal(start).year, apportioned(self.periods, start, end)
        if year not in self.yearly and next(gaps(self.periods, start, end), None) == (start, end):
            return None
        return periods + self.yearly.get(year, 0)

    def uncovered(self, start: int, end: int) -> Sequence[tuple[int, int]]:
        """The days of one year without a slip; one without a period speaks of the whole year."""
        return () if date.fromordinal(start).year in self.yearly else tuple(gaps(self.periods, start, end))


class Gross(NamedTuple):
    """The whole loan before subsidy under one day count.

    `interest` is the contract's by calendar year, (the day the year or the loan ends, fen); `flows` are the
    borrower's by day, received positive; `rate_percent` is their internal rate of return.
    """

    interest: Sequence[tuple[int, int]]
    flows: Mapping[int, int]
    rate_percent: Decimal | None


class Account:
    """A checked loan and everything about it that no reading changes. Raises `SubsidyError` when built."""

    def __init__(self, loan: Loan, rates: Rates) -> None:
        check_loan(loan)
        self.loan = loan
        self.rates = rates
        self.course = course_of(loan, contract_spans(loan, rates))
        self.project_share = share(loan.project_share, "/project_share")
        self._slips = {kind: _slips(loan, kind) for kind in ReceiptKind}
        self._gross: dict[int, Gross] = {}

    def paid(self, start: int, end: int, *, penalty: bool) -> Paid | None:
        """What slips show for the days [start, end) of one year, with `penalty` ones or without; None without any."""
        regular = self._slips[ReceiptKind.REGULAR]
        found = [regular.within(start, end)]
        if penalty:
            found.append(self._slips[ReceiptKind.PENALTY].within(start, end))
        shown = [fen for fen in found if fen is not None]
        return Paid(sum(shown, Fraction(0)), regular.uncovered(start, end)) if shown else None

    def gross(self, year_days: int) -> Gross:
        """The loan before subsidy, worked out once for each day count."""
        if year_days not in self._gross:
            interest = _interest_by_year(self.course, year_days)
            flows = _flows(self.course, interest)
            self._gross[year_days] = Gross(interest, flows, annual_rate_percent(flows))
        return self._gross[year_days]


def _slips(loan: Loan, kind: ReceiptKind) -> Slips:
    """The slips of one kind; one without a period that was paid after the due date says nothing of the days before."""
    yearly: dict[int, int] = {}
    periods = []
    for receipt in (receipt for receipt in loan.interest_paid if receipt.kind is kind):
        fen = money(receipt.amount_yuan, "", zero=True)
        if receipt.from_ is not None and receipt.to is not None:
            periods.append(Span(receipt.from_.toordinal(), receipt.to.toordinal(), fen))
        elif receipt.on <= loan.due_on:
            yearly[receipt.on.year] = yearly.get(receipt.on.year, 0) + fen
    return Slips(yearly, sorted(periods))


def _interest_by_year(course: Course, year_days: int) -> list[tuple[int, int]]:
    years = calendar_years(course.start, course.end)
    return [(end, half_up(course.interest(start, end, year_days))) for _, start, end in years]


def _flows(course: Course, interest: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Principal and interest by day.

    Interest is dated at each month's end for the instalment styles. Otherwise the contract's interest days are
    not among its terms, so that it is dated once a year, at the year's or the loan's end.
    """
    flows = course.principal_flows()
    charges = interest if course.charges is None else [(one.end, one.value) for one in course.charges]
    for day, fen in charges:
        flows[day] = flows.get(day, 0) - fen
    return flows
