"""From facts and offers to outcomes with reasons. Pure: no database, no request, no clock.

A programme and a product are judged on one path: each is an offer, whose rule is `all` of parts of which the first
few say for whom it is and the others what it asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from app.matching.questions import Asked, Rest
from app.products.models import StoredProduct
from app.programmes.models import Confidence, Force, StoredProgramme
from app.rules.advise import Advice
from app.rules.check import Rule
from app.rules.conjuncts import Verdicts, conjuncts
from app.rules.explain import Findings, Names
from app.rules.facts import Subject
from app.rules.given import Facts
from app.rules.parameters import Parameters
from app.rules.truth import Truth

S = TypeVar("S")


class Outcome(StrEnum):
    """What an offer says of a case. These words are the only ones, in code, API and pages."""

    ELIGIBLE = "eligible"
    IN_SCOPE = "in_scope"
    NEEDS_INFO = "needs_info"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    INFORMATIVE = "informative"

    # As for any str, without the detour of Enum through Python; every match is counted, ranked and worded by it.
    __hash__ = str.__hash__


# On Python 3.11 a member costs a call each time it is looked up through its class.
_FALSE, _UNKNOWN, _TRUE = Truth
# What is left to do, and only then is something to be advised.
ADVISED: Final = frozenset({Outcome.NEEDS_INFO, Outcome.INELIGIBLE})


class WindowState(StrEnum):
    """Whether the offer stands on the day of the question. It never changes the outcome."""

    OPEN = "open"
    CLOSED = "closed"
    UPCOMING = "upcoming"
    UNCONFIRMED = "unconfirmed"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of one case on one day.

    `subjects` are the nouns that a programme may be for, `kinds` those that a bank may lend to: what the case of a
    registry itself is, and any noun that loose facts speak of. Both empty: nothing is known of the case at all.
    """

    facts: Facts
    as_of: date
    subjects: frozenset[Subject]
    kinds: frozenset[Subject]
    # What offers have found out of it so far, for they ask much the same.
    _asked: dict[Parameters, Asked] = field(default_factory=dict, init=False, repr=False, compare=False)

    def asked(self, parameters: Parameters, names: Names) -> Asked:
        """The case as all offers under these parameters ask it."""
        asked = self._asked.get(parameters)
        if asked is None or asked.names is not names:
            asked = self._asked[parameters] = Asked(Verdicts(self.facts, self.as_of, parameters), names)
        return asked


@dataclass(frozen=True, slots=True)
class Offer(Generic[S]):
    """A programme or a product as it meets one case.

    The rule is None where it sets no conditions for cases (force I); its first `applies_count` parts say for whom it
    is. `obliges` is what a met rule entitles to the word eligible. The days are half open.
    """

    stored: S
    slug: str
    rule: Rule | None
    applies_count: int
    is_for: bool
    obliges: bool
    is_original: bool
    valid_from: date
    valid_to: date | None
    unconfirmed_from: date | None


# Not frozen, which would take three times as long to make; there is one for every offer.
@dataclass(eq=False, slots=True)
class Match(Generic[S]):
    """One offer and what it says of one case, which is None where the offer sets no conditions for cases."""

    offer: Offer[S]
    outcome: Outcome
    window: WindowState
    near_miss: bool
    asked: Asked | None

    @property
    def stored(self) -> S:
        return self.offer.stored

    @property
    def conditions(self) -> Findings | None:
        """Every condition with its reasons; None where the offer sets none for cases."""
        rule = self.offer.rule
        return None if self.asked is None or rule is None else self.asked.conditions(rule)

    @property
    def advice(self) -> Advice | None:
        """What is missing and what would help, where the conditions are not met."""
        return None if self._rest is None else self._rest.advice

    @property
    def missing(self) -> tuple[str, ...]:
        """The facts that can still decide, where facts are what is wanting."""
        return self._rest.missing if self._rest and self.outcome is Outcome.NEEDS_INFO else ()

    @property
    def _rest(self) -> Rest | None:
        """What is still open of the conditions, where something is left to do."""
        if self.asked is None or self.offer.rule is None or self.outcome not in ADVISED:
            return None
        return self.asked.rest(self.offer.rule)


ProgrammeMatch = Match[StoredProgramme]
ProductMatch = Match[StoredProduct]


def case_of(facts: Facts, as_of: date) -> Case:
    """The case that loose facts describe."""
    nouns = frozenset(Subject(key.partition(".")[0]) for key in facts.values) - {Subject.WHITELIST}
    return Case(facts, as_of, supported(nouns), nouns)


def supported(nouns: frozenset[Subject]) -> frozenset[Subject]:
    """What a programme may be for. A need alone is a case; beside anything else it belongs to that."""
    return nouns - {Subject.NEED} or nouns


def programme_offer(programme: StoredProgramme, case: Case) -> Offer[StoredProgramme]:
    """A programme with the rule for this case: a project's asks where the project is, any other where its owner is."""
    record, rules = programme.record, programme.rules
    mine = case.subjects & set(record.subjects)
    return Offer(
        stored=programme,
        slug=record.slug,
        rule=None if rules is None else rules.project if Subject.PROJECT in mine else rules.institution,
        # The territory of the document, and the programme's own `applies`.
        applies_count=2,
        is_for=bool(mine) or not case.subjects,
        obliges=record.force is Force.OBLIGES,
        is_original=record.confidence is Confidence.ORIGINAL,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        unconfirmed_from=record.unconfirmed_from,
    )


def product_offer(product: StoredProduct, case: Case) -> Offer[StoredProduct]:
    """A product. Its offer ends on its last day or when it is withdrawn, whichever is first."""
    record, rules = product.record, product.rules
    return Offer(
        stored=product,
        slug=record.slug,
        rule=rules.rule,
        applies_count=rules.applies_count,
        is_for=bool(case.kinds & set(record.subjects)) or not case.kinds,
        obliges=True,
        is_original=True,
        valid_from=record.valid_from,
        valid_to=min(filter(None, (record.valid_to, product.withdrawn_on)), default=None),
        unconfirmed_from=None,
    )


def match(programme: StoredProgramme, case: Case, parameters: Parameters, names: Names) -> ProgrammeMatch:
    """What the programme says of the case."""
    return judged(programme_offer(programme, case), case, parameters, names)


def match_product(product: StoredProduct, case: Case, parameters: Parameters, names: Names) -> ProductMatch:
    """What the product says of the case."""
    return judged(product_offer(product, case), case, parameters, names)


def judged(offer: Offer[S], case: Case, parameters: Parameters, names: Names) -> Match[S]:
    """What the offer says of the case."""
    asked, window = case.asked(parameters, names), window_state(offer, case.as_of)
    if offer.rule is None:
        return informative(offer, window)
    verdicts, (front, others) = asked.verdicts, conjuncts(offer.rule, offer.applies_count)
    fits, met = verdicts.all_of(front), verdicts.all_of(others)
    only_unmet = verdicts.only_unmet(others) if met is _FALSE else None
    return heard(offer, asked, window, fits=fits, met=met, only_unmet=only_unmet)


def informative(offer: Offer[S], window: WindowState) -> Match[S]:
    """What an offer says of any case that sets no conditions for cases."""
    return Match(offer, Outcome.INFORMATIVE, window, False, None)


def heard(
    offer: Offer[S], asked: Asked, window: WindowState, *, fits: Truth, met: Truth, only_unmet: Rule | None
) -> Match[S]:
    """What the offer says of a case: whether it is for it, whether what it asks is met, and what alone of that is not.

    `window` is that of the day.
    """
    outcome = outcome_of(offer, fits, met)
    near = (
        only_unmet is not None
        and outcome is Outcome.INELIGIBLE
        and fits is _TRUE
        and asked.is_one_step_away(only_unmet)
    )
    return Match(offer, outcome, window, near, asked)


def outcome_of(offer: Offer[Any], fits: Truth, met: Truth) -> Outcome:
    """The word for a case, by the verdicts on whether the offer is for it and on what the offer asks."""
    if not offer.is_for or fits is _FALSE:
        return Outcome.NOT_APPLICABLE
    if met is _FALSE:
        return Outcome.INELIGIBLE
    if fits is _UNKNOWN or met is _UNKNOWN:
        return Outcome.NEEDS_INFO
    return Outcome.ELIGIBLE if offer.obliges else Outcome.IN_SCOPE


def window_state(offer: Offer[Any], day: date) -> WindowState:
    """Half open: the first day in force is open, the first day no longer in force is closed."""
    if day < offer.valid_from:
        return WindowState.UPCOMING
    if offer.valid_to is not None and day >= offer.valid_to:
        return WindowState.CLOSED
    if offer.unconfirmed_from is not None and day >= offer.unconfirmed_from:
        return WindowState.UNCONFIRMED
    return WindowState.OPEN


_OUTCOME_ORDER: Final = {outcome: place for place, outcome in enumerate(Outcome)}
_WINDOW_ORDER: Final = {
    WindowState.OPEN: 0,
    WindowState.UNCONFIRMED: 1,
    WindowState.UPCOMING: 2,
    WindowState.CLOSED: 3,
}


def ranked(matches: Iterable[Match[S]]) -> list[Match[S]]:
    """Eligible, in scope, needs information, near miss, ineligible, the rest; open windows and originals first."""
    return sorted(matches, key=_rank)


def _rank(match: Match[Any]) -> tuple[int, bool, int, bool, str]:
    return (
        _OUTCOME_ORDER[match.outcome],
        not match.near_miss,
        _WINDOW_ORDER[match.window],
        not match.offer.is_original,
        match.offer.slug,
    )
