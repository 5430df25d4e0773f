"""Sessions of signed-in people: how they are opened, which of them live, and how they end."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from fastapi import Request
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from app.access import totp
from app.access.caller import Caller, Carrier
from app.access.credentials import hashed, new_token
from app.access.identify import SessionLimits, owes_password
from app.access.passwords import longest_age
from app.config import Settings
from app.errors import Conflict, Forbidden, NotFound, Unauthenticated
from app.store.pages import Key
from app.store.tables import Account, SignInSession

ORDER: Final = (Key(SignInSession.id, descending=True),)
_AGENT_LENGTH: Final = 200
_ADDRESS_LENGTH: Final = 45
_CSRF: Final = b"csrf"


class Owed(StrEnum):
    """What somebody who has begun to sign in has still to give, in this order."""

    SECOND_FACTOR = "second_factor"
    SECOND_FACTOR_ENROLMENT = "second_factor_enrolment"
    NEW_PASSWORD = "new_password"  # noqa: S105  a name, no password


class SessionNotFound(NotFound):
    code = "session_not_found"
    title = "没有这个登录"


class NoSession(Conflict):
    """A machine's key has no session."""

    code = "no_session"
    title = "不是登录会话"


class SecondFactorOwed(Forbidden):
    """Half signed in is not signed in."""

    code = "second_factor_owed"
    title = "须先完成第二因素"


@dataclass(frozen=True, slots=True)
class Device:
    """From where somebody signs in, and how the session will be carried."""

    carrier: Carrier
    address: str
    user_agent: str


class Opened(NamedTuple):
    """A session that was just opened; its token is shown once."""

    token: str
    csrf_token: str
    session_id: UUID
    opened_at: datetime
    is_complete: bool
    owed: tuple[Owed, ...]


def limits_of(settings: Settings) -> SessionLimits:
    """How long sessions live here."""
    idle, absolute = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    return SessionLimits(idle, absolute, longest_age(settings))


def device_of(request: Request, carrier: Carrier) -> Device:
    """Where a request comes from. The reverse proxy's word is taken by the server (`--proxy-headers`), not here."""
    address = request.client.host if request.client else "unknown"
    # Surrogates of odd bytes would be refused by the database.
    agent = request.headers.get("user-agent", "").encode("ascii", "replace").decode().replace("\x00", "?")
    return Device(carrier, address[:_ADDRESS_LENGTH], agent[:_AGENT_LENGTH])


def csrf_token_of(token: str) -> str:
    """What the forms of a session carry: made of its token, which no page and no script can read."""
    return hmac.digest(token.encode(), _CSRF, "sha256").hex()


def open_session(
    session: Session, account: Account, device: Device, at: datetime, settings: Settings, *, verified: bool
) -> Opened:
    """A new session with a token of its own. `verified` says that the second factor was given."""
    token = new_token()
    row = SignInSession(
        token_hash=hashed(token),
        carrier=device.carrier.value,
        account_id=account.id,
        role_stamp=account.role_stamp,
        is_complete=verified or not totp.is_needed(account),
        csrf_hash=hashed(csrf_token_of(token)) if device.carrier is Carrier.COOKIE else None,
        address=device.address,
        user_agent=device.user_agent,
        created_at=at,
        seen_at=at,
    )
    session.add(row)
    session.flush()  # Its id is told at once.
    owed = owed_by(account, row, at, settings)
    return Opened(token, csrf_token_of(token), row.id, at, row.is_complete, owed)


def owed_by(account: Account, row: SignInSession, at: datetime, settings: Settings) -> tuple[Owed, ...]:
    """What is missing before the session is worth its roles."""
    owed: list[Owed] = []
    if not row.is_complete:
        owed.append(Owed.SECOND_FACTOR_ENROLMENT if totp.is_owed(account) else Owed.SECOND_FACTOR)
    if owes_password(account.must_change_password, account.password_changed_at, at, limits_of(settings)):
        owed.append(Owed.NEW_PASSWORD)
    return tuple(owed)


def account_id_of(caller: Caller) -> UUID:
    """The caller's account. Raises Unauthenticated for callers without one."""
    if caller.account_id is None:
        raise Unauthenticated("请先登录")
    return caller.account_id


def session_id_of(caller: Caller) -> UUID:
    """The caller's session. Raises NoSession for a machine's key."""
    kind, _, key = caller.credential.partition(":")
    if kind != "session":
        raise NoSession("此操作须由本人登录后办理，密钥不能办理")
    return UUID(key)


def own_session(session: Session, caller: Caller) -> tuple[Account, SignInSession]:
    """The caller's account and session, both held until the unit of work ends. Raises NoSession."""
    key = session_id_of(caller)
    account = session.get_one(Account, account_id_of(caller), with_for_update=True, populate_existing=True)
    return account, session.get_one(SignInSession, key, with_for_update=True, populate_existing=True)


def check_complete(row: SignInSession) -> None:
    """Raise SecondFactorOwed for a session that has given a password only."""
    if not row.is_complete:
        raise SecondFactorOwed("请先输入验证码完成登录，再办理此事")


def select_living(account_id: UUID, at: datetime, limits: SessionLimits) -> Select[Any]:
    """The sessions of an account that still work, unordered."""
    stamp = select(Account.role_stamp).where(Account.id == account_id).scalar_subquery()
    return select(SignInSession).where(
        SignInSession.account_id == account_id,
        SignInSession.ended_at.is_(None),
        SignInSession.role_stamp == stamp,
        SignInSession.seen_at > at - limits.idle,
        SignInSession.created_at > at - limits.absolute,
    )


def end_session(row: SignInSession, at: datetime, because: str) -> None:
    """It never works again."""
    if row.ended_at is None:
        row.ended_at, row.ended_because = at, because


def end_others(session: Session, row: SignInSession, at: datetime, because: str) -> None:
    """End every other session of the same account."""
    others = (SignInSession.account_id == row.account_id, SignInSession.id != row.id, SignInSession.ended_at.is_(None))
    session.execute(update(SignInSession).where(*others).values(ended_at=at, ended_because=because))


def end_presented(session: Session, caller: Caller, at: datetime) -> None:
    """End the session whose cookie came along with a new sign-in: nothing of it lives on in the new one."""
    if caller.carrier is Carrier.COOKIE:
        end_session(session.get_one(SignInSession, session_id_of(caller)), at, "signed_in_again")
