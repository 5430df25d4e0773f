"""The fact catalogue as JSON Schema: what `facts` in a request may hold, with type, unit, bounds and codes."""

from typing import Any, Final

from pydantic import TypeAdapter

from app.http.schemas import IsoDate
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType

MOST_FACTS: Final = 300
_DECIMAL: Final = r"^-?[0-9]{1,14}(\.[0-9]{1,2})?$"
_WHOLE: Final = r"^[0-9]{1,10}$"
_EXAMPLES: Final = {"元": "500000000.00"}
_DAY: Final = TypeAdapter(IsoDate).json_schema()
# A programme's own attestation: the key, an at sign and the programme's slug.
_OWN_ATTESTATION: Final = r"^(institution|project)\.meets_detailed_rules@[a-z0-9][a-z0-9-]{0,79}$"


def facts_schema() -> dict[str, Any]:
    """The schema of the object that maps fact keys to values; null means unknown, and so does absence."""
    return {
        "type": "object",
        "title": "CaseFacts",
        "description": "事实：键到值。没有写或写 null 的都是“未知”：既不当作是，也不当作否。金额和百分比写成文本。",
        "properties": {fact.key: _of(fact) for fact in CATALOGUE if not fact.per_programme},
        "patternProperties": {_OWN_ATTESTATION: {"type": ["boolean", "null"], "title": "该项政策的认定（假设）"}},
        "additionalProperties": False,
        "maxProperties": MOST_FACTS,
    }


def _of(fact: Fact) -> dict[str, Any]:
    title = f"{fact.label}（{fact.unit}）" if fact.unit else fact.label
    return {"title": title, "anyOf": [_value(fact), {"type": "null"}]}


def _value(fact: Fact) -> dict[str, Any]:
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return {"type": "boolean"}
        case FactType.INT:
            return {"anyOf": [{"type": "integer", **_bounds(fact)}, {"type": "string", "pattern": _WHOLE}]}
        case FactType.DECIMAL:
            number = {"type": "number", **_bounds(fact), "multipleOf": 0.01}
            written = {"type": "string", "pattern": _DECIMAL, "examples": [_EXAMPLES.get(fact.unit, "4.45")]}
            return {"anyOf": [written, number]}
        case FactType.DATE:
            return dict(_DAY)
        case FactType.ENUM:
            return {"type": "string", "enum": list(fact.codes), "description": _labels(fact)}
        case FactType.SET:
            codes = {"enum": list(fact.codes)} if fact.codes else {"pattern": "^[a-z0-9][a-z0-9-]{0,79}$"}
            return {"type": "array", "items": {"type": "string", **codes}, "maxItems": 60, "description": _labels(fact)}
        case FactType.REGION:
            return {"type": "string", "pattern": "^[1-9][0-9]{5}$", "examples": ["140105"]}


def _bounds(fact: Fact) -> dict[str, int]:
    bounds = {"minimum": fact.minimum, "maximum": fact.maximum}
    return {name: int(bound) for name, bound in bounds.items() if bound is not None}


def _labels(fact: Fact) -> str:
    return "；".join(f"{code} {label}" for code, label in fact.codes.items()) or "政策代码"
