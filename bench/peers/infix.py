"""Rules as infix text, three-valued: one expression says when a rule is TRUE, one when it is FALSE.

Both stop at the first member that decides; in zen's list that is two times faster than the minimum and maximum of
numbers. A condition asks for null first, since the engines refuse to compare it.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from bench.plain import Plain, Term

_COMPARISONS: Final = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True, slots=True)
class Dialect:
    """The words of a language; `overlaps` and `starts` take {name} and {wanted}."""

    both: str
    either: str
    negation: str
    overlaps: str
    starts: str


ZEN: Final = Dialect(" and ", " or ", "not ", "some({name}, # in {wanted})", "startsWith({name}, {wanted})")
CEL: Final = Dialect(" && ", " || ", "!", "{name}.exists(one, one in {wanted})", "{name}.startsWith({wanted})")


def three_valued(rule: Plain, dialect: Dialect) -> str:
    """An expression that yields 2, 1 or 0."""
    return f"({_decided(rule, dialect, True)} ? 2 : ({_decided(rule, dialect, False)} ? 0 : 1))"


def _decided(node: Plain, dialect: Dialect, verdict: bool) -> str:
    """Whether the node has this verdict: by De Morgan, FALSE swaps the connectives."""
    if isinstance(node, Term):
        return _term(node, dialect, verdict is not node.negated)
    connective = dialect.both if (node.op == "all") is verdict else dialect.either
    return "(" + connective.join(_decided(child, dialect, verdict) for child in node.of) + ")"


def _term(term: Term, dialect: Dialect, met: bool) -> str:
    if term.op == "known":
        return f"({term.name} {'!=' if met else '=='} null)"
    condition = f"({_condition(term, dialect)})"
    return f"({term.name} != null{dialect.both}{condition if met else dialect.negation + condition})"


def _condition(term: Term, dialect: Dialect) -> str:
    name, wanted = term.name, term.wanted
    match term.op:
        case "between":
            return f"{name} >= {wanted[0]}{dialect.both}{name} <= {wanted[1]}"
        case "in":
            return f"{name} in {_literal(wanted)}"
        case "overlaps":
            return dialect.overlaps.format(name=name, wanted=_literal(wanted))
        case "contains":
            return dialect.both.join(f"{_literal(code)} in {name}" for code in wanted)
        case "within":
            return dialect.either.join(dialect.starts.format(name=name, wanted=_literal(part)) for part in wanted)
        case op:
            return f"{name} {_COMPARISONS[op]} {_literal(wanted)}"


def _literal(value: Any) -> str:
    return json.dumps(value)
