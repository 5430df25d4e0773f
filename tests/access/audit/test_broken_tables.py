"""A table that refuses to be written: the answer is a problem, and neither half a change nor its event stays."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, text

from app.store.base import Base
from tests.access.audit.conftest import House, counted
from tests.access.audit.test_operations import FIRST, MAKES, Operation, operations, sent

WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM|COPY)\s+\"?(\w+)", re.IGNORECASE)
ACTS = {"INSERT INTO": "INSERT", "COPY": "INSERT", "UPDATE": "UPDATE", "DELETE FROM": "DELETE"}
TRIED = (*FIRST, "amend_institution", "amend_need", "amend_loan", "add_attestation", "add_bank", "seal_audit")
# What these operations are known to write, so that a run in which nothing was refused fails.
HAVE_TO_REFUSE = {
    ("register_institution", "institution", "INSERT"),
    ("register_institution", "institution_version", "INSERT"),
    ("register_institution", "audit_event", "INSERT"),
    ("register_institution", "audit_head", "UPDATE"),
    ("amend_institution", "institution", "UPDATE"),
    ("amend_institution", "institution_version", "UPDATE"),
    ("amend_need", "need_version", "INSERT"),
    ("add_loan", "loan_version", "INSERT"),
    ("add_attestation", "attestation", "INSERT"),
    ("add_bank", "bank", "INSERT"),
    ("seal_audit", "audit_seal", "INSERT"),
}


@contextmanager
def written(house: House) -> Iterator[set[tuple[str, str]]]:
    """Which tables are written, and how, while it lasts."""
    seen: set[tuple[str, str]] = set()

    def look(_c: object, _u: object, statement: str, *_rest: object) -> None:
        if (found := WRITE.match(statement)) and found[2] in Base.metadata.tables:
            seen.add((found[2], ACTS[found[1].upper()]))

    event.listen(house.served.engine, "before_cursor_execute", look)
    yield seen
    event.remove(house.served.engine, "before_cursor_execute", look)


@contextmanager
def refusing(house: House, table: str, act: str) -> Iterator[None]:
    """The table refuses the act, for every row that it would touch."""
    trigger = f"CREATE TRIGGER refuse_it BEFORE {act} ON {table} "
    if house.database.engine.dialect.name == "postgresql":
        body = "BEGIN RAISE EXCEPTION 'refused'; END"
        made = [f"CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"]
        made += [f"{trigger} FOR EACH ROW EXECUTE FUNCTION refuse()"]
        undo = [f"DROP TRIGGER refuse_it ON {table}"]
    else:
        made = [f"{trigger} BEGIN SELECT RAISE(ABORT, 'refused'); END"]
        undo = ["DROP TRIGGER refuse_it"]
    _run(house, made)
    try:
        yield
    finally:
        _run(house, undo)


def _run(house: House, statements: list[str]) -> None:
    with house.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def everything(house: House, tables: set[str]) -> dict[str, list[str]]:
    """Every row of some tables, as text."""
    with house.database.reading() as session:
        found = {table: session.execute(select(Base.metadata.tables[table])) for table in tables}
        return {table: sorted(str(tuple(row)) for row in rows) for table, rows in found.items()}


@pytest.fixture(scope="module")
def tried(house: House) -> tuple[list[Operation], dict[str, str]]:
    """The operations, each done once, and what they made."""
    ids: dict[str, str] = {}
    for operation in operations(house):
        if (name := operation[2]["operationId"]) in FIRST:
            ids[MAKES[name]] = sent(house, house.anybody, operation, ids).json()["id"]
    every = {one[2]["operationId"]: one for one in operations(house)}
    return [every[name] for name in TRIED], ids


def test_each_written_table_may_refuse_each_act(house: House, tried: tuple[list[Operation], dict[str, str]]) -> None:
    refused, (every, ids) = set(), tried
    for operation in every:
        name = operation[2]["operationId"]
        with written(house) as seen:
            assert sent(house, house.anybody, operation, ids).is_success, name
        tables = {table for table, _ in seen}
        before = everything(house, tables)
        for table, act in sorted(seen):
            with refusing(house, table, act):
                answer = sent(house, house.anybody, operation, ids)
            if answer.is_success:
                # The statement was tried and found no row to touch.
                before = everything(house, tables)
                continue
            # SQLite tells a trigger's refusal like a number that is taken already, which is a refusal on record.
            assert answer.status_code in {500, 409}, (name, table, act)
            assert answer.headers["content-type"] == "application/problem+json"
            assert not re.search(r"refused|trigger|sqlite|psycopg", answer.json()["detail"]), answer.text
            after = everything(house, tables)
            events = set(after.pop("audit_event")) - set(before["audit_event"])
            assert len(events) == (answer.status_code == 409), (name, table, act)
            assert all(after[one] == before[one] for one in after if one != "audit_head"), (name, table, act)
            before = everything(house, tables)
            refused.add((name, table, act))
    assert refused >= HAVE_TO_REFUSE


def test_a_refusal_that_cannot_be_put_on_record_is_no_answer(house: House) -> None:
    with house.database.reading() as session:
        before = counted(session, "audit_event")
    with refusing(house, "audit_event", "INSERT"):
        answer = house.client.post("/api/v1/audit-seals", headers=house.clerk.headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    with house.database.reading() as session:
        assert counted(session, "audit_event") == before
