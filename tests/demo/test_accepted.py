"""The registry itself would have taken every row of the sample: its own functions register it all over again."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from app.access.scope import FULL
from app.demo.households import Household
from app.demo.load import households_of
from app.demo.models import Sample
from app.institutions.attestations import attest
from app.institutions.bulk import NewLoan
from app.institutions.facts import Statement, written
from app.institutions.loan_terms import stored_terms
from app.institutions.loans import add_loan
from app.institutions.needs import add_need
from app.institutions.places import is_zone
from app.institutions.projects import add_project
from app.institutions.register import register
from app.institutions.schemas import AttestationIn, InstitutionIn, LoanIn, NeedIn, ProjectIn
from app.rules.catalogue import CATALOGUE
from app.store.engine import Database
from app.store.tables import Attestation, Institution, Loan, Need, Project
from tests.demo.conftest import SEED

SIZE = 500


def facts(statements: Mapping[str, Statement]) -> dict[str, Any]:
    """As a request writes them."""
    return {
        key: {
            "value": written(CATALOGUE[key], one.value),
            "provenance": one.provenance.value,
            "on": None if one.on is None else one.on.isoformat(),
            "by": one.by,
        }
        for key, one in statements.items()
    }


def zone(statements: Mapping[str, Statement], key: str) -> bool | None:
    return is_zone(str(statements[key].value)) or None


def loan_body(loan: NewLoan, project: Any) -> LoanIn:
    assert loan.terms is not None
    terms = stored_terms(loan.terms)
    rate = terms.pop("contract_rate")
    if "percent" in rate:
        terms["contract_rate_percent"] = rate["percent"]
    else:
        terms["contract_rate"] = {**rate, "basis_points": int(rate["basis_points"])}
    said = {"lender": loan.lender, "contract_number": loan.contract_number, "project_id": project}
    return LoanIn.model_validate({**said, "terms": terms, "facts": facts(loan.facts)})


def test_every_row_passes_the_checks_of_the_routes(empty_province: Database, sample: Sample) -> None:
    made = households_of(sample, SEED)
    households = [made.make(number) for number in range(SIZE)]
    with empty_province.writing() as session:
        for one in households:
            _register(session, one, sample)
        written_rows = {
            noun: session.scalar(select(func.count()).select_from(noun))
            for noun in (Institution, Project, Need, Loan, Attestation)
        }

    assert written_rows == {
        Institution: SIZE,
        Project: sum(len(one.projects) for one in households),
        Need: sum(len(one.needs) for one in households),
        Loan: sum(len(one.loans) for one in households),
        Attestation: sum(len(one.attestations) for one in households),
    }
    assert min(count or 0 for count in written_rows.values()) > 20


def _register(session: Any, one: Household, sample: Sample) -> None:
    """Post a household as a clerk would, on the day of the sample."""
    at, new = sample.province.recorded_at, one.institution
    body = {
        "name": new.name,
        "uscc": new.uscc,
        "site_number": new.site_number,
        "zone": zone(new.facts, "institution.region_code"),
        "facts": facts(new.facts),
        **(new.contact or {}),
    }
    owner = register(session, InstitutionIn.model_validate(body), FULL, at)
    project = None
    for planned in one.projects:
        region = zone(planned.facts, "project.region_code")
        asked = ProjectIn.model_validate({"name": planned.name, "zone": region, "facts": facts(planned.facts)})
        project = add_project(session, owner, asked, FULL, at)
    for need in one.needs:
        wanted = {"project_id": project if need.project_id else None, "facts": facts(need.facts)}
        add_need(session, owner, NeedIn.model_validate(wanted), FULL, at)
    for loan in one.loans:
        add_loan(session, owner, loan_body(loan, project if loan.project_id else None), FULL, at)
    for row in one.attestations:
        said = {name: row[name] for name in ("fact", "granted", "office", "person", "evidence")}
        days = {name: row[name] and row[name].isoformat() for name in ("attested_on", "valid_until")}
        of = {"programme": row["programme"] or None, "project_id": project if row["project_id"] else None}
        attest(session, owner, AttestationIn.model_validate({**said, **days, **of}), FULL, at)
