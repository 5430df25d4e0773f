"""json-logic-qubit (Python): JSON trees with two values. A comparison with a missing variable is false."""

from collections.abc import Sequence
from typing import Any, Final

from json_logic import jsonLogic

from bench.plain import Context, Plain, Term

_COMPARISONS: Final = {"eq": "===", "ne": "!==", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


class JsonLogic:
    """An array of rules, decided in one call."""

    label = "json-logic（二值）"
    is_three_valued = False

    def __init__(self, rules: Sequence[Plain]) -> None:
        self._rules = [_rule(rule) for rule in rules]

    def prepare(self, context: Context) -> Context:
        return context

    def ask(self, prepared: Context) -> Any:
        return jsonLogic(self._rules, prepared)

    def verdicts(self, answer: Any) -> list[float]:
        return [2 if verdict else 0 for verdict in answer]


def _rule(node: Plain) -> dict[str, Any]:
    if isinstance(node, Term):
        condition = _condition(node)
        return {"!": [condition]} if node.negated else condition
    return {"and" if node.op == "all" else "or": [_rule(child) for child in node.of]}


def _condition(term: Term) -> dict[str, Any]:
    own, wanted = {"var": term.name}, term.wanted
    match term.op:
        case "between":
            return {"<=": [wanted[0], own, wanted[1]]}
        case "in":
            return {"in": [own, wanted]}
        case "overlaps":
            return {"some": [own, {"in": [{"var": ""}, wanted]}]}
        case "contains":
            return {"and": [{"in": [code, own]} for code in wanted]}
        case "within":
            # Without the first member a missing region would be an exception.
            prefixes = [{"==": [{"substr": [own, 0, len(prefix)]}, prefix]} for prefix in wanted]
            return {"and": [own, {"or": prefixes}]}
        case "known":
            return {"!": [{"missing": [term.name]}]}
        case op:
            return {_COMPARISONS[op]: [own, wanted]}
