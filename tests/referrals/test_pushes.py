"""Pushes: what a bank does not know yet, delivered once, numbered, frozen, and received."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from app.access.permissions import Role
from app.http.idempotency import HEADER
from app.store.tables import (
    Delivery,
    DeliveryItem,
    DeliveryReceipt,
    OutboxEvent,
    Push,
    Referral,
    ReferralStep,
    WhitelistEntry,
)
from tests.access.deliveries import a_published_batch, became
from tests.access.house import refused
from tests.access.people import Person
from tests.access.town import FAR, HOME, Town
from tests.referrals.scene import Borrower, Lender, a_borrower, a_lender, letters

pytestmark = pytest.mark.usefixtures("today")


def batch_of(town: Town, borrower: Borrower) -> str:
    with town.house.owner.reading() as session:
        return str(session.get_one(WhitelistEntry, borrower.entry_id).batch_id)


def push(town: Town, person: Person, batch: str | None, *banks: Lender, key: str | None = None) -> Any:
    body = {"batch_id": batch, "banks": [bank.code for bank in banks], "note": "虚构的说明"}
    return town.house.call(person, "POST", "/pushes", json=body, headers={HEADER: key or uuid4().hex})


def pushed(town: Town, batch: str | None, *banks: Lender) -> dict[str, Any]:
    answer = push(town, town.people.pboc, batch, *banks)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def items_of(town: Town, person: Person, delivery: dict[str, Any]) -> list[dict[str, Any]]:
    path = f"/pushes/{delivery['push_id']}/deliveries/{delivery['id']}/items"
    found: list[dict[str, Any]] = town.house.get(person, path, page_size=200)["items"]
    return found


def happened(town: Town, borrower: Borrower, action: str, state: str) -> None:
    with town.house.owner.writing() as session:
        became(session, session.get_one(WhitelistEntry, borrower.entry_id), action, state)


def test_each_bank_gets_a_numbered_delivery_that_says_what_is_new(town: Town) -> None:
    borrower, one, other = a_borrower(town), a_lender(town), a_lender(town)
    made = pushed(town, batch_of(town, borrower), one, other)
    number = made["number"]
    assert number.startswith("晋推2026-")
    assert [row["number"] for row in made["deliveries"]] == [f"{number}-01", f"{number}-02"]
    assert [row["bank"] for row in made["deliveries"]] == [one.code, other.code]
    assert made["deliveries"][0]["answer_by"] == "2026-12-20"
    assert made["deliveries"][0]["counts"] == {"new": 1, "changed": 0, "suspended": 0, "removed": 0, "expired": 0}
    (item,) = items_of(town, one.manager, made["deliveries"][0])
    assert (item["entry_id"], item["change"], item["state"]) == (str(borrower.entry_id), "new", "listed")
    (row,) = town.house.get(one.manager, "/referrals")["items"]
    assert (row["state"], row["due_on"], row["standing"]) == ("not_contacted", "2026-12-20", "running")


def test_numbers_follow_one_another(town: Town) -> None:
    borrower = a_borrower(town)
    numbers = [pushed(town, batch_of(town, borrower), a_lender(town))["number"] for _ in range(3)]
    counts = [int(number.removeprefix("晋推2026-")) for number in numbers]
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2]


def test_the_preview_says_what_a_push_then_delivers(town: Town) -> None:
    first, second, lender, fresh = a_borrower(town), a_borrower(town), a_lender(town), a_lender(town)
    made = pushed(town, batch_of(town, first), lender)
    happened(town, first, "suspend", "suspended")
    asked = {"bank": [lender.code, fresh.code]}
    before = town.house.get(town.people.pboc, "/pushes/preview", batch=batch_of(town, first), **asked)
    known, new = before["banks"]
    assert (known["items"], known["counts"]["suspended"], known["known"]) == (1, 1, 0)
    assert [row["number"] for row in known["earlier"]] == [made["deliveries"][0]["number"]]
    # Who never heard of it is not told that it is suspended.
    assert (new["items"], new["earlier"]) == (0, [])
    rows = town.house.get(town.people.pboc, "/pushes/preview/items", bank=lender.code, batch=batch_of(town, first))
    assert [row["change"] for row in rows["items"]] == ["suspended"]
    whole = town.house.get(town.people.pboc, "/pushes/preview", **asked)["banks"]
    assert whole[0]["counts"]["new"] == whole[1]["counts"]["new"] >= 1
    assert whole[0]["counts"]["suspended"] == 1
    made = pushed(town, None, lender)
    delivered = items_of(town, lender.manager, made["deliveries"][0])
    assert made["deliveries"][0]["items"] == whole[0]["items"] == len(delivered)
    changes = {row["entry_id"]: row["change"] for row in delivered}
    assert changes[str(first.entry_id)] == "suspended"
    assert changes[str(second.entry_id)] == "new"


@pytest.mark.parametrize(
    ("history", "change", "state"),
    [
        ([("suspend", "suspended")], "suspended", "suspended"),
        ([("suspend", "suspended"), ("remove", "removed")], "removed", "removed"),
        ([("suspend", "suspended"), ("reinstate", "listed")], "changed", "listed"),
        ([("renew", "listed")], "changed", "listed"),
        ([("expire", "expired")], "expired", "expired"),
    ],
)
def test_what_becomes_of_an_entry_is_delivered_as_a_change(
    town: Town, history: list[tuple[str, str]], change: str, state: str
) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    pushed(town, batch_of(town, borrower), lender)
    for action, after in history:
        happened(town, borrower, action, after)
    made = pushed(town, batch_of(town, borrower), lender)
    (item,) = items_of(town, lender.manager, made["deliveries"][0])
    assert (item["change"], item["state"]) == (change, state)
    # One row for a bank and an entry, whatever is delivered later.
    (row,) = town.house.get(lender.manager, "/referrals")["items"]
    assert row["entry_state"] == state
    assert refused(push(town, town.people.pboc, batch_of(town, borrower), lender)) == (409, "nothing_to_deliver")


def test_a_push_of_one_batch_hides_no_change_of_another(town: Town) -> None:
    first, second, lender = a_borrower(town), a_borrower(town), a_lender(town)
    pushed(town, batch_of(town, first), lender)
    happened(town, first, "suspend", "suspended")
    pushed(town, batch_of(town, second), lender)
    asked = {"bank": [lender.code], "batch": batch_of(town, first)}
    assert town.house.get(town.people.pboc, "/pushes/preview", **asked)["banks"][0]["counts"]["suspended"] == 1


def test_sent_twice_it_is_pushed_once(town: Town) -> None:
    borrower, lender, key = a_borrower(town), a_lender(town), uuid4().hex
    answers = [push(town, town.people.pboc, batch_of(town, borrower), lender, key=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    with town.house.owner.reading() as session:
        assert len(session.scalars(select(Delivery).where(Delivery.bank_id == lender.id)).all()) == 1


def test_whatever_moves_something_needs_a_key(town: Town) -> None:
    paths = town.house.client.app.openapi()["paths"].items()
    mine = re.compile(r"/api/v1/(pushes|referrals|consents/requests)\b")
    acts = [methods["post"] for path, methods in paths if mine.match(path) and "post" in methods]
    assert len(acts) == 12
    for one in acts:
        assert any(part["name"] == HEADER and part["required"] for part in one["parameters"]), one["operationId"]


def test_what_cannot_be_pushed_is_refused(town: Town) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    nobody = push(
        town,
        town.people.pboc,
        batch_of(town, borrower),
        lender,
        Lender(lender.id, "xugou-nobody", *[town.people.bank] * 2),
    )
    assert refused(nobody) == (422, "push_refused")
    assert nobody.json()["errors"][0]["pointer"] == "/banks/1"
    assert refused(push(town, town.people.pboc, str(uuid4()), lender)) == (404, "batch_not_found")
    twice = push(town, town.people.pboc, batch_of(town, borrower), lender, lender)
    assert twice.status_code == 422
    with town.house.owner.writing() as session:
        draft = a_published_batch(session)
        session.expunge(draft)
        unpublished = {"state": "draft", "number": None, "year": None, "ordinal": None, "document_number": None}
        kept = {name: getattr(draft, name) for name in ("region_code", "title", "drafted_by", "created_at")}
        made = type(draft)(**kept, **unpublished)
        session.add(made)
        session.flush()
        key = str(made.id)
    assert refused(push(town, town.people.pboc, key, lender)) == (409, "batch_not_published")


def test_only_the_central_bank_of_the_province_pushes(town: Town) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    city = town.house.somebody(Role.PBOC, "140100")
    for name, person in {**town.people.all(), "pboc of a city": city}.items():
        if name != "pboc":
            answer = push(town, person, batch_of(town, borrower), lender)
            assert answer.status_code == 403, name
            asked = town.house.call(person, "GET", "/pushes/preview", params={"bank": lender.code})
            assert asked.status_code == 403, name


def test_a_push_is_read_by_the_province_and_by_its_banks(town: Town) -> None:
    near, far, one, other = a_borrower(town, HOME), a_borrower(town, FAR), a_lender(town), a_lender(town)
    made = pushed(town, None, one, other)
    mine, theirs = made["deliveries"]
    branch = town.house.somebody(Role.BANK, FAR, bank_id=one.id)
    for person in (town.people.pboc, town.people.province, town.people.auditor):
        assert len(town.house.get(person, f"/pushes/{made['id']}")["deliveries"]) == 2
    seen = town.house.get(one.manager, f"/pushes/{made['id']}")
    assert [row["bank"] for row in seen["deliveries"]] == [one.code]
    foreign = town.house.call(one.manager, "GET", f"/pushes/{made['id']}/deliveries/{theirs['id']}")
    assert refused(foreign) == (404, "delivery_not_found")
    # A branch reads what lies in its region.
    regions = {row["region_code"] for row in items_of(town, branch, mine)}
    assert regions == {FAR}
    entries = {row["entry_id"] for row in items_of(town, one.manager, mine)}
    assert {str(near.entry_id), str(far.entry_id)} <= entries
    assert town.house.call(town.people.other_bank, "GET", f"/pushes/{made['id']}").status_code == 404
    assert town.house.call(town.people.county, "GET", f"/pushes/{made['id']}").status_code == 404
    assert town.house.call(town.people.home, "GET", f"/pushes/{made['id']}").status_code == 403
    assert made["id"] in {row["id"] for row in town.house.get(one.manager, "/pushes")["items"]}
    assert made["id"] not in {row["id"] for row in town.house.get(town.people.other_bank, "/pushes")["items"]}
    assert town.house.get(town.people.county, "/pushes")["items"] == []


def test_the_bank_is_told_in_its_inbox_and_by_events(town: Town) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    made = pushed(town, batch_of(town, borrower), lender)["deliveries"][0]
    (letter,) = letters(town, lender.manager, "push.delivered")
    assert letter["subject_id"] == made["id"]
    assert made["number"] in letter["title"]
    with town.house.owner.reading() as session:
        events = session.scalars(
            select(OutboxEvent).where(OutboxEvent.bank_id == lender.id).order_by(OutboxEvent.number)
        ).all()
        assert [one.kind for one in events] == ["cn.yinqiao.push.delivered", "cn.yinqiao.entry.new"]
        assert events[0].data["delivery_id"] == made["id"]
        assert (events[1].subject, events[1].data["entry_id"]) == (str(borrower.entry_id),) * 2


def test_a_branch_without_anything_in_its_region_is_not_told(town: Town) -> None:
    borrower, lender = a_borrower(town, HOME), a_lender(town)
    branch = town.house.somebody(Role.BANK, FAR, bank_id=lender.id)
    pushed(town, batch_of(town, borrower), lender)
    assert letters(town, branch, "push.delivered") == []


def test_a_delivery_is_received_once_by_its_bank(town: Town) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    made = pushed(town, batch_of(town, borrower), lender)["deliveries"][0]
    path = f"/pushes/{made['push_id']}/deliveries/{made['id']}/actions/receive"

    def receive(person: Person) -> Any:
        return town.house.call(person, "POST", path, headers={HEADER: uuid4().hex})

    assert receive(town.people.other_bank).status_code == 404
    assert receive(town.people.pboc).status_code == 403
    received = receive(lender.manager)
    assert [row["way"] for row in received.json()["receipts"]] == ["confirmed"]
    assert refused(receive(lender.mate)) == (409, "already_received")
    seen = town.house.get(town.people.pboc, f"/pushes/{made['push_id']}")["deliveries"][0]
    assert [row["way"] for row in seen["receipts"]] == ["confirmed"]


KEPT = (Push, Delivery, DeliveryItem, DeliveryReceipt, ReferralStep)


@pytest.mark.parametrize("table", KEPT)
def test_what_was_delivered_is_never_changed(town: Town, table: type[Any]) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    made = pushed(town, batch_of(town, borrower), lender)["deliveries"][0]
    town.house.call(
        lender.manager,
        "POST",
        f"/pushes/{made['push_id']}/deliveries/{made['id']}/actions/receive",
        headers={HEADER: uuid4().hex},
    )
    name = next(column for column in table.__table__.c if not column.primary_key and not column.foreign_keys)
    for act in (update(table).values({name.name: name}), delete(table)):
        with pytest.raises(DBAPIError, match="推送和对接的记录只增不改"), town.house.owner.writing() as session:
            session.execute(act)


def test_one_row_for_a_bank_and_an_entry(town: Town) -> None:
    borrower, lender = a_borrower(town), a_lender(town)
    pushed(town, batch_of(town, borrower), lender)
    with town.house.owner.reading() as session:
        (key,) = session.scalars(select(Referral.id).where(Referral.bank_id == lender.id)).all()
    copy = "INSERT INTO referral SELECT * FROM referral WHERE id = :key"
    with pytest.raises(DBAPIError), town.house.owner.writing() as session:
        session.execute(text(copy), {"key": UUID(str(key)).hex if session.get_bind().dialect.name == "sqlite" else key})
