"""A push: for each bank an immutable, numbered delivery, and with it the follow-up, the messages and the events.

Whoever pushes holds the year's counter until the commit, so pushes come one after the other: none delivers a second
time what the one before has just delivered.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Table, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import require_province
from app.errors import FieldError, Forbidden
from app.inbox.messages import Letter, Posting, send_all
from app.referrals.bank_offices import BankOffice, offices_of
from app.referrals.clock import ANSWER_DAYS, last_day
from app.referrals.outbox import Notice, append_all
from app.referrals.pushes_selection import LINE_ORDER, ListChange, Selection, select_lines
from app.referrals.receipts import Way, note_receipt
from app.referrals.refusals import AlreadyReceived, BatchNotPublished, NothingToDeliver, PushRefused
from app.referrals.states import NONE, ReferralAction, ReferralState
from app.regions import PROVINCE
from app.store.bulk import insert_many, update_many
from app.store.counters import take_numbers
from app.store.tables import Bank, Batch, Delivery, DeliveryItem, Push, Referral, ReferralStep, WhitelistEntry
from app.store.types import new_key
from app.whitelist.batches_queries import get_batch
from app.whitelist.parameters import whole_number

_COUNTER: Final = "push"
FIRST_STEP: Final = 1
DELIVERED: Final = "cn.yinqiao.push.delivered"
_OF_AN_ENTRY: Final = "cn.yinqiao.entry."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be pushed: a batch or, without one, all that has changed; to these banks, by code."""

    batch_id: UUID | None
    banks: Sequence[str]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class _Moment:
    """When and by whom a push is made, and until when the banks answer."""

    now: datetime
    today: date
    answer_by: date
    account_id: UUID
    organisation_id: UUID


def check_pusher(caller: Caller) -> None:
    """Raise Forbidden unless the province itself acts."""
    require_province(caller.scope, "名单由人民银行省级分行推送，请由省级分行的账号办理")


def push(session: Session, wanted: Wanted, caller: Caller, now: datetime, today: date) -> Push:
    """Deliver it to each bank. Raises BatchNotPublished, PushRefused or NothingToDeliver."""
    check_pusher(caller)
    if caller.account_id is None or caller.organisation_id is None:
        raise Forbidden("推送须由有账号的人办理")
    batch = published_batch(session, wanted.batch_id, caller)
    banks = banks_of(session, wanted.banks)
    answer_by = last_day(today, whole_number(session, ANSWER_DAYS, today))
    moment = _Moment(now, today, answer_by, caller.account_id, caller.organisation_id)
    one = _numbered(session, batch, wanted.note, moment)
    selection = Selection(wanted.batch_id, today)
    lines = {bank.id: _lines(session, selection, bank, caller) for bank in banks}
    _check_all_get_something(wanted, banks, lines)
    deliveries = _deliver(session, one, banks, lines, moment)
    offices = offices_of(session, [bank.id for bank in banks])
    letters = [
        posting for made in deliveries for posting in _letters(made, lines[made.bank_id], offices.get(made.bank_id, []))
    ]
    send_all(session, letters, now)
    # Last of all: the heads of the banks stay locked until the commit.
    append_all(session, [notice for made in deliveries for notice in _notices(made, lines[made.bank_id])], now)
    return one


def published_batch(session: Session, batch_id: UUID | None, caller: Caller) -> Batch | None:
    """The batch that is meant, if one is. Raises BatchNotFound or BatchNotPublished."""
    if batch_id is None:
        return None
    batch = get_batch(session, batch_id, caller.scope)
    if batch.number is None:
        raise BatchNotPublished(f"批次“{batch.title}”还没有发布，请待省级民政部门发布后再推送")
    return batch


def banks_of(session: Session, codes: Sequence[str], at: str = "/banks") -> list[Bank]:
    """The banks in the order in which they are named. Raises PushRefused with a pointer to each that there is not."""
    found = {bank.code: bank for bank in session.scalars(select(Bank).where(Bank.code.in_(codes)))}
    unknown = [
        FieldError(f"{at}/{place}", "bank_not_found", f"没有代码为“{code}”的银行，可查 /banks")
        for place, code in enumerate(codes)
        if code not in found
    ]
    if unknown:
        raise PushRefused(unknown[0].detail, errors=tuple(unknown))
    return [found[code] for code in dict.fromkeys(codes)]


def _numbered(session: Session, batch: Batch | None, note: str | None, moment: _Moment) -> Push:
    ordinal = take_numbers(session, _COUNTER, PROVINCE, moment.today.year)
    one = Push(
        id=new_key(),
        region_code=PROVINCE,
        number=f"晋推{moment.today.year}-{ordinal:04}",
        year=moment.today.year,
        ordinal=ordinal,
        batch_id=None if batch is None else batch.id,
        note=note,
        pushed_by=moment.account_id,
        organisation_id=moment.organisation_id,
        pushed_at=moment.now,
        pushed_on=moment.today,
    )
    session.add(one)
    # Deliveries refer to it, and no relationship tells the session in which order to write them.
    session.flush()
    return one


def _lines(session: Session, selection: Selection, bank: Bank, caller: Caller) -> Sequence[Row[Any]]:
    query = select_lines(selection, bank.id, caller.scope)
    return session.execute(query.order_by(*(key.ordered for key in LINE_ORDER))).all()


def _check_all_get_something(wanted: Wanted, banks: Sequence[Bank], lines: dict[UUID, Sequence[Row[Any]]]) -> None:
    empty = [
        FieldError(
            f"/banks/{wanted.banks.index(bank.code)}",
            "nothing_new",
            f"{bank.name}已有全部内容，没有变化，请从这次推送中去掉",
        )
        for bank in banks
        if not lines[bank.id]
    ]
    if empty:
        raise NothingToDeliver(empty[0].detail, errors=tuple(empty))


def _deliver(
    session: Session, one: Push, banks: Sequence[Bank], lines: dict[UUID, Sequence[Row[Any]]], moment: _Moment
) -> list[Delivery]:
    deliveries = [
        Delivery(
            id=new_key(),
            push_id=one.id,
            bank_id=bank.id,
            ordinal=ordinal,
            number=f"{one.number}-{ordinal:02}",
            items=len(lines[bank.id]),
            delivered_at=moment.now,
            delivered_on=moment.today,
            answer_by=moment.answer_by,
        )
        for ordinal, bank in enumerate(banks, start=1)
    ]
    session.add_all(deliveries)
    session.flush()  # As above.
    for made in deliveries:
        _write(session, made, lines[made.bank_id], moment)
    return deliveries


def _write(session: Session, made: Delivery, lines: Sequence[Row[Any]], moment: _Moment) -> None:
    items = [_item(made, line, place) for place, line in enumerate(lines, start=1)]
    insert_many(session, _table(DeliveryItem), items)
    fresh = [_referral(made, line[0]) for line in lines if line.referral_id is None]
    insert_many(session, _table(Referral), fresh)
    insert_many(session, _table(ReferralStep), [_first_step(row, moment) for row in fresh])
    told = [
        {"id": line.referral_id, "delivered_step": line[0].step, "last_delivery_id": made.id}
        for line in lines
        if line.referral_id is not None
    ]
    update_many(session, _table(Referral), "id", told)


def _item(made: Delivery, line: Row[Any], place: int) -> dict[str, Any]:
    entry: WhitelistEntry = line[0]
    return {
        "delivery_id": made.id,
        "entry_id": entry.id,
        "ordinal": place,
        "region_code": entry.region_code,
        "change": line.change,
        "state": line.state_told,
        "subject_kind": entry.subject_kind,
        "institution_id": entry.institution_id,
        "project_id": entry.project_id,
        "batch_number": line.batch_number or "",
        "serial": entry.serial,
        "valid_from": entry.valid_from,
        "valid_to": entry.valid_to,
        "event_number": entry.step,
        "printed": entry.printed,
    }


def name_of(printed: dict[str, Any]) -> str:
    """What the list calls an entry: a project with its owner."""
    owner = printed.get("owner")
    return f"{printed['name']}（{owner}）" if owner else str(printed["name"])


def _referral(made: Delivery, entry: WhitelistEntry) -> dict[str, Any]:
    return {
        "id": new_key(),
        "region_code": entry.region_code,
        "bank_id": made.bank_id,
        "entry_id": entry.id,
        "subject_kind": entry.subject_kind,
        "institution_id": entry.institution_id,
        "project_id": entry.project_id,
        "name": name_of(entry.printed),
        "first_delivery_id": made.id,
        "last_delivery_id": made.id,
        "delivered_step": entry.step,
        "delivered_on": made.delivered_on,
        "due_on": made.answer_by,
        "state": ReferralState.NOT_CONTACTED.value,
        "step": FIRST_STEP,
        "version": 1,
        "created_at": made.delivered_at,
    }


def _first_step(referral: dict[str, Any], moment: _Moment) -> dict[str, Any]:
    return {
        "referral_id": referral["id"],
        "number": FIRST_STEP,
        "action": ReferralAction.DELIVER.value,
        "from_state": NONE,
        "to_state": ReferralState.NOT_CONTACTED.value,
        "happened_on": moment.today,
        "at": moment.now,
        "account_id": moment.account_id,
        "organisation_id": moment.organisation_id,
    }


def _letters(made: Delivery, lines: Sequence[Row[Any]], offices: Sequence[BankOffice]) -> list[Posting]:
    """One letter to each office of the bank that has something of it in its region."""
    letters: list[Posting] = []
    for office in offices:
        here = [line for line in lines if office.covers(line[0].region_code)]
        if here:
            letters.append((office.recipient, _letter(made, here)))
    return letters


def _letter(made: Delivery, here: Sequence[Row[Any]]) -> Letter:
    fresh = sum(line.change == ListChange.NEW for line in here)
    answer = f"新增的请于 {made.answer_by} 前给出结果。" if fresh else ""
    return Letter(
        kind="push.delivered",
        title=f"收到白名单推送 {made.number}",
        body=f"推送 {made.number} 有贵单位辖内 {len(here)} 条，其中新增 {fresh} 条。请确认签收；{answer}"
        "名单只作推荐，由银行自主决定、自担风险。",
        subject_kind="delivery",
        subject_id=made.id,
        key=f"push.delivered:{made.id}",
        due_on=made.answer_by if fresh else None,
    )


def _notices(made: Delivery, lines: Sequence[Row[Any]]) -> list[Notice]:
    """The delivery as a whole, then each entry, whose own key keeps its changes in order."""
    whole = {"push_id": str(made.push_id), "delivery_id": str(made.id)}
    return [
        Notice(made.bank_id, DELIVERED, str(made.id), whole),
        *(
            Notice(
                made.bank_id,
                f"{_OF_AN_ENTRY}{line.change}",
                str(line[0].id),
                {**whole, "entry_id": str(line[0].id), "change": line.change},
            )
            for line in lines
        ),
    ]


def receive(session: Session, delivery: Delivery, caller: Caller, now: datetime) -> None:
    """A person of the bank confirms a delivery. Raises AlreadyReceived."""
    if caller.account_id is None or delivery.bank_id != caller.bank_id:
        raise Forbidden("签收须由收到推送的银行的账号办理")
    if not note_receipt(session, delivery.id, Way.CONFIRMED, now, caller.account_id):
        raise AlreadyReceived(f"交付 {delivery.number} 已由贵行确认签收，无需再次确认")


def _table(noun: type[DeliveryItem] | type[Referral] | type[ReferralStep]) -> Table:
    table = noun.__table__
    if not isinstance(table, Table):
        raise TypeError("these are rows of tables")
    return table
