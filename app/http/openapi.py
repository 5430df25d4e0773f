"""Every non-2xx answer stands in the OpenAPI document, as a problem and with its own media type; so do the links."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from app.errors import (
    AppError,
    BadRequest,
    PayloadTooLarge,
    RequestTimeout,
    StoreUnavailable,
    Unprocessable,
    UnsupportedMediaType,
)
from app.http.components import name_components
from app.http.links import declare_links
from app.http.problems import PROBLEM_MEDIA_TYPE, Problem

_SCHEMAS = "#/components/schemas/"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_FASTAPI_SUCCESS = "Successful Response"
_FASTAPI_OWN = ("HTTPValidationError", "ValidationError")


def problem_responses(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route that can raise `errors`; what any route can answer is declared by declare_problems."""
    responses: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        response = responses.setdefault(error.status, _response(error))
        codes = response["description"].split("、")
        response["description"] = "、".join(dict.fromkeys([*codes, f"{error.title}({error.code})"]))
    return responses


def declare_problems(app: FastAPI) -> None:
    """Complete the OpenAPI document of `app`; call it once, after the routers are included."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(build)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    document = build()
    for path in document.get("paths", {}).values():
        for method in _METHODS:
            if method in path:
                _declare(path[method])
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FASTAPI_OWN:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    name_components(document)
    declare_links(document)
    return document


def _declare(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    if "422" in responses and "application/json" in responses["422"].get("content", {}):
        del responses["422"]
    for error in _possible(operation):
        responses.setdefault(str(error.status), _response(error))
    for response in responses.values():
        if response["description"] == _FASTAPI_SUCCESS:
            response["description"] = "成功"
    operation["responses"] = dict(sorted(responses.items()))


def _possible(operation: dict[str, Any]) -> list[type[AppError]]:
    """What the edge itself can answer to an operation of this shape."""
    # A parameter that nobody declared is refused, so 422 is possible everywhere.
    possible: list[type[AppError]] = [BadRequest, PayloadTooLarge, Unprocessable, AppError, StoreUnavailable]
    if "requestBody" in operation:
        possible += [RequestTimeout, UnsupportedMediaType]
    return possible


def _response(error: type[AppError]) -> dict[str, Any]:
    return {
        "description": f"{error.title}({error.code})",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": _SCHEMAS + "Problem"}}},
    }
