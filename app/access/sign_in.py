"""Signing in: a password, a second factor where one is needed, and a session that knows what is still owed.

Passwords are hashed between transactions: that takes long, and a writer would make all others wait. The attempt is
committed before, so that it counts whatever becomes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import totp
from app.access.audit.events import put_refused
from app.access.audit.record import record
from app.access.caller import Caller
from app.access.guesses import count_guess, forgive
from app.access.passwords import (
    check_password,
    check_unused,
    hash_password,
    is_expired_start,
    needs_rehash,
    verify_password,
)
from app.access.sessions import (
    Device,
    Opened,
    account_id_of,
    check_complete,
    end_others,
    end_presented,
    open_session,
    own_session,
    session_id_of,
)
from app.config import Settings, secret_key_of
from app.errors import AppError, Conflict, FieldError, Unauthenticated, Unprocessable
from app.http.unit_of_work import writing
from app.store.engine import Database
from app.store.tables import Account, Organisation, PasswordHistory, SignInSession

_POINTER: Final = "/new_password"


class SignInRefused(Unauthenticated):
    """Login, password or code is wrong, or the account is closed: which of them is not said."""

    code = "sign_in_refused"
    title = "登录失败"


class StartPasswordExpired(Unauthenticated):
    """The password was right, and was given for a first sign-in that comes too late."""

    code = "start_password_expired"
    title = "首次登录密码已过期"


class CodeWrong(Unprocessable):
    """The code is wrong, too old, or was used before."""

    code = "code_wrong"
    title = "验证码不对"


class NoSecondFactor(Conflict):
    """There is no second factor, or none that waits to be confirmed."""

    code = "no_second_factor"
    title = "没有待用的第二因素"


class SecondFactorThere(Conflict):
    """Whoever has one gives it up through the security administrator, not over a stolen session."""

    code = "second_factor_there"
    title = "已设有第二因素"


@dataclass(frozen=True, slots=True)
class Entrance:
    """What signing in works on: the running service, the request, and the instant."""

    database: Database
    settings: Settings
    request: Request
    at: datetime

    def refuse(self, error: AppError) -> AppError:
        """Put a failed attempt on record, which its own transaction no longer can; the error, to be raised."""
        put_refused(self.database, self.request, error)
        return error


def sign_in(entrance: Entrance, device: Device, login: str, password: str, code: str | None, caller: Caller) -> Opened:
    """Open a session. Raises GuessedTooOften, SignInRefused or StartPasswordExpired; each takes the same time."""
    account = _proved(entrance, device.address, login, password)
    if is_expired_start(account, entrance.at, entrance.settings):
        detail = "首次登录用的密码已过期，请向安全管理员重新领取"
        raise entrance.refuse(StartPasswordExpired(detail))
    try:
        with writing(entrance.database, entrance.request) as session:
            held = _unchanged(session, account)
            if code is not None and held.totp_confirmed_at is not None:
                _take_code(held, code, entrance)
            return enter(session, held, device, entrance, caller, verified=code is not None)
    except SignInRefused as error:
        raise entrance.refuse(error) from None


def enter(
    session: Session, held: Account, device: Device, entrance: Entrance, caller: Caller, *, verified: bool
) -> Opened:
    """Open a session for somebody who is known, in place of the one that came along; guesses end where it is whole."""
    end_presented(session, caller, entrance.at)
    given = verified and held.totp_confirmed_at is not None
    opened = open_session(session, held, device, entrance.at, entrance.settings, verified=given)
    if opened.is_complete:
        forgive(session, held.login, device.address)
    said = {"carrier": device.carrier.value, "owed": [one.value for one in opened.owed], "login": held.login}
    record(session, action="sign_in", object_type="account", object_id=held.id, detail=said)
    return opened


def verify_second_factor(entrance: Entrance, caller: Caller, address: str, code: str) -> None:
    """Complete a half-signed-in session. Raises GuessedTooOften, CodeWrong, NoSecondFactor or NoSession."""

    def complete(session: Session, account: Account, row: SignInSession) -> None:
        if account.totp_confirmed_at is None:
            raise NoSecondFactor("还没有设置第二因素，请先设置")
        _take(account, code, entrance)
        row.is_complete = True
        record(session, action="verify_second_factor", object_type="account", object_id=account.id)

    _with_code(entrance, caller, address, complete)


def begin_second_factor(session: Session, caller: Caller, settings: Settings) -> tuple[str, str]:
    """A new secret and its otpauth URI. Raises SecondFactorThere or NoSession."""
    secret_key_of(settings)
    account, _row = own_session(session, caller)
    if account.totp_confirmed_at is not None:
        raise SecondFactorThere("已设有第二因素；换手机请先由安全管理员取消，再重新设置")
    return totp.begin(account, settings)


def confirm_second_factor(entrance: Entrance, caller: Caller, address: str, code: str) -> None:
    """The app shows the right codes: from now on they are needed. Raises as verify_second_factor does."""

    def confirm(session: Session, account: Account, row: SignInSession) -> None:
        if account.totp_secret is None or account.totp_confirmed_at is not None:
            raise NoSecondFactor("没有待确认的第二因素，请先取得密钥")
        _take(account, code, entrance)
        account.totp_confirmed_at = entrance.at
        account.version += 1
        row.is_complete = True
        # What was signed in without it is signed in no longer.
        end_others(session, row, entrance.at, "second_factor_set")

    _with_code(entrance, caller, address, confirm)


def change_password(entrance: Entrance, caller: Caller, address: str, current: str, new: str) -> None:
    """Another password; all other sessions end. Raises SignInRefused, PasswordRefused, SecondFactorOwed and others."""
    settings = entrance.settings
    session_id_of(caller)
    with entrance.database.reading() as session:
        login = session.get_one(Account, account_id_of(caller)).login
    account = _proved(entrance, address, login, current)
    check_password(new, settings, (account.login, account.name), _POINTER)
    with entrance.database.reading() as session:
        check_unused(session, account, new, settings, _POINTER)
    new_hash = hash_password(new, settings)
    with writing(entrance.database, entrance.request) as session:
        held, row = own_session(session, caller)
        if held.totp_confirmed_at is not None:
            check_complete(row)
        _check_same(held, account)
        _replace(session, held, row, new_hash, entrance.at)
        forgive(session, held.login, address)


def _replace(session: Session, held: Account, row: SignInSession, new_hash: str, at: datetime) -> None:
    if held.password_hash is not None and not held.must_change_password:
        session.add(PasswordHistory(account_id=held.id, password_hash=held.password_hash, replaced_at=at))
    held.password_hash, held.password_changed_at, held.must_change_password = new_hash, at, False
    held.role_stamp += 1
    held.version += 1
    # The session in which it was changed goes on; sessions of the old stamp are dead, and are said to have ended.
    row.role_stamp = held.role_stamp
    end_others(session, row, at, "password_changed")


def _proved(entrance: Entrance, address: str, login: str, password: str) -> Account:
    """The open account of a login, detached, if the password is right. Counts the attempt. Raises SignInRefused."""
    settings = entrance.settings
    with entrance.database.writing() as session:
        count_guess(session, login, address, entrance.at)
    with entrance.database.reading() as session:
        account = _open_account(session, login)
        if account is not None:
            session.expunge(account)
    right = verify_password(password, None if account is None else account.password_hash, settings)
    if account is None or not right:
        raise entrance.refuse(_refused())
    if account.password_hash is not None and needs_rehash(account.password_hash, settings):
        _store_again(entrance.database, account, hash_password(password, settings))
    return account


def _open_account(session: Session, login: str) -> Account | None:
    living = (Account.closed_at.is_(None), Organisation.closed_at.is_(None))
    return session.scalars(select(Account).join(Organisation).where(Account.login == login, *living)).one_or_none()


def _store_again(database: Database, account: Account, stronger: str) -> None:
    """The same password at today's cost; nothing that the trail has to know."""
    with database.writing() as session:
        held = session.get_one(Account, account.id, with_for_update=True)
        if held.password_hash == account.password_hash:
            held.password_hash = stronger
    account.password_hash = stronger


def _unchanged(session: Session, seen: Account) -> Account:
    """The account again, held; while its password was hashed somebody may have closed it, or changed the password."""
    held = session.get_one(Account, seen.id, with_for_update=True)
    _check_same(held, seen)
    return held


def _check_same(held: Account, seen: Account) -> None:
    if held.closed_at is not None or held.password_hash != seen.password_hash:
        raise _refused()


def _take_code(account: Account, code: str, entrance: Entrance) -> None:
    if not totp.take(account, code, entrance.at, entrance.settings):
        raise _refused()


def _take(account: Account, code: str, entrance: Entrance) -> None:
    if not totp.take(account, code, entrance.at, entrance.settings):
        detail = "验证码不对、已过期或已用过，请等应用显示下一个后再输入"
        raise CodeWrong(detail, errors=(FieldError("/code", CodeWrong.code, detail),))


def _with_code(
    entrance: Entrance, caller: Caller, address: str, act: Callable[[Session, Account, SignInSession], None]
) -> None:
    """Do something that a code allows. The attempt counts like one at the password."""
    session_id_of(caller)
    with entrance.database.writing() as session:
        login = _login_of(session, account_id_of(caller))
        count_guess(session, login, address, entrance.at)
    with writing(entrance.database, entrance.request) as session:
        account, row = own_session(session, caller)
        act(session, account, row)
        forgive(session, account.login, address)


def _login_of(session: Session, account_id: UUID) -> str:
    return session.get_one(Account, account_id).login


def _refused() -> SignInRefused:
    return SignInRefused("登录名、密码或验证码不对，或账号已停用。忘记密码请联系安全管理员")
