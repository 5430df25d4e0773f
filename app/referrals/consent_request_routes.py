"""Requests for consent over HTTP."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.consent_fields import FIELDS
from app.access.consent_schemas import PURPOSE_LABELS, ConsentFieldOut, Purpose
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes_once
from app.institutions.refusals import InstitutionNotFound
from app.referrals.consent_request_schemas import (
    ConsentRequestIn,
    ConsentRequestListOut,
    ConsentRequestOut,
    RefusalIn,
)
from app.referrals.consent_requests import (
    ORDER,
    STATE_LABELS,
    FoundRequest,
    RequestState,
    ask,
    cancel,
    get_request,
    refuse,
    select_requests,
    with_fields,
)
from app.referrals.refusals import ConsentRequestNotFound, RequestAnswered, RequestOpen, RequestRefused
from app.store.pages import CursorRefused, count_rows
from app.store.tables import ConsentRequest

router = APIRouter(route_class=StrictRoute, tags=["consents"])

RequestId = Annotated[UUID, Path(description="授权请求编号")]
_LIST: Final = "/consents/requests"
_ONE: Final = _LIST + "/{request_id:uuid}"


@router.post(
    _LIST,
    operation_id="add_consent_request",
    summary="银行请求机构授权查看若干信息",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, RequestRefused, RequestOpen),
)
@permits(Permission.ASK_CONSENT)
@writes_once
def add(session: Session, response: Response, caller: CalledBy, body: ConsentRequestIn) -> ConsentRequestOut:
    """Of an institution within the bank's reach, which is told at once."""
    key = ask(session, body, caller, now(), today())
    response.headers["Location"] = f"/api/v1/consents/requests/{key}"
    return _answer(response, get_request(session, key, caller.scope, today()))


@router.get(
    _LIST,
    operation_id="list_consent_requests",
    summary="授权请求列表：机构看给自己的，银行看本行的，主管部门看辖区内的",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_CONSENTS)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    state: Annotated[RequestState | None, Query(description="只看一种状态")] = None,
    institution: Annotated[UUID | None, Query(description="只看一家机构的")] = None,
) -> ConsentRequestListOut:
    """The latest first."""
    query = select_requests(scope, today(), state, institution)
    asked = paging.asked(state=state, institution=institution and str(institution), day=today().isoformat())
    page = paging.pages.take(session, query, ORDER, asked)
    paging.link(page.next_cursor)
    return ConsentRequestListOut(
        items=[_out(one) for one in with_fields(session, page.rows)],
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(ConsentRequest.id)) if paging.total else None,
    )


@router.get(
    _ONE,
    operation_id="get_consent_request",
    summary="一份授权请求",
    responses=problem_responses(ConsentRequestNotFound),
)
@permits(Permission.READ_CONSENTS)
@reads
def get_one(session: Session, response: Response, scope: InScope, request_id: RequestId) -> ConsentRequestOut:
    """Its ETag is what a refusal has to name."""
    return _answer(response, get_request(session, request_id, scope, today()))


@router.post(
    _ONE + "/actions/refuse",
    operation_id="refuse_consent_request",
    summary="机构拒绝授权请求",
    responses=problem_responses(ConsentRequestNotFound, RequestAnswered, VersionRequired, VersionStale),
)
@permits(Permission.GRANT_CONSENT)
@writes_once
def post_refuse(
    session: Session,
    response: Response,
    caller: CalledBy,
    request_id: RequestId,
    body: RefusalIn,
    if_match: IfMatch = None,
) -> ConsentRequestOut:
    """The bank is told. To grant it, POST /consents."""
    refuse(session, request_id, body.note, if_match, caller, now(), today())
    return _answer(response, get_request(session, request_id, caller.scope, today()))


@router.post(
    _ONE + "/actions/cancel",
    operation_id="cancel_consent_request",
    summary="银行取消待答复的授权请求",
    responses=problem_responses(ConsentRequestNotFound, RequestAnswered, VersionRequired, VersionStale),
)
@permits(Permission.ASK_CONSENT)
@writes_once
def post_cancel(
    session: Session, response: Response, caller: CalledBy, request_id: RequestId, if_match: IfMatch = None
) -> ConsentRequestOut:
    """What was granted before stays granted."""
    cancel(session, request_id, if_match, caller, now(), today())
    return _answer(response, get_request(session, request_id, caller.scope, today()))


def _answer(response: Response, found: FoundRequest) -> ConsentRequestOut:
    set_etag(response, found.request.version)
    return _out(found)


def _out(found: FoundRequest) -> ConsentRequestOut:
    one = found.request
    return ConsentRequestOut(
        id=one.id,
        version=one.version,
        institution_id=one.institution_id,
        institution_name=found.institution_name,
        bank=found.bank,
        bank_name=found.bank_name,
        purpose=Purpose(one.purpose),
        purpose_label=PURPOSE_LABELS[Purpose(one.purpose)],
        fields=[ConsentFieldOut(field=field, label=FIELDS[field]) for field in found.fields],
        valid_from=one.valid_from,
        valid_to=one.valid_to,
        reason=one.reason,
        state=found.state.value,
        state_label=STATE_LABELS[found.state],
        consent_id=found.consent_id,
        refusal=one.refusal,
        requested_at=one.requested_at,
        refused_at=one.refused_at,
        cancelled_at=one.cancelled_at,
    )
