"""Rules and cases as other engines can take them: booleans, whole numbers, text and lists, all else worked out.

What only our kernel knows is resolved before a peer sees it, in its favour: months have become days, parameters their
value on the day, regions their prefixes, dates day numbers, percentages hundredths. Negations stand at the conditions,
and groups are merged and ordered as our own binding does it. Whole numbers keep every engine exact, those included
that know only binary floats or 32 bits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from app.rules.bind import AllOf, Bound, Condition
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType
from app.rules.given import Facts

Context: TypeAlias = dict[str, Any]

_OPERATOR: Final = {"attested": "eq", "at_least_months_ago": "between", "at_most_months_ago": "between"}
_PERCENT_SCALE: Final = 100


@dataclass(frozen=True, slots=True)
class Term:
    """A condition: `op` is eq ne lt le gt ge between in overlaps contains within or known; `negated` flips it."""

    name: str
    type: FactType
    op: str
    negated: bool
    wanted: Any


@dataclass(frozen=True, slots=True)
class Group:
    """`op` is all or any."""

    op: str
    of: tuple["Plain", ...]


Plain: TypeAlias = Group | Term


def plain(bound: Bound) -> Plain:
    """A bound rule without anything that is our own. Raises ValueError for an operand that has no value."""
    if isinstance(bound, Condition):
        if bound.wanted is None or bound.checked:
            raise ValueError(f"no peer knows a missing operand or a checked value: {bound.at}")
        op, fact = _OPERATOR.get(bound.leaf.op, bound.leaf.op), bound.fact
        return Term(variable(bound.key), fact.type, op, bound.negated, simple(fact, bound.wanted))
    op = "all" if isinstance(bound, AllOf) else "any"
    members = _merged(op, map(plain, bound.of))
    return Group(op, tuple(sorted(members, key=lambda member: not isinstance(member, Term))))


def _merged(op: str, members: Iterable[Plain]) -> Iterator[Plain]:
    for member in members:
        if isinstance(member, Group) and member.op == op:
            yield from member.of
        else:
            yield member


def terms(node: Plain) -> Iterator[Term]:
    """The conditions, left to right."""
    if isinstance(node, Term):
        yield node
    else:
        for child in node.of:
            yield from terms(child)


def asked(rules: Iterable[Plain]) -> dict[str, FactType]:
    """The variables that some rule asks, with their types."""
    return {term.name: term.type for rule in rules for term in terms(rule)}


def context(facts: Facts, names: Iterable[str]) -> Context:
    """The values of a case by variable name; None where unknown."""
    known = {variable(key): simple(CATALOGUE[key], value) for key, value in facts.values.items()}
    return {name: known.get(name) for name in names}


def variable(key: str) -> str:
    """A name that every engine takes."""
    return key.replace(".", "_").replace("@", "_").replace("-", "_")


def simple(fact: Fact, value: Any) -> Any:
    """A value, or what a condition wants of it, without decimals, dates and sets."""
    match value:
        case Decimal():
            scaled = value * (_PERCENT_SCALE if fact.unit == "%" else 1)
            if scaled != int(scaled):
                raise ValueError(f"{fact.key}: {value} would not be exact for every peer")
            return int(scaled)
        case date():
            return value.toordinal()
        case tuple():
            return [simple(fact, one) for one in value]
        case frozenset():
            # A set has no fixed order from run to run; what is made from it should.
            return sorted(simple(fact, one) for one in value)
        case _:
            return value
