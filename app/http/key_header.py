"""The Idempotency-Key in the OpenAPI document: which operations take one, and which need one."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.http.idempotency import CHANGES, HEADER, KeyMalformed, KeyMissing, KeyReused, RequestInFlight
from app.http.openapi import problem_responses
from app.http.unit_of_work import NEEDS_KEY

_PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "description": "幂等键：每次操作一个新值（如 UUID），重发时不变；同键同内容只办一次，返回首次的应答",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
}


def declare_keys(app: FastAPI) -> None:
    """Complete the OpenAPI document of `app`; call it once, after the routers are included."""
    build = app.openapi
    completed: list[dict[str, Any]] = []

    def openapi() -> dict[str, Any]:
        if not completed:
            completed.append(build())
            _declare(app, completed[0])
        return completed[0]

    app.openapi = openapi  # type: ignore[method-assign]


def _declare(app: FastAPI, document: dict[str, Any]) -> None:
    for route in iter_route_contexts(app.routes):
        needs = getattr(route.endpoint, NEEDS_KEY, None)
        # The document names a parameter without its converter: {draft_id}, not {draft_id:uuid}.
        methods = document["paths"].get(route.path_format, {})
        if needs is None:
            continue
        for method in CHANGES & set(route.methods or ()):
            if method.lower() in methods:
                _complete(methods[method.lower()], needs=needs)


def _complete(operation: dict[str, Any], *, needs: bool) -> None:
    operation.setdefault("parameters", []).append({**_PARAMETER, "required": needs})
    for status, response in problem_responses(KeyMalformed, KeyMissing, KeyReused, RequestInFlight).items():
        operation["responses"].setdefault(str(status), response)
