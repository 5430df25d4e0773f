"""From facts and offers to outcomes with reasons. Pure: no database, no request, no clock.

A programme and a product are judged on one path: each is an offer, whose rule is `all` of parts of which the first
few say for whom it is and the others what it asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from math import inf
from typing import Any, Final, Generic, TypeVar

from app.products.models import StoredProduct
from app.programmes.models import Confidence, Force, StoredProgramme
from app.rules.advise import Advice, advise
from app.rules.bind import AllOf, bind
from app.rules.check import Rule
from app.rules.evaluate import truth_of
from app.rules.explain import Explanation, Finding, Findings, Names, explain_bound
from app.rules.facts import Subject
from app.rules.given import Facts
from app.rules.parameters import Parameters
from app.rules.truth import Truth, kleene_all

S = TypeVar("S")


class Outcome(StrEnum):
    """What an offer says of a case. These words are the only ones, in code, API and pages."""

    ELIGIBLE = "eligible"
    IN_SCOPE = "in_scope"
    NEEDS_INFO = "needs_info"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    INFORMATIVE = "informative"


# What is left to do, and only then is something to be advised.
_ADVISED: Final = frozenset({Outcome.NEEDS_INFO, Outcome.INELIGIBLE})


class WindowState(StrEnum):
    """Whether the offer stands on the day of the question. It never changes the outcome."""

    OPEN = "open"
    CLOSED = "closed"
    UPCOMING = "upcoming"
    UNCONFIRMED = "unconfirmed"


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


class Question:
    """A rule asked of facts on a day; equal to another where the facts that the rule asks are equal.

    So an answer once given is given again: most of a page is advice, and most offers ask a handful of facts that
    hardly ever change.
    """

    def __init__(self, rule: Rule, facts: Facts, as_of: date, parameters: Parameters, names: Names) -> None:
        self.rule, self.facts, self.as_of, self.parameters, self.names = rule, facts, as_of, parameters, names

    @property
    def bound(self) -> AllOf:
        """The rule on its day."""
        bound = bind(self.rule, self.as_of, self.parameters)
        if not isinstance(bound, AllOf):
            raise TypeError("an offer's rule is `all` of its parts")
        return bound

    # Most questions are settled by their verdict and never looked up, so that the key waits for the first look.
    @cached_property
    def _key(self) -> tuple[object, ...]:
        facts, asked = self.facts, self.rule.facts
        known = ((key, facts.values[key], facts.stated[key].provenance) for key in asked if key in facts.values)
        return self.rule, self.as_of, self.parameters, facts.checked.intersection(asked), tuple(known)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self._key == other._key and self.names is other.names


@dataclass(frozen=True, eq=False)
class Match(Generic[S]):
    """One offer and one case. The question is None where the offer sets no conditions for cases.

    Outcomes are for every offer, reasons and advice for those that somebody reads: these cost twenty times as much
    and wait until they are asked for.
    """

    offer: Offer[S]
    outcome: Outcome
    window: WindowState
    near_miss: bool
    question: Question | None

    @property
    def stored(self) -> S:
        return self.offer.stored

    @cached_property
    def conditions(self) -> Findings | None:
        """Every condition with its reasons; None where the offer sets none for cases."""
        return None if self.question is None else _explained(self.question)

    @cached_property
    def advice(self) -> Advice | None:
        """What would help where the conditions are not met."""
        return _advised(self.question) if self.question and self.outcome in _ADVISED else None


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
    window = window_state(offer, case.as_of)
    if offer.rule is None:
        return Match(offer, Outcome.INFORMATIVE, window, False, None)
    question = Question(offer.rule, case.facts, case.as_of, parameters, names)
    outcome = outcome_of(offer, [truth_of(part, question.facts) for part in question.bound.of])
    near = outcome is Outcome.INELIGIBLE and steps_away(_explained(question)) == 1
    return Match(offer, outcome, window, near, question)


# An explanation of a rule of usual size takes some kilobytes, so that this bounds the memory to some dozens of MB.
_MOST_KEPT: Final = 4096


@lru_cache(maxsize=_MOST_KEPT)
def _explained(question: Question) -> Findings:
    explanation = explain_bound(question.bound, question.facts, question.names)
    if not isinstance(explanation, Findings):
        raise TypeError("an offer's rule is `all` of its parts")
    return explanation


@lru_cache(maxsize=_MOST_KEPT)
def _advised(question: Question) -> Advice:
    return advise(question.rule, question.facts, question.as_of, question.parameters, question.names)


def outcome_of(offer: Offer[Any], truths: Sequence[Truth]) -> Outcome:
    """The word for a case whose verdicts on the parts of the offer's rule are `truths`."""
    if not offer.is_for:
        return Outcome.NOT_APPLICABLE
    fits, met = kleene_all(truths[: offer.applies_count]), kleene_all(truths[offer.applies_count :])
    if fits is Truth.FALSE:
        return Outcome.NOT_APPLICABLE
    if met is Truth.FALSE:
        return Outcome.INELIGIBLE
    if Truth.UNKNOWN in {fits, met}:
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
