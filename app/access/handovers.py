"""Open work given to a colleague, deputies of people who are away, and the end of an account."""

from datetime import date, datetime
from typing import Any, Final, NoReturn
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.access.account_schemas import AbsenceIn, ClosingIn
from app.access.accounts import (
    AccountNotFound,
    check_open,
    check_other,
    end_account,
    get_account,
    locked,
    people_in_sight,
)
from app.access.caller import Caller
from app.access.handover_schemas import HandoverIn
from app.access.permissions import Permission
from app.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from app.store.pages import Key
from app.store.tables import Account, Handover, Organisation
from app.store.types import new_key

ORDER: Final = (Key(Handover.id, descending=True),)
_TO: Final = aliased(Account)


class HandoverNotFound(NotFound):
    code = "handover_not_found"
    title = "没有这份交接"


class HandoverRefused(Unprocessable):
    """The two people, or the days, do not fit."""

    code = "handover_refused"
    title = "交接内容有误"


class HandoverOverlaps(Conflict):
    """The work of somebody lies with one other person at a time."""

    code = "handover_overlaps"
    title = "交接时间重叠"


class WorkNotHandedOver(Conflict):
    """Before an account ends, somebody takes over what is open, or it is said that nothing is."""

    code = "work_not_handed_over"
    title = "工作尚未交接"


class NotOwnWork(Forbidden):
    """People give away their own work; for somebody who cannot, the system administrator does."""

    code = "not_own_work"
    title = "只能交接自己的工作"


def select_handovers(
    caller: Caller, *, user_id: UUID | None = None, on: date | None = None
) -> Select[Handover, str, str]:
    """Hand-overs of people whom the caller sees, with both names, unordered; `on` keeps those that hold on a day."""
    query = (
        select(Handover, Account.name, _TO.name)
        .join(Account, Account.id == Handover.from_account_id)
        .join(_TO, _TO.id == Handover.to_account_id)
        .join(Organisation, Organisation.id == Account.organisation_id)
    )
    of = true() if user_id is None else or_(Handover.from_account_id == user_id, Handover.to_account_id == user_id)
    holds = true() if on is None else and_(Handover.starts_on <= on, _ends_after(on))
    return query.where(people_in_sight(caller), of, holds)


def get_handover(session: Session, key: UUID, caller: Caller) -> Any:
    """One hand-over with both names. Raises HandoverNotFound."""
    row = session.execute(select_handovers(caller).where(Handover.id == key)).one_or_none()
    if row is None:
        raise HandoverNotFound(f"没有编号为 {key} 的交接")
    return row


def hand_over(session: Session, body: HandoverIn, caller: Caller, at: datetime, today: date) -> UUID:
    """Record it. Raises HandoverRefused, HandoverOverlaps, AccountClosed or NotOwnWork."""
    giver = _person(session, body.from_user_id, caller, "/from_user_id")
    check_open(giver)
    if body.starts_on < today:
        _refuse("/starts_on", "begins_too_early", f"交接从今天 {today} 或以后开始，不能补记过去")
    _check_taker(session, giver, body.to_user_id, caller, "/to_user_id")
    _check_free(session, body)
    return _write(session, body, _own(giver, caller), at)


def set_absence(session: Session, seen: Account, body: AbsenceIn, caller: Caller, today: date) -> None:
    """Say when somebody is away and who stands in. Raises HandoverRefused, AccountClosed or NotOwnWork."""
    check_open(seen)
    _own(seen, caller)
    if body.away_from is not None and body.away_to is not None and body.deputy_id is not None:
        if body.away_to <= max(body.away_from, today):
            _refuse("/away_to", "ends_before_it_begins", f"返回日须晚于离开日和今天 {today}")
        _check_taker(session, seen, body.deputy_id, caller, "/deputy_id")
    seen.away_from, seen.away_to, seen.deputy_id = body.away_from, body.away_to, body.deputy_id
    seen.version += 1


def close_account(session: Session, seen: Account, body: ClosingIn, caller: Caller, at: datetime, today: date) -> None:
    """End an account once its work is in other hands. Raises WorkNotHandedOver, OwnAccount and others."""
    check_open(seen)
    check_other(seen, caller)
    if body.hand_over_to is not None:
        given = {"from_user_id": seen.id, "to_user_id": body.hand_over_to, "starts_on": today, "reason": body.reason}
        if body.hand_over_to == seen.id:
            _refuse("/hand_over_to", "same_person", "接手人不能是本人")
        _check_taker(session, seen, body.hand_over_to, caller, "/hand_over_to")
        _write(session, HandoverIn.model_validate(given), _own(seen, caller), at)
    elif not (body.nothing_open or _is_handed_over(session, seen.id, today)):
        raise WorkNotHandedOver(
            f"请填接手{seen.name}未办结工作的人 hand_over_to；确无未办结工作的，请写 nothing_open: true"
        )
    end_account(session, seen, at)


def _person(session: Session, key: UUID, caller: Caller, pointer: str) -> Account:
    """Somebody named in a body: whom the caller does not see is refused there and not answered with 404."""
    try:
        get_account(session, key, caller)
    except AccountNotFound as error:
        _refuse(pointer, error.code, error.detail)
    return locked(session, key)


def _own(giver: Account, caller: Caller) -> UUID:
    """The account that acts. Raises NotOwnWork."""
    if caller.account_id is None or not (giver.id == caller.account_id or caller.may(Permission.WRITE_ACCOUNTS)):
        raise NotOwnWork("只能交接自己的工作；本人无法办理的，请系统管理员代为登记")
    return caller.account_id


def _check_taker(session: Session, giver: Account, key: UUID, caller: Caller, pointer: str) -> None:
    taker = _person(session, key, caller, pointer)
    if taker.id == giver.id:
        _refuse(pointer, "same_person", "接手人不能是本人")
    if taker.closed_at is not None or taker.organisation_id != giver.organisation_id:
        _refuse(pointer, "no_colleague", f"接手人须是同一单位仍在使用账号的人，{taker.name}不是")
    if not set(giver.roles) <= set(taker.roles):
        _refuse(pointer, "lacks_roles", f"{taker.name}没有{giver.name}的全部角色，请先由安全管理员授予")


def _check_free(session: Session, body: HandoverIn) -> None:
    """Nobody's work lies with two people at once, and nobody takes some over while the own is given away."""
    overlapping = and_(
        _ends_after(body.starts_on), true() if body.ends_on is None else Handover.starts_on < body.ends_on
    )
    either = Handover.from_account_id.in_((body.from_user_id, body.to_user_id))
    found = session.scalars(select(Handover).where(either, overlapping).limit(1)).first()
    if found is None:
        return
    whose = "本人的工作" if found.from_account_id == body.from_user_id else "接手人自己的工作"
    until = "长期" if found.ends_on is None else f"到 {found.ends_on}（不含）"
    raise HandoverOverlaps(f"{whose}从 {found.starts_on} 起已交给别人，{until}，请避开这段时间")


def _is_handed_over(session: Session, account_id: UUID, today: date) -> bool:
    for_good = select(Handover.id).where(
        Handover.from_account_id == account_id, Handover.ends_on.is_(None), Handover.starts_on <= today
    )
    return session.scalar(for_good.limit(1)) is not None


def _ends_after(day: date) -> ColumnElement[bool]:
    return or_(Handover.ends_on.is_(None), Handover.ends_on > day)


def _write(session: Session, body: HandoverIn, made_by: UUID, at: datetime) -> UUID:
    made = Handover(
        id=new_key(),
        from_account_id=body.from_user_id,
        to_account_id=body.to_user_id,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
        reason=body.reason,
        made_by=made_by,
        created_at=at,
    )
    session.add(made)
    session.flush()  # The answer reads it back with both names.
    return made.id


def _refuse(pointer: str, code: str, detail: str) -> NoReturn:
    raise HandoverRefused(detail, errors=(FieldError(pointer, code, detail),))
