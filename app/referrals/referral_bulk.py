"""Answers by workbook: every row is really tried, and taken back again where the report was all that was wanted.

All or nothing: where one row cannot be taken, none is. A row may name a later state; the steps in between are written
with the same day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.errors import AppError
from app.referrals import referral_service as service
from app.referrals.reasons import DeclineReason
from app.referrals.referral_answer_rows import AnswerProblem, AnswerRow
from app.referrals.referral_moves import Step
from app.referrals.referral_queries import visible
from app.referrals.referral_schemas import DisburseIn
from app.referrals.referral_sheet import COLUMNS, Field
from app.referrals.states import STATE_LABELS, ReferralAction, ReferralState, path_to
from app.store.tables import Referral

_A: Final = ReferralAction
_HEADINGS: Final = {column.field: column.heading for column in COLUMNS}
# Where a refusal of the service points, in the sheet.
_FIELDS: Final = {
    "/happened_on": Field.DAY,
    "/disbursed_on": Field.DAY,
    "/amount_yuan": Field.DISBURSED,
    "/rate_percent": Field.RATE,
    "/due_on": Field.LOAN_DUE_ON,
}
_NEEDED: Final = {
    _A.GRANT: (Field.GRANTED,),
    _A.DISBURSE: (Field.DISBURSED, Field.RATE, Field.LOAN_DUE_ON),
    _A.DECLINE: (Field.REASON,),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what it would do, or why it cannot."""

    row: AnswerRow
    from_state: ReferralState | None
    actions: Sequence[ReferralAction]
    problems: Sequence[AnswerProblem]


def answer(
    session: Session, rows: Sequence[AnswerRow], caller: Caller, now: datetime, today: date, *, dry_run: bool
) -> tuple[list[Judged], bool]:
    """Every row that says something, judged in order; and whether they were written."""
    asked = [row for row in rows if not row.is_blank]
    whole = session.begin_nested()
    judged = [_try(session, row, caller, now, today) for row in asked]
    is_written = not dry_run and bool(judged) and not any(one.problems for one in judged)
    if is_written:
        whole.commit()
    else:
        whole.rollback()
    return judged, is_written


def _try(session: Session, row: AnswerRow, caller: Caller, now: datetime, today: date) -> Judged:
    one = _find(session, row, caller)
    problems = tuple(_problems(row, one))
    before = None if one is None else ReferralState(one.state)
    if one is None or before is None or problems:
        return Judged(row, before, (), problems)
    actions = path_to(before, row.values[Field.STATE]) or ()
    point = session.begin_nested()
    try:
        for action in actions:
            _take(session, one, action, row, caller, now, today)
    except AppError as refusal:
        point.rollback()
        return Judged(row, before, (), tuple(_refusals(refusal)))
    point.commit()
    return Judged(row, before, actions, ())


def _find(session: Session, row: AnswerRow, caller: Caller) -> Referral | None:
    if row.referral_id is None:
        return None
    mine = visible(caller.scope), Referral.bank_id == caller.bank_id, Referral.id == row.referral_id
    return session.scalars(select(Referral).where(*mine)).one_or_none()


def _problems(row: AnswerRow, one: Referral | None) -> Iterator[AnswerProblem]:
    """What can be said of a row before anything is tried."""
    yield from row.problems
    if row.problems:
        return
    if one is None:
        yield _at(Field.REFERRAL, "referral_not_found", "本行没有这个对接编号，请用下载的工作簿填写")
        return
    if row.version != one.version:
        label = STATE_LABELS[ReferralState(one.state)]
        yield _at(Field.VERSION, "version_stale", f"下载以后已有同事办理，现在是“{label}”，请重新下载")
        return
    yield from _incomplete(row, ReferralState(one.state))


def _incomplete(row: AnswerRow, before: ReferralState) -> Iterator[AnswerProblem]:
    wanted: ReferralState | None = row.values.get(Field.STATE)
    if wanted is None:
        yield _at(Field.STATE, "missing", "填了其他列，请选“办理结果”；没有进展的请整行留空")
        return
    path = path_to(before, wanted)
    if not path:
        yield _at(Field.STATE, "referral_state", f"现在是“{STATE_LABELS[before]}”，不能改为“{STATE_LABELS[wanted]}”")
        return
    needed = [Field.DAY, *(field for action in path for field in _NEEDED.get(action, ()))]
    if row.values.get(Field.REASON) is DeclineReason.OTHER:
        needed.append(Field.NOTE)
    for field in needed:
        if field not in row.values:
            yield _at(field, "missing", f"办理结果为“{STATE_LABELS[wanted]}”时，“{_HEADINGS[field]}”必填")


def _take(
    session: Session, one: Referral, action: ReferralAction, row: AnswerRow, caller: Caller, now: datetime, today: date
) -> None:
    values, day = row.values, row.values[Field.DAY]
    service.check_day(session, one, day, today, "/happened_on")
    note: str | None = values.get(Field.NOTE)
    match action:
        case _A.CONTACT:
            service.contact(session, one, Step(action, day, internal_note=note), caller, now)
        case _A.GRANT:
            step = Step(action, day, amount_yuan=values[Field.GRANTED], internal_note=note)
            service.grant(session, one, step, caller, now)
        case _A.DISBURSE:
            service.disburse(session, one, _loan(values, note), caller, now, today)
        case _A.DECLINE:
            step = Step(action, day, reason_code=values[Field.REASON].value, internal_note=note)
            service.decline(session, one, step, caller, now)
        case _:
            service.take(session, one, Step(action, day, internal_note=note), caller, now)


def _loan(values: Any, note: str | None) -> DisburseIn:
    return DisburseIn(
        amount_yuan=values[Field.DISBURSED],
        disbursed_on=values[Field.DAY],
        due_on=values[Field.LOAN_DUE_ON],
        rate_percent=values[Field.RATE],
        note=note,
    )


def _refusals(refusal: AppError) -> Iterator[AnswerProblem]:
    errors = refusal.errors
    if not errors:
        yield AnswerProblem(None, None, "", refusal.code, refusal.detail)
    for error in errors:
        field = _FIELDS.get(error.pointer)
        yield (
            AnswerProblem(None, None, "", error.code, error.detail)
            if field is None
            else _at(field, error.code, error.detail)
        )


def _at(field: Field, code: str, detail: str) -> AnswerProblem:
    return AnswerProblem(None, _HEADINGS[field], "", code, detail)
