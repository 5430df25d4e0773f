"""Links follow from the paths: what was created leads below itself, what was read leads to those who change it."""

from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI

from app.http.edge import install_edge
from app.http.etags import IfMatch
from app.http.links import linked
from app.http.routing import StrictRoute
from app.http.schemas import OutputSchema

router = APIRouter(route_class=StrictRoute)
STAR = "$request.path.star_id"


class StarOut(OutputSchema):
    id: UUID


class MoonOut(OutputSchema):
    version: int


STAR_OUT = StarOut(id=UUID(int=1))


@router.post("/stars", operation_id="add_star", status_code=201)
def add_star() -> StarOut:
    return STAR_OUT


@router.get("/stars", operation_id="list_stars")
def list_stars(near: UUID | None = None) -> StarOut:
    return STAR_OUT


@router.get("/stars/brightest", operation_id="get_brightest")
def get_brightest() -> StarOut:
    return STAR_OUT


@router.get("/stars/{star_id}", operation_id="get_star")
def get_star(star_id: UUID) -> StarOut:
    return STAR_OUT


@router.patch("/stars/{star_id}", operation_id="amend_star")
def amend_star(star_id: UUID, if_match: IfMatch = None) -> StarOut:
    return STAR_OUT


@router.post(
    "/stars/{star_id}/moons",
    operation_id="add_moon",
    status_code=201,
    responses=linked(201, list_stars={"near": STAR}),
)
def add_moon(star_id: UUID) -> MoonOut:
    return MoonOut(version=1)


@router.post("/stars/{star_id}/moons/{number}/actions/{action}", operation_id="act_on_moon")
def act_on_moon(star_id: UUID, number: int, action: Annotated[str, ...], if_match: IfMatch = None) -> MoonOut:
    return MoonOut(version=1)


@router.get("/stars/{star_id}/moons/{number}", operation_id="get_moon")
def get_moon(star_id: UUID, number: int) -> MoonOut:
    return MoonOut(version=1)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI()
    app.include_router(router)
    install_edge(app, body_limit=1_000)
    return app.openapi()


def links(document: dict[str, Any], path: str, method: str, status: str) -> dict[str, dict[str, str]]:
    response = document["paths"][path][method]["responses"][status]
    assert all(link["operationId"] == name for name, link in response.get("links", {}).items())
    return {name: link["parameters"] for name, link in response.get("links", {}).items()}


def test_what_was_created_leads_to_every_operation_on_it_and_below_it(document: dict[str, Any]) -> None:
    star = "$response.body#/id"
    assert links(document, "/stars", "post", "201") == {
        "get_star": {"star_id": star},
        "amend_star": {"star_id": star, "If-Match": "$response.header.ETag"},
        "add_moon": {"star_id": star},
    }


def test_a_part_is_found_by_its_whole_and_its_number(document: dict[str, Any]) -> None:
    assert links(document, "/stars/{star_id}/moons", "post", "201") == {
        "list_stars": {"near": STAR},
        "get_moon": {"star_id": STAR, "number": "$response.body#/version"},
    }


@pytest.mark.parametrize("method", ["get", "patch"])
def test_what_was_read_or_changed_leads_to_those_who_need_its_version(document: dict[str, Any], method: str) -> None:
    assert links(document, "/stars/{star_id}", method, "200") == {
        "amend_star": {"star_id": STAR, "If-Match": "$response.header.ETag"}
    }
    assert "ETag" in document["paths"]["/stars/{star_id}"][method]["responses"]["200"]["headers"]


def test_a_list_and_a_fixed_address_lead_nowhere(document: dict[str, Any]) -> None:
    assert links(document, "/stars", "get", "200") == {}
    assert links(document, "/stars/brightest", "get", "200") == {}
