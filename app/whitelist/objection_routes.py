"""Objections over HTTP: record, list, decide."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes_once
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Nomination, Objection
from app.whitelist.batches_answers import objection_out
from app.whitelist.batches_queries import OBJECTION_ORDER, get_objection, select_objections
from app.whitelist.batches_schemas import DecisionIn, ObjectionIn, ObjectionListOut, ObjectionOut
from app.whitelist.objections import decide, object_to
from app.whitelist.queries import NominationNotFound
from app.whitelist.refusals import NotOnNotice, ObjectionDecided, ObjectionNotFound

router = APIRouter(route_class=StrictRoute, tags=["whitelist"])

NominationId = Annotated[UUID, Path(description="推荐编号")]
ObjectionId = Annotated[UUID, Path(description="异议编号")]
_ONE = "/whitelist/objections/{objection_id}"


@router.post(
    "/whitelist/nominations/{nomination_id}/actions/object",
    operation_id="object_to_nomination",
    summary="记录公示期内收到的异议",
    status_code=201,
    responses=problem_responses(NominationNotFound, NotOnNotice)
    | linked(201, get_objection={"objection_id": "$response.body#/id"}),
)
@permits(Permission.REVIEW_NOMINATIONS)
@writes_once
def object_to_one(
    session: Session, response: Response, caller: CalledBy, nomination_id: NominationId, body: ObjectionIn
) -> ObjectionOut:
    """From the first to the last day of the notice, both included. Until it is decided, the batch is not published."""
    one = object_to(session, nomination_id, body.who, body.text, caller, now(), today())
    response.headers["Location"] = f"/api/v1/whitelist/objections/{one.id}"
    return _shown(session, response, one)


@router.get(
    "/whitelist/objections",
    operation_id="list_objections",
    summary="异议列表",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.REVIEW_NOMINATIONS)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    batch: Annotated[UUID | None, Query(description="只看一个批次的")] = None,
    region: Annotated[
        str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
    ] = None,
    undecided: Annotated[bool | None, Query(description="只看尚未处理的，或只看已处理的")] = None,
) -> ObjectionListOut:
    """In the order in which they were recorded. Whoever objected is named to offices only."""
    query = select_objections(scope, batch, region, undecided=undecided)
    asked = paging.asked(batch=batch, region=region, undecided=undecided)
    page = paging.pages.take(session, query, OBJECTION_ORDER, asked)
    paging.link(page.next_cursor)
    return ObjectionListOut(
        items=[objection_out(one, number) for one, number, *_ in map(tuple, page.rows)],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _ONE,
    operation_id="get_objection",
    summary="一条异议及其处理结果",
    responses=problem_responses(ObjectionNotFound),
)
@permits(Permission.REVIEW_NOMINATIONS)
@reads
def get_one(session: Session, response: Response, scope: InScope, objection_id: ObjectionId) -> ObjectionOut:
    """Its ETag is what a decision has to name."""
    return _shown(session, response, get_objection(session, objection_id, scope))


@router.post(
    _ONE + "/actions/uphold",
    operation_id="uphold_objection",
    summary="异议成立：推荐移出批次，不予列入",
    responses=problem_responses(ObjectionNotFound, ObjectionDecided, VersionRequired, VersionStale),
)
@permits(Permission.KEEP_LIST)
@writes_once
def uphold(
    session: Session,
    response: Response,
    caller: CalledBy,
    objection_id: ObjectionId,
    body: DecisionIn,
    if_match: IfMatch = None,
) -> ObjectionOut:
    """The nomination ends; its subject may be nominated anew."""
    one = decide(session, objection_id, upheld=True, reason=body.reason, if_match=if_match, caller=caller, now=now())
    return _shown(session, response, one)


@router.post(
    _ONE + "/actions/dismiss",
    operation_id="dismiss_objection",
    summary="异议不成立",
    responses=problem_responses(ObjectionNotFound, ObjectionDecided, VersionRequired, VersionStale),
)
@permits(Permission.KEEP_LIST)
@writes_once
def dismiss(
    session: Session,
    response: Response,
    caller: CalledBy,
    objection_id: ObjectionId,
    body: DecisionIn,
    if_match: IfMatch = None,
) -> ObjectionOut:
    """The nomination stays in its batch."""
    one = decide(session, objection_id, upheld=False, reason=body.reason, if_match=if_match, caller=caller, now=now())
    return _shown(session, response, one)


def _shown(session: Session, response: Response, one: Objection) -> ObjectionOut:
    set_etag(response, one.version)
    return objection_out(one, session.get_one(Nomination, one.nomination_id).number)
