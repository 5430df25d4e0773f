"""Keys of machines: no more than the account may, shown once, two at most, an end for each."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import event, select

from app.access.credentials import hashed
from app.access.permissions import GRANTS, Permission, Role
from app.store.tables import Account, ApiKey, IdempotentAnswer
from app.store.types import new_key
from tests.access.house import COUNTY, House, a_house, refusals, refused
from tests.access.people import Person, a_key
from tests.databases import Databases

NOON = "2026-11-20T04:00:00+00:00"


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(autouse=True)
def travel() -> Iterator[Callable[[str], None]]:
    """It is noon of a day; the test may move it."""
    with time_machine.travel(NOON, tick=True) as traveller:
        yield lambda instant: traveller.move_to(instant, tick=True)


@pytest.fixture(scope="module")
def security(house: House) -> Person:
    return house.somebody(Role.SECURITY_ADMIN)


@pytest.fixture
def clerk(house: House) -> Person:
    return house.somebody(Role.CIVIL_AFFAIRS, COUNTY)


def a_request(of: Person, **changes: Any) -> dict[str, Any]:
    permissions = ["organisations.read", "registry.read"]
    asked = {"user_id": str(of.account_id), "name": "虚构系统", "permissions": permissions, "expires_on": "2027-06-30"}
    return asked | changes


def headers_of(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def status(house: House, key: str, path: str = "/organisations") -> int:
    return int(house.call(None, "GET", path, headers=headers_of(key)).status_code)


def test_a_key_does_what_was_asked_for_and_no_more(house: House, security: Person, clerk: Person) -> None:
    made = house.post(security, "/api-keys", a_request(clerk))
    assert made["expires_at"] == "2027-06-29T16:00:00Z"
    assert made["permissions"] == ["organisations.read", "registry.read"]
    assert status(house, made["key"]) == 200
    assert status(house, made["key"], "/handovers") == 403
    # The account itself may.
    assert house.call(clerk, "GET", "/handovers").status_code == 200


def test_its_secret_is_shown_once_and_nowhere_kept(house: House, security: Person, clerk: Person) -> None:
    once = {"Idempotency-Key": uuid4().hex}
    made = house.post(security, "/api-keys", a_request(clerk), headers=once)
    again = house.call(security, "POST", "/api-keys", json=a_request(clerk), headers=once)
    assert again.json() == made | {"key": None}
    listed = house.call(security, "GET", "/api-keys", params={"user_id": str(clerk.account_id), "live": "true"})
    secret = made["key"].split("_", 2)[2]
    assert made["public_id"] in listed.text
    assert secret not in listed.text
    assert hashed(secret) not in listed.text
    with house.owner.reading() as session:
        row = session.get_one(ApiKey, UUID(made["id"]))
        assert row.secret_hash == hashed(secret)
        kept = b"".join(session.scalars(select(IdempotentAnswer.body)))
    assert secret.encode() not in kept


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"permissions": ["registry.read", "audit.read"]}, "/permissions/1", "beyond_the_account"),
        ({"permissions": ["account.own"]}, "/permissions/0", "beyond_the_account"),
        ({"permissions": ["keys.rotate_own"]}, "/permissions/0", "beyond_the_account"),
        ({"permissions": []}, "/permissions", "too_short"),
        ({"permissions": ["everything"]}, "/permissions/0", "enum"),
        ({"expires_on": "2026-11-20"}, "/expires_on", "expiry_out_of_range"),
        ({"expires_on": "2027-11-22"}, "/expires_on", "expiry_out_of_range"),
        ({"user_id": str(new_key())}, "/user_id", "user_not_found"),
    ],
)
def test_a_key_beyond_its_account_or_its_time_is_refused(
    house: House, security: Person, clerk: Person, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = house.call(security, "POST", "/api-keys", json=a_request(clerk, **changes))
    assert refusals(answer) == {pointer: code}


@pytest.mark.parametrize("expires_on", ["2026-11-21", "2027-11-21"])
def test_a_key_lives_from_a_day_to_a_year(house: House, security: Person, clerk: Person, expires_on: str) -> None:
    house.post(security, "/api-keys", a_request(clerk, expires_on=expires_on))


def test_no_key_gives_roles_or_makes_keys(house: House, security: Person) -> None:
    other = house.colleague(security, Role.SECURITY_ADMIN)
    for permission in ("accounts.roles", "keys.write"):
        answer = house.call(security, "POST", "/api-keys", json=a_request(other, permissions=[permission]))
        assert refusals(answer) == {"/permissions/0": "beyond_the_account"}


def test_nobody_makes_a_key_for_himself_or_herself(house: House, security: Person) -> None:
    body = a_request(security, permissions=["organisations.read"])
    assert refused(house.call(security, "POST", "/api-keys", json=body)) == (403, "own_account")
    with house.owner.writing() as session:
        second = a_key(session, security.account_id).public_id
        own = session.scalars(select(ApiKey.id).where(ApiKey.public_id == second)).one()
    answer = house.call(security, "POST", f"/api-keys/{own}/actions/rotate")
    assert refused(answer) == (403, "own_account")


def test_two_of_a_name_live_at_once_and_no_third(
    house: House, security: Person, clerk: Person, travel: Callable[[str], None]
) -> None:
    first, second = (house.post(security, "/api-keys", a_request(clerk, expires_on="2026-11-30")) for _ in range(2))
    body = a_request(clerk)
    assert refused(house.call(security, "POST", "/api-keys", json=body)) == (409, "two_keys_live")
    house.post(security, "/api-keys", a_request(clerk, name="虚构的另一个系统"))
    house.post(security, f"/api-keys/{first['id']}/actions/revoke", status=200, version=1)
    house.post(security, "/api-keys", body)
    assert refused(house.call(security, "POST", "/api-keys", json=body)) == (409, "two_keys_live")
    # The second of them ends by itself.
    assert status(house, second["key"]) == 200
    travel("2026-11-29T16:00:00+00:00")
    house.post(security, "/api-keys", body)


def test_a_machine_rotates_its_own_key_and_the_old_one_lives_on(
    house: House, security: Person, clerk: Person, travel: Callable[[str], None]
) -> None:
    old = house.post(security, "/api-keys", a_request(clerk, expires_on="2026-12-20"))
    travel("2026-12-01T04:00:00+00:00")
    mine = headers_of(old["key"])
    new = house.post(None, "/api-keys/current/actions/rotate", headers=mine)
    assert {name: new[name] for name in ("name", "user_id", "permissions")} == {
        name: old[name] for name in ("name", "user_id", "permissions")
    }
    assert [status(house, one["key"]) for one in (old, new)] == [200, 200]
    third = house.call(None, "POST", "/api-keys/current/actions/rotate", headers=mine)
    assert refused(third) == (409, "two_keys_live")
    travel("2026-12-20T04:00:00+00:00")
    assert [status(house, one["key"]) for one in (old, new)] == [401, 200]
    # It lives as long as the one before did, and no longer.
    travel("2026-12-31T04:00:00+00:00")
    assert status(house, new["key"]) == 401


def test_a_signed_in_person_has_no_key_to_rotate(house: House, security: Person) -> None:
    assert Permission.ROTATE_OWN_KEY not in frozenset().union(*GRANTS.values())
    assert refused(house.call(None, "POST", "/api-keys/current/actions/rotate")) == (401, "unauthenticated")


def test_the_security_administrator_rotates_and_revokes(house: House, security: Person, clerk: Person) -> None:
    old = house.post(security, "/api-keys", a_request(clerk))
    new = house.post(security, f"/api-keys/{old['id']}/actions/rotate")
    path = f"/api-keys/{old['id']}/actions"
    assert refused(house.call(security, "POST", f"{path}/revoke")) == (428, "version_required")
    revoked = house.post(security, f"{path}/revoke", status=200, version=1)
    assert revoked["revoked_at"] is not None
    assert [status(house, one["key"]) for one in (old, new)] == [401, 200]
    assert refused(house.call(security, "POST", f"{path}/revoke", version=2)) == (409, "key_not_live")
    assert refused(house.call(security, "POST", f"{path}/rotate")) == (409, "key_not_live")
    live = house.get(security, "/api-keys", user_id=str(clerk.account_id), live="true")["items"]
    assert old["id"] not in {one["id"] for one in live}
    assert new["id"] in {one["id"] for one in live}


def test_a_key_that_is_not_there_is_not_found(house: House, security: Person) -> None:
    for action in ("rotate", "revoke"):
        answer = house.call(security, "POST", f"/api-keys/{new_key()}/actions/{action}", version=1)
        assert refused(answer) == (404, "key_not_found")


def test_a_changed_secret_opens_nothing(house: House, security: Person, clerk: Person) -> None:
    made = house.post(security, "/api-keys", a_request(clerk))
    last = "A" if made["key"][-1] != "A" else "B"
    assert status(house, made["key"][:-1] + last) == 401


def test_the_use_of_a_key_is_written_down_once_a_day(
    house: House, clerk: Person, travel: Callable[[str], None]
) -> None:
    writes: list[str] = []

    def spy(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("UPDATE api_key"):
            writes.append(statement)

    def used_on() -> str:
        with house.owner.reading() as session:
            row = session.scalars(select(ApiKey).where(ApiKey.account_id == clerk.account_id)).one()
            return str(row.last_used_on)

    engine = house.served.engine
    event.listen(engine, "before_cursor_execute", spy)
    try:
        for _ in range(3):
            house.get(clerk, "/organisations")
        assert (used_on(), len(writes)) == ("2026-11-20", 1)
        # A minute before midnight in China, and a minute after.
        travel("2026-11-20T15:59:00+00:00")
        house.get(clerk, "/organisations")
        assert (used_on(), len(writes)) == ("2026-11-20", 1)
        travel("2026-11-20T16:01:00+00:00")
        house.get(clerk, "/organisations")
        assert (used_on(), len(writes)) == ("2026-11-21", 2)
    finally:
        event.remove(engine, "before_cursor_execute", spy)


@pytest.mark.parametrize("place", ["path", "query"])
def test_a_key_in_an_address_is_refused_even_if_it_is_valid(house: House, clerk: Person, place: str) -> None:
    path = f"/organisations/{clerk.key.text}" if place == "path" else f"/organisations?key={clerk.key.text}"
    assert refused(house.call(clerk, "GET", path)) == (400, "credential_in_address")


def test_a_key_of_an_account_without_roles_does_nothing_but_rotate(house: House, clerk: Person) -> None:
    with house.owner.writing() as session:
        session.get_one(Account, clerk.account_id).roles = ()
        key = a_key(session, clerk.account_id, name="虚构的第二个系统")
    assert status(house, key.text) == 403
    house.post(None, "/api-keys/current/actions/rotate", headers=headers_of(key.text))
