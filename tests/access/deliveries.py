"""Entries of the list as rows, and their delivery to banks, for tests of what a bank reaches by it.

delivered(session, (bank,), [institution])                     # they stand on the list and the bank has them
entry = an_entry(session, a_published_batch(session), institution)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.store.tables import (
    Batch,
    Delivery,
    DeliveryItem,
    Institution,
    Project,
    Push,
    Referral,
    ReferralStep,
    WhitelistEntry,
    WhitelistEvent,
)
from app.store.types import new_key
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.states import Action, Level
from tests.access.people import PROVINCE, an_account, an_organisation

AT: Final = datetime(2026, 1, 5, 1, tzinfo=UTC)
DELIVERED_ON: Final = date(2026, 1, 5)
DAYS: Final = 30
_SERIALS: Final = count(1)
_PRINTED: Final = {
    "owner": None,
    "provisional": False,
    "city": "虚构市",
    "county": "虚构县",
    "kind": "养老院",
    "beds": 120,
}


@dataclass(frozen=True)
class Keepers:
    """Two people of the province's bureau, one of whom checks the other."""

    office: UUID
    maker: UUID
    checker: UUID


def keepers(session: Session) -> Keepers:
    office = an_organisation(session)
    maker, checker = (an_account(session, office, Role.CIVIL_AFFAIRS).id for _ in range(2))
    return Keepers(office.id, maker, checker)


def a_published_batch(session: Session, by: Keepers | None = None) -> Batch:
    """A batch that was published on the day of the deliveries."""
    by, serial = by or keepers(session), next(_SERIALS)
    batch = Batch(
        region_code=PROVINCE,
        title=f"虚构批次{serial}",
        state="published",
        notice_from=DELIVERED_ON - timedelta(days=9),
        notice_to=DELIVERED_ON - timedelta(days=2),
        number=f"虚构〔2026〕第{serial}批",
        year=2000,
        ordinal=serial,
        document_number=f"虚构发〔2026〕{serial}号",
        published_at=AT,
        published_on=DELIVERED_ON,
        published_by=by.checker,
        drafted_by=by.maker,
        created_at=AT,
    )
    session.add(batch)
    session.flush()
    return batch


def an_entry(
    session: Session,
    batch: Batch,
    institution_id: UUID,
    project_id: UUID | None = None,
    valid_to: date = date(2099, 1, 1),
) -> WhitelistEntry:
    """Listed in a batch. The nomination behind it was withdrawn, so that another one may be made."""
    owner, serial = session.get_one(Institution, institution_id), next(_SERIALS)
    project = None if project_id is None else session.get_one(Project, project_id)
    subject = owner if project is None else project
    by = _nominator(session)
    new = NewNomination(f"晋荐虚构-{serial:05}", subject.region_code, owner.id, project_id)
    nomination = begin(session, new, by, AT)
    move(session, nomination, Action.WITHDRAW, by, AT)
    entry = WhitelistEntry(
        id=new_key(),
        region_code=subject.region_code,
        batch_id=batch.id,
        serial=serial,
        nomination_id=nomination.id,
        subject_kind="institution" if project is None else "project",
        institution_id=owner.id,
        project_id=project_id,
        printed=_PRINTED | {"name": subject.name, "number": f"虚构{serial}", "region_code": subject.region_code},
        search_key=subject.name,
        state="listed",
        step=1,
        valid_from=DELIVERED_ON,
        valid_to=valid_to,
        created_at=AT,
    )
    session.add(entry)
    session.flush()
    _event(session, entry, 1, "list", "none", by.account_id)
    return entry


def _nominator(session: Session) -> Actor:
    office = an_organisation(session)
    return Actor(an_account(session, office, Role.CIVIL_AFFAIRS).id, office.id, Level.APPLICANT)


def _event(
    session: Session, entry: WhitelistEntry, number: int, action: str, before: str, account: UUID | None
) -> None:
    last = None if number == 1 else session.get_one(WhitelistEvent, (entry.id, number - 1))
    session.add(
        WhitelistEvent(
            entry_id=entry.id,
            number=number,
            previous=None if last is None else number - 1,
            previous_account_id=None if last is None else last.account_id,
            action=action,
            from_state=before,
            to_state=entry.state,
            effective_on=DELIVERED_ON,
            at=AT,
            account_id=account,
            document_number=None if action == "expire" else "虚构发〔2026〕1号",
            valid_to=entry.valid_to,
            sequence=1_000_000 + next(_SERIALS),
        )
    )
    session.flush()


def became(session: Session, entry: WhitelistEntry, action: str, state: str, valid_to: date | None = None) -> None:
    """The next event of an entry, by somebody new."""
    before = entry.state
    entry.state, entry.step, entry.version = state, entry.step + 1, entry.version + 1
    entry.valid_to = valid_to or entry.valid_to
    session.flush()
    account = None if action == "expire" else _nominator(session).account_id
    _event(session, entry, entry.step, action, before, account)


def a_delivery(
    session: Session, bank_id: UUID, entries: Sequence[WhitelistEntry], on: date = DELIVERED_ON, days: int = DAYS
) -> list[Referral]:
    """A push to one bank with what it makes, as rows."""
    by, serial = keepers(session), next(_SERIALS)
    push = Push(
        region_code=PROVINCE,
        number=f"虚构推-{serial:05}",
        year=2000,
        ordinal=serial,
        pushed_by=by.maker,
        organisation_id=by.office,
        pushed_at=AT,
        pushed_on=on,
    )
    session.add(push)
    session.flush()
    due_on = on + timedelta(days=days)
    delivery = Delivery(
        push_id=push.id,
        bank_id=bank_id,
        ordinal=1,
        number=f"{push.number}-01",
        items=len(entries),
        delivered_at=AT,
        delivered_on=on,
        answer_by=due_on,
    )
    session.add(delivery)
    session.flush()
    referrals = [_referral(delivery, entry, due_on) for entry in entries]
    session.add_all([_item(delivery, entry, place) for place, entry in enumerate(entries, start=1)])
    session.add_all(referrals)
    session.flush()
    session.add_all(_first_step(one, by, on) for one in referrals)
    session.flush()
    return referrals


def _item(delivery: Delivery, entry: WhitelistEntry, place: int) -> DeliveryItem:
    return DeliveryItem(
        delivery_id=delivery.id,
        entry_id=entry.id,
        ordinal=place,
        region_code=entry.region_code,
        change="new",
        state="listed",
        subject_kind=entry.subject_kind,
        institution_id=entry.institution_id,
        project_id=entry.project_id,
        batch_number="虚构批次",
        serial=entry.serial,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        event_number=entry.step,
        printed=entry.printed,
    )


def _referral(delivery: Delivery, entry: WhitelistEntry, due_on: date) -> Referral:
    return Referral(
        id=new_key(),
        region_code=entry.region_code,
        bank_id=delivery.bank_id,
        entry_id=entry.id,
        subject_kind=entry.subject_kind,
        institution_id=entry.institution_id,
        project_id=entry.project_id,
        name=entry.printed["name"],
        first_delivery_id=delivery.id,
        last_delivery_id=delivery.id,
        delivered_step=entry.step,
        delivered_on=delivery.delivered_on,
        due_on=due_on,
        state="not_contacted",
        step=1,
        created_at=AT,
    )


def _first_step(one: Referral, by: Keepers, on: date) -> ReferralStep:
    return ReferralStep(
        referral_id=one.id,
        number=1,
        action="deliver",
        from_state="none",
        to_state="not_contacted",
        happened_on=on,
        at=AT,
        account_id=by.maker,
        organisation_id=by.office,
    )


def delivered(
    session: Session, banks: Iterable[UUID], institutions: Iterable[UUID], on: date = DELIVERED_ON
) -> dict[UUID, list[Referral]]:
    """Institutions on the list, delivered to some banks; the follow-up of each bank in the order given."""
    batch = a_published_batch(session)
    entries = [an_entry(session, batch, one) for one in institutions]
    return {bank: a_delivery(session, bank, entries, on) for bank in banks}


def deliver_places(connection: Connection, institution_id: UUID, banks: Iterable[UUID]) -> None:
    """The same for an institution that was written without a session."""
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        delivered(session, banks, [institution_id])
        session.commit()
