"""Signing in over the API: who gets a token, what is still owed, and what is said to everybody else."""

from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from app.access.passwords import hash_password
from app.access.permissions import Role
from app.store.tables import AuditEvent, FailedSignIn
from tests.access.door import PASSWORD, START, Door, User, a_door
from tests.access.house import refused
from tests.access.people import a_key
from tests.databases import Databases


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[Door]:
    yield from a_door(databases)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def events(door: Door, user: User) -> list[tuple[str, str]]:
    with door.owner.reading() as session:
        found = session.scalars(select(AuditEvent).where(AuditEvent.object_id == str(user.id)))
        return [(one.action, one.outcome) for one in found]


def test_a_password_opens_a_session_which_says_who_one_is(door: Door) -> None:
    user = door.user()
    answer = door.attempt(user.login)
    assert answer.status_code == 201
    body = answer.json()
    assert body["owed"] == []
    assert body["token"].startswith("yqs_")
    who = door.call("GET", "/api/v1/sessions/current", body["token"]).json()
    assert who["account_id"] == str(user.id)
    assert who["session_id"] == body["session_id"]
    assert who["roles"] == ["civil_affairs"]
    assert "registry.register" in who["permissions"]
    assert ("sign_in", "done") in events(door, user)


@pytest.mark.parametrize("case", ["unknown", "wrong", "closed", "no password"])
def test_whoever_is_refused_does_not_learn_why_and_the_attempt_is_kept(door: Door, case: str) -> None:
    user = door.user()
    match case:
        case "closed":
            door.change(user, closed_at=START)
        case "no password":
            door.change(user, password_hash=None)
    login = "nobody.at.all" if case == "unknown" else user.login
    answer = door.attempt(login, "another password" if case == "wrong" else PASSWORD)
    assert refused(answer) == (401, "sign_in_refused")
    assert answer.json()["detail"] == door.attempt("nobody.else").json()["detail"]
    with door.owner.reading() as session:
        # The transaction of the sign-in was given up; the count of the attempt was not.
        assert session.scalars(select(FailedSignIn.failures).where(FailedSignIn.failures > 0)).first()
        refusals = session.scalars(select(AuditEvent.action).where(AuditEvent.outcome == "refused")).all()
    assert "sign_in" in refusals


def test_a_key_is_told_who_it_is_and_is_no_session(door: Door) -> None:
    user = door.user()
    with door.owner.writing() as session:
        key = a_key(session, user.id).text
    who = door.call("GET", "/api/v1/sessions/current", key).json()
    assert (who["carrier"], who["session_id"], who["account_id"], who["owed"]) == ("api_key", None, str(user.id), [])
    assert refused(door.call("DELETE", "/api/v1/sessions/current", key)) == (409, "no_session")
    assert refused(door.call("POST", "/api/v1/me/totp", key)) == (409, "no_session")
    body = {"current_password": PASSWORD, "new_password": "seven-odd-lanterns"}
    assert refused(door.call("POST", "/api/v1/me/password", key, json=body)) == (409, "no_session")


def test_a_start_password_opens_nothing_but_the_change_of_it_and_only_in_time(
    door: Door, clock: time_machine.Traveller
) -> None:
    user = door.user(must_change_password=True)
    answer = door.attempt(user.login)
    token = answer.json()["token"]
    assert answer.json()["owed"] == ["new_password"]
    assert door.call("GET", "/api/v1/institutions", token).status_code == 403
    changed = door.call(
        "POST", "/api/v1/me/password", token, json={"current_password": PASSWORD, "new_password": "seven-odd-lanterns"}
    )
    assert changed.json() == {"owed": []}
    assert door.call("GET", "/api/v1/institutions", token).status_code == 200

    late = door.user(must_change_password=True)
    clock.shift(timedelta(hours=72, seconds=-1))
    assert door.attempt(late.login).status_code == 201
    clock.shift(timedelta(seconds=1))
    assert refused(door.attempt(late.login)) == (401, "start_password_expired")


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN])
def test_an_administrator_can_do_nothing_before_the_second_factor_is_set_up(
    door: Door, clock: time_machine.Traveller, role: Role
) -> None:
    user = door.user(role)
    answer = door.attempt(user.login)
    token = answer.json()["token"]
    assert answer.json()["owed"] == ["second_factor_enrolment"]
    assert door.call("GET", "/api/v1/organisations", token).status_code == 403
    assert refused(door.call("GET", "/api/v1/sessions", token)) == (403, "second_factor_owed")

    begun = door.call("POST", "/api/v1/me/totp", token).json()
    app = pyotp.parse_uri(begun["otpauth_uri"])
    assert isinstance(app, pyotp.TOTP)
    assert begun["secret"] not in str(door.account(user).totp_secret)
    wrong = door.call("POST", "/api/v1/me/totp/actions/confirm", token, json={"code": "000000"})
    assert refused(wrong) == (422, "code_wrong")
    confirmed = door.call("POST", "/api/v1/me/totp/actions/confirm", token, json={"code": app.at(START)})
    assert confirmed.json() == {"owed": []}
    assert door.call("GET", "/api/v1/organisations", token).status_code == 200
    assert refused(door.call("POST", "/api/v1/me/totp", token)) == (409, "second_factor_there")

    clock.shift(timedelta(seconds=60))
    at = START + timedelta(seconds=60)
    half = door.attempt(user.login).json()
    assert half["owed"] == ["second_factor"]
    assert refused(door.call("POST", "/api/v1/me/totp", half["token"])) == (409, "second_factor_there")
    given = door.call("POST", "/api/v1/sessions/current/actions/verify", half["token"], json={"code": app.at(at)})
    assert given.json() == {"owed": []}
    # Each code works once, also at the password.
    assert refused(door.attempt(user.login, code=app.at(at))) == (401, "sign_in_refused")
    clock.shift(timedelta(seconds=30))
    assert door.attempt(user.login, code=app.at(at + timedelta(seconds=30))).json()["owed"] == []


def test_a_half_signed_in_session_changes_no_password(door: Door) -> None:
    user = door.user(Role.SYSTEM_ADMIN, totp_secret="kept", totp_confirmed_at=START)
    token = door.token(user)
    body = {"current_password": PASSWORD, "new_password": "seven-odd-lanterns"}
    assert refused(door.call("POST", "/api/v1/me/password", token, json=body)) == (403, "second_factor_owed")


def test_the_secret_of_one_account_is_worth_nothing_at_another(door: Door) -> None:
    first, second = door.user(Role.SYSTEM_ADMIN), door.user(Role.SYSTEM_ADMIN)
    app = pyotp.TOTP(door.call("POST", "/api/v1/me/totp", door.token(first)).json()["secret"])
    door.change(second, totp_secret=door.account(first).totp_secret)
    code = {"code": app.at(START)}
    assert door.call("POST", "/api/v1/me/totp/actions/confirm", door.token(second), json=code).status_code == 500


def test_guesses_block_the_pair_of_account_and_address_and_success_elsewhere_goes_on(
    door: Door, clock: time_machine.Traveller
) -> None:
    user = door.user()
    statuses = []
    for _ in range(12):
        statuses.append(door.attempt(user.login, "wrong wrong wrong").status_code)
        clock.shift(timedelta(seconds=31))
    assert statuses == [401] * 11 + [429]
    answer = door.attempt(user.login)
    assert refused(answer) == (429, "guessed_too_often")
    assert int(answer.headers["Retry-After"]) > 600
    other = door.user()
    assert door.attempt(other.login).status_code == 201
    clock.shift(timedelta(minutes=15))
    assert door.attempt(user.login).status_code == 201


def test_codes_are_not_guessed_faster_than_passwords(door: Door) -> None:
    user = door.user(Role.SYSTEM_ADMIN)
    token = door.token(user)
    app = pyotp.TOTP(door.call("POST", "/api/v1/me/totp", token).json()["secret"])
    path, wrong = "/api/v1/me/totp/actions/confirm", {"code": "000000"}
    assert app.at(START) != "000000"
    statuses = [door.call("POST", path, token, json=wrong).status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "password_refused"), ("password123456", "password_refused"), (PASSWORD, "password_refused")],
)
def test_a_new_password_that_is_short_common_or_old_is_refused(door: Door, password: str, code: str) -> None:
    user = door.user()
    body = {"current_password": PASSWORD, "new_password": password}
    answer = door.call("POST", "/api/v1/me/password", door.token(user), json=body)
    assert refused(answer) == (422, code)
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/new_password"]
    assert door.attempt(user.login).status_code == 201


def test_the_costs_of_an_older_hash_are_raised_as_its_owner_signs_in(door: Door) -> None:
    weak = door.settings.model_copy(update={"argon2_memory_kib": 128})
    old = hash_password(PASSWORD, weak)
    user = door.user(password_hash=old)
    door.token(user)
    assert door.account(user).password_hash != old
    assert door.attempt(user.login).status_code == 201
