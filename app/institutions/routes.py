"""Institutions over HTTP: register, list and search, read now or as it was, amend."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.instants import Instant
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.institutions.answers import institution_out, institution_row_out
from app.institutions.queries import LIST_ORDER, Filters, get_institution, list_institutions, near_duplicates
from app.institutions.refusals import AlreadyRegistered, InstitutionNotFound, RegistryRefused
from app.institutions.register import amend, register
from app.institutions.schemas import (
    DuplicatesOut,
    InstitutionIn,
    InstitutionListOut,
    InstitutionOut,
    InstitutionPatch,
    ListStatus,
    PossibleDuplicateOut,
    RegisteredOut,
)
from app.institutions.shown import institution_shown
from app.rules import codes
from app.rules.catalogue import CATALOGUE
from app.store.pages import CursorRefused, count_rows

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

InstitutionId = Annotated[UUID, Path(description="机构编号")]
KnownAt = Annotated[Instant | None, Query(description="回看当时的记录，带时区；缺省为现在")]
Kind = Annotated[str, Field(json_schema_extra={"enum": list(codes.KINDS)}, pattern="^(" + "|".join(codes.KINDS) + ")$")]
Ownership = Annotated[
    str, Field(json_schema_extra={"enum": list(codes.OWNERSHIP)}, pattern="^(" + "|".join(codes.OWNERSHIP) + ")$")
]
Grade = Annotated[int, Field(ge=1, le=5)]
_MOST_BEDS: Final = int(CATALOGUE["institution.beds_total"].maximum or 0)
Beds = Annotated[int | None, Query(description="床位总数的下限或上限，含本数", ge=0, le=_MOST_BEDS)]


@router.post(
    "/institutions",
    operation_id="register_institution",
    summary="登记机构；同一县内名称相近的一并列出",
    status_code=201,
    responses=problem_responses(RegistryRefused, AlreadyRegistered),
)
@permits(Permission.REGISTER)
@writes
def register_institution(session: Session, response: Response, scope: InScope, body: InstitutionIn) -> RegisteredOut:
    """A new institution with its facts; without a USCC it gets a provisional number of its county and year."""
    one = get_institution(session, register(session, body, scope, now()), scope)
    set_etag(response, one.version)
    response.headers["Location"] = f"/api/v1/institutions/{one.id}"
    near = near_duplicates(
        session, one.header["name"], one.header["region_code"], scope, but=one.id, uscc=one.header["uscc"]
    )
    found = [PossibleDuplicateOut(**row) for row in near]
    return RegisteredOut(**institution_out(one).model_dump(), possible_duplicates=found)


@router.get(
    "/institutions",
    operation_id="list_institutions",
    summary="机构列表：按名称、拼音、首字母或信用代码查找，并可筛选",
    responses=problem_responses(CursorRefused, RegistryRefused),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    q: Annotated[
        str | None, Query(min_length=2, max_length=60, description="名称中的两个字起、拼音、拼音首字母，或代码开头")
    ] = None,
    region: Annotated[
        str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
    ] = None,
    kind: Annotated[list[Kind] | None, Query(max_length=20, description="机构类别，可写多个，符合其一即可")] = None,
    ownership: Annotated[list[Ownership] | None, Query(max_length=10, description="所有制，可写多个")] = None,
    grade: Annotated[list[Grade] | None, Query(max_length=5, description="等级，可写多个")] = None,
    beds_min: Beds = None,
    beds_max: Beds = None,
    list_status: Annotated[ListStatus | None, Query(description="白名单状态")] = None,
) -> InstitutionListOut:
    """By region, then in the order of registration."""
    filters = Filters(
        q, region, tuple(kind or ()), tuple(ownership or ()), tuple(grade or ()), beds_min, beds_max, list_status
    )
    query = list_institutions(filters, scope)
    bound = {name: getattr(filters, name) for name in Filters.__slots__}
    page = paging.pages.take(session, query, LIST_ORDER, paging.asked(**bound))
    paging.link(page.next_cursor)
    return InstitutionListOut(
        items=[institution_row_out(row._mapping) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/institutions/{institution_id}",
    operation_id="get_institution",
    summary="一个机构的全部事实；known_at 回看当时的记录",
    responses=problem_responses(InstitutionNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def get_one(
    session: Session, response: Response, scope: InScope, institution_id: InstitutionId, known_at: KnownAt = None
) -> InstitutionOut:
    """What is on record, with who vouches for each fact; from banks what needs a consent is kept back without one."""
    answer = institution_shown(session, get_institution(session, institution_id, scope, known_at), scope)
    set_etag(response, answer.version)
    return answer


@router.patch(
    "/institutions/{institution_id}",
    operation_id="amend_institution",
    summary="更新机构；旧记录保留",
    responses=problem_responses(InstitutionNotFound, RegistryRefused, AlreadyRegistered, VersionRequired, VersionStale),
)
@permits(Permission.AMEND_REGISTRY)
@writes
def amend_institution(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    body: InstitutionPatch,
    if_match: IfMatch = None,
) -> InstitutionOut:
    """A new version of the facts; the one before stays on record. Of two racing writers one is answered 412."""
    seen = get_institution(session, institution_id, scope)
    check_version(if_match, seen.version)
    amend(session, seen, body, scope, now())
    answer = institution_out(get_institution(session, institution_id, scope))
    set_etag(response, answer.version)
    return answer


@router.get(
    "/institutions/{institution_id}/duplicates",
    operation_id="list_possible_duplicates",
    summary="同一县内名称相近、可能重复的机构",
    responses=problem_responses(InstitutionNotFound),
)
@permits(Permission.READ_REGISTRY)
@reads
def list_possible_duplicates(session: Session, scope: InScope, institution_id: InstitutionId) -> DuplicatesOut:
    """The nearest five at most; other sites of the same legal person are none."""
    one = get_institution(session, institution_id, scope).header
    near = near_duplicates(session, one["name"], one["region_code"], scope, but=one["id"], uscc=one["uscc"])
    return DuplicatesOut(items=[PossibleDuplicateOut(**row) for row in near])
