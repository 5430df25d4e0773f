"""Documents, programmes, rates, facts and regions as the answers of the API."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from app.programmes.models import ProgrammeRecord, StoredProgramme
from app.programmes.schemas import (
    AskedOfOut,
    AskedOut,
    CatalogueFactOut,
    ClauseOut,
    CodeOut,
    DepartmentOut,
    ParameterOut,
    PolicyDetailOut,
    PolicyOut,
    ProgrammeDetailOut,
    ProgrammeOut,
    RateOnOut,
    RatePointOut,
    RateSeriesOut,
    RegionOut,
)
from app.regions import Region, region_names
from app.rules.check import Rule, operands
from app.rules.explain import Alternative, Finding, explain, leaves
from app.rules.facts import Fact, Subject
from app.rules.nodes import Citation, Param
from app.rules.parameters import Parameters
from app.store.tables import Clause, ClauseText, PolicyDocument
from app.subsidy import RateSeries


def policy_out(document: PolicyDocument, clause_count: int) -> PolicyOut:
    """A document in the list."""
    return PolicyOut(
        slug=document.slug,
        number=document.number,
        title=document.title,
        issued_on=document.issued_on,
        issuers=document.issuers,
        territory=document.territory,
        territory_name=region_names()[document.territory],
        source=document.source_kind,
        note=document.status_note,
        clause_count=clause_count,
    )


def policy_detail_out(
    document: PolicyDocument,
    clauses: Sequence[tuple[Clause, ClauseText | None]],
    programmes: Sequence[StoredProgramme],
    names: Mapping[str, str],
) -> PolicyDetailOut:
    """A document with its clauses and the programmes that each of them carries."""
    carried: dict[str, list[str]] = {}
    for programme in programmes:
        for key in (programme.record.clause, *programme.record.also):
            carried.setdefault(key or "", []).append(programme.record.slug)
    items = [clause_out(clause, text, carried.get(clause.key, []), names) for clause, text in clauses]
    return PolicyDetailOut(**policy_out(document, len(items)).model_dump(), clauses=items)


def clause_out(clause: Clause, text: ClauseText | None, programmes: list[str], names: Mapping[str, str]) -> ClauseOut:
    """One clause with the operator's official text, if loaded."""
    return ClauseOut.model_validate(
        {
            "key": clause.key,
            "part": clause.part,
            "number": clause.number,
            "title": clause.title,
            "summary": clause.summary,
            "official_text": text.text if text else None,
            "departments": departments_out(clause.departments, names),
            "subject": clause.subject,
            "force": clause.force,
            "decidability": clause.decidability,
            "programmes": programmes,
        }
    )


def departments_out(departments: Iterable[str], names: Mapping[str, str]) -> list[DepartmentOut]:
    """Offices with the names they have on the day that `names` was made for."""
    return [DepartmentOut(name=name, name_today=names.get(name, name)) for name in departments]


def programme_out(programme: StoredProgramme, names: Mapping[str, str]) -> ProgrammeOut:
    """A programme in the list."""
    record = programme.record
    return ProgrammeOut(
        slug=record.slug,
        name=record.name,
        document=programme.document,
        clause=record.clause,
        force=record.force,
        decidability=record.decidability,
        confidence=record.confidence,
        subjects=list(record.subjects),
        territory=record.territory,
        territory_name=region_names()[record.territory],
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        unconfirmed_from=record.unconfirmed_from,
        window_note=record.window_note,
        departments=departments_out(record.departments, names),
        gives=record.benefit.gives,
        version=programme.version,
    )


def programme_detail_out(
    programme: StoredProgramme, parameters: Parameters, day: date, names: Mapping[str, str]
) -> ProgrammeDetailOut:
    """A programme with its rules, and the parameters they name with their values on the day."""
    record = programme.record
    return ProgrammeDetailOut(
        **programme_out(programme, names).model_dump(),
        benefit=record.benefit.model_dump(mode="json"),
        applies=record.applies,
        requires=record.requires,
        for_project=None if record.for_project is None else record.for_project.model_dump(mode="json"),
        asks=asked_of_out(programme, parameters, day),
        parameters=[parameter_out(parameters, key, day) for key in parameter_keys(programme)],
        relations=record.relations.model_dump(mode="json"),
        notes=list(record.notes),
        readings=_readings(record),
    )


def asked_of_out(programme: StoredProgramme, parameters: Parameters, day: date) -> AskedOfOut:
    """The conditions as they read on a day; none where the programme only informs."""
    rules, subjects = programme.rules, set(programme.record.subjects)
    if rules is None:
        return AskedOfOut(institution=None, project=None)
    of_project, others = Subject.PROJECT in subjects, subjects - {Subject.PROJECT, Subject.LOAN, Subject.NEED}
    return AskedOfOut(
        institution=None if of_project and not others else _asked_out(rules.institution, programme, parameters, day),
        project=_asked_out(rules.project, programme, parameters, day) if of_project else None,
    )


def _asked_out(rule: Rule, programme: StoredProgramme, parameters: Parameters, day: date) -> list[AskedOut]:
    found = leaves(explain(rule, {}, day, parameters, region_names()))
    return [_condition_out(finding, within, programme.document) for finding, within in found]


def _condition_out(finding: Finding, within: Alternative | None, document: str) -> AskedOut:
    stands_in, clause, source = _place_of(finding.citation)
    return AskedOut(
        fact=finding.fact,
        label=finding.label,
        wanted=finding.wanted,
        document=stands_in or document,
        clause=clause,
        source=source,
        any_of=within.group if within else None,
        alternative=within.member if within else None,
    )


def _place_of(cite: Citation | None) -> tuple[str | None, str | None, str | None]:
    """The document, if it is another one, the clause, and what stands in the place of a clause."""
    if cite is None:
        return None, None, None
    law = f"{cite.law}第{cite.article}条" if cite.article else cite.law
    return cite.document, cite.clause, law or cite.own


def _readings(record: ProgrammeRecord) -> dict[str, object] | None:
    return None if record.readings is None else record.readings.model_dump(mode="json", by_alias=True)


def parameter_keys(programme: StoredProgramme) -> list[str]:
    """The parameters that a programme's rules name, once each, in rule order."""
    leaves = (leaf for rule in programme.rules or () for _, leaf in rule.leaves)
    named = (operand.param for leaf in leaves for operand in operands(leaf) if isinstance(operand, Param))
    return list(dict.fromkeys(named))


def parameter_out(parameters: Parameters, key: str, day: date) -> ParameterOut:
    """A parameter with its value on a day, null where it has none."""
    parameter, value = parameters[key], parameters[key].on(day)
    return ParameterOut(
        key=key, label=parameter.label, unit=parameter.unit, value=None if value is None else str(value)
    )


def series_out(series: RateSeries, on: date | None) -> RateSeriesOut:
    """A series; its value on the day, if one is asked and the series had begun."""
    known = on is not None and on >= series.points[0].from_
    return RateSeriesOut(
        code=series.code,
        name=series.name,
        source=series.source,
        known_through=series.known_through,
        value=_value_on(series, on) if on is not None and known else None,
        points=[RatePointOut.model_validate({"from": one.from_, "percent": one.percent}) for one in series.points],
    )


def _value_on(series: RateSeries, on: date) -> RateOnOut:
    rate = series.on(on)
    note = f"{series.name}只知道到 {series.known_through}，此处沿用最后一个数值" if rate.carried_forward else None
    return RateOnOut(on=on, percent=rate.percent, carried_forward=rate.carried_forward, note=note)


def fact_out(fact: Fact) -> CatalogueFactOut:
    """A fact of the catalogue."""
    return CatalogueFactOut(
        key=fact.key,
        label=fact.label,
        subject=fact.subject,
        type=fact.type,
        unit=fact.unit,
        codes=[CodeOut(code=code, label=label) for code, label in fact.codes.items()],
        minimum=_bound(fact.minimum),
        maximum=_bound(fact.maximum),
        changeable=fact.changeable,
        visibility=fact.visibility,
        per_programme=fact.per_programme,
    )


def _bound(bound: Decimal | None) -> str | None:
    return None if bound is None else f"{bound:f}"


def region_out(region: Region) -> RegionOut:
    """A region."""
    return RegionOut(code=region.code, name=region.name, level=region.level, parent=region.parent)
