"""Events: written with the change, numbered in the order of commits, read without a gap while others write."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.permissions import Permission, Role
from app.referrals.outbox import Notice, append, append_all
from app.store.engine import Database
from app.store.tables import OutboxEvent
from tests.access.house import House, a_bank, a_house, refusals, refused
from tests.access.people import Person, a_key
from tests.databases import Databases

KIND = "cn.yinqiao.push.delivered"
NOW = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


def a_lender(house: House, code: str) -> tuple[UUID, Person]:
    with house.owner.writing() as session:
        bank_id = a_bank(session, code).id
    return bank_id, house.somebody(Role.BANK, bank_id=bank_id)


def tell(house: House, bank_id: UUID, *subjects: str) -> list[str]:
    """As the web process does it: on PostgreSQL as the role that owns nothing and is bound to nobody."""
    with house.served.writing() as session:
        return [str(append(session, bank_id, KIND, one, {"entry_id": one}, NOW)) for one in subjects]


def test_a_bank_reads_its_own_events_in_order_and_goes_on_where_it_ended(house: House) -> None:
    (bank_id, person), (other_id, other) = a_lender(house, "xugou-reader"), a_lender(house, "xugou-neighbour")
    empty = house.get(person, "/events")
    assert (empty["items"], empty["has_more"]) == ([], False)
    told = tell(house, bank_id, "a", "b", "c")
    tell(house, other_id, "secret")
    first = house.get(person, "/events", page_size=2, cursor=empty["next_cursor"])
    assert ([one["id"] for one in first["items"]], first["has_more"]) == (told[:2], True)
    second = house.get(person, "/events", page_size=2, cursor=first["next_cursor"])
    assert ([one["id"] for one in second["items"]], second["has_more"]) == (told[2:], False)
    nothing = house.get(person, "/events", cursor=second["next_cursor"])
    assert (nothing["items"], nothing["next_cursor"]) == ([], second["next_cursor"])
    later = tell(house, bank_id, "d")
    assert [one["id"] for one in house.get(person, "/events", cursor=nothing["next_cursor"])["items"]] == later
    assert [one["subject"] for one in house.get(other, "/events", total=True)["items"]] == ["secret"]
    assert [one["sequence"][-1] for one in house.get(person, "/events")["items"]] == ["1", "2", "3", "4"]


def test_only_banks_have_events(house: House) -> None:
    for role in (Role.PBOC, Role.CIVIL_AFFAIRS, Role.AUDITOR):
        assert refused(house.call(house.somebody(role), "GET", "/events")) == (403, "forbidden")
    assert house.call(None, "GET", "/events").status_code == 401
    _, person = a_lender(house, "xugou-narrow")
    with house.owner.writing() as session:
        narrow = a_key(session, person.account_id, [Permission.READ_CANDIDATES])
    answer = house.client.get("/api/v1/events", headers={"Authorization": f"Bearer {narrow.text}"})
    assert answer.status_code == 403


def test_a_forged_cursor_is_refused(house: House) -> None:
    _, person = a_lender(house, "xugou-forger")
    answer = house.call(person, "GET", "/events", params={"cursor": "AAAA"})
    assert refusals(answer) == {"/query/cursor": "cursor_refused"}


@pytest.mark.parametrize(
    ("kind", "subject", "body"),
    [
        ("push.delivered", "a", {}),
        ("cn.yinqiao.", "a", {}),
        ("cn.yinqiao." + "x" * 80, "a", {}),
        (KIND, "", {}),
        (KIND, "a" * 81, {}),
        (KIND, "a", {"name": "虚" * 81}),
        (KIND, "a", {f"k{number}": "v" for number in range(21)}),
    ],
)
def test_an_event_names_ids_and_tells_no_facts(session: Session, kind: str, subject: str, body: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"event|subject"):
        append(session, UUID(int=1), kind, subject, body, NOW)


def numbers(database: Database, bank_id: UUID) -> list[tuple[int, str]]:
    with database.reading() as session:
        query = select(OutboxEvent.number, OutboxEvent.subject).where(OutboxEvent.bank_id == bank_id)
        return [(row.number, row.subject) for row in session.execute(query.order_by(OutboxEvent.number))]


def tell_and_fail(database: Database, bank_id: UUID) -> None:
    with database.writing() as session:
        append(session, bank_id, KIND, "lost", {}, NOW)
        raise RuntimeError("undone")


def test_a_change_that_is_rolled_back_was_never_told(fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        bank_id = a_bank(session).id
        append(session, bank_id, KIND, "kept", {}, NOW)
    with pytest.raises(RuntimeError, match="undone"):
        tell_and_fail(fresh_database, bank_id)
    with fresh_database.writing() as session:
        append(session, bank_id, KIND, "next", {}, NOW)
    assert numbers(fresh_database, bank_id) == [(1, "kept"), (2, "next")]


def test_several_banks_are_told_at_once_each_in_its_own_order(fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        one, two = a_bank(session, "xugou-one").id, a_bank(session, "xugou-two").id
        pairs = [(two, "a"), (one, "a"), (two, "b"), (one, "b")]
        ids = append_all(session, [Notice(bank, KIND, subject, {}) for bank, subject in pairs], NOW)
    assert numbers(fresh_database, one) == numbers(fresh_database, two) == [(1, "a"), (2, "b")]
    with fresh_database.reading() as session:
        assert [(row.bank_id, row.subject) for row in (session.get_one(OutboxEvent, key) for key in ids)] == pairs


WRITERS, EACH = 6, 25


def test_a_reader_misses_nothing_while_many_write(fresh_database: Database) -> None:
    """Real writers against one reader, who only ever looks beyond the last number that he saw."""
    with fresh_database.writing() as session:
        banks = [a_bank(session, f"xugou-{number}").id for number in range(2)]
    begin, writing = threading.Barrier(WRITERS + 1), threading.Semaphore(0)
    failures: list[BaseException] = []

    def write(writer: int) -> None:
        begin.wait()
        try:
            for number in range(EACH):
                # In both orders: whoever tells several banks must never wait for another who does.
                of = banks if (writer + number) % 2 else banks[::-1]
                with fresh_database.writing() as session:
                    append_all(session, [Notice(one, KIND, f"{writer}-{number}", {}) for one in of], NOW)
        except BaseException as error:  # noqa: BLE001  shown below
            failures.append(error)
        finally:
            writing.release()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    seen: list[tuple[int, str]] = []
    begin.wait()
    ended = 0
    while ended < WRITERS or len(seen) < WRITERS * EACH:
        ended += writing.acquire(blocking=False)
        last = seen[-1][0] if seen else 0
        fresh = [one for one in numbers(fresh_database, banks[0]) if one[0] > last]
        seen += fresh
        if ended == WRITERS and not fresh:
            break
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen == numbers(fresh_database, banks[0])
    assert [number for number, _ in seen] == list(range(1, WRITERS * EACH + 1))
    for writer in range(WRITERS):
        mine = [subject for _, subject in seen if subject.startswith(f"{writer}-")]
        assert mine == [f"{writer}-{number}" for number in range(EACH)]


def test_a_number_is_not_seen_before_those_below_it(fresh_database: Database) -> None:
    """The second writer cannot commit while the first, who has the lower number, is still under way."""
    with fresh_database.writing() as session:
        bank_id = a_bank(session).id
    done = threading.Event()

    def second() -> None:
        with fresh_database.writing() as session:
            append(session, bank_id, KIND, "second", {}, NOW)
        done.set()

    with fresh_database.writing() as session:
        append(session, bank_id, KIND, "first", {}, NOW)
        thread = threading.Thread(target=second)
        thread.start()
        assert not done.wait(0.2)
        assert numbers(fresh_database, bank_id) == []
    thread.join()
    assert numbers(fresh_database, bank_id) == [(1, "first"), (2, "second")]
