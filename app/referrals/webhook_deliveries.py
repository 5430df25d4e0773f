"""Deliveries as their bank sees them: what became of each, and sending one again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, select, true
from sqlalchemy.orm import Session, aliased

from app.access.scope import Scope
from app.errors import Conflict, NotFound
from app.http.etags import check_version
from app.referrals.webhook_endpoints import EndpointDisabled
from app.referrals.webhook_queue import TEST_KIND
from app.referrals.webhook_schemas import (
    WebhookAttemptOut,
    WebhookDeliveryDetailOut,
    WebhookDeliveryOut,
    WebhookDeliveryState,
)
from app.store.pages import Key
from app.store.tables import OutboxEvent, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookLane
from app.store.types import new_key

ORDER: Final = (Key(WebhookDelivery.id, descending=True),)
MOST_ATTEMPTS: Final = 50
# What went wrong, for whoever keeps the receiver; every code that `webhook_requests` and the sender know.
ERRORS: Final = {
    "timeout": "没有在 10 秒内答复。请先收下再处理",
    "connection_failed": "连接不上：地址没有在监听，或被防火墙挡住",
    "connection_broken": "连接中途断开，没有收到答复",
    "name_not_found": "域名解析不到地址",
    "target_refused": "域名解析到了内部网络或保留网段，没有连接",
    "certificate_expired": "证书已过期",
    "certificate_other_host": "证书不属于这个域名",
    "certificate_untrusted": "证书不受信任：自签名，或缺少中间证书",
    "tls_failed": "TLS 握手失败",
    "invalid_answer": "答复不是合法的 HTTP",
    "answer_too_long": "答复的头部过长",
    "redirected": "答复是转向。推送不跟随转向，请直接登记最终的地址",
    "gone": "答复 410，接收地址因此停用",
    "status_refused": "答复不是 2xx",
}


class WebhookDeliveryNotFound(NotFound):
    code = "webhook_delivery_not_found"
    title = "没有这次推送"


class DeliveryWaiting(Conflict):
    """It is on its way already."""

    code = "webhook_delivery_waiting"
    title = "推送正在重试"


def select_deliveries(
    scope: Scope, endpoint_id: UUID, state: WebhookDeliveryState | None = None
) -> Select[*tuple[Any, ...]]:
    """Deliveries of one endpoint, each with the kind of its event and its last attempt; unordered."""
    last = aliased(WebhookAttempt)
    is_last = and_(last.delivery_id == WebhookDelivery.id, last.number == WebhookDelivery.attempts)
    query: Select[*tuple[Any, ...]] = (
        select(WebhookDelivery, OutboxEvent.kind, last.status, last.error)
        .join(OutboxEvent, OutboxEvent.id == WebhookDelivery.event_id, isouter=True)
        .join(last, is_last, isouter=True)
    )
    of = true() if state is None else WebhookDelivery.state == state.value
    return query.where(scope.banks(WebhookDelivery.bank_id), WebhookDelivery.endpoint_id == endpoint_id, of)


def delivery_out(row: Sequence[Any]) -> WebhookDeliveryOut:
    """A row of `select_deliveries`."""
    return WebhookDeliveryOut.model_validate(_shown(row))


def get_delivery(session: Session, endpoint_id: UUID, key: UUID, scope: Scope) -> WebhookDeliveryDetailOut:
    """One delivery with its attempts. Raises WebhookDeliveryNotFound."""
    row = session.execute(select_deliveries(scope, endpoint_id).where(WebhookDelivery.id == key)).one_or_none()
    if row is None:
        raise WebhookDeliveryNotFound(f"没有编号为 {key} 的推送")
    query = select(WebhookAttempt).where(WebhookAttempt.delivery_id == key)
    attempts = session.scalars(query.order_by(WebhookAttempt.number.desc()).limit(MOST_ATTEMPTS))
    history = [_attempt_out(one) for one in attempts]
    return WebhookDeliveryDetailOut.model_validate(_shown(row) | {"history": history})


def send_test(session: Session, endpoint: WebhookEndpoint, lane: WebhookLane, at: datetime) -> UUID:
    """Put a test into the queue of an endpoint; its id. Raises EndpointDisabled."""
    if endpoint.disabled_at is not None:
        raise EndpointDisabled("这个接收地址已停用，请先启用再测试")
    made = WebhookDelivery(
        id=new_key(),
        bank_id=endpoint.bank_id,
        endpoint_id=endpoint.id,
        number=0,
        subject=str(endpoint.id),
        state=WebhookDeliveryState.WAITING.value,
        next_at=at,
        created_at=at,
    )
    session.add(made)
    _due_now(lane, at)
    session.flush()  # The answer reads it.
    return made.id


def resend(session: Session, endpoint_id: UUID, key: UUID, scope: Scope, if_match: str | None, at: datetime) -> None:
    """Put a delivery that has ended back into the queue, with the whole table of tries before it.

    Raises WebhookDeliveryNotFound, DeliveryWaiting, VersionRequired or VersionStale. What was delivered since is not
    called back: whoever sends an old event again gets it after newer ones.
    """
    query = select(WebhookDelivery).where(
        WebhookDelivery.id == key, WebhookDelivery.endpoint_id == endpoint_id, scope.banks(WebhookDelivery.bank_id)
    )
    delivery = session.scalar(query.with_for_update())
    if delivery is None:
        raise WebhookDeliveryNotFound(f"没有编号为 {key} 的推送")
    check_version(if_match, delivery.version)
    if delivery.state == WebhookDeliveryState.WAITING:
        raise DeliveryWaiting("这次推送还在自动重试，无需重新发送")
    delivery.state, delivery.next_at, delivery.ended_at = WebhookDeliveryState.WAITING.value, at, None
    delivery.tries = 0
    delivery.version += 1
    lane = session.scalars(select(WebhookLane).where(WebhookLane.endpoint_id == endpoint_id).with_for_update()).one()
    _due_now(lane, at)
    session.flush()  # The answer reads it.


def _due_now(lane: WebhookLane, at: datetime) -> None:
    lane.due_at = at if lane.due_at is None else min(lane.due_at, at)


def _shown(row: Sequence[Any]) -> dict[str, Any]:
    delivery, kind, status, error = row[0], row[1], row[2], row[3]
    given = set(WebhookDeliveryOut.model_fields) - {"type", "last_status", "last_error"}
    shown = {name: getattr(delivery, name) for name in given}
    return shown | {"type": kind or TEST_KIND, "last_status": status, "last_error": error}


def _attempt_out(row: WebhookAttempt) -> WebhookAttemptOut:
    return WebhookAttemptOut(
        number=row.number,
        at=row.at,
        milliseconds=row.milliseconds,
        status=row.status,
        error=row.error,
        detail=None if row.error is None else ERRORS[row.error],
    )
