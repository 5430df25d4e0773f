"""Open work given to colleagues, people who are away, and the end of an account."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from app.access.permissions import Role
from app.store.types import new_key
from tests.access.house import COUNTY, House, a_house, refusals, refused
from tests.access.people import Person
from tests.databases import Databases

TODAY = "2026-11-20"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(autouse=True)
def on_a_day() -> Iterator[None]:
    with time_machine.travel(f"{TODAY}T04:00:00+00:00", tick=True):
        yield


@pytest.fixture(scope="module")
def admin(house: House) -> Person:
    return house.somebody(Role.SYSTEM_ADMIN)


@pytest.fixture
def clerk(house: House) -> Person:
    return house.somebody(Role.CIVIL_AFFAIRS, COUNTY)


@pytest.fixture
def mate(house: House, clerk: Person) -> Person:
    return house.colleague(clerk, Role.CIVIL_AFFAIRS)


def a_handover(giver: Person, taker: Person, **changes: Any) -> dict[str, Any]:
    return {
        "from_user_id": str(giver.account_id),
        "to_user_id": str(taker.account_id),
        "starts_on": TODAY,
        "ends_on": "2026-12-01",
        "reason": "外出培训（虚构）",
        **changes,
    }


def test_people_hand_over_their_own_work_and_colleagues_see_it(house: House, clerk: Person, mate: Person) -> None:
    made = house.post(clerk, "/handovers", a_handover(clerk, mate))
    assert (made["from_user_id"], made["to_user_id"]) == (str(clerk.account_id), str(mate.account_id))
    assert made["made_by"] == str(clerk.account_id)
    assert house.get(mate, "/handovers")["items"] == [made]
    assert house.get(mate, f"/handovers/{made['id']}") == made
    # The last day is not part of it.
    assert house.get(mate, "/handovers", on="2026-11-30", user_id=str(mate.account_id))["items"] == [made]
    assert house.get(mate, "/handovers", on="2026-12-01")["items"] == []
    stranger = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    assert house.get(stranger, "/handovers")["items"] == []
    assert refused(house.call(stranger, "GET", f"/handovers/{made['id']}")) == (404, "handover_not_found")


def test_for_somebody_who_cannot_the_system_administrator_does(
    house: House, admin: Person, clerk: Person, mate: Person
) -> None:
    body = a_handover(clerk, mate, ends_on=None)
    assert refused(house.call(mate, "POST", "/handovers", json=body)) == (403, "not_own_work")
    assert house.post(admin, "/handovers", body)["made_by"] == str(admin.account_id)


def test_the_other_is_a_colleague_with_the_same_roles(house: House, admin: Person, clerk: Person, mate: Person) -> None:
    stranger = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)

    def reason(person: Person, giver: Person, taker: Person, **changes: Any) -> dict[str, str]:
        return refusals(house.call(person, "POST", "/handovers", json=a_handover(giver, taker, **changes)))

    # Whom the clerk does not see is not there; whom the administrator sees is no colleague.
    assert reason(clerk, clerk, stranger) == {"/to_user_id": "user_not_found"}
    assert reason(admin, clerk, stranger) == {"/to_user_id": "no_colleague"}
    assert reason(clerk, stranger, mate) == {"/from_user_id": "user_not_found"}
    security = house.colleague(admin, Role.SECURITY_ADMIN)
    assert reason(admin, admin, security) == {"/to_user_id": "lacks_roles"}
    assert set(reason(clerk, clerk, clerk).values()) == {"value_error"}
    assert set(reason(clerk, clerk, mate, ends_on=TODAY).values()) == {"value_error"}
    assert reason(clerk, clerk, mate, starts_on="2026-11-19") == {"/starts_on": "begins_too_early"}
    house.post(
        admin, f"/users/{mate.account_id}/actions/close", {"reason": "虚构", "nothing_open": True}, 200, version=1
    )
    assert reason(clerk, clerk, mate) == {"/to_user_id": "no_colleague"}
    assert refused(house.call(admin, "POST", "/handovers", json=a_handover(mate, clerk))) == (409, "user_closed")


def test_work_lies_with_one_person_at_a_time(house: House, clerk: Person, mate: Person) -> None:
    third = house.colleague(clerk, Role.CIVIL_AFFAIRS)
    house.post(clerk, "/handovers", a_handover(clerk, mate, starts_on="2026-12-01", ends_on="2026-12-15"))

    def status(giver: Person, taker: Person, starts_on: str, ends_on: str | None) -> int:
        body = a_handover(giver, taker, starts_on=starts_on, ends_on=ends_on)
        return house.call(giver, "POST", "/handovers", json=body).status_code

    assert status(clerk, third, "2026-12-14", "2026-12-16") == 409
    assert status(clerk, third, "2026-11-20", None) == 409
    # Whoever is away takes over from nobody.
    assert status(mate, clerk, "2026-12-14", "2026-12-20") == 409
    assert status(clerk, third, "2026-11-20", "2026-12-01") == 201
    assert status(clerk, third, "2026-12-15", None) == 201


def test_an_account_ends_when_its_work_is_in_other_hands(
    house: House, admin: Person, clerk: Person, mate: Person
) -> None:
    path, reason = f"/users/{clerk.account_id}/actions/close", {"reason": "调离（虚构）"}
    assert refused(house.call(admin, "POST", path, json=reason, version=1)) == (409, "work_not_handed_over")
    # A hand-over until a day is none for good.
    house.post(clerk, "/handovers", a_handover(clerk, mate, ends_on="2026-11-21"))
    assert refused(house.call(admin, "POST", path, json=reason, version=1)) == (409, "work_not_handed_over")
    for wrong, code in (
        (clerk.account_id, "same_person"),
        (admin.account_id, "no_colleague"),
        (new_key(), "user_not_found"),
    ):
        answer = house.call(admin, "POST", path, json=reason | {"hand_over_to": str(wrong)}, version=1)
        assert refusals(answer) == {"/hand_over_to": code}
    house.post(admin, path, reason | {"hand_over_to": str(mate.account_id)}, 200, version=1)
    (last, _) = house.get(mate, "/handovers")["items"]
    assert (last["from_user_id"], last["starts_on"], last["ends_on"]) == (str(clerk.account_id), TODAY, None)


def test_a_hand_over_for_good_is_enough(house: House, admin: Person, clerk: Person, mate: Person) -> None:
    house.post(clerk, "/handovers", a_handover(clerk, mate, ends_on=None))
    house.post(admin, f"/users/{clerk.account_id}/actions/close", {"reason": "退休（虚构）"}, 200, version=1)


def test_people_say_when_they_are_away_and_who_stands_in(
    house: House, admin: Person, clerk: Person, mate: Person
) -> None:
    path = f"/users/{clerk.account_id}/absence"
    away = {"away_from": "2026-12-01", "away_to": "2026-12-15", "deputy_id": str(mate.account_id)}
    back = dict.fromkeys(away)

    def put(person: Person, body: dict[str, Any], version: int) -> Any:
        return house.call(person, "PUT", path, json=body, version=version)

    assert refused(put(mate, away, 1)) == (403, "not_own_work")
    assert away.items() <= put(clerk, away, 1).json().items()
    assert refused(put(clerk, back, 1)) == (412, "version_stale")
    assert back.items() <= put(admin, back, 2).json().items()
    wrong = away | {"deputy_id": None}
    assert set(refusals(put(clerk, wrong, 3)).values()) == {"value_error"}
    assert refusals(put(clerk, away | {"away_to": "2026-12-01"}, 3)) == {"/away_to": "ends_before_it_begins"}
    past = away | {"away_from": "2026-11-01", "away_to": TODAY}
    assert refusals(put(clerk, past, 3)) == {"/away_to": "ends_before_it_begins"}
    assert refusals(put(clerk, away | {"deputy_id": str(clerk.account_id)}, 3)) == {"/deputy_id": "same_person"}
    assert refusals(put(clerk, away | {"deputy_id": str(new_key())}, 3)) == {"/deputy_id": "user_not_found"}
