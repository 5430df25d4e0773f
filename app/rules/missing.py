"""Which unknown facts can still change a verdict.

A fact counts if there is some state of the other unknown facts (known with some value, or still unknown) in
which learning it changes what the rule says. Facts that only one condition asks are independent of each other,
so for them the question is answered in one walk that carries, for every group, the set of pairs (verdict before,
verdict after) it can have. Facts that several conditions ask are tried cell by cell around that walk.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

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


class Learnable(NamedTuple):
    """An unknown fact that can change a verdict: the lowest end of such a change, and what it can be by itself."""

    key: str
    low: int
    alone: frozenset[int]


class Missing(NamedTuple):
    """What learning can do to one demand: its verdict now, the best that it can come to, and by which facts."""

    now: int
    best: int
    facts: tuple[Learnable, ...]


def learnable(bound: Bound, facts: Facts) -> Missing:
    """What can be learned of a demand. Verdicts are numbers, so that `all` is their minimum."""
    now, asked = truth_of(bound, facts), _asked(bound, facts)
    if now is not Truth.UNKNOWN and not any(unknown.decided for unknown in asked.values()):
        return Missing(now.value, now.value, ())
    changes = {key: _lowest_change(bound, facts, asked, key) for key in asked}
    learned = (Learnable(key, low, _alone(bound, facts, asked[key])) for key, low in changes.items() if low is not None)
    best = max(after for pairs in _reached(bound, facts, asked) for _, after in pairs)
    return Missing(now.value, best, tuple(learned))


def missing_facts(demands: Sequence[Missing]) -> tuple[str, ...]:
    """Keys of unknown facts that can change whether all of some demands are met, of which no two ask the same fact.

    First those that can settle it alone. A change counts where all other demands can rise above its lower end.
    """
    relevant: list[tuple[bool, str]] = []
    bests, nows = _of_others([one.best for one in demands]), _of_others([one.now for one in demands])
    for one, best, now in zip(demands, bests, nows, strict=True):
        relevant += [(_settles(fact, one, now), fact.key) for fact in one.facts if fact.low < best]
    return tuple([key for _, key in sorted(relevant, key=itemgetter(0), reverse=True)])


def _of_others(ends: Sequence[int]) -> list[int]:
    """For each the lowest of the others; where there is none, nothing stands in the way."""
    lowest, second, *_ = (*sorted(ends)[:2], Truth.TRUE.value, Truth.TRUE.value)
    return [second if end == lowest else lowest for end in ends]


def _settles(fact: Learnable, demand: Missing, others: int) -> bool:
    """Whether this fact alone changes the verdict on all, the others being what they are now."""
    return any(min(end, others) != min(demand.now, others) for end in fact.alone)


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


# Learning nothing: one way to do so, and no condition that it moves.
_NOTHING: Final = _Unknown("", (), (), ((),))


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


def _alone(bound: Bound, facts: Facts, unknown: _Unknown) -> frozenset[int]:
    """The verdicts that this fact alone can bring about."""
    values = cells(unknown.conditions[0].fact, unknown.conditions, facts.values.get(unknown.key))
    return frozenset(truth_of(bound, facts.with_values({unknown.key: value})).value for value in values)


def _lowest_change(bound: Bound, facts: Facts, asked: dict[str, _Unknown], key: str) -> int | None:
    """The lowest end of the changes that learning this fact can make; None if it makes none."""
    lows = (min(pair) for pairs in _reached(bound, facts, asked, key) for pair in _CHANGED & pairs)
    found: int | None = None
    for low in lows:
        if low == Truth.FALSE.value:
            return low
        found = low
    return found


def _reached(bound: Bound, facts: Facts, asked: dict[str, _Unknown], key: str | None = None) -> Iterator[_Pairs]:
    """The pairs that the tree can have as this fact is learned, or as none is, in all states of the others."""
    pairs = {condition: _unmoved(truth_of_condition(condition, facts)) for condition in conditions(bound)}
    others = [unknown for unknown in asked.values() if unknown.key != key]
    for other in others:
        for condition, truths in zip(other.conditions, zip(*other.states, strict=True), strict=True):
            pairs[condition] = _unmoved(*truths)
    learned = _NOTHING if key is None else asked[key]
    shared = [other for other in others if len(other.conditions) > 1]
    most = _MOST_VISITS // (len(pairs) * max(len(asked), 1) * len(learned.then))
    while shared and prod(len(other.states) for other in shared) > most:
        shared = shared[:-1]
    return (_pairs(bound, {**pairs, **trial}) for trial in _trials(learned, shared))


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
