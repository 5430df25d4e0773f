"""A unit of work begins and ends in the endpoint's own thread, before the answer; many share few."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import anyio
import anyio.to_thread
import pytest
from fastapi import APIRouter, FastAPI, Query
from fastapi.testclient import TestClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.http.edge import install_edge
from app.http.routing import StrictRoute
from app.http.schemas import InputSchema, OutputSchema
from app.http.unit_of_work import limit_threads, reads, use_database, writes
from app.store.engine import Database, open_database
from app.store.tables import PolicyDocument
from tests.databases import Databases, settings_for
from tests.factories import a_document

CLIENTS = 120
router = APIRouter(route_class=StrictRoute)


class DocumentIn(InputSchema):
    slug: str
    then_fail: bool = False


class CountOut(OutputSchema):
    documents: int
    thread: int


def counted(session: Session) -> CountOut:
    documents = session.scalar(select(func.count()).select_from(PolicyDocument)) or 0
    return CountOut(documents=documents, thread=threading.get_ident())


@router.get("/documents")
@reads
def count_documents(session: Session, territory: Annotated[str | None, Query()] = None) -> CountOut:
    return counted(session)


@router.post("/documents", status_code=201)
@writes
def add_document(session: Session, body: DocumentIn) -> CountOut:
    session.add(a_document(slug=body.slug, number=body.slug))
    if body.then_fail:
        raise Conflict("已存在")
    return counted(session)


@router.post("/refused-writes")
@reads
def write_while_reading(session: Session) -> CountOut:
    session.add(a_document())
    return counted(session)


@pytest.fixture
def client_of() -> Iterator[Callable[[Database], TestClient]]:
    opened: list[TestClient] = []

    def make(database: Database) -> TestClient:
        app = FastAPI()
        app.include_router(router)
        use_database(app, database)
        install_edge(app, body_limit=10_000)
        client = TestClient(app, raise_server_exceptions=False)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


def test_a_written_row_is_there_for_the_next_request(
    client_of: Callable[[Database], TestClient], fresh_database: Database
) -> None:
    client = client_of(fresh_database)
    assert client.post("/documents", json={"slug": "one"}).status_code == 201
    assert client.get("/documents").json()["documents"] == 1


def test_an_endpoint_that_raises_writes_nothing(
    client_of: Callable[[Database], TestClient], fresh_database: Database
) -> None:
    client = client_of(fresh_database)
    assert client.post("/documents", json={"slug": "one", "then_fail": True}).status_code == 409
    assert client.get("/documents").json()["documents"] == 0


def test_a_commit_that_fails_is_not_answered_with_success(
    client_of: Callable[[Database], TestClient], fresh_database: Database
) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError("the disk is full")

    client = client_of(fresh_database)
    event.listen(fresh_database.engine, "commit", fail)
    assert client.post("/documents", json={"slug": "one"}).status_code == 500
    event.remove(fresh_database.engine, "commit", fail)
    assert client.get("/documents").json()["documents"] == 0


def test_begin_commit_and_return_of_the_connection_happen_in_the_thread_of_the_endpoint(
    client_of: Callable[[Database], TestClient], fresh_database: Database
) -> None:
    seen: dict[str, int] = {}
    client = client_of(fresh_database)
    for name in ("begin", "commit"):
        event.listen(fresh_database.engine, name, lambda _c, name=name: seen.update({name: threading.get_ident()}))
    event.listen(fresh_database.engine, "checkin", lambda _c, _r: seen.update(checkin=threading.get_ident()))
    thread = client.post("/documents", json={"slug": "one"}).json()["thread"]
    assert seen == {"begin": thread, "commit": thread, "checkin": thread}
    assert thread != threading.get_ident()


def test_a_reading_endpoint_cannot_write(client_of: Callable[[Database], TestClient], fresh_database: Database) -> None:
    client = client_of(fresh_database)
    assert client.post("/refused-writes").status_code == 500
    assert client.get("/documents").json()["documents"] == 0


def test_a_database_that_stays_busy_is_answered_with_try_again(
    client_of: Callable[[Database], TestClient], databases: Databases
) -> None:
    url = databases.create()
    database = open_database(settings_for(url, busy_timeout_ms=20, lock_timeout_ms=20))
    client = client_of(database)
    with database.writing() as first:
        first.add(a_document(slug="one", number="one"))
        first.flush()  # From here on the file, or the unique key, is held.
        busy = client.post("/documents", json={"slug": "one"})
    assert (busy.status_code, busy.json()["code"]) == (503, "store_unavailable")
    assert int(busy.headers["retry-after"]) > 0
    assert client.post("/documents", json={"slug": "two"}).status_code == 201
    database.dispose()
    databases.drop(url)


def test_endpoints_run_in_no_more_threads_than_asked_for() -> None:
    async def limited() -> float:
        limit_threads(7)
        return anyio.to_thread.current_default_thread_limiter().total_tokens

    assert anyio.run(limited) == 7


def test_many_clients_on_a_pool_of_five_see_no_server_error(
    client_of: Callable[[Database], TestClient], databases: Databases
) -> None:
    url = databases.create()
    database = open_database(settings_for(url, pool_size=5, worker_threads=5))
    client = client_of(database)

    def visit(number: int) -> tuple[int, int]:
        written = client.post("/documents", json={"slug": f"slug-{number}"})
        return written.status_code, client.get("/documents").status_code

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(visit, range(CLIENTS)))
    assert set(answers) == {(201, 200)}
    assert client.get("/documents").json()["documents"] == CLIENTS
    database.dispose()
    databases.drop(url)


def test_the_session_is_no_parameter_of_the_api() -> None:
    app = FastAPI()
    app.include_router(router)
    operations = app.openapi()["paths"]["/documents"]
    assert [parameter["name"] for parameter in operations["get"]["parameters"]] == ["territory"]
    assert operations["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/DocumentIn")


def test_an_endpoint_that_would_leave_its_thread_is_refused_when_it_is_declared() -> None:
    async def hop(session: Session) -> CountOut:
        return counted(session)

    def nameless(database: Session) -> CountOut:
        return counted(database)

    for endpoint in (hop, nameless):
        with pytest.raises(TypeError, match="plain def"):
            reads(endpoint)
