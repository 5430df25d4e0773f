"""The OpenAPI document declares every answer that the edge can give, as a problem with its media type."""

from typing import Any

import pytest
from fastapi import FastAPI

from app.errors import Conflict, NotFound
from app.http.openapi import problem_responses

OPERATIONS = {
    ("/api/loans", "post"): {"201", "400", "408", "413", "415", "422", "500", "503"},
    ("/api/loans", "get"): {"200", "400", "413", "422", "500", "503"},
    ("/api/loans/{number}", "get"): {"200", "400", "404", "413", "422", "500", "503"},
    ("/api/failure", "get"): {"200", "400", "413", "422", "500", "503"},
}


def references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*(references(child) for child in node.values()))
    if isinstance(node, list):
        return set().union(*(references(child) for child in node))
    return set()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_an_operation_declares_what_it_can_answer(edge: FastAPI, path: str, method: str) -> None:
    responses = edge.openapi()["paths"][path][method]["responses"]
    assert responses.keys() == OPERATIONS[path, method]
    for status, response in responses.items():
        if not status.startswith("2"):
            assert response["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }


def test_the_frameworks_own_error_shape_is_gone_and_no_reference_dangles(edge: FastAPI) -> None:
    document = edge.openapi()
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert references(document) <= {f"#/components/schemas/{name}" for name in schemas}


def test_the_problem_schema_requires_every_key(edge: FastAPI) -> None:
    problem = edge.openapi()["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == set(problem["properties"])


def test_errors_of_one_status_share_one_declaration() -> None:
    class LoanNotFound(NotFound):
        code = "loan_not_found"

    declared = problem_responses(NotFound, LoanNotFound, Conflict)
    assert declared.keys() == {404, 409}
    assert all(code in declared[404]["description"] for code in ("not_found", "loan_not_found"))
