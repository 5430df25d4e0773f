"""Other engines, each with the same rules in the encoding that was fastest for it."""

from collections.abc import Sequence
from typing import Any, Protocol

from bench.plain import Context


class Peer(Protocol):
    """`ask` is what is timed and answers 2, 1, 0 (TRUE, UNKNOWN, FALSE) by rule, or True and False if two-valued."""

    label: str
    is_three_valued: bool

    def prepare(self, context: Context) -> Any:
        """A case as the engine takes it; not timed."""

    def ask(self, prepared: Any) -> Any:
        """Decide every rule."""

    def verdicts(self, answer: Any) -> Sequence[float]:
        """An answer of `ask` in rule order; not timed."""
