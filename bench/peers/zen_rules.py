"""zen-engine (Rust): all rules as one list expression, and as the expressions of one JDM node."""

import json
from collections.abc import Sequence
from typing import Any

import zen

from bench.peers.infix import ZEN, three_valued
from bench.plain import Context, Plain


class ZenList:
    """One compiled expression whose value is the list of all verdicts."""

    label = "zen-engine 列表表达式"
    is_three_valued = True

    def __init__(self, rules: Sequence[Plain]) -> None:
        self._expression = zen.compile_expression("[" + ", ".join(three_valued(rule, ZEN) for rule in rules) + "]")

    def prepare(self, context: Context) -> Context:
        return context

    def ask(self, prepared: Context) -> Any:
        return self._expression.evaluate(prepared)

    def verdicts(self, answer: Any) -> list[float]:
        return list(answer)


class ZenNodes:
    """A JDM decision: input, one expression node with a line for each rule, output."""

    label = "zen-engine JDM 节点"
    is_three_valued = True

    def __init__(self, rules: Sequence[Plain]) -> None:
        self._count = len(rules)
        lines = [{"id": f"line{i}", "key": f"r{i}", "value": three_valued(rule, ZEN)} for i, rule in enumerate(rules)]
        self._decision = zen.ZenEngine().create_decision(json.dumps(_decision(lines)))

    def prepare(self, context: Context) -> Context:
        return context

    def ask(self, prepared: Context) -> Any:
        return self._decision.evaluate(prepared)

    def verdicts(self, answer: Any) -> list[float]:
        return [answer["result"][f"r{i}"] for i in range(self._count)]


def _decision(lines: list[dict[str, str]]) -> dict[str, Any]:
    place = {"x": 0, "y": 0}
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "in", "position": place},
            {
                "id": "rules",
                "type": "expressionNode",
                "name": "rules",
                "position": place,
                "content": {"expressions": lines},
            },
            {"id": "out", "type": "outputNode", "name": "out", "position": place},
        ],
        "edges": [
            {"id": "first", "sourceId": "in", "targetId": "rules", "type": "edge"},
            {"id": "second", "sourceId": "rules", "targetId": "out", "type": "edge"},
        ],
    }
