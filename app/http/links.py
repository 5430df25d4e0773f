"""Links of the OpenAPI document: which operations may follow an answer, and which of its values they take.

Derived from the paths, so that a new operation has its links as soon as it has an address. Two rules:

- What was created (201) leads to every operation on it and below it. Its key stands in the answer.
- What was read or changed leads to every operation on it and below it that has to name its version in If-Match.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.http.etags import IF_MATCH

_SCHEMAS: Final = "#/components/schemas/"
_ETAG: Final = "$response.header.ETag"
# Where the number of a product's version stands: in the version itself, or in the product as its open draft.
_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {"number": ("version", "draft_version")}
_VERSION: Final = {"description": "版本，修改时原样写在 If-Match 请求头中", "schema": {"type": "string"}}


def linked(status: int, **operations: Mapping[str, str]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route whose answer leads elsewhere: operation id to parameters as runtime expressions."""
    return {status: {"links": {one: _link(one, parameters) for one, parameters in operations.items()}}}


def declare_links(document: dict[str, Any]) -> None:
    """Complete the links of a whole OpenAPI document."""
    operations = [
        _Operation(path, method, operation)
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
    ]
    schemas = document.get("components", {}).get("schemas", {})
    for source in operations:
        for target in operations:
            parameters = _parameters(source, target, schemas)
            if parameters is not None:
                name = target.document["operationId"]
                source.answer.setdefault("links", {}).setdefault(name, _link(name, parameters))
        _declare_version(source.answer)


@dataclass(frozen=True, slots=True)
class _Operation:
    path: str
    method: str
    document: dict[str, Any]

    @property
    def creates(self) -> bool:
        return "201" in self.document["responses"]

    @property
    def answer(self) -> dict[str, Any]:
        """The answer that means success."""
        responses: dict[str, Any] = self.document["responses"]
        return next((response for status, response in sorted(responses.items()) if status.startswith("2")), {})

    def properties(self, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the answer holds."""
        schema = self.answer.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").removeprefix(_SCHEMAS)
        properties: Mapping[str, Any] = schemas.get(name, {}).get("properties", {})
        return properties

    def named(self, place: str) -> Iterator[dict[str, Any]]:
        """The parameters in one place."""
        yield from (one for one in self.document.get("parameters", ()) if one["in"] == place)

    @property
    def takes_version(self) -> bool:
        return any(one["name"] == IF_MATCH for one in self.named("header"))


def _parameters(source: _Operation, target: _Operation, schemas: Mapping[str, Any]) -> dict[str, str] | None:
    """What the link passes on, or None where none is to be declared."""
    if source.creates and target.path.startswith(f"{source.path}/{{"):
        known = _known(source, target, source.properties(schemas))
    elif source.path.endswith("}") and source.method in {"get", "patch"} and target.takes_version:
        known = _known(source, target, {}) if f"{target.path}/".startswith(f"{source.path}/") else None
    else:
        return None
    return known if known is None or not target.takes_version else {**known, IF_MATCH: _ETAG}


def _known(source: _Operation, target: _Operation, properties: Mapping[str, Any]) -> dict[str, str] | None:
    """Every path parameter of the target. One with a list of choices is left to the caller."""
    given = {one["name"] for one in source.named("path")}
    created = target.path.removeprefix(f"{source.path}/").partition("/")[0].strip("{}")
    found: dict[str, str] = {}
    for parameter in target.named("path"):
        name = parameter["name"]
        places = _PROPERTIES.get(name, ("id",) if name == created else ())
        pointer = next((place for place in places if place in properties), None)
        if name in given:
            found[name] = f"$request.path.{name}"
        elif pointer is not None:
            found[name] = f"$response.body#/{pointer}"
        elif not _is_choice(parameter):
            return None
    return found


def _is_choice(parameter: Mapping[str, Any]) -> bool:
    return "enum" in parameter["schema"] or "$ref" in parameter["schema"]


def _declare_version(answer: dict[str, Any]) -> None:
    if any(_ETAG in link["parameters"].values() for link in answer.get("links", {}).values()):
        answer.setdefault("headers", {}).setdefault("ETag", _VERSION)


def _link(operation: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    return {"operationId": operation, "parameters": dict(parameters)}
