"""Public, stateless checks: what a case is eligible for, what a rule says, how much interest subsidy a loan gets."""

from collections import Counter
from datetime import date
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.errors import FieldError, Unprocessable
from app.http.clock import today
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import FIRST_DAY, LAST_DAY
from app.http.unit_of_work import reads
from app.matching.answers import fact_label, match_out
from app.matching.build import Match, Outcome, case_of, match, ranked
from app.matching.fetch import Library, fetch_library
from app.matching.quote_schemas import InterestSubsidyQuoteIn, QuoteOut
from app.matching.quotes import (
    OTHER_SUBSIDY,
    LoanRefused,
    NoReadings,
    check_other_subsidies,
    loan_of,
    loan_of_facts,
    notes_of_facts,
    other_subsidies_of,
    quoted,
    refused,
    subsidy_terms,
    unknown_programme,
)
from app.matching.schemas import EligibilityCheckIn, EligibilityCheckOut, ProgrammeMatchOut
from app.programmes.queries import ProgrammeNotFound
from app.regions import PROVINCE, region_names, regions
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.rules.given import Facts, FactsRefused, Provenance, Stated, given
from app.subsidy import SubsidyError

router = APIRouter(route_class=StrictRoute, tags=["matching"])

DISCLAIMER = "结果依据公布的条款和所填信息自动得出，以主管部门和银行的决定为准。"
_ON_REQUEST = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE})
_AMOUNT_UNKNOWN = "已享受其他贴息而金额未填，不作测算；请用贴息测算填写金额。"


class UnusableFacts(Unprocessable):
    """A fact is unknown to the catalogue, or has a value it does not take."""

    code = "facts_refused"
    title = "填写的事实有误"


@router.post(
    "/eligibility-checks",
    operation_id="check_eligibility",
    summary="对照全部政策判断一个机构、项目、需求或贷款",
    responses=problem_responses(UnusableFacts),
)
@reads
def check_eligibility(session: Session, check: EligibilityCheckIn) -> EligibilityCheckOut:
    """Every programme's outcome for the facts given, explained condition by condition; nothing is stored."""
    facts, as_of = read_facts(check.facts), check.as_of or today()
    library, case = fetch_library(session), case_of(facts, as_of)
    _check_subsidies_known(facts, library)
    matches = ranked(match(one, case, library.parameters, region_names()) for one in library.programmes)
    shown = [one for one in matches if one.outcome not in _ON_REQUEST or one.outcome in check.include]
    remarks = _remarks(library)
    return EligibilityCheckOut(
        as_of=as_of,
        counts=_counts(matches),
        programmes=[_answer(one, facts, library, remarks) for one in shown],
        products=[],
        disclaimer=DISCLAIMER,
    )


@router.post(
    "/interest-subsidy-quotes",
    operation_id="quote_interest_subsidy",
    summary="逐年测算一笔贷款的贴息，并给出各口径的区间",
    responses=problem_responses(LoanRefused, NoReadings),
)
@reads
def quote_interest_subsidy(session: Session, asked: InterestSubsidyQuoteIn) -> QuoteOut:
    """The subsidy under the default reading or the one passed, year by year; nothing is stored."""
    library = fetch_library(session)
    programme = next((one for one in library.programmes if one.record.slug == asked.programme), None)
    if programme is None:
        detail = f"没有代码为“{asked.programme}”的扶持政策"
        raise NoReadings(detail, errors=(FieldError("/programme", ProgrammeNotFound.code, detail),))
    terms = subsidy_terms(programme, library.programmes)
    if terms is None:
        detail = f"“{programme.record.name}”没有可供测算的贴息口径"
        raise NoReadings(detail, errors=(FieldError("/programme", NoReadings.code, detail),))
    changed = asked.reading.model_dump(exclude_none=True) if asked.reading else {}
    try:
        reading = terms.readings.default.reading.with_(changed)
    except SubsidyError as error:
        raise refused(error) from None
    loan = loan_of(asked)
    check_other_subsidies(loan, asked.programme, library.programmes)
    return quoted(
        loan,
        terms,
        library.rates,
        library.citations,
        reading=reading,
        application_date=asked.application_date,
        project_first_drawn_on=asked.project_first_drawn_on,
    )


def read_facts(written: dict[str, Any]) -> Facts:
    """The facts of a request. Raises UnusableFacts with a pointer to every bad one."""
    try:
        facts = given({key: _stated(key, value) for key, value in written.items()}, at="/facts")
    except FactsRefused as error:
        errors = tuple(FieldError(one.pointer, one.code, one.detail) for one in error.problems)
        raise UnusableFacts(errors[0].detail, errors=errors) from None
    if misfits := tuple(FieldError(f"/facts/{key}", *said) for key in facts.values if (said := _misfit(facts, key))):
        raise UnusableFacts(misfits[0].detail, errors=misfits)
    return facts


def _misfit(facts: Facts, key: str) -> tuple[str, str] | None:
    """The kernel takes any day and any six digits; here the year 1 and a county of nowhere are slips."""
    value = facts.values[key]
    if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY:
        return "date_range", f"“{fact_label(key)}”须在 {FIRST_DAY} 到 {LAST_DAY} 之间"
    in_shanxi = CATALOGUE[key].type is FactType.REGION and str(value).startswith(PROVINCE[:2])
    if in_shanxi and value not in regions():
        return "unknown_region", f"“{fact_label(key)}”没有行政区划代码 {value}，可用的见 /api/v1/regions"
    return None


def _stated(key: str, value: object) -> Stated:
    """What a stranger says of himself is declared; what only an office can say is an assumption (假设)."""
    attested = key in CATALOGUE and CATALOGUE[key].type is FactType.ATTESTATION
    return Stated(value, Provenance.ASSUMED if attested else Provenance.DECLARED)


def _counts(matches: list[Match]) -> dict[Outcome, int]:
    counts = Counter(one.outcome for one in matches)
    return {outcome: counts[outcome] for outcome in Outcome}


def _remarks(library: Library) -> dict[str, list[str]]:
    """What secondary sources say of an original programme. They never change its outcome."""
    remarks: dict[str, list[str]] = {}
    for programme in library.programmes:
        for slug in programme.record.relations.notes_on:
            said = f"另有报道（待核实）：{programme.record.name}，{programme.record.benefit.gives}"
            remarks.setdefault(slug, []).append(said)
    return remarks


def _answer(one: Match, facts: Facts, library: Library, remarks: dict[str, list[str]]) -> ProgrammeMatchOut:
    """One match, with a quote where the programme gives interest subsidy, may apply, and the loan is known.

    Another subsidy of unknown amount leaves anything between nothing and all: then there is a note and no quote.
    """
    terms, loan = subsidy_terms(one.programme, library.programmes), loan_of_facts(facts)
    if terms is None or loan is None or one.outcome in _ON_REQUEST or one.outcome is Outcome.INELIGIBLE:
        return match_out(one, library.citations, remarks, None)
    if other_subsidies_of(facts, terms.slug):
        shown = match_out(one, library.citations, remarks, None)
        return shown.model_copy(update={"notes": [*shown.notes, _AMOUNT_UNKNOWN]})
    try:
        answer = quoted(loan, terms, library.rates, library.citations)
    except LoanRefused as error:
        raise UnusableFacts(error.detail, errors=tuple(_in_facts(field) for field in error.errors)) from None
    answer = answer.model_copy(update={"notes": [*answer.notes, *notes_of_facts(facts)]})
    return match_out(one, library.citations, remarks, answer)


def _check_subsidies_known(facts: Facts, library: Library) -> None:
    received, known = facts.values.get(OTHER_SUBSIDY), {one.record.slug for one in library.programmes}
    for slug in sorted(received - known) if isinstance(received, frozenset) else ():
        detail = unknown_programme(slug, library.programmes)
        error = FieldError(f"/facts/{OTHER_SUBSIDY}", ProgrammeNotFound.code, detail)
        raise UnusableFacts(detail, errors=(error,))


def _in_facts(field: FieldError) -> FieldError:
    return FieldError(f"/facts/{Subject.LOAN}.{field.pointer.lstrip('/')}", field.code, field.detail)
