"""API9:2023 Improper inventory management: what is served is documented, named, of one version, and nothing else is."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Mount

from app.access.permissions import PUBLIC, Permission, declared_routes
from tests.security.operations import Operation, Schema

VERSION: Final = "/api/v1/"
# Pages and probes, which have no version.
BESIDE: Final = {
    "/healthz",
    "/metrics",
    "/readyz",
    "/sign-in",
    "/sign-in/oidc",
    "/sign-in/oidc/callback",
    "/sign-out",
}
# What describes the API does not describe itself.
UNDESCRIBED: Final = {"/docs", "/docs/start.js", "/openapi.json"}
MOUNTED: Final = {"/docs/assets", "/static", "/static/htmx"}
PAGE: Final = "page_"
FIXED: Final = Path(__file__).parents[1] / "api" / "operations.txt"


def plain(path: str) -> str:
    """An address as the document writes it, without the converters of its parameters."""
    return re.sub(r":\w+}", "}", path)


def test_every_route_is_in_the_document_or_named_here(bare: FastAPI, document: Schema) -> None:
    served: set[tuple[str, str]] = set()
    mounted, pages = set(), list[str]()
    for route in iter_route_contexts(bare.routes):
        if isinstance(route.original_route, Mount):
            mounted.add(str(route.path))
            continue
        if str(getattr(route, "operation_id", None)).startswith(PAGE):
            pages.append(str(getattr(route, "operation_id", None)))
            continue
        served |= {(plain(str(route.path)), method) for method in (route.methods or ()) if method != "HEAD"}
    documented = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    assert served - documented == {(path, "GET") for path in UNDESCRIBED}
    assert documented - served == set()
    assert mounted == MOUNTED
    # The gate and the trail know a page by its name.
    assert [name for name, times in Counter(pages).items() if times > 1] == []


def test_there_is_one_version_and_what_stands_beside_it_is_named(document: Schema) -> None:
    assert {path for path in document["paths"] if not path.startswith(VERSION)} == BESIDE
    assert not [path for path in document["paths"] if re.search(r"/(v0|v2|beta|internal|test|debug|old)(/|$)", path)]


def test_operation_ids_are_those_that_clients_were_generated_from(operations: list[Operation]) -> None:
    found = {f"{one.id} {one.method.upper()} {one.path}" for one in operations}
    assert found == set(FIXED.read_text(encoding="utf-8").splitlines())
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)+", one.id) for one in operations)


def test_every_operation_says_who_may_use_it(operations: list[Operation], document: Schema) -> None:
    for one in operations:
        said = document["paths"][one.path][one.method]["security"]
        assert said == ([{}, {"bearer": []}] if one.permission is None else [{"bearer": []}]), one.id
    assert {one.permission for one in operations} - {None} <= {str(one) for one in Permission}


def test_what_the_document_says_is_what_the_gate_asks(bare: FastAPI, operations: list[Operation]) -> None:
    declared = declared_routes(bare)
    assert {one.id: one.permission for one in operations} == {
        name: needed and needed.value for name, needed in declared.items() if not name.startswith(("/", PAGE))
    }


def test_what_is_public_is_one_list_without_a_stale_name(bare: FastAPI, operations: list[Operation]) -> None:
    public = {one.id for one in operations if one.permission is None}
    assert public == {name for name in PUBLIC if not name.startswith("/")}
    assert {name for name in PUBLIC if name.startswith("/")} == UNDESCRIBED


def test_what_is_public_writes_nothing_but_a_sign_in(operations: list[Operation]) -> None:
    writing = {one.id for one in operations if one.permission is None and one.writes}
    computes = {"check_eligibility", "quote_interest_subsidy"}
    assert writing - computes == {"sign_in", "console_sign_in", "redeem_institution_code"}


def test_every_permission_is_asked_for_by_some_operation(operations: list[Operation]) -> None:
    assert {str(one) for one in Permission} == {one.permission for one in operations} - {None}


def test_every_route_reads_its_body_strictly_and_asks_the_gate(bare: FastAPI) -> None:
    """A route of another class would be served to anybody."""
    loose = {str(route.path) for route in iter_route_contexts(bare.routes) if type(route.original_route) is APIRoute}
    assert loose - {"/healthz", "/metrics", "/readyz"} == {"/docs", "/docs/start.js"}
