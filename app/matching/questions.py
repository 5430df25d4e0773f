"""What is asked of a case and was found out of it: many offers ask the same, and it is answered once. Pure.

Outcomes are for every offer; reasons, what is missing and what would help are for those that somebody reads. These cost
a hundred times as much, wait until they are asked for, and are kept in the process from case to case: most offers ask a
handful of facts that hardly ever change.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from app.rules.advise import MOST_STEPS, Advice, Steps, changes_of, learnable_of, together
from app.rules.bind import bind
from app.rules.check import Rule
from app.rules.conjuncts import Verdicts, demands, may_move
from app.rules.explain import Explanation, Findings, Names, explain_bound
from app.rules.missing import Missing, missing_facts
from app.rules.truth import Truth
from app.store.kept import Kept


class _Key:
    """What an answer depends on: a rule on a day, and what is stated of the facts that the rule asks."""

    def __init__(self, rule: Rule, verdicts: Verdicts, names: Names) -> None:
        values, stated, checked = verdicts.facts.values, verdicts.facts.stated, verdicts.facts.checked
        asked = [key for key in rule.facts if key in values]
        known = tuple([(key, values[key], stated[key].provenance, key in checked) for key in asked])
        self._names = names
        self._stated = (rule, verdicts.as_of, verdicts.parameters, known)
        self._hash = hash(self._stated)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._stated == other._stated and self._names is other._names


# An explanation of a rule of usual size takes some kilobytes, so that this bounds the memory to some dozens of MB.
_EXPLAINED: Final[Kept[_Key, Findings]] = Kept(4096)
# These are about single demands, of which there are more, and take a few hundred bytes each.
_LEARNABLE: Final[Kept[_Key, Missing]] = Kept(16_384)
_NEAREST: Final[Kept[_Key, tuple[Steps, ...]]] = Kept(16_384)
_CHANGES: Final[Kept[_Key, tuple[Steps, ...]]] = Kept(16_384)


class Asked:
    """One case that is asked by many offers: its verdicts so far, and what was open of the rules that asked it."""

    def __init__(self, verdicts: Verdicts, names: Names) -> None:
        self.verdicts, self.names = verdicts, names
        self._open = _Open(self)
        self._rests: dict[tuple[Demand, ...], Rest] = {}

    def conditions(self, rule: Rule) -> Findings:
        """Every condition of a rule with its reasons."""
        return _EXPLAINED.get(_Key(rule, self.verdicts, self.names), lambda: self._explained(rule))

    def explanation(self, rule: Rule) -> Explanation:
        """Any rule with its reasons."""
        bound = bind(rule, self.verdicts.as_of, self.verdicts.parameters)
        return explain_bound(bound, self.verdicts.facts, self.names)

    def rest(self, rule: Rule) -> "Rest":
        """What is still open of a rule; the same object for all rules of which the same is open."""
        still = tuple(filter(None, map(self._open.__getitem__, demands(rule))))
        found = self._rests.get(still)
        if found is None:
            found = self._rests[still] = Rest(still)
        return found

    def _explained(self, rule: Rule) -> Findings:
        explanation = self.explanation(rule)
        if not isinstance(explanation, Findings):
            raise TypeError("an offer's rule is `all` of its parts")
        return explanation


class _Open(dict[Rule, "Demand | None"]):
    """Each demand that was looked at so far, if something is still open of it."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self._asked = asked

    def __missing__(self, rule: Rule) -> "Demand | None":
        asked = self._asked
        settled = asked.verdicts.is_settled(rule)
        found = self[rule] = None if settled else Demand(rule, asked.verdicts, asked.names)
        return found


class Demand:
    """One open demand. Another case that states the same of the facts that it asks finds its answers kept.

    Hundreds are made for a summary, so that they keep what they found by hand: a `cached_property` takes a lock.
    """

    __slots__ = ("_key", "_learnable", "_names", "_nearest", "_rule", "_verdicts", "is_hopeless")

    def __init__(self, rule: Rule, verdicts: Verdicts, names: Names) -> None:
        self._rule, self._verdicts, self._names = rule, verdicts, names
        # No step and no waiting could meet it, which is known without a search.
        self.is_hopeless = not may_move(rule) and verdicts[rule] is not Truth.TRUE
        self._key: _Key | None = None
        self._learnable: Missing | None = None
        self._nearest: tuple[Steps, ...] | None = None

    @property
    def learnable(self) -> Missing:
        """What can be learned of it."""
        if self._learnable is None:
            self._learnable = _LEARNABLE.get(self._asking(), lambda: learnable_of(self._rule, self._verdicts))
        return self._learnable

    @property
    def nearest(self) -> tuple[Steps, ...]:
        """The first of the ways to meet it, if there is one."""
        if self._nearest is None:
            self._nearest = _NEAREST.get(self._asking(), lambda: tuple(islice(self._changes(), 1)))
        return self._nearest

    @property
    def changes(self) -> tuple[Steps, ...]:
        """All of them, fewest steps first."""
        return _CHANGES.get(self._asking(), lambda: tuple(self._changes()))

    def _asking(self) -> _Key:
        if self._key is None:
            self._key = _Key(self._rule, self._verdicts, self._names)
        return self._key

    def _changes(self) -> Iterator[Steps]:
        return changes_of(self._rule, self._verdicts, self._names)


class Rest:
    """What is still open of an offer, and of every other of which the same is."""

    __slots__ = ("_demands", "_missing", "_sentence")

    def __init__(self, demands: Sequence[Demand]) -> None:
        self._demands = demands
        self._missing: tuple[str, ...] | None = None
        self._sentence: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that can still decide."""
        if self._missing is None:
            self._missing = missing_facts([one.learnable for one in self._demands])
        return self._missing

    @property
    def nearest(self) -> Steps | None:
        """The first of the ways to meet all: what is nearest for each."""
        for one in self._demands:
            if one.is_hopeless:
                return None
        found: Steps = ()
        for one in self._demands:
            nearest = one.nearest
            if not nearest:
                return None
            found += nearest[0]
        return found if 0 < len(found) <= MOST_STEPS else None

    @property
    def sentence(self) -> str:
        """The same in words; none if there is no way."""
        if self._sentence is None:
            self._sentence = "；".join([step.sentence for step in self.nearest or ()])
        return self._sentence

    @property
    def advice(self) -> Advice:
        """What is missing and every way to meet all."""
        return Advice(self.missing, together(one.changes for one in self._demands))
