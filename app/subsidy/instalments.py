"""等额本息 and 等额本金: the schedule a bank would write, by monthly periods from the first drawdown.

A period charges one twelfth of the rate in force on its first day; a stub before the due date charges its part
of the month, and so do the days around a movement inside a period. Charges and instalments are rounded to the
fen, and the last one settles. A change of rate, a further drawdown or a prepayment keeps the number of periods
and works the instalment out anew.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from app.subsidy.amounts import RATE_UNIT, divided
from app.subsidy.course import Course, moved, movements, without_tail
from app.subsidy.days import AFTER_LAST, months_after
from app.subsidy.spans import RateSpan, Span, value_at
from app.subsidy.terms import Loan, RepaymentStyle

MONTHS_A_YEAR = 12


class Period(NamedTuple):
    """One month [start, end); `month_end` is later than `end` for a stub. `left` counts it and those after."""

    start: int
    end: int
    month_end: int
    left: int


def periods(loan: Loan) -> Sequence[Period]:
    """The monthly periods from the first drawdown to the due date."""
    return _periods(loan.first_drawn_on, loan.due_on.toordinal())


@lru_cache(maxsize=256)
def _periods(first: date, due: int) -> Sequence[Period]:
    """The offers of many banks to one borrower run from the same day to the same day."""
    edges = [first.toordinal()]
    for months in count(1):
        edges.append(months_after(first, months))
        if edges[-1] >= due:
            break
    total = len(edges) - 1
    return tuple(Period(edges[i], min(edges[i + 1], due), edges[i + 1], total - i) for i in range(total))


def level_instalment(balance: int, rate: int, left: int) -> int:
    """The level monthly payment in fen of `left` periods, rounded half up; integers, so exact until then."""
    if rate == 0:
        return divided(balance, left)
    year = MONTHS_A_YEAR * RATE_UNIT
    grown, base = (year + rate) ** left, year**left
    return divided(balance * rate * grown, year * (grown - base))


def instalment_course(loan: Loan, rates: Sequence[RateSpan]) -> Course:
    """The course of a checked loan of either instalment style. Raises `repayment_above_balance`."""
    ledger = _Ledger(loan, movements(loan))
    previous: tuple[int, int] | None = None
    for period in periods(loan):
        rate = value_at(rates, period.start)
        ledger.move(period.start)
        if previous is None or previous[1] != rate or ledger.moves_in(previous[0] + 1, period.start + 1):
            ledger.agree(rate, period.left)
        ledger.settle(period, rate)
        previous = (period.start, rate)
    for day in ledger.moves_in(loan.due_on.toordinal(), AFTER_LAST):
        ledger.move(day)
    return ledger.course(rates)


class _Ledger:
    """The running account of one schedule: balance, agreed payment, and what has been written so far."""

    def __init__(self, loan: Loan, moves: Mapping[int, int]) -> None:
        self._loan = loan
        self._moves = moves
        self._days = list(moves)
        self._balance = 0
        self._payment = 0
        self._balances: list[Span] = []
        self._charges: list[Span] = []

    def moves_in(self, start: int, end: int) -> Sequence[int]:
        return self._days[bisect_left(self._days, start) : bisect_left(self._days, end)]

    def move(self, day: int) -> None:
        self._balance = moved(self._loan, self._balance, day, self._moves.get(day, 0))

    def agree(self, rate: int, left: int) -> None:
        """Fix the level payment, or the level part of principal, of the periods left."""
        level = self._loan.repayment_style is RepaymentStyle.EQUAL_INSTALMENT
        self._payment = level_instalment(self._balance, rate, left) if level else divided(self._balance, left)

    def settle(self, period: Period, rate: int) -> None:
        """Write one period: its balances, its charge, and the principal that returns at its end."""
        charge = self._charge(self._written(period), period, rate)
        self._charges.append(Span(period.start, period.end, charge))
        level = self._loan.repayment_style is RepaymentStyle.EQUAL_INSTALMENT
        principal = self._payment - charge if level else self._payment
        self._balance -= self._balance if period.left == 1 else min(max(principal, 0), self._balance)

    def _written(self, period: Period) -> list[Span]:
        first, day = len(self._balances), period.start
        for change in self.moves_in(period.start + 1, period.end):
            self._balances.append(Span(day, change, self._balance))
            self.move(change)
            day = change
        self._balances.append(Span(day, period.end, self._balance))
        return self._balances[first:]

    @staticmethod
    def _charge(balances: Sequence[Span], period: Period, rate: int) -> int:
        fen_days = sum((span.end - span.start) * span.value for span in balances)
        month_days = period.month_end - period.start
        return divided(fen_days * rate, MONTHS_A_YEAR * RATE_UNIT * month_days)

    def course(self, rates: Sequence[RateSpan]) -> Course:
        balances = without_tail(self._balances)
        end = balances[-1].end
        charges = [charge._replace(end=min(charge.end, end)) for charge in self._charges if charge.start < end]
        return Course(balances, rates, charges)
