"""API8:2023 Security misconfiguration: answers are closed, errors say nothing of the inside, secrets stay secret."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from app.config import Settings
from app.main import create_app
from tests.access.door import OWN_PAGE
from tests.callers import OpenGate
from tests.databases import settings_for
from tests.security.operations import Operation
from tests.security.scene import Scene

ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
YEAR: Final = 31_536_000
ORIGINS: Final = ("https://evil.example", "null", "http://testserver", "https://testserver.evil.example")
INSIDE: Final = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|psycopg|sqlite3?\b|SELECT |INSERT |UPDATE |pydantic|starlette|\b0x[0-9a-f]{6}"
    r"|hunter2|/srv/",
    re.IGNORECASE,
)
SECRET: Final = "hunter2-hunter2-hunter2-hunter2-hunter2"


def every_answer(scene: Scene, operations: list[Operation], **headers: str) -> Iterator[tuple[str, Any]]:
    """One answer of each operation, from somebody who may, and one from nobody."""
    for operation in operations:
        known = {} if operation.permission is None else scene.everything.headers
        for who, shown in (("known", known), ("nobody", {})):
            sent = operation.request(headers=OWN_PAGE | shown | headers)
            yield f"{who}: {operation.id}", scene.town.house.client.request(**sent, follow_redirects=False)


def test_every_answer_is_closed_and_allows_no_other_origin(scene: Scene, operations: list[Operation]) -> None:
    wrong = set()
    for number, (name, answer) in enumerate(every_answer(scene, operations)):
        headers = {key.lower(): value for key, value in answer.headers.items()}
        policy = headers.get("content-security-policy", "")
        age = re.match(r"max-age=(\d+); includeSubDomains", headers.get("strict-transport-security", ""))
        closed = {
            "headers": ALWAYS.items() <= headers.items(),
            "policy": "default-src 'none'" in policy and "unsafe" not in policy,
            "transport": age is not None and int(age[1]) >= YEAR,
            "cache": headers.get("cache-control", "").startswith(("no-store", "private")),
            "origin": not [key for key in headers if key.startswith("access-control-")],
            "server": not {"server", "x-powered-by", "via"} & headers.keys(),
            "type": "content-type" in headers or not answer.content,
            # Readiness says with which database.
            "inside": not INSIDE.search(answer.text) or "get_readiness" in name,
            # `serve` does not start without the key that second factors need; the town does.
            "known": answer.status_code < 500 or answer.json()["code"] == "settings_refused",
        }
        wrong |= {f"{number} {name}: {law}" for law, holds in closed.items() if not holds}
    assert wrong == set()


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_origin_is_allowed_to_read_or_to_ask_beforehand(scene: Scene, origin: str) -> None:
    client = scene.town.house.client
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    asked |= {"Access-Control-Request-Headers": "authorization", "Access-Control-Request-Private-Network": "true"}
    for path in ("/api/v1/institutions", "/api/v1/policies", "/sign-in", "/docs", "/openapi.json"):
        for method in ("OPTIONS", "GET"):
            answer = client.request(method, path, headers=asked | scene.everything.headers)
            assert not [key for key in answer.headers if key.lower().startswith("access-control-")]
            assert method == "GET" or answer.status_code == 405


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND"])
def test_methods_of_proxies_and_debuggers_are_not_there(scene: Scene, method: str) -> None:
    secret = {"X-Secret": "hunter2", "Authorization": "Bearer hunter2"}
    client = TestClient(scene.town.house.client.app)
    for path in ("/api/v1/policies", "/healthz", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"):
        answer = client.request(method, path, headers=secret)
        assert answer.status_code == 405, (path, answer.status_code)
        assert "hunter2" not in answer.text


class _Broken(OpenGate):
    """Fails as a program fails: with what it had in its hands."""

    async def admit(self, request: Request, route: APIRoute) -> None:
        raise RuntimeError("SELECT secret FROM /srv/yinqiao/app.py password=hunter2")


def test_an_unexpected_error_tells_its_number_and_nothing_else() -> None:
    app = create_app(settings_for("sqlite:///never-opened.db", cursor_secret=SECRET), gate=_Broken())
    answer = TestClient(app, raise_server_exceptions=False).get("/api/v1/facts")
    body = answer.json()
    assert (answer.status_code, body["code"]) == (500, "internal_error")
    assert not INSIDE.search(answer.text)
    assert body["trace_id"] == answer.headers["x-request-id"]
    assert app.debug is False


def test_a_database_that_is_away_is_not_described(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/srv/hunter2.db"
    app = create_app(settings_for(url), gate=OpenGate())
    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/api/v1/policies", "/readyz", "/api/v1/institutions"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert not INSIDE.search(answer.text), answer.text


def test_the_settings_show_no_secret_when_they_are_printed() -> None:
    names = re.compile("secret|password|url|storage|webhook|token")
    shown = {name for name, field in Settings.model_fields.items() if names.search(name) and field.repr}
    # How passwords have to be, how long the first one lasts, and which networks are open to webhooks, is no secret.
    assert shown == {"password_profile", "start_password_hours", "webhook_allowed_networks"}


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/",
        "/docs/assets",
        "/docs/assets/..%2f..%2f..%2fapp%2fconfig.py",
        "/docs/assets/../../app/config.py",
        "/docs/assets/%2e%2e/%2e%2e/pyproject.toml",
        "/.git/config",
        "/var/yinqiao.db",
        "/seed/",
        "/static/",
        "/redoc",
        "/docs/oauth2-redirect",
        "/api/v1/openapi.json",
        "/debug",
        "/admin",
    ],
)
def test_no_folder_is_listed_and_no_file_of_ours_is_served(bare: FastAPI, path: str) -> None:
    answer = TestClient(bare, raise_server_exceptions=False).get(path, follow_redirects=False)
    assert answer.status_code == 404, answer.text[:200]
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_document_tells_nothing_of_the_machine(scene: Scene) -> None:
    text = scene.town.house.client.get("/openapi.json").text
    assert not re.search(r"Traceback|sqlalchemy|psycopg|/srv/|hunter2|never-opened|postgresql\+psycopg", text)
    assert '"servers"' not in text
