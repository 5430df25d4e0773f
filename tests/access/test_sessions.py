"""Sessions: how long they live, what kills them, and who sees them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.session_schemas import ConsoleSignedInOut, SecondFactorOut, SignedInOut
from app.http.idempotency import HEADER, REPLAYED, Keyed, keep
from app.http.schemas import OutputSchema
from app.store.base import Base
from app.store.tables import Account, IdempotentAnswer, Organisation, SignInSession
from app.store.types import new_key
from tests.access.door import PASSWORD, START, Door, a_door
from tests.access.house import refused
from tests.access.people import an_account
from tests.databases import Databases


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[Door]:
    yield from a_door(databases)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def test_an_idle_session_dies_and_a_used_one_lives_until_it_is_old(door: Door, clock: time_machine.Traveller) -> None:
    user = door.user()
    idle, used = door.token(user), door.token(user)
    for _ in range(2):
        clock.shift(timedelta(minutes=15))
        assert door.status(used) == 200
    # Thirty minutes after it was opened, and on the minute.
    assert door.status(idle) == 401
    for _ in range(45):
        clock.shift(timedelta(minutes=15))
        assert door.status(used) == 200
    clock.shift(timedelta(minutes=15))
    assert door.status(used) == 401


def test_being_seen_is_written_once_a_minute(door: Door, clock: time_machine.Traveller) -> None:
    token = door.token(door.user())
    key = door.call("GET", "/api/v1/sessions/current", token).json()["session_id"]

    def seen() -> timedelta:
        with door.owner.reading() as session:
            rows = session.execute(select(SignInSession.id, SignInSession.seen_at)).all()
        found: datetime = next(row.seen_at for row in rows if str(row.id) == key)
        return found - START

    clock.shift(timedelta(seconds=59))
    door.status(token)
    assert seen() == timedelta(0)
    clock.shift(timedelta(seconds=1))
    door.status(token)
    assert seen() == timedelta(seconds=60)


def test_a_token_is_worth_nothing_after_signing_out(door: Door) -> None:
    user = door.user()
    token, other = door.token(user), door.token(user)
    ended = door.call("DELETE", "/api/v1/sessions/current", token)
    assert ended.json()["ended_at"] is not None
    assert door.status(token) == 401
    assert door.status(other) == 200


def test_the_token_itself_is_nowhere_kept(door: Door) -> None:
    token = door.token(door.user())
    with door.owner.reading() as session:
        rows = session.execute(select(SignInSession.__table__)).all()
    assert not any(token in str(value) for row in rows for value in row)


def test_a_sign_in_that_is_sent_again_is_another_one_and_no_answer_keeps_a_token(door: Door) -> None:
    user = door.user()
    answers = [door.attempt(user.login, headers={HEADER: "sign-in-1"}) for _ in range(2)]
    tokens = [str(one.json()["token"]) for one in answers]
    assert len(set(tokens)) == 2
    assert not any(REPLAYED in one.headers for one in answers)
    with door.owner.reading() as session:
        assert session.scalars(select(IdempotentAnswer)).all() == []
        for table in Base.metadata.tables.values():
            rows = session.execute(select(table)).all()
            assert not any(token in str(row) for token in tokens for row in rows), table.name


@pytest.mark.parametrize("shown", [SignedInOut, ConsoleSignedInOut, SecondFactorOut])
def test_an_answer_that_were_kept_would_have_no_secret_in_it(session: Session, shown: type[OutputSchema]) -> None:
    secrets = {"token", "csrf_token", "secret", "otpauth_uri"} & set(shown.model_fields)
    rest = {"session_id": new_key(), "owed": [], "expires_at": START, "idle_minutes": 30}
    given = {name: one for name, one in rest.items() if name in shown.model_fields}
    answer = shown.model_validate(given | dict.fromkeys(secrets, "xugou-once-only"))
    sent = keep(session, Keyed("somebody", "key", "0" * 64, 201), answer, None, START)
    session.flush()
    kept = session.scalars(select(IdempotentAnswer.body)).one()
    assert secrets
    assert bytes(sent.body).count(b"xugou-once-only") == len(secrets)
    assert {name: value for name, value in json.loads(kept).items() if name in secrets} == dict.fromkeys(secrets)


@pytest.mark.parametrize("change", ["roles", "closed", "office closed"])
def test_what_is_decided_about_an_account_ends_its_sessions(door: Door, change: str) -> None:
    user = door.user()
    token = door.token(user)
    match change:
        case "roles":
            door.change(user, roles=("finance",), role_stamp=Account.role_stamp + 1)
        case "closed":
            door.change(user, closed_at=START)
        case _:
            with door.owner.writing() as session:
                office = session.get_one(Account, user.id).organisation_id
                session.execute(update(Organisation).where(Organisation.id == office).values(closed_at=START))
    assert door.status(token) == 401


def test_giving_roles_over_the_api_ends_the_sessions_of_the_account(door: Door) -> None:
    user = door.user()
    token = door.token(user)
    with door.owner.writing() as session:
        office = session.get_one(Account, user.id).organisation_id
        chief = an_account(session, session.get_one(Organisation, office), Role.SECURITY_ADMIN)
        chief.password_hash = session.get_one(Account, user.id).password_hash
        login = chief.login
    half = door.attempt(login).json()
    assert half["owed"] == ["second_factor_enrolment"]
    with door.owner.writing() as session:
        session.execute(update(SignInSession).where(SignInSession.is_complete.is_(False)).values(is_complete=True))
    version = door.account(user).version
    answer = door.call(
        "PUT",
        f"/api/v1/users/{user.id}/roles",
        half["token"],
        json={"roles": []},
        headers={"If-Match": f'"{version}"'},
    )
    assert answer.status_code == 200, answer.text
    assert door.status(token) == 401


def test_a_new_password_ends_the_other_sessions_and_not_this_one(door: Door) -> None:
    user = door.user()
    token, other = door.token(user), door.token(user)
    body = {"current_password": PASSWORD, "new_password": "seven-odd-lanterns"}
    assert door.call("POST", "/api/v1/me/password", token, json=body).status_code == 200
    assert (door.status(token), door.status(other)) == (200, 401)
    assert door.attempt(user.login).status_code == 401
    assert door.attempt(user.login, "seven-odd-lanterns").status_code == 201


def test_people_see_and_end_their_own_sessions_and_no_others(door: Door) -> None:
    user, stranger = door.user(), door.user()
    token, other, foreign = door.token(user), door.token(user), door.token(stranger)
    listed = door.call("GET", "/api/v1/sessions", token).json()["items"]
    assert [one["is_current"] for one in listed] == [False, True]
    theirs = door.call("GET", "/api/v1/sessions", foreign).json()["items"][0]["id"]
    assert refused(door.call("DELETE", f"/api/v1/sessions/{theirs}", token)) == (404, "session_not_found")
    assert door.call("DELETE", f"/api/v1/sessions/{listed[0]['id']}", token).status_code == 200
    assert [door.status(one) for one in (token, other, foreign)] == [200, 401, 200]
    assert len(door.call("GET", "/api/v1/sessions", token).json()["items"]) == 1
