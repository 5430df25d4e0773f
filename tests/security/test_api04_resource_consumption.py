"""API4:2023 Unrestricted resource consumption: everything that somebody asks for has a size that was thought of."""

import json
from collections.abc import Iterator
from typing import Final

import pytest
import time_machine
from fastapi.testclient import TestClient

from app.access.row_security import APP_ROLE
from app.http.strict_json import MAX_DEPTH, MAX_VALUES
from app.main import create_app
from app.store.engine import open_database
from app.store.pages import MAX_SIZE
from tests.access.door import OWN_PAGE
from tests.access.people import Person, a_key
from tests.databases import settings_for
from tests.security.operations import Operation, Schema, within
from tests.security.scene import Scene

LIMIT: Final = 1_048_576
BOUNDS: Final = {"maxLength", "pattern", "enum", "format", "const"}
# Rules and programmes are bounded by their readers, in depth, in leaves and by the JSON reader's own count of values.
READ_ELSEWHERE: Final = {"applies", "requires", "programme", "rule"}
# Lists that grow with laws, regions, the products on offer and their own history, and not with what people enter.
WITHOUT_PAGES: Final = {
    "list_facts",
    "list_matches",
    "list_policies",
    "list_possible_duplicates",
    "list_product_versions",
    "list_programme_drafts",
    "list_programmes",
    "list_reference_rates",
    "list_regions",
    "list_relending",
}


def send(scene: Scene, operation: Operation, content: bytes, **headers: str) -> tuple[int, str]:
    """One body of an operation, from somebody who may."""
    known = {} if operation.permission is None else scene.everything.headers
    sent = operation.request(headers=OWN_PAGE | known | {"Content-Type": "application/json"} | headers, content=content)
    sent.pop("json")
    answer = scene.town.house.client.request(**sent)
    return answer.status_code, answer.json()["code"]


def test_a_body_beyond_the_limit_is_refused_by_every_operation(scene: Scene, operations: list[Operation]) -> None:
    writing = [one for one in operations if one.has_json]
    announced = {send(scene, one, b"{}", **{"Content-Length": str(LIMIT + 1)}) for one in writing}
    assert announced == {(413, "payload_too_large")}
    assert {send(scene, one, b" " * (LIMIT + 1)) for one in writing[:3]} == {(413, "payload_too_large")}


TOO_MUCH: Final = {
    "depth": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "values": b'{"a": [' + b"0," * MAX_VALUES + b"0]}",
    "a number": b'{"a": ' + b"9" * 100 + b"}",
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_json_too_deep_or_too_much_is_not_read_by_any_operation(
    scene: Scene, operations: list[Operation], body: bytes
) -> None:
    answers = {one.id: send(scene, one, body) for one in operations if one.has_json}
    assert {name: told for name, told in answers.items() if told != (400, "unreadable_json")} == {}


def test_every_text_and_every_list_that_is_read_has_a_bound(operations: list[Operation], document: Schema) -> None:
    endless = set()
    for operation in operations:
        asked = [(one["name"], one["schema"]) for one in operation.parameters]
        bodies = [] if operation.body is None else [("", operation.body)]
        for name, schema in asked + bodies:
            for path, part in within(document, schema, name):
                if READ_ELSEWHERE & set(path.split("/")):
                    continue
                is_text = part.get("type") == "string" and not BOUNDS & part.keys()
                is_list = part.get("type") == "array" and "maxItems" not in part
                if is_text or is_list:
                    endless.add(f"{operation.id}: {path}")
    assert endless == set()


def test_every_list_comes_in_pages_of_a_bounded_size(operations: list[Operation], document: Schema) -> None:
    whole = set()
    for operation in (one for one in operations if one.method == "get" and one.id.startswith("list_")):
        size = operation.query("page_size")
        if not size:
            whole.add(operation.id)
            continue
        assert size[0]["schema"]["maximum"] == MAX_SIZE, operation.id
    assert whole == WITHOUT_PAGES


@pytest.mark.parametrize("size", ["0", "-1", str(MAX_SIZE + 1), "999999999999999999999", "1e3", "", "all"])
def test_a_page_of_another_size_is_refused_everywhere(scene: Scene, operations: list[Operation], size: str) -> None:
    given = {}
    for operation in (one for one in operations if one.query("page_size")):
        sent = operation.request(headers=scene.everything.headers, params={"page_size": size})
        answer = scene.town.house.client.request(**sent)
        if answer.status_code != 422:
            given[operation.id] = answer.status_code
    assert given == {}


@pytest.fixture
def hurried(scene: Scene) -> Iterator[TestClient]:
    """The same service, which lets an account ask three times a minute, and an address six times."""
    url = scene.town.house.owner.engine.url.render_as_string(hide_password=False)
    limits = {"requests_per_minute_and_caller": 3, "requests_per_minute_and_address": 6}
    settings = settings_for(url, **limits)
    served = open_database(settings, APP_ROLE)
    with time_machine.travel("2026-11-21T08:00:00Z", tick=False), TestClient(create_app(settings, served)) as client:
        yield client
    served.dispose()


def statuses(client: TestClient, *callers: Person | None) -> list[int]:
    return [
        client.get("/api/v1/organisations", headers={} if one is None else one.headers).status_code for one in callers
    ]


def test_an_account_is_slowed_down_however_many_keys_it_has(scene: Scene, hurried: TestClient) -> None:
    first, other = scene.town.people.pboc, scene.town.people.finance
    with scene.town.house.owner.writing() as session:
        second = Person(first.account_id, first.organisation_id, a_key(session, first.account_id))
    assert statuses(hurried, first, second, first, second, other) == [200, 200, 200, 429, 200]


def test_guessing_keys_is_slowed_down_and_fills_no_trail(scene: Scene, hurried: TestClient) -> None:
    wrong = {"Authorization": f"Bearer yq_{'c' * 18}_{'d' * 43}"}
    answers = [hurried.get("/api/v1/organisations", headers=wrong) for _ in range(8)]
    assert [one.status_code for one in answers] == [401] * 6 + [429] * 2
    last = answers[-1]
    assert 0 < int(last.headers["Retry-After"]) <= 60
    assert last.headers["RateLimit-Remaining"] == "0"
    # The good key of the same address has to wait with it: who guesses from there is not told apart.
    assert statuses(hurried, scene.town.people.pboc) == [429]


def test_uploads_have_limits_of_their_own_and_no_other_operation_has(operations: list[Operation]) -> None:
    uploads = {one.id for one in operations if one.content and not one.has_json}
    assert uploads == {"add_attachment", "add_import", "answer_referrals"}


def test_a_long_key_of_idempotency_is_refused(scene: Scene) -> None:
    body = json.dumps({"rule": {"op": "known", "fact": "institution.beds_total"}}).encode()
    headers = scene.town.people.pboc.headers | {"Content-Type": "application/json", "Idempotency-Key": "k" * 256}
    answer = scene.town.house.client.post("/api/v1/rule-checks", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
