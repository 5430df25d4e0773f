"""PostgreSQL alone, asked by the application's role without the application: who sees and writes which row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import Table, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE, bind
from app.access.scope import FULL, NOTHING, Scope
from app.store.base import Base
from app.store.engine import Database, open_database
from app.store.tables import (
    ConsentRequest,
    ConsentRequestField,
    DeliveryReceipt,
    Institution,
    Push,
    Referral,
    WhitelistEntry,
)
from tests.access.deliveries import a_delivery, a_published_batch, an_entry, became
from tests.access.house import a_bank, an_institution
from tests.access.people import somebody
from tests.databases import PostgresDatabases, settings_for

TODAY = date(2026, 11, 20)
AT = datetime(2026, 11, 1, tzinfo=UTC)
HERE, SIBLING, ELSEWHERE = "140302", "140303", "140105"
NAMES = (
    *("push", "delivery", "delivery_item", "delivery_receipt", "referral", "referral_step"),
    *("consent_request", "consent_request_field"),
)
TABLES = {name: Base.metadata.tables[name] for name in NAMES}


@dataclass(frozen=True)
class Land:
    """Two banks that got an entry in each of three counties, and asked each institution for a consent."""

    web: Database
    owner: Database
    one: UUID
    other: UUID
    institutions: dict[str, UUID]


@pytest.fixture(scope="module")
def land(postgresql: PostgresDatabases) -> Iterator[Land]:
    url = postgresql.create()
    owner, web = open_database(settings_for(url)), open_database(settings_for(url), APP_ROLE)
    with owner.writing() as session:
        one, other = a_bank(session, "xugou-one").id, a_bank(session, "xugou-other").id
        batch = a_published_batch(session)
        owners = {region: an_institution(session, region).id for region in (HERE, SIBLING, ELSEWHERE)}
        entries = [an_entry(session, batch, key) for key in owners.values()]
        for bank in (one, other):
            person = somebody(session, Role.BANK, bank_id=bank).account_id
            (first, *_) = a_delivery(session, bank, entries)
            receipt = {"way": "confirmed", "account_id": person, "received_at": AT}
            session.add(DeliveryReceipt(delivery_id=first.first_delivery_id, **receipt))
            for region, key in owners.items():
                asked_for(session, region, key, bank, person)
    yield Land(web, owner, one, other, owners)
    web.dispose()
    owner.dispose()
    postgresql.drop(url)


def asked_for(session: Session, region: str, institution: UUID, bank: UUID, person: UUID) -> None:
    request = ConsentRequest(
        region_code=region,
        institution_id=institution,
        bank_id=bank,
        purpose="matching",
        valid_from=TODAY,
        valid_to=date(2027, 1, 1),
        reason="虚构",
        requested_by=person,
        requested_at=AT,
    )
    session.add(request)
    session.flush()
    session.add(ConsentRequestField(request_id=request.id, fact="institution.annual_revenue_yuan"))


def scopes(land: Land) -> dict[str, Scope]:
    return {
        "county": Scope(HERE),
        "city": Scope("1403"),
        "province": Scope("14"),
        "everything": FULL,
        "nobody": NOTHING,
        "institution": Scope("", land.institutions[HERE]),
        "bank": Scope("14", None, land.one, TODAY),
        "branch": Scope(HERE, None, land.one, TODAY),
    }


# Rows of two banks in three counties: pushes, deliveries and receipts one for a bank, the rest one for each county.
SEEN = {
    "county": (0, 0, 0, 0, 2, 2, 2, 2),
    "city": (0, 0, 0, 0, 4, 4, 4, 4),
    "province": (2, 2, 6, 2, 6, 6, 6, 6),
    "everything": (2, 2, 6, 2, 6, 6, 6, 6),
    "nobody": (0, 0, 0, 0, 0, 0, 0, 0),
    "institution": (0, 0, 0, 0, 2, 2, 2, 2),
    "bank": (1, 1, 3, 1, 3, 3, 3, 3),
    "branch": (1, 1, 1, 1, 1, 1, 1, 1),
}


def rows(session: Session, table: Table) -> int:
    return len(session.execute(select(*table.primary_key.columns)).all())


@pytest.mark.parametrize("who", SEEN)
def test_a_row_is_seen_by_exactly_those_whom_it_concerns(land: Land, who: str) -> None:
    with land.web.reading() as session:
        bind(session, scopes(land)[who])
        assert tuple(rows(session, table) for table in TABLES.values()) == SEEN[who]
        if who in {"bank", "branch"}:
            assert set(session.scalars(select(Referral.bank_id))) == {land.one}


def test_a_transaction_that_was_not_bound_sees_nothing(land: Land) -> None:
    with land.web.reading() as session:
        assert [rows(session, table) for table in TABLES.values()] == [0] * len(TABLES)


def attempt(land: Land, who: str, act: Callable[[Session], object]) -> None:
    with land.web.writing() as session:
        bind(session, scopes(land)[who])
        act(session)


@pytest.mark.parametrize("who", ["county", "institution", "bank"])
def test_only_the_province_pushes(land: Land, who: str) -> None:
    with land.owner.reading() as session:
        known = session.execute(select(Push.pushed_by, Push.organisation_id)).first()
    assert known is not None
    values = (
        "INSERT INTO push (id, region_code, number, year, ordinal, pushed_by, organisation_id, pushed_at, pushed_on) "
        "VALUES (gen_random_uuid(), '140000', 'x', 1, 1, :person, :office, now(), '2026-11-20')"
    )
    with pytest.raises(ProgrammingError, match="row-level security"):
        attempt(land, who, lambda session: session.execute(text(values), {"person": known[0], "office": known[1]}))


@pytest.mark.parametrize("who", ["county", "institution", "branch"])
def test_nobody_changes_the_follow_up_of_a_bank_but_the_bank(land: Land, who: str) -> None:
    table = TABLES["referral"]
    foreign = land.other
    with land.web.writing() as session:
        bind(session, scopes(land)[who])
        changed = session.execute(update(table).where(table.c.bank_id == foreign).values(name="改"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]


def test_the_role_changes_nothing_of_what_was_delivered(land: Land) -> None:
    asks = "SELECT has_table_privilege(:role, :table, :right)"
    with land.owner.reading() as session:
        for table in ("push", "delivery", "delivery_item", "delivery_receipt", "referral_step", "referral_transition"):
            for right in ("UPDATE", "DELETE", "TRUNCATE"):
                assert not session.scalar(text(asks), {"role": APP_ROLE, "table": table, "right": right}), table


def test_a_bank_reaches_what_was_delivered_and_still_stands_or_has_its_credit(land: Land) -> None:
    def reached() -> set[UUID]:
        with land.web.reading() as session:
            bind(session, scopes(land)["bank"])
            return set(session.scalars(select(Institution.id)))

    def entry_of(session: Session, region: str) -> WhitelistEntry:
        mine = WhitelistEntry.institution_id == land.institutions[region]
        return session.scalars(select(WhitelistEntry).where(mine)).one()

    everybody = set(land.institutions.values())
    assert reached() == everybody
    with land.owner.writing() as session:
        became(session, entry_of(session, SIBLING), "suspend", "suspended")
        # The last day has passed, although nobody has marked it yet.
        entry_of(session, ELSEWHERE).valid_to = TODAY
    assert reached() == {land.institutions[HERE]}
    with land.owner.writing() as session:
        became(session, entry_of(session, SIBLING), "reinstate", "listed")
    assert reached() == {land.institutions[HERE], land.institutions[SIBLING]}
