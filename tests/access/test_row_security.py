"""PostgreSQL alone, asked by the application's role without the application: who sees which row of every table."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, Table, func, insert, select, text, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.row_security import APP_ROLE, bind
from app.access.scope import FULL, NOTHING, Scope
from app.regions import regions
from app.store.engine import Database, make_engine, open_database
from app.store.types import new_key
from tests.access.places import (
    AT,
    COUNTY,
    ELSEWHERE,
    META,
    OWN,
    PLACES,
    SCOPES,
    SIBLING,
    TODAY,
    Place,
    write_banks,
    write_place,
)
from tests.databases import PostgresDatabases, settings_for

# Tables whose rows everybody's transaction may read: what is published, and what access itself needs before it knows
# who calls. Over people and keys the query layer decides.
OPEN = {
    *("alembic_version", "bank", "clause", "clause_text", "counter", "department", "parameter_value"),
    *("policy_document", "product", "programme", "programme_draft", "programme_version", "rate_point", "rate_series"),
    *("relending_lender", "relending_list", "nomination_transition", "whitelist_reason", "whitelist_rule"),
    *("entry_transition",),
    *("account", "api_key", "audit_head", "audit_seal", "failed_sign_in", "handover", "idempotent_answer"),
    *("institution_code", "organisation", "password_history", "pending_oidc", "sign_in_session"),
    *("outbox_head", "referral_transition"),
}
# What belongs to a bank and to nobody else; tests/referrals asks for it by way of the service.
OF_A_BANK = {"outbox_event", "webhook_endpoint", "webhook_lane", "webhook_delivery", "webhook_attempt"}
# What a push gave to whom, and what became of it; tests/referrals/test_row_security.py asks who sees and writes it.
FOLLOW_UP = {
    *("push", "delivery", "delivery_item", "delivery_receipt", "referral", "referral_step"),
    *("consent_request", "consent_request_field"),
}
SECURED = {
    *("institution", "institution_version", "search_gram", "project", "project_version", "need", "need_version"),
    *("loan", "loan_version", "assessment", "attestation", "attachment", "consent", "consent_field"),
    *("product", "product_version", "audit_event"),
    *("import_job", "import_row", "operation", "message"),
    *OF_A_BANK,
    *FOLLOW_UP,
}
# Seen by offices of the region; tests/institutions/imports/test_row_security.py asks who does.
IMPORTS = {"import_job", "import_row", "operation"}
# Seen by their recipient alone; tests/inbox/test_row_security.py asks who does.
MESSAGES = {"message"}
# Seen by offices of the region and by the institution; tests/whitelist/test_row_security.py asks who does.
NOMINATIONS = {"nomination", "nomination_actor", "nomination_step"}
# Published for everybody, drafted by the province alone; tests/whitelist/test_list_row_security.py asks who sees what.
THE_LIST = {"batch", "batch_row", "objection", "whitelist_entry", "entry_snapshot", "whitelist_event"}
SECURED |= NOMINATIONS | THE_LIST
KEPT_FOR_EVER = {"audit_event", "audit_seal"}


def is_here(scope: Scope, region: str) -> bool:
    return not scope.sees_nothing and region.startswith(scope.region_prefix)


def is_reached(scope: Scope, place: Place) -> bool:
    """The scope in plain Python, by place: own, and within the bank's reach."""
    if scope.institution_id not in {None, place.id}:
        return False
    lives = place.consents_to == scope.bank_id and not place.withdrawn and place.until > TODAY
    return scope.bank_id is None or place.listed or place.project_listed or lives


def sees_institution(scope: Scope, place: Place) -> bool:
    built_here = place.project_region is not None and is_here(scope, place.project_region)
    return (is_here(scope, place.region) or built_here) and is_reached(scope, place)


def sees_project(scope: Scope, place: Place) -> bool:
    return place.project_region is not None and is_here(scope, place.project_region) and is_reached(scope, place)


def sees_local(scope: Scope, place: Place) -> bool:
    return is_here(scope, place.region) and is_reached(scope, place)


def sees_consent(scope: Scope, place: Place) -> bool:
    given = place.consents_to is not None
    return given and sees_local(scope, place) and scope.bank_id in {None, place.consents_to}


SEES = {
    "institution": sees_institution,
    "institution_version": sees_institution,
    "search_gram": sees_institution,
    "attestation": sees_institution,
    "attachment": sees_institution,
    "project": sees_project,
    "project_version": sees_project,
    "need": sees_local,
    "need_version": sees_local,
    "loan": sees_local,
    "loan_version": sees_local,
    "assessment": sees_local,
    "consent": sees_consent,
    "consent_field": sees_consent,
}


@pytest.fixture(scope="module")
def url(postgresql: PostgresDatabases) -> Iterator[str]:
    """A database with one row of everything for each place, written as its owner."""
    made = postgresql.create()
    engine = make_engine(settings_for(made))
    with engine.begin() as connection:
        write_banks(connection)
        for place in PLACES:
            write_place(connection, place)
    engine.dispose()
    yield made
    postgresql.drop(made)


@pytest.fixture(scope="module")
def owner(url: str) -> Iterator[Engine]:
    engine = make_engine(settings_for(url))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def web(url: str) -> Iterator[Database]:
    """The database as the web process opens it, with a pool of one: every transaction re-uses its connection."""
    database = open_database(settings_for(url, pool_size=1, worker_threads=1), APP_ROLE)
    yield database
    database.dispose()


def institutions_behind(session: Session, table: Table) -> list[UUID]:
    """Whose rows of a table a transaction sees, by institution, told by keys that were read as the owner."""
    return list(session.scalars(select(next(iter(table.primary_key.columns)))))


def owners_of(owner: Engine, table: Table) -> dict[UUID, UUID]:
    """To which institution each row of a table belongs, found along its foreign keys."""
    key, source = next(iter(table.primary_key.columns)), table
    if table.name == "institution":
        return {place.id: place.id for place in PLACES}
    query = select(key)
    while "institution_id" not in source.c:
        (step,) = [
            one for one in source.foreign_keys if one.column.table.name in {"project", "need", "loan", "consent"}
        ]
        query = query.join(step.column.table, step.parent == step.column)
        source = step.column.table
    with owner.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query.add_columns(source.c.institution_id))}


@pytest.mark.parametrize("table", sorted(SEES))
@pytest.mark.parametrize("who", SCOPES)
def test_a_row_is_seen_by_exactly_those_who_may(web: Database, owner: Engine, table: str, who: str) -> None:
    belongs, scope = owners_of(owner, META[table]), SCOPES[who]
    expected = {place.id for place in PLACES if SEES[table](scope, place)} & set(belongs.values())
    with web.reading() as session:
        bind(session, scope)
        seen = institutions_behind(session, META[table])
    assert {belongs[key] for key in seen} == expected
    assert len(seen) == sum(whose in expected for whose in belongs.values())


def test_the_places_tell_the_scopes_apart() -> None:
    seen = {who: tuple(sees_institution(scope, place) for place in PLACES) for who, scope in SCOPES.items()}
    assert len(set(seen.values())) == len(SCOPES) - 1  # the province and everything see the same here
    assert seen["nobody"] == (False,) * len(PLACES)


@pytest.mark.parametrize("table", sorted(SEES))
def test_a_transaction_that_was_not_bound_sees_nothing(web: Database, table: str) -> None:
    with web.reading() as session:
        bind(session, FULL)
        assert institutions_behind(session, META[table])
    with web.reading() as session:
        assert institutions_behind(session, META[table]) == []


@pytest.mark.parametrize(
    ("scope", "drafts"),
    [(FULL, 0), (NOTHING, 0), (SCOPES["bank"], 1), (SCOPES["other bank"], 1), (Scope("", OWN.id), 0)],
)
def test_a_draft_is_its_banks_own(web: Database, scope: Scope, drafts: int) -> None:
    version = META["product_version"]
    with web.reading() as session:
        bind(session, scope)
        assert session.scalar(select(func.count()).select_from(version)) == 2 + drafts
        found = session.scalars(select(META["product"].c.bank_id).join(version).where(version.c.published_at.is_(None)))
        assert set(found) == ({scope.bank_id} if drafts else set())


def test_the_trail_is_read_within_a_region(web: Database, owner: Engine) -> None:
    event = META["audit_event"]
    with owner.begin() as connection:
        for number, region in enumerate((COUNTY, ELSEWHERE, "000000"), 1):
            connection.execute(
                insert(event).values(
                    chain=region[:4],
                    day=TODAY,
                    number=number,
                    at=AT,
                    action="test",
                    outcome="done",
                    region_code=region,
                    credential="test",
                    request_id="r",
                    address="::1",
                    previous_hash="0" * 64,
                    hash="0" * 64,
                )
            )
    seen: dict[Scope, set[str]] = {
        Scope("1403"): {COUNTY},
        Scope("14"): {COUNTY, ELSEWHERE, "000000"},
        NOTHING: set(),
        SCOPES["own institution"]: set(),
        SCOPES["bank"]: set(),
    }
    for scope, regions_seen in seen.items():
        with web.reading() as session:
            bind(session, scope)
            assert set(session.scalars(select(event.c.region_code))) == regions_seen


@pytest.mark.parametrize("who", ["sibling county", "bank", "nobody"])
def test_a_foreign_row_cannot_be_changed(web: Database, owner: Engine, who: str) -> None:
    table = META["institution"]
    with web.writing() as session:
        bind(session, SCOPES[who])
        changed = session.execute(update(table).where(table.c.id == OWN.id).values(name="改"))
        assert changed.rowcount == 0  # type: ignore[attr-defined]
    with owner.connect() as connection:
        assert connection.scalar(select(table.c.name).where(table.c.id == OWN.id)) == "虚构养老院"


def try_as(web: Database, who: str, act: Callable[[Session], object]) -> None:
    with web.writing() as session:
        bind(session, SCOPES[who])
        act(session)


@pytest.mark.parametrize("who", ["sibling county", "own institution", "nobody"])
def test_a_row_cannot_be_written_outside_of_the_scope(web: Database, who: str) -> None:
    place = replace(OWN, id=new_key())
    with pytest.raises(ProgrammingError, match="row-level security"):
        try_as(web, who, lambda session: write_place(session.connection(), place))


def test_a_row_cannot_be_moved_out_of_the_scope(web: Database) -> None:
    table = META["institution"]
    moved = update(table).where(table.c.id == OWN.id).values(region_code=SIBLING)
    with pytest.raises(ProgrammingError, match="row-level security"):
        try_as(web, "county", lambda session: session.execute(moved))


def test_every_table_is_declared() -> None:
    assert {*META, "alembic_version"} == OPEN | SECURED
    assert {"product"} == OPEN & SECURED, "a product is read by everybody and written by its bank"
    elsewhere = (
        {"product", "product_version", "audit_event"}
        | IMPORTS
        | MESSAGES
        | NOMINATIONS
        | THE_LIST
        | OF_A_BANK
        | FOLLOW_UP
    )
    assert set(SEES) | elsewhere == SECURED


def test_row_security_is_forced_on_exactly_the_secured_tables(owner: Engine) -> None:
    forced = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity AND relkind = 'r'"
    with owner.connect() as connection:
        assert set(connection.scalars(text(forced))) == SECURED


def test_the_role_owns_nothing_and_cannot_rise(owner: Engine) -> None:
    with owner.connect() as connection:
        role = connection.execute(text("SELECT * FROM pg_roles WHERE rolname = :role"), {"role": APP_ROLE}).one()
        owned = connection.scalar(
            text("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = :role"), {"role": APP_ROLE}
        )
    flags = (role.rolsuper, role.rolbypassrls, role.rolcreaterole, role.rolcreatedb, role.rolcanlogin)
    assert (flags, owned) == ((False,) * 5, 0)


@pytest.mark.parametrize("table", sorted({*META, "alembic_version"}))
def test_the_role_reads_every_table_and_truncates_none(owner: Engine, table: str) -> None:
    asks = "SELECT has_table_privilege(:role, :table, :right)"
    with owner.connect() as connection:
        may = {
            right: connection.scalar(text(asks), {"role": APP_ROLE, "table": table, "right": right})
            for right in ("SELECT", "TRUNCATE", "UPDATE", "DELETE", "REFERENCES", "TRIGGER")
        }
    assert may["SELECT"]
    assert not any(may[right] for right in ("TRUNCATE", "REFERENCES", "TRIGGER"))
    if table in KEPT_FOR_EVER:
        assert not any(may[right] for right in ("UPDATE", "DELETE"))


def test_the_regions_of_the_cases_exist() -> None:
    assert {COUNTY, SIBLING, ELSEWHERE} <= set(regions())
