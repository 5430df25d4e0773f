"""What an institution, or one of its projects, needs or loans, is eligible for."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.http.clock import today
from app.http.instants import Instant
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads
from app.matching import offers
from app.matching.answers import match_out
from app.matching.benefits import choices
from app.matching.build import Match, Outcome, S, match, match_product, ranked
from app.matching.bundle import best_bundle
from app.matching.case_schemas import CaseOut, MatchesOut
from app.matching.fetch import (
    CaseAsked,
    CaseNotFound,
    ManyCases,
    case_to_match,
    fetch_case,
    fetch_library,
    fetch_products,
)
from app.matching.routes import DISCLAIMER, remarks
from app.matching.subsidies import net_rates, quotes_of
from app.regions import region_names

router = APIRouter(route_class=StrictRoute, tags=["matching"])

InstitutionPath = Annotated[UUID, Path(description="机构的编号")]
AsOf = Annotated[IsoDate | None, Query(description="按哪一天判断，缺省为今天", examples=["2026-11-20"])]
KnownAt = Annotated[Instant | None, Query(description="按哪一刻已登记的事实判断，缺省为现在")]
_UNLISTED = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE})


@router.get(
    "/institutions/{institution_id}/matches",
    operation_id="list_matches",
    summary="一个机构、项目、需求或贷款符合哪些政策和产品",
    responses=problem_responses(CaseNotFound, ManyCases),
)
@permits(Permission.READ_MATCHES)
@reads
def list_matches(
    session: Session,
    scope: InScope,
    institution_id: InstitutionPath,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    project: Annotated[UUID | None, Query(description="看它的一个项目")] = None,
    need: Annotated[UUID | None, Query(description="看它的一项资金需求")] = None,
    loan: Annotated[UUID | None, Query(description="看它的一笔贷款")] = None,
    expand: Annotated[Literal["conditions"] | None, Query(description="conditions：给出全部条件、建议和测算")] = None,
) -> MatchesOut:
    """Programmes and products, best first, with advice, net rates, and the best bundle of programmes."""
    moment = Moment(as_of or today(), known_at)
    asked = CaseAsked(institution_id, project, need, loan)
    found = fetch_case(session, asked, moment, scope)
    library, case = fetch_library(session), case_to_match(found, moment.as_of)
    programmes = ranked(match(one, case, library.parameters, region_names()) for one in library.programmes)
    shelf = fetch_products(session, moment.as_of)
    products = ranked(match_product(one, case, library.parameters, region_names()) for one in shelf)
    quotes, costs = quotes_of(programmes, case, library), net_rates(programmes, case, library)
    options = choices(programmes, case, quotes)
    said, shown, offered = remarks(library), listed(programmes), listed(products)
    return MatchesOut(
        case=case_out(found),
        as_of=moment.as_of,
        known_at=known_at,
        programme_counts=offers.counted(programmes),
        product_counts=offers.counted(products),
        programmes=[match_out(one, library.citations, said, quotes.get(one.offer.slug)) for one in shown]
        if expand
        else [offers.programme_summary(one) for one in shown],
        products=[offers.product_out(one, library.citations, costs) for one in offered]
        if expand
        else [offers.product_summary(one, costs) for one in offered],
        bundle=offers.bundle_out(best_bundle(options), options, programmes),
        disclaimer=DISCLAIMER,
    )


def listed(matches: Iterable[Match[S]]) -> list[Match[S]]:
    """Those that say something of the case."""
    return [one for one in matches if one.outcome not in _UNLISTED]


def case_out(case: RegistryCase) -> CaseOut:
    """Which case it is."""
    return CaseOut(
        kind=case.kind,
        id=case.id,
        institution_id=case.institution_id,
        project_id=case.project_id,
        name=case.name,
        region_code=case.region_code,
        region_name=region_names().get(case.region_code, case.region_code),
    )
