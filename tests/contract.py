"""Every response in the tests against our own OpenAPI document: status, media type and body."""

import re
from functools import cached_property
from typing import Any
from uuid import uuid4

import httpx2
import jsonschema_rs
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from app.http.idempotency import HEADER

# FastAPI's own pages, which describe the document and do not stand in it.
UNDOCUMENTED = {"/docs", "/openapi.json", "/redoc"}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


class BrokenContract(AssertionError):
    """A response that the OpenAPI document does not allow."""


class Contract:
    """Called with a response, raises BrokenContract unless the document declares it and its body is valid.

    An address that the document does not know answers 404, a method that it does not know 405, both as problems. HEAD
    stands in no document and keeps what GET promises.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self._components = document["components"]
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), methods)
            # An address without parameters comes before one that would take its last part for a key.
            for path, methods in sorted(document["paths"].items(), key=lambda one: one[0].count("{"))
        ]

    def __call__(self, response: httpx2.Response) -> None:
        path = response.request.url.raw_path.decode("ascii").partition("?")[0]
        if path in UNDOCUMENTED:
            return
        label = f"{response.request.method} {path[:200]}: {response.status_code}"
        declared = self._declared(path, response.request.method.lower())
        if str(response.status_code) not in declared:
            raise BrokenContract(f"{label} is not among {sorted(declared)}")
        content = declared[str(response.status_code)]["content"]
        media_type = response.headers.get("content-type", "").partition(";")[0]
        if media_type not in content:
            raise BrokenContract(f"{label} is {media_type!r}, not {sorted(content)}")
        response.read()
        if not media_type.endswith("json") or response.request.method == "HEAD":
            # A file for download has no schema of ours, and HEAD has no body.
            return
        self._check_body(label, content[media_type]["schema"], response)

    def _check_body(self, label: str, schema: dict[str, Any], response: httpx2.Response) -> None:
        (reference,) = schema.values()
        for error in self._schemas[reference].iter_errors(response.json()):
            raise BrokenContract(f"{label}: {error.message} at {error.instance_path}")

    def _declared(self, path: str, method: str) -> dict[str, Any]:
        methods = next((methods for pattern, methods in self._paths if pattern.fullmatch(path)), None)
        if methods is None:
            return {"404": {"content": PROBLEM}, "400": {"content": PROBLEM}}
        method = "get" if method == "head" and "get" in methods else method
        if method not in methods:
            return {"405": {"content": PROBLEM}}
        responses: dict[str, Any] = methods[method]["responses"]
        return responses

    @cached_property
    def _schemas(self) -> jsonschema_rs.ValidatorMap:
        """All at once: a validator of its own for each would hold a copy of all components, 5 MB each."""
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": self._components}
        return jsonschema_rs.validator_map_for(document, validate_formats=True)


class FreshKeys:
    """Called with a request, gives it a new Idempotency-Key where the document asks for one and it has none."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = [
            re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
            for path, methods in document["paths"].items()
            if any(one["name"] == HEADER and one["required"] for one in methods.get("post", {}).get("parameters", []))
        ]

    def __call__(self, request: httpx2.Request) -> None:
        if request.method == "POST" and any(path.fullmatch(request.url.path) for path in self._paths):
            request.headers.setdefault(HEADER, str(uuid4()))


Checks = tuple[FreshKeys, Contract]
_CHECKS: dict[frozenset[tuple[Any, ...]], Checks] = {}


def checks_of(app: FastAPI) -> Checks:
    """What goes over requests and responses of `app`.

    The document takes seconds to make and is the same for every application with the same routes of ours, so it is
    made once in a process. Routes that a test declares itself may be others under the same name.
    """
    routes = frozenset(
        (one.path, *sorted(one.methods or ()), one.endpoint)
        for one in iter_route_contexts(app.routes)
        # The framework's own, which is the document itself, is a new closure in each application.
        if one.endpoint is not None and not one.endpoint.__module__.startswith("fastapi.")
    )
    if any(not endpoint.__module__.startswith("app.") for *_, endpoint in routes):
        return _made(app)
    if routes not in _CHECKS:
        _CHECKS[routes] = _made(app)
    return _CHECKS[routes]


def _made(app: FastAPI) -> Checks:
    document = app.openapi()
    return FreshKeys(document), Contract(document)


def documented_client(app: FastAPI) -> TestClient:
    """A client of `app` whose every response is checked; an unexpected error is answered, not raised."""
    keys, contract = checks_of(app)
    client = TestClient(app, raise_server_exceptions=False)
    client.event_hooks["request"].append(keys)
    client.event_hooks["response"].append(contract)
    return client
