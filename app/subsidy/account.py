"""A loan laid out once: its course, its interest slips and its flows. No reading changes them, so all share them."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from app.subsidy.amounts import share
from app.subsidy.checks import check_loan
from app.subsidy.contract import contract_spans
from app.subsidy.rates import Rates
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


class Account:
    """A checked loan and everything about it that no reading changes. Raises `SubsidyError` when built.

    What depends on the day count alone is worked out once for each.
    """

    def __init__(self, loan: Loan, rates: Rates) -> None:
        check_loan(loan)
        self.loan = loan
        self.rates = rates
        self.course = course_of(loan, contract_spans(loan, rates))
        self.project_share = share(loan.project_share, "/project_share")
        self._slips = {kind: _slips(loan, kind) for kind in ReceiptKind}
        self._interest: dict[tuple[int, int, int], Fraction] = {}
        self._flows: dict[int, Mapping[int, int]] = {}
        self._gross: dict[int, object] = {}

    def paid(self, start: int, end: int, *, penalty: bool) -> Paid | None:
        """What slips show for the days [start, end) of one year; None where it has none. `penalty` slips may count."""
        regular = self._slips[ReceiptKind.REGULAR]
        found = regular.within(start, end), self._slips[ReceiptKind.PENALTY].within(start, end) if penalty else None
        shown = [fen for fen in found if fen is not None]
        return Paid(sum(shown, Fraction(0)), regular.uncovered(start, end)) if shown else None
