"""Which unknown facts can still change a verdict.

A fact counts if there is some state of the other unknown facts (known with some value, or still unknown) in
which learning it changes what the rule says. Facts that only one condition asks are independent of each other,
so for them the question is answered in one walk that carries, for every group, the set of pairs (verdict before,
verdict after) it can have. Facts that several conditions ask are tried cell by cell around that walk.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from typing import Final, TypeAlias

from app.rules.bind import AllOf, Bound, Condition, conditions
from app.rules.cells import answers, cells
from app.rules.evaluate import truth_of, truth_of_condition
from app.rules.given import Facts
from app.rules.truth import Truth

_Pair: TypeAlias = tuple[int, int]
_Pairs: TypeAlias = frozenset[_Pair]
_Answers: TypeAlias = tuple[Truth, ...]

# So many conditions are looked at in all. Where that does not reach for every state of the shared facts, some of
# them have their conditions taken as independent of each other: that names a fact too many, never one too few.
_MOST_VISITS: Final = 1_000_000
_CHANGED: Final = frozenset((before, after) for before in range(3) for after in range(3) if before != after)


def missing_facts(bound: Bound, facts: Facts) -> tuple[str, ...]:
    """Keys of unknown facts that can change the verdict: first those that can settle it alone, then in rule order."""
    asked = _asked(bound, facts)
    if not asked or (truth_of(bound, facts) is not Truth.UNKNOWN and not any(u.decided for u in asked.values())):
        return ()
    relevant = [key for key in asked if _can_change(bound, facts, asked, key)]
    return tuple(sorted(relevant, key=lambda key: not _settles_alone(bound, facts, asked[key])))


@dataclass(frozen=True, slots=True)
class _Unknown:
    """An unknown fact: the conditions that ask it, what they say now, and what they can say once it is known."""

    key: str
    conditions: tuple[Condition, ...]
    now: _Answers
    then: tuple[_Answers, ...]

    @property
    def decided(self) -> bool:
        """Some condition has a verdict already: it asks whether the fact is known, or takes a value not yet checked."""
        return any(truth is not Truth.UNKNOWN for truth in self.now)

    @property
    def states(self) -> tuple[_Answers, ...]:
        return tuple(dict.fromkeys((self.now, *self.then)))


def _asked(bound: Bound, facts: Facts) -> dict[str, _Unknown]:
    by_key: defaultdict[str, list[Condition]] = defaultdict(list)
    for condition in conditions(bound):
        by_key[condition.key].append(condition)
    return {
        key: _unknown(key, tuple(asking), facts)
        for key, asking in by_key.items()
        if any(facts.usable(key, condition.checked) is None for condition in asking)
    }


def _unknown(key: str, asking: tuple[Condition, ...], facts: Facts) -> _Unknown:
    now = tuple(truth_of_condition(condition, facts) for condition in asking)
    values = cells(asking[0].fact, asking, facts.values.get(key))
    return _Unknown(key, asking, now, tuple(dict.fromkeys(answers(asking, value) for value in values)))


def _settles_alone(bound: Bound, facts: Facts, unknown: _Unknown) -> bool:
    now = truth_of(bound, facts)
    values = cells(unknown.conditions[0].fact, unknown.conditions, facts.values.get(unknown.key))
    return any(truth_of(bound, facts.with_values({unknown.key: value})) is not now for value in values)


def _can_change(bound: Bound, facts: Facts, asked: dict[str, _Unknown], key: str) -> bool:
    pairs = {condition: _unmoved(truth_of_condition(condition, facts)) for condition in conditions(bound)}
    others = [unknown for unknown in asked.values() if unknown.key != key]
    for other in others:
        for condition, truths in zip(other.conditions, zip(*other.states, strict=True), strict=True):
            pairs[condition] = _unmoved(*truths)
    shared = [other for other in others if len(other.conditions) > 1]
    most = _MOST_VISITS // (len(pairs) * len(asked) * len(asked[key].then))
    while shared and prod(len(other.states) for other in shared) > most:
        shared = shared[:-1]
    return any(_CHANGED & _pairs(bound, {**pairs, **trial}) for trial in _trials(asked[key], shared))


def _trials(learned: _Unknown, shared: list[_Unknown]) -> Iterator[dict[Condition, _Pairs]]:
    """For every state of the shared facts and every cell of the learned one: the pairs of their conditions."""
    for states in product(*(other.states for other in shared)):
        trial = {
            condition: _unmoved(truth)
            for other, state in zip(shared, states, strict=True)
            for condition, truth in zip(other.conditions, state, strict=True)
        }
        for then in learned.then:
            moved = (frozenset({(now.value, after.value)}) for now, after in zip(learned.now, then, strict=True))
            yield {**trial, **dict(zip(learned.conditions, moved, strict=True))}


def _unmoved(*truths: Truth) -> _Pairs:
    return frozenset((truth.value, truth.value) for truth in truths)


def _pairs(bound: Bound, of_condition: dict[Condition, _Pairs]) -> _Pairs:
    """All pairs (verdict before, verdict after) that the tree can have, its conditions being independent."""
    if isinstance(bound, Condition):
        return of_condition[bound]
    pick = min if isinstance(bound, AllOf) else max
    members = (_pairs(child, of_condition) for child in bound.of)
    return reduce(lambda left, right: frozenset((pick(a, c), pick(b, d)) for a, b in left for c, d in right), members)
