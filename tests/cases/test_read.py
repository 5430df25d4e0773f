"""Cases are read exactly as they were written: facts, provenance, attestations, at every moment and within scope."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from random import Random
from typing import Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from app.access.scope import FULL, Scope
from app.cases.read import case_select, find_case, read_cases
from app.cases.select import CaseKind, Moment, case_source
from app.rules import Provenance, Truth, evaluate, parse
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.rules.values import read_value
from tests.cases.population import KNOWN_AT, RECORDED, Registry, Written, populate, registry_of
from tests.databases import Databases
from tests.rules.strategies import DAYS, PROGRAMME

MOMENTS: Final = [Moment(day, known_at) for day in DAYS[::2] for known_at in KNOWN_AT]
NOW: Final = Moment(DAYS[-2])


@pytest.fixture(scope="module")
def registry(databases: Databases) -> Iterator[Registry]:
    with registry_of(databases, populate(Random(37), 60)) as registry:
        yield registry


@pytest.fixture
def session(registry: Registry) -> Iterator[Session]:
    with registry.database.reading() as session:
        yield session


def in_scope(session: Session, kind: CaseKind, scope: Scope) -> set[UUID]:
    source = case_source(kind, NOW, FULL)
    return {case.id for case in read_cases(session, source, case_select(source, scope))}


def written(registry: Registry, kind: CaseKind, moment: Moment) -> dict[UUID, Written]:
    return registry.population.facts(kind, moment)


@pytest.mark.parametrize("kind", CaseKind)
def test_every_case_states_what_was_recorded_of_it_at_every_moment(registry: Registry, kind: CaseKind) -> None:
    for moment in MOMENTS:
        cases = registry.cases(kind, moment)
        assert {case.id: case.facts.stated for case in cases} == written(registry, kind, moment)
        assert len({case.id for case in cases}) == len(cases)


def test_what_is_known_after_the_last_change_is_what_is_known_now(registry: Registry) -> None:
    for kind, day in product(CaseKind, DAYS[::2]):
        then, now = (registry.cases(kind, Moment(day, known_at)) for known_at in (KNOWN_AT[-1], None))
        assert {case.id: case for case in then} == {case.id: case for case in now}


def test_the_moments_differ(registry: Registry) -> None:
    """Else the test above would prove nothing of the past, of attestations that end, or of missing facts."""
    for kind in CaseKind:
        seen = [written(registry, kind, moment) for moment in MOMENTS if moment.known_at != KNOWN_AT[-1]]
        assert all(left != right for at, left in enumerate(seen) for right in seen[:at])
        assert len({len(facts) for facts in seen}) > 1
    everything = [facts for kind in CaseKind for facts in written(registry, kind, NOW).values()]
    assert {one.provenance for facts in everything for one in facts.values()} == set(Provenance) - {Provenance.ASSUMED}
    asked = {fact.key for fact in CATALOGUE if not fact.per_programme}
    assert asked <= {key for facts in everything for key in facts}
    assert not any(asked <= facts.keys() for facts in everything)


@pytest.mark.parametrize("kind", CaseKind)
def test_values_are_those_that_rules_are_written_with(registry: Registry, kind: CaseKind) -> None:
    """Decimals, dates, sets and codes come back as the catalogue reads them, and only known ones."""
    for case in registry.cases(kind, NOW):
        for key, value in case.facts.values.items():
            assert value == read_value(CATALOGUE[key], value)
            assert type(value) is type(read_value(CATALOGUE[key], value))
        assert case.facts.values == {key: one.value for key, one in case.facts.stated.items()}


@pytest.mark.parametrize("kind", CaseKind)
def test_checked_facts_are_those_that_an_office_or_a_registry_vouches_for(registry: Registry, kind: CaseKind) -> None:
    for case in registry.cases(kind, NOW):
        declared = {key for key, one in case.facts.stated.items() if one.provenance is Provenance.DECLARED}
        assert case.facts.checked == case.facts.stated.keys() - declared
        assert declared


@pytest.mark.parametrize("kind", CaseKind)
def test_a_case_says_whose_it_is_and_where(registry: Registry, kind: CaseKind) -> None:
    nouns = {noun.id: noun for noun in registry.population.of(kind)}
    for case in registry.cases(kind, NOW):
        noun = nouns[case.id]
        project = noun if noun.subject is Subject.PROJECT else noun.project
        assert case.kind is kind
        assert case.institution_id == (noun.institution or noun).id
        assert case.project_id == (project.id if project else None)
        assert case.region_code == noun.region_code
        assert case.name.startswith("虚构")


@pytest.mark.parametrize("kind", CaseKind)
@pytest.mark.parametrize("code", ["140000", "140300", "140302", "110000", "530000"])
def test_a_region_scope_holds_for_every_kind_of_case(
    registry: Registry, session: Session, kind: CaseKind, code: str
) -> None:
    prefix = {"140000": "14", "140300": "1403", "140302": "140302", "110000": "11", "530000": "53"}[code]
    wanted = {noun.id for noun in registry.population.of(kind) if noun.region_code.startswith(prefix)}
    assert in_scope(session, kind, Scope.of_region(code)) == wanted
    assert bool(wanted) is (code != "530000")
    assert in_scope(session, kind, FULL) == {noun.id for noun in registry.population.of(kind)}


@pytest.mark.parametrize("kind", CaseKind)
def test_an_institution_sees_its_own_cases_and_no_others(registry: Registry, session: Session, kind: CaseKind) -> None:
    for owner in registry.population.of(CaseKind.INSTITUTION)[:10]:
        own = [noun for noun in registry.population.of(kind) if (noun.institution or noun) is owner]
        assert in_scope(session, kind, Scope("", owner.id)) == {noun.id for noun in own}
        here = {noun.id for noun in own if noun.region_code.startswith("1403")}
        assert in_scope(session, kind, Scope("1403", owner.id)) == here


@pytest.mark.parametrize("kind", CaseKind)
def test_one_case_is_found_within_scope_only(registry: Registry, session: Session, kind: CaseKind) -> None:
    case = registry.cases(kind, NOW)[0]
    assert find_case(session, kind, case.id, NOW, FULL) == case
    assert find_case(session, kind, case.id, NOW, Scope(case.region_code)) == case
    assert find_case(session, kind, case.id, NOW, Scope("", case.institution_id)) == case
    assert find_case(session, kind, case.id, NOW, Scope("53")) is None
    assert find_case(session, kind, case.id, NOW, Scope("", uuid4())) is None
    assert find_case(session, kind, uuid4(), NOW, FULL) is None
    before = Moment(NOW.as_of, RECORDED[0] - timedelta(days=1))
    assert find_case(session, kind, case.id, before, FULL) is None


def test_cases_come_in_the_order_that_is_asked(registry: Registry, session: Session) -> None:
    source = case_source(CaseKind.LOAN, NOW, FULL)
    query = case_select(source, FULL).order_by(source.region.desc(), source.id.desc()).limit(20)
    cases = read_cases(session, source, query)
    everyone = sorted(((case.region_code, case.id) for case in registry.cases(CaseKind.LOAN, NOW)), reverse=True)
    assert [(case.region_code, case.id) for case in cases] == everyone[:20]


def test_no_case_is_an_answer_too(session: Session) -> None:
    source = case_source(CaseKind.NEED, NOW, FULL)
    assert read_cases(session, source, case_select(source, FULL).where(source.id == uuid4())) == []


def test_the_attestation_of_one_programme_never_passes_another(registry: Registry) -> None:
    rule = parse({"op": "attested", "fact": "project.meets_detailed_rules", "programme": PROGRAMME})
    other = "project.meets_detailed_rules@wenlv-incentive"
    lacking = [
        case.facts
        for case in registry.cases(CaseKind.PROJECT, NOW)
        if case.facts.values.get(other) is True and f"project.meets_detailed_rules@{PROGRAMME}" not in case.facts.values
    ]
    assert lacking
    assert all(evaluate(rule, facts, NOW.as_of) is Truth.UNKNOWN for facts in lacking)
    granted = {evaluate(rule, case.facts, NOW.as_of) for case in registry.cases(CaseKind.PROJECT, NOW)}
    assert granted == set(Truth)


def test_what_is_attested_of_an_institution_says_nothing_of_its_project(registry: Registry) -> None:
    institutions = {noun.id for noun in registry.population.of(CaseKind.INSTITUTION)}
    attested = [one for one in registry.population.attested if one.subject_id in institutions and one.counts(NOW)]
    assert any(one.fact.startswith("project.") for one in attested)
    cases = registry.cases(CaseKind.INSTITUTION, NOW)
    assert not any(key.startswith("project.") for case in cases for key in case.facts.values)
    assert any(CATALOGUE[key].type is FactType.ATTESTATION for case in cases for key in case.facts.values)
