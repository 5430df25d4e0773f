"""What an institution, or one of its projects, needs or loans, is eligible for."""

from functools import partial
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
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
from app.matching.case_answers import Asked, matches_written
from app.matching.case_schemas import MatchesOut
from app.matching.fetch import CaseAsked, CaseNotFound, ManyCases, fetch_case, fetch_library, fetch_products
from app.matching.standing import standing
from app.matching.summaries import summary
from app.store.kept import Kept

router = APIRouter(route_class=StrictRoute, tags=["matching"])

InstitutionPath = Annotated[UUID, Path(description="机构的编号")]
AsOf = Annotated[IsoDate | None, Query(description="按哪一天判断，缺省为今天", examples=["2026-11-20"])]
KnownAt = Annotated[Instant | None, Query(description="按哪一刻已登记的事实判断，缺省为现在")]
_SLUG: Final = r"^[a-z0-9][a-z0-9-]{0,79}$"
# A summary of 300 products takes some 120 kB, so that all of them take some 15 MB.
_SUMMARIES: Final[Kept[Asked, bytes]] = Kept(128)


@router.get(
    "/institutions/{institution_id}/matches",
    operation_id="list_matches",
    summary="一个机构、项目、需求或贷款符合哪些政策和产品",
    response_model=MatchesOut,
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
    offer: Annotated[
        str | None, Query(pattern=_SLUG, description="只列一项政策或产品（代码），不是其对象的也列出")
    ] = None,
) -> Response:
    """Programmes and products, best first, with advice, net rates, and the best bundle of programmes."""
    moment = Moment(as_of or today(), known_at)
    found = fetch_case(session, CaseAsked(institution_id, project, need, loan), moment, scope)
    if expand:
        library, shelf = fetch_library(session), fetch_products(session, moment.as_of)
        answer = matches_written(found, moment, library, shelf, offer)
    else:
        answer = _in_brief(session, found, moment, offer)
    return Response(answer, media_type="application/json")


def _in_brief(session: Session, found: RegistryCase, moment: Moment, offer: str | None) -> bytes:
    stands = standing(session, moment.as_of)
    say = partial(summary, found, moment, stands.library, stands.products, offer)
    return say() if offer is not None else _SUMMARIES.get(Asked(moment, found, stands.name), say)
