"""How a bound node is decided, as a closure made once: asking a case then costs one call a node and no dispatch.

Walking the tree with a `match` takes four times as long. Strong Kleene logic: the minimum over `all`, the maximum
over `any`, and nothing after the first member that settles either is asked.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from app.rules.given import Facts
from app.rules.truth import Truth

Verdict: TypeAlias = Callable[[Facts], Truth]


def verdict_of_all(members: Sequence[Verdict]) -> Verdict:
    """FALSE if any member is, else UNKNOWN if any is, else TRUE."""
    return _first_or_worst(tuple(members), decisive=Truth.FALSE, otherwise=Truth.TRUE)


def verdict_of_any(members: Sequence[Verdict]) -> Verdict:
    """TRUE if any member is, else UNKNOWN if any is, else FALSE."""
    return _first_or_worst(tuple(members), decisive=Truth.TRUE, otherwise=Truth.FALSE)


def _first_or_worst(members: tuple[Verdict, ...], *, decisive: Truth, otherwise: Truth) -> Verdict:
    unknown = Truth.UNKNOWN

    def verdict(facts: Facts) -> Truth:
        found = otherwise
        for member in members:
            truth = member(facts)
            if truth is decisive:
                return truth
            if truth is unknown:
                found = truth
        return found

    return verdict


def verdict_of_test(
    key: str, test: Callable[[Any, Any], bool], wanted: Any, *, checked: bool, negated: bool
) -> Verdict:
    """UNKNOWN without a usable value or without an operand; else the operator's test, flipped under a negation."""
    unknown = Truth.UNKNOWN
    met, unmet = Truth.of(not negated), Truth.of(negated)
    if wanted is None:
        return lambda _facts: unknown

    def verdict(facts: Facts) -> Truth:
        own = facts.values.get(key)
        if own is None:
            return unknown
        return met if test(own, wanted) else unmet

    def verdict_if_checked(facts: Facts) -> Truth:
        return verdict(facts) if key in facts.checked else unknown

    return verdict_if_checked if checked else verdict


def verdict_of_known(key: str, *, checked: bool, negated: bool) -> Verdict:
    """The one condition that is decided without a value, and therefore never UNKNOWN."""
    met, unmet = Truth.of(not negated), Truth.of(negated)
    return lambda facts: unmet if facts.usable(key, checked) is None else met
