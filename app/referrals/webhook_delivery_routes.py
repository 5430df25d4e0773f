"""Deliveries over HTTP: what became of each, a test, and sending one again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes_once
from app.referrals.webhook_deliveries import (
    ORDER,
    DeliveryWaiting,
    WebhookDeliveryNotFound,
    delivery_out,
    get_delivery,
    resend,
    select_deliveries,
    send_test,
)
from app.referrals.webhook_endpoints import EndpointDisabled, EndpointNotFound, get_endpoint, held
from app.referrals.webhook_routes import EndpointId
from app.referrals.webhook_schemas import WebhookDeliveryDetailOut, WebhookDeliveryListOut, WebhookDeliveryState
from app.store.pages import CursorRefused, count_rows

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

DeliveryId = Annotated[UUID, Path(description="推送编号")]


@router.post(
    "/webhook-endpoints/{endpoint_id:uuid}/actions/send-test",
    operation_id="test_webhook_endpoint",
    summary="向接收地址发一次测试推送，稍后在送达记录里看结果",
    responses=problem_responses(EndpointNotFound, EndpointDisabled, VersionRequired, VersionStale),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes_once
def post_test(
    session: Session, response: Response, scope: InScope, endpoint_id: EndpointId, if_match: IfMatch = None
) -> WebhookDeliveryDetailOut:
    """Signed and sent like any event, to this endpoint alone; it stands in no feed."""
    found = held(session, endpoint_id, scope, if_match)
    key = send_test(session, found.endpoint, found.lane, now())
    return _answer(response, get_delivery(session, endpoint_id, key, scope))


@router.get(
    "/webhook-endpoints/{endpoint_id:uuid}/deliveries",
    operation_id="list_webhook_deliveries",
    summary="一个接收地址的送达记录，新的在前",
    responses=problem_responses(EndpointNotFound, CursorRefused),
)
@permits(Permission.WRITE_WEBHOOKS)
@reads
def list_deliveries(
    session: Session,
    scope: InScope,
    paging: Paged,
    endpoint_id: EndpointId,
    state: Annotated[
        WebhookDeliveryState | None, Query(description="waiting 待送达、delivered 已送达、dead 不再重试")
    ] = None,
) -> WebhookDeliveryListOut:
    """With the result of the last attempt; all attempts stand at the delivery itself."""
    get_endpoint(session, endpoint_id, scope)
    query = select_deliveries(scope, endpoint_id, state)
    page = paging.pages.take(session, query, ORDER, paging.asked(state=state))
    paging.link(page.next_cursor)
    return WebhookDeliveryListOut(
        items=[delivery_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/webhook-endpoints/{endpoint_id:uuid}/deliveries/{webhook_delivery_id:uuid}",
    operation_id="get_webhook_delivery",
    summary="一次推送和它的各次尝试",
    responses=problem_responses(WebhookDeliveryNotFound),
)
@permits(Permission.WRITE_WEBHOOKS)
@reads
def read_delivery(
    session: Session, response: Response, scope: InScope, endpoint_id: EndpointId, webhook_delivery_id: DeliveryId
) -> WebhookDeliveryDetailOut:
    """The last 50 attempts, the last one first."""
    return _answer(response, get_delivery(session, endpoint_id, webhook_delivery_id, scope))


@router.post(
    "/webhook-endpoints/{endpoint_id:uuid}/deliveries/{webhook_delivery_id:uuid}/actions/resend",
    operation_id="resend_webhook_delivery",
    summary="重新发送一次已结束的推送",
    responses=problem_responses(WebhookDeliveryNotFound, DeliveryWaiting, VersionRequired, VersionStale),
)
@permits(Permission.WRITE_WEBHOOKS)
@writes_once
def post_resend(
    session: Session,
    response: Response,
    scope: InScope,
    endpoint_id: EndpointId,
    webhook_delivery_id: DeliveryId,
    if_match: IfMatch = None,
) -> WebhookDeliveryDetailOut:
    """With the same id as before, so that the receiver knows it again."""
    resend(session, endpoint_id, webhook_delivery_id, scope, if_match, now())
    return _answer(response, get_delivery(session, endpoint_id, webhook_delivery_id, scope))


def _answer(response: Response, found: WebhookDeliveryDetailOut) -> WebhookDeliveryDetailOut:
    set_etag(response, found.version)
    return found
