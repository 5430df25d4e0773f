"""A bank's internal conditions, as everybody else sees them: that there is one, and how it is met. Pure.

Fact, label, value, threshold, sentence and source stay with the bank, and so does all advice that would give them
away: a threshold can be read off a step towards it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.http.schemas import Citation
from app.matching.schemas import AdviceOut, ConditionOut, MissingOut, StepOut
from app.products.internal import BY_THE_BANK, INTERNAL, masked_rule
from app.products.models import StoredProduct
from app.rules.advise import Steps
from app.rules.check import fact_key
from app.rules.facts import TIME

_CITATION: Final = Citation(document="", document_number=None, clause=None, label=BY_THE_BANK, summary=None)
_STEP: Final = StepOut(fact=INTERNAL, label=BY_THE_BANK, target=BY_THE_BANK, distance=BY_THE_BANK)


class Mask:
    """What of one product must not be shown; to its own bank (`is_own`) all of it is."""

    def __init__(self, product: StoredProduct, *, is_own: bool = False) -> None:
        self._ids = frozenset() if is_own else frozenset(product.record.internal)
        leaves = [leaf for _, leaf in product.rules.rule.leaves]
        secret = {fact_key(leaf) for leaf in leaves if leaf.id in self._ids}
        # Waiting moves every date at once, those of internal conditions too.
        self._hides = secret | {TIME} if secret else secret
        self._public = {fact_key(leaf) for leaf in leaves if leaf.id not in self._ids}

    def conditions(self, conditions: Iterable[ConditionOut]) -> list[ConditionOut]:
        """The same conditions, internal ones without all that is the bank's own."""
        return [_hidden(one) if one.id in self._ids else one for one in conditions]

    def missing(self, missing: Sequence[MissingOut]) -> list[MissingOut]:
        """Facts that only internal conditions ask are one line, whatever their number."""
        labels = {one.fact: one.label for one in missing} | {INTERNAL: BY_THE_BANK}
        return [MissingOut(fact=key, label=labels[key]) for key in self.keys([one.fact for one in missing])]

    def keys(self, missing: Sequence[str]) -> list[str]:
        """The same by their keys."""
        shown = [key for key in missing if key in self._public]
        return [*shown, INTERNAL] if len(shown) < len(missing) else shown

    def advice(self, advice: Iterable[AdviceOut]) -> list[AdviceOut]:
        """A step on a fact that an internal condition asks says no more than who decides; doubles are dropped."""
        masked = [self._advised(one) for one in advice]
        return list({one.sentence: one for one in masked}.values())

    def sentence(self, steps: Steps) -> str:
        """One set of steps in words, with the same care."""
        shown = [BY_THE_BANK if step.fact in self._hides else step.sentence for step in steps]
        return "；".join(dict.fromkeys(shown))

    def rule(self, node: Any) -> Any:
        """A rule as JSON, with internal conditions reduced to the fact that they are there."""
        return masked_rule(node, self._ids)

    def _advised(self, advice: AdviceOut) -> AdviceOut:
        steps = [_STEP if step.fact in self._hides else step for step in advice.steps]
        if steps == advice.steps:
            return advice
        shown = dict.fromkeys(f"{s.label}：{s.distance}" if s is not _STEP else BY_THE_BANK for s in steps)
        return AdviceOut(steps=list(dict.fromkeys(steps)), sentence="；".join(shown))


def _hidden(condition: ConditionOut) -> ConditionOut:
    return ConditionOut(
        id=INTERNAL,
        fact=INTERNAL,
        label=BY_THE_BANK,
        own=None,
        wanted=BY_THE_BANK,
        truth=condition.truth,
        sentence=BY_THE_BANK,
        provenance=None,
        citation=_CITATION,
        any_of=condition.any_of,
        alternative=condition.alternative,
    )
