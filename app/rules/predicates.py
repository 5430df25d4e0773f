"""An index of predicates: what many rules demand is asked of a case once, and each rule is then decided by its bits.

So content-based publish and subscribe matches one event against many subscriptions. A predicate is a demand, which most
rules share with others; a rule is the `all` of some, and costs a few operations on whole numbers.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import reduce
from itertools import chain
from operator import or_
from typing import NamedTuple, TypeAlias

from app.rules.bind import Condition, bind
from app.rules.check import Rule
from app.rules.conjuncts import asks_known, conjuncts, demands, may_move
from app.rules.given import Facts
from app.rules.parameters import Parameters
from app.rules.truth import Truth

# A set of predicates, each of which has its bit.
Bits: TypeAlias = int
# On Python 3.11 a member costs a call each time it is looked up through its class.
_FALSE, _UNKNOWN, _TRUE = Truth


class Indexed(NamedTuple):
    """A rule in an index: what its first members demand, what the others do, and what of that they demand twice.

    `parts` is the rule as `demands` takes it apart, each part with its bit; `fixed` are the parts that no step and no
    waiting can meet.
    """

    front: Bits
    others: Bits
    twice: Bits
    parts: Sequence[tuple[Rule, Bits]]
    fixed: Bits


class Answers(NamedTuple):
    """What a case says of all predicates: which are FALSE, which UNKNOWN, and which are open.

    Open is what is not met, or may not stay so when facts are learned that nobody has stated.
    """

    false: Bits
    unknown: Bits
    open: Bits

    def is_hopeless(self, rule: Indexed) -> bool:
        """Whether something of the rule is not met that no step and no waiting can meet."""
        return bool((self.false | self.unknown) & rule.fixed)

    def all_of(self, predicates: Bits) -> Truth:
        """The verdict on all of these together."""
        if self.false & predicates:
            return _FALSE
        return _UNKNOWN if self.unknown & predicates else _TRUE


class _Predicate(NamedTuple):
    bit: Bits
    verdict: Callable[[Facts], Truth]
    # None where being met settles it.
    unsettled_by: Rule | None


class PredicateIndex:
    """What some rules demand on a day, each demand once."""

    def __init__(self, rules: Iterable[tuple[Rule, int]], as_of: date, parameters: Parameters) -> None:
        """`rules` come with the number of members that are their front."""
        asked = dict.fromkeys(chain.from_iterable(_all_of(rule, first) for rule, first in rules))
        self._bits = {demand: 1 << place for place, demand in enumerate(asked)}
        self._demands = tuple(asked)
        self._predicates = [_predicate(bit, demand, as_of, parameters) for demand, bit in self._bits.items()]

    def indexed(self, rule: Rule, first: int) -> Indexed:
        """One of the rules."""
        front, others = conjuncts(rule, first)
        twice = [demand for demand, times in Counter(others).items() if times > 1]
        parts = demands(rule)
        fixed = self._all(part for part in parts if not may_move(part))
        each = tuple((part, self._bits[part]) for part in parts)
        return Indexed(self._all(front), self._all(others), self._all(twice), each, fixed)

    def _all(self, demanded: Iterable[Rule]) -> Bits:
        return reduce(or_, map(self._bits.__getitem__, demanded), 0)

    def ask(self, facts: Facts) -> Answers:
        """What a case says of all of them."""
        false = unknown = still = 0
        for bit, verdict, unsettled_by in self._predicates:
            truth = verdict(facts)
            if truth is _TRUE:
                if unsettled_by is None or asks_known(unsettled_by, facts):
                    continue
            elif truth is _FALSE:
                false |= bit
            else:
                unknown |= bit
            still |= bit
        return Answers(false, unknown, still)

    def only_unmet(self, answers: Answers, rule: Indexed) -> Rule | None:
        """What alone of the rule behind its front is not met, if all else is."""
        false = answers.false & rule.others
        # A power of two has one bit, which is its highest.
        if not false or false & (false - 1) or false & rule.twice or answers.unknown & rule.others:
            return None
        return self._demands[false.bit_length() - 1]


def _all_of(rule: Rule, first: int) -> Iterator[Rule]:
    return chain(*conjuncts(rule, first), demands(rule))


def _predicate(bit: Bits, demand: Rule, as_of: date, parameters: Parameters) -> _Predicate:
    bound = bind(demand, as_of, parameters)
    # Of single conditions only `not known` can be met now and cease to be met when a fact is learned.
    stays = isinstance(bound, Condition) and not bound.asks_known
    return _Predicate(bit, bound.verdict, None if stays else demand)
