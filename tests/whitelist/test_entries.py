"""Entries: what two people do to them, what ends by itself, who reads what, and the changes that nobody misses."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.programmes.seeds import Seeds
from app.store.counters import take_numbers
from app.store.engine import Database, open_database
from app.store.tables import Counter, EntryTransition, Institution, Nomination, WhitelistEntry, WhitelistEvent
from app.whitelist.entries_service import expire_due
from app.whitelist.entry_states import TRANSITIONS
from tests.access.deliveries import a_delivery
from tests.access.house import House, a_bank, a_house, refusals, refused
from tests.access.people import Person, a_consent
from tests.databases import Databases, settings_for
from tests.whitelist.desk import DAY, Desk, at, on

LISTED = DAY + timedelta(days=7)
UNTIL = date(2027, 11, 9)
REVENUE = "institution.annual_revenue_yuan"
FOREIGN_KEY = r"(?i)foreign key"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(scope="module")
def desk(house: House, seeds: Seeds) -> Desk:
    return Desk.opened(house, seeds)


@pytest.fixture
def entry(desk: Desk) -> str:
    """A new entry, listed by the checker."""
    nomination = desk.nominate()
    desk.published(nomination)
    key: str = desk.entry_of(nomination, LISTED)["id"]
    return key


def status_of(desk: Desk, entry: str) -> str:
    with desk.house.owner.reading() as session:
        owner = session.get_one(WhitelistEntry, UUID(entry)).institution_id
        return session.get_one(Institution, owner).list_status


def state_on(desk: Desk, entry: str, day: date, **asked: Any) -> str | None:
    states = ["listed", "suspended", "removed", "expired"]
    return next((one["state"] for one in desk.entries(day, state=states, **asked) if one["id"] == entry), None)


def test_suspending_is_one_persons_and_what_follows_anothers(desk: Desk, entry: str) -> None:
    day = LISTED + timedelta(days=1)
    assert refused(desk.entry_act(desk.maker, entry, "remove", "risk_confirmed", day)) == (409, "entry_state")
    assert desk.entry_act(desk.maker, entry, "suspend", "risk_reported", day).status_code == 200
    assert status_of(desk, entry) == "suspended"
    for action, reason in (("reinstate", "cleared"), ("remove", "risk_confirmed")):
        assert refused(desk.entry_act(desk.maker, entry, action, reason, day)) == (409, "same_person")
    assert desk.entry_act(desk.checker, entry, "reinstate", "cleared", day).status_code == 200
    assert status_of(desk, entry) == "listed"
    assert desk.entry_act(desk.maker, entry, "suspend", "risk_reported", day).status_code == 200
    removed = desk.entry_act(desk.checker, entry, "remove", "risk_confirmed", day + timedelta(days=1)).json()
    assert (removed["state"], status_of(desk, entry)) == ("removed", "removed")
    assert [one["action"] for one in removed["events"]] == ["list", "suspend", "reinstate", "suspend", "remove"]
    assert refused(desk.entry_act(desk.maker, entry, "reinstate", "cleared", day)) == (409, "entry_state")
    days = {LISTED - timedelta(days=1): None, LISTED: "listed", day: "suspended", day + timedelta(days=1): "removed"}
    assert {one: state_on(desk, entry, one) for one in days} == days


def test_code_and_database_have_one_table_of_transitions(desk: Desk) -> None:
    with desk.house.owner.reading() as session:
        rows = session.execute(select(*EntryTransition.__table__.c))
        assert {tuple(row) for row in rows} == {tuple(map(str, one)) for one in TRANSITIONS}


def test_the_handbook_has_the_table_of_the_code() -> None:
    handbook = (PROJECT_ROOT / "docs" / "white-list.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| [^|`]* \|$", handbook, re.MULTILINE)
    assert told == [tuple(map(str, one)) for one in TRANSITIONS]


LISTED_TO_LISTED = {"action": "renew", "from_state": "listed", "to_state": "listed"}


@pytest.mark.parametrize(
    ("event", "by", "after", "refusal"),
    [
        (LISTED_TO_LISTED, "checker", "checker", "two_people"),
        # Whoever names another one before than there was is refused as well.
        (LISTED_TO_LISTED, "checker", "maker", FOREIGN_KEY),
        ({"action": "renew", "from_state": "listed", "to_state": "removed"}, "maker", "checker", FOREIGN_KEY),
        ({"action": "reinstate", "from_state": "suspended", "to_state": "listed"}, "maker", "checker", FOREIGN_KEY),
    ],
)
def test_the_database_holds_the_second_person_and_the_transitions(
    desk: Desk, entry: str, event: dict[str, str], by: str, after: str, refusal: str
) -> None:
    who = {"account_id": getattr(desk, by).account_id, "previous_account_id": getattr(desk, after).account_id}
    row = {"entry_id": UUID(entry), "number": 2, "previous": 1, "effective_on": LISTED, "at": at(LISTED)}
    row |= {"document_number": "虚构", "valid_to": UNTIL, "sequence": 10**6}
    with pytest.raises(IntegrityError, match=refusal), desk.house.owner.writing() as session:
        session.execute(insert(WhitelistEvent).values(row | event | who))


def test_a_state_without_its_event_does_not_survive_the_commit(desk: Desk, entry: str) -> None:
    with pytest.raises(DBAPIError, match=FOREIGN_KEY), desk.house.owner.writing() as session:
        session.execute(update(WhitelistEntry).where(WhitelistEntry.id == UUID(entry)).values(state="removed"))


def test_a_subject_stands_on_the_list_once(desk: Desk) -> None:
    """The nominations refuse a second one; where that fails, the batch does, and the database after it."""
    nomination = desk.nominate()
    desk.published(nomination)
    with desk.house.owner.writing() as session:
        first = session.get_one(Nomination, UUID(nomination))
        again = desk.reviewers.approve(session, first.institution_id, first.region_code, None, at(LISTED))
        listed = session.scalars(select(WhitelistEntry).where(WhitelistEntry.nomination_id == first.id)).one()
        row = {column.name: getattr(listed, column.name) for column in WhitelistEntry.__table__.c}
    batch = desk.drafted(str(again), day=LISTED)
    seen = desk.house.get(desk.maker, f"/whitelist/batches/{batch['id']}")
    assert [(one["code"], one["blocking"]) for one in seen["problems"]] == [("already_listed", True)]
    period = {"notice_from": str(LISTED), "notice_to": str(LISTED + timedelta(days=6))}
    with on(LISTED):
        answer = desk.act(desk.maker, f"/whitelist/batches/{batch['id']}/actions/notice", period, 1)
    assert refused(answer) == (409, "batch_problems")
    second = row | {"id": uuid4(), "nomination_id": again, "serial": 99}
    with pytest.raises(IntegrityError, match="institution"), desk.house.owner.writing() as session:
        session.execute(insert(WhitelistEntry).values(second))


@pytest.mark.parametrize(("days", "accepted"), [(91, False), (90, True), (1, True), (0, False)])
def test_renewal_opens_ninety_days_before_the_end(desk: Desk, entry: str, days: int, accepted: bool) -> None:
    answer = desk.entry_act(desk.maker, entry, "renew", "still_met", UNTIL - timedelta(days=days))
    assert answer.status_code == (200 if accepted else 409), answer.text
    if accepted:
        assert answer.json()["valid_to"] == "2028-11-09"
    else:
        assert answer.json()["code"] == ("entry_state" if days == 0 else "too_early_to_renew")


def test_what_has_ended_has_ended_whether_or_not_it_was_marked(desk: Desk, entry: str) -> None:
    assert state_on(desk, entry, UNTIL - timedelta(days=1)) == "listed"
    assert state_on(desk, entry, UNTIL) == "expired"
    with desk.house.owner.writing() as session:
        only = [session.get_one(WhitelistEntry, UUID(entry)).institution_id]
        assert expire_due(session, UNTIL - timedelta(days=1), at(UNTIL), only=only) == 0
        # It may be marked days later, and says the day on which it ended.
        assert expire_due(session, UNTIL + timedelta(days=5), at(UNTIL + timedelta(days=5)), only=only) == 1
    event = desk.house.get(desk.maker, f"/whitelist/entries/{entry}")["events"][-1]
    assert (event["action"], event["effective_on"], event["by"], status_of(desk, entry)) == (
        "expire",
        "2027-11-09",
        None,
        "expired",
    )
    assert state_on(desk, entry, UNTIL - timedelta(days=1)) == "listed"


def test_what_was_known_is_told_apart_from_what_was(desk: Desk, entry: str) -> None:
    """An entry that was suspended at ten stood on the list at nine, as far as anybody knew."""
    day = LISTED + timedelta(days=3)
    assert desk.entry_act(desk.maker, entry, "suspend", "risk_reported", day).status_code == 200
    assert state_on(desk, entry, day) == "suspended"
    assert state_on(desk, entry, day, known_at=at(day, 9).isoformat()) == "listed"
    assert state_on(desk, entry, LISTED, known_at=at(LISTED, 9).isoformat()) is None


def test_an_act_names_the_version_and_a_reason_of_the_list(desk: Desk, entry: str) -> None:
    path, body = f"/whitelist/entries/{entry}/actions/suspend", {"reason_code": "cleared", "document_number": "虚构"}
    assert refused(desk.act(desk.maker, path, body, None)) == (428, "version_required")
    stale = desk.act(desk.maker, path, body, 9)
    assert (refused(stale), stale.json()["errors"][0]["code"]) == ((412, "version_stale"), "listed")
    assert refusals(desk.act(desk.maker, path, body, 1)) == {"/reason_code": "reason_refused"}
    assert desk.act(desk.county, path, body, 1).status_code == 403


def test_of_two_who_act_at_once_one_is_told(desk: Desk, entry: str) -> None:
    path, body = (
        f"/whitelist/entries/{entry}/actions/suspend",
        {"reason_code": "own_request", "document_number": "虚构"},
    )
    with on(LISTED), ThreadPoolExecutor(2) as pair:
        answers = list(pair.map(lambda person: desk.act(person, path, body, 1), [desk.maker, desk.checker]))
    assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_the_list_is_narrowed_and_paged(desk: Desk) -> None:
    nominations = [desk.nominate("140403", f"虚构翻页养老院{word}") for word in "甲乙丙"]
    nominations.append(desk.nominate("140403", project=True))
    desk.published(*nominations)
    asked = {"region": "1404", "page_size": 2}
    seen: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = desk.house.get(desk.maker, "/whitelist/entries", as_of=str(LISTED), **asked, **cursor)
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert len(seen) == len({one["id"] for one in seen}) == 4
    assert len(desk.entries(LISTED, region="140403", subject="project")) == 1
    assert len(desk.entries(LISTED, region="140403", kind=["elderly_home"])) == 3
    assert len(desk.entries(LISTED, q="fanye")) == 3
    assert [one["line"]["name"] for one in desk.entries(LISTED, q="翻页养老院丙")] == ["虚构翻页养老院丙"]
    number = seen[0]["line"]["number"]
    assert seen[0]["id"] in [one["id"] for one in desk.entries(LISTED, q=number)]


def test_a_county_reads_its_own_part_and_an_institution_itself(desk: Desk) -> None:
    here, there = desk.nominate("140105"), desk.nominate("140302")
    desk.published(here, there)
    mine, other = (desk.entry_of(one, LISTED)["id"] for one in (here, there))
    assert desk.house.call(desk.county, "GET", f"/whitelist/entries/{mine}").status_code == 200
    assert refused(desk.house.call(desk.county, "GET", f"/whitelist/entries/{other}")) == (404, "entry_not_found")
    regions = {one["line"]["region_code"] for one in desk.house.get(desk.county, "/whitelist/entries")["items"]}
    assert regions <= {"140105"}
    itself = desk.house.somebody(Role.INSTITUTION, "140105", institution_id=desk.subjects[here])
    listed = desk.house.get(itself, "/whitelist/entries", as_of=str(LISTED))["items"]
    assert [one["id"] for one in listed] == [mine]
    assert desk.house.get(itself, f"/whitelist/entries/{mine}")["snapshot"] is not None
    assert refused(desk.house.call(itself, "GET", f"/whitelist/entries/{other}")) == (404, "entry_not_found")


def test_a_bank_reaches_whoever_was_pushed_to_it_and_sees_frozen_figures_by_consent_only(
    desk: Desk, entry: str
) -> None:
    with desk.house.owner.writing() as session:
        bank, another = (a_bank(session, f"xugou-{uuid4().hex[:8]}").id for _ in range(2))
        listed = session.get_one(WhitelistEntry, UUID(entry))
        owner = listed.institution_id
    lender = desk.house.somebody(Role.BANK, bank_id=bank)
    assert desk.house.call(lender, "GET", f"/institutions/{owner}").status_code == 404
    with desk.house.owner.writing() as session:
        for one in (bank, another):
            a_delivery(session, one, [session.get_one(WhitelistEntry, UUID(entry))])
    assert desk.house.call(lender, "GET", f"/institutions/{owner}").status_code == 200
    seen = desk.house.get(lender, f"/whitelist/entries/{entry}")
    assert REVENUE in seen["masked"]
    assert REVENUE not in seen["snapshot"]["institution"]["facts"]
    assert "institution.beds_total" in seen["snapshot"]["institution"]["facts"]
    with desk.house.owner.writing() as session:
        a_consent(session, owner, bank, desk.maker.account_id, REVENUE)
    opened = desk.house.get(lender, f"/whitelist/entries/{entry}")
    assert opened["snapshot"]["institution"]["facts"][REVENUE]["value"] == "3000000.00"
    other = desk.house.somebody(Role.BANK, bank_id=another)
    desk.entry_act(desk.maker, entry, "suspend", "risk_reported", LISTED)
    assert desk.house.call(other, "GET", f"/institutions/{owner}").status_code == 404
    suspended = desk.house.get(other, f"/whitelist/entries/{entry}")
    assert (suspended["state"], suspended["snapshot"]) == ("suspended", None)


def _another_bank(desk: Desk) -> UUID:
    with desk.house.owner.writing() as session:
        return a_bank(session, f"xugou-{uuid4().hex[:8]}").id


def test_anybody_reads_what_is_printed_of_those_on_the_list_today(desk: Desk) -> None:
    stays, goes = (desk.nominate("140321", f"虚构公开养老院{word}") for word in "子丑")
    desk.published(stays, goes)
    desk.entry_act(desk.maker, desk.entry_of(goes, LISTED)["id"], "suspend", "risk_reported", LISTED)
    with on(LISTED):
        page = desk.house.get(None, "/whitelist/public", region="140321")
    assert [one["line"]["name"] for one in page["items"]] == ["虚构公开养老院子"]
    assert "自担风险" in page["notice"]
    (number,) = {one["batch_number"] for one in page["items"]}
    assert {"number": number, "published_on": str(LISTED)} in page["batches"]
    with on(LISTED):
        assert desk.house.get(None, "/whitelist/public", batch=number, region="140321")["items"] == page["items"]
        assert desk.house.get(None, "/whitelist/public", batch="没有这一批")["items"] == []
    assert "20000000" not in str(page)
    assert "facts" not in str(page)
    with on(UNTIL):
        assert desk.house.get(None, "/whitelist/public", region="140321")["items"] == []
    assert desk.house.call(None, "GET", "/whitelist/entries").status_code == 401


def changes(desk: Desk, person: Person, cursor: str | None = None) -> tuple[list[tuple[str, str]], str]:
    """All increments after a cursor, page by page, and where to go on."""
    found: list[tuple[str, str]] = []
    while True:
        asked = {"page_size": 3} | ({} if cursor is None else {"cursor": cursor})
        page = desk.house.get(person, "/whitelist/changes", **asked)
        found += [(one["entry_id"], one["action"]) for one in page["items"]]
        cursor = page["cursor"]
        if not page["more"]:
            return found, cursor


def test_changes_go_on_from_the_cursor(desk: Desk) -> None:
    before, cursor = changes(desk, desk.maker)
    assert changes(desk, desk.maker, cursor) == ([], cursor)
    nominations = [desk.nominate() for _ in range(4)]
    desk.published(*nominations)
    ids = [desk.entry_of(one, LISTED)["id"] for one in nominations]
    desk.entry_act(desk.maker, ids[1], "suspend", "risk_reported", LISTED)
    fresh, later = changes(desk, desk.maker, cursor)
    assert fresh == [*((one, "list") for one in ids), (ids[1], "suspend")]
    everything, _ = changes(desk, desk.maker)
    assert everything == [*before, *fresh]
    assert changes(desk, desk.maker, later)[0] == []
    lender = desk.house.somebody(Role.BANK, bank_id=_another_bank(desk))
    assert changes(desk, lender)[0] == everything
    assert refused(desk.house.call(desk.maker, "GET", "/whitelist/changes", params={"cursor": "x"})) == (
        422,
        "cursor_refused",
    )


def test_a_reader_beside_many_writers_misses_nothing(desk: Desk) -> None:
    """Whoever goes on from the last number seen sees each later event once: numbers are given out as commits come."""
    nominations = [desk.nominate() for _ in range(8)]
    desk.published(*nominations)
    entries = [desk.entry_of(one, LISTED)["id"] for one in nominations]
    _, cursor = changes(desk, desk.maker)
    seen: list[tuple[str, str]] = []
    body = {"reason_code": "risk_reported", "document_number": "虚构"}

    def suspend(entry: str) -> int:
        answer = desk.act(desk.maker, f"/whitelist/entries/{entry}/actions/suspend", body, 1)
        status: int = answer.status_code
        return status

    with on(LISTED), ThreadPoolExecutor(4) as writers:
        done = [writers.submit(suspend, entry) for entry in entries]
        while not all(one.done() for one in done):
            fresh, cursor = changes(desk, desk.maker, cursor)
            seen += fresh
    seen += changes(desk, desk.maker, cursor)[0]
    assert [one.result() for one in done] == [200] * len(entries)
    assert sorted(seen) == sorted((entry, "suspend") for entry in entries)


def test_the_order_of_the_numbers_is_the_order_of_the_commits(postgresql: Any) -> None:
    """The second to ask for a number waits for the first one's commit, so that no reader sees two before one."""
    url = postgresql.create()
    from_first: list[int] = []
    database = open_database(settings_for(url))
    try:

        def second() -> int:
            with database.writing() as session:
                number = take_numbers(session, "whitelist_event", "140000", 0)
                # By the time that the number is given, the first one's is committed.
                from_first.append(_committed(database))
                return number

        with ThreadPoolExecutor(1) as other:
            with database.writing() as session:
                assert take_numbers(session, "whitelist_event", "140000", 0) == 1
                waiting = other.submit(second)
                assert _waits(database)
                assert not waiting.done()
            assert waiting.result(timeout=20) == 2
        assert from_first == [1]
    finally:
        database.dispose()
        postgresql.drop(url)


def _committed(database: Database) -> int:
    """The last number that another transaction can see."""
    with database.reading() as session:
        return session.scalars(select(Counter.value).where(Counter.kind == "whitelist_event")).one()


def _waits(database: Database) -> bool:
    """Whether somebody waits for a lock, asked until somebody does."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(5_000):
        with database.reading() as session:
            if session.scalar(waiting):
                return True
    return False
