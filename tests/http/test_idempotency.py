"""A request with a key is done once, however often and from however many places it is sent."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from fastapi import APIRouter, FastAPI, Response
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.http.edge import install_edge
from app.http.idempotency import HEADER, KEPT_FOR, REPLAYED
from app.http.key_header import declare_keys
from app.http.routing import StrictRoute
from app.http.schemas import InputSchema, OutputSchema
from app.http.unit_of_work import use_database, writes, writes_once
from app.store.engine import Database
from app.store.tables import IdempotentAnswer, PolicyDocument
from tests.factories import a_document

router = APIRouter(route_class=StrictRoute)
HELD = threading.Event()
ENTERED = threading.Event()


class DocumentIn(InputSchema):
    slug: str


class DocumentOut(OutputSchema):
    slug: str
    documents: int


def counted(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PolicyDocument)) or 0


@router.post("/documents", operation_id="add_document", status_code=201)
@writes
def add_document(session: Session, response: Response, body: DocumentIn, wing: str = "") -> DocumentOut:
    if body.slug == "refused":
        raise Conflict("不行")
    if body.slug == "slow":
        ENTERED.set()
        HELD.wait(10)
    session.add(a_document(slug=f"{body.slug}-{counted(session)}", number=f"{body.slug}-{counted(session)}"))
    response.headers["Location"] = f"/documents/{body.slug}"
    return DocumentOut(slug=body.slug, documents=counted(session))


@router.post("/documents/actions/empty", operation_id="empty_documents", status_code=204)
@writes_once
def empty_documents(session: Session) -> None:
    session.add(a_document(slug=f"emptied-{counted(session)}", number=f"{counted(session)}"))


@router.patch("/documents", operation_id="change_documents")
@writes
def change_documents(session: Session, body: DocumentIn) -> DocumentOut:
    session.add(a_document(slug=f"changed-{counted(session)}", number=f"changed-{counted(session)}"))
    return DocumentOut(slug=body.slug, documents=counted(session))


@pytest.fixture
def client(fresh_database: Database) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(router)
    use_database(app, fresh_database)
    install_edge(app, body_limit=10_000)
    declare_keys(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def rows(database: Database) -> int:
    with database.reading() as session:
        return counted(session)


def test_the_second_sending_gets_the_first_answer_and_changes_nothing(
    client: TestClient, fresh_database: Database
) -> None:
    first = client.post("/documents", json={"slug": "a"}, headers={HEADER: "k-1"})
    again = client.post("/documents", json={"slug": "a"}, headers={HEADER: "k-1"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Location"] == first.headers["Location"] == "/documents/a"
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert first.headers["X-Request-ID"] != again.headers["X-Request-ID"]
    assert rows(fresh_database) == 1


def test_a_change_that_is_sent_again_is_answered_as_the_first_time(
    client: TestClient, fresh_database: Database
) -> None:
    first, again = (client.patch("/documents", json={"slug": "a"}, headers={HEADER: "k-1"}) for _ in range(2))
    assert (first.status_code, first.content) == (200, again.content)
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert rows(fresh_database) == 1


def test_another_key_is_another_operation(client: TestClient, fresh_database: Database) -> None:
    assert [client.post("/documents", json={"slug": "a"}, headers={HEADER: k}).status_code for k in "ab"] == [201, 201]
    assert rows(fresh_database) == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [("/documents", {"slug": "b"}), ("/documents?wing=east", {"slug": "a"}), ("/documents/actions/empty", None)],
)
def test_the_key_of_another_request_is_refused(
    client: TestClient, fresh_database: Database, path: str, body: dict[str, str] | None
) -> None:
    client.post("/documents", json={"slug": "a"}, headers={HEADER: "k-1"})
    answer = client.post(path, json=body, headers={HEADER: "k-1"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert answer.json()["errors"][0]["pointer"] == "/header/Idempotency-Key"
    assert rows(fresh_database) == 1


def test_a_refusal_is_not_kept(client: TestClient, fresh_database: Database) -> None:
    refusals = [client.post("/documents", json={"slug": "refused"}, headers={HEADER: "k"}) for _ in range(2)]
    assert [one.status_code for one in refusals] == [409, 409]
    assert all(REPLAYED not in one.headers for one in refusals)
    assert client.post("/documents", json={"slug": "a"}, headers={HEADER: "k"}).status_code == 201
    assert rows(fresh_database) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_a_key_that_no_header_should_hold_is_refused(client: TestClient, fresh_database: Database, key: str) -> None:
    answer = client.post("/documents", json={"slug": "a"}, headers={HEADER.encode(): key.encode()})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert rows(fresh_database) == 0


@pytest.mark.parametrize("key", ["!", "~" * 255, "018f4b1e-8c3e-7d3a-9b1e-2f6d5c4b3a29"])
def test_any_visible_key_serves(client: TestClient, fresh_database: Database, key: str) -> None:
    answers = [client.post("/documents", json={"slug": "a"}, headers={HEADER: key}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert rows(fresh_database) == 1


def test_an_action_that_needs_a_key_says_so(client: TestClient, fresh_database: Database) -> None:
    answer = client.post("/documents/actions/empty")
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")
    assert "Idempotency-Key" in answer.json()["detail"]
    assert rows(fresh_database) == 0
    done = [client.post("/documents/actions/empty", headers={HEADER: "k"}) for _ in range(3)]
    assert [(one.status_code, one.content) for one in done] == [(204, b"")] * 3
    assert rows(fresh_database) == 1


def test_twenty_at_once_with_one_key_are_one(client: TestClient, fresh_database: Database) -> None:
    def one(_: int) -> tuple[int, bytes]:
        answer = client.post("/documents", json={"slug": "a"}, headers={HEADER: "k"})
        return answer.status_code, answer.content

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    assert {status for status, _ in answers} <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    assert rows(fresh_database) == 1


def test_a_request_under_way_is_a_conflict_or_is_waited_for(client: TestClient, fresh_database: Database) -> None:
    HELD.clear()
    ENTERED.clear()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.post, "/documents", json={"slug": "slow"}, headers={HEADER: "k"})
        assert ENTERED.wait(10)
        second = pool.submit(client.post, "/documents", json={"slug": "slow"}, headers={HEADER: "k"})
        if fresh_database.engine.dialect.name == "postgresql":
            refused = second.result(10)
            assert (refused.status_code, refused.json()["code"]) == (409, "request_in_flight")
        HELD.set()
        assert first.result(10).status_code == 201
        if fresh_database.engine.dialect.name == "sqlite":
            assert second.result(10).content == first.result().content
    assert rows(fresh_database) == 1


def test_answers_are_kept_for_two_days(client: TestClient, fresh_database: Database) -> None:
    start = datetime(2026, 11, 1, 8, tzinfo=UTC)
    with time_machine.travel(start, tick=False) as clock:
        client.post("/documents", json={"slug": "a"}, headers={HEADER: "old"})
        clock.move_to(start + KEPT_FOR)
        client.post("/documents", json={"slug": "b"}, headers={HEADER: "new"})
        assert kept(fresh_database) == {"old", "new"}
        clock.move_to(start + KEPT_FOR + timedelta(seconds=1))
        client.post("/documents", json={"slug": "c"}, headers={HEADER: "newer"})
        assert kept(fresh_database) == {"new", "newer"}


def kept(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(IdempotentAnswer.key)))


def test_the_document_says_which_operations_take_and_which_need_a_key(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    headers = {(path, name): one["parameters"][-1] for path, methods in paths.items() for name, one in methods.items()}
    assert {which: (one["name"], one["required"]) for which, one in headers.items()} == {
        ("/documents", "post"): (HEADER, False),
        ("/documents", "patch"): (HEADER, False),
        ("/documents/actions/empty", "post"): (HEADER, True),
    }
