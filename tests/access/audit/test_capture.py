"""What the trail sees of changes: objects and statements, before and after, and nothing that it must not keep."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.audit.capture import LONGEST_VALUE, MOST_ROWS, shown
from app.access.audit.events import writing_as_service
from app.access.audit.hidden import UNRECORDED, is_shown
from app.access.audit.record import happenings, record
from app.access.permissions import Role
from app.http.clock import now
from app.store.base import Base
from app.store.bulk import insert_many
from app.store.engine import Database
from app.store.tables import Account, ApiKey, AuditEvent, Department, Organisation, PasswordHistory
from app.store.types import new_key
from tests.access.people import SINCE, an_account, an_organisation, somebody


def last_event(database: Database) -> AuditEvent:
    with database.reading() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.at.desc()).limit(1)).one()
        session.expunge_all()
        return event


def changes(database: Database) -> list[dict[str, Any]]:
    return last_event(database).changes or []


def test_objects_are_seen_as_they_are_flushed(fresh_database: Database) -> None:
    with writing_as_service(fresh_database, "made") as session:
        office = an_organisation(session, name="虚构甲局")
        account = an_account(session, office, Role.PBOC, password_hash="secret-of-somebody")
        office_id, account_id = office.id, account.id
    made = {row["table"]: row for row in changes(fresh_database)}
    assert made["organisation"]["fields"]["name"] == {"after": "虚构甲局"}
    assert made["account"]["fields"]["roles"] == {"after": ["pboc"]}
    assert made["account"]["hidden"] == ["password_hash"]
    with writing_as_service(fresh_database, "changed") as session:
        session.get_one(Organisation, office_id).name = "虚构乙局"
        session.delete(session.get_one(Account, account_id))
    renamed, gone = changes(fresh_database)
    assert renamed["fields"] == {"name": {"before": "虚构甲局", "after": "虚构乙局"}}
    assert (gone["kind"], gone["key"], gone["hidden"]) == ("delete", str(account_id), ["password_hash"])
    assert "secret-of-somebody" not in f"{made}{gone}"


def test_statements_are_seen_with_the_rows_that_they_concern(fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        person = somebody(session, Role.AUDITOR)
    with writing_as_service(fresh_database, "stated") as session:
        session.execute(insert(Department).values(name="虚构部门", renamed=[]))
        session.execute(update(Department).where(Department.name == "虚构部门").values(name="虚构厅"))
        session.execute(update(ApiKey).values(revoked_at=SINCE, version=ApiKey.version + 1))
        session.execute(delete(Department))
    inserted, updated, revoked, deleted = changes(fresh_database)
    assert inserted["fields"]["name"] == {"after": "虚构部门"}
    assert updated["fields"] == {"name": {"before": "虚构部门", "after": "虚构厅"}}
    # What the database computes is not known beforehand; what it was is.
    assert revoked["fields"] == {
        "revoked_at": {"before": None, "after": "2026-01-01T00:00:00.000000+00:00"},
        "version": {"before": 1},
    }
    assert (deleted["kind"], deleted["fields"]["name"]) == ("delete", {"before": "虚构厅"})
    assert person.key.text not in f"{changes(fresh_database)}"


def test_a_savepoint_that_is_rolled_back_changed_nothing(fresh_database: Database) -> None:
    with writing_as_service(fresh_database, "tried") as session:
        an_organisation(session, name="虚构留下局")
        with session.begin_nested() as savepoint:
            an_organisation(session, name="虚构撤回局")
            savepoint.rollback()
    assert [row["fields"]["name"]["after"] for row in changes(fresh_database)] == ["虚构留下局"]


def test_many_rows_are_counted(fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        account = somebody(session, Role.AUDITOR).account_id
    rows = [
        {"id": new_key(), "account_id": account, "password_hash": "x", "replaced_at": SINCE + timedelta(days=day)}
        for day in range(MOST_ROWS + 20)
    ]
    with writing_as_service(fresh_database, "many") as session:
        session.execute(insert(PasswordHistory), rows)
    event = last_event(fresh_database)
    assert (len(event.changes or ()), event.detail) == (MOST_ROWS, {"unlisted_rows": {"password_history": 20}})
    with writing_as_service(fresh_database, "gone") as session:
        session.execute(delete(PasswordHistory))
        insert_many(session, Base.metadata.tables["password_history"], rows)
    event = last_event(fresh_database)
    assert (len(event.changes or ()), event.detail) == (MOST_ROWS, {"unlisted_rows": {"password_history": 140}})


def test_what_is_said_names_the_event_and_the_rest_stands_in_its_detail(fresh_database: Database) -> None:
    with writing_as_service(fresh_database, "operation") as session:
        record(session, action="unmask", object_type="institution", object_id="1", detail={"fields": ["telephone"]})
        record(session, detail={"purpose": "loan_application"})
        record(session, action="notify", detail={"to": 2})
        assert [one.action for one in happenings(session)] == ["unmask", "notify"]
    event = last_event(fresh_database)
    assert (event.action, event.object_type, event.object_id) == ("unmask", "institution", "1")
    also = [{"action": "notify", "object_type": None, "object_id": None, "detail": {"to": 2}}]
    assert event.detail == {"fields": ["telephone"], "purpose": "loan_application", "also": also}


def test_no_secret_column_of_any_table_is_shown() -> None:
    named = ("hash", "secret", "verifier", "nonce", "telephone", "contact_person")
    for table in Base.metadata.tables.values():
        for column in table.c if table.name not in UNRECORDED else ():
            if column.name.endswith(named):
                assert not is_shown(table.name, column.name), (table.name, column.name)


def test_facts_subject_to_consent_are_named_only() -> None:
    assert not is_shown("institution_version", "annual_revenue_yuan")
    assert not is_shown("loan_version", "principal_yuan")
    assert is_shown("institution_version", "beds_total")


def test_a_long_value_is_given_by_its_length_and_hash() -> None:
    assert shown("一" * LONGEST_VALUE) == "一" * LONGEST_VALUE
    longer = shown("一" * (LONGEST_VALUE + 1))
    assert longer["characters"] == LONGEST_VALUE + 1
    assert shown(0.1) == "0.1"
    assert shown("a\x00b") == "a\ufffdb"
    assert shown({"at": now().replace(microsecond=0)})["at"].endswith(".000000+00:00")
