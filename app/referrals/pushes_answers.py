"""From rows of pushes to answers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.referrals.pushes_queries import (
    FoundDelivery,
    changes_of,
    deliveries_of,
    earlier_deliveries,
)
from app.referrals.pushes_schemas import (
    BankPreviewOut,
    CountsOut,
    DeliveryLineOut,
    DeliveryOut,
    EarlierOut,
    ItemOut,
    PushOut,
    ReceiptOut,
)
from app.referrals.pushes_selection import CHANGE_LABELS, ListChange, Selection, count_known, count_lines
from app.referrals.pushes_service import name_of
from app.referrals.receipts import WAY_LABELS, Way, receipts_of
from app.regions import region_names
from app.store.tables import Bank, DeliveryItem, DeliveryReceipt, Push, WhitelistEntry
from app.whitelist.entry_states import STATE_LABELS, EntryState


def pushes_out(session: Session, found: Sequence[tuple[Push, str | None]], scope: Scope) -> list[PushOut]:
    """Pushes with their deliveries, read at once."""
    deliveries = deliveries_of(session, [one.id for one, _ in found], scope)
    shown = deliveries_out(session, [made for several in deliveries.values() for made in several])
    return [
        PushOut(
            id=one.id,
            number=one.number,
            batch_id=one.batch_id,
            batch_number=batch_number,
            note=one.note,
            pushed_at=one.pushed_at,
            pushed_on=one.pushed_on,
            deliveries=[shown[made.delivery.id] for made in deliveries.get(one.id, [])],
        )
        for one, batch_number in found
    ]


def deliveries_out(session: Session, found: Sequence[FoundDelivery]) -> dict[UUID, DeliveryOut]:
    """Deliveries by id, with their counts and receipts."""
    ids = [one.delivery.id for one in found]
    counts, receipts = changes_of(session, ids), receipts_of(session, ids)
    return {one.delivery.id: _delivery(one, counts, receipts) for one in found}


def _delivery(
    one: FoundDelivery, counts: Mapping[UUID, dict[str, int]], receipts: Mapping[UUID, list[DeliveryReceipt]]
) -> DeliveryOut:
    made = one.delivery
    return DeliveryOut(
        id=made.id,
        push_id=made.push_id,
        number=made.number,
        bank=one.bank,
        bank_name=one.bank_name,
        items=made.items,
        counts=counts_out(counts[made.id]),
        delivered_at=made.delivered_at,
        delivered_on=made.delivered_on,
        answer_by=made.answer_by,
        receipts=[
            ReceiptOut(way=Way(row.way), way_label=WAY_LABELS[Way(row.way)], received_at=row.received_at)
            for row in receipts[made.id]
        ],
    )


def counts_out(counts: Mapping[Any, int]) -> CountsOut:
    """Every kind of change with its number, 0 included."""
    return CountsOut(**{change.value: counts.get(change.value, 0) for change in ListChange})


def line_out(entry: WhitelistEntry, batch_number: str | None, state: str, change: str) -> DeliveryLineOut:
    """A line that would be delivered."""
    return DeliveryLineOut(**_line(entry, batch_number or "", state, change), entry_id=entry.id)


def item_out(item: DeliveryItem, state_now: str) -> ItemOut:
    """A line that was delivered."""
    return ItemOut(
        **_line(item, item.batch_number, item.state, item.change),
        entry_id=item.entry_id,
        ordinal=item.ordinal,
        state_now=EntryState(state_now),
    )


def _line(one: WhitelistEntry | DeliveryItem, batch_number: str, state: str, change: str) -> dict[str, Any]:
    return {
        "change": ListChange(change),
        "change_label": CHANGE_LABELS[ListChange(change)],
        "state": EntryState(state),
        "state_label": STATE_LABELS[EntryState(state)],
        "subject_kind": one.subject_kind,
        "institution_id": one.institution_id,
        "project_id": one.project_id,
        "name": name_of(one.printed),
        "region_code": one.region_code,
        "region_name": region_names().get(one.region_code, one.region_code),
        "batch_number": batch_number,
        "serial": one.serial,
        "valid_from": one.valid_from,
        "valid_to": one.valid_to,
        "printed": one.printed,
    }


def bank_preview(session: Session, bank: Bank, batch_id: UUID | None, scope: Scope, today: date) -> BankPreviewOut:
    """What a push would deliver to one bank."""
    selection = Selection(batch_id, today)
    counts = count_lines(session, selection, bank.id, scope)
    earlier = earlier_deliveries(session, bank.id, selection)
    receipts = receipts_of(session, [one.id for one in earlier])
    return BankPreviewOut(
        bank=bank.code,
        bank_name=bank.name,
        items=sum(counts.values()),
        counts=counts_out(counts),
        known=count_known(session, selection, bank.id, scope),
        earlier=[
            EarlierOut(
                id=one.id,
                number=one.number,
                delivered_on=one.delivered_on,
                items=one.items,
                is_received=bool(receipts[one.id]),
            )
            for one in earlier
        ],
    )
