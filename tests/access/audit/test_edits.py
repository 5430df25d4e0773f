"""No edit of a sealed trail stays unseen, and each is found where it was made."""

import os
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import delete, insert, text

from app.access.audit.stored import verify_stored
from app.access.audit.verify import Kind, Link, link_of, verify
from app.store.engine import Database, open_database
from app.store.tables import AuditEvent, AuditHead
from tests.access.audit.edits import EDITS, Row, heads_of, is_at, place_of
from tests.access.audit.trails import Trail, edited, fill, read_trail
from tests.databases import Databases, SqliteDatabases, settings_for

RANDOM_EDITS = 10_000
# The same through each real database, which is slower.
STORED_EDITS = int(os.environ.get("YINQIAO_AUDIT_EDITS", "150"))


@pytest.fixture(scope="module")
def trail(sqlite: SqliteDatabases) -> Iterator[Trail]:
    database = open_database(settings_for(sqlite.create()))
    fill(database)
    with database.reading() as session:
        yield read_trail(session)
    database.dispose()


@pytest.fixture(scope="module")
def sealed(databases: Databases) -> Iterator[Database]:
    url = databases.create()
    database = open_database(settings_for(url))
    fill(database, events=4)
    yield database
    database.dispose()
    databases.drop(url)


def test_an_untouched_trail_has_no_findings(trail: Trail) -> None:
    report = verify(map(link_of, trail.events), trail.heads, trail.seals, trail.exported)
    assert (report.findings, report.unsealed) == ([], [])
    assert (report.events, report.seal_number) == (len(trail.events), 4)


def test_ten_thousand_random_edits_are_found_where_they_were_made(trail: Trail) -> None:
    chance = Random(20260901)
    known: dict[int, Link] = {id(row): link_of(row) for row in trail.events}
    tried: Counter[str] = Counter()
    for _ in range(RANDOM_EDITS):
        edit, at = chance.choice(EDITS), chance.randrange(len(trail.events))
        place = place_of(trail.events[at])
        rows: list[Row] = list(trail.events)
        edit(chance, rows, at)
        links = (known.get(id(row)) or link_of(row) for row in rows)
        report = verify(links, heads_of(trail, rows), trail.seals, trail.exported)
        assert any(is_at(one, place) for one in report.findings), (edit.__name__, place, report.findings)
        tried[edit.__name__] += 1
    assert set(tried) == {edit.__name__ for edit in EDITS}


def is_refused(rows: list[Row]) -> bool:
    """The database itself refuses two events of one number, and an outcome that is none."""
    numbers = {(row["chain"], row["day"], row["number"]) for row in rows}
    return len(numbers) < len(rows) or any(row["outcome"] not in {"done", "refused"} for row in rows)


def test_random_edits_of_the_stored_trail_are_found(sealed: Database) -> None:
    chance = Random(20260902)
    with sealed.reading() as session:
        trail = read_trail(session)
    for number in range(STORED_EDITS):
        edit, at = EDITS[number % len(EDITS)], chance.randrange(len(trail.events))
        rows = list(trail.events)
        edit(chance, rows, at)
        if is_refused(rows):
            continue
        with edited(sealed) as session:
            session.execute(delete(AuditEvent))
            session.execute(delete(AuditHead))
            session.execute(insert(AuditEvent), rows)
            heads = heads_of(trail, rows)
            session.execute(
                text("INSERT INTO audit_head (chain, day, number, hash) VALUES (:chain, :day, :number, :hash)"),
                [{"chain": one.chain, "day": one.day, "number": one.number, "hash": one.hash} for one in heads],
            )
            report = verify_stored(session, trail.exported)
        place = place_of(trail.events[at])
        assert any(is_at(one, place) for one in report.findings), (edit.__name__, place, report.findings)
    with sealed.reading() as session:
        assert verify_stored(session, trail.exported).findings == []


# What SQLite stores as given, although it means the same or nothing at all.
SAME_MEANING = (
    "id = upper(id)",
    "account_id = '{' || account_id || '}'",
    "at = replace(at, ' ', 'T')",
    "at = at || '0'",
    "day = day || ' '",
    "detail = detail || ' '",
    "detail = 'null'",
    "detail = '{'",
    "changes = replace(changes, ',', ', ')",
    "account_name = CAST(account_name AS BLOB)",
    "number = 'x'",
    "hash = upper(hash)",
    "at = 'yesterday'",
    "id = 'nobody'",
)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("edit", SAME_MEANING)
def test_sqlite_keeps_no_other_spelling(sealed: Database, edit: str) -> None:
    where = "chain = '1403' AND day = '2026-09-01' AND number = 2"
    with edited(sealed) as session:
        trail = read_trail(session)
        session.execute(text(f"UPDATE audit_event SET {edit} WHERE {where}"))  # noqa: S608  our own texts
        report = verify_stored(session, trail.exported)
    assert Kind.CONTENT in {one.kind for one in report.findings}


def test_an_edited_head_or_seal_is_found(sealed: Database) -> None:
    for edit, kind in (
        ("UPDATE audit_head SET number = number + 1 WHERE number > 1", Kind.TRUNCATED),
        ("UPDATE audit_head SET hash = '" + "0" * 64 + "' WHERE number > 1", Kind.HEAD),
        ("UPDATE audit_head SET hash = '" + "0" * 64 + "' WHERE number = 0 AND chain <> 'seal'", Kind.HEAD),
        ("DELETE FROM audit_head WHERE number > 1", Kind.HEAD),
        ("UPDATE audit_seal SET hash = previous_hash WHERE number = 2", Kind.SEAL),
        ("DELETE FROM audit_seal WHERE number = 2", Kind.SEAL),
        ("DELETE FROM audit_seal WHERE number = 4", Kind.SEAL),
    ):
        with edited(sealed) as session:
            exported = read_trail(session).exported
            session.execute(text(edit))
            assert kind in {one.kind for one in verify_stored(session, exported).findings}, edit


def test_without_an_exported_seal_a_tail_written_anew_hides_from_an_owner_who_rewrites_the_seals(trail: Trail) -> None:
    # The reason for exporting seals: nothing inside the database can tell.
    rows = list(trail.events[:-3])
    chance = Random(1)
    EDITS[7](chance, rows, 0)
    heads = heads_of(trail, rows)
    assert verify(map(link_of, rows), heads, [], None).findings == []
    assert verify(map(link_of, rows), heads, [], trail.exported).findings != []


def test_events_after_the_last_seal_are_the_unsealed_window(trail: Trail) -> None:
    report = verify(map(link_of, trail.events), trail.heads, trail.seals, trail.exported[:-1])
    assert [(one.chain, one.first, one.last, one.events) for one in report.unsealed] == [
        (chain, ("2026-09-02", 4), ("2026-09-02", 5), 2) for chain in ("00", "1401", "1403")
    ]


def test_an_event_dated_before_the_seal_in_a_chain_that_the_seal_does_not_know_is_found(trail: Trail) -> None:
    chance, rows = Random(2), [{**row} for row in trail.events if row["chain"] == "1403"]
    for row in rows:
        row["chain"] = "1409"
    EDITS[7](chance, rows, 0)
    every = [*trail.events, *rows]
    report = verify(map(link_of, every), heads_of(trail, every), trail.seals, trail.exported)
    assert {(one.kind, one.chain) for one in report.findings} == {(Kind.INSERTED, "1409")}
