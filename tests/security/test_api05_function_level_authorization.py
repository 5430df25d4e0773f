"""API5:2023 Broken function level authorization: what a role may not do, it does not do, by no method and no key."""

from typing import Final
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.permissions import GRANTS, Permission, Role
from app.store.tables import AuditEvent
from tests.access.people import Person, a_key
from tests.security.operations import Operation, Schema
from tests.security.scene import Scene

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
# Every signed-in person has these for himself or herself, every key the other; roles have nothing to do with them.
ONES_OWN: Final = {Permission.SIGNED_IN.value, Permission.ROTATE_OWN_KEY.value}
FORBIDDEN: Final = (403, "forbidden")


def guarded(operations: list[Operation]) -> list[Operation]:
    return [one for one in operations if one.permission is not None and one.permission not in ONES_OWN]


def ask(scene: Scene, one: Person, operation: Operation) -> tuple[int, str]:
    """With a body that is none: whoever may not do it is not told what is wrong with it."""
    sent = operation.request(scene.views[0].own.copy(), headers=one.headers)
    if operation.has_json:
        sent |= {"json": [1]}
    answer = scene.town.house.client.request(**sent)
    return answer.status_code, answer.json()["code"] if "json" in answer.headers["content-type"] else ""


@pytest.fixture(scope="module")
def staff(scene: Scene) -> dict[Role, Person]:
    """One person of each role."""
    house, town = scene.town.house, scene.town
    offices = [role for role in Role if role not in {Role.INSTITUTION, Role.BANK}]
    made = {role: house.somebody(role) for role in offices}
    return made | {
        Role.BANK: house.somebody(Role.BANK, bank_id=town.other_bank_id),
        Role.INSTITUTION: town.people.home,
    }


@pytest.mark.parametrize("role", Role)
def test_no_role_writes_what_it_was_not_granted(
    scene: Scene, staff: dict[Role, Person], operations: list[Operation], role: Role
) -> None:
    refused = [
        one for one in guarded(operations) if one.writes and one.permission not in {str(may) for may in GRANTS[role]}
    ]
    assert refused
    done = {one.id: told for one in refused if (told := ask(scene, staff[role], one)) != FORBIDDEN}
    assert done == {}


def test_a_key_without_the_permission_is_refused_whatever_its_account_may(
    scene: Scene, operations: list[Operation]
) -> None:
    """The account has every role, so that nothing but the key stands in the way."""
    keys = {}
    with scene.town.house.owner.writing() as session:
        for permission in {one.permission for one in guarded(operations)}:
            others = [one for one in Permission if one.value != permission]
            key = a_key(session, scene.everything.account_id, others)
            keys[permission] = Person(scene.everything.account_id, scene.everything.organisation_id, key)
    done = {one.id: told for one in guarded(operations) if (told := ask(scene, keys[one.permission], one)) != FORBIDDEN}
    assert done == {}


def test_a_refused_attempt_is_on_record_with_what_was_tried(scene: Scene, staff: dict[Role, Person]) -> None:
    auditor = staff[Role.AUDITOR]
    answer = scene.town.house.call(auditor, "POST", "/audit-seals")
    assert answer.status_code == 403
    with scene.town.house.owner.reading() as session:
        query = select(AuditEvent).where(AuditEvent.request_id == answer.headers["x-request-id"])
        event = session.scalars(query).one()
        told = event.action, event.outcome, event.account_id, event.detail
    assert told == ("seal_audit", "refused", auditor.account_id, {"code": "forbidden", "status": 403})


@pytest.fixture(scope="module")
def stranger(bare: FastAPI) -> TestClient:
    return TestClient(bare, raise_server_exceptions=False)


def test_a_method_that_is_not_declared_is_not_there(stranger: TestClient, document: Schema) -> None:
    """Asked without a key: what is not there has no door. The answer lists those that are, and no others."""
    wrong = {}
    for path, methods in document["paths"].items():
        address = path.format_map(_Named())
        declared = {method.upper() for method in methods}
        for method in METHODS:
            if method in declared:
                continue
            answer = stranger.request(method, address)
            # HEAD is GET without its body, and asks the same door.
            allowed = set(answer.headers.get("allow", "").split(", ")) - ({"HEAD"} if "GET" in declared else set())
            if answer.status_code != 405 or allowed != declared:
                wrong[f"{method} {path}"] = answer.status_code, allowed
    assert wrong == {}


@pytest.mark.parametrize(
    "header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"]
)
def test_no_header_makes_one_request_another(scene: Scene, header: str) -> None:
    house = scene.town.house
    told = []
    for value in ("DELETE", "/api/v1/audit-events", "PATCH"):
        answer = house.call(scene.town.people.pboc, "GET", f"/institutions/{scene.town.home}", headers={header: value})
        told.append((answer.status_code, answer.json()["id"]))
    assert told == [(200, str(scene.town.home))] * 3


class _Named(dict[str, object]):
    """Any value for any parameter of an address."""

    def __missing__(self, name: str) -> object:
        return UUID(int=0) if name.endswith("_id") else "1"
