"""API2:2023 Broken authentication: there is one way to prove who one is, and everything else is nobody."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any, Final

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.access.permissions import Role
from app.store.tables import Account, Organisation, SignInSession
from tests.access.people import Person, a_key, somebody
from tests.security.operations import Operation
from tests.security.scene import Scene, a_session

PATH: Final = "/api/v1/organisations"
PAST: Final = datetime(2026, 2, 1, tzinfo=UTC)
Headers = list[tuple[str, str]]


def get(scene: Scene, headers: Headers, path: str = PATH, **more: Any) -> httpx2.Response:
    answer: httpx2.Response = scene.town.house.client.get(path, headers=headers, **more)
    scene.town.house.client.cookies.clear()
    return answer


@pytest.fixture(scope="module")
def clerk(scene: Scene) -> Person:
    return scene.town.house.somebody(Role.CIVIL_AFFAIRS)


def bearer(text: str) -> Headers:
    return [("Authorization", f"Bearer {text}")]


def test_a_valid_key_is_let_in_whatever_the_case_of_its_scheme(scene: Scene, clerk: Person) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert get(scene, [("authorization", f"{scheme} {clerk.key.text}")]).status_code == 200


def _closed_account(scene: Scene) -> str:
    with scene.town.house.owner.writing() as session:
        one = somebody(session, Role.CIVIL_AFFAIRS)
        session.get_one(Account, one.account_id).closed_at = PAST
        return one.key.text


def _closed_office(scene: Scene) -> str:
    with scene.town.house.owner.writing() as session:
        one = somebody(session, Role.CIVIL_AFFAIRS)
        session.get_one(Organisation, one.organisation_id).closed_at = PAST
        return one.key.text


def _dead_key(**row: Any) -> Callable[[Scene], str]:
    def made(scene: Scene) -> str:
        with scene.town.house.owner.writing() as session:
            one = somebody(session, Role.CIVIL_AFFAIRS)
            return a_key(session, one.account_id, **row).text

    return made


DEAD: Final[dict[str, Callable[[Scene], str]]] = {
    "unknown": lambda _: f"yq_{'a' * 18}_{'b' * 43}",
    "expired": _dead_key(expires_at=PAST),
    "revoked": _dead_key(revoked_at=PAST),
    "closed account": _closed_account,
    "closed office": _closed_office,
}


def test_all_dead_keys_are_refused_in_the_same_words(scene: Scene, clerk: Person) -> None:
    other = clerk.key.text[:-2] + ("xx" if clerk.key.text[-2:] != "xx" else "yy")
    said = {}
    for name, text in {**{name: made(scene) for name, made in DEAD.items()}, "wrong secret": other}.items():
        answer = get(scene, bearer(text))
        body = answer.json()
        said[name] = answer.status_code, body["code"], body["detail"], answer.headers["www-authenticate"]
    assert len(set(said.values())) == 1, said
    assert said["unknown"][:2] == (401, "credential_refused")


STRANGE: Final[dict[str, Callable[[str], Headers]]] = {
    "nothing": lambda _: [],
    "an empty header": lambda _: [("Authorization", "")],
    "the scheme alone": lambda _: [("Authorization", "Bearer")],
    "no scheme": lambda key: [("Authorization", key)],
    "basic": lambda key: [("Authorization", f"Basic {key}")],
    "token": lambda key: [("Authorization", f"Token {key}")],
    "twice the scheme": lambda key: bearer(f"Bearer {key}"),
    "two blanks": lambda key: bearer(f" {key}"),
    "two keys in one header": lambda key: bearer(f"{key}, {key}"),
    "two headers": lambda key: [*bearer(key), *bearer(key)],
    "a good and a bad header": lambda key: [*bearer(key), ("Authorization", "Basic eDp5")],
    "a bad and a good header": lambda key: [("Authorization", "Basic eDp5"), *bearer(key)],
    "upper case": lambda key: bearer(key.upper()),
    "half of it": lambda key: bearer(key[:-1]),
    "more of it": lambda key: bearer(key + "A"),
    "its public part": lambda key: bearer(key[:21]),
    "a line": lambda key: bearer(key + "\t"),
    "another header": lambda key: [("X-Api-Key", key)],
    "a proxy's header": lambda key: [("Proxy-Authorization", f"Bearer {key}")],
    "a user header": lambda _: [("X-Forwarded-User", "admin"), ("X-User-Id", "1"), ("Remote-User", "admin")],
    "the console's cookie": lambda key: [("Cookie", f"__Host-yinqiao={key}")],
    "another cookie": lambda key: [("Cookie", f"Authorization=Bearer {key}; token={key}")],
}


@pytest.mark.parametrize("shown", STRANGE.values(), ids=STRANGE.keys())
def test_a_valid_key_shown_in_any_other_way_proves_nothing(
    scene: Scene, clerk: Person, shown: Callable[[str], Headers]
) -> None:
    answer = get(scene, shown(clerk.key.text))
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] in {"unauthenticated", "credential_refused"}
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert clerk.key.text not in answer.text


def test_a_key_in_a_body_is_no_key(scene: Scene, clerk: Person) -> None:
    body = {"authorization": f"Bearer {clerk.key.text}", "key": clerk.key.text}
    answer = scene.town.house.client.post("/api/v1/rule-checks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("place", ["{path}?access_token={key}", "{path}?q={key}&page_size=2", "{path}/{key}"])
def test_a_credential_in_an_address_is_refused_even_where_the_header_has_it_too(
    scene: Scene, clerk: Person, place: str
) -> None:
    with scene.town.house.owner.writing() as session:
        signed_in, _ = a_session(session, clerk)
    for text in (clerk.key.text, signed_in.key.text):
        for headers in ([], bearer(text)):
            answer = get(scene, headers, place.format(path=PATH, key=text))
            # An address that is none has no door at which to be asked.
            assert (answer.status_code, answer.json()["code"]) in {(400, "credential_in_address"), (404, "not_found")}
            assert text not in answer.text
            assert "?" not in place or answer.status_code == 400


def test_a_browsers_session_is_worth_nothing_in_the_header(scene: Scene, clerk: Person) -> None:
    with scene.town.house.owner.writing() as session:
        one, key = a_session(session, clerk)
    assert get(scene, bearer(one.key.text)).status_code == 200
    with scene.town.house.owner.writing() as session:
        session.get_one(SignInSession, key).carrier = "cookie"
    assert get(scene, bearer(one.key.text)).status_code == 401


ENDS: Final[dict[str, dict[str, Any]]] = {
    "ended": {"ended_at": PAST},
    "idle": {"seen_at": PAST},
    "too old": {"created_at": PAST},
    "of other roles": {"role_stamp": 99},
}


@pytest.mark.parametrize("change", ENDS.values(), ids=ENDS.keys())
def test_a_session_that_has_ended_is_refused(scene: Scene, clerk: Person, change: dict[str, Any]) -> None:
    with scene.town.house.owner.writing() as session:
        one, key = a_session(session, clerk)
        row = session.get_one(SignInSession, key)
        for name, value in change.items():
            setattr(row, name, value)
    answer = get(scene, bearer(one.key.text))
    assert (answer.status_code, answer.json()["code"]) == (401, "credential_refused")


def test_nobody_gets_nothing_but_what_is_public(scene: Scene, operations: list[Operation]) -> None:
    """Asked with rows that are there and with a body that nobody could read: the door comes first."""
    ids = scene.views[0].own
    let_in = {}
    for operation in operations:
        if operation.permission is None:
            continue
        named = {name: ids[name] for name in operation.ids if name in ids}
        sent = operation.request(named)
        if operation.has_json:
            sent = {**sent, "content": b"\xff{", "json": None}
            sent["headers"] |= {"Content-Type": "application/json"}
        answer = scene.town.house.client.request(**sent)
        told = answer.status_code, answer.json()["code"]
        # The console's routes ask first whose page it is.
        if told != (401, "unauthenticated") and (operation.id, told) != ("console_sign_out", (403, "foreign_origin")):
            let_in[operation.id] = told
    assert let_in == {}


def test_head_asks_the_same_door_as_get(scene: Scene, operations: list[Operation]) -> None:
    client = TestClient(scene.town.house.client.app)
    for operation in operations:
        if operation.method == "get" and operation.permission is not None:
            answer = client.head(operation.at())
            assert (answer.status_code in {401, 405}, answer.content) == (True, b""), operation.id


def test_a_bad_key_is_refused_where_none_is_needed(scene: Scene, operations: list[Operation]) -> None:
    """Whoever believes to be known is not served as nobody."""
    served = {}
    for operation in operations:
        if operation.permission is None and operation.path.startswith("/api/"):
            sent = operation.request(headers={"Authorization": f"Bearer yq_{'a' * 18}_{'b' * 43}"})
            answer = scene.town.house.client.request(**sent)
            if answer.status_code != 401:
                served[operation.id] = answer.status_code
    assert served == {}


def test_a_stranger_is_refused_before_the_body_has_come(scene: Scene) -> None:
    """A stranger who sends a byte an hour holds no place."""
    pulled: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        pulled.append(1)
        yield b"{"
        await anyio.sleep_forever()

    async def ask(app: FastAPI) -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            with anyio.fail_after(20):
                return await client.post(
                    "/api/v1/institutions", content=endless(), headers={"Content-Type": "application/json"}
                )

    assert anyio.run(ask, scene.town.house.client.app).status_code == 401
