"""Passwords: what they have to be, how they are hashed, and verifying that takes as long for nobody as for somebody."""

import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.blocklist import is_common
from app.access.password_profiles import profile_of
from app.config import Settings
from app.errors import FieldError, Unprocessable
from app.store.tables import Account, PasswordHistory

_CLASSES: Final = (string.ascii_uppercase, string.ascii_lowercase, string.digits)
_POINTER: Final = "/password"


class PasswordRefused(Unprocessable):
    """The new password is too easily guessed, or was used before."""

    code = "password_refused"
    title = "密码不符合要求"


def hash_password(password: str, settings: Settings) -> str:
    """Argon2id in its own notation. Takes long: hash between transactions, not inside of one."""
    return _hasher(*_costs(settings)).hash(password)


def verify_password(password: str, stored: str | None, settings: Settings) -> bool:
    """Whether it is the password. Without a stored hash one of the same cost is verified: time tells nothing."""
    hasher = _hasher(*_costs(settings))
    try:
        hasher.verify(stored or _nobodys(hasher), password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def needs_rehash(stored: str, settings: Settings) -> bool:
    """Whether the costs have been raised since."""
    return _hasher(*_costs(settings)).check_needs_rehash(stored)


def check_password(password: str, settings: Settings, about: Iterable[str] = (), pointer: str = _POINTER) -> None:
    """Raise PasswordRefused unless the profile allows it. `about` are words of its owner: login, name."""
    profile = profile_of(settings)
    advice = None
    if not profile.min_length <= len(password) <= profile.max_length:
        advice = f"密码须为 {profile.min_length} 到 {profile.max_length} 个字符；几个不相干的词连起来既长又好记"
    elif _classes(password) < profile.min_classes:
        advice = f"密码须含大写字母、小写字母、数字、其他符号中的至少 {profile.min_classes} 种"
    elif is_common(password, settings, about):
        advice = "这个密码太容易被猜到（常见口令、连续或重复的字符，或含有登录名、姓名），请另选一个"
    if advice is not None:
        raise PasswordRefused(advice, errors=(FieldError(pointer, PasswordRefused.code, advice),))


def check_unused(session: Session, account: Account, password: str, settings: Settings, pointer: str) -> None:
    """Raise PasswordRefused for the present password, or one of the last that the profile remembers."""
    query = select(PasswordHistory.password_hash).where(PasswordHistory.account_id == account.id)
    newest_first = query.order_by(PasswordHistory.replaced_at.desc()).limit(profile_of(settings).history)
    before = [*session.scalars(newest_first), *([account.password_hash] if account.password_hash else [])]
    if any(verify_password(password, stored, settings) for stored in before):
        advice = "这个密码最近用过，请换一个没有用过的"
        raise PasswordRefused(advice, errors=(FieldError(pointer, PasswordRefused.code, advice),))


def longest_age(settings: Settings) -> timedelta | None:
    """How old a password may grow; None for ever."""
    days = profile_of(settings).rotation_days
    return None if days is None else timedelta(days=days)


def is_expired_start(account: Account, at: datetime, settings: Settings) -> bool:
    """Whether the password was given for a first sign-in that did not come in time."""
    if not account.must_change_password or account.password_changed_at is None:
        return False
    return at >= account.password_changed_at + timedelta(hours=settings.start_password_hours)


def _classes(password: str) -> int:
    named = sum(any(one in letters for one in password) for letters in _CLASSES)
    return named + any(one not in "".join(_CLASSES) for one in password)


def _costs(settings: Settings) -> tuple[int, int, int]:
    return settings.argon2_passes, settings.argon2_memory_kib, settings.argon2_lanes


@cache
def _hasher(passes: int, memory_kib: int, lanes: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)


@cache
def _nobodys(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_urlsafe())
