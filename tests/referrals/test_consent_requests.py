"""A bank asks, the institution answers; what was consented to is shown until it is withdrawn, and put on record."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import select

from app.store.tables import AuditEvent
from tests.access.house import refusals, refused
from tests.access.people import Person
from tests.access.town import REVENUE, Town
from tests.referrals.scene import DAY, Borrower, Lender, a_borrower, a_lender, deliver, letters

pytestmark = pytest.mark.usefixtures("today")
TELEPHONE = "contact.telephone"


def body(borrower: Borrower, *fields: str, **changes: Any) -> dict[str, Any]:
    return {
        "institution_id": str(borrower.id),
        "purpose": "due_diligence",
        "fields": list(fields or (REVENUE,)),
        "valid_from": DAY,
        "valid_to": "2027-02-20",
        "reason": "虚构的事由",
        **changes,
    }


def send(town: Town, person: Person, path: str, body: dict[str, Any], version: int | None = None) -> httpx2.Response:
    headers = {"Idempotency-Key": uuid4().hex}
    return town.house.call(person, "POST", path, json=body, version=version, headers=headers)


def ask(town: Town, lender: Lender, borrower: Borrower, *fields: str, **changes: Any) -> httpx2.Response:
    return send(town, lender.manager, "/consents/requests", body(borrower, *fields, **changes))


def asked(town: Town, lender: Lender, borrower: Borrower, *fields: str) -> dict[str, Any]:
    answer = ask(town, lender, borrower, *fields)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def granted(town: Town, lender: Lender, borrower: Borrower, *fields: str, **changes: Any) -> dict[str, Any]:
    given = {
        "bank": lender.code,
        "purpose": "due_diligence",
        "fields": list(fields or (REVENUE,)),
        "valid_from": DAY,
        "valid_to": "2027-02-20",
        "evidence": "虚构授权书",
    }
    return town.house.post(borrower.person, "/consents", given | changes)


def both(town: Town) -> tuple[Lender, Borrower]:
    lender, borrower = a_lender(town), a_borrower(town)
    deliver(town, lender, borrower)
    return lender, borrower


def test_the_institution_is_told_who_asks_for_what(town: Town) -> None:
    lender, borrower = both(town)
    made = asked(town, lender, borrower, REVENUE, TELEPHONE)
    assert (made["state"], made["bank"], made["consent_id"]) == ("open", lender.code, None)
    assert [one["field"] for one in made["fields"]] == [TELEPHONE, REVENUE]
    (letter,) = letters(town, borrower.person, "consent.requested")
    assert letter["subject_id"] == made["id"]
    assert "虚构的事由" in letter["body"]
    assert "联系电话" in letter["body"]


def test_a_request_concerns_both_sides_and_the_offices_above(town: Town) -> None:
    lender, borrower = both(town)
    path = f"/consents/requests/{asked(town, lender, borrower)['id']}"
    seen = {name for name, one in town.people.all().items() if town.house.call(one, "GET", path).status_code == 200}
    assert seen == {"county", "city", "province", "pboc", "auditor"}
    for person in (lender.manager, lender.mate, borrower.person):
        assert town.house.call(person, "GET", path).status_code == 200


def test_a_consent_answers_the_request(town: Town) -> None:
    lender, borrower = both(town)
    path = f"/consents/requests/{asked(town, lender, borrower, REVENUE, TELEPHONE)['id']}"
    other_purpose = granted(town, lender, borrower, purpose="matching")
    other_field = granted(town, lender, borrower, "institution.loan_overdue")
    assert town.house.get(lender.manager, path)["state"] == "open"
    consent = granted(town, lender, borrower)
    shown = town.house.get(lender.manager, path)
    assert (shown["state"], shown["consent_id"]) == ("granted", consent["id"])
    assert consent["id"] not in {other_purpose["id"], other_field["id"]}
    rows = town.house.get(lender.manager, "/consents/requests", state="granted")["items"]
    assert [row["id"] for row in rows] == [shown["id"]]
    late = send(town, borrower.person, f"{path}/actions/refuse", {}, version=1)
    assert refused(late) == (409, "consent_request_answered")


def test_the_institution_refuses_and_the_bank_is_told(town: Town) -> None:
    lender, borrower = both(town)
    path = f"/consents/requests/{asked(town, lender, borrower)['id']}"
    assert send(town, lender.manager, f"{path}/actions/refuse", {}, version=1).status_code == 403
    answer = send(town, borrower.person, f"{path}/actions/refuse", {"note": "虚构的说明"}, version=1)
    assert (answer.json()["state"], answer.json()["refusal"]) == ("refused", "虚构的说明")
    (letter,) = letters(town, lender.manager, "consent.refused")
    assert "虚构的说明" in letter["body"]
    again = send(town, borrower.person, f"{path}/actions/refuse", {}, version=2)
    assert refused(again) == (409, "consent_request_answered")


def test_a_bank_takes_its_request_back_and_asks_anew(town: Town) -> None:
    lender, borrower = both(town)
    made = asked(town, lender, borrower)
    assert refused(ask(town, lender, borrower, TELEPHONE)) == (409, "consent_request_open")
    stale = send(town, lender.mate, f"/consents/requests/{made['id']}/actions/cancel", {}, version=7)
    assert refused(stale) == (412, "version_stale")
    answer = town.house.call(
        lender.mate,
        "POST",
        f"/consents/requests/{made['id']}/actions/cancel",
        version=1,
        headers={"Idempotency-Key": uuid4().hex},
    )
    assert answer.json()["state"] == "cancelled"
    assert asked(town, lender, borrower, TELEPHONE)["state"] == "open"


def test_only_a_bank_that_got_the_entry_asks(town: Town) -> None:
    lender, borrower = both(town)
    stranger = a_lender(town)
    assert refused(ask(town, stranger, borrower)) == (404, "institution_not_found")
    for name in ("pboc", "county", "home"):
        answer = send(town, town.people.all()[name], "/consents/requests", body(borrower))
        assert answer.status_code == 403, name
    assert ask(town, lender, borrower).status_code == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"fields": ["institution.beds_total"]}, "/fields/0"),
        ({"valid_from": "2026-11-19"}, "/valid_from"),
        ({"valid_to": DAY}, "/valid_to"),
        ({"reason": " "}, "/reason"),
    ],
)
def test_what_no_consent_could_answer_is_refused(town: Town, changes: dict[str, Any], pointer: str) -> None:
    lender, borrower = both(town)
    assert pointer in refusals(ask(town, lender, borrower, **changes))


def test_a_consent_that_is_withdrawn_between_two_requests_masks_the_second(town: Town) -> None:
    lender, borrower = both(town)
    path = f"/institutions/{borrower.id}"
    assert REVENUE not in town.house.get(lender.manager, path)["facts"]
    asked(town, lender, borrower)
    consent = granted(town, lender, borrower)
    first = town.house.get(lender.manager, path)
    assert first["facts"][REVENUE]["value"] == "4000000.00"
    withdrawn = send(town, borrower.person, f"/consents/{consent['id']}/actions/withdraw", {}, version=1)
    assert withdrawn.status_code == 200
    second = town.house.get(lender.manager, path)
    assert REVENUE not in second["facts"]
    assert REVENUE in second["masked"]
    with town.house.owner.reading() as session:
        shown = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "unmask", AuditEvent.object_id == str(borrower.id))
        ).all()
        assert [one.account_id for one in shown] == [lender.manager.account_id]
        assert shown[0].detail == {"consent": consent["id"], "fields": [REVENUE]}
