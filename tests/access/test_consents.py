"""Consents: who gives, sees and withdraws them, and what a bank is shown by one and for how long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select

from app.access.consent_fields import CONTACT, FIELDS, LOAN_CONTRACT
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Visibility
from app.store.tables import AuditEvent, Consent
from tests.access.house import refusals, refused
from tests.access.people import Person
from tests.access.town import REVENUE, Town, leaf, offer

OVERDUE = "institution.loan_overdue"


@contextmanager
def on(day: str) -> Iterator[None]:
    """The service on a day, at noon in China."""
    with time_machine.travel(f"{day}T04:00:00+00:00", tick=True):
        yield


@pytest.fixture(autouse=True)
def day() -> Iterator[None]:
    with on("2026-11-20"):
        yield


def body(*names: str, **changes: Any) -> dict[str, Any]:
    return {
        "bank": "xugou-bank",
        "purpose": "loan_application",
        "fields": list(names or (REVENUE,)),
        "valid_from": "2026-11-20",
        "valid_to": "2026-12-20",
        "evidence": "虚构授权书",
        **changes,
    }


@pytest.fixture
def granted(town: Town) -> Iterator[dict[str, Any]]:
    """A consent to the revenue and the telephone, withdrawn afterwards."""
    made = town.house.post(town.people.home, "/consents", body(REVENUE, "contact.telephone"))
    yield made
    with on("2026-11-20"):
        town.house.call(town.people.home, "POST", f"/consents/{made['id']}/actions/withdraw", version=1)


def test_an_institution_consents_for_itself(town: Town, granted: dict[str, Any]) -> None:
    assert (granted["institution_id"], granted["bank"], granted["state"]) == (str(town.home), "xugou-bank", "live")
    assert [one["field"] for one in granted["fields"]] == ["contact.telephone", REVENUE]
    for name, one in town.people.all().items():
        if name not in {"home", "neighbour"}:
            assert town.house.call(one, "POST", "/consents", json=body()).status_code == 403, name


SEES = {"county", "city", "province", "pboc", "auditor", "bank", "bank_checker", "home"}
MAY_READ = SEES | {"sibling", "bank_branch", "other_bank", "neighbour"}


def test_a_consent_concerns_both_sides_and_the_offices_above(town: Town, granted: dict[str, Any]) -> None:
    path, key = f"/consents/{granted['id']}", granted["id"]
    for name, one in town.people.all().items():
        status = town.house.call(one, "GET", path).status_code
        assert (name, status) == (name, 200 if name in SEES else 404 if name in MAY_READ else 403)
        if name in MAY_READ:
            listed = {row["id"] for row in town.house.get(one, "/consents", page_size=200)["items"]}
            assert (name, key in listed) == (name, name in SEES)
    unknown = uuid4()
    foreign, nowhere = (
        town.house.call(town.people.other_bank, "GET", f"/consents/{one}").json()["detail"].replace(str(one), "…")
        for one in (key, unknown)
    )
    assert foreign == nowhere


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"bank": "xugou-nowhere"}, "/bank", "bank_not_found"),
        ({"fields": ["institution.beds_total"]}, "/fields/0", "no_consent_field"),
        ({"fields": [REVENUE, "institution.nothing"]}, "/fields/1", "no_consent_field"),
        ({"valid_from": "2026-11-19"}, "/valid_from", "begins_too_early"),
        ({"valid_to": "2026-11-20"}, "/valid_to", "ends_before_it_begins"),
        ({"evidence": None}, "/evidence", "missing"),
        ({"attachment_id": str(uuid4())}, "/attachment_id", "attachment_not_found"),
    ],
)
def test_what_no_consent_can_say_is_refused(town: Town, changes: dict[str, Any], pointer: str, code: str) -> None:
    answer = town.house.call(town.people.home, "POST", "/consents", json=body(**changes))
    assert refusals(answer) == {pointer: code}


def test_a_file_of_the_institution_serves_as_evidence(town: Town) -> None:
    def upload(institution: UUID, by: Person) -> str:
        content = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\n"
        answer = town.house.call(
            by,
            "POST",
            f"/institutions/{institution}/attachments",
            params={"name": "虚构授权书.pdf"},
            content=content,
            headers={"Content-Type": "application/pdf"},
        )
        assert answer.status_code == 201, answer.text
        key: str = answer.json()["id"]
        return key

    own, foreign = upload(town.home, town.people.home), upload(town.neighbour, town.people.neighbour)
    made = town.house.post(town.people.home, "/consents", body(evidence=None, attachment_id=own))
    assert (made["evidence"], made["attachment_id"]) == (None, own)
    town.house.post(town.people.home, f"/consents/{made['id']}/actions/withdraw", status=200, version=1)
    answer = town.house.call(town.people.home, "POST", "/consents", json=body(attachment_id=foreign))
    assert refusals(answer) == {"/attachment_id": "attachment_not_found"}


def shown(town: Town, one: Person) -> dict[str, Any]:
    return town.house.get(one, town.path)


def test_a_bank_reads_what_was_consented_to_and_nothing_more(town: Town, granted: dict[str, Any]) -> None:
    seen = shown(town, town.people.bank)
    assert seen["facts"][REVENUE]["value"] == "3000000.00"
    assert (seen["telephone"], seen["contact_person"], seen["address"]) == ("0351-0000001", None, "虚构路 1 号")
    assert OVERDUE not in seen["facts"]
    assert {OVERDUE, "contact.contact_person"} <= set(seen["masked"])
    assert not {REVENUE, "contact.telephone"} & set(seen["masked"])
    other = shown(town, town.people.other_bank)
    assert REVENUE not in other["facts"]
    assert other["telephone"] is None
    assert set(other["masked"]) == {key for key in FIELDS if key.startswith(("institution.", "contact."))}
    for one in (town.people.county, town.people.home, town.people.auditor):
        assert {REVENUE, OVERDUE} <= shown(town, one)["facts"].keys()
        assert shown(town, one)["masked"] == []


def test_listed_and_public_facts_need_no_consent(town: Town) -> None:
    seen = shown(town, town.people.bank)
    assert seen["facts"]["institution.beds_total"]["value"] == 120
    need = town.house.get(town.people.bank, f"{town.path}/needs/{town.need}")
    assert need["facts"]["need.amount_yuan"]["value"] == "1000000.00"
    project = town.house.get(town.people.bank, f"{town.path}/projects/{town.project}")
    assert (project["facts"]["project.beds"]["value"], project["masked"]) == (200, [])


def test_a_loan_is_masked_with_its_lender_and_terms(town: Town) -> None:
    path = f"{town.path}/loans/{town.loan}"
    masked = town.house.get(town.people.bank, path)
    assert (masked["lender"], masked["terms"], masked["facts"]) == (None, None, {})
    assert LOAN_CONTRACT in masked["masked"]
    rows = town.house.get(town.people.bank, f"{town.path}/loans")["items"]
    assert all(row["lender"] is None and row["facts"] == {} for row in rows)
    made = town.house.post(town.people.home, "/consents", body(LOAN_CONTRACT, "loan.balance_yuan"))
    opened = town.house.get(town.people.bank, path)
    assert (opened["lender"], list(opened["facts"])) == ("虚构银行", ["loan.balance_yuan"])
    town.house.post(town.people.home, f"/consents/{made['id']}/actions/withdraw", status=200, version=1)
    assert town.house.get(town.people.bank, path)["facts"] == {}


def test_attestations_are_read_without_their_evidence(town: Town) -> None:
    rows = town.house.get(town.people.bank, f"{town.path}/attestations")["items"]
    assert rows
    assert all((row["evidence"], row["masked"]) == (None, ["evidence"]) for row in rows)
    one = town.house.get(town.people.bank, f"{town.path}/attestations/{rows[0]['id']}")
    assert one["masked"] == ["evidence"]


def test_a_consent_lives_from_its_first_day_until_its_last_and_until_it_is_withdrawn(town: Town) -> None:
    period = {"valid_from": "2026-11-21", "valid_to": "2026-11-23"}
    made = town.house.post(town.people.home, "/consents", body(**period))
    for when, sees in (("2026-11-20", False), ("2026-11-21", True), ("2026-11-22", True), ("2026-11-23", False)):
        with on(when):
            assert (REVENUE in shown(town, town.people.bank)["facts"]) is sees, when
    withdraw = f"/consents/{made['id']}/actions/withdraw"
    with on("2026-11-21"):
        after = town.house.post(town.people.home, withdraw, status=200, version=1)
        assert (after["state"], after["version"]) == ("withdrawn", 2)
        assert REVENUE not in shown(town, town.people.bank)["facts"]


def test_a_consent_is_withdrawn_once_by_its_institution_at_the_version_it_has(town: Town) -> None:
    path = f"/consents/{town.house.post(town.people.home, '/consents', body())['id']}"

    def withdraw(one: Person, version: int | None) -> int:
        return town.house.call(one, "POST", f"{path}/actions/withdraw", version=version).status_code

    assert withdraw(town.people.home, None) == 428
    assert withdraw(town.people.home, 7) == 412
    assert withdraw(town.people.neighbour, 1) == 404
    assert withdraw(town.people.bank, 1) == 403
    assert withdraw(town.people.home, 1) == 200
    again = town.house.call(town.people.home, "POST", f"{path}/actions/withdraw", version=2)
    assert refused(again) == (409, "consent_withdrawn")


def test_a_consent_moves_with_its_institution(town: Town) -> None:
    made = town.house.post(town.people.neighbour, "/consents", body())
    path = f"/institutions/{town.neighbour}"

    def move(region: str) -> None:
        version = town.house.get(town.people.city, path)["version"]
        change = {"facts": {"institution.region_code": region}}
        assert town.house.call(town.people.city, "PATCH", path, version=version, json=change).status_code == 200

    move("140106")
    with town.house.owner.reading() as session:
        assert session.get_one(Consent, UUID(made["id"])).region_code == "140106"
    move("140107")
    withdraw = f"/consents/{made['id']}/actions/withdraw"
    town.house.post(town.people.neighbour, withdraw, status=200, version=1)


def unmaskings(town: Town) -> list[tuple[UUID | None, dict[str, Any] | None]]:
    """Who was shown what of the house by consent, oldest first."""
    query = select(AuditEvent.account_id, AuditEvent.detail).where(AuditEvent.action == "unmask")
    with town.house.owner.reading() as session:
        rows = session.execute(query.where(AuditEvent.object_id == str(town.home)).order_by(AuditEvent.id))
        return [(account_id, detail) for account_id, detail in rows]


def test_what_a_bank_reads_by_consent_is_on_record_and_nothing_else_is(town: Town, granted: dict[str, Any]) -> None:
    before = len(unmaskings(town))
    for one in (town.people.other_bank, town.people.county, town.people.home):
        shown(town, one)
    town.house.get(town.people.bank, f"{town.path}/needs")
    assert len(unmaskings(town)) == before
    shown(town, town.people.bank)
    events = unmaskings(town)
    assert len(events) == before + 1
    said = {"consent": granted["id"], "fields": ["contact.telephone", REVENUE]}
    assert events[-1] == (town.people.bank.account_id, said)


def test_candidates_that_are_judged_by_consent_are_on_record(town: Town, granted: dict[str, Any]) -> None:
    key = offer(town, "xugou-consented", subjects=["need"], requires=leaf("revenue", "ge", REVENUE, value="1000000"))
    path = f"/products/{key}/candidates"
    before = len(unmaskings(town))
    items = town.house.get(town.people.bank, path, page_size=200)["items"]
    outcomes = {row["case_id"]: row["outcome"] for row in items}
    assert outcomes[str(town.need)] == "eligible"
    assert {row["outcome"] for row in items if row["institution_id"] != str(town.home)} == {"needs_info"}
    assert len(unmaskings(town)) == before + 1
    exported = town.house.call(town.people.bank, "GET", f"{path}/export", params={"format": "csv"})
    assert exported.status_code == 200
    assert len(unmaskings(town)) == before + 2


def test_what_the_database_counts_is_what_is_explained(town: Town, granted: dict[str, Any]) -> None:
    rule = {"op": "not", "of": leaf("revenue", "ge", REVENUE, value="5000000")}
    key = offer(town, "xugou-agreeing", subjects=["need", "institution"], requires=rule)
    for one in (town.people.bank, town.people.pboc):
        for outcome in ("eligible", "needs_info"):
            query = {"outcome": outcome, "expand": "conditions", "page_size": 200}
            rows = town.house.get(one, f"/products/{key}/candidates", **query)["items"]
            assert rows
            assert {row["outcome"] for row in rows} == {outcome}
            told = [found["own"] for row in rows for found in row["conditions"] if found["fact"] == REVENUE]
            is_bank_unaware = one is town.people.bank and outcome == "needs_info"
            assert (None in told) is is_bank_unaware


def test_every_field_of_the_catalogue_that_needs_a_consent_can_be_consented_to(town: Town) -> None:
    needing = {fact.key for fact in CATALOGUE if fact.visibility is Visibility.CONSENT}
    assert needing | CONTACT.keys() | {LOAN_CONTRACT} == FIELDS.keys()
    made = town.house.post(town.people.home, "/consents", body(*FIELDS))
    assert {one["field"] for one in made["fields"]} == FIELDS.keys()
    assert shown(town, town.people.bank)["masked"] == []
    town.house.post(town.people.home, f"/consents/{made['id']}/actions/withdraw", status=200, version=1)
