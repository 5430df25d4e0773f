"""Public, stateless checks: what a case is eligible for, what a rule says, how much interest subsidy a loan gets."""

from collections import Counter

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.errors import FieldError
from app.http.clock import today
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads
from app.matching.answers import match_out
from app.matching.build import Outcome, ProgrammeMatch, case_of, match, match_product, ranked
from app.matching.fetch import Library, fetch_library, fetch_products
from app.matching.offers import product_out
from app.matching.quote_schemas import InterestSubsidyQuoteIn, QuoteOut
from app.matching.quotes import (
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
)
from app.matching.request_facts import UnusableFacts, check_assumed, check_subsidies_known, read_facts
from app.matching.schemas import EligibilityCheckIn, EligibilityCheckOut, ProgrammeMatchOut
from app.matching.subsidies import net_rates
from app.matching.withheld import without_internal
from app.programmes.queries import ProgrammeNotFound
from app.regions import region_names
from app.rules.facts import Subject
from app.rules.given import Facts
from app.subsidy import SubsidyError

router = APIRouter(route_class=StrictRoute, tags=["matching"])

DISCLAIMER = "结果依据公布的条款和所填信息自动得出，以主管部门和银行的决定为准。"
_ON_REQUEST = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE})
_AMOUNT_UNKNOWN = "已享受其他贴息而金额未填，不作测算；请用贴息测算填写金额。"


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
    check_subsidies_known(facts, library)
    matches = ranked(match(one, case, library.parameters, region_names()) for one in library.programmes)
    shown = [one for one in matches if one.outcome not in _ON_REQUEST or one.outcome in check.include]
    shelf, costs, said = fetch_products(session, as_of), net_rates(matches, case, library), remarks(library)
    asked = (match_product(one, case, library.parameters, region_names()) for one in shelf)
    products = ranked(map(without_internal, asked))
    return EligibilityCheckOut(
        as_of=as_of,
        counts=_counts(matches),
        programmes=[_answer(one, facts, library, said) for one in shown],
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


def _answer(one: ProgrammeMatch, facts: Facts, library: Library, said: dict[str, list[str]]) -> ProgrammeMatchOut:
    """One match, with a quote where the programme gives interest subsidy, may apply, and the loan is known.

    Another subsidy of unknown amount leaves anything between nothing and all: then there is a note and no quote.
    """
    terms, loan = subsidy_terms(one.stored, library.programmes), loan_of_facts(facts)
    if terms is None or loan is None or one.outcome in _ON_REQUEST or one.outcome is Outcome.INELIGIBLE:
        return match_out(one, library.citations, said, None)
    if other_subsidies_of(facts, terms.slug):
        shown = match_out(one, library.citations, said, None)
        return shown.model_copy(update={"notes": [*shown.notes, _AMOUNT_UNKNOWN]})
    try:
        answer = quoted(loan, terms, library.rates, library.citations)
    except LoanRefused as error:
        raise UnusableFacts(error.detail, errors=tuple(_in_facts(field) for field in error.errors)) from None
    answer = answer.model_copy(update={"notes": [*answer.notes, *notes_of_facts(facts)]})
    return match_out(one, library.citations, said, answer)


def _in_facts(field: FieldError) -> FieldError:
    return FieldError(f"/facts/{Subject.LOAN}.{field.pointer.lstrip('/')}", field.code, field.detail)
