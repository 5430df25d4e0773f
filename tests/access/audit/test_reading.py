"""Auditors read the trail of their region, export it (which is an event), and change nothing."""

import csv
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.access.audit.chain import canonical
from app.access.audit.download import ExportFormat, written
from app.access.audit.queries import EventsAsked, select_events
from app.access.audit.schemas import AuditEventOut
from app.access.scope import Scope
from app.store.types import new_key
from tests.access.audit.conftest import House
from tests.institutions.registry import a_uscc

EVENTS = "/api/v1/audit-events"


@pytest.fixture(scope="module")
def institution(house: House) -> str:
    """Written in Taiyuan by its clerk; the auditor's office is the city's."""
    body = {"name": "虚构望岳院", "uscc": a_uscc(), "facts": {"institution.region_code": "140105"}}
    added = house.client.post("/api/v1/institutions", json=body, headers=house.clerk.headers)
    assert added.status_code == 201, added.text
    house.client.post("/api/v1/institutions", json={**body, "uscc": a_uscc()}, headers=house.anybody.headers)
    key: str = added.json()["id"]
    return key


def test_an_auditor_sees_the_events_of_its_region(house: House, institution: str) -> None:
    events = house.client.get(EVENTS, headers=house.auditor.headers).json()["items"]
    # What the auditor does is of its own office, the city's.
    assert "140105" in {one["region_code"] for one in events} <= {"140100", "140105"}
    assert institution in {one["object_id"] for one in events}
    foreign, *_ = house.events(account_id=house.anybody.account_id)
    assert house.client.get(f"{EVENTS}/{foreign.id}", headers=house.auditor.headers).status_code == 404
    assert house.client.get(f"{EVENTS}/{foreign.id}", headers=house.audit_admin.headers).json()["id"] == str(foreign.id)


@pytest.mark.parametrize(("region", "sees"), [("140000", True), ("140100", False), ("140105", False)])
def test_the_province_is_asked_about_strangers_too(house: House, region: str, sees: bool) -> None:
    house.client.get("/api/v1/institutions", headers={"Authorization": f"Bearer yqs_{'x' * 43}"})
    with house.database.reading() as session:
        found = session.scalars(select_events(Scope.of_region(region), EventsAsked(outcome="refused"))).all()
        assert ("000000" in {one.region_code for one in found}) is sees


@pytest.mark.parametrize(
    "asked",
    [
        {"action": "register_institution"},
        {"object_type": "institution"},
        {"outcome": "done"},
        {"from": "2026-01-01T00:00:00+08:00"},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_filters_narrow_and_pages_follow(house: House, institution: str, asked: dict[str, str]) -> None:
    by = house.audit_admin.headers
    every = house.client.get(EVENTS, params={**asked, "page_size": "200"}, headers=by).json()["items"]
    assert institution in {one["object_id"] for one in every}
    found, cursor = [], None
    while True:
        page = house.client.get(
            EVENTS, params={**asked, "page_size": "1"} | ({"cursor": cursor} if cursor else {}), headers=by
        )
        found += page.json()["items"]
        if (cursor := page.json()["next_cursor"]) is None:
            break
    assert [one["id"] for one in found] == [one["id"] for one in every]
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)


def test_a_filter_that_fits_nothing_finds_nothing(house: House, institution: str) -> None:
    for asked in ({"account_id": str(new_key())}, {"to": "2026-01-01T00:00:00+08:00"}, {"object_id": "xugou"}):
        assert house.client.get(EVENTS, params=asked, headers=house.audit_admin.headers).json()["items"] == []


def test_only_who_may_reads_or_seals(house: House) -> None:
    for person in (house.clerk,):
        for path in (EVENTS, f"{EVENTS}/export", f"{EVENTS}/{new_key()}", "/api/v1/audit-seals"):
            assert house.client.get(path, headers=person.headers).status_code == 403
    assert house.client.post("/api/v1/audit-seals", headers=house.auditor.headers).status_code == 403
    assert house.client.get("/api/v1/audit-seals", headers=house.auditor.headers).status_code == 200
    assert house.client.get(EVENTS).status_code == 401


def test_the_trail_has_no_address_that_changes_it(house: House) -> None:
    methods = {method for path, one in house.app.openapi()["paths"].items() if "audit-events" in path for method in one}
    assert methods == {"get"}


def test_an_export_holds_what_the_list_shows_and_is_an_event(house: House, institution: str) -> None:
    asked = {"object_id": institution}
    listed = house.client.get(EVENTS, params=asked, headers=house.auditor.headers).json()["items"]
    # Without the check of JSON answers, which NDJSON is not.
    client = TestClient(house.app)
    lines = client.get(f"{EVENTS}/export", params=asked, headers=house.auditor.headers).text.splitlines()
    assert [json.loads(line) for line in lines] == listed
    sheet = client.get(f"{EVENTS}/export", params={**asked, "format": "csv"}, headers=house.auditor.headers).text
    assert sheet.startswith("\ufeff")
    assert [row["id"] for row in csv.DictReader(io.StringIO(sheet.removeprefix("\ufeff")))] == [
        one["id"] for one in listed
    ]
    first, second = house.events(account_id=house.auditor.account_id, action="export_audit_events")[-2:]
    assert first.detail == {"filters": {"object_id": institution}, "format": "ndjson"}
    assert (second.outcome, second.detail) == ("done", {"filters": {"object_id": institution}, "format": "csv"})


def test_a_cell_of_the_sheet_is_never_a_formula() -> None:
    values: dict[str, Any] = dict.fromkeys(AuditEventOut.model_fields) | {"account_name": "=1+1"}
    event = AuditEventOut.model_construct(**values)
    sheet = b"".join(written(ExportFormat.CSV, [[event]])).decode()
    assert ",'=1+1," in sheet
    assert canonical({"b": 1, "a": None}) == '{"a":null,"b":1}'
