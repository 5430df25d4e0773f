"""Reading the inbox: the caller's own, which is that of the office or of the institution that he or she acts for."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, Select, false, func, select, update
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.errors import NotFound
from app.store.pages import Key
from app.store.tables import Message

ORDER: Final = (Key(Message.id, descending=True),)


class MessageNotFound(NotFound):
    """No such message, or not to this caller."""

    code = "message_not_found"
    title = "没有这条消息"


def addressed_to(caller: Caller) -> ColumnElement[bool]:
    """SQL over Message: it is to the caller's institution, or else to the caller's office; to nobody where neither."""
    if caller.institution_id is not None:
        return Message.institution_id == caller.institution_id
    # `= NULL` would turn into IS NULL here, and show what is addressed to institutions.
    return false() if caller.organisation_id is None else Message.organisation_id == caller.organisation_id


def select_messages(caller: Caller, *, unread: bool | None = None, kind: str | None = None) -> Select[Any]:
    """The messages of a list, unordered."""
    query = select(Message).where(addressed_to(caller))
    if unread is not None:
        query = query.where(Message.read_at.is_(None) if unread else Message.read_at.is_not(None))
    return query if kind is None else query.where(Message.kind == kind)


def count_unread(session: Session, caller: Caller) -> int:
    """How many messages nobody of the office has read."""
    query = select(func.count()).select_from(Message).where(addressed_to(caller), Message.read_at.is_(None))
    return session.scalar(query) or 0


def read_message(session: Session, message_id: UUID, caller: Caller, at: datetime) -> Message:
    """Note that the caller has read it, unless a colleague has before. Raises MessageNotFound."""
    _mark(session, caller, at, Message.id == message_id)
    query = select(Message).where(Message.id == message_id, addressed_to(caller))
    found = session.scalars(query).one_or_none()
    if found is None:
        raise MessageNotFound("没有这条消息，或者它不是发给贵单位的")
    return found


def read_all(session: Session, up_to: UUID | None, caller: Caller, at: datetime) -> int:
    """Note that the caller has read everything, or everything that is no newer than a message; how many were unread."""
    return _mark(session, caller, at, *(() if up_to is None else (Message.id <= up_to,)))


def _mark(session: Session, caller: Caller, at: datetime, *which: ColumnElement[bool]) -> int:
    # The condition in the statement itself: of two colleagues at once the first one is named.
    unread = update(Message).where(addressed_to(caller), Message.read_at.is_(None), *which)
    result = session.execute(unread.values(read_at=at, read_by=caller.account_id))
    if not isinstance(result, CursorResult):
        raise TypeError("an UPDATE says how many rows it changed")
    return result.rowcount
