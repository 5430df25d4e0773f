"""A province that could be: everywhere something, nothing known of everybody, and nobody real."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.orm import Session
from stdnum.cn import uscc

from app.demo.load import DEFAULT_SIZE
from app.demo.numbers import RESERVED
from app.demo.places import city_of
from app.institutions.history import INSTITUTION, LOAN, NEED, PROJECT
from app.institutions.places import is_zone
from app.regions import Level, regions
from app.rules.facts import Fact, FactType, Subject
from app.store.engine import Database
from app.store.fact_columns import CHECKED, REGISTRY, column_name, stored_facts
from app.store.tables import (
    Attestation,
    Bank,
    Institution,
    Loan,
    Need,
    Project,
    institution_version,
    loan_version,
    need_version,
    project_version,
)

COUNTIES = {code for code, region in regions().items() if region.level is Level.COUNTY}
VERSIONS = {
    Subject.INSTITUTION: institution_version,
    Subject.PROJECT: project_version,
    Subject.NEED: need_version,
    Subject.LOAN: loan_version,
}
FACTS = [fact for subject in VERSIONS for fact in stored_facts(subject)]


@pytest.fixture
def session(province: Database) -> Iterator[Session]:
    with province.reading() as session:
        yield session


def versions(session: Session, table: Table) -> list[RowMapping]:
    return list(session.execute(select(table)).mappings())


def institutions(session: Session) -> list[Institution]:
    return list(session.scalars(select(Institution).order_by(Institution.id)))


def count(session: Session, noun: Any) -> int:
    return session.scalar(select(func.count()).select_from(noun)) or 0


def test_every_county_has_institutions_and_large_cities_have_more(session: Session) -> None:
    found = Counter(one.region_code for one in institutions(session))
    cities = Counter(city_of(one.region_code) for one in institutions(session))

    assert found.keys() >= COUNTIES
    assert cities.total() == DEFAULT_SIZE
    assert max(cities, key=cities.__getitem__) in {"140100", "140800"}
    assert min(cities, key=cities.__getitem__) in {"140300", "140600"}


def test_some_lie_in_development_zones(session: Session) -> None:
    zones = [one for one in institutions(session) if is_zone(one.region_code)]

    assert 0.01 < len(zones) / DEFAULT_SIZE < 0.05
    assert all("开发区" in one.name for one in zones)


def test_every_code_checks_and_lies_in_the_reserved_range(session: Session) -> None:
    codes = [one.uscc for one in institutions(session) if one.uscc]

    assert [code for code in codes if not (uscc.is_valid(code) and RESERVED.fullmatch(code))] == []
    assert 0.8 < len(codes) / DEFAULT_SIZE < 0.95
    assert all(one.provisional_number for one in institutions(session) if not one.uscc)


def test_some_bodies_run_several_sites(session: Session) -> None:
    sites = Counter(one.uscc for one in institutions(session) if one.uscc)
    further = [one for one in institutions(session) if one.site_number > 1]

    assert len(further) == sum(number - 1 for number in sites.values())
    assert 0.01 < len(further) / DEFAULT_SIZE < 0.06
    assert all(f"第{one.site_number}院区" in one.name for one in further)


def test_every_name_says_that_it_is_fictional(session: Session) -> None:
    names = [*session.scalars(select(Institution.name)), *session.scalars(select(Project.name))]
    people = [
        row[name]
        for row in versions(session, institution_version)
        for name in ("address", "legal_representative", "contact_person")
    ]
    others = [*session.scalars(select(Bank.name)), *session.scalars(select(Loan.lender))]
    said = [*session.scalars(select(Attestation.office)), *session.scalars(select(Attestation.person))]

    assert [one for one in (*names, *people, *others, *said) if "虚构" not in one] == []
    assert all(name.startswith("虚构·") for name in names)
    assert len(set(names)) > 0.9 * len(names)


def test_no_telephone_rings(session: Session) -> None:
    # No subscriber's number begins with four noughts.
    assert all("-0000" in row["telephone"] for row in versions(session, institution_version))


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.key)
def test_every_fact_is_known_of_some_and_unknown_of_others(session: Session, fact: Fact) -> None:
    rows = versions(session, VERSIONS[fact.subject])
    known = [row[column_name(fact)] for row in rows if row[column_name(fact)] is not None]

    assert known
    if fact.type is FactType.REGION or fact.key in FOLLOWS_FROM_TERMS:
        assert len(known) == len(rows)
        return
    assert len(known) < len(rows)
    if fact.key not in SPARSE | NOT_FOR_ALL:
        assert 0.55 < len(known) / len(rows) < 0.95
    if fact.type in {FactType.BOOL, FactType.ENUM}:
        assert len(set(known)) > 1


# What the terms of a loan say is never unknown, since every loan of the sample has terms.
FOLLOWS_FROM_TERMS = {
    "loan.principal_yuan",
    "loan.drawn_on",
    "loan.due_on",
    "loan.project_share_percent",
    "loan.extended",
    "loan.other_interest_subsidy",
}
# Facts of traders, of those with beds, of the filed, of schools; a ratio needs assets and liabilities.
NOT_FOR_ALL = {
    "institution.filed_on",
    "institution.grade",
    "institution.grade_until",
    "institution.food_licence_until",
    "institution.medical_integration",
    "institution.enterprise_size",
    "institution.tax_credit_grade",
    "institution.debt_ratio_percent",
    "project.approved_on",
    "loan.balance_yuan",
    "loan.contract_rate_percent",
}
SPARSE = {"institution.trainees", "institution.training_modes", "institution.trains_for_care_institutions"}


def test_there_are_projects_needs_loans_and_attestations_in_proportion(session: Session) -> None:
    shares = {noun: count(session, noun) / DEFAULT_SIZE for noun in (Project, Need, Loan)}
    attested = session.scalar(select(func.count(Attestation.subject_id.distinct()))) or 0

    assert 0.05 < shares[Project] < 0.11
    assert 0.3 < shares[Need] < 0.42
    assert 0.07 < shares[Loan] < 0.13
    assert 0.03 < attested / DEFAULT_SIZE < 0.1
    assert {one.project_id is None for one in session.scalars(select(Need))} == {True, False}
    assert {one.status for one in session.scalars(select(Need))} == {"open", "met", "withdrawn"}


def test_attestations_are_granted_refused_run_out_and_named_by_programme(session: Session) -> None:
    rows = list(session.scalars(select(Attestation)))

    assert {row.granted for row in rows} == {True, False}
    assert {bool(row.programme) for row in rows} == {True, False}
    assert {row.project_id is None for row in rows} == {True, False}
    assert any(row.valid_until and row.valid_until < row.recorded_from.date() for row in rows)


def test_some_facts_are_checked_some_come_from_registries(session: Session) -> None:
    rows = versions(session, institution_version)
    vouched = Counter(mask for row in rows for mask in (CHECKED, REGISTRY) if row[mask])

    assert 0.3 < vouched[CHECKED] / DEFAULT_SIZE < 0.6
    assert 0.7 < vouched[REGISTRY] / DEFAULT_SIZE < 1
    assert all(set(row[CHECKED]) <= set(row["sources"] or {}) for row in rows)


def test_the_white_list_holds_only_the_filed_and_safe(session: Session) -> None:
    listed = {one.id for one in institutions(session) if one.list_status == "listed"}
    rows = [row for row in versions(session, institution_version) if row["institution_id"] in listed]

    assert 0.02 < len(listed) / DEFAULT_SIZE < 0.12
    assert all(row["filed"] is not False and row["fire_safety_passed"] is not False for row in rows)


def test_figures_hang_together(session: Session) -> None:
    rows = versions(session, institution_version)
    owed = [row for row in rows if row["total_assets_yuan"] is not None and row["total_liabilities_yuan"] is not None]
    cared = [row for row in rows if row["beds_total"] is not None and row["beds_nursing"] is not None]

    assert len(owed) > DEFAULT_SIZE / 2
    assert all(
        abs(row["debt_ratio_percent"] * row["total_assets_yuan"] / 100 - row["total_liabilities_yuan"])
        <= row["total_assets_yuan"] / 10_000
        for row in owed
    )
    assert all(row["beds_nursing"] <= row["beds_total"] for row in cared)
    assert 20 < sum(row["beds_total"] for row in cared if row["beds_total"]) / len(cared) < 200


def test_every_version_repeats_what_its_header_says(session: Session) -> None:
    for noun in (INSTITUTION, PROJECT, NEED, LOAN):
        headers = {row["id"]: row for row in session.execute(select(noun.table)).mappings()}
        rows = versions(session, noun.versions)

        assert len(rows) == len(headers) > 0
        assert noun.repeated
        for row in rows:
            header = headers[row[noun.owner]]
            assert {name: row[name] for name in noun.repeated} == {name: header[name] for name in noun.repeated}
