"""Telling a bank that its endpoint is in trouble: in the inbox of each of its offices, and in the log of the sender."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.http.clock import CHINA
from app.inbox.messages import Letter, send
from app.referrals.bank_offices import offices_of
from app.store.tables import WebhookEndpoint

# What became of the endpoint: code to sentence.
SENTENCES: Final = {
    "gone": "接收地址答复 410，已停用。地址恢复后请重新启用，停用期间的事件会补送",
    "failing": "接收地址连续 3 天没有收下任何推送，已停用。修复后请重新启用，停用期间的事件会补送",
    "dead": "有推送在一天之内重试多次仍未送达，不再自动重试。修复后可在送达记录里重新发送",
}
Tell = Callable[[Session, WebhookEndpoint, str, datetime], None]
_log: Final = structlog.get_logger(__name__)


def tell_bank(session: Session, endpoint: WebhookEndpoint, trouble: str, at: datetime) -> None:
    """Write to the bank's offices; `trouble` is a key of SENTENCES. Runs in the transaction of what happened.

    One letter for each kind of trouble and day: an endpoint that gives up on a thousand events fills no inbox.
    """
    _log.warning("webhook endpoint in trouble", endpoint=str(endpoint.id), trouble=trouble, at=at.isoformat())
    letter = Letter(
        kind=f"webhook.{trouble}",
        title="接收地址收不到推送",
        body=f"{endpoint.url}：{SENTENCES[trouble]}。",
        subject_kind="webhook_endpoint",
        subject_id=endpoint.id,
        key=f"webhook.{trouble}:{endpoint.id}:{at.astimezone(CHINA).date()}",
    )
    offices = offices_of(session, [endpoint.bank_id]).get(endpoint.bank_id, [])
    send(session, (one.recipient for one in offices), letter, at)
