"""Endpoints of a bank: registered, amended, disabled, enabled again; their secrets rotated."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.errors import Conflict, Forbidden, NotFound
from app.http.etags import check_version
from app.referrals.webhook_queue import next_due
from app.referrals.webhook_schemas import EndpointIn, EndpointOut, EndpointPatch
from app.referrals.webhook_secrets import Cupboard, new_secret
from app.store.pages import Key
from app.store.tables import Bank, OutboxHead, WebhookDelivery, WebhookEndpoint, WebhookLane
from app.store.types import new_key

ORDER: Final = (Key(WebhookEndpoint.id, descending=True),)
# Each is a task of the senders and a copy of every event.
MOST_ENDPOINTS: Final = 10


class EndpointNotFound(NotFound):
    code = "webhook_endpoint_not_found"
    title = "没有这个接收地址"


class TooManyEndpoints(Conflict):
    """One that is no longer used has to be given another address instead."""

    code = "too_many_webhook_endpoints"
    title = "接收地址过多"


class EndpointDisabled(Conflict):
    """It gets nothing until it is enabled again."""

    code = "webhook_endpoint_disabled"
    title = "接收地址已停用"


class EndpointEnabled(Conflict):
    """It was enabled already."""

    code = "webhook_endpoint_enabled"
    title = "接收地址已启用"


class TwoSecretsLive(Conflict):
    """The one before the present one still signs."""

    code = "two_webhook_secrets_live"
    title = "已有两个有效的密钥"


@dataclass(frozen=True, slots=True)
class Held:
    """An endpoint and its lane, both locked until the unit of work ends."""

    endpoint: WebhookEndpoint
    lane: WebhookLane


def select_endpoints(scope: Scope) -> Select[Any]:
    """The caller's own, each with how long it has been failing and how much waits there."""
    waiting = (
        select(func.count())
        .where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, WebhookDelivery.state == "waiting")
        .scalar_subquery()
    )
    query = select(WebhookEndpoint, WebhookLane.failing_since, waiting)
    query = query.join(WebhookLane, WebhookLane.endpoint_id == WebhookEndpoint.id)
    return query.where(scope.banks(WebhookEndpoint.bank_id))


def get_endpoint(session: Session, key: UUID, scope: Scope) -> EndpointOut:
    """One endpoint as it is shown. Raises EndpointNotFound."""
    row = session.execute(select_endpoints(scope).where(WebhookEndpoint.id == key)).one_or_none()
    if row is None:
        raise EndpointNotFound(f"没有编号为 {key} 的接收地址")
    return endpoint_out(row)


def endpoint_out(row: Sequence[Any]) -> EndpointOut:
    """A row of `select_endpoints`."""
    endpoint, failing_since, waiting = row[0], row[1], row[2]
    return EndpointOut(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        previous_secret_until=endpoint.previous_until,
        disabled_at=endpoint.disabled_at,
        disabled_because=endpoint.disabled_because,
        failing_since=failing_since,
        waiting=waiting,
        created_at=endpoint.created_at,
        version=endpoint.version,
    )


def add_endpoint(
    session: Session, body: EndpointIn, caller: Caller, at: datetime, cupboard: Cupboard
) -> tuple[UUID, str]:
    """A new endpoint, which gets what happens from now on: its id and its secret. Raises TooManyEndpoints.

    The head of the bank is held, so that no event is both before and after it.
    """
    bank_id, account_id = _bank_of(caller)
    session.execute(select(Bank.id).where(Bank.id == bank_id).with_for_update(key_share=True))
    if (session.scalar(select(func.count()).where(WebhookEndpoint.bank_id == bank_id)) or 0) >= MOST_ENDPOINTS:
        raise TooManyEndpoints(f"每家银行最多 {MOST_ENDPOINTS} 个接收地址，请修改不再使用的一个")
    position = session.scalar(select(OutboxHead.number).where(OutboxHead.bank_id == bank_id).with_for_update())
    key, secret = new_key(), new_secret()
    session.add(
        WebhookEndpoint(
            id=key,
            bank_id=bank_id,
            url=body.url,
            description=body.description,
            current_secret=cupboard.seal(secret, key),
            created_by=account_id,
            created_at=at,
        )
    )
    session.flush()  # The lane refers to it.
    session.add(WebhookLane(endpoint_id=key, bank_id=bank_id, position=position or 0, served_at=at))
    session.flush()  # The answer reads both.
    return key, secret


def held(session: Session, key: UUID, scope: Scope, if_match: str | None) -> Held:
    """An endpoint that is about to be changed. Raises EndpointNotFound, VersionRequired or VersionStale."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == key, scope.banks(WebhookEndpoint.bank_id))
    endpoint = session.scalar(query.with_for_update())
    if endpoint is None:
        raise EndpointNotFound(f"没有编号为 {key} 的接收地址")
    check_version(if_match, endpoint.version)
    lane = session.scalars(select(WebhookLane).where(WebhookLane.endpoint_id == key).with_for_update()).one()
    return Held(endpoint, lane)


def amend(endpoint: WebhookEndpoint, body: EndpointPatch) -> None:
    """Change what was given."""
    for name in body.model_fields_set - ({"url"} if body.url is None else set()):
        setattr(endpoint, name, getattr(body, name))
    endpoint.version += 1


def disable(endpoint: WebhookEndpoint, at: datetime) -> None:
    """From the next batch on nothing goes there; what comes meanwhile waits. Raises EndpointDisabled."""
    if endpoint.disabled_at is not None:
        raise EndpointDisabled("这个接收地址已经停用，无需再次停用")
    endpoint.disabled_at, endpoint.disabled_because = at, "by_bank"
    endpoint.version += 1


def enable(session: Session, found: Held) -> None:
    """Begin again where it ended: what came meanwhile is delivered now. Raises EndpointEnabled."""
    if found.endpoint.disabled_at is None:
        raise EndpointEnabled("这个接收地址正在使用，无需启用")
    found.endpoint.disabled_at = found.endpoint.disabled_because = None
    found.endpoint.version += 1
    found.lane.failing_since = found.lane.rests_until = None
    found.lane.due_at = next_due(session, found.endpoint.id)


def rotate(endpoint: WebhookEndpoint, overlap: timedelta, at: datetime, cupboard: Cupboard) -> str:
    """A new secret; the old one signs beside it for a while. Raises TwoSecretsLive.

    With no overlap at all both old ones end at once, also in the middle of a rotation: that is what a leak asks for.
    """
    if overlap and endpoint.previous_until is not None and at < endpoint.previous_until:
        raise TwoSecretsLive("上一次更换的旧密钥还在有效期内，请到期后再换；密钥泄露时把 overlap_hours 写为 0")
    secret = new_secret()
    endpoint.previous_secret = endpoint.current_secret if overlap else None
    endpoint.previous_until = at + overlap if overlap else None
    endpoint.current_secret = cupboard.seal(secret, endpoint.id)
    endpoint.version += 1
    return secret


def _bank_of(caller: Caller) -> tuple[UUID, UUID]:
    if caller.bank_id is None or caller.account_id is None:
        raise Forbidden("只有银行的账号有接收地址，请用银行的账号登记")
    return caller.bank_id, caller.account_id
