"""Every operation that writes leaves exactly one event, whichever it is; a refused one leaves nothing else."""

import re
from itertools import count
from typing import Any

import httpx2
import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from app.http.unit_of_work import NEEDS_KEY
from app.store.tables import AuditEvent
from tests.access.audit.conftest import House
from tests.access.people import Person
from tests.institutions.registry import a_uscc

UNKNOWN = "01a1fdf0-0000-7000-8000-000000000000"
SAFE = {"get", "head", "options"}
# Its unit of work stands inside the endpoint, because it exports after the commit.
OWN_UNIT = {"seal_audit"}
# Guesses are counted even where they are refused; that is what the table is for.
COUNTS_REFUSALS = {"failed_sign_in"}
# What the answer of an operation names, for the addresses of others.
MAKES = {
    "register_institution": "institution_id",
    "add_project": "project_id",
    "add_need": "need_id",
    "add_loan": "loan_id",
}
# Makers first; the others in the order of the document.
FIRST = ("register_institution", "add_project", "add_need", "add_loan")
HAVE_TO_SUCCEED = {*MAKES, "amend_institution", "amend_need", "amend_loan", "add_bank", "seal_audit", "add_attestation"}
FIXED = {"slug": "xugou", "series": "lpr-1y", "number": "1", "action": "withdraw"}

Operation = tuple[str, str, dict[str, Any]]
_SERIALS = count(1)


def operations(house: House) -> list[Operation]:
    """Every operation that is not safe: method, path, and what the document says of it."""
    paths = house.app.openapi()["paths"].items()
    found = [(method, path, one) for path, methods in paths for method, one in methods.items() if method not in SAFE]
    return sorted(found, key=lambda one: FIRST.index(one[2]["operationId"]) if one[2]["operationId"] in FIRST else 99)


def writers(house: House) -> set[str]:
    """The operations that write."""
    routes = [one for one in iter_route_contexts(house.app.routes) if isinstance(one.original_route, APIRoute)]
    return {str(one.operation_id) for one in routes if hasattr(one.endpoint, NEEDS_KEY)} | OWN_UNIT


def example(house: House, operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    body: dict[str, Any] = dict(house.app.openapi()["components"]["schemas"][name]["examples"][0])
    # The example's number is somebody's already where the example was sent before.
    serial = next(_SERIALS)
    fresh = {"uscc": a_uscc(), "code": f"xugou-bank-{serial}"}
    return body | {key: value for key, value in fresh.items() if key in body} | _other(operation["operationId"], serial)


def _other(name: str, serial: int) -> dict[str, Any]:
    """What makes a change one, however often it is sent."""
    others: dict[str, dict[str, Any]] = {
        "amend_institution": {"name": f"虚构第{serial}院"},
        "amend_need": {"facts": {"need.amount_yuan": f"{serial}000.00"}},
        "amend_loan": {"lender": f"虚构第{serial}银行"},
    }
    return others.get(name, {})


def sent(house: House, by: Person, operation: Operation, ids: dict[str, str]) -> httpx2.Response:
    method, path, one = operation
    address = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1]) or FIXED.get(found[1], UNKNOWN), path)
    there = house.client.get(address, headers=by.headers) if method == "patch" and ids else None
    headers = {**by.headers, "If-Match": '"1"', "X-Request-ID": f"request-{one['operationId']}"[:64]}
    if there is not None and "etag" in there.headers:
        headers["If-Match"] = there.headers["etag"]
    return house.client.request(method, address, json=example(house, one), headers=headers)


def told(events: list[AuditEvent]) -> list[tuple[str, str]]:
    return [(one.action, one.outcome) for one in events]


def test_a_write_is_one_event_and_a_refused_one_changes_nothing_else(house: House) -> None:
    ids: dict[str, str] = {}
    succeeded, writing = set(), writers(house)
    for operation in operations(house):
        name, before, rows = operation[2]["operationId"], house.mark(), house.counts()
        answer = sent(house, house.anybody, operation, ids)
        events = house.events(before)
        assert answer.status_code < 500, (name, answer.text)
        if answer.is_success:
            succeeded.add(name)
            if name in MAKES:
                ids[MAKES[name]] = answer.json()["id"]
            assert [one.outcome for one in events] == (["done"] if name in writing else []), (name, told(events))
        else:
            assert told(events) in ([], [(name, "refused")]), (name, told(events))
            changed = {table for table, count in house.counts().items() if count != rows[table]}
            assert changed <= COUNTS_REFUSALS, name
        assert all(one.request_id == f"request-{name}"[:64] for one in events)
    assert succeeded >= HAVE_TO_SUCCEED


def test_whoever_may_not_do_it_is_on_record_and_nothing_else_is(house: House) -> None:
    refused = 0
    for operation in operations(house):
        name, before, rows = operation[2]["operationId"], house.mark(), house.counts()
        answer = sent(house, house.auditor, operation, {})
        events = house.events(before)
        # The console's own routes refuse foreign origins before anybody is known.
        if answer.status_code != 403 or not operation[1].startswith("/api/"):
            continue
        refused += 1
        assert len(events) == 1, name
        (event,) = events
        assert (event.action, event.outcome, event.account_id) == (name, "refused", house.auditor.account_id)
        assert event.detail is not None
        assert event.detail["status"] == 403
        assert house.counts() == rows
    assert refused >= 25


def test_an_event_says_who_what_from_where_and_what_changed(house: House) -> None:
    client, by = house.client, house.clerk.headers
    body = {"name": "虚构颐和院", "uscc": a_uscc(), "facts": {"institution.region_code": "140105"}}
    added = client.post("/api/v1/institutions", json={**body, "telephone": "0351-7654321"}, headers=by).json()
    facts = {"institution.beds_total": 80, "institution.annual_revenue_yuan": "1234567.00"}
    address = f"/api/v1/institutions/{added['id']}"
    patched = client.patch(
        address, json={"facts": facts}, headers={**by, "If-Match": '"1"', "X-Request-ID": "xugou-0001"}
    )
    assert patched.status_code == 200, patched.text
    first, event = house.events(account_id=house.clerk.account_id)[-2:]
    assert (event.action, event.outcome, event.chain) == ("amend_institution", "done", "1401")
    assert (event.object_type, event.object_id) == ("institution", added["id"])
    assert (event.request_id, event.address) == ("xugou-0001", "testclient")
    assert event.credential == f"key:{house.clerk.key.public_id}"
    assert event.organisation_id == house.clerk.organisation_id
    replaced = next(row for row in event.changes or () if row["kind"] == "replace")
    assert replaced["key"] == added["id"]
    assert replaced["fields"]["beds_total"] == {"before": None, "after": 80}
    assert "annual_revenue_yuan" in replaced["hidden"]
    every = f"{first.changes}{first.detail}{event.changes}{event.detail}"
    assert "7654321" not in every
    assert "1234567" not in every
    assert "telephone" in every


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_credential_that_is_refused_is_on_record_without_its_secret(house: House, scheme: str) -> None:
    before, public = house.mark(), house.clerk.key.public_id
    headers = {"Authorization": f"{scheme} yq_{public}_{'x' * 43}"}
    assert house.client.get("/api/v1/institutions", headers=headers).status_code == 401
    (event,) = house.events(before)
    assert (event.outcome, event.chain, event.account_id, event.credential) == ("refused", "00", None, "nobody")
    assert event.detail == {"code": "credential_refused", "status": 401, "key": public}


def test_a_key_in_the_address_is_on_record_without_its_secret(house: House) -> None:
    before = house.mark()
    answer = house.client.get("/api/v1/institutions", params={"q": house.clerk.key.text})
    assert answer.status_code == 400
    (event,) = house.events(before)
    assert event.detail == {"code": "credential_in_address", "status": 400}


def test_reading_and_asking_for_what_is_not_there_leave_no_event(house: House) -> None:
    before = house.mark()
    for path in ("institutions", f"institutions/{UNKNOWN}", "policies", "banks"):
        house.client.get(f"/api/v1/{path}", headers=house.clerk.headers)
    house.client.get("/api/v1/institutions")
    assert house.events(before) == []
