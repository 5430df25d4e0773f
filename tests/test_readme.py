"""What the README shows was really asked and really answered."""

import json
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.config import PROJECT_ROOT
from app.http.clock import now
from app.main import create_app
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.store.engine import open_database
from tests.callers import OpenGate
from tests.databases import SqliteDatabases, settings_for

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
REQUESTS = re.findall(r"curl -s http://127\.0\.0\.1:8000(\S+) .*? -d '(\{.*?\n\})'\n```", README, re.DOTALL)
ANSWERS = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)


def holds(answer: Any, excerpt: Any) -> bool:
    """An excerpt leaves fields and list members out; what it shows stands in the answer, in the same order."""
    if isinstance(excerpt, dict):
        return isinstance(answer, dict) and all(k in answer and holds(answer[k], v) for k, v in excerpt.items())
    if isinstance(excerpt, list):
        members = iter(answer)
        return all(any(holds(member, wanted) for member in members) for wanted in excerpt)
    return bool(answer == excerpt)


@pytest.fixture(scope="module")
def service(sqlite: SqliteDatabases) -> TestClient:
    settings = settings_for(sqlite.create())
    database = open_database(settings)
    with database.writing() as session:
        load_seeds(session, read_seeds(settings.seed_path), now())
    return TestClient(create_app(settings, database, OpenGate()))


def test_every_request_has_its_answer() -> None:
    assert len(REQUESTS) == len(ANSWERS) == 2


@pytest.mark.parametrize(("request_shown", "answer_shown"), list(zip(REQUESTS, ANSWERS, strict=True)))
def test_the_answer_shown_is_the_real_one(
    service: TestClient, request_shown: tuple[str, str], answer_shown: str
) -> None:
    path, body = request_shown
    answer = service.post(path, json=json.loads(body))
    assert answer.status_code == 200
    assert holds(answer.json(), json.loads(answer_shown)), answer.text[:3000]
