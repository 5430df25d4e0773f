"""A rule on a day: parameters looked up, months turned into days, negations pushed down to the conditions.

Strong Kleene logic obeys De Morgan's laws, so the bound tree has only `all` and `any` above its conditions and
every condition is worded the way it is demanded. Evaluation, explanation and advice all read this one tree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeAlias, assert_never

from app.rules.check import Rule, fact_key
from app.rules.facts import Fact
from app.rules.months import earliest_at_most, latest_at_least
from app.rules.nodes import (
    All,
    AnyOne,
    Attested,
    Between,
    Codes,
    Compare,
    In,
    Known,
    Leaf,
    MonthsAgo,
    Node,
    Not,
    Operand,
    Param,
    Within,
)
from app.rules.operators import OPERATORS
from app.rules.parameters import Parameters
from app.rules.verdicts import Verdict, verdict_of_all, verdict_of_any, verdict_of_known, verdict_of_test

# Trailing zeros of a region code stand for everything below the province or the city.
_WHOLE: Final = (("0000", 2), ("00", 4))
# Today and the days that people compare it with; a rule of eight conditions takes about 10 kB a day.
_MOST_DAYS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A leaf on a day. `wanted` is resolved; None where a parameter has no value on that day, then it is UNKNOWN.

    `negated` flips the test. `at` is the JSON Pointer of the leaf in the rule; `months` is set for month operators.
    """

    at: str
    leaf: Leaf
    fact: Fact
    key: str
    checked: bool
    negated: bool
    test: Callable[[Any, Any], bool]
    wanted: Any
    months: int | None
    verdict: Verdict

    @property
    def asks_known(self) -> bool:
        return self.leaf.op == "known"

    @property
    def can_come_true(self) -> bool:
        """The applicant can change the fact within a year, or time alone turns the verdict."""
        waiting = "at_most_months_ago" if self.negated else "at_least_months_ago"
        return self.fact.changeable or self.leaf.op == waiting


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    at: str
    of: tuple["Bound", ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    at: str
    of: tuple["Bound", ...]
    verdict: Verdict


Bound: TypeAlias = AllOf | AnyOf | Condition


def bind(rule: Rule, as_of: date, parameters: Parameters) -> Bound:
    """The rule as it stands on a day. Kept for a few days, since the same rules are asked on the same days."""
    bound: Bound | None = rule.bound.get((as_of, parameters))
    if bound is None:
        if len(rule.bound) >= _MOST_DAYS:
            rule.bound.clear()
        bound = rule.bound[as_of, parameters] = bind_afresh(rule, as_of, parameters)
    return bound


def bind_afresh(rule: Rule, as_of: date, parameters: Parameters) -> Bound:
    """The same without keeping it, for days that nobody will ask about again."""
    return _bind(rule, rule.root, "", _Day(as_of, parameters), negated=False)


def conditions(bound: Bound) -> Iterator[Condition]:
    """The conditions of a bound tree, left to right."""
    if isinstance(bound, Condition):
        yield bound
    else:
        for child in bound.of:
            yield from conditions(child)


@dataclass(frozen=True, slots=True)
class _Day:
    as_of: date
    parameters: Parameters

    def resolve(self, operand: Operand) -> object:
        if not isinstance(operand, Param):
            return operand
        parameter = self.parameters.get(operand.param)
        return None if parameter is None else parameter.on(self.as_of)


def _bind(rule: Rule, node: Node, at: str, day: _Day, *, negated: bool) -> Bound:
    match node:
        case All() | AnyOne():
            children = tuple(
                _bind(rule, child, f"{at}/of/{i}", day, negated=negated) for i, child in enumerate(node.of)
            )
            return all_of(at, children) if isinstance(node, All) is not negated else any_of(at, children)
        case Not():
            return _bind(rule, node.of, f"{at}/of", day, negated=not negated)
        case _:
            return _condition(rule.facts[fact_key(node)], node, at, day, negated=negated)


def all_of(at: str, children: tuple[Bound, ...]) -> AllOf:
    """The group of which every member must hold."""
    return AllOf(at, children, verdict_of_all(_verdicts(AllOf, children)))


def any_of(at: str, children: tuple[Bound, ...]) -> AnyOf:
    """The group of which one member is enough."""
    return AnyOf(at, children, verdict_of_any(_verdicts(AnyOf, children)))


def _verdicts(kind: type[AllOf] | type[AnyOf], children: tuple[Bound, ...]) -> list[Verdict]:
    """Single conditions are asked before groups: the order does not matter to the verdict, only to its cost."""
    members = sorted(_merged(kind, children), key=lambda member: not isinstance(member, Condition))
    return [member.verdict for member in members]


def _merged(kind: type[AllOf] | type[AnyOf], children: tuple[Bound, ...]) -> Iterator[Bound]:
    """`all` within `all` is one `all`, and `any` within `any` one `any`."""
    for child in children:
        if isinstance(child, kind):
            yield from _merged(kind, child.of)
        else:
            yield child


def _condition(fact: Fact, leaf: Leaf, at: str, day: _Day, *, negated: bool) -> Condition:
    key, test, wanted = fact_key(leaf), OPERATORS[leaf.op].test, _wanted(leaf, day)
    months = day.resolve(leaf.months) if isinstance(leaf, MonthsAgo) else None
    return Condition(
        at,
        leaf,
        fact,
        key,
        leaf.checked,
        negated,
        test,
        wanted,
        months if isinstance(months, int) else None,
        verdict_of_known(key, checked=leaf.checked, negated=negated)
        if isinstance(leaf, Known)
        else verdict_of_test(key, test, wanted, checked=leaf.checked, negated=negated),
    )


def _wanted(leaf: Leaf, day: _Day) -> object:
    match leaf:
        case Compare():
            return day.resolve(leaf.value)
        case Between():
            ends = (day.resolve(leaf.low), day.resolve(leaf.high))
            return None if None in ends else ends
        case In() | Codes():
            return frozenset(leaf.values)
        case Within():
            return tuple(region_prefix(region) for region in leaf.regions)
        case MonthsAgo():
            return _days(leaf, day.resolve(leaf.months), day.as_of)
        case Known() | Attested():
            return True
        case _:
            assert_never(leaf)


def region_prefix(region: str) -> str:
    """140000 → 14, 140300 → 1403, 140302 → 140302."""
    return next((region[:length] for zeros, length in _WHOLE if region.endswith(zeros)), region)


def _days(leaf: MonthsAgo, months: object, as_of: date) -> tuple[date, date] | None:
    """A date in the future is neither at least nor at most so many months ago."""
    if not isinstance(months, int):
        return None
    if leaf.op == "at_least_months_ago":
        return date.min, latest_at_least(as_of, months)
    return earliest_at_most(as_of, months), as_of
