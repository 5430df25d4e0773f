"""Access in the OpenAPI document: how callers prove who they are, and for each operation what it needs."""

from typing import Any, Final

from fastapi import FastAPI

from app.access.permissions import Permission, declared_routes
from app.errors import Forbidden, TooManyRequests, Unauthenticated
from app.http.openapi import problem_responses

_SCHEMES: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "登录所得的令牌（yqs_…），或发给机器的密钥（yq_…）。不得写在地址中",
    }
}


def declare_access(app: FastAPI) -> None:
    """Complete the OpenAPI document of `app`; call it once, after the routers are included."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        document = build()
        # The document is made once and kept by the application; the second time all of this stands in it.
        if "securitySchemes" not in document["components"]:
            document["components"]["securitySchemes"] = _SCHEMES
            _declare(app, document)
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _declare(app: FastAPI, document: dict[str, Any]) -> None:
    needed = declared_routes(app)
    for path in document["paths"].values():
        for operation in path.values():
            if isinstance(operation, dict) and "operationId" in operation:
                _complete(operation, needed[operation["operationId"]])


def _complete(operation: dict[str, Any], needed: Permission | None) -> None:
    # Whoever shows a key has it checked, even where none is needed: a wrong one is said to be wrong.
    errors = (Unauthenticated, TooManyRequests) if needed is None else (Unauthenticated, TooManyRequests, Forbidden)
    operation["security"] = [{}, {"bearer": []}] if needed is None else [{"bearer": []}]
    if needed is not None:
        operation["x-permission"] = needed.value
    for status, response in problem_responses(*errors).items():
        operation["responses"].setdefault(str(status), response)
    operation["responses"] = dict(sorted(operation["responses"].items()))
