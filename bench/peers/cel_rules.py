"""Common Expression Language through its Rust interpreter: all rules as one list expression."""

from collections.abc import Sequence
from typing import Any

import cel

from bench.peers.infix import CEL, three_valued
from bench.plain import Context, Plain


class CelList:
    """One compiled program whose value is the list of all verdicts."""

    label = "CEL（Rust）列表表达式"
    is_three_valued = True

    def __init__(self, rules: Sequence[Plain]) -> None:
        self._program = cel.compile("[" + ", ".join(three_valued(rule, CEL) for rule in rules) + "]")

    def prepare(self, context: Context) -> Context:
        return context

    def ask(self, prepared: Context) -> Any:
        return self._program.execute(prepared)

    def verdicts(self, answer: Any) -> list[float]:
        return list(answer)
