"""Projects over HTTP."""

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
from app.institutions.answers import project_out
from app.institutions.history import PROJECT
from app.institutions.parts import get_part, list_parts
from app.institutions.projects import add_project, amend_project
from app.institutions.refusals import InstitutionNotFound, ProjectNotFound, RegistryRefused
from app.institutions.routes import InstitutionId, KnownAt
from app.institutions.schemas import ProjectIn, ProjectListOut, ProjectOut, ProjectPatch
from app.institutions.shown import part_shown, parts_shown
from app.store.pages import CursorRefused

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

_LIST = "/institutions/{institution_id}/projects"
_ONE = _LIST + "/{project_id}"
ProjectId = Annotated[UUID, Path(description="项目编号")]


@router.post(
    _LIST,
    operation_id="add_project",
    summary="登记项目",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, RegistryRefused)
    | linked(201, list_matches={"institution_id": "$request.path.institution_id", "project": "$response.body#/id"}),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def add(
    session: Session, response: Response, scope: InScope, institution_id: InstitutionId, body: ProjectIn
) -> ProjectOut:
    """A new project with its facts."""
    key = add_project(session, institution_id, body, scope, now())
    answer = project_out(get_part(session, PROJECT, institution_id, key, scope))
    set_etag(response, answer.version)
    response.headers["Location"] = f"/api/v1/institutions/{institution_id}/projects/{key}"
    return answer


@router.get(
    _LIST,
    operation_id="list_projects",
    summary="一个机构的项目",
    responses=problem_responses(InstitutionNotFound, CursorRefused),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_all(
    session: Session, scope: InScope, paging: Paged, institution_id: InstitutionId, known_at: KnownAt = None
) -> ProjectListOut:
    """In the order of registration."""
    found, next_cursor, total = list_parts(session, PROJECT, institution_id, scope, paging, known_at)
    return ProjectListOut(
        items=parts_shown(session, institution_id, scope, found, project_out), next_cursor=next_cursor, total=total
    )


@router.get(
    _ONE,
    operation_id="get_project",
    summary="项目的全部事实；known_at 回看当时的记录",
    responses=problem_responses(InstitutionNotFound, ProjectNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def get_one(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    project_id: ProjectId,
    known_at: KnownAt = None,
) -> ProjectOut:
    """What is on record."""
    one = get_part(session, PROJECT, institution_id, project_id, scope, known_at)
    answer = part_shown(session, institution_id, scope, one, project_out)
    set_etag(response, answer.version)
    return answer


@router.patch(
    _ONE,
    operation_id="amend_project",
    summary="更新项目；旧记录保留",
    responses=problem_responses(InstitutionNotFound, ProjectNotFound, RegistryRefused, VersionRequired, VersionStale),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def amend(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    project_id: ProjectId,
    body: ProjectPatch,
    if_match: IfMatch = None,
) -> ProjectOut:
    """A new version of the facts; the one before stays on record."""
    seen = get_part(session, PROJECT, institution_id, project_id, scope)
    check_version(if_match, seen.version)
    amend_project(session, seen, body, scope, now())
    answer = project_out(get_part(session, PROJECT, institution_id, project_id, scope))
    set_etag(response, answer.version)
    return answer
