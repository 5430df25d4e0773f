"""A rule as the demands that must all be met, each of which other rules may make too.

Banks ask much the same of everybody: of the conditions of some hundred products few are their own. The same demand is
the same object, whichever rule makes it, so that a case answers it once, and so is what would help to meet it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias

from app.rules.bind import bind
from app.rules.check import Rule, fact_key, operands, walk
from app.rules.facts import TIME
from app.rules.given import Facts
from app.rules.nodes import All, AnyOne, Leaf, MonthsAgo, Node, Not, Param
from app.rules.parameters import Parameters
from app.rules.truth import Truth, kleene_all

# A demand is a condition or two with their verdicts, about 3 kB; as many as some thousand products make.
_MOST_KEPT: Final = 8192
_DEMANDS: Final = "demands"
_CHECKED: Final = "checked"
_MOVES: Final = "moves"
Demands: TypeAlias = tuple[Rule, ...]


def conjuncts(rule: Rule, first: int = 0) -> tuple[Demands, Demands]:
    """What the first members of the `all` at the root demand, and what the others do; kept with the rule."""
    found: tuple[Demands, Demands] | None = rule.demands.get(first)
    if found is None:
        members = rule.root.of if isinstance(rule.root, All) else (rule.root,)
        demanded = [[_same(_Asking(rule, node)) for node in _conjuncts(member)] for member in members]
        front, others = (tuple(chain.from_iterable(part)) for part in (demanded[:first], demanded[first:]))
        found = rule.demands[first] = front, others
    return found


def demands(rule: Rule) -> Demands:
    """The rule taken apart as far as nothing joins its parts, in their order; kept with the rule.

    Two parts are joined by a fact that both ask, because a step that mends the one may break the other, and by time if
    it can turn both. So what would help to meet the rule is what would help to meet each.
    """
    found: Demands | None = rule.demands.get(_DEMANDS)
    if found is None:
        found = rule.demands[_DEMANDS] = tuple(map(_joined, _groups(conjuncts(rule)[1])))
    return found


class Verdicts(dict[Rule, Truth]):
    """What a case says of each demand on a day, found out when it is first looked up."""

    def __init__(self, facts: Facts, as_of: date, parameters: Parameters) -> None:
        super().__init__()
        self.facts, self.as_of, self.parameters = facts, as_of, parameters

    def __missing__(self, demand: Rule) -> Truth:
        truth = self[demand] = bind(demand, self.as_of, self.parameters).verdict(self.facts)
        return truth

    def all_of(self, demanded: Demands) -> Truth:
        """What it says of all of these."""
        return kleene_all(map(self.__getitem__, demanded))

    def only_unmet(self, demanded: Demands) -> Rule | None:
        """The one of these that is not met, if all others are."""
        unmet = [demand for demand in demanded if self[demand] is not Truth.TRUE]
        return unmet[0] if len(unmet) == 1 and self[unmet[0]] is Truth.FALSE else None

    def is_settled(self, demand: Rule) -> bool:
        """Whether it is met, and stays so whatever is learned of facts that nobody has stated."""
        return self[demand] is Truth.TRUE and asks_known(demand, self.facts)


def asks_known(demand: Rule, facts: Facts) -> bool:
    """Whether all is stated that it asks, by whom it must be stated."""
    checked: frozenset[str] | None = demand.demands.get(_CHECKED)
    if checked is None:
        leaves = [leaf for _, leaf in demand.leaves]
        checked = demand.demands[_CHECKED] = frozenset(fact_key(leaf) for leaf in leaves if leaf.checked)
    return facts.values.keys() >= demand.facts.keys() and checked <= facts.checked


def may_move(demand: Rule) -> bool:
    """Whether the applicant can change a fact that it asks, or waiting may turn it; kept with the rule."""
    found: bool | None = demand.demands.get(_MOVES)
    if found is None:
        changeable = any(fact.changeable for fact in demand.facts.values())
        found = demand.demands[_MOVES] = changeable or bool(_time(demand))
    return found


def _groups(members: Demands) -> Iterator[Demands]:
    """Members that are joined, directly or by others."""
    groups: list[tuple[set[str], list[int]]] = []
    for place, member in enumerate(members):
        keys, places = {*member.facts, *_time(member)}, [place]
        for group in [group for group in groups if not keys.isdisjoint(group[0])]:
            groups.remove(group)
            keys |= group[0]
            places += group[1]
        groups.append((keys, places))
    for places in sorted(sorted(places) for _, places in groups):
        yield tuple(members[place] for place in places)


def _time(member: Rule) -> Iterable[str]:
    """Waiting turns what counts months, and what names a parameter that will have another value."""
    return [TIME] if any(_is_dated(leaf) for _, leaf in member.leaves) else []


def _is_dated(leaf: Leaf) -> bool:
    return isinstance(leaf, MonthsAgo) or any(isinstance(operand, Param) for operand in operands(leaf))


@lru_cache(maxsize=_MOST_KEPT)
def _joined(members: Demands) -> Rule:
    """The rule that demands all of these; the same object for the same demands."""
    if len(members) == 1:
        return members[0]
    root = All.model_construct(op="all", of=tuple(one.root for one in members))
    return Rule(root, tuple(walk(root)), {key: fact for one in members for key, fact in one.facts.items()})


def _conjuncts(node: Node) -> Iterator[Node]:
    """`all` within `all` is one `all`, and so is an `any` under a `not`."""
    match node:
        case All():
            for child in node.of:
                yield from _conjuncts(child)
        case Not(of=AnyOne() as group):
            for child in group.of:
                yield from _conjuncts(Not.model_construct(op="not", of=child))
        case Not(of=Not() as inner):
            yield from _conjuncts(inner.of)
        case _:
            yield node


class _Asking:
    """A part of a rule, equal to another that asks the same of the same facts, whatever its conditions are called."""

    def __init__(self, rule: Rule, node: Node) -> None:
        leaves = tuple(walk(node))
        facts = {key: rule.facts[key] for _, leaf in leaves if (key := fact_key(leaf))}
        self.part = Rule(node, leaves, facts)
        self._key = (_content(node), tuple(facts.values()))
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asking) and self._key == other._key


def _content(node: Node) -> tuple[object, ...]:
    match node:
        case All() | AnyOne():
            return node.op, *map(_content, node.of)
        case Not():
            return node.op, _content(node.of)
        case _:
            return node.op, fact_key(node), node.checked, operands(node)


@lru_cache(maxsize=_MOST_KEPT)
def _same(asking: _Asking) -> Rule:
    return asking.part
