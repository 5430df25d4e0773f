"""Loan terms: checked by the subsidy arithmetic, stored as it reads them, and turned into the facts of the loan.

What the terms say is never asked twice: the facts of a loan with terms are derived, and a stated fact may only agree.
The balance of a bullet loan is what was drawn less what was repaid by the day of recording; that of an instalment
loan with a fixed rate is its schedule's, unless the bank's own figure is stated; with a floating rate it is stated or
unknown, since its schedule hangs on rates to come. After the due date a remaining balance is unknown unless stated:
the last repayment is often simply not written down. A floating rate is no single number and stays unknown.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.errors import FieldError
from app.institutions.facts import Change, Statement, fact_pointer
from app.institutions.refusals import refuse_one
from app.institutions.terms_schemas import LoanTermsIn
from app.rules.catalogue import CATALOGUE
from app.rules.values import Value
from app.subsidy import FixedRate, Loan, LprRate, RepaymentStyle, SubsidyError
from app.subsidy.amounts import yuan
from app.subsidy.checks import check_loan
from app.subsidy.contract import contract_spans
from app.subsidy.rates import Rates
from app.subsidy.schedule import course_of
from app.subsidy.spans import Span

TERMS: Final = "/terms"
BALANCE: Final = "loan.balance_yuan"
DERIVED: Final = frozenset(
    {
        "loan.principal_yuan",
        BALANCE,
        "loan.drawn_on",
        "loan.due_on",
        "loan.contract_rate_percent",
        "loan.project_share_percent",
        "loan.extended",
        "loan.other_interest_subsidy",
    }
)
_HUNDRED: Final = Decimal(100)
_COPIED: Final = set(Loan.model_fields) - {"contract_rate"}
_NO_RATES: Final = Rates.of(())


def read_terms(written: LoanTermsIn) -> Loan:
    """The loan of a request. Raises RegistryRefused with a pointer to what it may not say."""
    content = written.model_dump(include=_COPIED, by_alias=True)
    loan = Loan.model_validate({**content, "contract_rate": _rate(written)})
    try:
        check_loan(loan)
        _balances(loan)
    except SubsidyError as error:
        refuse_one(TERMS + error.pointer, error.code, error.message)
    return loan


def _rate(written: LoanTermsIn) -> FixedRate | LprRate:
    floating = written.contract_rate
    if floating is None:
        return FixedRate(percent=written.contract_rate_percent or Decimal(0))
    reset = tuple(floating.reset) if isinstance(floating.reset, list) else floating.reset
    return LprRate(lpr=floating.lpr, basis_points=Decimal(floating.basis_points), reset=reset)


def _balances(loan: Loan) -> list[Span]:
    """The balance by days. Where the schedule cannot be known, at least repayments stay within what was drawn."""
    if isinstance(loan.contract_rate, FixedRate):
        return list(course_of(loan, contract_spans(loan, _NO_RATES)).balances)
    return list(course_of(loan.model_copy(update={"repayment_style": RepaymentStyle.BULLET}), []).balances)


def stored_terms(loan: Loan) -> dict[str, Any]:
    """The terms as JSON; `loan_of_terms` is the way back."""
    return loan.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def loan_of_terms(stored: Mapping[str, Any]) -> Loan:
    """The loan that was stored."""
    return Loan.model_validate(stored)


def derived_facts(loan: Loan, today: date) -> dict[str, Value]:
    """The facts that the terms decide, as of the day of recording."""
    facts: dict[str, Value | None] = {
        "loan.principal_yuan": loan.principal_yuan,
        "loan.drawn_on": loan.first_drawn_on,
        "loan.due_on": loan.due_on,
        "loan.contract_rate_percent": _rate_fact(loan),
        "loan.project_share_percent": loan.project_share * _HUNDRED,
        "loan.extended": loan.extended_to is not None,
        "loan.other_interest_subsidy": frozenset(other.slug for other in loan.other_subsidies),
    }
    if loan.repayment_style is RepaymentStyle.BULLET:
        facts[BALANCE] = _moved(loan, today)
    if _is_past(loan, today) and facts.get(BALANCE):
        del facts[BALANCE]
    return {key: value for key, value in facts.items() if value is not None}


def _rate_fact(loan: Loan) -> Decimal | None:
    rate = loan.contract_rate
    return rate.percent if isinstance(rate, FixedRate) else None


def _is_past(loan: Loan, today: date) -> bool:
    return today >= (loan.extended_to or loan.due_on)


def _moved(loan: Loan, today: date) -> Decimal:
    """Drawn less repaid up to the day."""
    drawn = [(one.on, one.amount_yuan) for one in loan.drawdowns] or [(loan.drawn_on, loan.principal_yuan)]
    repaid = [(one.on, -one.amount_yuan) for one in loan.repayments]
    return sum((amount for on, amount in (*drawn, *repaid) if on <= today), Decimal(0))


def _scheduled(loan: Loan, today: date) -> Decimal | None:
    """The balance of an instalment schedule on a day; None where the rate floats or the loan is past."""
    bullet, floats = loan.repayment_style is RepaymentStyle.BULLET, isinstance(loan.contract_rate, LprRate)
    if bullet or floats or _is_past(loan, today):
        return None
    day = today.toordinal()
    return yuan(next((span.value for span in _balances(loan) if span.start <= day < span.end), 0))


def with_terms(
    facts: Mapping[str, Statement], changes: Mapping[str, Change], loan: Loan, today: date, *, renewed: bool
) -> tuple[dict[str, Statement], list[FieldError]]:
    """The facts of a loan with these terms, and the stated ones that contradict them.

    Where the terms are new (`renewed`), what the old ones decided is forgotten first.
    """
    derived = derived_facts(loan, today)
    stated = {key: one.statement for key, one in changes.items()}
    errors = [
        _contradiction(key, derived[key])
        for key, one in stated.items()
        if key in derived and (one is None or one.value != derived[key])
    ]
    kept = without_terms(facts, changes) if renewed else dict(facts)
    kept |= {key: _kept(facts, key, value) for key, value in derived.items()}
    scheduled = _scheduled(loan, today)
    if scheduled is not None and BALANCE not in kept:
        kept[BALANCE] = Statement(scheduled)
    return kept, errors


def without_terms(facts: Mapping[str, Statement], changes: Mapping[str, Change]) -> dict[str, Statement]:
    """The facts less those that terms decide, unless they are stated anew."""
    return {key: statement for key, statement in facts.items() if key not in DERIVED or key in changes}


def _kept(recorded: Mapping[str, Statement], key: str, value: Value) -> Statement:
    """The recorded statement if it says the same, so that a check outlives a new version of the terms."""
    before = recorded.get(key)
    return before if before is not None and before.value == value else Statement(value)


def _contradiction(key: str, value: Value) -> FieldError:
    label = CATALOGUE[key].label
    shown = "、".join(sorted(value)) or "无" if isinstance(value, frozenset) else str(value)
    return FieldError(fact_pointer(key), "contradicts_terms", f"按 terms，“{label}”是 {shown}；请改 terms，或不填此项")
