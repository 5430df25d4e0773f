"""Batches: what is announced, what stands in the way, who publishes, and that what is published stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.access.permissions import Role
from app.programmes.seeds import Seeds
from app.store.tables import Batch, BatchRow, EntrySnapshot, Institution, Nomination, Project, institution_version
from app.whitelist.moves import move
from app.whitelist.states import Action, Level
from tests.access.house import House, a_house, refusals, refused
from tests.databases import Databases
from tests.whitelist.desk import DAY, DOCUMENT, Desk, at, on

LAST = DAY + timedelta(days=6)
AFTER = DAY + timedelta(days=7)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(scope="module")
def desk(house: House, seeds: Seeds) -> Desk:
    return Desk.opened(house, seeds)


def rows(desk: Desk, batch: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.house.get(desk.maker, f"/whitelist/batches/{batch['id']}/rows")["items"]
    return found


def state_of(desk: Desk, nomination: str) -> str:
    state: str = desk.house.get(desk.maker, f"/whitelist/nominations/{nomination}")["state"]
    return state


def test_a_batch_goes_from_draft_to_the_published_list(desk: Desk) -> None:
    home, project = desk.nominate(), desk.nominate(project=True)
    batch = desk.published(project, home)
    assert (batch["state"], batch["document_number"], batch["published_on"]) == ("published", DOCUMENT, str(AFTER))
    assert batch["number"].startswith("晋养白〔2026〕第")
    assert [(one["serial"], one["nomination_id"]) for one in rows(desk, batch)] == [(1, home), (2, project)]
    assert {state_of(desk, one) for one in (home, project)} == {"listed"}
    entry = desk.entry_of(project, AFTER)
    assert (entry["serial"], entry["valid_from"], entry["valid_to"]) == (2, "2026-11-09", "2027-11-09")
    with desk.house.owner.reading() as session:
        owner = session.get_one(Institution, desk.subjects[home])
        assert (owner.list_status, owner.listed_on) == ("listed", AFTER)
        assert session.get_one(Project, desk.subjects[project]).list_status == "listed"
        versions = select(institution_version.c.list_status).where(institution_version.c.institution_id == owner.id)
        assert sorted(session.scalars(versions)) == ["listed", "none"]


def test_the_facts_of_the_day_are_frozen(desk: Desk) -> None:
    nomination = desk.nominate(name="虚构冻结养老院")
    desk.published(nomination)
    entry = desk.house.get(desk.maker, f"/whitelist/entries/{desk.entry_of(nomination, AFTER)['id']}")
    frozen = entry["snapshot"]["institution"]
    assert frozen["name"] == "虚构冻结养老院"
    assert frozen["facts"]["institution.beds_total"] == {"value": 120, "provenance": "declared", "on": None, "by": None}
    assert entry["snapshot"]["needs"][0]["facts"]["need.amount_yuan"]["value"] == "20000000.00"
    owner = desk.house.get(desk.maker, f"/institutions/{entry['institution_id']}")
    changed = {"name": "虚构改名养老院", "facts": {"institution.beds_total": 10}}
    path = f"/institutions/{entry['institution_id']}"
    assert desk.house.call(desk.maker, "PATCH", path, json=changed, version=owner["version"]).status_code == 200
    after = desk.house.get(desk.maker, f"/whitelist/entries/{entry['id']}")
    assert (after["snapshot"], after["line"]) == (entry["snapshot"], entry["line"])


@pytest.mark.parametrize(("days", "accepted"), [(5, False), (6, True), (7, True)])
def test_the_notice_takes_seven_days_with_the_first_and_the_last(desk: Desk, days: int, accepted: bool) -> None:
    batch = desk.drafted(desk.nominate())
    period = {"notice_from": str(DAY), "notice_to": str(DAY + timedelta(days=days))}
    with on(DAY):
        answer = desk.act(desk.maker, f"/whitelist/batches/{batch['id']}/actions/notice", period, batch["version"])
    assert answer.status_code == (200 if accepted else 422), answer.text
    if not accepted:
        assert refusals(answer) == {"/notice_to": "notice_too_short"}


def test_a_notice_does_not_begin_in_the_past(desk: Desk) -> None:
    batch = desk.drafted(desk.nominate())
    period = {"notice_from": str(DAY), "notice_to": str(DAY + timedelta(days=30))}
    with on(DAY + timedelta(days=1)):
        answer = desk.act(desk.maker, f"/whitelist/batches/{batch['id']}/actions/notice", period, batch["version"])
    assert refusals(answer) == {"/notice_from": "in_past"}


def test_nothing_is_published_before_the_notice_is_over(desk: Desk) -> None:
    batch = desk.announced(desk.nominate())
    for day in (DAY, LAST):
        assert refused(desk.publish(batch, day)) == (409, "notice_running")
    assert desk.publish(batch, AFTER).status_code == 200


def test_the_maker_does_not_publish(desk: Desk) -> None:
    batch = desk.announced(desk.nominate())
    assert refused(desk.publish(batch, AFTER, desk.maker)) == (409, "own_draft")
    assert desk.publish(batch, AFTER).status_code == 200


def test_the_database_holds_maker_and_checker_and_the_end_of_the_notice(desk: Desk) -> None:
    batch = desk.announced(desk.nominate())
    published = {"state": "published", "number": "虚构", "year": 1, "ordinal": 1, "document_number": "虚构"}
    when = {"published_at": at(AFTER), "published_on": AFTER}
    mine = update(Batch).where(Batch.id == UUID(batch["id"]))
    for wrong, name in (
        ({**when, "published_by": desk.maker.account_id}, "two_people"),
        ({**when, "published_by": desk.checker.account_id, "published_on": LAST}, "notice_over"),
    ):
        with pytest.raises(IntegrityError, match=name), desk.house.owner.writing() as session:
            session.execute(mine.values(**published, **wrong))


def test_publishing_twice_publishes_once(desk: Desk) -> None:
    batch = desk.announced(desk.nominate())
    first = desk.publish(batch, AFTER, key="once-and-for-all-" + batch["id"])
    again = desk.publish(batch, AFTER, key="once-and-for-all-" + batch["id"])
    assert (first.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (200, first.json(), "true")
    assert refused(desk.publish(batch, AFTER)) == (412, "version_stale")
    assert refused(desk.publish(first.json(), AFTER)) == (409, "batch_state")
    assert len([one for one in desk.entries(AFTER) if one["batch_number"] == first.json()["number"]]) == 1


def test_of_a_crowd_that_publishes_one_does(desk: Desk) -> None:
    batch = desk.announced(*(desk.nominate() for _ in range(3)))
    people = [desk.house.colleague(desk.maker, Role.CIVIL_AFFAIRS) for _ in range(6)]
    path = f"/whitelist/batches/{batch['id']}/actions/publish"

    def publish(person: Any) -> tuple[int, str]:
        answer = desk.act(person, path, {"document_number": DOCUMENT}, batch["version"])
        return answer.status_code, answer.json().get("code", "")

    with on(AFTER), ThreadPoolExecutor(len(people)) as crowd:
        answers = sorted(crowd.map(publish, people))
    assert answers == [(200, ""), *[(412, "version_stale")] * 5]
    done = desk.house.get(desk.maker, f"/whitelist/batches/{batch['id']}")
    assert len([one for one in desk.entries(AFTER) if one["batch_number"] == done["number"]]) == 3


def test_numbers_have_no_gap(desk: Desk) -> None:
    numbers = [desk.published(desk.nominate())["number"] for _ in range(3)]
    ordinals = [int(number.removeprefix("晋养白〔2026〕第").removesuffix("批")) for number in numbers]
    assert ordinals == list(range(ordinals[0], ordinals[0] + 3))


def test_a_new_year_counts_from_one(desk: Desk) -> None:
    batch = desk.published(desk.nominate(), day=DAY.replace(year=2031))
    assert batch["number"] == "晋养白〔2031〕第1批"


def test_a_published_batch_never_changes(desk: Desk) -> None:
    batch = desk.published(desk.nominate())
    answer = desk.house.call(
        desk.maker, "PATCH", f"/whitelist/batches/{batch['id']}", json={"title": "另一个"}, version=batch["version"]
    )
    assert refused(answer) == (409, "batch_state")
    for statement in (
        update(Batch).where(Batch.id == UUID(batch["id"])).values(title="另一个"),
        update(BatchRow).where(BatchRow.batch_id == UUID(batch["id"])).values(serial=9),
        update(EntrySnapshot).values(snapshot={}),
        text("DELETE FROM whitelist_event"),
    ):
        with pytest.raises(DBAPIError), desk.house.owner.writing() as session:
            session.execute(statement)


def test_only_what_is_approved_and_in_no_other_batch_comes_in(desk: Desk) -> None:
    nomination = desk.nominate()
    desk.drafted(nomination)
    body = {"title": "虚构批次", "nominations": [nomination]}
    assert refused(desk.house.call(desk.maker, "POST", "/whitelist/batches", json=body)) == (409, "not_available")
    listed = desk.nominate()
    desk.published(listed)
    body = {"title": "虚构批次", "nominations": [listed]}
    assert refused(desk.house.call(desk.maker, "POST", "/whitelist/batches", json=body)) == (409, "not_available")


def test_lines_come_and_go_while_it_is_a_draft_and_only_go_during_the_notice(desk: Desk) -> None:
    first, second, third = (desk.nominate() for _ in range(3))
    batch = desk.drafted(first)
    path = f"/whitelist/batches/{batch['id']}"

    def change(version: int, **body: Any) -> Any:
        return desk.house.call(desk.maker, "PATCH", path, json=body, version=version)

    batch = change(batch["version"], add=[second, third], remove=[first]).json()
    assert [one["nomination_id"] for one in rows(desk, batch)] == [second, third]
    with on(DAY):
        period = {"notice_from": str(DAY), "notice_to": str(LAST)}
        batch = desk.done(desk.maker, f"{path}/actions/notice", period, batch["version"])
    assert refused(change(batch["version"], add=[first])) == (409, "batch_state")
    assert refused(change(batch["version"] - 1, remove=[second])) == (412, "version_stale")
    batch = change(batch["version"], remove=[second]).json()
    assert [state_of(desk, one) for one in (first, second, third)] == ["approved", "approved", "on_notice"]
    assert desk.publish(batch, AFTER).status_code == 200
    assert [(one["serial"], one["nomination_id"]) for one in rows(desk, batch)] == [(1, third)]


def test_abandoning_sets_the_nominations_free(desk: Desk) -> None:
    nomination = desk.nominate()
    batch = desk.announced(nomination)
    path = f"/whitelist/batches/{batch['id']}/actions/abandon"
    with on(DAY):
        given_up = desk.done(desk.checker, path, {"reason": "虚构的合并"}, batch["version"])
    assert (given_up["state"], given_up["rows"], state_of(desk, nomination)) == ("abandoned", 0, "approved")
    assert desk.published(nomination)["state"] == "published"


def test_what_was_withdrawn_falls_out(desk: Desk) -> None:
    stays, goes = desk.nominate(), desk.nominate()
    batch = desk.announced(stays, goes)
    withdraw(desk, goes)
    seen = desk.house.get(desk.maker, f"/whitelist/batches/{batch['id']}")
    assert [(one["code"], one["blocking"]) for one in seen["problems"]] == [("withdrawn", False)]
    assert desk.publish(batch, AFTER).status_code == 200
    assert [one["nomination_id"] for one in rows(desk, batch)] == [stays]
    with desk.house.owner.reading() as session:
        left = select(BatchRow.left_reason).where(
            BatchRow.batch_id == UUID(batch["id"]), BatchRow.nomination_id == UUID(goes)
        )
        assert session.scalar(left) == "withdrawn"


def test_an_empty_batch_is_not_announced(desk: Desk) -> None:
    batch = desk.drafted()
    period = {"notice_from": str(DAY), "notice_to": str(LAST)}
    with on(DAY):
        answer = desk.act(desk.maker, f"/whitelist/batches/{batch['id']}/actions/notice", period, batch["version"])
    assert refused(answer) == (409, "batch_problems")


def test_what_was_announced_is_what_is_published(desk: Desk) -> None:
    nomination = desk.nominate()
    batch = desk.announced(nomination)
    path = f"/institutions/{desk.subjects[nomination]}"
    version = desk.house.get(desk.maker, path)["version"]
    desk.house.call(desk.maker, "PATCH", path, json={"name": "虚构公示后改名养老院"}, version=version)
    answer = desk.publish(batch, AFTER)
    assert refused(answer) == (409, "batch_problems")
    assert [error["code"] for error in answer.json()["errors"]] == ["changed_since_notice"]


def test_only_the_province_keeps_the_list(desk: Desk) -> None:
    body = {"title": "虚构批次", "nominations": []}
    assert refused(desk.house.call(desk.county, "POST", "/whitelist/batches", json=body)) == (403, "forbidden")
    draft = desk.drafted(desk.nominate())
    path = f"/whitelist/batches/{draft['id']}"
    assert refused(desk.house.call(desk.county, "GET", path)) == (404, "batch_not_found")
    announced = desk.announced(desk.nominate("140105"), desk.nominate("140302"))
    seen = desk.house.get(desk.county, f"/whitelist/batches/{announced['id']}/rows")["items"]
    assert [one["line"]["region_code"] for one in seen] == ["140105"]


def object_to(desk: Desk, nomination: str, day: Any) -> Any:
    body = {"who": "虚构的李先生", "text": "该机构已停业（虚构）"}
    with on(day):
        return desk.act(desk.county, f"/whitelist/nominations/{nomination}/actions/object", body, None)


def test_objections_are_heard_from_the_first_to_the_last_day(desk: Desk) -> None:
    nomination = desk.nominate()
    assert refused(object_to(desk, nomination, DAY)) == (409, "not_on_notice")
    begins = DAY + timedelta(days=1)
    draft = desk.drafted(nomination)
    period = {"notice_from": str(begins), "notice_to": str(begins + timedelta(days=6))}
    with on(DAY):
        desk.done(desk.maker, f"/whitelist/batches/{draft['id']}/actions/notice", period, draft["version"])
    answers = {days: object_to(desk, nomination, DAY + timedelta(days=days)).status_code for days in (0, 1, 7, 8)}
    assert answers == {0: 409, 1: 201, 7: 201, 8: 409}


def test_an_open_objection_stops_the_batch_until_it_is_dismissed(desk: Desk) -> None:
    nomination = desk.nominate()
    batch = desk.announced(nomination)
    objection = object_to(desk, nomination, LAST).json()
    answer = desk.publish(batch, AFTER)
    assert (refused(answer), answer.json()["errors"][0]["code"]) == ((409, "batch_problems"), "open_objection")
    path = f"/whitelist/objections/{objection['id']}/actions/dismiss"
    assert desk.act(desk.county, path, {"reason": "虚构"}, 1).status_code == 403
    with on(AFTER):
        decided = desk.done(desk.maker, path, {"reason": "实地核查无误（虚构）"}, 1)
        assert refused(desk.act(desk.maker, path, {"reason": "虚构"}, 2)) == (409, "objection_decided")
    assert decided["decision"] == "dismissed"
    assert desk.publish(batch, AFTER).status_code == 200


def test_an_upheld_objection_ends_the_nomination(desk: Desk) -> None:
    stays, goes = desk.nominate(), desk.nominate()
    batch = desk.announced(stays, goes)
    objection = object_to(desk, goes, DAY).json()
    with on(LAST):
        path = f"/whitelist/objections/{objection['id']}/actions/uphold"
        desk.done(desk.maker, path, {"reason": "核查属实（虚构）"}, 1)
    assert state_of(desk, goes) == "rejected"
    batch = desk.house.get(desk.maker, f"/whitelist/batches/{batch['id']}")
    assert desk.publish(batch, AFTER).status_code == 200
    assert [one["nomination_id"] for one in rows(desk, batch)] == [stays]


def test_who_objected_is_for_offices_of_the_region(desk: Desk) -> None:
    nomination = desk.nominate("140105")
    desk.announced(nomination)
    objection = object_to(desk, nomination, DAY).json()
    path = f"/whitelist/objections/{objection['id']}"
    assert desk.house.get(desk.county, path)["who"] == "虚构的李先生"
    elsewhere = desk.house.somebody(Role.CIVIL_AFFAIRS, "140302")
    assert refused(desk.house.call(elsewhere, "GET", path)) == (404, "objection_not_found")
    listed = desk.house.get(elsewhere, "/whitelist/objections", batch=objection["batch_id"])
    assert listed["items"] == []


def withdraw(desk: Desk, nomination: str) -> None:
    with desk.house.owner.writing() as session:
        one = session.get_one(Nomination, UUID(nomination))
        move(session, one, Action.WITHDRAW, desk.reviewers.actors[Level.APPLICANT], at(DAY))
