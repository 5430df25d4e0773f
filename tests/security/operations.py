"""The operations of the service as its OpenAPI document tells them, so that a new one is asked without being named."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from fastapi import FastAPI

from app.main import create_app
from tests.databases import settings_for

JSON: Final = "application/json"
SAFE: Final = frozenset({"get", "head", "options"})
Schema = Mapping[str, Any]
# Values for the parameters of addresses that name nothing of the registry.
_NAMED: Final = {"slug": "kangyang-interest-subsidy", "series": "lpr_1y", "number": "1", "action": "withdraw"}
_PDF: Final = b"%PDF-1.4\n% fictional\n%%EOF\n"


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    id: str
    method: str
    path: str
    permission: str | None
    parameters: tuple[Schema, ...]
    body: Schema | None
    content: tuple[str, ...]
    example: Any

    @property
    def writes(self) -> bool:
        return self.method not in SAFE

    @property
    def has_json(self) -> bool:
        return JSON in self.content

    @property
    def ids(self) -> tuple[str, ...]:
        """The parameters of the address that name a row."""
        return tuple(one for one in re.findall(r"{(\w+)}", self.path) if one.endswith("_id"))

    def query(self, *names: str) -> list[Schema]:
        """Parameters of the query, all of them or those of these names."""
        return [one for one in self.parameters if one["in"] == "query" and (not names or one["name"] in names)]

    def at(self, ids: Mapping[str, object] | None = None) -> str:
        """The address, with rows that nobody has where none are given."""
        values = {**_NAMED, **{name: uuid4() for name in self.ids}, **(ids or {})}
        return self.path.format_map({name: str(value) for name, value in values.items()})

    def request(self, ids: Mapping[str, object] | None = None, **changes: Any) -> dict[str, Any]:
        """A request that fits the document: `client.request(**operation.request())`."""
        made: dict[str, Any] = {"method": self.method.upper(), "url": self.at(ids), "headers": {}}
        if self.writes:
            made["headers"] = {"If-Match": '"1"'}
        if self.has_json:
            made["json"] = self.example
        elif self.content:
            made |= {"content": _PDF, "params": {"name": "虚构.pdf"}}
        elif self.query("format"):
            made["params"] = {"format": "csv"}
        made["headers"] |= changes.pop("headers", {})
        return made | changes


def document_of(app: FastAPI) -> Schema:
    """The document of an application, which makes it once."""
    return app.openapi()


def an_app(**changes: object) -> FastAPI:
    """An application that was never connected to anything."""
    return create_app(settings_for("sqlite:///never-opened.db", **changes))


def operations_of(document: Schema) -> list[Operation]:
    """Every operation, in the order of the document."""
    return [
        _operation(document, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def _operation(document: Schema, method: str, path: str, operation: Schema) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get(JSON, {}).get("schema")
    return Operation(
        id=operation["operationId"],
        method=method,
        path=path,
        permission=operation.get("x-permission"),
        parameters=tuple(operation.get("parameters", ())),
        body=body,
        content=tuple(content),
        example=None if body is None else resolved(document, body)["examples"][0],
    )


def resolved(document: Schema, schema: Schema) -> Schema:
    """The schema itself, behind its reference."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def within(document: Schema, schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema inside of one, itself included, with the way to it; one that holds itself is entered once."""
    yield from _within(document, schema, path, frozenset())


def _within(document: Schema, schema: Schema, path: str, above: frozenset[str]) -> Iterator[tuple[str, Schema]]:
    if "$ref" in schema:
        if schema["$ref"] in above:
            return
        above |= {schema["$ref"]}
        schema = resolved(document, schema)
    yield path, schema
    for name, one in schema.get("properties", {}).items():
        yield from _within(document, one, f"{path}/{name}", above)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _within(document, one, path, above)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            yield from _within(document, schema[name], f"{path}/*", above)
