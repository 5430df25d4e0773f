"""A database without our tables is said to be one, whoever asks."""

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.store.engine import open_database
from tests.callers import OpenGate
from tests.databases import settings_for


@pytest.mark.parametrize("path", ["/readyz", "/api/v1/policies", "/api/v1/programmes"])
def test_an_unmigrated_database_answers_not_migrated(empty_url: str, path: str) -> None:
    settings = settings_for(empty_url)
    database = open_database(settings)
    answer = TestClient(create_app(settings, database, OpenGate())).get(path)
    database.dispose()
    assert (answer.status_code, answer.json()["code"]) == (503, "not_migrated")
    assert answer.headers["Retry-After"] == "1"
    assert "yinqiao migrate" in answer.json()["detail"]
