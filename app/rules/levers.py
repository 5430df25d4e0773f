"""What can be moved to change a verdict: changeable facts with their useful values, and time with its useful days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Final, TypeAlias

from app.rules.bind import Bound, Condition, bind_afresh, conditions
from app.rules.cells import answers, cells
from app.rules.check import Rule
from app.rules.evaluate import truth_of_condition
from app.rules.facts import TIME, FactType
from app.rules.given import Facts
from app.rules.months import add_months
from app.rules.parameters import Parameters
from app.rules.truth import Truth
from app.rules.values import Value

# Whoever is told to wait, waits for one of the next turns; the bound keeps a rule about dozens of dates cheap.
_MOST_DAYS: Final = 24
_Distance: TypeAlias = tuple[Decimal, int]


@dataclass(frozen=True, slots=True)
class Lever:
    """A fact, or time, with the values worth trying (nearest first) and the places of the conditions it can meet."""

    key: str
    options: tuple[Value, ...]
    meets: frozenset[str]


def later_days(rule: Rule, bound: Bound, facts: Facts, as_of: date, parameters: Parameters) -> dict[date, Bound]:
    """The rule on each of the next days on which waiting changes something."""
    return {day: bind_afresh(rule, day, parameters) for day in _turning_days(bound, facts, as_of)}


def levers(bound: Bound, later: Mapping[date, Bound], facts: Facts) -> dict[str, Lever]:
    """All that can turn some unmet condition TRUE, in rule order, time last. Immutable facts are never among them."""
    # By the day that one waits for, a parameter may have changed: what its condition asks then is a value to try too.
    by_key: defaultdict[str, dict[object, Condition]] = defaultdict(dict)
    for condition in chain(conditions(bound), *map(conditions, later.values())):
        if condition.fact.changeable:
            by_key[condition.key].setdefault((condition.at, condition.wanted), condition)
    found = {key: _fact_lever(key, tuple(asking.values()), facts) for key, asking in by_key.items()}
    found[TIME] = _time_lever(bound, later, facts)
    return {key: lever for key, lever in found.items() if lever.meets}


def _fact_lever(key: str, asking: Sequence[Condition], facts: Facts) -> Lever:
    current = facts.values.get(key)
    now = tuple(truth_of_condition(condition, facts) for condition in asking)
    options: dict[tuple[Truth, ...], Value] = {}
    for value in sorted(cells(asking[0].fact, asking, current), key=lambda value: distance(value, current, asking)):
        options.setdefault(answers(asking, value), value)
    options.pop(now, None)
    meets = {
        condition.at
        for place, condition in enumerate(asking)
        if now[place] is not Truth.TRUE and any(said[place] is Truth.TRUE for said in options)
    }
    return Lever(key, tuple(options.values()), frozenset(meets))


def nearest_value(condition: Condition, facts: Facts) -> Value | None:
    """The value nearest to the current one that meets a condition by itself; None where none does or can be had."""
    current = facts.values.get(condition.key)
    if not condition.fact.changeable:
        return None
    # What a set may become depends on what it is; all other values stand for their cells, whatever the case.
    if condition.fact.type is FactType.SET:
        meeting = _meeting(condition, cells(condition.fact, (condition,), current))
    else:
        meeting = (*_meeting(condition, () if current is None else (current,)), *_always_meeting(condition))
    return min(meeting, key=lambda value: distance(value, current, (condition,)), default=None)


def _meeting(condition: Condition, values: Iterable[Value]) -> tuple[Value, ...]:
    test, wanted, negated = condition.test, condition.wanted, condition.negated
    return () if wanted is None else tuple([value for value in values if test(value, wanted) is not negated])


@lru_cache(maxsize=8192)
def _always_meeting(condition: Condition) -> tuple[Value, ...]:
    return _meeting(condition, cells(condition.fact, (condition,)))


def distance(value: Value, current: Value | None, asking: Iterable[Condition] = ()) -> _Distance:
    """How far a value lies from the current one; without a current one, thresholds come before their neighbours."""
    if current is None and isinstance(value, frozenset):
        return Decimal(len(value)), 0
    if current is None:
        return Decimal(value not in [condition.wanted for condition in asking]), 0
    if isinstance(value, frozenset) and isinstance(current, frozenset):
        return Decimal(len(value ^ current)), len(value)
    if isinstance(value, date) and isinstance(current, date):
        return Decimal(abs((value - current).days)), 0
    if isinstance(value, bool | str) or isinstance(current, bool | str | date | frozenset):
        return Decimal(value != current), 0
    return abs((value if isinstance(value, Decimal) else Decimal(str(value))) - current), 0


def _time_lever(bound: Bound, later: Mapping[date, Bound], facts: Facts) -> Lever:
    unmet = {c.at: c for c in conditions(bound) if truth_of_condition(c, facts) is not Truth.TRUE}
    days: list[Value] = []
    meets: set[str] = set()
    for day, then in later.items():
        if met := {c.at for c in conditions(then) if c.at in unmet and _mends(c, unmet[c.at], facts)}:
            days.append(day)
            meets |= met
    return Lever(TIME, tuple(days), frozenset(meets))


def _mends(then: Condition, now: Condition, facts: Facts) -> bool:
    """By then it is met, or it asks something else of a fact that can be changed."""
    return truth_of_condition(then, facts) is Truth.TRUE or (then.fact.changeable and then.wanted != now.wanted)


def _turning_days(bound: Bound, facts: Facts, as_of: date) -> list[date]:
    """The days after `as_of` on which a condition about months changes by itself."""
    days: set[date] = set()
    for condition in conditions(bound):
        own = facts.usable(condition.key, condition.checked)
        if isinstance(own, date) and condition.months is not None:
            full = add_months(own, condition.months)
            days |= {own, full, full + timedelta(days=full < date.max)}
    return sorted(day for day in days if day > as_of)[:_MOST_DAYS]
