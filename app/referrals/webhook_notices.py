"""Telling a bank that its endpoint is in trouble. The one place that says it, so that it can be said elsewhere too."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.orm import Session

from app.store.tables import WebhookEndpoint

# What became of the endpoint: code to sentence.
SENTENCES: Final = {
    "gone": "接收地址答复 410，已停用。地址恢复后请重新启用，停用期间的事件会补送",
    "failing": "接收地址连续 3 天没有收下任何推送，已停用。修复后请重新启用，停用期间的事件会补送",
    "dead": "有推送在一天之内重试多次仍未送达，不再自动重试。修复后可在送达记录里重新发送",
}
Tell = Callable[[Session, WebhookEndpoint, str, datetime], None]
_log: Final = structlog.get_logger(__name__)


def tell_log(_session: Session, endpoint: WebhookEndpoint, trouble: str, at: datetime) -> None:
    """Into the log of the sender; `trouble` is a key of SENTENCES. Runs in the transaction of what happened."""
    _log.warning("webhook endpoint in trouble", endpoint=str(endpoint.id), trouble=trouble, at=at.isoformat())
