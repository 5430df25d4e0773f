"""What is asked of a case and was found out of it: many offers ask the same, and it is answered once. Pure.

Outcomes are for every offer; reasons, what is missing and what would help are for those that somebody reads. These cost
a hundred times as much, wait until they are asked for, and are kept in the process from case to case: most offers ask a
handful of facts that hardly ever change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from math import inf
from typing import Any, Final, TypeAlias

from app.rules.advise import MOST_STEPS, Advice, Steps, changes_of, learnable_of, together
from app.rules.bind import Condition, bind
from app.rules.check import Rule
from app.rules.conjuncts import Verdicts, demands, may_move
from app.rules.explain import Explanation, Finding, Findings, Names, explain_bound
from app.rules.missing import Missing, missing_facts
from app.rules.parameters import Parameters
from app.rules.truth import Truth
from app.store.kept import Kept


class _ById:
    """A mapping, which has no hash, as a key: equal to the same object alone."""

    def __init__(self, of: Names) -> None:
        self.of = of

    def __hash__(self) -> int:
        return id(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and self.of is other.of


@dataclass(frozen=True, slots=True, eq=False)
class _Day:
    """What all questions about a case share, and with it all cases of a day.

    Nearly always the same object for the same; another one only costs time.
    """

    as_of: date
    parameters: Parameters
    names: _ById


_day: Final = lru_cache(maxsize=64)(_Day)
# What an answer depends on: a rule, its day, and what is stated of the facts that the rule asks.
_Question: TypeAlias = tuple[Rule, _Day, tuple[Any, ...]]
# An explanation of a rule of usual size takes some kilobytes, so that this bounds the memory to some dozens of MB.
_EXPLAINED: Final[Kept[_Question, Findings]] = Kept(4096)
# These are about parts of rules, of which there are more, and take a few hundred bytes each.
_LEARNABLE: Final[Kept[_Question, Missing]] = Kept(16_384)
_NEAREST: Final[Kept[_Question, tuple[Steps, ...]]] = Kept(16_384)
_CHANGES: Final[Kept[_Question, tuple[Steps, ...]]] = Kept(16_384)


class Asked:
    """One case that is asked by many offers, and what was found out of it so far."""

    def __init__(self, verdicts: Verdicts, names: Names) -> None:
        self.verdicts, self.names = verdicts, names
        self._day = _day(verdicts.as_of, verdicts.parameters, _ById(names))
        facts = verdicts.facts
        self._known = {
            key: (key, value, facts.stated[key].provenance, key in facts.checked) for key, value in facts.values.items()
        }
        self._nearest: dict[Rule, tuple[Steps, ...]] = {}
        self._rests: dict[tuple[Rule, ...], Rest] = {}

    def conditions(self, rule: Rule) -> Findings:
        """Every condition of a rule with its reasons."""
        return _EXPLAINED.get(self._question(rule), lambda: self._explained(rule))

    def explanation(self, rule: Rule) -> Explanation:
        """Any rule with its reasons."""
        bound = bind(rule, self.verdicts.as_of, self.verdicts.parameters)
        return explain_bound(bound, self.verdicts.facts, self.names)

    def is_one_step_away(self, part: Rule) -> bool:
        """Whether one changeable condition is all that keeps this part, which is FALSE, from being met."""
        bound = bind(part, self.verdicts.as_of, self.verdicts.parameters)
        return bound.can_come_true if isinstance(bound, Condition) else steps_away(self.explanation(part)) == 1

    def rest(self, rule: Rule) -> "Rest":
        """What is still open of a rule."""
        return self.rest_of(tuple([part for part in demands(rule) if not self.verdicts.is_settled(part)]))

    def rest_of(self, still: tuple[Rule, ...]) -> "Rest":
        """These parts of a rule, which are open; the same object for all rules of which the same is open."""
        found = self._rests.get(still)
        if found is None:
            found = self._rests[still] = Rest(self, still)
        return found

    def learnable(self, part: Rule) -> Missing:
        """What can be learned of one part."""
        return _LEARNABLE.get(self._question(part), lambda: learnable_of(part, self.verdicts))

    def is_hopeless(self, part: Rule) -> bool:
        """Whether no step and no waiting can meet it, which is known without a search."""
        return not may_move(part) and self.verdicts[part] is not Truth.TRUE

    def nearest(self, part: Rule) -> tuple[Steps, ...]:
        """The first of the ways to meet a part, if there is one."""
        found = self._nearest.get(part)
        if found is None:
            found = _NEAREST.get(self._question(part), lambda: tuple(islice(self._ways(part), 1)))
            self._nearest[part] = found
        return found

    def changes(self, part: Rule) -> tuple[Steps, ...]:
        """All of them, fewest steps first."""
        return _CHANGES.get(self._question(part), lambda: tuple(self._ways(part)))

    def _ways(self, part: Rule) -> Iterator[Steps]:
        return changes_of(part, self.verdicts, self.names)

    def _question(self, rule: Rule) -> _Question:
        known = self._known
        return rule, self._day, tuple([known[key] for key in rule.facts if key in known])

    def _explained(self, rule: Rule) -> Findings:
        explanation = self.explanation(rule)
        if not isinstance(explanation, Findings):
            raise TypeError("an offer's rule is `all` of its parts")
        return explanation


class Rest:
    """What is still open of an offer, and of every other of which the same is.

    A hundred are made for a summary, so that they keep what they found by hand: a `cached_property` takes a lock.
    """

    __slots__ = ("_asked", "_missing", "_parts", "_sentence")

    def __init__(self, asked: Asked, parts: tuple[Rule, ...]) -> None:
        self._asked, self._parts = asked, parts
        self._missing: tuple[str, ...] | None = None
        self._sentence: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that can still decide."""
        if self._missing is None:
            self._missing = missing_facts([self._asked.learnable(part) for part in self._parts])
        return self._missing

    @property
    def nearest(self) -> Steps | None:
        """The first of the ways to meet all: what is nearest for each."""
        asked = self._asked
        for part in self._parts:
            if asked.is_hopeless(part):
                return None
        found: Steps = ()
        for part in self._parts:
            nearest = asked.nearest(part)
            if not nearest:
                return None
            found += nearest[0]
            if len(found) > MOST_STEPS:
                return None
        return found or None

    @property
    def sentence(self) -> str:
        """The same in words; none if there is no way."""
        if self._sentence is None:
            self._sentence = "；".join([step.sentence for step in self.nearest or ()])
        return self._sentence

    @property
    def advice(self) -> Advice:
        """What is missing and every way to meet all."""
        return Advice(self.missing, together(map(self._asked.changes, self._parts)))


def steps_away(explanation: Explanation) -> float:
    """How many conditions on changeable facts stand between a case and TRUE; inf where changing facts cannot help.

    Unknown conditions count as inf, so that a near miss has nothing left to find out.
    """
    if isinstance(explanation, Finding):
        if explanation.truth is Truth.TRUE:
            return 0
        return 1 if explanation.truth is Truth.FALSE and explanation.changeable else inf
    steps = [steps_away(member) for member in explanation.of]
    return sum(steps) if explanation.op == "all" else min(steps)
