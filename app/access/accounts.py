"""Accounts: made without roles, given roles by somebody else, closed and never deleted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.account_schemas import UserIn, UserPatch
from app.access.caller import Caller
from app.access.offices import ADMINISTRATORS, ROLE_LABELS, OfficeKind, role_errors
from app.access.organisations import check_open as check_organisation_open
from app.access.organisations import find_organisation, in_sight, lock_organisation
from app.access.permissions import Permission, Role
from app.access.scope import Scope
from app.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from app.store.pages import Key
from app.store.tables import Account, ApiKey, Organisation, SignInSession
from app.store.types import overlaps

ORDER: Final = (Key(Account.id, descending=True),)
# Whoever is in charge of people, or oversees them, sees all of them within scope; others see their colleagues.
_SEES_ALL: Final = frozenset({Permission.WRITE_ACCOUNTS, Permission.GRANT_ROLES, Permission.READ_AUDIT})


class AccountNotFound(NotFound):
    code = "user_not_found"
    title = "没有这个账号"


class AccountRefused(Unprocessable):
    """A value is wrong, or does not fit the office of the account."""

    code = "user_refused"
    title = "账号信息有误"


class LoginTaken(Conflict):
    """Another account, open or closed, has this login."""

    code = "login_taken"
    title = "登录名已被使用"


class AccountClosed(Conflict):
    """What has been closed is no longer changed."""

    code = "user_closed"
    title = "账号已停用"


class OwnAccount(Forbidden):
    """Nobody decides about himself or herself."""

    code = "own_account"
    title = "不能办理自己的账号"


class LastAdministrator(Conflict):
    """Without him or her nobody could do this administrator's work, not even appoint another."""

    code = "last_administrator"
    title = "须留有一名管理员"


def people_in_sight(caller: Caller) -> ColumnElement[bool]:
    """SQL over Account joined with its Organisation: colleagues, and for those in charge everybody within scope."""
    if caller.permissions & _SEES_ALL:
        return in_sight(caller.scope)
    return and_(in_sight(caller.scope), Account.organisation_id == caller.organisation_id)


def select_accounts(
    caller: Caller,
    *,
    organisation_id: UUID | None = None,
    role: Role | None = None,
    login: str | None = None,
    closed: bool = False,
) -> Select[Account, str]:
    """Accounts with their organisations' names, unordered."""
    query = select(Account, Organisation.name).join(Organisation, Organisation.id == Account.organisation_id)
    wanted = [
        true() if organisation_id is None else Account.organisation_id == organisation_id,
        true() if role is None else overlaps(Account.roles, [role.value]),
        true() if login is None else Account.login == login,
        true() if closed else Account.closed_at.is_(None),
    ]
    return query.where(people_in_sight(caller), *wanted)


def get_account(session: Session, key: UUID, caller: Caller) -> tuple[Account, str]:
    """An account that the caller sees, with its organisation's name. Raises AccountNotFound."""
    row = session.execute(select_accounts(caller, closed=True).where(Account.id == key)).one_or_none()
    if row is None:
        raise AccountNotFound(f"没有编号为 {key} 的账号")
    return row[0], row[1]


def lock_account(session: Session, key: UUID, caller: Caller) -> Account:
    """The same, held until the unit of work ends."""
    get_account(session, key, caller)
    return locked(session, key)


def locked(session: Session, key: UUID) -> Account:
    """An account that is known to be there, held until the unit of work ends."""
    query = select(Account).where(Account.id == key).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def add_account(session: Session, body: UserIn, scope: Scope, at: datetime) -> Account:
    """A new account without roles and password. Raises AccountRefused, OrganisationClosed or LoginTaken."""
    office = _office(session, body.organisation_id, scope)
    made = Account(
        organisation_id=office.id,
        login=body.login,
        name=body.name,
        roles=(),
        role_stamp=1,
        must_change_password=True,
        version=1,
        created_at=at,
    )
    return write_account(session, made)


def write_account(session: Session, made: Account) -> Account:
    """Add a row. Raises LoginTaken."""
    session.add(made)
    try:
        # The unique login is refused here, while it can still be said why.
        session.flush()
    except IntegrityError:
        detail = f"登录名“{made.login}”已被使用，请换一个；停用的账号也不让出登录名"
        raise LoginTaken(detail, errors=(FieldError("/login", LoginTaken.code, detail),)) from None
    return made


def amend_account(session: Session, seen: Account, body: UserPatch, caller: Caller) -> None:
    """Rename, or move to another office, which takes the roles away. Raises AccountRefused and others."""
    check_open(seen)
    if body.name is not None:
        seen.name = body.name
    if body.organisation_id is not None and body.organisation_id != seen.organisation_id:
        check_other(seen, caller)
        _keep_administrators(session, seen, frozenset())
        seen.organisation_id = _office(session, body.organisation_id, caller.scope).id
        # A deputy is a colleague, and roles mean something at one office only.
        seen.away_from = seen.away_to = seen.deputy_id = None
        _take_as_deputy(session, seen.id)
        _give(seen, frozenset())
    seen.version += 1


def set_roles(session: Session, seen: Account, roles: frozenset[Role], caller: Caller) -> None:
    """Give an account these roles and no others; its sessions end. Raises OwnAccount, AccountRefused and others."""
    check_open(seen)
    check_other(seen, caller)
    office = session.get_one(Organisation, seen.organisation_id)
    check_organisation_open(office)
    refuse(role_errors(roles, OfficeKind(office.kind)))
    _keep_administrators(session, seen, roles)
    _give(seen, roles)
    seen.version += 1


def end_account(session: Session, seen: Account, at: datetime) -> None:
    """Close it: sessions and keys end with it. Whether work is left is asked before, in `handovers`."""
    _keep_administrators(session, seen, frozenset())
    seen.closed_at = at
    seen.role_stamp += 1
    seen.version += 1
    _take_as_deputy(session, seen.id)
    end_sessions(session, seen.id, at, "account_closed")
    for key in session.scalars(select(ApiKey).where(ApiKey.account_id == seen.id, ApiKey.revoked_at.is_(None))):
        key.revoked_at = at
        key.version += 1


def end_sessions(session: Session, account_id: UUID, at: datetime, because: str) -> None:
    """Sign an account out everywhere."""
    living = (SignInSession.account_id == account_id, SignInSession.ended_at.is_(None))
    session.execute(update(SignInSession).where(*living).values(ended_at=at, ended_because=because))


def check_open(account: Account) -> None:
    """Raise AccountClosed."""
    if account.closed_at is not None:
        raise AccountClosed(f"{account.name}的账号已停用，不能再改；确需恢复请新建账号")


def check_other(account: Account, caller: Caller) -> None:
    """Raise OwnAccount where the caller's own account is meant."""
    if account.id == caller.account_id:
        raise OwnAccount("不能办理自己的账号，请由另一位管理员办理")


def refuse(errors: Sequence[FieldError]) -> None:
    """Raise AccountRefused if there is anything to refuse."""
    if errors:
        raise AccountRefused(errors[0].detail, errors=tuple(errors))


def _office(session: Session, key: UUID, scope: Scope) -> Organisation:
    if find_organisation(session, key, scope) is None:
        refuse([FieldError("/organisation_id", "organisation_not_found", f"没有编号为 {key} 的单位")])
    office = lock_organisation(session, key, scope)
    check_organisation_open(office)
    return office


def _give(seen: Account, roles: frozenset[Role]) -> None:
    seen.roles = tuple(role.value for role in Role if role in roles)
    # A session of an older stamp is dead; keys follow the roles by themselves.
    seen.role_stamp += 1


def _take_as_deputy(session: Session, account_id: UUID) -> None:
    for away in session.scalars(select(Account).where(Account.deputy_id == account_id)):
        away.deputy_id = None
        away.version += 1


def _keep_administrators(session: Session, seen: Account, roles: frozenset[Role]) -> None:
    """Refuse to take away the last administrator of a kind. Their changes queue at the operator's row."""
    lost = {Role(one) for one in seen.roles} & ADMINISTRATORS - roles
    if not lost:
        return
    session.execute(select(Organisation.id).where(Organisation.id == seen.organisation_id).with_for_update())
    for role in lost:
        others = overlaps(Account.roles, [role.value]), Account.closed_at.is_(None), Account.id != seen.id
        if not session.scalar(select(func.count()).where(*others)):
            label = ROLE_LABELS[role]
            raise LastAdministrator(f"{seen.name}是唯一的{label}，请先由安全管理员任命另一名{label}")
