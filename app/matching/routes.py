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
from app.matching.build import Outcome, ProgrammeMatch, case_of, match, match_product, ranked
from app.matching.fetch import Library, fetch_library, fetch_products
from app.matching.offers import product_out
from app.matching.quote_schemas import InterestSubsidyQuoteIn, QuoteOut
from app.matching.quotes import LoanRefused, NoReadings, loan_of, loan_of_facts, quoted, refused, subsidy_terms
from app.matching.schemas import EligibilityCheckIn, EligibilityCheckOut
from app.matching.subsidies import net_rates
from app.programmes.queries import ProgrammeNotFound
from app.regions import PROVINCE, region_names, regions
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.rules.given import Facts, FactsRefused, Provenance, Stated, given
from app.subsidy import Loan, SubsidyError

router = APIRouter(route_class=StrictRoute, tags=["matching"])

DISCLAIMER = "结果依据公布的条款和所填信息自动得出，以主管部门和银行的决定为准。"
_ON_REQUEST = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE})


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
    """Every programme's and product's outcome for the facts given, condition by condition; nothing is stored."""
    facts, as_of = read_facts(check.facts), check.as_of or today()
    library, case = fetch_library(session), case_of(facts, as_of)
    check_assumed(facts, library)
    matches = ranked(match(one, case, library.parameters, region_names()) for one in library.programmes)
    shown = [one for one in matches if one.outcome not in _ON_REQUEST or one.outcome in check.include]
    shelf, costs, said = fetch_products(session, as_of), net_rates(matches, case, library), remarks(library)
    products = ranked(match_product(one, case, library.parameters, region_names()) for one in shelf)
    return EligibilityCheckOut(
        as_of=as_of,
        counts=_counts(matches),
        programmes=[match_out(one, library.citations, said, _quote(one, facts, library)) for one in shown],
        products=[product_out(one, library.citations, costs) for one in products if one.outcome not in _ON_REQUEST],
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
    return quoted(
        loan_of(asked),
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


def check_assumed(facts: Facts, library: Library) -> None:
    """An attestation of one programme that no programme asks for is a slip, and would silently say nothing."""
    asked = {key for one in library.programmes for rule in one.rules or () for key in rule.facts if "@" in key}
    unasked = [key for key in facts.values if "@" in key and key not in asked]
    if unasked:
        slugs = {key.partition("@")[2] for key in unasked}
        right = "、".join(sorted(key for key in asked if key.partition("@")[2] in slugs))
        advice = f"，这项政策要的是 {right}" if right else "，请核对政策代码"
        errors = tuple(
            FieldError(f"/facts/{key}", "unasked_attestation", f"没有政策问到“{key}”{advice}") for key in unasked
        )
        raise UnusableFacts(errors[0].detail, errors=errors)


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


def _counts(matches: list[ProgrammeMatch]) -> dict[Outcome, int]:
    counts = Counter(one.outcome for one in matches)
    return {outcome: counts[outcome] for outcome in Outcome}


def remarks(library: Library) -> dict[str, list[str]]:
    """What secondary sources say of an original programme. They never change its outcome."""
    found: dict[str, list[str]] = {}
    for programme in library.programmes:
        for slug in programme.record.relations.notes_on:
            said = f"另有报道（待核实）：{programme.record.name}，{programme.record.benefit.gives}"
            found.setdefault(slug, []).append(said)
    return found


def _quote(one: ProgrammeMatch, facts: Facts, library: Library) -> QuoteOut | None:
    """A quote where the programme gives interest subsidy, the case may get it, and its loan is known."""
    if one.outcome in _ON_REQUEST or one.outcome is Outcome.INELIGIBLE:
        return None
    terms, loan = subsidy_terms(one.stored, library.programmes), loan_of_facts(facts)
    if terms is None or loan is None:
        return None
    try:
        answer = quoted(loan, terms, library.rates, library.citations)
    except LoanRefused as error:
        raise UnusableFacts(error.detail, errors=tuple(_in_facts(field) for field in error.errors)) from None
    return answer.model_copy(update={"notes": [*answer.notes, *_unknown_amounts(loan)]})


def _unknown_amounts(loan: Loan) -> list[str]:
    if not loan.other_subsidies:
        return []
    slugs = "、".join(other.slug for other in loan.other_subsidies)
    return [f"已享受的其他贴息（{slugs}）没有填写金额，此处按 0 计；填写金额后测算见贴息测算。"]


def _in_facts(field: FieldError) -> FieldError:
    return FieldError(f"/facts/{Subject.LOAN}.{field.pointer.lstrip('/')}", field.code, field.detail)
