"""A product as somebody sees it who may ask it anything: its bank's internal conditions are examined by the bank. Pure.

A check that anybody may repeat with invented facts would find the threshold of an internal condition by halving, even
if it said no more than yes or no. So there such a condition is UNKNOWN: what the published conditions decide by
themselves stands, and where they do not, only the bank can say. Nothing is advised, because a step that is enough tells
that the rest was met.
"""

from collections.abc import Collection, Iterator

from app.matching.build import Match, Outcome, ProductMatch, outcome_of
from app.matching.questions import steps_away
from app.products.internal import INTERNAL
from app.products.models import StoredProduct
from app.rules.advise import Advice
from app.rules.explain import Explanation, Finding, Findings, leaves
from app.rules.truth import Truth, kleene_all, kleene_any

_NOTHING = Advice((), ())


class Withheld(Match[StoredProduct]):
    """A match without what the bank's internal conditions say; made by `without_internal`."""

    @property
    def conditions(self) -> Findings | None:
        """Every condition; of the internal ones the verdict is unknown."""
        seen = super().conditions
        return None if seen is None else _blanked(seen, self.stored.record.internal)

    @property
    def advice(self) -> Advice | None:
        """What is not known of the published conditions, and that the bank examines others."""
        found = self.conditions
        if found is None or self.outcome is not Outcome.NEEDS_INFO:
            return _NOTHING
        return Advice(tuple(dict.fromkeys(_unknown(found, self.stored.record.internal))), ())

    @property
    def missing(self) -> tuple[str, ...]:
        """What the advice says is missing."""
        return self.advice.missing if self.advice else ()


def without_internal(match: ProductMatch) -> ProductMatch:
    """The same match as anybody may read it; itself where nothing of the product is internal."""
    if not match.stored.record.internal or match.conditions is None:
        return match
    seen = _blanked(match.conditions, match.stored.record.internal)
    truths, first = [part.truth for part in seen.of], match.offer.applies_count
    outcome = outcome_of(match.offer, kleene_all(truths[:first]), kleene_all(truths[first:]))
    near = outcome is Outcome.INELIGIBLE and steps_away(seen) == 1
    return Withheld(match.offer, outcome, match.window, near, match.asked)


def _blanked(seen: Findings, internal: Collection[str]) -> Findings:
    of = tuple(_part(part, internal) for part in seen.of)
    together = kleene_all if seen.op == "all" else kleene_any
    return seen._replace(of=of, truth=together(part.truth for part in of))


def _part(part: Explanation, internal: Collection[str]) -> Explanation:
    if isinstance(part, Findings):
        return _blanked(part, internal)
    return part._replace(truth=Truth.UNKNOWN) if part.id in internal else part


def _unknown(found: Findings, internal: Collection[str]) -> Iterator[str]:
    """Facts of the unknown conditions; of an internal one no more than that it is one."""
    unknown: list[Finding] = [one for one, _ in leaves(found) if one.truth is Truth.UNKNOWN]
    yield from (one.fact for one in unknown if one.id not in internal)
    yield from (INTERNAL for one in unknown if one.id in internal)
