"""The inbox of the caller's office or institution: what there is to know, and what has been read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.http.clock import now
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.inbox import queries
from app.inbox.queries import MessageNotFound
from app.inbox.schemas import InboxOut, MessageOut, ReadAllIn, ReadAllOut
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Message

router = APIRouter(route_class=StrictRoute, tags=["inbox"])

MessageId = Annotated[UUID, Path(description="消息编号")]


@router.get(
    "/inbox",
    operation_id="list_inbox",
    summary="本单位的消息，新的在前，并给出未读数",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_INBOX)
@reads
def list_inbox(
    session: Session,
    caller: CalledBy,
    paging: Paged,
    unread: Annotated[bool | None, Query(description="true 只看未读，false 只看已读")] = None,
    kind: Annotated[
        str | None,
        Query(max_length=40, pattern=r"^[a-z][a-z0-9_.]*$", description="只看一类", examples=["reminder.list"]),
    ] = None,
) -> InboxOut:
    """An office has one inbox: what one colleague has read is read."""
    query = queries.select_messages(caller, unread=unread, kind=kind)
    page = paging.pages.take(session, query, queries.ORDER, paging.asked(unread=unread, kind=kind))
    paging.link(page.next_cursor)
    return InboxOut(
        items=[_message_out(row[0]) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
        unread=queries.count_unread(session, caller),
    )


@router.post(
    "/inbox/{message_id}/actions/read",
    operation_id="read_message",
    summary="标为已读；已读的不变",
    responses=problem_responses(MessageNotFound),
)
@permits(Permission.READ_INBOX)
@writes
def post_read(session: Session, caller: CalledBy, message_id: MessageId) -> MessageOut:
    """Whoever read it first stays named."""
    return _message_out(queries.read_message(session, message_id, caller, now()))


@router.post("/inbox/actions/read-all", operation_id="read_inbox", summary="全部标为已读，或标到某一条为止")
@permits(Permission.READ_INBOX)
@writes
def post_read_all(session: Session, caller: CalledBy, body: ReadAllIn) -> ReadAllOut:
    """Messages that come in while somebody reads stay unread if the newest one seen is named."""
    marked = queries.read_all(session, body.up_to, caller, now())
    return ReadAllOut(marked=marked, unread=queries.count_unread(session, caller))


def _message_out(message: Message) -> MessageOut:
    return MessageOut.model_validate({name: getattr(message, name) for name in MessageOut.model_fields})
