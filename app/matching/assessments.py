"""Making, reading and replaying assessments."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.errors import NotFound
from app.matching.answers import OUTCOME_LABELS, advice_out, conditions_out, fact_label, missing_out
from app.matching.assessment_schemas import (
    AssessedConditionOut,
    AssessedFactOut,
    AssessedOut,
    AssessedParameterOut,
    DifferenceOut,
)
from app.matching.build import Match, judged, match, match_product
from app.matching.citations import Citations
from app.matching.fetch import case_to_match, fetch_library, fetch_products
from app.matching.frozen import FrozenInput, FrozenOffer, Verdict, frozen_input, frozen_offer, plain, verdict_of
from app.matching.masks import Mask
from app.matching.offers import outcome_label
from app.products.internal import masked_rule
from app.products.models import StoredProduct
from app.programmes.models import StoredProgramme
from app.regions import region_names
from app.rules.explain import leaves
from app.store.pages import Key
from app.store.tables import Assessment

_ONE_WORD = "outcome", "window", "near_miss"
_SHOWN = "id", "region_code", "institution_id", "project_id", "kind", "case_id", "name", "as_of", "assessed_at"
NEWEST_FIRST = Key(Assessment.assessed_at, descending=True), Key(Assessment.id, descending=True)


class AssessmentNotFound(NotFound):
    code = "assessment_not_found"
    title = "没有这份评估"


@dataclass(frozen=True, slots=True)
class Made:
    """When an assessment was made: from an instant until another (half open); None bounds nothing."""

    start: datetime | None = None
    end: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """SQL, one condition for each bound."""
        if self.start is not None:
            yield Assessment.assessed_at >= self.start
        if self.end is not None:
            yield Assessment.assessed_at < self.end


def assess(session: Session, found: RegistryCase, moment: Moment, now: datetime) -> Assessment:
    """Ask every programme and product of the day about a case, and keep question and answer."""
    library, names = fetch_library(session), region_names()
    case = case_to_match(found, moment.as_of)
    products = fetch_products(session, moment.as_of)
    matches: list[Match[Any]] = [match(one, case, library.parameters, names) for one in library.programmes]
    matches += [match_product(one, case, library.parameters, names) for one in products]
    row = Assessment(
        region_code=found.region_code,
        institution_id=found.institution_id,
        project_id=found.project_id,
        kind=found.kind.value,
        case_id=found.id,
        name=found.name,
        as_of=moment.as_of,
        assessed_at=now,
        frozen=frozen_input(case, matches, library.parameters).model_dump(mode="json", by_alias=True),
        results=[_result(one, library.citations).model_dump(mode="json") for one in matches],
    )
    session.add(row)
    # The answer shows the key, which is made as the row is written.
    session.flush()
    return row


def _in_scope(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return scope.regions(Assessment.region_code), scope.institutions(Assessment.institution_id)


def select_assessments(made: Made, institution_id: UUID | None, scope: Scope) -> Select[Any]:
    """Assessments in scope without what they froze and said, which is a hundred times as long; to be ordered."""
    query = select(*(Assessment.__table__.c[name] for name in _SHOWN)).where(*_in_scope(scope), *made.conditions())
    return query if institution_id is None else query.where(Assessment.institution_id == institution_id)


def get_assessment(session: Session, assessment_id: UUID, scope: Scope) -> Assessment:
    """One assessment in scope. Raises AssessmentNotFound."""
    row = session.scalars(select(Assessment).where(Assessment.id == assessment_id, *_in_scope(scope))).one_or_none()
    if row is None:
        raise AssessmentNotFound("没有这份评估，请核对编号")
    return row


def replayed(row: Assessment) -> list[DifferenceOut]:
    """Where the frozen input now gives another outcome, window, near miss or leaf truth; empty if nowhere."""
    frozen = FrozenInput.model_validate(row.frozen)
    case, parameters, names = frozen.case(), frozen.known_parameters(), region_names()
    differences: list[DifferenceOut] = []
    for offer, said in zip(frozen.offers, row.results, strict=True):
        before = _verdict(AssessedOut.model_validate(said))
        after = verdict_of(judged(offer.offer(), case, parameters, names))
        differences += _differences(offer, before, after)
    return differences


def _differences(offer: FrozenOffer, before: Verdict, after: Verdict) -> Iterator[DifferenceOut]:
    old, new = ({**{name: str(getattr(one, name)) for name in _ONE_WORD}, **one.truths} for one in (before, after))
    for what in dict.fromkeys([*old, *new]):
        if old.get(what) != new.get(what):
            yield DifferenceOut(kind=offer.kind, slug=offer.slug, what=what, before=old.get(what), after=new.get(what))


def _verdict(said: AssessedOut) -> Verdict:
    truths = {one.at: one.truth for one in said.conditions}
    return Verdict(outcome=said.outcome, window=said.window, near_miss=said.near_miss, truths=truths)


def _result(one: Match[Any], citations: Citations) -> AssessedOut:
    """What a match says, in the words of the day; a bank's internal conditions keep their verdicts only."""
    offer, mask = frozen_offer(one.offer), _mask(one.stored)
    document = one.stored.document if isinstance(one.stored, StoredProgramme) else ""
    conditions, missing, advice = conditions_out(one, citations, document), missing_out(one), advice_out(one.advice)
    if mask is not None:
        conditions, missing, advice = mask.conditions(conditions), mask.missing(missing), mask.advice(advice)
    places = () if one.conditions is None else (found.at for found, _ in leaves(one.conditions))
    return AssessedOut(
        kind=offer.kind,
        slug=offer.slug,
        name=offer.name,
        version=offer.version,
        content_hash=offer.content_hash,
        rule=masked_rule(offer.rule, offer.internal),
        outcome=one.outcome,
        outcome_label=OUTCOME_LABELS[one.outcome] if mask is None else outcome_label(one.outcome),
        window=one.window,
        near_miss=one.near_miss,
        conditions=[
            AssessedConditionOut(
                at=at, id=said.id, truth=said.truth, sentence=said.sentence, source=said.citation.label
            )
            for at, said in zip(places, conditions, strict=True)
        ],
        missing=[said.fact for said in missing],
        advice=[said.sentence for said in advice],
    )


def _mask(stored: object) -> Mask | None:
    return Mask(stored) if isinstance(stored, StoredProduct) else None


def facts_out(frozen: FrozenInput) -> list[AssessedFactOut]:
    """The frozen facts with their labels."""
    return [
        AssessedFactOut(fact=one.key, label=fact_label(one.key), value=one.value, provenance=one.provenance, on=one.on)
        for one in frozen.facts
    ]


def parameters_out(frozen: FrozenInput) -> list[AssessedParameterOut]:
    """The frozen parameters with their values on the day of the assessment."""
    values = {key: parameter.on(frozen.as_of) for key, parameter in frozen.known_parameters().items()}
    return [
        AssessedParameterOut(key=one.key, label=one.label, unit=one.unit, value=_text(values[one.key]))
        for one in frozen.parameters
    ]


def _text(value: object) -> str | None:
    return None if value is None else str(plain(value))
