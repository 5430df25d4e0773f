"""The senders' work in the database: who holds which endpoint, what is due there, and what came of it.

An endpoint is held as a whole and by one sender at a time, so the order within it needs no further care. Nothing is
locked while a request is under way: a sender holds a lease, renews it with every batch, and writes nothing once another
has taken it over. A sender that dies is followed by another when its lease runs out; what it had sent and not yet
recorded is sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.referrals.outbox_schemas import an_event
from app.referrals.webhook_requests import Answer
from app.referrals.webhook_retries import PATIENCE, asked_rest, next_try
from app.referrals.webhook_secrets import Cupboard
from app.store.bulk import insert_many
from app.store.tables import OutboxEvent, OutboxHead, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookLane
from app.store.types import new_key

TEST_KIND: Final = "cn.yinqiao.webhook.test"
# Longer than any batch takes, so that nobody takes over a lane whose sender is merely slow.
LEASE: Final = timedelta(minutes=2)
BATCH: Final = 100
# Many deliveries that fail one after another mean a receiver that is down; it is left alone for a while.
FAILURES_IN_A_ROW: Final = 3
REST: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Held:
    """An endpoint that a sender holds, and the token by which it proves that it still does."""

    endpoint_id: UUID
    token: UUID


@dataclass(frozen=True, slots=True)
class Item:
    """One delivery to be tried: the message id (the event's own, the same in every try) and the signed bytes."""

    id: UUID
    bank_id: UUID
    subject: str
    tries: int
    attempts: int
    version: int
    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What is due at one endpoint, in order, with what signs it."""

    url: str
    secrets: Sequence[str]
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one try."""

    item: Item
    at: datetime
    milliseconds: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the sender goes on with this endpoint, and what its bank has to be told (a code of `webhook_notices`)."""

    goes_on: bool
    trouble: str | None = None


def claim(session: Session, now: datetime, most: int) -> list[Held]:
    """Take up to so many endpoints where something is due; those that waited longest first.

    On PostgreSQL a row that another sender is just taking is passed over; SQLite has one writer at a time.
    """
    unheld = or_(WebhookLane.leased_until.is_(None), WebhookLane.leased_until <= now)
    rested = or_(WebhookLane.rests_until.is_(None), WebhookLane.rests_until <= now)
    query = (
        select(WebhookLane.endpoint_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookLane.endpoint_id)
        .join(OutboxHead, OutboxHead.bank_id == WebhookLane.bank_id, isouter=True)
        .where(WebhookEndpoint.disabled_at.is_(None), unheld, rested)
        .where(or_(WebhookLane.due_at <= now, WebhookLane.position < OutboxHead.number))
        .order_by(WebhookLane.served_at)
        .limit(most)
        .with_for_update(of=WebhookLane, skip_locked=True)
    )
    token = new_key()
    found = list(session.scalars(query))
    if found:
        taken = update(WebhookLane).where(WebhookLane.endpoint_id.in_(found))
        session.execute(taken.values(lease_token=token, leased_until=now + LEASE))
    return [Held(one, token) for one in found]


def open_batch(session: Session, held: Held, cupboard: Cupboard, now: datetime) -> Batch | None:
    """Renew the lease and read what is due; None where nothing is, or the endpoint is no longer ours to serve."""
    lane = _lane(session, held)
    endpoint = session.get_one(WebhookEndpoint, held.endpoint_id)
    if lane is None or endpoint.disabled_at is not None:
        return None
    lane.leased_until = now + LEASE
    _fan_out(session, lane, now)
    rows = session.execute(_due(held.endpoint_id, now)).all()
    if not rows:
        return None
    # Should this sender die, whoever comes after the lease finds that something is due.
    lane.due_at = now
    items = [_item(delivery, event) for delivery, event in rows]
    return Batch(endpoint.url, cupboard.live(endpoint, now), items)


def close_batch(session: Session, held: Held, outcomes: Sequence[Outcome], now: datetime) -> Verdict:
    """Write down what came of a batch, unless another sender holds the endpoint by now."""
    lane = _lane(session, held)
    if lane is None or not outcomes:
        return Verdict(goes_on=False)
    written = [_written(one) for one in outcomes]
    changed = update(WebhookDelivery.__table__).where(WebhookDelivery.id == bindparam("key"))  # type: ignore[arg-type]
    session.connection().execute(changed.values({name: bindparam(f"new_{name}") for name in _CHANGED}), written)
    insert_many(session, _table(WebhookAttempt), [_attempt(one) for one in outcomes])
    for one in outcomes:
        lane.failing_since = None if one.answer.is_success else lane.failing_since or one.at
    rest = _rest(outcomes)
    if rest is not None:
        lane.rests_until = now + rest
    return Verdict(rest is None, _trouble(lane, outcomes, [row["new_state"] for row in written], now))


def release(session: Session, held: Held, now: datetime) -> None:
    """Let go of an endpoint, and note when it is due again."""
    lane = _lane(session, held)
    if lane is not None:
        lane.due_at = next_due(session, held.endpoint_id)
        lane.leased_until = lane.lease_token = None
        lane.served_at = now


def next_due(session: Session, endpoint_id: UUID) -> datetime | None:
    """When the first delivery that waits for no other is to be tried."""
    earlier = aliased(WebhookDelivery)
    heads = select(func.min(WebhookDelivery.next_at)).where(
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.state == "waiting",
        ~exists().where(_before(earlier)),
    )
    return session.scalar(heads)


def _lane(session: Session, held: Held) -> WebhookLane | None:
    """The lane, locked, if the sender still holds it."""
    query = select(WebhookLane).where(WebhookLane.endpoint_id == held.endpoint_id)
    return session.scalar(query.where(WebhookLane.lease_token == held.token).with_for_update())


def _fan_out(session: Session, lane: WebhookLane, now: datetime) -> None:
    """Give the events that have come since a delivery each; in order, and some at a time."""
    query = select(OutboxEvent.id, OutboxEvent.number, OutboxEvent.subject)
    query = query.where(OutboxEvent.bank_id == lane.bank_id, OutboxEvent.number > lane.position)
    fresh = session.execute(query.order_by(OutboxEvent.number).limit(BATCH)).all()
    insert_many(session, _table(WebhookDelivery), [_fresh(lane, *row, now) for row in fresh])
    if fresh:
        lane.position = fresh[-1].number


def _fresh(lane: WebhookLane, event_id: UUID, number: int, subject: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_key(),
        "bank_id": lane.bank_id,
        "endpoint_id": lane.endpoint_id,
        "event_id": event_id,
        "number": number,
        "subject": subject,
        "state": "waiting",
        "tries": 0,
        "attempts": 0,
        "next_at": now,
        "created_at": now,
        "version": 1,
    }


def _before(earlier: Any) -> Any:
    """SQL: `earlier` waits at the same endpoint, about the same subject, and came first."""
    return (
        (earlier.endpoint_id == WebhookDelivery.endpoint_id)
        & (earlier.state == "waiting")
        & (earlier.subject == WebhookDelivery.subject)
        & (earlier.number < WebhookDelivery.number)
    )


def _due(endpoint_id: UUID, now: datetime) -> Select[WebhookDelivery, OutboxEvent]:
    """Deliveries whose time has come, and that of all before them about the same subject."""
    earlier = aliased(WebhookDelivery)
    return (
        select(WebhookDelivery, OutboxEvent)
        .join(OutboxEvent, OutboxEvent.id == WebhookDelivery.event_id, isouter=True)
        .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state == "waiting")
        .where(WebhookDelivery.next_at <= now, ~exists().where(_before(earlier), earlier.next_at > now))
        .order_by(WebhookDelivery.number, WebhookDelivery.id)
        .limit(BATCH)
    )


def _item(delivery: WebhookDelivery, event: OutboxEvent | None) -> Item:
    if event is None:
        names = {"endpoint_id": str(delivery.endpoint_id), "delivery_id": str(delivery.id)}
        told = an_event(delivery.id, TEST_KIND, delivery.subject, 0, names, delivery.created_at)
    else:
        told = an_event(event.id, event.kind, event.subject, event.number, event.data, event.at)
    return Item(
        delivery.id,
        delivery.bank_id,
        delivery.subject,
        delivery.tries,
        delivery.attempts,
        delivery.version,
        str(told.id),
        told.model_dump_json().encode(),
    )


_CHANGED: Final = ("state", "tries", "attempts", "next_at", "ended_at", "version")


def _written(outcome: Outcome) -> dict[str, Any]:
    """The delivery after a try. A receiver that is gone has it waiting, for the day when it is enabled again."""
    tries = outcome.item.tries + 1
    state, next_at = "delivered", None
    if outcome.answer.is_gone:
        state, next_at = "waiting", outcome.at
    elif not outcome.answer.is_success:
        next_at = next_try(outcome.item.id, tries, outcome.at, asked_rest(outcome.answer.retry_after, outcome.at))
        state = "dead" if next_at is None else "waiting"
    values = {"state": state, "tries": tries, "attempts": outcome.item.attempts + 1, "next_at": next_at}
    values |= {"ended_at": None if state == "waiting" else outcome.at, "version": outcome.item.version + 1}
    return {"key": outcome.item.id, **{f"new_{name}": value for name, value in values.items()}}


def _attempt(outcome: Outcome) -> dict[str, Any]:
    return {
        "delivery_id": outcome.item.id,
        "number": outcome.item.attempts + 1,
        "bank_id": outcome.item.bank_id,
        "at": outcome.at,
        "milliseconds": outcome.milliseconds,
        "status": outcome.answer.status,
        "error": outcome.answer.error,
    }


def _rest(outcomes: Sequence[Outcome]) -> timedelta | None:
    """How long to leave the receiver alone: as it asked, or a little where it took nothing of late."""
    last = outcomes[-1]
    asked = asked_rest(last.answer.retry_after, last.at)
    if asked is not None:
        return asked
    late = outcomes[-FAILURES_IN_A_ROW:]
    is_down = len(late) == FAILURES_IN_A_ROW and not any(one.answer.is_success for one in late)
    return REST if is_down else None


def _trouble(lane: WebhookLane, outcomes: Sequence[Outcome], states: Sequence[str], now: datetime) -> str | None:
    if outcomes[-1].answer.is_gone:
        return "gone"
    if lane.failing_since is not None and now - lane.failing_since >= PATIENCE:
        return "failing"
    return "dead" if "dead" in states else None


def _table(entity: type[WebhookAttempt] | type[WebhookDelivery]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise TypeError("deliveries are rows of a table")
    return table
