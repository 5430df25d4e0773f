"""Loans over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.institutions.answers import loan_out
from app.institutions.history import LOAN
from app.institutions.loans import add_loan, amend_loan
from app.institutions.parts import get_part, list_parts
from app.institutions.refusals import InstitutionNotFound, LoanNotFound, RegistryRefused
from app.institutions.routes import InstitutionId, KnownAt
from app.institutions.schemas import LoanIn, LoanListOut, LoanOut, LoanPatch
from app.institutions.shown import part_shown, parts_shown
from app.store.pages import CursorRefused

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

_LIST = "/institutions/{institution_id}/loans"
_ONE = _LIST + "/{loan_id}"
LoanId = Annotated[UUID, Path(description="贷款编号")]


@router.post(
    _LIST,
    operation_id="add_loan",
    summary="登记贷款",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, RegistryRefused)
    | linked(201, list_matches={"institution_id": "$request.path.institution_id", "loan": "$response.body#/id"}),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def add(session: Session, response: Response, scope: InScope, institution_id: InstitutionId, body: LoanIn) -> LoanOut:
    """A new loan with its facts."""
    key = add_loan(session, institution_id, body, scope, now())
    answer = loan_out(get_part(session, LOAN, institution_id, key, scope))
    set_etag(response, answer.version)
    response.headers["Location"] = f"/api/v1/institutions/{institution_id}/loans/{key}"
    return answer


@router.get(
    _LIST,
    operation_id="list_loans",
    summary="一个机构的贷款",
    responses=problem_responses(InstitutionNotFound, CursorRefused),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_all(
    session: Session, scope: InScope, paging: Paged, institution_id: InstitutionId, known_at: KnownAt = None
) -> LoanListOut:
    """In the order of registration."""
    found, next_cursor, total = list_parts(session, LOAN, institution_id, scope, paging, known_at)
    return LoanListOut(
        items=parts_shown(session, institution_id, scope, found, loan_out), next_cursor=next_cursor, total=total
    )


@router.get(
    _ONE,
    operation_id="get_loan",
    summary="贷款的全部事实；known_at 回看当时的记录",
    responses=problem_responses(InstitutionNotFound, LoanNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def get_one(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    loan_id: LoanId,
    known_at: KnownAt = None,
) -> LoanOut:
    """What is on record."""
    one = get_part(session, LOAN, institution_id, loan_id, scope, known_at)
    answer = part_shown(session, institution_id, scope, one, loan_out)
    set_etag(response, answer.version)
    return answer


@router.patch(
    _ONE,
    operation_id="amend_loan",
    summary="更新贷款；旧记录保留",
    responses=problem_responses(InstitutionNotFound, LoanNotFound, RegistryRefused, VersionRequired, VersionStale),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def amend(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    loan_id: LoanId,
    body: LoanPatch,
    if_match: IfMatch = None,
) -> LoanOut:
    """A new version of the facts; the one before stays on record."""
    seen = get_part(session, LOAN, institution_id, loan_id, scope)
    check_version(if_match, seen.version)
    amend_loan(session, seen, body, scope, now())
    answer = loan_out(get_part(session, LOAN, institution_id, loan_id, scope))
    set_etag(response, answer.version)
    return answer
