"""Bulk writes leave what single ones would, and every value survives the database."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.institutions.bulk import (
    ROWS,
    NewLoan,
    NewNeed,
    NewProject,
    add_institutions,
    add_loans,
    add_needs,
    add_projects,
)
from app.institutions.facts import Statement, recorded_facts
from app.institutions.history import LOAN, NEED, PROJECT, find
from app.institutions.queries import LIST_ORDER, Filters, get_institution, list_institutions
from app.institutions.register import NewInstitution, register
from app.institutions.schemas import InstitutionIn
from app.rules.facts import Subject
from app.store.engine import Database
from app.store.pages import PageAsked, Pages, count_rows
from app.subsidy import FixedRate, Loan
from tests.institutions.registry import COUNTY, a_uscc
from tests.institutions.test_history import any_facts

NOW = datetime(2026, 9, 1, tzinfo=UTC)
HERE = {"institution.region_code": Statement(COUNTY)}


def found(session: Session, query: str) -> list[str]:
    page = Pages("fictional").take(session, list_institutions(Filters(q=query), FULL), LIST_ORDER, PageAsked({}))
    return [row.name for row in page.rows]


def test_a_row_of_many_is_the_row_of_one(session: Session) -> None:
    facts = {"institution.region_code": COUNTY, "institution.total_assets_yuan": "300", "institution.beds_total": 7}
    single = register(session, InstitutionIn(name="虚构单个养老院", facts=facts), FULL, NOW)
    stated = {
        **HERE,
        "institution.total_assets_yuan": Statement(Decimal(300)),
        "institution.beds_total": Statement(7),
    }
    (bulk,) = add_institutions(session, [NewInstitution("虚构批量养老院", stated)], NOW)
    one, other = (get_institution(session, key, FULL) for key in (single, bulk))
    own = {"id", "institution_id", "name"}
    assert {k: v for k, v in one.facts.items() if k not in own} == {
        k: v for k, v in other.facts.items() if k not in own
    }
    assert (one.header["provisional_number"], other.header["provisional_number"]) == (
        "P14010520260001",
        "P14010520260002",
    )
    assert found(session, "批量") == found(session, "piliang") == ["虚构批量养老院"]


def test_the_debt_ratio_is_derived_in_bulk_too(session: Session) -> None:
    parts = {"total_assets_yuan": Decimal(300), "total_liabilities_yuan": Decimal(100)}
    facts = HERE | {f"institution.{name}": Statement(value) for name, value in parts.items()}
    (key,) = add_institutions(session, [NewInstitution("虚构养老院", facts, a_uscc())], NOW)
    assert get_institution(session, key, FULL).facts["debt_ratio_percent"] == Decimal("33.33")


def test_more_than_one_group_is_written_whole_and_in_order(fresh_database: Database) -> None:
    names = [f"虚构{serial}号院" for serial in range(ROWS + 5)]
    with fresh_database.writing() as session:
        keys = add_institutions(session, (NewInstitution(name, HERE) for name in names), NOW)
    with fresh_database.reading() as session:
        assert count_rows(session, list_institutions(Filters(), FULL)) == ROWS + 5
        last = get_institution(session, keys[-1], FULL)
        assert (last.header["name"], last.header["provisional_number"]) == (names[-1], f"P1401052026{ROWS + 5}")


def test_projects_needs_and_loans_come_with_their_facts(session: Session) -> None:
    (owner,) = add_institutions(session, [NewInstitution("虚构养老院", HERE)], NOW)
    place = {"project.region_code": Statement("140106")}
    (project,) = add_projects(session, [NewProject(owner, "虚构项目", place)], NOW)
    amount = {"need.amount_yuan": Statement(Decimal(500))}
    (need,) = add_needs(session, [NewNeed(owner, COUNTY, amount, project)], NOW)
    terms = Loan(
        principal_yuan=Decimal(1000),
        drawn_on=date(2026, 1, 1),
        due_on=date(2027, 1, 1),
        contract_rate=FixedRate(percent=Decimal("4.45")),
    )
    (loan,) = add_loans(session, [NewLoan(owner, COUNTY, "虚构银行", terms)], NOW)
    rows = [
        find(session, noun, noun.table.c.id == key) for noun, key in ((PROJECT, project), (NEED, need), (LOAN, loan))
    ]
    assert None not in rows
    assert [row.header["institution_id"] for row in rows if row] == [owner] * 3
    assert rows[2] is not None
    assert (rows[2].facts["balance_yuan"], rows[2].facts["contract_rate_percent"]) == (Decimal(1000), Decimal("4.45"))


@given(facts=any_facts(Subject.INSTITUTION))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_fact_survives_the_database(session: Session, facts: dict[str, Statement]) -> None:
    # Drawn at random, assets of a fen and debts of a trillion make a ratio that the checks refuse beforehand.
    derived = {"institution.debt_ratio_percent", "institution.total_liabilities_yuan"}
    given_facts = {key: one for key, one in facts.items() if key not in derived} | HERE
    (key,) = add_institutions(session, [NewInstitution("虚构养老院", given_facts)], NOW)
    read = recorded_facts(Subject.INSTITUTION, get_institution(session, key, FULL).facts)
    assert {key: one for key, one in read.items() if key not in derived} == given_facts
