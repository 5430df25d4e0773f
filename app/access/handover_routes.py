"""Hand-overs over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.accounts import AccountClosed
from app.access.caller import CalledBy
from app.access.handover_schemas import HandoverIn, HandoverListOut, HandoverOut
from app.access.handovers import (
    ORDER,
    HandoverNotFound,
    HandoverOverlaps,
    HandoverRefused,
    NotOwnWork,
    get_handover,
    hand_over,
    select_handovers,
)
from app.access.permissions import Permission, permits
from app.http.clock import now, today
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads, writes
from app.store.pages import CursorRefused, count_rows

router = APIRouter(route_class=StrictRoute, tags=["users"])


def handover_out(row: Any) -> HandoverOut:
    """A row of `select_handovers` as it is shown."""
    one, from_name, to_name = row[:3]
    return HandoverOut(
        id=one.id,
        from_user_id=one.from_account_id,
        from_name=from_name,
        to_user_id=one.to_account_id,
        to_name=to_name,
        starts_on=one.starts_on,
        ends_on=one.ends_on,
        reason=one.reason,
        made_by=one.made_by,
        created_at=one.created_at,
    )


@router.post(
    "/handovers",
    operation_id="add_handover",
    summary="把未办结的工作交给同事，到某一天或长期",
    status_code=201,
    responses=problem_responses(HandoverRefused, HandoverOverlaps, AccountClosed, NotOwnWork),
)
@permits(Permission.HAND_OVER)
@writes
def post_handover(session: Session, response: Response, caller: CalledBy, body: HandoverIn) -> HandoverOut:
    """People hand over their own work; for somebody who cannot, the system administrator does."""
    key = hand_over(session, body, caller, now(), today())
    response.headers["Location"] = f"/api/v1/handovers/{key}"
    return handover_out(get_handover(session, key, caller))


@router.get(
    "/handovers",
    operation_id="list_handovers",
    summary="交接，新的在前",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.HAND_OVER)
@reads
def list_all(
    session: Session,
    caller: CalledBy,
    paging: Paged,
    user_id: Annotated[UUID | None, Query(description="只看一个人交出或接手的")] = None,
    on: Annotated[IsoDate | None, Query(description="只看这一天有效的")] = None,
) -> HandoverListOut:
    """Those of colleagues; for administrators those of everybody within scope."""
    query = select_handovers(caller, user_id=user_id, on=on)
    page = paging.pages.take(session, query, ORDER, paging.asked(user_id=user_id, on=on))
    paging.link(page.next_cursor)
    return HandoverListOut(
        items=[handover_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/handovers/{handover_id}",
    operation_id="get_handover",
    summary="一份交接",
    responses=problem_responses(HandoverNotFound),
)
@permits(Permission.HAND_OVER)
@reads
def get_one(
    session: Session, caller: CalledBy, handover_id: Annotated[UUID, Path(description="交接编号")]
) -> HandoverOut:
    """One that the list shows."""
    return handover_out(get_handover(session, handover_id, caller))
