"""Worked cases: a quote whose total is known by hand, checked by the day loop too."""

from datetime import date
from decimal import Decimal

from app.subsidy import Loan, Quote, Reading, Window, quote
from tests.subsidy import naive
from tests.subsidy.samples import RATES, WINDOW, changed


def worked(loan: Loan, chosen: Reading, total: str, *, window: Window = WINDOW, applied: date | None = None) -> Quote:
    """The quote, whose total is `total` by hand and by the day loop."""
    answer = quote(loan, chosen, RATES, window=window, application_date=applied)
    assert answer.subsidy_yuan == Decimal(total)
    assert naive.total(naive.quote(loan, chosen, RATES, window, applied)) == Decimal(total)
    return answer


def loan_of(drawn_on: str, due_on: str, **changes: object) -> Loan:
    """36,000,000 yuan: one day at one percent of it is exactly 1,000 yuan by actual/360."""
    return changed(principal_yuan="36000000", drawn_on=drawn_on, due_on=due_on, **changes)
