"""The lines of a batch: which nominations come in, which leave it, and whether all of them can be listed."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.errors import FieldError, Forbidden
from app.store.tables import Batch, BatchRow, Nomination, WhitelistEntry
from app.store.types import new_key
from app.whitelist import moves
from app.whitelist.batches_problems import Known, Problem, fallen_out, problems_of
from app.whitelist.batches_queries import Row, list_fallen_out, list_rows, open_objections
from app.whitelist.entry_states import LIVE
from app.whitelist.refusals import BatchProblems, TakenByBatch, refused
from app.whitelist.registry_lines import Admitted, subjects_of
from app.whitelist.states import Action, State

# A list that people read and sign; more is another batch.
MOST_ROWS: Final = 1_000
_MOST_SAID: Final = 100


def person_of(caller: Caller) -> UUID:
    """Whoever is at the machine itself has no account, and keeps no list."""
    if caller.account_id is None:
        raise Forbidden("批次和条目须由有账号的人办理")
    return caller.account_id


def add_rows(session: Session, batch: Batch, nominations: Sequence[UUID], caller: Caller, now: datetime) -> None:
    wanted = list(dict.fromkeys(nominations))
    query = select(Nomination).where(Nomination.id.in_(wanted), caller.scope.regions(Nomination.region_code))
    found = {one.id: one for one in session.scalars(query)}
    wrong = [place for place, key in enumerate(nominations) if not _is_available(found.get(key))]
    if wrong:
        detail = "只能编入省级已批准、尚未编入批次的推荐"
        raise TakenByBatch(detail, errors=tuple(FieldError(f"/add/{place}", "not_approved", detail) for place in wrong))
    if len(list_rows(session, batch, caller.scope)) + len(wanted) > MOST_ROWS:
        detail = f"一个批次最多 {MOST_ROWS} 条，请分为两批"
        raise refused(FieldError("/add", "too_many_rows", detail))
    try:
        with session.begin_nested():
            session.add_all(_row(batch, found[key], caller, now) for key in wanted)
    except IntegrityError:
        detail = "其中有推荐已在本批次或另一批次中，请核对后重新提交"
        raise TakenByBatch(detail, errors=(FieldError("/add", "in_a_batch", detail),)) from None


def _is_available(nomination: Nomination | None) -> bool:
    return nomination is not None and nomination.state == State.APPROVED


def _row(batch: Batch, nomination: Nomination, caller: Caller, now: datetime) -> BatchRow:
    return BatchRow(
        id=new_key(),
        batch_id=batch.id,
        nomination_id=nomination.id,
        region_code=nomination.region_code,
        added_by=person_of(caller),
        added_at=now,
    )


def take_out(session: Session, batch: Batch, nominations: Collection[UUID], caller: Caller, now: datetime) -> None:
    rows = [one for one in list_rows(session, batch, caller.scope) if one.nomination.id in set(nominations)]
    if missing := set(nominations) - {one.nomination.id for one in rows}:
        places = [place for place, key in enumerate(nominations) if key in missing]
        detail = "这份推荐不在本批次中"
        raise refused(*(FieldError(f"/remove/{place}", "not_in_batch", detail) for place in places))
    recall(session, batch, rows, caller, now)
    let_go(rows, "taken_out", now)
    # Before others come in: the database counts the lines that are in a batch.
    session.flush()


def recall(session: Session, batch: Batch, rows: Iterable[Row], caller: Caller, now: datetime) -> None:
    if batch.state == "on_notice":
        for one in rows:
            moves.move(session, one.nomination, Action.RECALL, moves.Batch(batch.id, caller.organisation_id), now)


def let_go(rows: Iterable[Row], reason: str, now: datetime) -> None:
    for one in rows:
        one.row.left_at, one.row.left_reason = now, reason


def _known(session: Session, batch: Batch, rows: Sequence[Row], subjects: dict[UUID, Admitted]) -> Known:
    wanted = [one.nomination.subject_id for one in rows]
    subject = func.coalesce(WhitelistEntry.project_id, WhitelistEntry.institution_id)
    listed = select(subject).where(subject.in_(wanted), WhitelistEntry.state.in_([state.value for state in LIVE]))
    return Known(subjects, set(session.scalars(listed)), open_objections(session, batch))


def checked_subjects(session: Session, batch: Batch, rows: Sequence[Row]) -> dict[UUID, Admitted]:
    """The subjects of the lines. Raises BatchProblems."""
    if not rows:
        raise BatchProblems("批次中没有可列入的推荐", errors=(FieldError("/rows", "empty", "请先编入推荐"),))
    subjects = subjects_of(session, [one.nomination for one in rows])
    blocking = [one for one in problems_of(rows, _known(session, batch, rows, subjects)) if one.blocking]
    if blocking:
        errors = tuple(
            FieldError(f"/rows/{one.nomination_id}", one.code, f"{one.name}：{one.detail}") for one in blocking
        )
        raise BatchProblems(f"有 {len(blocking)} 处须先处理，见 errors", errors=errors[:_MOST_SAID])
    return subjects


def problems_with(session: Session, batch: Batch, scope: Scope) -> list[Problem]:
    """What stands in the way of the batch, and what has fallen out of it."""
    if batch.state not in {"draft", "on_notice"}:
        return []
    rows = list_rows(session, batch, scope)
    known = _known(session, batch, rows, subjects_of(session, [one.nomination for one in rows]))
    return [*problems_of(rows, known), *fallen_out(list_fallen_out(session, batch))]
