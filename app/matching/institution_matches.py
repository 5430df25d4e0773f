"""What an institution, or one of its projects, needs or loans, is eligible for."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.cases.read import Case
from app.cases.select import Moment
from app.http.clock import today
from app.http.instants import Instant
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads
from app.matching.case_answers import Asked, matches_out, written
from app.matching.case_schemas import MatchesOut
from app.matching.citations import Clauses
from app.matching.fetch import (
    CaseAsked,
    CaseNotFound,
    ManyCases,
    RecordedLibrary,
    fetch_case,
    recorded_library,
    stored_library,
)
from app.products.queries import list_published, published_name
from app.programmes.queries import clause_labels
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
    library = recorded_library(session)
    if expand or offer is not None:
        clauses = clause_labels(session) if expand else None
        answer = _answer(session, found, moment, library, clauses, offer)
    else:
        asked = Asked(moment, found, library, published_name(session))
        answer = _SUMMARIES.get(asked, lambda: _answer(session, found, moment, library, None))
    return Response(answer, media_type="application/json")


def _answer(
    session: Session,
    found: Case,
    moment: Moment,
    recorded: RecordedLibrary,
    clauses: Clauses | None,
    offer: str | None = None,
) -> bytes:
    """The whole answer if there are clauses to cite, else the summary, which cites nothing."""
    library = stored_library(session, recorded, clauses or {})
    shelf = list_published(session, moment.as_of)
    return written(matches_out(found, moment, library, shelf, is_whole=clauses is not None, offer=offer))
