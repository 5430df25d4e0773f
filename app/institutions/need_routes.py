"""Needs over HTTP."""

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
from app.http.unit_of_work import reads, writes, writes_once
from app.institutions.answers import need_out
from app.institutions.history import NEED
from app.institutions.needs import NeedAction, act_on_need, add_need, amend_need
from app.institutions.parts import get_part, list_parts
from app.institutions.refusals import InstitutionNotFound, NeedNotFound, NeedNotOpen, RegistryRefused
from app.institutions.routes import InstitutionId, KnownAt
from app.institutions.schemas import NeedIn, NeedListOut, NeedOut, NeedPatch
from app.institutions.shown import part_shown, parts_shown
from app.store.pages import CursorRefused

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

_LIST = "/institutions/{institution_id}/needs"
_ONE = _LIST + "/{need_id}"
NeedId = Annotated[UUID, Path(description="融资需求编号")]


@router.post(
    _LIST,
    operation_id="add_need",
    summary="登记融资需求",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, RegistryRefused)
    | linked(201, list_matches={"institution_id": "$request.path.institution_id", "need": "$response.body#/id"}),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def add(session: Session, response: Response, scope: InScope, institution_id: InstitutionId, body: NeedIn) -> NeedOut:
    """A new need with its facts."""
    key = add_need(session, institution_id, body, scope, now())
    answer = need_out(get_part(session, NEED, institution_id, key, scope))
    set_etag(response, answer.version)
    response.headers["Location"] = f"/api/v1/institutions/{institution_id}/needs/{key}"
    return answer


@router.get(
    _LIST,
    operation_id="list_needs",
    summary="一个机构的融资需求",
    responses=problem_responses(InstitutionNotFound, CursorRefused),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_all(
    session: Session, scope: InScope, paging: Paged, institution_id: InstitutionId, known_at: KnownAt = None
) -> NeedListOut:
    """In the order of registration."""
    found, next_cursor, total = list_parts(session, NEED, institution_id, scope, paging, known_at)
    return NeedListOut(
        items=parts_shown(session, institution_id, scope, found, need_out), next_cursor=next_cursor, total=total
    )


@router.get(
    _ONE,
    operation_id="get_need",
    summary="融资需求的全部事实；known_at 回看当时的记录",
    responses=problem_responses(InstitutionNotFound, NeedNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def get_one(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    need_id: NeedId,
    known_at: KnownAt = None,
) -> NeedOut:
    """What is on record."""
    one = get_part(session, NEED, institution_id, need_id, scope, known_at)
    answer = part_shown(session, institution_id, scope, one, need_out)
    set_etag(response, answer.version)
    return answer


@router.patch(
    _ONE,
    operation_id="amend_need",
    summary="更新融资需求；旧记录保留",
    responses=problem_responses(
        InstitutionNotFound, NeedNotFound, NeedNotOpen, RegistryRefused, VersionRequired, VersionStale
    ),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def amend(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    need_id: NeedId,
    body: NeedPatch,
    if_match: IfMatch = None,
) -> NeedOut:
    """A new version of the facts; the one before stays on record."""
    seen = get_part(session, NEED, institution_id, need_id, scope)
    check_version(if_match, seen.version)
    amend_need(session, seen, body, scope, now())
    answer = need_out(get_part(session, NEED, institution_id, need_id, scope))
    set_etag(response, answer.version)
    return answer


@router.post(
    _ONE + "/actions/{action}",
    operation_id="act_on_need",
    summary="需求已满足（meet）、撤回（withdraw）或重新打开（reopen）",
    responses=problem_responses(InstitutionNotFound, NeedNotFound, NeedNotOpen, VersionRequired, VersionStale),
)
@permits(Permission.AMEND_REGISTRY)
@writes_once
def act(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    need_id: NeedId,
    action: Annotated[NeedAction, Path(description="操作")],
    if_match: IfMatch = None,
) -> NeedOut:
    """The status changes, the facts stay."""
    seen = get_part(session, NEED, institution_id, need_id, scope)
    check_version(if_match, seen.version)
    act_on_need(session, seen, action, now())
    answer = need_out(get_part(session, NEED, institution_id, need_id, scope))
    set_etag(response, answer.version)
    return answer
