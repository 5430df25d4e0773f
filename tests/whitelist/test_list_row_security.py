"""PostgreSQL alone, asked by the application's role: who sees which rows of batches, objections and the list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Delete, Update, func, select, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE, bind
from app.access.scope import NOTHING, Scope
from app.config import PROJECT_ROOT
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.base import Base
from app.store.engine import Database, open_database
from app.store.tables import Batch, WhitelistEntry
from app.whitelist import batches_service
from app.whitelist.entries_service import Act, act_on
from app.whitelist.entry_states import EntryAction
from app.whitelist.objections import object_to
from app.whitelist.seeds import load_whitelist
from tests.access.deliveries import a_delivery
from tests.access.house import a_bank
from tests.access.people import an_account, an_organisation
from tests.databases import PostgresDatabases, settings_for
from tests.seeded import SEEDED_AT
from tests.whitelist.desk import DAY, Reviewers, an_institution, at
from tests.whitelist.listing import announce, clerk, put_on_the_list

HERE, THERE = "140105", "140302"


@dataclass(frozen=True)
class Listed:
    """A draft, a batch on notice with an objection, and three entries: two here, one of them suspended, one there."""

    served: Database
    own: UUID
    bank: UUID


@pytest.fixture(scope="module")
def listed(postgresql: PostgresDatabases, seeds: Seeds) -> Iterator[Listed]:
    url = postgresql.create()
    owner, served = (open_database(settings_for(url), role) for role in (None, APP_ROLE))
    with owner.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
        load_whitelist(session, PROJECT_ROOT / "seed")
        own, bank = write(session)
    yield Listed(served, own, bank)
    served.dispose()
    owner.dispose()
    postgresql.drop(url)


def write(session: Session) -> tuple[UUID, UUID]:
    office = an_organisation(session, region="140000")
    maker, checker = (clerk(an_account(session, office, Role.CIVIL_AFFAIRS).id, office.id) for _ in range(2))
    reviewers = Reviewers.made(session)

    def approved(region: str) -> tuple[UUID, UUID]:
        owner = an_institution(session, region, None)
        return reviewers.approve(session, owner, region, None, at(DAY)), owner

    (first, own), (second, _), (third, _), (fourth, _) = map(approved, (HERE, HERE, THERE, HERE))
    entries = [put_on_the_list(session, first, maker, checker, DAY)]
    suspended = put_on_the_list(session, second, maker, checker, DAY)
    entries += [suspended, put_on_the_list(session, third, maker, checker, DAY)]
    act = Act(EntryAction.SUSPEND, "risk_reported", "虚构文号")
    act_on(session, suspended.id, act, '"1"', maker, at(DAY), DAY)
    announce(session, fourth, maker, DAY)
    object_to(session, fourth, "虚构的李先生", "虚构的理由", maker, at(DAY), DAY)
    batches_service.draft(session, "虚构草稿", [], maker, at(DAY))
    bank = a_bank(session).id
    a_delivery(session, bank, entries)
    return own, bank


def seen(listed: Listed, scope: Scope) -> dict[str, int]:
    tables = ("batch", "batch_row", "objection", "whitelist_entry", "entry_snapshot", "whitelist_event")
    with listed.served.reading() as session:
        bind(session, scope)
        counts = (select(func.count()).select_from(Base.metadata.tables[table]) for table in tables)
        return {table: session.scalar(count) or 0 for table, count in zip(tables, counts, strict=True)}


def counted(batch: int, row: int, objection: int, entry: int, snapshot: int, event: int) -> dict[str, int]:
    return {
        "batch": batch,
        "batch_row": row,
        "objection": objection,
        "whitelist_entry": entry,
        "entry_snapshot": snapshot,
        "whitelist_event": event,
    }


def test_offices_see_their_region_and_everybody_what_is_published(listed: Listed) -> None:
    own = Scope("", listed.own)
    bank = Scope("14", None, listed.bank, date(2026, 11, 21))
    # All three were pushed to the bank. It reaches the two that are listed; the third was, and its events and line are
    # told, not its facts.
    assert {
        "province": seen(listed, Scope("14")),
        "county": seen(listed, Scope(HERE)),
        "elsewhere": seen(listed, Scope("140902")),
        "own": seen(listed, own),
        "bank": seen(listed, bank),
        "nobody": seen(listed, NOTHING),
    } == {
        "province": counted(5, 4, 1, 3, 3, 4),
        "county": counted(4, 3, 1, 3, 2, 4),
        "elsewhere": counted(4, 0, 0, 2, 0, 2),
        "own": counted(4, 0, 0, 2, 1, 2),
        "bank": counted(4, 0, 0, 3, 2, 4),
        "nobody": counted(4, 0, 0, 2, 0, 2),
    }


@pytest.mark.parametrize("scope", [Scope(HERE), Scope("1401"), NOTHING], ids=["county", "city", "nobody"])
def test_only_the_province_changes_anything(listed: Listed, scope: Scope) -> None:
    with listed.served.writing() as session:
        bind(session, scope)
        for table, values in ((Batch, {"title": "改"}), (WhitelistEntry, {"valid_to": DAY + timedelta(days=9)})):
            changed = update(table).values(**values).returning(table.id)
            assert session.execute(changed).all() == []


EVENTS = Base.metadata.tables["whitelist_event"]
ENTRIES = Base.metadata.tables["whitelist_entry"]


@pytest.mark.parametrize("statement", [EVENTS.delete(), EVENTS.update().values(note="改"), ENTRIES.delete()], ids=str)
def test_nothing_is_deleted_and_events_are_not_changed(listed: Listed, statement: Delete | Update) -> None:
    with listed.served.writing() as session:
        bind(session, Scope("14"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(statement)
        session.rollback()
