"""Representative values: for the conditions on one fact, a value for every combination of verdicts they can have.

A condition only asks on which side of its thresholds, or in which of its sets, a value lies. So the values of a
fact fall into finitely many cells in which all its conditions answer alike, and one value stands for each.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import chain, product
from typing import Final

from app.rules.bind import Condition
from app.rules.facts import Fact, FactType
from app.rules.nodes import Within
from app.rules.truth import Truth
from app.rules.values import Value

# Regions of other provinces, of which a rule will hardly name all.
_ELSEWHERE: Final = ("110000", "310000", "440000", "650000")
# More combinations of code classes than this are cut; sets of conditions that large are refused at write time.
_MOST_COMBINATIONS: Final = 1024


def cells(fact: Fact, conditions: Sequence[Condition], current: Value | None = None) -> tuple[Value, ...]:
    """Values of `fact` of which at least one lies in every cell, in a fixed order; `current` is among them."""
    thresholds = [wanted for condition in conditions for wanted in _values(condition)]
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            values: Iterable[Value] = (True, False)
        case FactType.INT | FactType.DECIMAL:
            values = _numbers(fact, thresholds)
        case FactType.DATE:
            values = _dates(thresholds)
        case FactType.ENUM:
            values = _codes(fact, thresholds)
        case FactType.REGION:
            values = _regions(conditions, thresholds)
        case FactType.SET:
            values = _sets(fact, conditions, current)
    known = () if current is None else (current,)
    return tuple(dict.fromkeys(chain(known, values)))


def answers(conditions: Sequence[Condition], value: Value) -> tuple[Truth, ...]:
    """What each condition says of a known and checked value."""
    return tuple(
        Truth.UNKNOWN
        if condition.wanted is None
        else Truth.of(condition.test(value, condition.wanted) is not condition.negated)
        for condition in conditions
    )


def _values(condition: Condition) -> Iterator[object]:
    wanted = condition.wanted
    if isinstance(condition.leaf, Within) or wanted is None or condition.asks_known:
        return
    yield from wanted if isinstance(wanted, tuple | frozenset) else (wanted,)


def _numbers(fact: Fact, thresholds: Iterable[object]) -> list[Value]:
    step, points = fact.quantum, {Decimal(0)}
    for threshold in thresholds:
        number = Decimal(str(threshold))
        for edge in (number.quantize(step, ROUND_FLOOR), number.quantize(step, ROUND_CEILING)):
            points |= {edge - step, edge, edge + step}
    low = points if fact.minimum is None else {max(point, fact.minimum) for point in points}
    inside = low if fact.maximum is None else {min(point, fact.maximum) for point in low}
    return [int(point) if fact.type is FactType.INT else point for point in sorted(inside)]


def _dates(thresholds: Iterable[object]) -> list[Value]:
    ordinals = {date(2000, 1, 1).toordinal()}
    for threshold in thresholds:
        if isinstance(threshold, date):
            ordinals |= {threshold.toordinal() + step for step in (-1, 0, 1)}
    return [date.fromordinal(day) for day in sorted(ordinals) if 1 <= day <= date.max.toordinal()]


def _codes(fact: Fact, thresholds: Iterable[object]) -> list[Value]:
    named = set(thresholds)
    others = [code for code in fact.codes if code not in named]
    return [*(code for code in fact.codes if code in named), *others[:1]]


def _regions(conditions: Sequence[Condition], thresholds: Iterable[object]) -> list[Value]:
    """Each region named, a place inside it that is not named itself, and a place outside of all."""
    named = {str(threshold) for threshold in thresholds}
    named.update(region for c in conditions if isinstance(c.leaf, Within) for region in c.leaf.regions)
    prefixes = [prefix for c in conditions if isinstance(c.leaf, Within) for prefix in c.wanted or ()]
    inside = {prefix.ljust(6, "9") for prefix in prefixes}
    outside = [code for code in _ELSEWHERE if code not in named and not code.startswith(tuple(prefixes))]
    return [*sorted(named), *sorted(inside - named), *outside[:1]]


def _sets(fact: Fact, conditions: Sequence[Condition], current: Value | None) -> list[Value]:
    """Codes that the same conditions name are alike: of each such class a set has none, one or all."""
    lists = [condition.wanted for condition in conditions if isinstance(condition.wanted, frozenset)]
    own = current if isinstance(current, frozenset) else frozenset()
    named = sorted(frozenset[str]().union(*lists), key=lambda code: (code not in fact.codes, code))
    classes: dict[tuple[bool, ...], list[str]] = {}
    for code in named:
        classes.setdefault(tuple(code in codes for codes in lists), []).append(code)
    rest = own - frozenset(named)
    choices = [_shares(members, own) for members in classes.values()]
    return [rest.union(*combination) for combination in _limited(choices)]


def _shares(members: list[str], own: frozenset[str]) -> list[frozenset[str]]:
    """None, one (an own one first), all, and what is there now: enough for every verdict on the class."""
    held = own & frozenset(members)
    one = frozenset({next((code for code in members if code in held), members[0])})
    return list(dict.fromkeys((held, frozenset(), one, frozenset(members))))


def _limited(choices: list[list[frozenset[str]]]) -> Iterator[tuple[frozenset[str], ...]]:
    for count, combination in enumerate(product(*choices)):
        if count == _MOST_COMBINATIONS:
            return
        yield combination
