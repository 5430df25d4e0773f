"""A history written as the rows that it would leave, and what all histories stand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.scope import Scope
from app.store.base import Base
from app.store.types import new_key
from tests.access.house import a_bank, an_institution
from tests.access.people import an_account, an_organisation
from tests.reporting.histories import AT, BANKS, FIRST, REGIONS, Entry, Money, Talk

META: Final = Base.metadata.tables


@dataclass(frozen=True)
class Ground:
    """What all histories stand on: banks, an institution for each region, people, a batch and a push."""

    banks: dict[str, UUID]
    institutions: dict[str, UUID]
    account: UUID
    office: UUID
    batch: UUID

    def scopes(self) -> dict[str, Scope]:
        bank = self.banks[BANKS[0]]
        return {
            "whole": Scope("", is_whole=True),
            "city": Scope("1403"),
            "county": Scope("140302"),
            "bank": Scope("14", None, bank, FIRST),
            "branch": Scope("1403", None, bank, FIRST),
        }


def the_ground(session: Session) -> Ground:
    office = an_organisation(session)
    maker, checker = (an_account(session, office, Role.CIVIL_AFFAIRS).id for _ in range(2))
    batch = new_key()
    published = {"published_at": AT, "published_on": FIRST, "published_by": checker, "document_number": "虚构发1号"}
    announced = {"notice_from": FIRST - timedelta(days=9), "notice_to": FIRST - timedelta(days=2)}
    numbered = {"number": "虚构批次", "year": 2000, "ordinal": 1, "title": "虚构批次", "state": "published"}
    session.execute(
        insert(META["batch"]).values(
            id=batch,
            region_code="140000",
            drafted_by=maker,
            version=1,
            created_at=AT,
            **numbered,
            **published,
            **announced,
        )
    )
    return Ground(
        banks={code: a_bank(session, code).id for code in BANKS},
        institutions={region: an_institution(session, region).id for region in REGIONS},
        account=maker,
        office=office.id,
        batch=batch,
    )


def write(session: Session, ground: Ground, history: Sequence[Entry]) -> None:
    """The rows of a history. It is rolled back, so that nobody asks for the steps behind its states."""
    for serial, entry in enumerate(history, start=1):
        owner = ground.institutions[entry.region]
        project = _project(session, entry, owner) if entry.is_project else None
        key = _entry(session, ground, entry, serial, owner, project)
        for talk in entry.talks:
            _referral(session, ground, entry, talk, key, owner, project)


def _project(session: Session, entry: Entry, owner: UUID) -> UUID:
    key = new_key()
    row = {"region_code": entry.region, "institution_id": owner, "name": "虚构项目", "version": 1, "created_at": AT}
    session.execute(insert(META["project"]).values(id=key, list_status="none", **row))
    return key


def _entry(session: Session, ground: Ground, entry: Entry, serial: int, owner: UUID, project: UUID | None) -> UUID:
    key, nomination = new_key(), new_key()
    subject = {
        "region_code": entry.region,
        "subject_kind": "project" if project else "institution",
        "institution_id": owner,
        "project_id": project,
        "version": 1,
        "created_at": AT,
    }
    session.execute(
        insert(META["nomination"]).values(
            id=nomination, number=str(nomination)[-12:], subject_id=project or owner, state="listed", step=1, **subject
        )
    )
    printed = {
        "name": f"虚构{serial}",
        "owner": None,
        "number": "虚构",
        "provisional": True,
        "region_code": entry.region,
    }
    session.execute(
        insert(META["whitelist_entry"]).values(
            id=key,
            batch_id=ground.batch,
            serial=serial,
            nomination_id=nomination,
            kinds=entry.kinds,
            printed=printed | {"city": "虚构市", "county": "虚构县", "kind": "—", "beds": None},
            search_key="",
            state="expired",
            step=2,
            valid_from=entry.listed,
            valid_to=entry.listed + timedelta(days=365),
            **subject,
        )
    )
    for number, action, state in ((1, "list", "listed"), (2, "expire", "expired")):
        _event(session, ground, entry, key, serial, number, action, state)
    return key


def _event(
    session: Session, ground: Ground, entry: Entry, key: UUID, serial: int, number: int, action: str, state: str
) -> None:
    """The first event lists it; the second must not be counted."""
    first = number == 1
    session.execute(
        insert(META["whitelist_event"]).values(
            entry_id=key,
            number=number,
            previous=None if first else 1,
            previous_account_id=None if first else ground.account,
            action=action,
            from_state="none" if first else "listed",
            to_state=state,
            effective_on=entry.listed + timedelta(days=31 * (number - 1)),
            at=AT,
            account_id=ground.account if first else None,
            document_number="虚构发1号" if first else None,
            valid_to=entry.listed + timedelta(days=365),
            sequence=serial * 2 + number,
        )
    )


def _delivery(session: Session, ground: Ground, talk: Talk) -> UUID:
    push, delivery = new_key(), new_key()
    number = str(push)[-12:]
    session.execute(
        insert(META["push"]).values(
            id=push,
            region_code="140000",
            number=number,
            year=2000,
            ordinal=push.int % 2**31,
            pushed_by=ground.account,
            organisation_id=ground.office,
            pushed_at=AT,
            pushed_on=talk.delivered,
        )
    )
    session.execute(
        insert(META["delivery"]).values(
            id=delivery,
            push_id=push,
            bank_id=ground.banks[talk.bank],
            ordinal=1,
            number=number,
            items=1,
            delivered_at=AT,
            delivered_on=talk.delivered,
            answer_by=talk.delivered,
        )
    )
    return delivery


def _referral(
    session: Session, ground: Ground, entry: Entry, talk: Talk, key: UUID, owner: UUID, project: UUID | None
) -> None:
    delivery = _delivery(session, ground, talk)
    money = talk.money
    loan = None if money is None else _loan(session, entry, owner, money)
    session.execute(
        insert(META["referral"]).values(
            id=new_key(),
            region_code=entry.region,
            bank_id=ground.banks[talk.bank],
            entry_id=key,
            subject_kind="project" if project else "institution",
            institution_id=owner,
            project_id=project,
            name="虚构",
            first_delivery_id=delivery,
            last_delivery_id=delivery,
            delivered_step=1,
            delivered_on=talk.delivered,
            due_on=talk.delivered,
            state=_state(talk),
            step=1,
            contacted_on=talk.contacted,
            granted_yuan=talk.granted_yuan,
            granted_on=talk.granted,
            disbursed_yuan=money and money.yuan,
            disbursed_on=money and money.on,
            rate_percent=money and money.rate,
            loan_id=loan,
            declined_on=talk.declined,
            reason_code="other" if talk.declined else None,
            subsidy_programme="xugou" if money and money.subsidy is not None else None,
            subsidy_yuan=money and money.subsidy,
            version=1,
            created_at=AT,
        )
    )


def _state(talk: Talk) -> str:
    if talk.declined is not None:
        return "declined"
    if talk.money is not None:
        return "disbursed"
    if talk.granted is not None:
        return "granted"
    return "not_contacted" if talk.contacted is None else "contacted"


def _loan(session: Session, entry: Entry, owner: UUID, money: Money) -> UUID:
    """A loan with an older record, which must not be counted, and the newest."""
    key = new_key()
    header = {"region_code": entry.region, "institution_id": owner, "lender": "虚构", "version": 1, "created_at": AT}
    session.execute(insert(META["loan"]).values(id=key, **header))
    sets = {"checked": (), "registry": ()}
    for since, until, balance in (
        (AT, AT + timedelta(days=1), Decimal(777)),
        (AT + timedelta(days=1), None, money.balance),
    ):
        session.execute(
            insert(META["loan_version"]).values(
                loan_id=key, recorded_from=since, recorded_to=until, balance_yuan=balance, **sets
            )
        )
    return key
