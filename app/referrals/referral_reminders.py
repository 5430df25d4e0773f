"""Reminding banks of answers that are due; done once a day, and as often as wanted: what was sent is found sent.

One letter for all that one office has still to answer of one delivery, so that a delivery of a thousand entries fills
no inbox. What is assigned goes to the office of whoever looks after it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.access.audit.events import writing_as_service
from app.inbox.messages import Letter, Posting, send_all, unsent
from app.referrals.bank_offices import BankOffice, named, offices_of
from app.referrals.clock import STEPS, days_left, reminder_step
from app.referrals.referral_queries import UNDECIDED_STATES
from app.store.engine import Database
from app.store.tables import Account, Delivery, Referral
from app.whitelist.parameters import whole_number

# A number for PostgreSQL's advisory locks: whoever reminds, reminds alone.
_LOCK: Final = 0x79696E71_72656665


@dataclass(frozen=True, slots=True)
class Due:
    """What one office has still to answer of one delivery."""

    delivery_id: UUID
    number: str
    due_on: date
    names: Sequence[str]


def remind_banks(database: Database, day: date, at: datetime) -> int:
    """Send the reminders that are due on a day; how many. Raises NotSeeded where the parameters are missing."""
    with database.reading() as session:
        steps = tuple(whole_number(session, key, day) for key in STEPS)
        deliveries = _near(session, day, steps)
    return sum(_remind(database, delivery, day, steps, at) for delivery in deliveries)


def _near(session: Session, day: date, steps: Iterable[int]) -> list[UUID]:
    """The deliveries of which something is near its last day, or past it, and not decided."""
    soon = day + timedelta(days=max(steps))
    near = Referral.state.in_(UNDECIDED_STATES), Referral.due_on <= soon
    query = select(Referral.first_delivery_id).where(*near).distinct()
    return list(session.scalars(query.order_by(Referral.first_delivery_id)))


def _remind(database: Database, delivery_id: UUID, day: date, steps: Sequence[int], at: datetime) -> int:
    """Delivery by delivery, each in transactions of its own: whatever stops the run, what was sent stays sent."""
    with database.reading() as session:
        fresh = unsent(session, list(_postings(session, delivery_id, day, steps)))
    if not fresh:
        return 0
    with writing_as_service(database, "send_referral_reminders") as session:
        # On SQLite whoever writes is alone from the beginning of the transaction.
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        return send_all(session, unsent(session, fresh), at)


def _postings(session: Session, delivery_id: UUID, day: date, steps: Sequence[int]) -> Iterator[Posting]:
    delivery = session.get_one(Delivery, delivery_id)
    columns: tuple[Any, ...] = (Referral.name, Referral.region_code, Referral.due_on, Account.organisation_id)
    query = select(*columns).outerjoin(Account, Account.id == Referral.manager_id)
    mine = Referral.first_delivery_id == delivery_id, Referral.state.in_(UNDECIDED_STATES)
    rows = session.execute(query.where(*mine).order_by(Referral.region_code, Referral.id)).all()
    for office in offices_of(session, [delivery.bank_id]).get(delivery.bank_id, []):
        here = [row for row in rows if _concerns(row, office)]
        if here:
            due = Due(delivery.id, delivery.number, here[0].due_on, [row.name for row in here])
            letter = reminder(due, day, steps)
            if letter is not None:
                yield office.recipient, letter


def _concerns(row: Row[Any], office: BankOffice) -> bool:
    if row.organisation_id is not None:
        return bool(row.organisation_id == office.id)
    return office.covers(row.region_code)


def reminder(due: Due, today: date, steps: Iterable[int]) -> Letter | None:
    """The letter of a day, if one is due. Its key holds the last day and the step, -1 for what is past."""
    step = reminder_step(due.due_on, today, steps)
    if step is None:
        return None
    left, what = days_left(due.due_on, today), named(due.names)
    kind = "referral.overdue" if left < 0 else "referral.due"
    when = f"已于 {due.due_on} 到期" if left < 0 else f"最迟 {due.due_on} 给出结果，还有 {left} 天"
    if left == 0:
        when = f"今天（{due.due_on}）是给出结果的最后一天"
    title = "已超期" if left < 0 else "即将到期"
    return Letter(
        kind=kind,
        title=f"{title}：推送 {due.number} 有 {len(due.names)} 条未答复",
        body=f"推送 {due.number} 的 {what}{when}。请登记授信，或写明不予办理的理由。",
        subject_kind="delivery",
        subject_id=due.delivery_id,
        key=f"{kind}:{due.delivery_id}:{due.due_on}:{step}",
        due_on=due.due_on,
    )
