"""Secrets of endpoints: made here, shown once, stored encrypted, and how a message is signed with them."""

import base64
import os
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks.webhooks import Webhook

from app.config import Settings, secret_key_of
from app.errors import AppError
from app.store.tables import WebhookEndpoint

_PREFIX: Final = "whsec_"
_BYTES: Final = 32
_NONCE_BYTES: Final = 12


class SecretUnreadable(AppError):
    """YINQIAO_SECRET_KEY is not the one with which the secret was stored."""

    code = "webhook_secret_unreadable"
    title = "推送密钥无法读取"


class Cupboard:
    """Seals and opens the secrets of endpoints; made once, since deriving the key is not free."""

    def __init__(self, settings: Settings) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"yinqiao webhook")
        self._cipher = AESGCM(derived.derive(secret_key_of(settings).encode()))

    def seal(self, secret: str, endpoint_id: UUID) -> str:
        """For the database. Bound to its endpoint: who can write rows cannot give one bank the secret of another."""
        nonce = os.urandom(_NONCE_BYTES)
        return base64.urlsafe_b64encode(
            nonce + self._cipher.encrypt(nonce, secret.encode(), endpoint_id.bytes)
        ).decode()

    def live(self, endpoint: WebhookEndpoint, at: datetime) -> list[str]:
        """The secrets that sign at an instant, the current one first. Raises SecretUnreadable."""
        sealed = [endpoint.current_secret]
        if endpoint.previous_secret is not None and endpoint.previous_until and at < endpoint.previous_until:
            sealed.append(endpoint.previous_secret)
        return [self._open(one, endpoint.id) for one in sealed]

    def _open(self, sealed: str, endpoint_id: UUID) -> str:
        raw = base64.urlsafe_b64decode(sealed)
        try:
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], endpoint_id.bytes).decode()
        except InvalidTag:
            raise SecretUnreadable("推送密钥无法读取，请系统管理员核对 YINQIAO_SECRET_KEY 是否被更换") from None


def new_secret() -> str:
    """A new secret as the Standard Webhooks specification writes it: whsec_ and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signed_headers(live: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of the specification; one signature for each live secret, so that either of them will do."""
    signatures = (Webhook(secret).sign(message_id, at, body.decode()) for secret in live)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
