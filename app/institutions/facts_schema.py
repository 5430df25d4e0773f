"""The facts of one noun as JSON Schema: a bare value, null for unknown, or a value with its provenance."""

from typing import Any, Final

from pydantic import TypeAdapter

from app.http.schemas import IsoDate
from app.rules.facts import Fact, FactType, Subject
from app.store.fact_columns import stored_facts

_DECIMAL: Final = r"^-?[0-9]{1,14}(\.[0-9]{1,2})?$"
_WHOLE: Final = r"^[0-9]{1,10}$"
_DAY: Final = TypeAdapter(IsoDate).json_schema()
_MOST_CODES: Final = 60


def facts_schema(subject: Subject) -> dict[str, Any]:
    """The schema of the object that maps fact keys of a noun to what is stated of them."""
    return {
        "type": "object",
        "title": f"{subject.value.capitalize()}Facts",
        "description": "事实：键到值，或 {value, provenance, on, by}；null 表示未知。金额和百分比写成文本。",
        "properties": {fact.key: _stated(fact) for fact in stored_facts(subject)},
        "additionalProperties": False,
    }


def _stated(fact: Fact) -> dict[str, Any]:
    value = {"anyOf": [_value(fact), {"type": "null"}]}
    with_provenance = {
        "type": "object",
        "title": f"{_class_of(fact)}Stated",
        "description": f"{fact.label}，及其来源",
        "properties": {
            "value": value,
            "provenance": {"type": "string", "enum": ["declared", "checked", "registry"]},
            "on": {"anyOf": [dict(_DAY), {"type": "null"}]},
            "by": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"\S"}, {"type": "null"}]},
        },
        "required": ["value"],
        "additionalProperties": False,
    }
    title = f"{fact.label}（{fact.unit}）" if fact.unit else fact.label
    return {"title": title, "anyOf": [*value["anyOf"], with_provenance]}


def _class_of(fact: Fact) -> str:
    """institution.beds_total is InstitutionBedsTotal."""
    return "".join(word.capitalize() for word in fact.key.replace(".", "_").split("_"))


def _value(fact: Fact) -> dict[str, Any]:
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return {"type": "boolean"}
        case FactType.INT:
            return {"anyOf": [{"type": "integer", **_bounds(fact)}, {"type": "string", "pattern": _WHOLE}]}
        case FactType.DECIMAL:
            number = {"type": "number", **_bounds(fact), "multipleOf": 0.01}
            return {"anyOf": [{"type": "string", "pattern": _DECIMAL, "examples": ["4.45"]}, number]}
        case FactType.DATE:
            return dict(_DAY)
        case FactType.ENUM:
            return {"type": "string", "enum": list(fact.codes), "description": _labels(fact)}
        case FactType.SET:
            codes = {"enum": list(fact.codes)} if fact.codes else {"pattern": "^[a-z0-9][a-z0-9-]{0,79}$"}
            items = {"type": "string", **codes}
            return {"type": "array", "items": items, "maxItems": _MOST_CODES, "description": _labels(fact)}
        case FactType.REGION:
            return {"type": "string", "pattern": "^[1-9][0-9]{5}$", "examples": ["140105"]}


def _bounds(fact: Fact) -> dict[str, int]:
    bounds = {"minimum": fact.minimum, "maximum": fact.maximum}
    return {name: int(bound) for name, bound in bounds.items() if bound is not None}


def _labels(fact: Fact) -> str:
    return "；".join(f"{code} {label}" for code, label in fact.codes.items()) or "政策代码"
