"""What the white list asks of a nomination on a day, condition by condition, with the own value and who vouches for it.

Unknown is neither yes nor no: a nomination goes forward only where every condition is met, and a condition that nobody
can answer yet is named as such. An exclusion rule says what excludes; it is worded here as what must not be.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.read import Case, find_case
from app.cases.select import CaseKind, Moment
from app.errors import NotSeeded
from app.institutions.facts import Statement, recorded_facts
from app.institutions.history import INSTITUTION, NEED, PROJECT, Noun, Recorded, find, recorded, with_version
from app.programmes.queries import read_parameters
from app.regions import region_names
from app.rules.check import Rule, parse
from app.rules.explain import Explanation, Finding, explain
from app.rules.given import Facts, Stated, given
from app.rules.parameters import Parameters
from app.rules.truth import Truth, kleene_all
from app.store.tables import Nomination, WhitelistRule, need_version
from app.whitelist.contradictions import Contradiction, contradictions_of


class Effect(StrEnum):
    """What a rule is for."""

    ADMISSION = "admission"
    EXCLUSION = "exclusion"


class Standing(StrEnum):
    """What the criteria say together."""

    MET = "met"
    NOT_MET = "not_met"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"


class Criterion(NamedTuple):
    """A rule in force: what must hold, an exclusion already turned around."""

    slug: str
    name: str
    effect: Effect
    document: str
    rule: Rule


class Judged(NamedTuple):
    """A criterion with its explanation for one nomination."""

    criterion: Criterion
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Assessed:
    """One nomination on a day: every criterion explained, who vouches for each value, and what contradicts it."""

    as_of: date
    judged: tuple[Judged, ...]
    sources: Mapping[str, Statement]
    contradictions: Mapping[str, Contradiction]

    @property
    def standing(self) -> Standing:
        """Excluded before not met, and that before unknown."""
        truths = {effect: self._truth(effect) for effect in Effect}
        if truths[Effect.EXCLUSION] is Truth.FALSE:
            return Standing.EXCLUDED
        if truths[Effect.ADMISSION] is Truth.FALSE:
            return Standing.NOT_MET
        return Standing.MET if set(truths.values()) == {Truth.TRUE} else Standing.UNKNOWN

    def _truth(self, effect: Effect) -> Truth:
        return kleene_all(one.explanation.truth for one in self.judged if one.criterion.effect is effect)

    def wanting(self) -> Iterator[tuple[Effect, Finding]]:
        """The conditions that keep it from going forward, in the order of the rules."""
        for one in self.judged:
            for finding in _wanting(one.explanation):
                yield one.criterion.effect, finding


def _wanting(explanation: Explanation) -> Iterator[Finding]:
    if explanation.truth is Truth.TRUE:
        return
    if isinstance(explanation, Finding):
        yield explanation
        return
    for member in explanation.of:
        yield from _wanting(member)


def assess(session: Session, nomination: Nomination, scope: Scope, as_of: date) -> Assessed:
    """What the criteria of a day say of a nomination in scope. Raises NotSeeded where there are none."""
    parameters = read_parameters(session)
    rules = criteria_on(session, nomination.subject_kind, as_of, parameters)
    seen = _recorded(session, nomination)
    facts = _facts(_case(session, nomination, scope, as_of), seen)
    judged = tuple(Judged(one, explain(one.rule, facts, as_of, parameters, region_names())) for one in rules)
    sources = {key: said for one in seen for key, said in _statements(one).items()}
    asked = {key for one in rules for key in one.rule.facts}
    return Assessed(as_of, judged, sources, contradictions_of(session, seen, asked))


def criteria_on(session: Session, subject_kind: str, day: date, parameters: Parameters) -> Sequence[Criterion]:
    """The rules in force on a day, admission first. Raises NotSeeded where a kind of rule is missing."""
    later = or_(WhitelistRule.valid_to.is_(None), WhitelistRule.valid_to > day)
    mine = select(WhitelistRule).where(WhitelistRule.subject_kind == subject_kind)
    rows = session.scalars(mine.where(WhitelistRule.valid_from <= day, later).order_by(WhitelistRule.effect)).all()
    if {row.effect for row in rows} != set(Effect):
        raise NotSeeded(f"{day} 没有在用的白名单条件，请运行 yinqiao seed 装入种子数据")
    return [_criterion(row, parameters) for row in rows]


def _criterion(row: WhitelistRule, parameters: Parameters) -> Criterion:
    effect = Effect(row.effect)
    asked: dict[str, Any] = row.rule if effect is Effect.ADMISSION else {"op": "not", "of": row.rule}
    return Criterion(row.slug, row.name, effect, row.document, _parsed(json.dumps(asked, sort_keys=True), parameters))


# A rule holds what it was bound to on each day, so that equal rows share one; there are few rules.
_MOST_RULES: Final = 64


@lru_cache(maxsize=_MOST_RULES)
def _parsed(written: str, parameters: Parameters) -> Rule:
    return parse(json.loads(written), parameters=parameters)


class Seen(NamedTuple):
    """A noun as it is on record, whose facts the criteria ask."""

    noun: Noun
    recorded: Recorded


def _recorded(session: Session, nomination: Nomination) -> list[Seen]:
    """The institution, the project and the need of a nomination. Whoever sees a nomination sees what it rests on."""
    found = [(INSTITUTION, find(session, INSTITUTION, INSTITUTION.table.c.id == nomination.institution_id))]
    if nomination.project_id is not None:
        found.append((PROJECT, find(session, PROJECT, PROJECT.table.c.id == nomination.project_id)))
    found.append((NEED, _need(session, nomination)))
    return [Seen(noun, one) for noun, one in found if one is not None]


def _need(session: Session, nomination: Nomination) -> Recorded | None:
    """What money it wants: the latest open need of the project, or of the institution itself; one with an amount."""
    table = NEED.table.c
    mine = (table.institution_id == nomination.institution_id) & (table.status == "open")
    of_subject = table.project_id.is_not_distinct_from(nomination.project_id)
    order = (need_version.c.amount_yuan.is_(None), table.id.desc())
    row = session.execute(with_version(NEED).where(mine, of_subject).order_by(*order).limit(1)).mappings().one_or_none()
    return None if row is None else recorded(NEED, row)


def _statements(seen: Seen) -> dict[str, Statement]:
    return recorded_facts(seen.noun.subject, seen.recorded.facts)


def _case(session: Session, nomination: Nomination, scope: Scope, as_of: date) -> Case | None:
    return find_case(session, CaseKind(nomination.subject_kind), nomination.subject_id, Moment(as_of), scope)


def _facts(case: Case | None, seen: Sequence[Seen]) -> Facts:
    """The facts of the subject with what is attested of it, and those of its need."""
    stated: dict[str, object] = {} if case is None else dict(case.facts.stated)
    for one in seen:
        stated |= {key: Stated(said.value, said.provenance, said.on) for key, said in _statements(one).items()}
    return given(stated)
