"""Accounts: one person makes them, another gives the roles, nobody decides about himself or herself."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.access.credentials import hashed, new_token
from app.access.guesses import count_guess
from app.access.offices import ADMINISTRATORS, ROLES_AT, OfficeKind
from app.access.permissions import Role
from app.http.clock import now
from app.store.tables import (
    Account,
    ApiKey,
    FailedSignIn,
    IdempotentAnswer,
    Organisation,
    PasswordHistory,
    SignInSession,
)
from app.store.types import new_key
from tests.access.house import (
    CITY,
    COUNTY,
    PROVINCE,
    SIBLING,
    House,
    a_bank,
    a_house,
    an_institution,
    refusals,
    refused,
)
from tests.access.people import Person, a_key, an_account, an_organisation, somebody
from tests.databases import Databases


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(scope="module")
def admin(house: House) -> Person:
    """The system administrator."""
    return house.somebody(Role.SYSTEM_ADMIN)


@pytest.fixture(scope="module")
def security(house: House, admin: Person) -> Person:
    """The security administrator, at the same operator."""
    return house.colleague(admin, Role.SECURITY_ADMIN)


@pytest.fixture
def office(house: House) -> UUID:
    """A county bureau of the test's own."""
    with house.owner.writing() as session:
        return an_organisation(session, "civil_affairs", COUNTY).id


def a_user(organisation_id: UUID, **changes: Any) -> dict[str, Any]:
    return {"organisation_id": str(organisation_id), "login": f"xugou.{uuid4().hex}", "name": "虚构王某"} | changes


def test_a_new_account_has_neither_roles_nor_a_password(house: House, admin: Person, office: UUID) -> None:
    made = house.post(admin, "/users", a_user(office))
    assert (made["roles"], made["has_password"], made["must_change_password"]) == ([], False, True)
    assert house.get(admin, f"/users/{made['id']}") == made


def test_two_administrators_are_needed_for_somebody_who_can_do_anything(
    house: House, admin: Person, security: Person, office: UUID
) -> None:
    # Neither can do the other's half.
    assert refused(house.call(security, "POST", "/users", json=a_user(office))) == (403, "forbidden")
    made = house.post(admin, "/users", a_user(office))
    path = f"/users/{made['id']}"
    roles = {"roles": ["civil_affairs"]}
    assert refused(house.call(admin, "PUT", f"{path}/roles", json=roles, version=1)) == (403, "forbidden")
    assert refused(house.call(admin, "POST", f"{path}/actions/reset-password", version=1)) == (403, "forbidden")

    given = house.call(security, "PUT", f"{path}/roles", json=roles, version=1)
    assert (given.json()["roles"], given.headers["ETag"]) == (["civil_affairs"], '"2"')
    start = house.post(security, f"{path}/actions/reset-password", status=200, version=2)
    assert len(start["start_password"].replace("-", "")) == 20
    shown = house.get(admin, path)
    assert (shown["has_password"], shown["must_change_password"]) == (True, True)


def test_a_start_password_is_kept_as_a_hash_and_shown_once(house: House, security: Person, office: UUID) -> None:
    with house.owner.writing() as session:
        account = an_account(session, session.get_one(Organisation, office), password_hash="old")
        key, version = account.id, account.version
    path, once = f"/users/{key}/actions/reset-password", {"Idempotency-Key": uuid4().hex}
    first = house.post(security, path, status=200, version=version, headers=once)
    second = house.call(security, "POST", path, version=version, headers=once)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json() == first | {"start_password": None}
    with house.owner.reading() as session:
        stored = session.get_one(Account, key)
        assert stored.must_change_password
        assert first["start_password"] not in (stored.password_hash or "")
        kept = session.scalars(select(IdempotentAnswer.body)).all()
        # The password that the reset replaced may not come back.
        old = session.scalars(select(PasswordHistory.password_hash).where(PasswordHistory.account_id == key)).all()
    assert not any(first["start_password"].encode() in body for body in kept)
    assert old == ["old"]


@pytest.mark.parametrize("kind", list(OfficeKind))
def test_a_role_is_given_at_its_own_kind_of_office_alone(house: House, security: Person, kind: OfficeKind) -> None:
    with house.owner.writing() as session:
        ids: dict[str, UUID] = {}
        if kind is OfficeKind.BANK:
            ids["bank_id"] = a_bank(session, f"xugou-{uuid4().hex}").id
        if kind is OfficeKind.INSTITUTION:
            ids["institution_id"] = an_institution(session).id
        account = an_account(session, an_organisation(session, kind.value, PROVINCE, **ids))
        path, version = f"/users/{account.id}/roles", account.version
    for role in Role:
        answer = house.call(security, "PUT", path, json={"roles": [role.value]}, version=version)
        if role in ROLES_AT[kind]:
            assert answer.status_code == 200, answer.text
            version += 1
        else:
            assert refusals(answer) == {"/roles": "role_at_other_kind"}


@pytest.mark.parametrize("pair", [("system_admin", "security_admin"), ("audit_admin", "security_admin")])
def test_one_account_is_one_administrator(house: House, admin: Person, security: Person, pair: tuple[str, str]) -> None:
    made = house.post(admin, "/users", a_user(admin.organisation_id))
    answer = house.call(security, "PUT", f"/users/{made['id']}/roles", json={"roles": pair}, version=1)
    assert refusals(answer) == {"/roles": "administrators_apart"}


def test_nobody_decides_about_his_or_her_own_account(house: House, admin: Person, security: Person) -> None:
    mine = f"/users/{security.account_id}"
    for path, body in ((f"{mine}/roles", {"roles": ["system_admin"]}), (f"{mine}/roles", {"roles": []})):
        assert refused(house.call(security, "PUT", path, json=body, version=1)) == (403, "own_account")
    for action in ("reset-password", "reset-second-factor", "unlock"):
        assert refused(house.call(security, "POST", f"{mine}/actions/{action}", version=1)) == (403, "own_account")
    closing = {"reason": "虚构", "nothing_open": True}
    answer = house.call(admin, "POST", f"/users/{admin.account_id}/actions/close", json=closing, version=1)
    assert refused(answer) == (403, "own_account")
    with house.owner.writing() as session:
        elsewhere = an_organisation(session, "operator").id
    moved = house.call(
        admin, "PATCH", f"/users/{admin.account_id}", json={"organisation_id": str(elsewhere)}, version=1
    )
    assert refused(moved) == (403, "own_account")


def test_the_last_administrator_of_a_kind_stays(house: House, admin: Person, security: Person) -> None:
    system = f"/users/{admin.account_id}"
    taken = house.call(security, "PUT", f"{system}/roles", json={"roles": []}, version=1)
    assert refused(taken) == (409, "last_administrator")
    closing = {"reason": "虚构", "nothing_open": True}
    closed = house.call(admin, "POST", f"/users/{security.account_id}/actions/close", json=closing, version=1)
    assert refused(closed) == (409, "last_administrator")
    with house.owner.writing() as session:
        elsewhere = an_organisation(session, "finance").id
    path, body = f"/users/{security.account_id}", {"organisation_id": str(elsewhere)}
    assert refused(house.call(admin, "PATCH", path, json=body, version=1)) == (409, "last_administrator")

    second = house.colleague(admin, Role.SYSTEM_ADMIN)
    given = house.call(security, "PUT", f"/users/{second.account_id}/roles", json={"roles": []}, version=1)
    assert given.status_code == 200


def a_session(house: House, account_id: UUID) -> dict[str, str]:
    """The headers of somebody who has just signed in."""
    token, at = new_token(), now()
    with house.owner.writing() as session:
        stamp = session.get_one(Account, account_id).role_stamp
        row = {"account_id": account_id, "role_stamp": stamp, "is_complete": True, "carrier": "bearer"}
        where = {"address": "192.0.2.1", "user_agent": "虚构", "created_at": at, "seen_at": at}
        session.add(SignInSession(token_hash=hashed(token), **row, **where))
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    ("by", "method", "path", "body"),
    [
        ("security", "PUT", "roles", {"roles": []}),
        ("security", "POST", "actions/reset-password", None),
        ("security", "POST", "actions/reset-second-factor", None),
        ("admin", "POST", "actions/close", {"reason": "虚构", "nothing_open": True}),
    ],
)
def test_what_an_administrator_changes_ends_the_sessions(
    house: House, admin: Person, security: Person, office: UUID, by: str, method: str, path: str, body: Any
) -> None:
    with house.owner.writing() as session:
        account = an_account(session, session.get_one(Organisation, office), Role.CIVIL_AFFAIRS)
        key = account.id
    headers = a_session(house, key)
    assert house.call(None, "GET", "/organisations", headers=headers).status_code == 200
    acting = security if by == "security" else admin
    assert house.call(acting, method, f"/users/{key}/{path}", json=body, version=1).status_code == 200
    assert refused(house.call(None, "GET", "/organisations", headers=headers)) == (401, "credential_refused")


def test_keys_follow_the_roles(house: House, security: Person) -> None:
    clerk = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    assert house.call(clerk, "GET", "/organisations").status_code == 200
    house.call(security, "PUT", f"/users/{clerk.account_id}/roles", json={"roles": []}, version=1)
    assert refused(house.call(clerk, "GET", "/organisations")) == (403, "forbidden")


def test_a_closed_account_is_gone_and_keeps_its_login(house: House, admin: Person, security: Person) -> None:
    clerk = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    deputised = house.colleague(clerk, Role.CIVIL_AFFAIRS)
    with house.owner.writing() as session:
        away = session.get_one(Account, deputised.account_id)
        away.away_from, away.away_to, away.deputy_id = now().date(), now().date().replace(year=2099), clerk.account_id
    path = f"/users/{clerk.account_id}"
    closing = {"reason": "调离（虚构）", "nothing_open": True}
    closed = house.post(admin, f"{path}/actions/close", closing, 200, version=1)
    assert closed["closed_at"] is not None
    assert refused(house.call(clerk, "GET", "/organisations")) == (401, "credential_refused")
    with house.owner.reading() as session:
        keys = session.scalars(select(ApiKey.revoked_at).where(ApiKey.account_id == clerk.account_id)).all()
        assert session.get_one(Account, deputised.account_id).deputy_id is None
    assert None not in keys
    for attempt in (
        house.call(admin, "PATCH", path, json={"name": "虚构"}, version=2),
        house.call(security, "PUT", f"{path}/roles", json={"roles": []}, version=2),
        house.call(security, "POST", f"{path}/actions/reset-password", version=2),
        house.call(security, "POST", f"{path}/actions/reset-second-factor", version=2),
        house.call(admin, "POST", f"{path}/actions/close", json=closing, version=2),
    ):
        assert refused(attempt) == (409, "user_closed")
    again = a_user(clerk.organisation_id, login=closed["login"])
    assert refused(house.call(admin, "POST", "/users", json=again)) == (409, "login_taken")
    listed = house.get(admin, "/users", login=closed["login"])
    assert listed["items"] == []
    assert house.get(admin, "/users", login=closed["login"], closed="true")["items"] == [closed]


def test_whoever_moves_loses_the_roles_of_the_old_office(house: House, admin: Person) -> None:
    clerk = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    with house.owner.writing() as session:
        to = an_organisation(session, "civil_affairs", SIBLING).id
    path = f"/users/{clerk.account_id}"
    moved = house.call(admin, "PATCH", path, json={"organisation_id": str(to), "name": "虚构李某"}, version=1).json()
    assert (moved["organisation_id"], moved["roles"], moved["name"]) == (str(to), [], "虚构李某")
    stayed = house.call(admin, "PATCH", path, json={"organisation_id": str(to)}, version=2)
    assert stayed.status_code == 200
    nowhere = house.call(admin, "PATCH", path, json={"organisation_id": str(new_key())}, version=3)
    assert refusals(nowhere) == {"/organisation_id": "organisation_not_found"}


def test_nobody_is_put_into_a_closed_office(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        closed = an_organisation(session, closed_at=now()).id
    answer = house.call(admin, "POST", "/users", json=a_user(closed))
    assert refused(answer) == (409, "organisation_closed")


def test_a_change_names_its_version(house: House, admin: Person, security: Person, office: UUID) -> None:
    made = house.post(admin, "/users", a_user(office))
    path = f"/users/{made['id']}"
    for person, method, where, body in (
        (admin, "PATCH", path, {"name": "虚构"}),
        (security, "PUT", f"{path}/roles", {"roles": []}),
        (security, "POST", f"{path}/actions/reset-password", None),
        (security, "POST", f"{path}/actions/reset-second-factor", None),
        (admin, "POST", f"{path}/actions/close", {"reason": "虚构", "nothing_open": True}),
    ):
        assert refused(house.call(person, method, where, json=body)) == (428, "version_required")
        assert refused(house.call(person, method, where, json=body, version=7)) == (412, "version_stale")


def test_whoever_mistyped_too_often_is_let_in_again(house: House, security: Person, office: UUID) -> None:
    with house.owner.writing() as session:
        account = an_account(session, session.get_one(Organisation, office), Role.CIVIL_AFFAIRS)
        for address in ("192.0.2.1", "192.0.2.2"):
            count_guess(session, account.login, address, now())
        count_guess(session, "xugou.another", "192.0.2.1", now())
        key, before = account.id, session.scalar(select(func.count()).select_from(FailedSignIn)) or 0
    house.post(security, f"/users/{key}/actions/unlock", status=200)
    with house.owner.reading() as session:
        # The account, and it at both addresses; nobody else's.
        assert session.scalar(select(func.count()).select_from(FailedSignIn)) == before - 3


@pytest.mark.parametrize(
    "login", ["a", "王某", "Has.Capitals", "has blank", "x" * 81, "-begins", "nul\x00", "tab\tbed"]
)
def test_a_login_is_plain_and_lower_case(house: House, admin: Person, office: UUID, login: str) -> None:
    answer = house.call(admin, "POST", "/users", json=a_user(office, login=login))
    assert answer.status_code in {400, 422}


def test_people_see_their_colleagues_and_those_in_charge_everybody(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        clerk = somebody(session, Role.CIVIL_AFFAIRS, COUNTY)
        city = somebody(session, Role.CIVIL_AFFAIRS, CITY)
        auditor = somebody(session, Role.AUDITOR, CITY)
        far = somebody(session, Role.CIVIL_AFFAIRS, "140200")
    mate = house.colleague(clerk, Role.CIVIL_AFFAIRS)

    def sees(person: Person, other: Person) -> bool:
        status = house.call(person, "GET", f"/users/{other.account_id}").status_code
        listed = house.get(person, "/users", organisation_id=str(other.organisation_id), page_size=200)["items"]
        assert (status == 200) is (str(other.account_id) in {one["id"] for one in listed})
        return status == 200

    assert [sees(clerk, other) for other in (mate, city, far)] == [True, False, False]
    # That the county lies in the city does not make its clerks the city's colleagues.
    assert [sees(city, other) for other in (clerk, mate, far)] == [False, False, False]
    assert [sees(auditor, other) for other in (clerk, city, far)] == [True, True, False]
    assert all(sees(admin, other) for other in (clerk, city, auditor, far))


def test_accounts_are_found_by_role(house: House, admin: Person, security: Person) -> None:
    found = house.get(admin, "/users", role="security_admin", total="true")
    assert [one["id"] for one in found["items"]] == [str(security.account_id)]
    assert found["total"] == 1


def test_every_administrator_belongs_to_the_operator() -> None:
    holders = {role: [kind for kind in OfficeKind if role in ROLES_AT[kind]] for role in Role}
    assert all(len(kinds) == 1 for kinds in holders.values())
    assert all(holders[role] == [OfficeKind.OPERATOR] for role in ADMINISTRATORS)


def test_a_key_of_a_closed_account_cannot_be_used(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        account = an_account(session, an_organisation(session), Role.CIVIL_AFFAIRS, closed_at=now())
        key = a_key(session, account.id)
    answer = house.call(None, "GET", "/organisations", headers={"Authorization": f"Bearer {key.text}"})
    assert refused(answer) == (401, "credential_refused")
