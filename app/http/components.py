"""Objects that stand inside other schemas get a name in the document, so that a generated client has one class each."""

import re
from typing import Any, Final

_SCHEMAS: Final = "#/components/schemas/"
# Labels of fields are Chinese or have blanks; whoever writes a schema by hand names its class in the title.
_CLASS: Final = re.compile(r"[A-Z][A-Za-z0-9]+")


class NameTaken(Exception):
    """Two different schemas bear one name: a mistake of ours, found as the document is made."""


def name_components(document: dict[str, Any]) -> None:
    """Move every object whose title is the name of a class from where it stands to the components."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in tuple(schemas):
        schemas[name] = _children_moved(schemas[name], schemas)


def _moved(node: Any, schemas: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_moved(child, schemas) for child in node]
    if not isinstance(node, dict):
        return node
    moved, title = _children_moved(node, schemas), node.get("title")
    if "properties" not in node or not isinstance(title, str) or not _CLASS.fullmatch(title):
        return moved
    # A default belongs to the field and not to what it holds.
    left = {"default": moved.pop("default")} if "default" in moved else {}
    if schemas.setdefault(title, moved) != moved:
        raise NameTaken(title)
    return {"$ref": _SCHEMAS + title, **left}


def _children_moved(node: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {key: _moved(child, schemas) for key, child in node.items()}
