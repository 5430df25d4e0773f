"""From facts and programmes to outcomes with reasons. Pure: no database, no request, no clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import inf
from typing import Final

from app.programmes.models import Confidence, Force, ProgrammeRecord, ProgrammeRules, StoredProgramme
from app.rules.advise import Advice, advise
from app.rules.bind import bind
from app.rules.check import Rule
from app.rules.explain import Explanation, Finding, Findings, Names, explain_bound
from app.rules.facts import Subject
from app.rules.given import Facts
from app.rules.parameters import Parameters
from app.rules.truth import Truth, kleene_all


class Outcome(StrEnum):
    """What a programme says of a case. These words are the only ones, in code, API and pages."""

    ELIGIBLE = "eligible"
    IN_SCOPE = "in_scope"
    NEEDS_INFO = "needs_info"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    INFORMATIVE = "informative"


class WindowState(StrEnum):
    """Whether the programme runs on the day of the question. It never changes the outcome."""

    OPEN = "open"
    CLOSED = "closed"
    UPCOMING = "upcoming"
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Case:
    """The facts of one case on one day, and the kinds of thing they speak of."""

    facts: Facts
    as_of: date
    subjects: frozenset[Subject]


@dataclass(frozen=True, slots=True)
class Match:
    """One programme and one case. `conditions` is None where the programme sets none for cases (force I)."""

    programme: StoredProgramme
    outcome: Outcome
    window: WindowState
    near_miss: bool
    conditions: Findings | None
    advice: Advice | None

    @property
    def record(self) -> ProgrammeRecord:
        return self.programme.record


def case_of(facts: Facts, as_of: date) -> Case:
    """The case that these facts describe. A need alone is a case; beside anything else it belongs to that."""
    subjects = frozenset(Subject(key.partition(".")[0]) for key in facts.values) - {Subject.WHITELIST}
    return Case(facts, as_of, subjects - {Subject.NEED} or subjects)


def match(programme: StoredProgramme, case: Case, parameters: Parameters, names: Names) -> Match:
    """What the programme says of the case, with every condition and, unless it is met, with advice."""
    record, window = programme.record, window_state(programme.record, case.as_of)
    if programme.rules is None:
        return Match(programme, Outcome.INFORMATIVE, window, False, None, None)
    rule = _rule(record, programme.rules, case)
    explanation = explain_bound(bind(rule, case.as_of, parameters), case.facts, names)
    if not isinstance(explanation, Findings):
        raise TypeError("a programme's rule is `all` of its parts")
    outcome = _outcome(record, explanation, case)
    near = outcome is Outcome.INELIGIBLE and steps_away(explanation) == 1
    helpful = outcome in {Outcome.NEEDS_INFO, Outcome.INELIGIBLE}
    advice = advise(rule, case.facts, case.as_of, parameters, names) if helpful else None
    return Match(programme, outcome, window, near, explanation, advice)


def _rule(record: ProgrammeRecord, rules: ProgrammeRules, case: Case) -> Rule:
    """A project's programme asks where the project is, any other where the institution is."""
    return rules.project if Subject.PROJECT in case.subjects & set(record.subjects) else rules.institution


def _outcome(record: ProgrammeRecord, explanation: Findings, case: Case) -> Outcome:
    territory, applies, *requires = explanation.of
    fits = kleene_all((territory.truth, applies.truth))
    met = kleene_all(part.truth for part in requires)
    if fits is Truth.FALSE or (case.subjects and not case.subjects & set(record.subjects)):
        return Outcome.NOT_APPLICABLE
    if met is Truth.FALSE:
        return Outcome.INELIGIBLE
    if Truth.UNKNOWN in {fits, met}:
        return Outcome.NEEDS_INFO
    return Outcome.ELIGIBLE if record.force is Force.OBLIGES else Outcome.IN_SCOPE


def window_state(record: ProgrammeRecord, day: date) -> WindowState:
    """Half open: the first day in force is open, the first day no longer in force is closed."""
    if day < record.valid_from:
        return WindowState.UPCOMING
    if record.valid_to is not None and day >= record.valid_to:
        return WindowState.CLOSED
    if record.unconfirmed_from is not None and day >= record.unconfirmed_from:
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


def ranked(matches: Iterable[Match]) -> list[Match]:
    """Eligible, in scope, needs information, near miss, ineligible, the rest; open windows and originals first."""
    return sorted(matches, key=_rank)


def _rank(match: Match) -> tuple[int, bool, int, bool, str]:
    return (
        _OUTCOME_ORDER[match.outcome],
        not match.near_miss,
        _WINDOW_ORDER[match.window],
        match.record.confidence is Confidence.SECONDARY,
        match.record.slug,
    )


def leaves(explanation: Explanation, group: str | None = None) -> Iterator[tuple[Finding, str | None]]:
    """The conditions left to right, each with the pointer of the nearest group of which one member is enough."""
    if isinstance(explanation, Finding):
        yield explanation, group
        return
    for member in explanation.of:
        yield from leaves(member, explanation.at if explanation.op == "any" else group)
