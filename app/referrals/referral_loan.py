"""A loan that was paid out, as a loan of the institution, and the interest subsidy that it may have.

The bank vouches for principal, days and rate, so they stand as checked by it. The subsidy is worked out from all that
is on record of the institution, which the bank may not see: the answer goes to the institution and to the offices.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.row_security import bind
from app.access.scope import FULL
from app.cases.select import Moment
from app.errors import FieldError
from app.institutions.loans import add_loan
from app.institutions.refusals import RegistryRefused
from app.institutions.schemas import LoanIn
from app.institutions.terms_schemas import LoanTermsIn
from app.matching.build import ProgrammeMatch, match, ranked
from app.matching.fetch import CaseAsked, case_to_match, fetch_case, fetch_library
from app.matching.quote_schemas import QuoteOut
from app.matching.subsidies import quotes_of
from app.referrals.referral_schemas import DisburseIn
from app.referrals.refusals import ReferralRefused
from app.regions import region_names
from app.store.tables import Bank, Referral

_TERMS: Final = "/terms"
# What the terms and the project are called in the request.
_POINTERS: Final = {
    "/principal_yuan": "/amount_yuan",
    "/drawn_on": "/disbursed_on",
    "/contract_rate_percent": "/rate_percent",
    "/contract_rate": "/floating",
}


@dataclass(frozen=True, slots=True)
class Disbursed:
    """The new loan; the programme that may subsidise it and how much, if one may; and the sentence that says so."""

    loan_id: UUID
    programme: str | None
    subsidy_yuan: Decimal | None
    sentence: str


def disburse_loan(
    session: Session, one: Referral, body: DisburseIn, bank: Bank, caller: Caller, now: datetime, today: date
) -> Disbursed:
    """Write the loan and estimate its subsidy. Raises ReferralRefused with a pointer to what cannot be."""
    with _as_the_service(session, caller):
        loan_id = _write(session, one, body, bank, now, today)
        found = estimate(session, one.institution_id, loan_id, today)
    told = _sentence(body, found, f"/api/v1/institutions/{one.institution_id}/matches?loan={loan_id}&expand=conditions")
    if found is None:
        return Disbursed(loan_id, None, None, told)
    return Disbursed(loan_id, found[0].offer.slug, found[1].subsidy_yuan, told)


@contextmanager
def _as_the_service(session: Session, caller: Caller) -> Iterator[None]:
    """The whole registry, for what a bank sets off without seeing it: its branch, or its sight, may reach less."""
    bind(session, FULL)
    yield
    bind(session, caller.scope, caller.organisation_id)


def _write(session: Session, one: Referral, body: DisburseIn, bank: Bank, now: datetime, today: date) -> UUID:
    rate = {"contract_rate": body.floating} if body.floating else {"contract_rate_percent": body.rate_percent}
    terms: dict[str, Any] = {
        "principal_yuan": body.amount_yuan,
        "drawn_on": body.disbursed_on,
        "due_on": body.due_on,
        "repayment_style": body.repayment_style,
        "project_share": body.project_share,
        **rate,
    }
    vouched = {"loan.principal_yuan": body.amount_yuan, "loan.drawn_on": body.disbursed_on, "loan.due_on": body.due_on}
    if not body.floating:
        vouched["loan.contract_rate_percent"] = body.rate_percent
    by = {"provenance": "checked", "by": bank.name, "on": today}
    try:
        written = LoanIn(
            lender=bank.name,
            contract_number=body.contract_number,
            project_id=one.project_id or body.project_id,
            terms=LoanTermsIn.model_validate(terms),
            facts={key: {"value": value, **by} for key, value in vouched.items()},
        )
        return add_loan(session, one.institution_id, written, FULL, now)
    except RegistryRefused as refusal:
        errors = tuple(_in_request(error) for error in refusal.errors)
        raise ReferralRefused(refusal.detail, errors=errors) from None


def _in_request(error: FieldError) -> FieldError:
    """The same error, at the field of the request that it is about."""
    pointer = error.pointer.removeprefix(_TERMS)
    return FieldError(_POINTERS.get(pointer, pointer), error.code, error.detail)


def estimate(
    session: Session, institution_id: UUID, loan_id: UUID, today: date
) -> tuple[ProgrammeMatch, QuoteOut] | None:
    """The interest subsidy that the loan has or may have: of the original programme that fits best."""
    found = fetch_case(session, CaseAsked(institution_id, loan=loan_id), Moment(today), FULL)
    library, case = fetch_library(session), case_to_match(found, today)
    matches = ranked(match(one, case, library.parameters, region_names()) for one in library.programmes)
    quotes = quotes_of(matches, case, library)
    usable = [one for one in matches if one.offer.is_original and one.offer.slug in quotes]
    return (usable[0], quotes[usable[0].offer.slug]) if usable else None


def _sentence(body: DisburseIn, found: tuple[ProgrammeMatch, QuoteOut] | None, address: str) -> str:
    paid = f"放款 {body.amount_yuan:,.2f} 元，年利率 {body.rate_percent.normalize():f}%，日期 {body.disbursed_on}。"
    if found is None:
        return f"{paid}按现有信息没有可测算的贴息；可在本机构的匹配结果中查看原因：{address}"
    one, quote = found
    low, high = (edge or quote.subsidy_yuan for edge in (quote.range.low_yuan, quote.range.high_yuan))
    return (
        f"{paid}按“{one.stored.record.name}”测算，预计可获贴息 {quote.subsidy_yuan:,.2f} 元"
        f"（视口径在 {low:,.2f} 至 {high:,.2f} 元之间）。测算不等于获批；逐年明细：{address}"
    )
