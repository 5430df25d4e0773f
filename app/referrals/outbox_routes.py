"""The feed of a bank's own events: for a bank that asks rather than be called, and to catch up after a silence."""

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.errors import Forbidden
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads
from app.referrals.outbox_schemas import EventListOut, event_out
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import OutboxEvent

router = APIRouter(route_class=StrictRoute, tags=["events"])


class NoBank(Forbidden):
    """Only a bank has events and addresses of its own."""

    code = "no_bank"
    title = "不是银行的账号"


@router.get(
    "/events",
    operation_id="list_events",
    summary="本行的事件，按发生的先后；记住 next_cursor，下次从那里接着读，不漏不重",
    responses=problem_responses(CursorRefused, NoBank),
)
@permits(Permission.READ_EVENTS)
@reads
def list_events(session: Session, scope: InScope, paging: Paged) -> EventListOut:
    """Numbers become visible in their order, so going on from the last one misses nothing, whoever writes meanwhile."""
    if scope.bank_id is None:
        raise NoBank("只有银行的账号有事件，请用银行的密钥读取")
    query = select(OutboxEvent).where(OutboxEvent.bank_id == scope.bank_id)
    asked = paging.asked()
    page = paging.pages.take(session, query, (Key(OutboxEvent.number),), asked)
    paging.link(page.next_cursor)
    items = [event_out(row[0]) for row in page.rows]
    last = int(items[-1].sequence) if items else None
    if last is None and asked.cursor is not None:
        next_cursor = asked.cursor
    else:
        next_cursor = paging.pages.after([last or 0], asked.bound)
    total = count_rows(session, query) if paging.total else None
    return EventListOut(items=items, next_cursor=next_cursor, has_more=page.next_cursor is not None, total=total)
