"""An assessment's input as it is kept: plain records from which the same question can be asked again.

Nothing here points to a row that may change: facts stand with their values, rules as JSON, parameters with all their
dated values.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from app.matching.build import Case, Match, Offer, Outcome, WindowState
from app.products.models import StoredProduct
from app.programmes.load import content_hash
from app.programmes.models import DatedValue, ParameterRecord, Record, StoredProgramme
from app.rules.check import operands, parse
from app.rules.explain import leaves
from app.rules.facts import Subject
from app.rules.given import Facts, Provenance, Stated, given
from app.rules.nodes import Citation, Param
from app.rules.parameters import Parameter, Parameters
from app.rules.truth import Truth

TruthName: TypeAlias = Literal["true", "false", "unknown"]
_TRUTHS: dict[Truth, TruthName] = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "unknown"}
_FROZEN = Citation(own="评估时冻结的参数")


class FrozenFact(Record):
    """One fact with who vouched for it, and where an office did, since which day."""

    key: str
    value: Any
    provenance: Provenance
    on: date | None


class FrozenOffer(Record):
    """One version of a programme or a product as it met the case; `internal` names conditions only its bank sees."""

    kind: Literal["programme", "product"]
    slug: str
    name: str
    version: int
    content_hash: str
    rule: dict[str, Any] | None
    internal: tuple[str, ...]
    applies_count: int
    is_for: bool
    obliges: bool
    is_original: bool
    valid_from: date
    valid_to: date | None
    unconfirmed_from: date | None

    def offer(self) -> Offer[None]:
        """The offer as it can be judged again."""
        return Offer(
            stored=None,
            slug=self.slug,
            rule=None if self.rule is None else parse(self.rule),
            applies_count=self.applies_count,
            is_for=self.is_for,
            obliges=self.obliges,
            is_original=self.is_original,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            unconfirmed_from=self.unconfirmed_from,
        )


class FrozenInput(Record):
    """All that the verdicts depend on."""

    as_of: date
    subjects: tuple[Subject, ...]
    kinds: tuple[Subject, ...]
    facts: tuple[FrozenFact, ...]
    parameters: tuple[ParameterRecord, ...]
    offers: tuple[FrozenOffer, ...]

    def case(self) -> Case:
        """The case as it was."""
        stated = {one.key: Stated(one.value, one.provenance, one.on) for one in self.facts}
        return Case(given(stated), self.as_of, frozenset(self.subjects), frozenset(self.kinds))

    def known_parameters(self) -> Parameters:
        """The parameters as they were."""
        return Parameters(record.parameter() for record in self.parameters)


class Verdict(Record):
    """What an offer said, without the words: what a replay must say again."""

    outcome: Outcome
    window: WindowState
    near_miss: bool
    truths: dict[str, TruthName]


def verdict_of(match: Match[Any]) -> Verdict:
    """The verdict of a match, leaf by leaf; `truths` go by the pointer of each condition."""
    found = () if match.conditions is None else leaves(match.conditions)
    truths = {one.at: _TRUTHS[one.truth] for one, _ in found}
    return Verdict(outcome=match.outcome, window=match.window, near_miss=match.near_miss, truths=truths)


def frozen_input(case: Case, matches: Iterable[Match[Any]], parameters: Parameters) -> FrozenInput:
    """The input of these matches; of the parameters only those that their rules name."""
    offers = [one.offer for one in matches]
    return FrozenInput(
        as_of=case.as_of,
        subjects=tuple(sorted(case.subjects)),
        kinds=tuple(sorted(case.kinds)),
        facts=tuple(_facts(case.facts)),
        parameters=tuple(_parameter(parameters[key]) for key in sorted(_named(offers)) if key in parameters),
        offers=tuple(frozen_offer(offer) for offer in offers),
    )


def frozen_offer(offer: Offer[Any]) -> FrozenOffer:
    """One offer with the version it comes from."""
    stored = offer.stored
    record = stored.record
    content = record.model_dump(mode="json", by_alias=True)
    if isinstance(stored, StoredProgramme):
        content["document"] = stored.document
    return FrozenOffer(
        kind="product" if isinstance(stored, StoredProduct) else "programme",
        slug=offer.slug,
        name=record.name,
        version=stored.version,
        content_hash=content_hash(content),
        rule=None if offer.rule is None else offer.rule.to_json(),
        internal=stored.record.internal if isinstance(stored, StoredProduct) else (),
        applies_count=offer.applies_count,
        is_for=offer.is_for,
        obliges=offer.obliges,
        is_original=offer.is_original,
        valid_from=offer.valid_from,
        valid_to=offer.valid_to,
        unconfirmed_from=offer.unconfirmed_from,
    )


def _facts(facts: Facts) -> Iterator[FrozenFact]:
    for key, stated in sorted(facts.stated.items()):
        yield FrozenFact(key=key, value=plain(facts.values[key]), provenance=stated.provenance, on=stated.on)


def plain(value: object) -> Any:
    """A value of a fact or a parameter as JSON that reads back as the same value."""
    match value:
        case Decimal():
            # The column of a percentage shows six decimals, whatever was written.
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case frozenset():
            return sorted(value)
        case _:
            return value


def _named(offers: Iterable[Offer[Any]]) -> set[str]:
    asked = (leaf for offer in offers if offer.rule is not None for _, leaf in offer.rule.leaves)
    return {operand.param for leaf in asked for operand in operands(leaf) if isinstance(operand, Param)}


def _parameter(parameter: Parameter) -> ParameterRecord:
    dated = [{"from": one.valid_from, "to": one.valid_to, "value": _written(one.value)} for one in parameter.values]
    return ParameterRecord.model_validate(
        {
            "key": parameter.key,
            "label": parameter.label,
            "type": parameter.type,
            "unit": parameter.unit,
            "cite": _FROZEN,
            "values": [DatedValue.model_validate(one) for one in dated],
        }
    )


def _written(value: object) -> object:
    """Decimals as text; whole numbers and days as they are."""
    return f"{value:f}" if isinstance(value, Decimal) else value
