"""A query is read strictly: what nobody declared, or what would be lost, is refused with what to write instead."""

from enum import StrEnum
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.testclient import TestClient

from app.http.edge import install_edge
from app.http.routing import StrictRoute

router = APIRouter(route_class=StrictRoute)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def paged(cursor: Annotated[str | None, Query()] = None) -> str | None:
    return cursor


@router.get("/stars")
def list_stars(
    cursor: Annotated[str | None, Depends(paged)],
    colour: Annotated[list[Colour] | None, Query()] = None,
    file_format: Annotated[str, Query(alias="format")] = "csv",
) -> dict[str, Any]:
    return {"colour": colour, "format": file_format, "cursor": cursor}


@router.post("/stars")
def add_star(body: dict[str, int]) -> dict[str, int]:
    return body


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.include_router(router)
    install_edge(app, body_limit=1_000)
    return TestClient(app, raise_server_exceptions=False)


def refusals(response: Any) -> dict[str, tuple[str, str]]:
    assert response.status_code == 422
    return {error["pointer"]: (error["code"], error["detail"]) for error in response.json()["errors"]}


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("", {"colour": None, "format": "csv", "cursor": None}),
        ("format=x", {"colour": None, "format": "x", "cursor": None}),
        ("cursor=", {"colour": None, "format": "csv", "cursor": ""}),
        ("colour=red&colour=blue", {"colour": ["red", "blue"], "format": "csv", "cursor": None}),
        ("colour=red&colour=red", {"colour": ["red", "red"], "format": "csv", "cursor": None}),
    ],
)
def test_what_is_declared_is_bound(client: TestClient, query: str, answer: dict[str, Any]) -> None:
    assert client.get(f"/stars?{query}").json() == answer


@pytest.mark.parametrize("name", ["color", "Colour", "file_format", "colour[]", "page", "", "颜色"])
def test_an_unknown_parameter_is_named_with_those_that_are_known(client: TestClient, name: str) -> None:
    code, detail = refusals(client.get("/stars", params={name: "red"}))[f"/query/{name}"]
    assert code == "unknown_parameter"
    assert detail == f"没有查询参数 {name}，可用的有：colour、format、cursor"


def test_a_second_value_that_would_be_lost_is_refused(client: TestClient) -> None:
    found = refusals(client.get("/stars?format=csv&format=ndjson&cursor=a&cursor=a&colour=red&colour=blue"))
    assert {pointer: code for pointer, (code, _) in found.items()} == {
        "/query/format": "repeated_parameter",
        "/query/cursor": "repeated_parameter",
    }
    assert "只能写一次" in found["/query/format"][1]


def test_all_are_named_at_once(client: TestClient) -> None:
    assert refusals(client.get("/stars?a=1&b=2&format=x&format=y")).keys() == {"/query/a", "/query/b", "/query/format"}


def test_an_operation_without_parameters_says_that_it_has_none(client: TestClient) -> None:
    found = refusals(client.post("/stars?dry_run=true", json={"a": 1}))
    assert found == {"/query/dry_run": ("unknown_parameter", "没有查询参数 dry_run，此地址不接受查询参数，请删去")}
    assert client.post("/stars", json={"a": 1}).status_code == 200
