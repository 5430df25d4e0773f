"""The map of facts to columns has every fact of the catalogue, and the select of cases reads no more than it must."""

from datetime import UTC, date, datetime
from itertools import product
from random import Random
from typing import Any, Final

import pytest
from sqlalchemy import Select, String, func, insert, select, text
from sqlalchemy.orm import Session

from app.access.scope import FULL, Scope
from app.cases.read import case_select
from app.cases.select import CaseKind, Moment, case_source
from app.rules import parse
from app.rules.bind import bind
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject
from app.rules.parameters import NO_PARAMETERS
from app.store.fact_columns import column_name, column_type, stored_facts
from app.store.rule_sql import rule_sql
from app.store.tables import Institution, Need, institution_version, need_version
from app.store.types import new_key
from tests.cases.population import RECORDED, populate

NOW: Final = Moment(date(2026, 11, 20))
_RULE: Final = parse(
    {
        "op": "all",
        "of": [
            {"op": "eq", "fact": "institution.filed", "value": True},
            {"op": "ge", "fact": "institution.beds_total", "value": 30},
            {"op": "attested", "fact": "institution.risk_controllable"},
        ],
    }
)
# What a case of each kind may state; the white list lists institutions and projects.
_SUBJECTS: Final = {
    CaseKind.INSTITUTION: {Subject.INSTITUTION, Subject.WHITELIST},
    CaseKind.PROJECT: {Subject.INSTITUTION, Subject.PROJECT, Subject.WHITELIST},
    CaseKind.NEED: {Subject.INSTITUTION, Subject.PROJECT, Subject.NEED, Subject.WHITELIST},
    CaseKind.LOAN: {Subject.INSTITUTION, Subject.PROJECT, Subject.LOAN, Subject.WHITELIST},
}
_COUNTY: Final = "140302"


def asked(fact: Fact) -> str:
    return f"{fact.key}@some-programme" if fact.per_programme else fact.key


@pytest.mark.parametrize("kind", CaseKind)
def test_a_kind_of_case_has_the_facts_of_its_subjects_and_no_others(kind: CaseKind) -> None:
    facts = case_source(kind, NOW, FULL).facts
    assert {fact for fact in CATALOGUE if asked(fact) in facts} == {
        fact for fact in CATALOGUE if fact.subject in _SUBJECTS[kind]
    }
    assert facts["institution.filed"].value is institution_version.c.filed


def test_every_code_of_an_enum_fits_its_column() -> None:
    for fact in CATALOGUE:
        kind = column_type(fact)
        if isinstance(kind, String) and fact.type is FactType.ENUM:
            assert max(map(len, fact.codes)) <= (kind.length or 0)


def test_every_stored_fact_has_a_column_of_its_own() -> None:
    for subject in Subject:
        names = [column_name(fact) for fact in stored_facts(subject)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", CaseKind)
def test_cases_are_counted_once_each(session: Session, kind: CaseKind) -> None:
    population = populate(Random(5), 20)
    population.insert(session)
    for known_at in (None, RECORDED[0], RECORDED[1], datetime(2025, 1, 1, tzinfo=UTC)):
        moment = Moment(NOW.as_of, known_at)
        source = case_source(kind, moment, FULL)
        counted = session.scalar(select(func.count()).select_from(source.rows))
        assert counted == len(population.facts(kind, moment))
        counted = session.scalar(select(func.count()).select_from(case_select(source, FULL).subquery()))
        assert counted == len(population.facts(kind, moment))


def test_only_needs_that_are_open_want_something(session: Session) -> None:
    population = populate(Random(6), 4)
    population.insert(session)
    needs = population.of(CaseKind.NEED)
    for noun, status in zip(needs, ("open", "met", "withdrawn", "open"), strict=True):
        session.get_one(Need, noun.id).status = status
    session.flush()
    source = case_source(CaseKind.NEED, NOW, FULL)
    wanting = session.scalars(select(source.id).select_from(source.rows).where(source.open)).all()
    assert set(wanting) == {needs[0].id, needs[3].id}
    others = [case_source(kind, NOW, FULL) for kind in CaseKind if kind is not CaseKind.NEED]
    assert all(len(session.scalars(select(one.id).select_from(one.rows).where(one.open)).all()) == 4 for one in others)


def test_the_candidates_of_a_county_are_found_by_its_index(session: Session) -> None:
    _many_institutions(session, 12_000)
    for kind, known_at in product((CaseKind.INSTITUTION, CaseKind.NEED), (None, datetime(2026, 6, 1, tzinfo=UTC))):
        source = case_source(kind, Moment(NOW.as_of, known_at), FULL)
        verdict = rule_sql(bind(_RULE, NOW.as_of, NO_PARAMETERS), source.facts)
        plan = _plan(session, case_select(source, Scope.of_region(_COUNTY)).where(verdict))
        assert f"ix_{kind}_region_code_id" in plan
        # SQLite looks everything else up too; PostgreSQL may hash a table as small as this one.
        assert "SCAN" not in plan


def _many_institutions(session: Session, size: int) -> None:
    """Institutions with a need each, spread evenly over many counties; nothing but what the rule asks is known."""
    counties = [f"14{city:02d}{county:02d}" for city in range(1, 12) for county in range(1, 12)]
    keys = [(new_key(), new_key(), counties[at % len(counties)]) for at in range(size)]
    noun: dict[str, Any] = {"created_at": RECORDED[0]}
    session.execute(
        insert(Institution),
        [
            noun | {"id": key, "region_code": county, "name": "虚构", "provisional_number": key.hex}
            for key, _, county in keys
        ],
    )
    version: dict[str, Any] = {"recorded_from": RECORDED[0], "checked": (), "registry": ()}
    known = version | {"name": "虚构" * 40, "filed": True, "beds_total": 120}
    session.execute(insert(institution_version), [known | {"institution_id": key} for key, _, _ in keys])
    needs = [noun | {"id": need, "institution_id": key, "region_code": county} for key, need, county in keys]
    session.execute(insert(Need), needs)
    session.execute(insert(need_version), [version | {"need_id": need} for _, need, _ in keys])
    session.execute(text("ANALYZE"))


def _plan(session: Session, query: Select[Any]) -> str:
    dialect = session.get_bind().dialect
    statement = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if dialect.name == "sqlite" else "EXPLAIN"
    return "\n".join(str(row[-1]) for row in session.connection().exec_driver_sql(f"{explain} {statement}"))
