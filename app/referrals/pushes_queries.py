"""Reading pushes: the province reads all, a bank what was delivered to it, a branch what of that is in its region."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.referrals.pushes_selection import Selection
from app.referrals.refusals import DeliveryNotFound, PushNotFound
from app.store.pages import Key
from app.store.tables import Bank, Batch, Delivery, DeliveryItem, Push, WhitelistEntry

PUSH_ORDER: Final = (Key(Push.id, descending=True),)
ITEM_ORDER: Final = (Key(DeliveryItem.ordinal),)


class FoundDelivery(NamedTuple):
    """A delivery with its bank."""

    delivery: Delivery
    bank: str
    bank_name: str


def _mine(scope: Scope) -> ColumnElement[bool]:
    """SQL over Delivery: it is the caller's bank's, or the caller is no bank and acts for the province."""
    if scope.bank_id is not None:
        return Delivery.bank_id == scope.bank_id
    # A push is the province's; who stands below sees the follow-up in its region instead.
    return false() if scope.institution_id is not None else Delivery.id.is_not(None)


def _visible(scope: Scope) -> ColumnElement[bool]:
    """SQL over Push."""
    if scope.bank_id is not None:
        return Push.id.in_(select(Delivery.push_id).where(_mine(scope)))
    return and_(scope.regions(Push.region_code), _office(scope))


def _office(scope: Scope) -> ColumnElement[bool]:
    return false() if scope.institution_id is not None else Push.id.is_not(None)


def select_pushes(scope: Scope) -> Select[Any]:
    """Pushes with the number of their batch."""
    columns: tuple[Any, ...] = (Push, Batch.number.label("batch_number"))
    query: Select[Any] = select(*columns)
    return query.outerjoin(Batch, Batch.id == Push.batch_id).where(_visible(scope))


def get_push(session: Session, push_id: UUID, scope: Scope) -> tuple[Push, str | None]:
    """One push and the number of its batch. Raises PushNotFound."""
    row = session.execute(select_pushes(scope).where(Push.id == push_id)).one_or_none()
    if row is None:
        raise PushNotFound(f"没有编号为 {push_id} 的推送，或它没有推送给贵行")
    return row[0], row[1]


def deliveries_of(session: Session, push_ids: Collection[UUID], scope: Scope) -> dict[UUID, list[FoundDelivery]]:
    """The deliveries of some pushes that the caller may see, in their order."""
    query = select(Delivery, Bank.code, Bank.name).join(Bank, Bank.id == Delivery.bank_id)
    query = query.where(Delivery.push_id.in_(push_ids), _mine(scope))
    found: defaultdict[UUID, list[FoundDelivery]] = defaultdict(list)
    for row in session.execute(query.order_by(Delivery.push_id, Delivery.ordinal)):
        found[row[0].push_id].append(FoundDelivery(*row))
    return found


def get_delivery(session: Session, push_id: UUID, delivery_id: UUID, scope: Scope) -> FoundDelivery:
    """One delivery of a push. Raises PushNotFound or DeliveryNotFound."""
    one, _ = get_push(session, push_id, scope)
    found = [row for row in deliveries_of(session, [one.id], scope)[one.id] if row.delivery.id == delivery_id]
    if not found:
        raise DeliveryNotFound(f"推送 {one.number} 中没有编号为 {delivery_id} 的交付")
    return found[0]


def select_items(delivery: Delivery, scope: Scope) -> Select[Any]:
    """What a delivery holds, as far as it lies in the caller's region, each with the entry's present state."""
    columns: tuple[Any, ...] = (DeliveryItem, WhitelistEntry.state.label("state_now"))
    query: Select[Any] = select(*columns)
    query = query.join(WhitelistEntry, WhitelistEntry.id == DeliveryItem.entry_id)
    return query.where(DeliveryItem.delivery_id == delivery.id, scope.regions(DeliveryItem.region_code))


def earlier_deliveries(session: Session, bank_id: UUID, selection: Selection) -> list[Delivery]:
    """What this bank has got before of the same selection, the latest first; of everything, the latest alone."""
    query = select(Delivery).where(Delivery.bank_id == bank_id).order_by(Delivery.id.desc())
    if selection.batch_id is None:
        return list(session.scalars(query.limit(1)))
    held = (
        select(DeliveryItem.delivery_id)
        .join(WhitelistEntry, WhitelistEntry.id == DeliveryItem.entry_id)
        .where(WhitelistEntry.batch_id == selection.batch_id)
    )
    return list(session.scalars(query.where(Delivery.id.in_(held)).limit(_MOST_EARLIER)))


_MOST_EARLIER: Final = 20


def changes_of(session: Session, delivery_ids: Collection[UUID]) -> dict[UUID, dict[str, int]]:
    """How many lines of each kind some deliveries hold."""
    query = select(DeliveryItem.delivery_id, DeliveryItem.change, func.count())
    query = query.where(DeliveryItem.delivery_id.in_(delivery_ids))
    found: dict[UUID, dict[str, int]] = {one: {} for one in delivery_ids}
    for delivery_id, change, count in session.execute(query.group_by(DeliveryItem.delivery_id, DeliveryItem.change)):
        found[delivery_id][change] = count
    return found
