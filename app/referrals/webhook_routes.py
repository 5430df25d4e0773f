"""Endpoints of webhooks over HTTP; each bank sees its own."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.referrals.targets import TargetRefused
from app.referrals.webhook_endpoints import (
    ORDER,
    EndpointDisabled,
    EndpointEnabled,
    EndpointNotFound,
    TooManyEndpoints,
    TwoSecretsLive,
    add_endpoint,
    amend,
    disable,
    enable,
    endpoint_out,
    get_endpoint,
    held,
    rotate,
    select_endpoints,
)
from app.referrals.webhook_registration import CheckedEndpoint, CheckedPatch
from app.referrals.webhook_schemas import EndpointListOut, EndpointOut, NewSecretOut, RotateIn
from app.referrals.webhook_secrets import Cupboard
from app.store.pages import CursorRefused, count_rows

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

EndpointId = Annotated[UUID, Path(description="接收地址编号")]
_STALE = (VersionRequired, VersionStale)


@router.post(
    "/webhook-endpoints",
    operation_id="add_webhook_endpoint",
    summary="登记本行的接收地址；签名密钥只显示一次",
    status_code=201,
    responses=problem_responses(TargetRefused, TooManyEndpoints),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes
def post_endpoint(
    session: Session, response: Response, settings: Configured, caller: CalledBy, body: CheckedEndpoint
) -> NewSecretOut:
    """It gets what happens from now on, signed after the Standard Webhooks specification."""
    key, secret = add_endpoint(session, body, caller, now(), Cupboard(settings))
    response.headers["Location"] = f"/api/v1/webhook-endpoints/{key}"
    return _with_secret(_answer(response, get_endpoint(session, key, caller.scope)), secret)


@router.get(
    "/webhook-endpoints",
    operation_id="list_webhook_endpoints",
    summary="本行的接收地址，新的在前",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.WRITE_WEBHOOKS)
@reads
def list_endpoints(session: Session, scope: InScope, paging: Paged) -> EndpointListOut:
    """Those that are disabled included."""
    query = select_endpoints(scope)
    page = paging.pages.take(session, query, ORDER, paging.asked())
    paging.link(page.next_cursor)
    return EndpointListOut(
        items=[endpoint_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/webhook-endpoints/{endpoint_id:uuid}",
    operation_id="get_webhook_endpoint",
    summary="一个接收地址",
    responses=problem_responses(EndpointNotFound),
)
@permits(Permission.WRITE_WEBHOOKS)
@reads
def read_endpoint(session: Session, response: Response, scope: InScope, endpoint_id: EndpointId) -> EndpointOut:
    """Its ETag is what a change has to name."""
    return _answer(response, get_endpoint(session, endpoint_id, scope))


@router.patch(
    "/webhook-endpoints/{endpoint_id:uuid}",
    operation_id="amend_webhook_endpoint",
    summary="修改接收地址或说明",
    responses=problem_responses(EndpointNotFound, TargetRefused, *_STALE),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes
def patch_endpoint(
    session: Session,
    response: Response,
    scope: InScope,
    endpoint_id: EndpointId,
    body: CheckedPatch,
    if_match: IfMatch = None,
) -> EndpointOut:
    """What waits goes to the new address."""
    amend(held(session, endpoint_id, scope, if_match).endpoint, body)
    session.flush()  # The answer reads it.
    return _answer(response, get_endpoint(session, endpoint_id, scope))


@router.delete(
    "/webhook-endpoints/{endpoint_id:uuid}",
    operation_id="disable_webhook_endpoint",
    summary="停用接收地址；送达记录保留，启用后补送停用期间的事件",
    responses=problem_responses(EndpointNotFound, EndpointDisabled, *_STALE),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes
def delete_endpoint(
    session: Session, response: Response, scope: InScope, endpoint_id: EndpointId, if_match: IfMatch = None
) -> EndpointOut:
    """A request that is under way ends; the next one is not begun."""
    disable(held(session, endpoint_id, scope, if_match).endpoint, now())
    session.flush()  # The answer reads it.
    return _answer(response, get_endpoint(session, endpoint_id, scope))


@router.post(
    "/webhook-endpoints/{endpoint_id:uuid}/actions/enable",
    operation_id="enable_webhook_endpoint",
    summary="重新启用接收地址，补送停用期间的事件",
    responses=problem_responses(EndpointNotFound, EndpointEnabled, *_STALE),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes_once
def post_enable(
    session: Session, response: Response, scope: InScope, endpoint_id: EndpointId, if_match: IfMatch = None
) -> EndpointOut:
    """It begins where it ended; nothing was lost meanwhile."""
    enable(session, held(session, endpoint_id, scope, if_match))
    session.flush()  # The answer reads it.
    return _answer(response, get_endpoint(session, endpoint_id, scope))


@router.post(
    "/webhook-endpoints/{endpoint_id:uuid}/actions/rotate-secret",
    operation_id="rotate_webhook_secret",
    summary="更换签名密钥；重叠期内新旧两个密钥同时签名",
    responses=problem_responses(EndpointNotFound, TwoSecretsLive, *_STALE),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes_once
def post_rotate(
    session: Session,
    response: Response,
    settings: Configured,
    scope: InScope,
    endpoint_id: EndpointId,
    body: RotateIn,
    if_match: IfMatch = None,
) -> NewSecretOut:
    """The new secret is shown this once; until the overlap ends every message carries both signatures."""
    endpoint = held(session, endpoint_id, scope, if_match).endpoint
    secret = rotate(endpoint, timedelta(hours=body.overlap_hours), now(), Cupboard(settings))
    session.flush()  # The answer reads it.
    return _with_secret(_answer(response, get_endpoint(session, endpoint_id, scope)), secret)


def _answer(response: Response, found: EndpointOut) -> EndpointOut:
    set_etag(response, found.version)
    return found


def _with_secret(found: EndpointOut, secret: str) -> NewSecretOut:
    return NewSecretOut.model_validate(found.model_dump() | {"secret": secret})
