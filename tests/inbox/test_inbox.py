"""The inbox over HTTP: one's own office's or institution's and nobody else's; one colleague reads for all."""

from uuid import UUID

import pytest

from app.access.permissions import Role
from app.http.clock import now
from app.store.tables import Message
from tests.access.house import COUNTY, SIBLING, House, a_bank, an_institution, refused
from tests.access.people import Person
from tests.inbox.letters import deliver, to


@pytest.fixture
def clerk(house: House) -> Person:
    return house.somebody(Role.CIVIL_AFFAIRS, COUNTY)


def titles(house: House, person: Person, **params: object) -> list[str]:
    return [one["title"] for one in house.get(person, "/inbox", **params)["items"]]


def test_an_office_reads_what_is_addressed_to_it_and_nothing_else(house: House, clerk: Person) -> None:
    (letter,) = deliver(house, to(clerk), title="给本局")
    shown = house.get(clerk, "/inbox", total=True)
    (item,) = shown["items"]
    assert (shown["total"], shown["unread"], item["read_at"], item["read_by"]) == (1, 1, None, None)
    assert {name: item[name] for name in ("kind", "title", "body", "subject_kind")} == {
        "kind": letter.kind,
        "title": "给本局",
        "body": letter.body,
        "subject_kind": letter.subject_kind,
    }
    # Not even an office of the same region, the one above, or the province's.
    for region in (COUNTY, SIBLING, "140100", "140000"):
        assert house.get(house.somebody(Role.CIVIL_AFFAIRS, region), "/inbox") == {
            "items": [],
            "next_cursor": None,
            "total": None,
            "unread": 0,
        }


def test_an_institution_reads_its_own_and_a_bank_its_offices(house: House, clerk: Person) -> None:
    with house.owner.writing() as session:
        home, other, bank = an_institution(session).id, an_institution(session).id, a_bank(session).id
    people = {one: house.somebody(Role.INSTITUTION, COUNTY, institution_id=one) for one in (home, other)}
    lender = house.somebody(Role.BANK, bank_id=bank)
    branch = house.somebody(Role.BANK, COUNTY, bank_id=bank)
    deliver(house, to(clerk, home), title="给机构")
    deliver(house, to(lender), title="给总行")
    assert titles(house, people[home]) == ["给机构"]
    assert titles(house, lender) == ["给总行"]
    assert titles(house, people[other]) == titles(house, branch) == titles(house, clerk) == []


def test_the_newest_come_first_page_by_page(house: House, clerk: Person) -> None:
    letters = deliver(house, to(clerk), 5)
    first = house.get(clerk, "/inbox", page_size=2, total=True)
    second = house.get(clerk, "/inbox", page_size=2, cursor=first["next_cursor"])
    third = house.get(clerk, "/inbox", page_size=2, cursor=second["next_cursor"])
    ids = [one["id"] for page in (first, second, third) for one in page["items"]]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), first["total"], first["unread"], third["next_cursor"]) == (len(letters), 5, 5, None)
    answer = house.call(clerk, "GET", "/inbox", params={"unread": True, "cursor": first["next_cursor"]})
    assert refused(answer) == (422, "cursor_refused")


def test_the_list_is_cut_to_unread_and_to_one_kind(house: House, clerk: Person) -> None:
    deliver(house, to(clerk), title="提醒")
    deliver(house, to(clerk), title="到期", kind="deadline.overdue")
    seen = house.get(clerk, "/inbox", kind="deadline.overdue")["items"][0]
    house.post(clerk, f"/inbox/{seen['id']}/actions/read", status=200)
    assert titles(house, clerk, unread=True) == ["提醒"]
    assert titles(house, clerk, unread=False) == ["到期"]
    assert titles(house, clerk, kind="reminder.list") == ["提醒"]
    assert titles(house, clerk, kind="other") == []


def test_whoever_reads_a_message_first_stays_named(house: House, clerk: Person) -> None:
    deliver(house, to(clerk))
    mate = house.colleague(clerk, Role.CIVIL_AFFAIRS)
    (item,) = house.get(clerk, "/inbox")["items"]
    before = now()
    first = house.post(mate, f"/inbox/{item['id']}/actions/read", status=200)
    assert first["read_by"] == str(mate.account_id)
    again = house.post(clerk, f"/inbox/{item['id']}/actions/read", status=200)
    assert again == first
    assert house.get(clerk, "/inbox")["unread"] == 0
    with house.owner.reading() as session:
        kept = session.get_one(Message, UUID(item["id"]))
        assert kept.read_at is not None
        assert kept.read_at >= before


def test_a_foreign_message_is_none(house: House, clerk: Person) -> None:
    deliver(house, to(clerk))
    (item,) = house.get(clerk, "/inbox")["items"]
    stranger = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    answer = house.call(stranger, "POST", f"/inbox/{item['id']}/actions/read")
    assert refused(answer) == (404, "message_not_found")
    assert house.post(stranger, "/inbox/actions/read-all", {}, 200) == {"marked": 0, "unread": 0}
    assert house.get(clerk, "/inbox")["unread"] == 1


def test_all_are_read_up_to_the_newest_that_was_seen(house: House, clerk: Person) -> None:
    deliver(house, to(clerk), 3)
    newest = house.get(clerk, "/inbox")["items"][0]
    deliver(house, to(clerk), title="刚到")
    said = house.post(clerk, "/inbox/actions/read-all", {"up_to": newest["id"]}, 200)
    assert said == {"marked": 3, "unread": 1}
    assert titles(house, clerk, unread=True) == ["刚到"]
    assert house.post(clerk, "/inbox/actions/read-all", {}, 200) == {"marked": 1, "unread": 0}
    assert house.post(clerk, "/inbox/actions/read-all", {}, 200) == {"marked": 0, "unread": 0}


def test_administrators_have_no_inbox(house: House) -> None:
    assert refused(house.call(house.somebody(Role.SYSTEM_ADMIN), "GET", "/inbox")) == (403, "forbidden")
    assert refused(house.call(None, "GET", "/inbox"))[0] == 401
