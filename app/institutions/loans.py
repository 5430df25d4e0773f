"""Loans that an institution already has, with their terms. A loan lies where its institution does."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.institutions.checks import loan_errors
from app.institutions.facts import Change, Statement, fact_row, merged, read_changes, recorded_facts, values_of
from app.institutions.history import LOAN, Recorded, begin
from app.institutions.loan_terms import loan_of_terms, read_terms, stored_terms, with_terms, without_terms
from app.institutions.own_words import own_words_errors
from app.institutions.parts import amend_part, project_errors_of
from app.institutions.queries import get_institution
from app.institutions.refusals import refuse
from app.institutions.register import day_of
from app.institutions.schemas import LoanIn, LoanPatch
from app.rules.facts import Subject
from app.subsidy import Loan


def add_loan(session: Session, institution_id: UUID, body: LoanIn, scope: Scope, now: datetime) -> UUID:
    """Write a new loan. Raises InstitutionNotFound or RegistryRefused."""
    owner = get_institution(session, institution_id, scope)
    changes = read_changes(Subject.LOAN, body.facts, day_of(now))
    terms = None if body.terms is None else read_terms(body.terms)
    wrong_project = project_errors_of(session, institution_id, body.project_id, scope)
    refuse(wrong_project)
    header: dict[str, Any] = {
        "institution_id": institution_id,
        "project_id": body.project_id,
        "region_code": owner.header["region_code"],
        "lender": body.lender,
        "contract_number": body.contract_number,
    }
    return begin(session, LOAN, header, _version({}, changes, terms, scope, now, renewed=True), now)


def amend_loan(session: Session, seen: Recorded, body: LoanPatch, scope: Scope, now: datetime) -> None:
    """Record what changes. Raises RegistryRefused or VersionStale."""
    changes = read_changes(Subject.LOAN, body.facts, day_of(now))
    asked = body.model_fields_set
    renewed = "terms" in asked
    terms = _terms_after(seen, body, renewed=renewed)
    project_id = body.project_id if "project_id" in asked else seen.header["project_id"]
    # What is not written stays, even a project that lies beyond the caller's region.
    refuse(project_errors_of(session, seen.header["institution_id"], body.project_id, scope))
    header = {
        "project_id": project_id,
        "lender": body.lender or seen.header["lender"],
        "contract_number": body.contract_number if "contract_number" in asked else seen.header["contract_number"],
    }
    before = recorded_facts(Subject.LOAN, seen.facts)
    amend_part(session, LOAN, seen, header, _version(before, changes, terms, scope, now, renewed=renewed), now)


def _terms_after(seen: Recorded, body: LoanPatch, *, renewed: bool) -> Loan | None:
    if renewed:
        return None if body.terms is None else read_terms(body.terms)
    stored = seen.facts["terms"]
    return None if stored is None else loan_of_terms(stored)


def _version(
    before: dict[str, Statement],
    changes: dict[str, Change],
    terms: Loan | None,
    scope: Scope,
    now: datetime,
    *,
    renewed: bool,
) -> dict[str, Any]:
    """The version row: terms, what follows from them, and what is stated beside them. Raises RegistryRefused."""
    today, facts = day_of(now), merged(before, changes)
    stated = facts
    if terms is not None:
        facts, contradicting = with_terms(facts, changes, terms, today, renewed=renewed)
        refuse(contradicting)
    elif renewed:
        facts = without_terms(facts, changes)
    # A balance moves with the days; that is nobody's word. New terms are the caller's, with all that follows from them.
    limits = own_words_errors(before, facts if renewed else stated, scope)
    refuse([*loan_errors(values_of(facts), today), *limits])
    return {"terms": None if terms is None else stored_terms(terms), **fact_row(Subject.LOAN, facts)}
