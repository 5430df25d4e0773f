"""What would help: the facts still missing that can decide, and the smallest changes that would make a rule TRUE."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import combinations, islice, product
from typing import Final, TypeAlias

from app.rules.bind import AllOf, Bound, Condition, bind
from app.rules.check import Rule
from app.rules.conjuncts import Verdicts, demands
from app.rules.evaluate import truth_of, truth_of_condition
from app.rules.explain import NO_NAMES, Names
from app.rules.facts import TIME
from app.rules.given import Facts, given
from app.rules.levers import Lever, later_days, levers, nearest_value
from app.rules.missing import Missing, learnable, missing_facts
from app.rules.parameters import NO_PARAMETERS, Parameters
from app.rules.steps import Step, step_of
from app.rules.truth import Truth
from app.rules.values import Value

Steps: TypeAlias = tuple[Step, ...]
_Keys: TypeAlias = frozenset[str]

# A piece of advice that moves more than three things at once helps nobody.
MOST_STEPS: Final = 3
# Bounds of the search, the second in conditions looked at (a fraction of a second). What falls outside is advice
# not given; advice given is always checked, and so is that no part of it is enough.
_MOST_SETS: Final = 32
_MOST_VISITS: Final = 400_000


@dataclass(frozen=True, slots=True)
class Advice:
    """`missing`: keys of unknown facts that can change the verdict, those that settle it alone first.

    `changes`: the smallest sets of steps that make the rule TRUE, fewest first; no part of a set is enough.
    """

    missing: tuple[str, ...]
    changes: tuple[Steps, ...]


def advise(
    rule: Rule,
    facts: Mapping[str, object] | Facts,
    as_of: date,
    parameters: Parameters = NO_PARAMETERS,
    names: Names = NO_NAMES,
) -> Advice:
    """What is missing and what would help; deterministic. Raises what `evaluate` raises.

    Only changeable facts are advised, at most three at once, and waiting where a date becomes old enough. A new
    value counts as confirmed by the office, so that a condition that demands a checked value is met by it.
    """
    verdicts = Verdicts(given(facts), as_of, parameters)
    rest = [demand for demand in demands(rule) if not verdicts.is_settled(demand)]
    missing = missing_facts([learnable_of(demand, verdicts) for demand in rest])
    return Advice(missing, together([changes_of(demand, verdicts, names) for demand in rest]))


def learnable_of(demand: Rule, verdicts: Verdicts) -> Missing:
    """What can be learned of one open demand."""
    return learnable(bind(demand, verdicts.as_of, verdicts.parameters), verdicts.facts)


def changes_of(demand: Rule, verdicts: Verdicts, names: Names) -> Iterator[Steps]:
    """The smallest sets of steps that meet one open demand, fewest first, searched as far as they are read."""
    return _Case(demand, verdicts.facts, verdicts.as_of, verdicts.parameters).advice(names)


def together(each: Iterable[Iterable[Steps]]) -> tuple[Steps, ...]:
    """The smallest sets of steps that meet all of some demands, of which no two are moved by the same fact."""
    found: list[Steps] = [()]
    for ways in each:
        every = list(ways)
        found = _fewest(left + right for left in found for right in every)
    return tuple(steps for steps in found if steps)


class _Case:
    """One question of advice: the rule on its day, the facts, and what has been tried already."""

    def __init__(self, rule: Rule, facts: Facts, as_of: date, parameters: Parameters) -> None:
        self.rule, self.facts, self.as_of, self.parameters = rule, facts, as_of, parameters
        self.bound = bind(rule, as_of, parameters)
        self._levers: dict[str, Lever] = {}
        self._later: dict[date, Bound] = {}
        self._tried: dict[_Keys, dict[str, Value] | None] = {}
        self._trials_left = _MOST_VISITS // len(rule.leaves)

    def advice(self, names: Names) -> Iterator[Steps]:
        if truth_of(self.bound, self.facts) is Truth.TRUE:
            yield ()
            return
        if isinstance(self.bound, Condition) and self.bound.months is None:
            # Most demands are one condition, which no search and no waiting can meet otherwise.
            yield from self._advice_on(self.bound, names)
            return
        self._later = later_days(self.rule, self.bound, self.facts, self.as_of, self.parameters)
        self._levers = levers(self.bound, self._later, self.facts)
        for keys in self._minimal_sets():
            values = self._working(keys) or {}
            yield tuple(
                step_of(self.rule.facts.get(key), key, value, self.facts, names) for key, value in values.items()
            )

    def _advice_on(self, condition: Condition, names: Names) -> Iterator[Steps]:
        value = nearest_value(condition, self.facts)
        if value is not None:
            yield (step_of(condition.fact, condition.key, value, self.facts, names),)

    def _minimal_sets(self) -> Iterator[_Keys]:
        waiting: defaultdict[int, list[_Keys]] = defaultdict(list)
        for keys in self._supports(self.bound):
            waiting[len(keys)].append(keys)
        found: list[_Keys] = []
        for size in range(1, MOST_STEPS + 1):
            for keys in islice(dict.fromkeys(waiting[size]), _MOST_SETS):
                if any(smaller <= keys for smaller in found):
                    continue
                works = self._working(keys) and not any(self._working(part) for part in _parts(keys))
                if self._trials_left <= 0:
                    return
                if works:
                    found.append(keys)
                    yield keys
                elif size < MOST_STEPS:
                    # Moving these facts broke something else; one more fact may mend it.
                    waiting[size + 1] += [keys | {key} for key in self._levers if key not in keys]

    def _supports(self, bound: Bound) -> list[_Keys]:
        """Sets of levers that could meet the tree if nothing else moved: joined over `all`, listed over `any`."""
        if isinstance(bound, Condition):
            if truth_of_condition(bound, self.facts) is Truth.TRUE:
                return [frozenset()]
            return [frozenset({lever.key}) for lever in self._levers.values() if bound.at in lever.meets]
        members = [self._supports(child) for child in bound.of]
        if not isinstance(bound, AllOf):
            return _smallest(keys for member in members for keys in member)
        joined: list[_Keys] = [frozenset()]
        for member in sorted(members, key=len):
            joined = _smallest(left | right for left in joined for right in member)
        return joined

    def _working(self, keys: _Keys) -> dict[str, Value] | None:
        """Values for these levers that make the rule TRUE, the nearest found; None if there are none."""
        if keys not in self._tried:
            order = [key for key in self._levers if key in keys]
            trials = product(*(self._levers[key].options for key in order))
            states = (dict(zip(order, values, strict=True)) for values in islice(trials, max(self._trials_left, 0)))
            self._tried[keys] = next((state for state in states if self._holds(state)), None)
        return self._tried[keys]

    def _holds(self, state: Mapping[str, Value]) -> bool:
        self._trials_left -= 1
        changes = {key: value for key, value in state.items() if key != TIME}
        day = state.get(TIME)
        bound = self._later[day] if isinstance(day, date) else self.bound
        return truth_of(bound, self.facts.with_values(changes)) is Truth.TRUE


def _smallest(sets: Iterable[_Keys]) -> list[_Keys]:
    """Without doubles and without sets too large to advise; smaller ones first, so that a cut loses the largest."""
    fit = dict.fromkeys(keys for keys in sets if len(keys) <= MOST_STEPS)
    return sorted(fit, key=len)[:_MOST_SETS]


def _fewest(sets: Iterable[Steps]) -> list[Steps]:
    """Of sets of steps the same as of their keys."""
    return sorted((steps for steps in sets if len(steps) <= MOST_STEPS), key=len)[:_MOST_SETS]


def _parts(keys: _Keys) -> Iterator[_Keys]:
    """The proper, non-empty subsets."""
    for size in range(1, len(keys)):
        yield from map(frozenset, combinations(sorted(keys), size))
