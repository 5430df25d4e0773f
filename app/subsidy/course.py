"""The balance of a loan day by day, and the interest its contract charges on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from app.subsidy.amounts import RATE_UNIT, money
from app.subsidy.errors import SubsidyError
from app.subsidy.spans import RateSpan, Span, accrued, apportioned, clip
from app.subsidy.terms import Loan


@dataclass(frozen=True, slots=True)
class Course:
    """How a loan runs until its due date or its full repayment, whichever is first.

    `charges` is the interest of each monthly period in fen, for the instalment styles; None where interest
    accrues by days on the balance.
    """

    balances: Sequence[Span]
    rates: Sequence[RateSpan]
    charges: Sequence[Span] | None

    @property
    def start(self) -> int:
        """The first drawdown."""
        return self.balances[0].start

    @property
    def end(self) -> int:
        """The day the last of the balance is due or gone; the start where nothing was ever owed overnight."""
        return self.balances[-1].end if self.balances[-1].value else self.start

    def interest(self, start: int, end: int, year_days: int) -> Fraction:
        """Contract interest of the days [start, end), in fen, exact.

        A monthly charge of the instalment styles is spread evenly over the days of its period.
        """
        if self.charges is None:
            accrual = accrued(clip(self.balances, start, end), clip(self.rates, start, end))
            return Fraction(accrual, RATE_UNIT * year_days)
        return apportioned(self.charges, start, end)

    def principal_flows(self) -> dict[int, int]:
        """The borrower's principal by day in fen: drawn positive, repaid negative, netted."""
        edges = [Span(self.start, self.start, 0), *self.balances, Span(self.end, self.end, 0)]
        return {after.start: after.value - before.value for before, after in pairwise(edges)}


def movements(loan: Loan) -> dict[int, int]:
    """Drawn less repaid by day, ascending: a drawdown and a repayment of one day net out."""
    moves: dict[int, int] = {}
    for drawdown in loan.drawdowns:
        day = drawdown.on.toordinal()
        moves[day] = moves.get(day, 0) + money(drawdown.amount_yuan, "")
    if not loan.drawdowns:
        moves[loan.drawn_on.toordinal()] = money(loan.principal_yuan, "")
    for repayment in loan.repayments:
        day = repayment.on.toordinal()
        moves[day] = moves.get(day, 0) - money(repayment.amount_yuan, "")
    return {day: change for day, change in sorted(moves.items()) if change}


def moved(loan: Loan, balance: int, day: int, change: int) -> int:
    """The balance after a day's movement; raises `repayment_above_balance`."""
    if balance + change >= 0:
        return balance + change
    index = max(i for i, repayment in enumerate(loan.repayments) if repayment.on.toordinal() == day)
    raise SubsidyError(
        "repayment_above_balance",
        f"/repayments/{index}/amount_yuan",
        f"{loan.repayments[index].on} 的还款超过当日贷款余额，请核对还款的日期和金额",
    )


def without_tail(spans: Sequence[Span]) -> list[Span]:
    """Full repayment ends a loan; a gap at zero before a later drawdown does not."""
    kept = list(spans)
    while len(kept) > 1 and kept[-1].value == 0:
        kept.pop()
    return kept
