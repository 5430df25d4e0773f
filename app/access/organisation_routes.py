"""Organisations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.bureaux import add_bureaux
from app.access.organisation_schemas import (
    BureauxOut,
    Kind,
    OrganisationIn,
    OrganisationListOut,
    OrganisationOut,
    OrganisationPatch,
)
from app.access.organisations import (
    ORDER,
    OrganisationClosed,
    OrganisationExists,
    OrganisationInUse,
    OrganisationNotFound,
    OrganisationRefused,
    add_organisation,
    amend_organisation,
    close_organisation,
    get_organisation,
    list_organisations,
    lock_organisation,
)
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.regions import region_names
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Organisation

router = APIRouter(route_class=StrictRoute, tags=["organisations"])

OrganisationId = Annotated[UUID, Path(description="单位编号")]


def organisation_out(one: Organisation) -> OrganisationOut:
    """An organisation as it is shown."""
    return OrganisationOut.model_validate(
        {name: getattr(one, name) for name in OrganisationOut.model_fields if name != "region_name"}
        | {"region_name": region_names().get(one.region_code, one.region_code)}
    )


@router.post(
    "/organisations",
    operation_id="add_organisation",
    summary="登记单位",
    status_code=201,
    responses=problem_responses(OrganisationRefused, OrganisationExists),
)
@permits(Permission.WRITE_ORGANISATIONS)
@writes
def post_organisation(session: Session, response: Response, scope: InScope, body: OrganisationIn) -> OrganisationOut:
    """A new office at its place in the tree. The operator is made on the command line alone."""
    made = add_organisation(session, body, scope, now())
    set_etag(response, made.version)
    response.headers["Location"] = f"/api/v1/organisations/{made.id}"
    return organisation_out(made)


@router.post(
    "/organisations/actions/add-bureaux",
    operation_id="add_bureaux",
    summary="为全省、各市、各县（市、区）补齐民政部门；可反复执行",
)
@permits(Permission.WRITE_ORGANISATIONS)
@writes
def post_bureaux(session: Session) -> BureauxOut:
    """One bureau for each region that has none; those that are there stay as they are."""
    added, total = add_bureaux(session, now())
    return BureauxOut(added=added, total=total)


@router.get(
    "/organisations",
    operation_id="list_organisations",
    summary="单位列表，按区划",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_ORGANISATIONS)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    kind: Annotated[Kind | None, Query(description="只看一类单位")] = None,
    region: Annotated[
        str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
    ] = None,
    parent_id: Annotated[UUID | None, Query(description="只看一个单位的直接下级")] = None,
    closed: Annotated[bool, Query(description="是否包括已停用的单位")] = False,
) -> OrganisationListOut:
    """Those within the caller's scope."""
    query = list_organisations(scope, kind=kind, region=region, parent_id=parent_id, closed=closed)
    bound = paging.asked(kind=kind, region=region, parent_id=parent_id, closed=closed)
    page = paging.pages.take(session, query, ORDER, bound)
    paging.link(page.next_cursor)
    return OrganisationListOut(
        items=[organisation_out(row[0]) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/organisations/{organisation_id}",
    operation_id="get_organisation",
    summary="一个单位",
    responses=problem_responses(OrganisationNotFound),
)
@permits(Permission.READ_ORGANISATIONS)
@reads
def get_one(session: Session, response: Response, scope: InScope, organisation_id: OrganisationId) -> OrganisationOut:
    """An office within the caller's scope, closed ones too."""
    one = get_organisation(session, organisation_id, scope)
    set_etag(response, one.version)
    return organisation_out(one)


@router.patch(
    "/organisations/{organisation_id}",
    operation_id="amend_organisation",
    summary="改名或改变上级",
    responses=problem_responses(
        OrganisationNotFound, OrganisationRefused, OrganisationClosed, VersionRequired, VersionStale
    ),
)
@permits(Permission.WRITE_ORGANISATIONS)
@writes
def patch_organisation(
    session: Session,
    response: Response,
    scope: InScope,
    organisation_id: OrganisationId,
    body: OrganisationPatch,
    if_match: IfMatch = None,
) -> OrganisationOut:
    """What its people see does not change: that follows from kind and region, which stay."""
    one = lock_organisation(session, organisation_id, scope)
    check_version(if_match, one.version)
    amend_organisation(session, one, body, scope)
    set_etag(response, one.version)
    return organisation_out(one)


@router.post(
    "/organisations/{organisation_id}/actions/close",
    operation_id="close_organisation",
    summary="停用单位；须先没有下级和账号",
    responses=problem_responses(
        OrganisationNotFound, OrganisationClosed, OrganisationInUse, VersionRequired, VersionStale
    ),
)
@permits(Permission.WRITE_ORGANISATIONS)
@writes
def post_close(
    session: Session,
    response: Response,
    scope: InScope,
    organisation_id: OrganisationId,
    if_match: IfMatch = None,
) -> OrganisationOut:
    """It stays on record, since the trail names it."""
    one = lock_organisation(session, organisation_id, scope)
    check_version(if_match, one.version)
    close_organisation(session, one, now())
    set_etag(response, one.version)
    return organisation_out(one)
