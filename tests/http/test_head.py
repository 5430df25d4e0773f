"""HEAD is GET without the body: same status, same headers, and nothing that GET would not do."""

from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from starlette.types import Message

# Every answer has a trace id of its own unless the caller brings one.
SAME = {"X-Request-ID": "head-and-get"}


@pytest.fixture(scope="module")
def client(edge: FastAPI) -> Iterator[TestClient]:
    @edge.get("/streamed", include_in_schema=False)
    def streamed() -> StreamingResponse:
        return StreamingResponse(iter([b"one", b"two"]), media_type="text/plain")

    with TestClient(edge, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/loans", 200),
        ("/api/loans?as_of=2026-11-20", 200),
        ("/api/loans?as_of=never", 422),
        ("/api/loans?colour=red", 422),
        ("/api/loans/7", 404),
        ("/api/nowhere", 404),
        ("/api/failure", 500),
        ("/streamed", 200),
        ("/openapi.json", 200),
    ],
)
def test_head_answers_what_get_answers_without_its_body(client: TestClient, path: str, status: int) -> None:
    head, get = client.head(path, headers=SAME), client.get(path, headers=SAME)
    assert head.status_code == get.status_code == status
    assert head.headers == get.headers
    assert (head.content, bool(get.content)) == (b"", True)


def test_no_byte_of_a_body_reaches_the_server(edge: FastAPI) -> None:
    async def asked(method: str) -> list[Message]:
        sent: list[Message] = []
        scope = {"type": "http", "method": method, "path": "/api/loans", "query_string": b"", "headers": []}

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await edge(scope, receive, send)
        assert scope["method"] == method
        return sent

    bodies: Callable[[list[Message]], Any] = lambda sent: b"".join(m.get("body", b"") for m in sent)  # noqa: E731
    assert bodies(anyio.run(asked, "GET"))
    assert bodies(anyio.run(asked, "HEAD")) == b""


def test_where_nothing_is_read_head_learns_what_is_allowed(edge: FastAPI, client: TestClient) -> None:
    @edge.post("/only-written", include_in_schema=False)
    def write() -> None: ...

    head = client.head("/only-written")
    assert (head.status_code, head.headers["allow"], head.content) == (405, "POST", b"")


def test_a_refused_method_learns_of_head_beside_get(client: TestClient) -> None:
    assert client.delete("/api/loans").headers["allow"] == "GET, HEAD, POST"
    assert client.delete("/api/loans/7").headers["allow"] == "GET, HEAD"


def test_the_document_names_get_alone(edge: FastAPI) -> None:
    assert all("head" not in methods for methods in edge.openapi()["paths"].values())
