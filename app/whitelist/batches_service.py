"""Batches: draft, change, announce, publish, abandon. One writer at a time holds the row of the batch.

The nominations of a batch are moved by `moves.move`, the entries that it makes by `entries_events.admit`; what is
announced is frozen line by line, what is published never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.two_people import check_second_person
from app.errors import FieldError
from app.http.etags import VersionStale, check_version
from app.regions import PROVINCE
from app.store.tables import Batch, BatchRow
from app.store.types import new_key
from app.whitelist import moves
from app.whitelist.batches_publication import make_entries, number
from app.whitelist.batches_queries import get_batch, list_fallen_out, list_rows
from app.whitelist.batches_rows import add_rows, checked_subjects, let_go, person_of, recall, take_out
from app.whitelist.entries_service import check_keeper, expire_due
from app.whitelist.parameters import NOTICE_DAYS, whole_number
from app.whitelist.refusals import BatchState, NoticeRunning, refused
from app.whitelist.states import Action

_DAY: Final = timedelta(days=1)
STATE_LABELS: Final = {"draft": "草稿", "on_notice": "公示中", "published": "已发布", "abandoned": "已放弃"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes of a batch: another title, nominations that come in, nominations that leave it."""

    title: str | None = None
    add: tuple[UUID, ...] = ()
    remove: tuple[UUID, ...] = ()


def draft(session: Session, title: str, nominations: Sequence[UUID], caller: Caller, now: datetime) -> Batch:
    """A new batch of approved nominations. Raises Forbidden or TakenByBatch."""
    check_keeper(caller.scope)
    batch = Batch(
        id=new_key(),
        region_code=PROVINCE,
        title=title,
        state="draft",
        drafted_by=person_of(caller),
        version=1,
        created_at=now,
    )
    session.add(batch)
    # The rows name the batch, and no relationship tells the session so.
    session.flush()
    add_rows(session, batch, nominations, caller, now)
    return batch


def change(
    session: Session, batch_id: UUID, changes: Changes, if_match: str | None, caller: Caller, now: datetime
) -> Batch:
    """Change a draft; from a batch on notice lines can only be taken out. Raises BatchState or TakenByBatch."""
    batch = _locked(session, batch_id, if_match, caller, "draft", "on_notice")
    if batch.state == "on_notice" and (changes.add or changes.title is not None):
        raise _not_now(batch, "修改标题或增加条目；要增加的请编入下一批次")
    if changes.title is not None:
        batch.title = changes.title
    take_out(session, batch, changes.remove, caller, now)
    add_rows(session, batch, changes.add, caller, now)
    if batch.state == "draft":
        # Whoever wrote last is the one that somebody else has to check.
        batch.drafted_by = person_of(caller)
    batch.version += 1
    return batch


def announce(
    session: Session,
    batch_id: UUID,
    period: tuple[date, date],
    if_match: str | None,
    caller: Caller,
    now: datetime,
    today: date,
) -> Batch:
    """Put a draft on public notice from the first to the last day, both included, and freeze its lines.

    Raises BatchRefused for a period that is too short or has begun, BatchProblems for lines that cannot be listed.
    """
    batch = _locked(session, batch_id, if_match, caller, "draft")
    _check_period(period, whole_number(session, NOTICE_DAYS, today), today)
    rows = list_rows(session, batch, caller.scope)
    subjects = checked_subjects(session, batch, rows)
    let_go(list_fallen_out(session, batch), "withdrawn", now)
    for serial, one in enumerate(rows, start=1):
        one.row.serial, one.row.printed = serial, subjects[one.nomination.id].line.to_json()
        moves.move(session, one.nomination, Action.NOTICE, moves.Batch(batch.id, caller.organisation_id), now)
    batch.state, (batch.notice_from, batch.notice_to) = "on_notice", period
    batch.announced_by, batch.announced_at = person_of(caller), now
    batch.version += 1
    return batch


def publish(
    session: Session,
    batch_id: UUID,
    document_number: str,
    if_match: str | None,
    caller: Caller,
    now: datetime,
    today: date,
) -> Batch:
    """After the notice a second person publishes: the batch gets its number, each line becomes an entry of the list.

    Raises OwnDraft, NoticeRunning, or BatchProblems where an objection is open or a line is no longer as announced.
    """
    batch = _locked(session, batch_id, if_match, caller, "on_notice")
    check_second_person(batch.drafted_by, caller)
    if batch.notice_to is None or today <= batch.notice_to:
        raise NoticeRunning(f"公示到 {batch.notice_to}（含当日）为止，期满的次日起才能发布")
    rows = list_rows(session, batch, caller.scope)
    # An entry that has ended and was not yet marked so would be in the way of a new one.
    expire_due(session, today, now, only=[one.nomination.subject_id for one in rows])
    subjects = checked_subjects(session, batch, rows)
    let_go(list_fallen_out(session, batch), "withdrawn", now)
    make_entries(session, batch, rows, subjects, document_number, caller, now, today)
    for one in rows:
        moves.move(session, one.nomination, Action.LIST, moves.Batch(batch.id, caller.organisation_id), now)
    # The rows first: the database lets nobody change them once the batch is published.
    session.flush()
    number(session, batch, document_number, person_of(caller), now, today)
    return batch


def abandon(
    session: Session, batch_id: UUID, reason: str, if_match: str | None, caller: Caller, now: datetime
) -> Batch:
    """Give a batch up before it is published; its nominations wait for another."""
    batch = _locked(session, batch_id, if_match, caller, "draft", "on_notice")
    rows = list_rows(session, batch, caller.scope)
    recall(session, batch, rows, caller, now)
    let_go(list_fallen_out(session, batch), "withdrawn", now)
    let_go(rows, "abandoned", now)
    batch.state, batch.abandon_reason = "abandoned", reason
    batch.abandoned_at, batch.abandoned_by = now, person_of(caller)
    batch.version += 1
    return batch


def leave(session: Session, batch: Batch, nomination_id: UUID, reason: str, now: datetime) -> None:
    """A line leaves its batch, because an objection was upheld."""
    query = select(BatchRow).where(BatchRow.batch_id == batch.id, BatchRow.nomination_id == nomination_id)
    for row in session.scalars(query.where(BatchRow.left_at.is_(None))):
        row.left_at, row.left_reason = now, reason
    batch.version += 1


def _locked(session: Session, batch_id: UUID, if_match: str | None, caller: Caller, *states: str) -> Batch:
    # Whoever may not know of the batch is told so, and not what would be needed to act on it.
    get_batch(session, batch_id, caller.scope)
    check_keeper(caller.scope)
    batch = get_batch(session, batch_id, caller.scope, lock=True)
    try:
        check_version(if_match, batch.version)
    except VersionStale:
        label = STATE_LABELS[batch.state]
        detail = f"批次已被他人修改，现在是“{label}”（版本 {batch.version}），请重新读取后再办"
        state = FieldError("/state", batch.state, f"现在的状态：{label}")
        raise VersionStale(detail, errors=(state,)) from None
    if batch.state not in states:
        raise _not_now(batch, "这样办理")
    return batch


def _not_now(batch: Batch, what: str) -> BatchState:
    label = STATE_LABELS[batch.state]
    state = FieldError("/state", batch.state, f"现在的状态：{label}")
    return BatchState(f"批次现在是“{label}”，不能{what}", errors=(state,))


def _check_period(period: tuple[date, date], days: int, today: date) -> None:
    first, last = period
    if first < today:
        raise refused(FieldError("/notice_from", "in_past", f"公示不能从过去的日子开始，请写 {today} 或以后"))
    if (last - first).days + 1 < days:
        earliest = first + (days - 1) * _DAY
        detail = f"公示不少于 {days} 个自然日（含首尾两日），截止日请写 {earliest} 或以后"
        raise refused(FieldError("/notice_to", "notice_too_short", detail))
