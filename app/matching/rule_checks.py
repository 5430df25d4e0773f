"""Checking a rule that somebody is writing: is it well formed, what does it say in words, and what of these facts?"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, JsonValue, WithJsonSchema
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.errors import FieldError, Unprocessable
from app.http.clock import today
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import InputSchema, IsoDate, OutputSchema
from app.http.unit_of_work import reads
from app.matching.answers import TRUTH_WORDS, advice_out, condition_out
from app.matching.fetch import fetch_library
from app.matching.request_facts import UnusableFacts, read_facts
from app.matching.schemas import AdviceOut, ConditionOut, FactsIn, TruthWord
from app.regions import region_names
from app.rules import RuleRefused, advise, explain, parse
from app.rules.explain import leaves
from app.rules.operators import OPERATORS

router = APIRouter(route_class=StrictRoute, tags=["matching"])

_EXAMPLE: dict[str, JsonValue] = {
    "rule": {"op": "ge", "fact": "institution.beds_total", "value": 50, "id": "beds", "cite": {"own": "第 1 条"}},
    "facts": {"institution.beds_total": 40},
    "as_of": "2026-11-20",
}
_OPERAND: dict[str, Any] = {
    "type": ["boolean", "integer", "string", "object"],
    "description": '值，或 {"param": "参数键"}；小数写成文本',
}
# The tree is read by `parse`, whose complaints are better than a schema's; its nodes stand here one level deep.
_RULE: dict[str, Any] = {
    "type": "object",
    "required": ["op"],
    "additionalProperties": False,
    "properties": {
        "op": {"type": "string", "enum": ["all", "any", "not", *OPERATORS]},
        "of": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}, "minItems": 1}]},
        "fact": {"type": "string", "maxLength": 120, "examples": ["institution.beds_total"]},
        "value": _OPERAND,
        "low": _OPERAND,
        "high": _OPERAND,
        "months": _OPERAND,
        "values": {"type": "array", "items": {"type": ["string", "integer", "boolean"]}, "maxItems": 200},
        "regions": {"type": "array", "items": {"type": "string"}, "maxItems": 200, "examples": [["140300"]]},
        "programme": {"type": "string", "maxLength": 80},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 60},
        "cite": {"type": "object", "description": "写明一处：clause（可带 document）、law（可带 article）或 own"},
        "checked": {"type": "boolean", "description": "只认主管部门核过或登记机关的值"},
    },
    "description": "规则树：all、any、not，或一个条件（op、fact 与比较的值）。最多 200 个条件、32 层。",
}
RuleIn = Annotated[Any, WithJsonSchema(_RULE)]


class UnusableRule(Unprocessable):
    """The rule cannot be written down; every complaint has its JSON Pointer."""

    code = "rule_refused"
    title = "规则写法有误"


class RuleCheckIn(InputSchema):
    """A rule as JSON, and optionally the facts of a case to try it on (on `as_of`, today if absent)."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [_EXAMPLE]})

    rule: RuleIn
    facts: FactsIn = {}  # noqa: RUF012  pydantic copies it, and frozen models do not share it
    as_of: IsoDate | None = None


class RuleCheckOut(OutputSchema):
    """The rule as it would be stored, and what it says of the facts."""

    rule: dict[str, Any]
    as_of: IsoDate
    truth: TruthWord
    conditions: list[ConditionOut]
    missing: list[str]
    advice: list[AdviceOut]


@router.post(
    "/rule-checks",
    operation_id="check_rule",
    summary="检查一条规则的写法，并对给出的事实试算",
    responses=problem_responses(UnusableRule, UnusableFacts),
)
@permits(Permission.CHECK_RULES)
@reads
def check_rule(session: Session, check: RuleCheckIn) -> RuleCheckOut:
    """The rule typed by the fact catalogue, in words, with its verdict on the facts; nothing is stored."""
    library, as_of = fetch_library(session), check.as_of or today()
    try:
        rule = parse(check.rule, parameters=library.parameters, at="/rule")
    except RuleRefused as error:
        errors = tuple(FieldError(one.pointer, one.code, one.detail) for one in error.problems)
        raise UnusableRule(errors[0].detail, errors=errors) from None
    facts = read_facts(check.facts)
    explanation = explain(rule, facts, as_of, library.parameters, region_names())
    advice = advise(rule, facts, as_of, library.parameters, region_names())
    return RuleCheckOut(
        rule=rule.to_json(),
        as_of=as_of,
        truth=TRUTH_WORDS[explanation.truth],
        conditions=[condition_out(found, group, library.citations, "") for found, group in leaves(explanation)],
        missing=list(advice.missing),
        advice=advice_out(advice),
    )
