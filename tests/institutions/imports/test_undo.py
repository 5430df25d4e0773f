"""Taking an import back: former values as a new version, added institutions off the record, conflicts named."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from app.access.audit.stored import verify_stored
from app.store.tables import AuditEvent, ImportJob, SearchGram, institution_version
from tests.access.house import House, refused
from tests.institutions.imports.clerks import Clerk, a_clerk, a_row
from tests.institutions.registry import a_uscc


@pytest.fixture(scope="module")
def clerk(house: House) -> Clerk:
    return a_clerk(house)


def test_an_added_institution_is_off_the_record_and_its_number_free_again(clerk: Clerk) -> None:
    row = a_row("虚构海桐养老院") | {"资金需求（万元）": 200}
    applied = clerk.bring([row], dry_run=False)
    key = clerk.rows(applied)[0]["institution_id"]
    seen = clerk.institution(key)
    undone = clerk.undo(applied)
    assert (undone["state"], undone["undo_until"]) == ("undone", None)
    assert clerk.house.call(clerk.person, "GET", f"/institutions/{key}").status_code == 404
    assert clerk.named("虚构海桐") == []
    past = clerk.institution(key, known_at=seen["recorded_from"])
    assert (past["name"], past["uscc"]) == ("虚构海桐养老院", None)
    assert past["provisional_number"].startswith("W140105")
    with clerk.house.owner.reading() as session:
        assert session.scalar(select(func.count()).where(SearchGram.institution_id == UUID(key))) == 0
    again = clerk.bring([row], dry_run=False)
    assert (again["counts"]["added"], again["counts"]["written"]) == (1, 1)
    assert clerk.rows(again)[0]["institution_id"] != key


def test_an_updated_institution_gets_its_former_values_as_a_new_version(clerk: Clerk) -> None:
    row = a_row("虚构木槿养老院")
    key = clerk.rows(clerk.bring([row], dry_run=False))[0]["institution_id"]
    before = clerk.institution(key)
    renamed = {**row, "机构名称": "虚构木槿颐养院", "床位总数": 90, "联系电话": "0351-0000003"}
    applied = clerk.bring([renamed], dry_run=False)
    assert clerk.named("木槿颐养")
    clerk.undo(applied)
    after = clerk.institution(key)
    unlike = ("version", "recorded_from")
    assert {name: value for name, value in after.items() if name not in unlike} == {
        name: value for name, value in before.items() if name not in unlike
    }
    assert (before["version"], after["version"]) == (1, 3)
    assert clerk.named("木槿颐养") == []
    assert clerk.named("木槿养老")
    with clerk.house.owner.reading() as session:
        versions = select(func.count()).where(institution_version.c.institution_id == UUID(key))
        assert session.scalar(versions) == 3


def test_where_somebody_has_built_on_a_row_nothing_is_taken_back(clerk: Clerk) -> None:
    rows = [a_row("虚构石楠养老院"), a_row("虚构杜鹃养老院"), a_row("虚构山茶养老院", a_uscc())]
    applied = clerk.bring(rows, dry_run=False)
    keys = [row["institution_id"] for row in clerk.rows(applied)]
    clerk.house.post(clerk.person, f"/institutions/{keys[0]}/needs", {"facts": {"need.amount_yuan": "10000.00"}})
    path = f"/institutions/{keys[2]}"
    assert clerk.house.call(clerk.person, "PATCH", path, json={"address": "虚构路 3 号"}, version=1).status_code == 200
    answer = clerk.act(applied, "undo")
    assert refused(answer) == (409, "undo_conflicts")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/rows/2", "/rows/4"]
    assert "融资需求" in answer.json()["errors"][0]["detail"]
    assert clerk.institution(keys[1])["version"] == 1


def test_after_a_day_it_is_too_late(clerk: Clerk) -> None:
    applied = clerk.bring([a_row("虚构合欢养老院")], dry_run=False)
    with clerk.house.owner.writing() as session:
        job = session.get_one(ImportJob, UUID(applied["id"]))
        assert job.applied_at is not None
        earlier = job.applied_at - timedelta(hours=24)
        session.execute(update(ImportJob).where(ImportJob.id == job.id).values(applied_at=earlier))
    assert refused(clerk.act(applied, "undo")) == (409, "undo_too_late")


def test_the_trail_tells_each_step_of_the_clerks_and_holds(clerk: Clerk) -> None:
    found = clerk.bring([a_row("虚构凌霄养老院")])
    clerk.undo(clerk.apply(found))
    with clerk.house.owner.reading() as session:
        mine = select(AuditEvent.action).where(AuditEvent.object_id == found["id"]).order_by(AuditEvent.at)
        assert list(dict.fromkeys(session.scalars(mine))) == [
            "add_import",
            "check_import",
            "apply_import",
            "undo_import",
        ]
        accounts = select(AuditEvent.account_id).where(AuditEvent.object_id == found["id"]).distinct()
        assert list(session.scalars(accounts)) == [clerk.person.account_id]
        assert verify_stored(session, None).findings == []
