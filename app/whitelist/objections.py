"""Objections to what is on notice: an office records them, the province decides them; an open one stops its batch."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.errors import FieldError
from app.http.etags import check_version
from app.store.tables import Batch, Nomination, Objection
from app.store.types import new_key
from app.whitelist import moves
from app.whitelist.batches_queries import get_objection
from app.whitelist.batches_rows import person_of
from app.whitelist.batches_service import leave
from app.whitelist.entries_service import check_keeper
from app.whitelist.queries import get_nomination
from app.whitelist.refusals import NotOnNotice, ObjectionDecided
from app.whitelist.states import Action

_UPHELD: Final = "objection_upheld"


def object_to(
    session: Session, nomination_id: UUID, person: str, grounds: str, caller: Caller, now: datetime, today: date
) -> Objection:
    """Record what somebody objects. Raises NotOnNotice before the first and after the last day of the notice."""
    nomination = get_nomination(session, nomination_id, caller.scope)
    batch = _batch_of(session, nomination)
    if batch is None or not _runs(batch, today):
        period = "" if batch is None else f"，公示期为 {batch.notice_from} 至 {batch.notice_to}"
        raise NotOnNotice(f"推荐 {nomination.number} 不在公示期内{period}，现在不能提出异议")
    one = Objection(
        id=new_key(),
        batch_id=batch.id,
        nomination_id=nomination.id,
        region_code=nomination.region_code,
        person=person,
        grounds=grounds,
        recorded_by=person_of(caller),
        recorded_at=now,
        version=1,
    )
    session.add(one)
    session.flush()
    return one


def decide(
    session: Session,
    objection_id: UUID,
    *,
    upheld: bool,
    reason: str,
    if_match: str | None,
    caller: Caller,
    now: datetime,
) -> Objection:
    """The province upholds or dismisses. What is upheld takes the nomination out of its batch and ends it."""
    get_objection(session, objection_id, caller.scope)
    check_keeper(caller.scope)
    one = get_objection(session, objection_id, caller.scope, lock=True)
    check_version(if_match, one.version)
    if one.decision is not None:
        state = FieldError("/decision", one.decision, one.reason or "")
        raise ObjectionDecided("这条异议已有处理结果，不再改变", errors=(state,))
    one.decision, one.reason = "upheld" if upheld else "dismissed", reason
    one.decided_by, one.decided_at = person_of(caller), now
    one.version += 1
    if upheld:
        _take_out(session, one, reason, caller, now)
    return one


def _batch_of(session: Session, nomination: Nomination) -> Batch | None:
    """The batch that has it on notice, held against whoever publishes it at this moment."""
    if nomination.batch_id is None or nomination.state != "on_notice":
        return None
    # Shared, so that offices record side by side; whoever publishes waits for them, and they for him.
    query = select(Batch).where(Batch.id == nomination.batch_id)
    return session.scalars(query).one_or_none()


def _runs(batch: Batch, today: date) -> bool:
    first, last = batch.notice_from, batch.notice_to
    return batch.state == "on_notice" and first is not None and last is not None and first <= today <= last


def _take_out(session: Session, one: Objection, reason: str, caller: Caller, now: datetime) -> None:
    """Several may object to the same; the first that is upheld decides."""
    nomination = session.get_one(Nomination, one.nomination_id, with_for_update=True)
    if nomination.state != "on_notice":
        return
    batch = session.get_one(Batch, one.batch_id, with_for_update=True)
    leave(session, batch, nomination.id, _UPHELD, now)
    said = moves.Said(reason_code=_UPHELD, note=reason)
    moves.move(session, nomination, Action.UPHOLD, moves.Batch(batch.id, caller.organisation_id), now, said=said)
