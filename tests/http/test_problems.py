"""Every error is one shape of problem document, in Chinese, and tells no secrets."""

import asyncio
import re
from typing import Any, Literal, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import TypeAdapter, ValidationError
from pydantic_core import core_schema
from starlette.types import Message, Scope

from app.http.refusals import MAX_ERRORS, PHRASES, field_errors, pointer
from tests.http.conftest import BODY_LIMIT

LOAN = {"principal_yuan": "1000000.00", "drawn_on": "2026-11-20"}
KEYS = {"type", "title", "status", "detail", "code", "errors", "trace_id"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The problem of `response`, once it is shown to be a proper one."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() == KEYS
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:yinqiao:problem:{code}")
    assert body["trace_id"] == response.headers["x-request-id"]
    assert CHINESE.search(body["title"])
    assert CHINESE.search(body["detail"])
    return body


def refused(client: TestClient, **changes: Any) -> dict[str, dict[str, str]]:
    """The refused values of a loan with `changes`, by pointer."""
    body = problem(client.post("/api/loans", json=LOAN | changes), 422, "refused_values")
    assert all(CHINESE.search(error["detail"]) for error in body["errors"])
    return {error["pointer"]: error for error in body["errors"]}


def test_an_accepted_body_is_answered_with_its_digits(client: TestClient) -> None:
    assert client.post("/api/loans", json=LOAN).json() == LOAN


def test_a_fact_of_a_room_keeps_its_code(client: TestClient) -> None:
    assert problem(client.get("/api/loans/7"), 404, "loan_not_found")["detail"] == "没有编号为 7 的贷款"


def test_an_unknown_address_is_a_problem(client: TestClient) -> None:
    problem(client.get("/api/nowhere"), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY"])
def test_a_refused_method_learns_all_methods_of_the_address(client: TestClient, method: str) -> None:
    response = client.request(method, "/api/loans")
    problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, POST"


def test_an_unexpected_error_shows_a_number_and_nothing_else(client: TestClient) -> None:
    response = client.get("/api/failure")
    body = problem(response, 500, "internal_error")
    assert body["trace_id"] in body["detail"]
    assert "secret" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_each_refused_value_is_named_by_its_pointer(client: TestClient) -> None:
    found = refused(client, principal_yuan="0.001", drawn_on="2023-02-29", extra=1)
    assert found.keys() == {"/principal_yuan", "/drawn_on", "/extra"}
    assert found["/principal_yuan"]["code"] == "decimal_max_places"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"principal_yuan": "1.234"}, "最多 2 位小数"),
        ({"principal_yuan": "0"}, "须在 0.01 到 9999999999999.99 之间"),
        ({"principal_yuan": "1e3"}, "应为十进制数的文本，如 100.00"),
        ({"drawn_on": "2023-02-29"}, "没有这一天，请核对年月日"),
        ({"drawn_on": "2200-01-01"}, "日期须在 1900-01-01 到 2199-12-31 之间"),
        ({"drawn_on": "今天"}, "应为日期，写作 2026-11-20"),
        ({"notes": {"a": "x" * 2001}}, "最多 2000 个字符"),
        ({"repayment": {"kind": "monthly", "months": 37}}, "须小于或等于 36"),
    ],
)
def test_what_a_type_of_ours_says_is_what_is_said(client: TestClient, changes: dict[str, Any], said: str) -> None:
    (error,) = refused(client, **changes).values()
    assert error["detail"] == said


def test_pydantics_english_never_passes_for_ours() -> None:
    kind = TypeAdapter(Literal["男", "女"])
    with pytest.raises(ValidationError) as refusal:
        kind.validate_python("other")
    (error,) = field_errors([{**one, "loc": ("body",)} for one in refusal.value.errors()], None)
    assert error.detail == "应为下列之一：男、女"


def test_a_missing_value_is_named_where_it_belongs(client: TestClient) -> None:
    response = client.post("/api/loans", json={})
    pointers = {error["pointer"] for error in problem(response, 422, "refused_values")["errors"]}
    assert pointers == {"/principal_yuan", "/drawn_on"}


def test_the_tag_of_a_union_stands_in_no_pointer(client: TestClient) -> None:
    assert refused(client, repayment={"kind": "monthly", "months": 0}).keys() == {"/repayment/months"}
    assert refused(client, repayment={"kind": "once"}).keys() == {"/repayment/on"}
    assert refused(client, repayment={"kind": "never"}).keys() == {"/repayment"}


def test_a_pointer_escapes_its_keys_and_bounds_its_length(client: TestClient) -> None:
    assert refused(client, notes={"a/b~c": 1}).keys() == {"/notes/a~1b~0c"}
    (only,) = refused(client, **{"x" * 100_000: 1})  # An unknown field of that name.
    assert len(only) < 300


def test_a_parameter_is_named_by_its_place(client: TestClient) -> None:
    query = problem(client.get("/api/loans?as_of=20261120"), 422, "refused_values")
    path = problem(client.get("/api/loans/0"), 422, "refused_values")
    assert [query["errors"][0]["pointer"], path["errors"][0]["pointer"]] == ["/query/as_of", "/path/number"]


def test_a_body_of_many_errors_is_answered_with_a_bounded_list(client: TestClient) -> None:
    assert len(refused(client, notes={str(i): i for i in range(200)})) == MAX_ERRORS


def test_no_refusal_repeats_the_value(client: TestClient) -> None:
    response = client.post("/api/loans", json=LOAN | {"principal_yuan": "9" * 5_000})
    assert "99999999999999999" not in response.text


@pytest.mark.parametrize("kind", [kind for kind in get_args(core_schema.ErrorType) if kind not in PHRASES])
def test_a_refusal_without_a_phrase_of_its_own_is_still_chinese(kind: str) -> None:
    (error,) = field_errors([{"type": kind, "loc": ("body",), "msg": "English", "ctx": {}}], {})
    assert CHINESE.search(error.detail)


@pytest.mark.parametrize("kind", PHRASES)
def test_a_phrase_is_chinese_and_needs_no_value_that_may_be_absent(kind: str) -> None:
    (error,) = field_errors([{"type": kind, "loc": ("body",), "msg": "English", "ctx": {}}], {})
    assert CHINESE.search(error.detail)


def test_a_pointer_into_what_is_not_there_ends_at_the_last_part_that_is() -> None:
    assert pointer(("body", "items", 3, "name"), {"items": [1]}) == "/items"
    assert pointer(("body",), None) == ""


def test_a_callers_trace_id_is_kept_if_harmless(client: TestClient) -> None:
    kept = client.get("/api/loans", headers={"X-Request-ID": "ward-3.2026_11"})
    made = client.get("/api/loans", headers={"X-Request-ID": "bad id; drop"})
    assert kept.headers["x-request-id"] == "ward-3.2026_11"
    assert re.fullmatch(r"[0-9a-f]{32}", made.headers["x-request-id"])


def test_answers_are_neither_sniffed_nor_cached(client: TestClient) -> None:
    headers = client.get("/api/loans").headers
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_a_body_that_announces_too_much_is_not_read(client: TestClient) -> None:
    problem(client.post("/api/loans", content=b" " * (BODY_LIMIT + 1)), 413, "payload_too_large")


def test_a_chunked_body_is_stopped_at_the_limit(edge: FastAPI) -> None:
    chunk = b" " * (BODY_LIMIT // 4)
    taken, sent = [], []

    async def receive() -> Message:
        taken.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/loans",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
    }
    asyncio.run(edge(scope, receive, send))
    assert sent[0]["status"] == 413
    assert b"payload_too_large" in sent[1]["body"]
    assert sum(taken) == 5 * len(chunk)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ""])
def test_a_body_that_is_not_called_json_is_refused(client: TestClient, kind: str) -> None:
    response = client.post("/api/loans", content=b"{}", headers={"content-type": kind})
    problem(response, 415, "unsupported_media_type")


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    problem(client.post("/api/loans", content=b"\x1f\x8b", headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize("address", ["/api/loans/%00", "/api/loans?as_of=%00"])
def test_an_address_with_a_nul_is_refused(client: TestClient, address: str) -> None:
    problem(client.get(address), 400, "bad_request")
