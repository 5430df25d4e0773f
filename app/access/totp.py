"""The second factor: codes of an authenticator app (RFC 6238), each good once; the secret is stored encrypted."""

import base64
import hmac
import os
import re
from datetime import datetime
from typing import Final

import pyotp
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.access.permissions import Role
from app.config import Settings, secret_key_of
from app.errors import AppError
from app.store.tables import Account

ISSUER: Final = "银桥"
ADMINISTRATORS: Final = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
_STEP_SECONDS: Final = 30
# A clock may be half a minute off, and a code typed half a minute late.
_DRIFT: Final = (-1, 0, 1)
_NONCE_BYTES: Final = 12
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


class SecretUnreadable(AppError):
    """YINQIAO_SECRET_KEY is not the one with which the secret was stored."""

    code = "second_factor_unreadable"
    title = "第二因素无法读取"


def is_needed(account: Account) -> bool:
    """Whether the account signs in with a second factor: administrators have to, others may."""
    return account.totp_confirmed_at is not None or is_owed(account)


def is_owed(account: Account) -> bool:
    """Whether an administrator has still to set it up."""
    return account.totp_confirmed_at is None and not ADMINISTRATORS.isdisjoint(Role(one) for one in account.roles)


def begin(account: Account, settings: Settings) -> tuple[str, str]:
    """A new secret, not yet confirmed, and the otpauth URI that an app reads from a QR code."""
    secret = pyotp.random_base32()
    account.totp_secret = _sealed(secret, account, settings)
    account.totp_step = None
    return secret, pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=ISSUER)


def take(account: Account, code: str, at: datetime, settings: Settings) -> bool:
    """Whether the code is right and newer than any that was taken; it is taken herewith. The row has to be held."""
    if account.totp_secret is None or _CODE.fullmatch(code) is None:
        return False
    made = pyotp.TOTP(_opened(account.totp_secret, account, settings))
    newest = int(at.timestamp()) // _STEP_SECONDS
    right = [newest + drift for drift in _DRIFT if hmac.compare_digest(made.generate_otp(newest + drift), code)]
    fresh = [step for step in right if account.totp_step is None or step > account.totp_step]
    if not fresh:
        return False
    account.totp_step = fresh[-1]
    return True


def code_at(account: Account, at: datetime, settings: Settings) -> str | None:
    """The code that would be taken at this instant; None without a secret. For the demonstration, and nothing else."""
    if account.totp_secret is None:
        return None
    step = int(at.timestamp()) // _STEP_SECONDS
    # One that was taken already is good no more; the next one is, as a clock may be ahead.
    fresh = step if account.totp_step is None else max(step, account.totp_step + 1)
    return pyotp.TOTP(_opened(account.totp_secret, account, settings)).generate_otp(fresh)


def _cipher(settings: Settings) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"yinqiao totp")
    return AESGCM(derived.derive(secret_key_of(settings).encode()))


def _sealed(secret: str, account: Account, settings: Settings) -> str:
    # Bound to its account: whoever can write rows cannot give one account the secret of another.
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher(settings).encrypt(nonce, secret.encode(), account.id.bytes)
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def _opened(stored: str, account: Account, settings: Settings) -> str:
    raw = base64.urlsafe_b64decode(stored)
    try:
        return _cipher(settings).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], account.id.bytes).decode()
    except InvalidTag:
        raise SecretUnreadable("第二因素的密钥无法读取，请系统管理员核对 YINQIAO_SECRET_KEY 是否被更换") from None
