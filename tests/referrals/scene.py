"""Banks, institutions and deliveries of a test's own in the shared province, and what is asked of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
import time_machine
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.cases.select import CaseKind
from app.http.idempotency import HEADER
from app.store.tables import Bank, Referral, WhitelistEntry
from app.store.types import new_key
from tests.access.deliveries import a_delivery, a_published_batch, an_entry
from tests.access.house import a_bank
from tests.access.people import Person, colleague, somebody
from tests.access.town import HOME, Town
from tests.matching.factories import Registry

NOON: Final = datetime(2026, 11, 20, 4, tzinfo=UTC)
TODAY: Final = date(2026, 11, 20)
_SERIALS: Final = count(1)


@contextmanager
def on(day: date) -> Iterator[None]:
    """The service on a day, at noon in China."""
    with time_machine.travel(datetime(day.year, day.month, day.day, 4, tzinfo=UTC), tick=True):
        yield


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@dataclass(frozen=True)
class Lender:
    """A bank of the test's own with two managers."""

    id: UUID
    code: str
    manager: Person
    mate: Person


def a_lender(town: Town) -> Lender:
    with town.house.owner.writing() as session:
        bank: Bank = a_bank(session, f"xugou-lender-{next(_SERIALS)}")
        manager = somebody(session, Role.BANK, bank_id=bank.id)
        return Lender(bank.id, bank.code, manager, colleague(session, manager, Role.BANK))


@dataclass(frozen=True)
class Borrower:
    """An institution on the list, with somebody who acts for it."""

    id: UUID
    entry_id: UUID
    person: Person
    region: str


def a_registry(session: Session) -> Registry:
    """One whose provisional numbers, which count what it has written, begin where no other does."""
    return Registry(session, {kind: [new_key()] * (1_000 + next(_SERIALS)) for kind in CaseKind})


def a_borrower(town: Town, region: str = HOME, batch_id: UUID | None = None, **facts: Any) -> Borrower:
    with town.house.owner.writing() as session:
        registry = a_registry(session)
        name = f"虚构对接养老院{next(_SERIALS)}号"
        known = {"annual_revenue_yuan": Decimal(4_000_000), "beds_total": 100, "loan_overdue": False, **facts}
        key = registry.institution(region=region, name=name, **known)
        batch = a_published_batch(session)
        entry = an_entry(session, batch, key)
        person = somebody(session, Role.INSTITUTION, region, institution_id=key)
        return Borrower(key, entry.id, person, region)


def deliver(town: Town, lender: Lender, *borrowers: Borrower, day: date = TODAY) -> list[UUID]:
    """Give a bank some entries; the ids of its follow-up."""
    with town.house.owner.writing() as session:
        entries = [session.get_one(WhitelistEntry, one.entry_id) for one in borrowers]
        return [one.id for one in a_delivery(session, lender.id, entries, day)]


def act(
    town: Town, person: Person | None, referral: UUID, action: str, body: dict[str, Any] | None = None, **more: Any
) -> httpx2.Response:
    """An action on the version that there is, unless another one is named."""
    version = more.pop("version", None)
    if version is None:
        with town.house.owner.reading() as session:
            version = session.get_one(Referral, referral).version
    headers = {HEADER: uuid4().hex, **more.pop("headers", {})}
    path = f"/referrals/{referral}/actions/{action}"
    return town.house.call(person, "POST", path, version=version, json=body or {}, headers=headers, **more)


def did(town: Town, person: Person, referral: UUID, action: str, **body: Any) -> dict[str, Any]:
    """An action that succeeds."""
    answer = act(town, person, referral, action, body)
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = answer.json()
    return written


DAY: Final = TODAY.isoformat()
BODIES: Final[dict[str, dict[str, Any]]] = {
    "contact": {"contacted_on": DAY},
    "investigate": {"began_on": DAY},
    "grant": {"amount_yuan": "5000000", "granted_on": DAY},
    "disburse": {"amount_yuan": "4000000", "disbursed_on": DAY, "due_on": "2029-11-20", "rate_percent": "3.5"},
    "decline": {"reason_code": "security", "declined_on": DAY},
}
FORWARD: Final = ("contact", "investigate", "grant", "disburse")


def brought_to(town: Town, person: Person, referral: UUID, state: str) -> dict[str, Any]:
    """Take the steps that lead to a state."""
    if state == "declined":
        return did(town, person, referral, "decline", **BODIES["decline"])
    states = ("not_contacted", "contacted", "due_diligence", "granted", "disbursed")
    for action in FORWARD[: states.index(state)]:
        did(town, person, referral, action, **BODIES[action])
    return town.house.get(person, f"/referrals/{referral}")


def letters(town: Town, person: Person, kind: str) -> list[dict[str, Any]]:
    """What somebody finds in the inbox."""
    found: list[dict[str, Any]] = town.house.get(person, "/inbox", kind=kind, page_size=200)["items"]
    return found
