"""What every answer carries, how often one may ask, how slowly one may send, and what is counted and logged."""

import re
from collections.abc import AsyncIterator, Iterator

import anyio
import httpx2
import pytest
import structlog
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from app.access.gate import AccessGate
from app.http.headers import POLICY_HEADER
from app.http.rate_limits import RateLimits
from app.main import create_app
from app.store.engine import Database
from tests.databases import settings_for

KEY = f"yq_{'a' * 18}_{'b' * 43}"
HEADERS = {
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "strict-transport-security",
    "content-security-policy",
    "cache-control",
    "x-request-id",
}


def service(database: Database, **changes: object) -> FastAPI:
    url = database.engine.url.render_as_string(hide_password=False)
    return create_app(settings_for(url, **changes), database)


@pytest.fixture
def plain(library: Database) -> Iterator[TestClient]:
    with TestClient(service(library), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/healthz"),
        ("GET", "/api/v1/policies"),
        ("GET", "/nowhere"),
        ("PUT", "/healthz"),
        ("GET", "/api/v1/institutions"),
        ("POST", "/api/v1/eligibility-checks"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
    ],
)
def test_every_answer_carries_the_headers(plain: TestClient, method: str, path: str) -> None:
    headers = plain.request(method, path).headers
    assert set(headers) >= HEADERS
    assert "unsafe" not in headers[POLICY_HEADER]
    assert headers[POLICY_HEADER].startswith("default-src 'none'")


def test_an_unexpected_error_carries_them_too(edge: FastAPI) -> None:
    with TestClient(edge, raise_server_exceptions=False) as client:
        answer = client.get("/api/failure")
    assert answer.status_code == 500
    assert set(answer.headers) >= HEADERS


def test_the_documentation_runs_no_inline_code_and_reaches_no_other_host(plain: TestClient) -> None:
    page = plain.get("/docs").text
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"\son\w+=|style=|https?://", page) == []
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert plain.get(asset).status_code == 200, asset
    assert "/openapi.json" in plain.get("/docs/start.js").text


def test_an_address_may_ask_so_often_and_no_more(library: Database) -> None:
    client = TestClient(service(library, requests_per_minute_and_address=3))
    with time_machine.travel("2026-11-21T08:00:00Z", tick=False) as clock:
        answers = [client.get("/api/v1/facts") for _ in range(5)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
        assert [one.headers["RateLimit-Remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
        refused = answers[-1]
        assert refused.json()["code"] == "too_many_requests"
        assert int(refused.headers["Retry-After"]) == int(refused.headers["RateLimit-Reset"]) > 0
        clock.shift(121)
        assert client.get("/api/v1/facts").status_code == 200


def test_addresses_are_counted_apart(library: Database) -> None:
    app = service(library, requests_per_minute_and_address=1)
    statuses = [
        TestClient(app, client=(address, 1)).get("/api/v1/facts").status_code
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1")
    ]
    assert statuses == [200, 200, 429]


def test_callers_are_counted_apart_and_from_their_address() -> None:
    limits = RateLimits(per_address=0, per_caller=2, storage="memory://")
    for caller in ("one", "two", "one", "two"):
        limits.count_caller({"type": "http", "client": ("192.0.2.1", 1)}, caller)
    with pytest.raises(Exception, match="每分钟最多 2 次"):
        limits.count_caller({"type": "http", "client": ("192.0.2.2", 1)}, "one")


def test_health_is_never_refused_for_asking_often(library: Database) -> None:
    with TestClient(service(library, requests_per_minute_and_address=1)) as client:
        assert {client.get("/healthz").status_code for _ in range(5)} == {200}


def test_a_body_that_drips_is_given_up(library: Database) -> None:
    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep_forever()

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(service(library, body_seconds=1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post(
                "/api/v1/eligibility-checks", content=drip(), headers={"Content-Type": "application/json"}
            )

    answer = anyio.run(ask)
    assert (answer.status_code, answer.json()["code"]) == (408, "request_timeout")


def test_requests_are_counted_by_operation_and_status(plain: TestClient) -> None:
    plain.get("/api/v1/policies/nowhere")
    plain.get("/api/v1/policies/neverland")
    plain.get("/wp-admin")
    counted = plain.get("/metrics").text
    assert 'yinqiao_requests_total{operation="get_policy",status="404"} 2.0' in counted
    assert 'yinqiao_requests_total{operation="none",status="404"} 1.0' in counted
    assert "yinqiao_database_connections_in_use 0.0" in counted
    assert "nowhere" not in counted


def test_two_applications_count_for_themselves(library: Database) -> None:
    first, second = (TestClient(service(library)) for _ in range(2))
    first.get("/api/v1/facts")
    assert 'operation="list_facts"' in first.get("/metrics").text
    assert 'operation="list_facts"' not in second.get("/metrics").text


def test_the_log_holds_neither_keys_nor_values(library: Database) -> None:
    client = TestClient(service(library), raise_server_exceptions=False)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        client.get("/api/v1/institutions", headers={"Authorization": f"Bearer {KEY}"})
        client.get(f"/api/v1/institutions?key={KEY}")
        client.post("/api/v1/eligibility-checks", json={"facts": {"institution.name": "虚构颐养院"}})
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["operation"] for line in requests] == ["list_institutions"] * 2 + ["check_eligibility"]
    assert all(line["trace_id"] for line in requests)
    assert not any(secret in str(line) for line in lines for secret in ("b" * 43, "虚构颐养院"))


def test_the_gate_of_the_service_is_the_real_one(library: Database) -> None:
    assert isinstance(service(library).state.gate, AccessGate)
