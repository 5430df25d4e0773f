"""Codes by which somebody proves to speak for an institution."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
import time_machine
from sqlalchemy import delete, select

from app.access.credentials import hashed
from app.access.permissions import Role
from app.access.readable import ALPHABET, meant, new_text
from app.http.clock import now
from app.store.tables import Account, AuditEvent, FailedSignIn, InstitutionCode, Organisation
from app.store.types import new_key
from tests.access.house import CITY, COUNTY, SIBLING, House, a_house, an_institution, refusals, refused
from tests.access.people import Person, a_key, an_organisation
from tests.databases import Databases

REDEEM = "/institution-codes/actions/redeem"
PASSWORD = "虚构的一句很长的口令，没有别人知道"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(autouse=True)
def travel() -> Iterator[Callable[[str], None]]:
    """It is noon of a day; the test may move it."""
    with time_machine.travel("2026-11-20T04:00:00+00:00", tick=True) as traveller:
        yield lambda instant: traveller.move_to(instant, tick=True)


@pytest.fixture(autouse=True)
def nobody_has_guessed(house: House) -> None:
    """All tests come from one address, and some from a later day."""
    with house.owner.writing() as session:
        session.execute(delete(FailedSignIn))


@pytest.fixture(scope="module")
def clerk(house: House) -> Person:
    return house.somebody(Role.CIVIL_AFFAIRS, COUNTY)


@pytest.fixture
def institution(house: House, clerk: Person) -> UUID:
    """One that the bureau has registered."""
    registered = {"name": f"虚构康宁养老院{uuid4().hex[:6]}", "facts": {"institution.region_code": COUNTY}}
    return UUID(house.post(clerk, "/institutions", registered)["id"])


def codes_of(institution: UUID) -> str:
    return f"/institutions/{institution}/codes"


def a_redemption(code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "login": f"xugou.{uuid4().hex}", "name": "虚构院长", "password": PASSWORD, **changes}


def redeem(house: House, code: str, **changes: Any) -> httpx2.Response:
    return house.call(None, "POST", REDEEM, json=a_redemption(code, **changes))


def test_a_code_makes_the_account_that_speaks_for_the_institution(
    house: House, clerk: Person, institution: UUID
) -> None:
    issued = house.post(clerk, codes_of(institution))
    made = redeem(house, issued["code"]).json()
    assert made["institution_id"] == str(institution)
    assert made["institution_name"].startswith("虚构康宁养老院")
    with house.owner.writing() as session:
        account = session.get_one(Account, UUID(made["user_id"]))
        office = session.get_one(Organisation, account.organisation_id)
        key = a_key(session, account.id)
        assert account.roles == ("institution",)
        assert PASSWORD not in (account.password_hash or "")
        assert not account.must_change_password
        assert (office.kind, office.institution_id, office.region_code) == ("institution", institution, COUNTY)
    headers = {"Authorization": f"Bearer {key.text}"}
    seen = house.call(None, "GET", "/institutions", headers=headers, params={"total": "true"}).json()
    assert [one["id"] for one in seen["items"]] == [str(institution)]


def test_a_second_person_of_an_institution_joins_the_first(house: House, clerk: Person, institution: UUID) -> None:
    offices = [
        redeem(house, house.post(clerk, codes_of(institution))["code"]).json()["organisation_id"] for _ in range(2)
    ]
    assert offices[0] == offices[1]


def test_a_code_works_once(house: House, clerk: Person, institution: UUID) -> None:
    issued = house.post(clerk, codes_of(institution))
    assert redeem(house, issued["code"]).status_code == 201
    assert refusals(redeem(house, issued["code"])) == {"/code": "institution_code_refused"}
    (listed,) = house.get(clerk, codes_of(institution))["items"]
    assert listed["used_at"] is not None


def test_it_may_be_typed_as_it_is_read(house: House, clerk: Person, institution: UUID) -> None:
    code = house.post(clerk, codes_of(institution))["code"]
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert redeem(house, typed).status_code == 201


def test_a_code_ends_after_its_days(
    house: House, clerk: Person, institution: UUID, travel: Callable[[str], None]
) -> None:
    codes = [house.post(clerk, codes_of(institution)) for _ in range(2)]
    assert codes[0]["expires_at"].startswith("2026-12-04T04:00:0")
    travel("2026-12-04T03:59:00+00:00")
    assert redeem(house, codes[0]["code"]).status_code == 201
    travel("2026-12-04T04:01:00+00:00")
    assert refused(redeem(house, codes[1]["code"])) == (422, "institution_code_refused")


def test_whatever_is_wrong_with_a_code_is_said_in_the_same_words(
    house: House, clerk: Person, institution: UUID
) -> None:
    used, revoked = (house.post(clerk, codes_of(institution)) for _ in range(2))
    redeem(house, used["code"])
    house.post(clerk, f"{codes_of(institution)}/{revoked['id']}/actions/revoke", status=200)
    answers = [redeem(house, code).json() for code in (used["code"], revoked["code"], new_text())]
    for answer in answers:
        answer.pop("trace_id")
    assert answers[0] == answers[1] == answers[2]


def test_a_taken_login_does_not_spend_the_code(house: House, clerk: Person, institution: UUID) -> None:
    codes = [house.post(clerk, codes_of(institution))["code"] for _ in range(2)]
    redeem(house, codes[0], login="xugou.taken")
    assert refused(redeem(house, codes[1], login="xugou.taken")) == (409, "login_taken")
    assert redeem(house, codes[1]).status_code == 201


def test_a_code_is_kept_as_a_hash_and_shown_once(house: House, clerk: Person, institution: UUID) -> None:
    once = {"Idempotency-Key": uuid4().hex}
    issued = house.post(clerk, codes_of(institution), headers=once)
    again = house.call(clerk, "POST", codes_of(institution), headers=once).json()
    assert again == issued | {"code": None}
    listed = house.call(clerk, "GET", codes_of(institution)).text
    assert issued["id"] in listed
    assert issued["code"] not in listed
    with house.owner.reading() as session:
        row = session.get_one(InstitutionCode, UUID(issued["id"]))
        assert row.code_hash == hashed(meant(issued["code"]))


def test_a_bureau_issues_codes_within_its_region(house: House, clerk: Person, institution: UUID) -> None:
    with house.owner.writing() as session:
        next_door = an_institution(session, SIBLING).id
    assert refused(house.call(clerk, "POST", codes_of(next_door))) == (404, "institution_not_found")
    assert refused(house.call(clerk, "GET", codes_of(next_door))) == (404, "institution_not_found")
    assert refused(house.call(clerk, "POST", codes_of(new_key()))) == (404, "institution_not_found")
    city = house.somebody(Role.CIVIL_AFFAIRS, CITY)
    issued = house.post(city, codes_of(next_door))
    revoke = f"/{issued['id']}/actions/revoke"
    assert refused(house.call(clerk, "POST", codes_of(next_door) + revoke)) == (404, "institution_not_found")
    # A code of one institution does not stand among those of another.
    elsewhere = house.call(clerk, "POST", codes_of(institution) + revoke)
    assert refused(elsewhere) == (404, "institution_code_not_found")
    assert redeem(house, issued["code"]).status_code == 201


def test_a_revoked_code_is_revoked_once(house: House, clerk: Person, institution: UUID) -> None:
    issued = house.post(clerk, codes_of(institution))
    path = f"{codes_of(institution)}/{issued['id']}/actions/revoke"
    house.post(clerk, path, status=200)
    assert refused(house.call(clerk, "POST", path)) == (409, "institution_code_not_live")


def test_nobody_speaks_for_an_institution_that_was_closed(house: House, clerk: Person, institution: UUID) -> None:
    with house.owner.writing() as session:
        an_organisation(session, "institution", COUNTY, institution_id=institution, closed_at=now())
    issued = house.post(clerk, codes_of(institution))
    assert refused(redeem(house, issued["code"])) == (409, "organisation_closed")


@pytest.mark.parametrize("role", [Role.PBOC, Role.FINANCE, Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_others_issue_no_codes(house: House, institution: UUID, role: Role) -> None:
    person = house.somebody(role)
    assert refused(house.call(person, "POST", codes_of(institution))) == (403, "forbidden")


def test_what_was_redeemed_and_what_was_refused_is_on_record(house: House, clerk: Person, institution: UUID) -> None:
    made = redeem(house, house.post(clerk, codes_of(institution))["code"]).json()
    wrong = new_text()
    redeem(house, wrong)
    with house.owner.reading() as session:
        query = select(AuditEvent).where(AuditEvent.action == "redeem_institution_code")
        redemption = session.scalars(query.where(AuditEvent.object_id == made["user_id"])).one()
        refusals_told = session.scalars(query.where(AuditEvent.outcome == "refused")).all()
        assert redemption.outcome == "done"
        assert refusals_told[-1].detail == {"code": "institution_code_refused", "status": 422}
        told = str([[one.changes, one.detail] for one in (redemption, *refusals_told)])
    assert PASSWORD not in told
    assert wrong not in told


def test_guessing_is_slow_even_for_whoever_then_knows_a_code(
    house: House, clerk: Person, institution: UUID, travel: Callable[[str], None]
) -> None:
    code = house.post(clerk, codes_of(institution))["code"]
    statuses = [redeem(house, new_text()).status_code for _ in range(8)]
    assert statuses[:6] == [422] * 6
    assert statuses[-1] == 429
    slowed = redeem(house, code)
    assert refused(slowed) == (429, "guessed_too_often")
    assert int(slowed.headers["Retry-After"]) >= 1
    travel("2026-11-20T04:01:00+00:00")
    assert redeem(house, code).status_code == 201


@pytest.mark.parametrize("password", ["short", "12345678901234567890"])
def test_a_password_that_is_easily_guessed_is_refused_and_does_not_spend_the_code(
    house: House, clerk: Person, institution: UUID, password: str
) -> None:
    code = house.post(clerk, codes_of(institution))["code"]
    assert refusals(redeem(house, code, password=password)) == {"/password": "password_refused"}
    assert redeem(house, code).status_code == 201


def test_a_code_is_100_bits_in_letters_that_nobody_mixes_up() -> None:
    text = new_text()
    assert len(meant(text)) == 20
    assert len(ALPHABET) == 32
    assert set(meant(text)) <= set(ALPHABET)
    assert not set("OIL") & set(ALPHABET)
