"""Passwords for a first sign-in, and what the security administrator does for people who cannot sign in."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.access.accounts import check_open, end_sessions
from app.access.passwords import hash_password
from app.access.readable import new_text
from app.config import Settings
from app.store.tables import Account, PasswordHistory


class StartPassword(NamedTuple):
    """Shown once; only its hash is kept."""

    text: str
    expires_at: datetime


def give_start_password(session: Session, seen: Account, at: datetime, settings: Settings) -> StartPassword:
    """A new password that has to be changed at the first sign-in, and until a day. Raises AccountClosed."""
    check_open(seen)
    if seen.password_hash is not None and not seen.must_change_password:
        # Nobody comes back to an old password by way of a reset.
        old = PasswordHistory(account_id=seen.id, password_hash=seen.password_hash, replaced_at=at)
        session.add(old)
    text = new_text()
    seen.password_hash = hash_password(text, settings)
    seen.password_changed_at = at
    seen.must_change_password = True
    seen.role_stamp += 1
    seen.version += 1
    end_sessions(session, seen.id, at, "password_reset")
    return StartPassword(text, at + timedelta(hours=settings.start_password_hours))


def take_second_factor(session: Session, seen: Account, at: datetime) -> None:
    """Whoever lost the phone sets the second factor up again at the next sign-in. Raises AccountClosed."""
    check_open(seen)
    seen.totp_secret = seen.totp_confirmed_at = seen.totp_step = None
    seen.role_stamp += 1
    seen.version += 1
    end_sessions(session, seen.id, at, "second_factor_reset")
