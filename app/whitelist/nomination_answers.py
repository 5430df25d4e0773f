"""From nominations to answers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.http.clock import CHINA
from app.http.schemas import Citation
from app.institutions.places import place_name
from app.programmes.models import ClauseLabel
from app.programmes.queries import clause_labels
from app.regions import region_names
from app.rules.catalogue import CATALOGUE
from app.rules.explain import Explanation, Finding, write
from app.rules.given import Provenance
from app.rules.nodes import Citation as RuleCitation
from app.rules.truth import Truth
from app.store.tables import Nomination
from app.whitelist.calendar import CALENDAR
from app.whitelist.contradictions import Contradiction
from app.whitelist.criteria import Assessed, Judged, Standing
from app.whitelist.nomination_schemas import (
    ContradictionOut,
    CriteriaOut,
    CriterionOut,
    MissingFactOut,
    NominationRowOut,
    NominationStepOut,
)
from app.whitelist.states import ACTION_LABELS, LEVEL_LABELS, STATE_LABELS, Action, Level, State
from app.whitelist.working_days import Basis, basis_of, working_days_left

STANDING_LABELS: Final = {
    Standing.MET: "准入条件全部满足",
    Standing.NOT_MET: "有准入条件不符合",
    Standing.EXCLUDED: "存在排除情形",
    Standing.UNKNOWN: "有条件尚未填写，暂不能判断",
}
_TRUTH_WORDS: Final[Mapping[Truth, Any]] = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "unknown"}
_SIDES: Final = {Provenance.DECLARED: "填报", Provenance.CHECKED: "核实", Provenance.REGISTRY: "登记"}
Clauses = Mapping[tuple[str, str], ClauseLabel]


def row_of(one: Nomination, institution_name: str, project_name: str | None, today: date) -> dict[str, Any]:
    """What every answer about a nomination begins with."""
    copied = ("id", "number", "subject_kind", "institution_id", "project_id", "region_code", "due_on", "batch_id")
    state = State(one.state)
    return {
        **{name: getattr(one, name) for name in (*copied, "version", "created_at")},
        "institution_name": institution_name,
        "project_name": project_name,
        "region_name": place_name(one.region_code),
        "state": state,
        "state_label": STATE_LABELS[state],
        "overdue": one.due_on is not None and today > one.due_on,
    }


def nomination_row_out(
    one: Nomination, institution_name: str, project_name: str | None, today: date
) -> NominationRowOut:
    """A nomination in a list."""
    return NominationRowOut(**row_of(one, institution_name, project_name, today))


def deadline_of(due_on: date | None, since: date, today: date) -> dict[str, Any]:
    """How long it may still wait, and by which calendar the deadline was counted from the day of the last step."""
    if due_on is None:
        return {"calendar": None, "working_days_left": None}
    basis: Basis = basis_of(since, due_on, CALENDAR)
    return {"calendar": basis, "working_days_left": working_days_left(today, due_on, CALENDAR)}


def steps_out(steps: Sequence[Mapping[str, Any]], caller: Caller) -> list[NominationStepOut]:
    """The steps in order; who did what at an office is the office's own."""
    return [_step_out(step, caller) for step in steps]


def _step_out(step: Mapping[str, Any], caller: Caller) -> NominationStepOut:
    to_state, level, action = State(step["to_state"]), Level(step["level"]), Action(step["action"])
    checks = step["checks"]
    return NominationStepOut(
        **{
            name: step[name] for name in ("number", "at", "level", "reason_code", "reason_label", "note", "in_place_of")
        },
        action=action,
        action_label=ACTION_LABELS[action],
        from_state=State(step["from_state"]),
        to_state=to_state,
        to_state_label=STATE_LABELS[to_state],
        level_label=LEVEL_LABELS[level],
        organisation=step["organisation_name"],
        person=step["person_name"] if caller.institution_id is None else None,
        checks=None if checks is None else CriteriaOut.model_validate(checks),
    )


def day_of_step(steps: Sequence[Mapping[str, Any]]) -> date:
    """The day in China of the last step."""
    day: date = steps[-1]["at"].astimezone(CHINA).date()
    return day


def criteria_out(session: Session, assessed: Assessed) -> CriteriaOut:
    """Every condition with its reasons."""
    clauses = clause_labels(session)
    conditions = [one for judged in assessed.judged for one in _conditions(judged, assessed, clauses)]
    unknown = {finding.fact: finding.label for _, finding in assessed.wanting() if finding.truth is Truth.UNKNOWN}
    return CriteriaOut(
        as_of=assessed.as_of,
        standing=assessed.standing,
        standing_label=STANDING_LABELS[assessed.standing],
        conditions=conditions,
        missing=[MissingFactOut(fact=fact, label=label) for fact, label in unknown.items()],
    )


def _conditions(judged: Judged, assessed: Assessed, clauses: Clauses) -> Iterator[CriterionOut]:
    for finding, group, member in _leaves(judged.explanation, None, None):
        source = assessed.sources.get(finding.fact)
        yield CriterionOut(
            id=finding.id,
            effect=judged.criterion.effect,
            fact=finding.fact,
            label=finding.label,
            own=finding.own,
            wanted=finding.wanted,
            truth=_TRUTH_WORDS[finding.truth],
            sentence=finding.sentence,
            provenance=finding.provenance,
            by=None if source is None else source.by,
            on=None if source is None else source.on,
            contradiction=_contradiction(finding.fact, assessed.contradictions.get(finding.fact)),
            citation=_citation(finding.citation, judged.criterion.document, clauses),
            any_of=group,
            alternative=member,
        )


def _leaves(
    explanation: Explanation, group: str | None, member: str | None
) -> Iterator[tuple[Finding, str | None, str | None]]:
    """The conditions left to right, each with the nearest group of which one member is enough."""
    if isinstance(explanation, Finding):
        yield explanation, group, member
        return
    for one in explanation.of:
        within = (explanation.at, one.at) if explanation.op == "any" else (group, member)
        yield from _leaves(one, *within)


def _contradiction(key: str, found: Contradiction | None) -> ContradictionOut | None:
    if found is None:
        return None
    fact, now, other = CATALOGUE[key], found.now, found.other
    value = write(fact, other.value, region_names())
    said = write(fact, now.value, region_names())
    sentence = f"{fact.label}{_SIDES[now.provenance]}为 {said}，与此前{_SIDES[other.provenance]}的 {value} 不一致"
    return ContradictionOut(value=value, provenance=other.provenance, by=other.by, on=other.on, sentence=sentence)


def _citation(cite: RuleCitation | None, document: str, clauses: Clauses) -> Citation:
    if cite is None or cite.clause is None:
        law = None if cite is None or cite.law is None else f"{cite.law}第{cite.article}条"
        label = law or (cite.own if cite is not None else None) or ""
        return Citation(document=document, document_number=None, clause=None, label=label, summary=None)
    slug = cite.document or document
    label_of = clauses.get((slug, cite.clause))
    return Citation(
        document=slug,
        document_number=None if label_of is None else label_of.document_number,
        clause=cite.clause,
        label=f"{slug} {cite.clause}" if label_of is None else label_of.label,
        summary=None if label_of is None else label_of.summary,
    )
