"""Matches as the answers of the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from app.matching.build import Match, Outcome, ProgrammeMatch, WindowState
from app.matching.citations import Citations
from app.matching.quote_schemas import QuoteOut
from app.matching.schemas import (
    AdviceOut,
    BenefitOut,
    ConditionOut,
    MissingOut,
    ProgrammeMatchOut,
    StepOut,
    TruthWord,
)
from app.programmes.models import Benefit, Confidence
from app.rules.advise import Advice, Steps
from app.rules.catalogue import CATALOGUE
from app.rules.explain import Alternative, Finding, leaves
from app.rules.facts import UnknownFact
from app.rules.truth import Truth

OUTCOME_LABELS: Final[Mapping[Outcome, str]] = {
    Outcome.ELIGIBLE: "符合公布条件，由主管部门决定",
    Outcome.IN_SCOPE: "属于支持范围，不等于获批",
    Outcome.NEEDS_INFO: "还缺信息，暂不能判断",
    Outcome.INELIGIBLE: "目前不符合",
    Outcome.NOT_APPLICABLE: "不是这项政策的对象",
    Outcome.INFORMATIVE: "仅供了解",
}
WINDOW_LABELS: Final[Mapping[WindowState, str]] = {
    WindowState.OPEN: "执行期内",
    WindowState.CLOSED: "已过执行期",
    WindowState.UPCOMING: "尚未开始执行",
    WindowState.UNCONFIRMED: "是否仍在执行待确认",
}
TRUTH_WORDS: Final[Mapping[Truth, TruthWord]] = {Truth.TRUE: "true", Truth.FALSE: "false", Truth.UNKNOWN: "unknown"}
_SECONDARY: Final = "待核实：来自报道或转载，没有找到原文，不影响其他政策的结论。"


def match_out(
    match: ProgrammeMatch, citations: Citations, remarks: Mapping[str, list[str]], quote: QuoteOut | None
) -> ProgrammeMatchOut:
    """One match with its conditions, advice and notes; `remarks` are what secondary sources say of a programme."""
    record, document = match.stored.record, match.stored.document
    missing = missing_out(match)
    secondary = [_SECONDARY] if record.confidence is Confidence.SECONDARY else []
    window = [record.window_note] if record.window_note else []
    return ProgrammeMatchOut(
        slug=record.slug,
        name=record.name,
        outcome=match.outcome,
        outcome_label=OUTCOME_LABELS[match.outcome],
        window=match.window,
        window_label=WINDOW_LABELS[match.window],
        near_miss=match.near_miss,
        confidence=record.confidence,
        force=record.force,
        citation=citations.clause(document, record.clause or ""),
        benefit=benefit_out(record.benefit),
        departments=list(record.departments),
        conditions=conditions_out(match, citations, document),
        missing=[one.fact for one in missing],
        missing_labels=missing,
        advice=advice_out(match.advice),
        notes=[*secondary, *window, *record.notes, *remarks.get(record.slug, [])],
        quote=quote,
    )


def conditions_out(match: Match[Any], citations: Citations, document: str) -> list[ConditionOut]:
    """Every condition of an offer; none where it sets none for cases."""
    found = () if match.conditions is None else leaves(match.conditions)
    return [condition_out(one, group, citations, document) for one, group in found]


def missing_out(match: Match[Any]) -> list[MissingOut]:
    """The facts that can still decide, where facts are what is wanting."""
    return [MissingOut(fact=key, label=fact_label(key)) for key in match.missing]


def condition_out(found: Finding, within: Alternative | None, citations: Citations, document: str) -> ConditionOut:
    """One condition with its source."""
    return ConditionOut(
        id=found.id,
        fact=found.fact,
        label=found.label,
        own=found.own,
        wanted=found.wanted,
        truth=TRUTH_WORDS[found.truth],
        sentence=found.sentence,
        provenance=found.provenance,
        citation=citations.of(found.citation, document),
        any_of=within.group if within else None,
        alternative=within.member if within else None,
    )


def advice_out(advice: Advice | None) -> list[AdviceOut]:
    """Sets of steps, fewest first."""
    return [steps_out(steps) for steps in (advice.changes if advice else ())]


def steps_out(steps: Steps) -> AdviceOut:
    """One set of steps."""
    return AdviceOut(
        steps=[StepOut(fact=s.fact, label=s.label, target=s.target, distance=s.distance) for s in steps],
        sentence="；".join(step.sentence for step in steps),
    )


def benefit_out(benefit: Benefit) -> BenefitOut:
    """What one gets, the share as a percentage."""
    content = benefit.model_dump()
    share = None if benefit.share is None else f"{benefit.share * Decimal(100):f}".rstrip("0").rstrip(".") + "%"
    return BenefitOut.model_validate({**content, "share": share})


def fact_label(key: str) -> str:
    """The Chinese label of a fact."""
    try:
        return CATALOGUE[key].label
    except UnknownFact:
        return key
