"""From what a request shows to the caller it belongs to: one query, and the limits that a session or a key has."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.access.caller import Caller, Carrier
from app.access.credentials import Credential, CredentialRefused
from app.access.permissions import Permission, Role, permissions_of
from app.access.scope import Scope
from app.http.clock import CHINA
from app.rules.bind import region_prefix
from app.store.engine import Database, is_transient
from app.store.tables import Account, ApiKey, Organisation, SignInSession

_DUE: Final = "access.session_to_touch"
_SIGN_IN_AGAIN: Final = "登录已失效，请重新登录"
# A page of the console is many requests; one write a minute is enough to know that somebody is still there.
TOUCHED_EVERY: Final = timedelta(minutes=1)
_NEW_KEY: Final = "密钥无效、已过期或已停用，请向安全管理员申领新的密钥"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives without a request, and how long at most; how old a password may be, None for ever."""

    idle: timedelta
    absolute: timedelta
    password_age: timedelta | None = None


_PERSON: Final[tuple[Any, ...]] = (
    Account.id.label("account_id"),
    Account.name.label("account_name"),
    Account.roles,
    Account.role_stamp.label("current_stamp"),
    Account.must_change_password,
    Account.password_changed_at,
    Account.closed_at,
    Organisation.id.label("organisation_id"),
    Organisation.name.label("organisation_name"),
    Organisation.closed_at.label("organisation_closed_at"),
    Organisation.region_code,
    Organisation.bank_id,
    Organisation.institution_id,
)


def recognise(database: Database, shown: Credential, at: datetime, limits: SessionLimits) -> Caller:
    """The caller of a credential, in a transaction of its own; notes that the session was seen. Raises the same."""
    with database.reading() as session:
        caller = identify(session, shown, at, limits)
        due = session.info.get(_DUE)
    if due is not None:
        _touch(database, due, at)
    return caller


def _touch(database: Database, session_id: UUID, at: datetime) -> None:
    due = (SignInSession.id == session_id, SignInSession.seen_at <= at - TOUCHED_EVERY)
    try:
        with database.writing() as session:
            session.execute(update(SignInSession).where(*due).values(seen_at=at))
    except OperationalError as error:
        # Somebody writes for long. The next request tries again; this one has no reason to fail.
        if not is_transient(error):
            raise


def identify(session: Session, shown: Credential, at: datetime, limits: SessionLimits) -> Caller:
    """The caller of a credential. Raises CredentialRefused, with the same words for unknown, ended and expired."""
    if shown.carrier is Carrier.API_KEY:
        return _by_key(session, shown, at)
    return _by_session(session, shown, at, limits)


def identify_account(session: Session, account_id: UUID, credential: str, at: datetime) -> Caller:
    """Whoever has an account, as it is now, for work that goes on after its request. Raises CredentialRefused."""
    query = select(*_PERSON).join(Organisation, Organisation.id == Account.organisation_id)
    row = session.execute(query.where(Account.id == account_id)).one_or_none()
    if row is None or _is_closed(row):
        raise CredentialRefused("提交此项工作的账号已停用，工作没有继续；请由在用的账号重新提交")
    return _caller(row, Carrier.NOBODY, credential, _allowed(row), at)


def _by_key(session: Session, shown: Credential, at: datetime) -> Caller:
    columns: tuple[Any, ...] = (ApiKey.secret_hash, ApiKey.permissions, ApiKey.expires_at, ApiKey.revoked_at, *_PERSON)
    query = select(*columns).join(Account, Account.id == ApiKey.account_id).join(Organisation)
    row = session.execute(query.where(ApiKey.public_id == shown.lookup)).one_or_none()
    if row is None or not hmac.compare_digest(row.secret_hash, shown.secret_hash):
        raise CredentialRefused(_NEW_KEY)
    if row.revoked_at is not None or row.expires_at <= at or _is_closed(row):
        raise CredentialRefused(_NEW_KEY)
    narrowed = frozenset(one for one in Permission if one.value in row.permissions)
    allowed = _allowed(row) & narrowed | {Permission.ROTATE_OWN_KEY}
    return _caller(row, shown.carrier, f"key:{shown.lookup}", allowed, at)


def _by_session(session: Session, shown: Credential, at: datetime, limits: SessionLimits) -> Caller:
    found = SignInSession
    columns: tuple[Any, ...] = (
        found.id,
        found.role_stamp,
        found.is_complete,
        found.created_at,
        found.seen_at,
        found.ended_at,
    )
    query = select(*columns, *_PERSON).join(Account, Account.id == found.account_id).join(Organisation)
    row = session.execute(
        query.where(found.token_hash == shown.lookup, found.carrier == shown.carrier.value)
    ).one_or_none()
    if row is None or _is_closed(row) or not _is_alive(row, at, limits):
        raise CredentialRefused(_SIGN_IN_AGAIN)
    # Whoever still owes a second factor or a new password may do nothing but give it.
    owes = not row.is_complete or owes_password(row.must_change_password, row.password_changed_at, at, limits)
    if at - row.seen_at >= TOUCHED_EVERY:
        session.info[_DUE] = row.id
    allowed = frozenset({Permission.SIGNED_IN}) if owes else _allowed(row)
    return _caller(row, shown.carrier, f"session:{row.id}", allowed, at)


def owes_password(must_change: bool, changed_at: datetime | None, at: datetime, limits: SessionLimits) -> bool:
    """Whether another password has to be chosen; never of somebody who has none and comes by another way."""
    if changed_at is None:
        return False
    return must_change or (limits.password_age is not None and at - changed_at >= limits.password_age)


def _is_alive(row: Row[Any], at: datetime, limits: SessionLimits) -> bool:
    fresh = at < row.seen_at + limits.idle and at < row.created_at + limits.absolute
    return fresh and row.ended_at is None and row.role_stamp == row.current_stamp


def _is_closed(row: Row[Any]) -> bool:
    return row.closed_at is not None or row.organisation_closed_at is not None


def _allowed(row: Row[Any]) -> frozenset[Permission]:
    return permissions_of(Role(one) for one in row.roles)


def _caller(
    row: Row[Any], carrier: Carrier, credential: str, permissions: frozenset[Permission], at: datetime
) -> Caller:
    # An institution sees itself wherever it lies; everybody else what lies at or below the office's region.
    prefix = "" if row.institution_id is not None else region_prefix(row.region_code)
    on = at.astimezone(CHINA).date()
    return Caller(
        carrier=carrier,
        credential=credential,
        account_id=row.account_id,
        account_name=row.account_name,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        region_code=row.region_code,
        bank_id=row.bank_id,
        institution_id=row.institution_id,
        roles=frozenset(Role(one) for one in row.roles),
        permissions=permissions,
        scope=Scope(prefix, row.institution_id, row.bank_id, on),
    )
