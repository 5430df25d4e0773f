"""From a loan's terms to its course: by dated events, or by a generated instalment schedule."""

from collections.abc import Sequence

from app.subsidy.course import Course, moved, movements, without_tail
from app.subsidy.instalments import instalment_course
from app.subsidy.spans import RateSpan, Span
from app.subsidy.terms import Loan, RepaymentStyle


def course_of(loan: Loan, rates: Sequence[RateSpan]) -> Course:
    """The course of a checked loan under its contract rates. Raises `repayment_above_balance`."""
    if loan.repayment_style is RepaymentStyle.BULLET:
        return Course(_by_events(loan), rates, None)
    return instalment_course(loan, rates)


def _by_events(loan: Loan) -> list[Span]:
    """The balance as drawn and repaid; what is still owed on the due date ends there.

    Repayments after the due date settle arrears: they are checked against the balance and change nothing else.
    """
    due = loan.due_on.toordinal()
    spans: list[Span] = []
    balance, since = 0, loan.first_drawn_on.toordinal()
    for day, change in movements(loan).items():
        after = moved(loan, balance, day, change)
        if since < min(day, due):
            spans.append(Span(since, min(day, due), balance))
        balance, since = after, day
    if since < due:
        spans.append(Span(since, due, balance))
    return without_tail(spans)
