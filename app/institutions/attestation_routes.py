"""Attestations over HTTP."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.institutions.answers import attestation_out
from app.institutions.attestations import attest, get_attestation, list_attestations
from app.institutions.refusals import AttestationNotFound, AttestedMeanwhile, InstitutionNotFound, RegistryRefused
from app.institutions.routes import InstitutionId
from app.institutions.schemas import AttestationIn, AttestationListOut, AttestationOut
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import Attestation

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

_LIST: Final = "/institutions/{institution_id}/attestations"
_ORDER: Final = (Key(Attestation.id, descending=True),)


@router.post(
    _LIST,
    operation_id="add_attestation",
    summary="记录主管部门的认定；同一事项的旧认定随之结束",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, RegistryRefused, AttestedMeanwhile),
)
@permits(Permission.ATTEST)
@writes
def add(
    session: Session, response: Response, scope: InScope, institution_id: InstitutionId, body: AttestationIn
) -> AttestationOut:
    """A new attestation of the institution or of one of its projects."""
    key = attest(session, institution_id, body, scope, now())
    response.headers["Location"] = f"/api/v1/institutions/{institution_id}/attestations/{key}"
    return attestation_out(get_attestation(session, institution_id, key, scope))


@router.get(
    _LIST,
    operation_id="list_attestations",
    summary="一个机构及其项目的认定，新的在前",
    responses=problem_responses(InstitutionNotFound, CursorRefused),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    institution_id: InstitutionId,
    project_id: Annotated[UUID | None, Query(description="只看一个项目的认定")] = None,
    closed: Annotated[bool, Query(description="是否包括已被取代的认定")] = False,
) -> AttestationListOut:
    """Those in force, and on request those that later ones have replaced."""
    query = list_attestations(session, institution_id, scope, project_id=project_id, closed=closed)
    page = paging.pages.take(session, query, _ORDER, paging.asked(project_id=project_id, closed=closed))
    paging.link(page.next_cursor)
    return AttestationListOut(
        items=[attestation_out(row._mapping, with_evidence=scope.bank_id is None) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _LIST + "/{attestation_id}",
    operation_id="get_attestation",
    summary="一条认定",
    responses=problem_responses(InstitutionNotFound, AttestationNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def get_one(
    session: Session,
    scope: InScope,
    institution_id: InstitutionId,
    attestation_id: Annotated[UUID, Path(description="认定编号")],
) -> AttestationOut:
    """An attestation, in force or replaced."""
    row = get_attestation(session, institution_id, attestation_id, scope)
    return attestation_out(row, with_evidence=scope.bank_id is None)
