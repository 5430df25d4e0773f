"""Rules and cases as other engines can take them: booleans, integers, text and lists, with all else worked out.

What only our kernel knows is resolved before a peer sees it, in its favour: months have become days, parameters their
value on the day, regions their prefixes, money whole fen, and negations stand at the conditions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from app.rules.bind import AllOf, Bound, Condition
from app.rules.given import Facts

Context: TypeAlias = dict[str, Any]

_OPERATOR: Final = {
    "attested": "eq",
    "at_least_months_ago": "between",
    "at_most_months_ago": "between",
}


@dataclass(frozen=True, slots=True)
class Test:
    """A condition: `op` is eq ne lt le gt ge between in overlaps contains within or known; `negated` flips it."""

    name: str
    op: str
    negated: bool
    wanted: Any


@dataclass(frozen=True, slots=True)
class Group:
    """`op` is all or any."""

    op: str
    of: tuple["Plain", ...]


Plain: TypeAlias = Group | Test


def plain(bound: Bound) -> Plain:
    """A bound rule without anything that is our own."""
    if isinstance(bound, Condition):
        op = _OPERATOR.get(bound.leaf.op, bound.leaf.op)
        if bound.wanted is None:
            raise ValueError(f"no peer knows an operand without a value: {bound.at}")
        return Test(name(bound.key), op, bound.negated, simple(bound.wanted))
    return Group("all" if isinstance(bound, AllOf) else "any", tuple(plain(child) for child in bound.of))


def tests(node: Plain) -> Iterator[Test]:
    """The conditions, left to right."""
    if isinstance(node, Test):
        yield node
    else:
        for child in node.of:
            yield from tests(child)


def context(facts: Facts, names: list[str]) -> Context:
    """The values of a case by variable name; None where unknown."""
    known = {name(key): simple(value) for key, value in facts.values.items()}
    return {one: known.get(one) for one in names}


def name(key: str) -> str:
    """A variable name that every engine takes."""
    return key.replace(".", "_").replace("@", "_").replace("-", "_")


def simple(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value * 100)
        case date():
            return value.toordinal()
        case tuple() | frozenset():
            # The order of a set is not fixed from run to run; text made from it should be.
            return [simple(one) for one in (value if isinstance(value, tuple) else sorted(value))]
        case _:
            return value
