"""Liveness and readiness, and what is answered while the database is not there."""

import socket

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.store.engine import Database
from app.store.migrate import head_revision
from tests.contract import documented_client
from tests.databases import settings_for


def client_on(url: str) -> TestClient:
    return documented_client(create_app(settings_for(url, pool_timeout_seconds=1)))


def test_a_service_on_a_migrated_database_is_ready(client: TestClient) -> None:
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["revision"]) == ("ok", head_revision())
    assert client.get("/healthz").json() == {"status": "ok"}


def test_without_its_tables_a_service_lives_but_is_not_ready(empty_url: str) -> None:
    with client_on(empty_url) as client:
        assert client.get("/healthz").status_code == 200
        response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "not_migrated")
    assert "yinqiao migrate" in response.json()["detail"]


def test_without_its_policies_a_service_answers_but_is_not_ready(fresh_database: Database) -> None:
    url = fresh_database.engine.url.render_as_string(hide_password=False)
    with client_on(url) as client:
        response = client.get("/readyz")
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/policies").json()["items"] == []
    assert (response.status_code, response.json()["code"]) == (503, "not_seeded")
    assert response.headers["Retry-After"] == "1"
    assert "yinqiao seed" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/policies", "/api/v1/programmes/kangyang-bonds"])
def test_while_its_database_is_away_a_service_says_so_and_keeps_its_secrets(path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client_on(f"postgresql://nobody:hunter2@127.0.0.1:{port}/nothing") as client:
        response = client.get(path)
    assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
    assert "hunter2" not in response.text
