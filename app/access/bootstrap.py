"""The first people of an installation: the operator, its three administrators, and the bureaux; and help from its host.

Whoever may run commands on the host may do this without an account; the trail says that the command line did.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.accounts import AccountNotFound, check_open, end_account
from app.access.bureaux import add_bureaux
from app.access.offices import ROLE_LABELS, OfficeKind
from app.access.permissions import Role
from app.access.start_passwords import StartPassword, give_start_password
from app.config import Settings
from app.errors import Conflict
from app.regions import PROVINCE
from app.store.tables import Account, Organisation
from app.store.types import new_key

OPERATOR_CODE: Final = "operator"
# Three people: who makes accounts gives no roles, who gives roles makes no accounts, and a third sees what both did.
LOGINS: Final = {
    Role.SYSTEM_ADMIN: "system-admin",
    Role.SECURITY_ADMIN: "security-admin",
    Role.AUDIT_ADMIN: "audit-admin",
}


class AlreadyBootstrapped(Conflict):
    """There are organisations or accounts."""

    code = "already_bootstrapped"
    title = "已经初始化"


class NewAdministrator(NamedTuple):
    """An administrator who has never signed in, with the password for it."""

    role: Role
    login: str
    start: StartPassword


class Bootstrapped(NamedTuple):
    """What was made."""

    administrators: Sequence[NewAdministrator]
    bureaux: int


def bootstrap(session: Session, operator: str, at: datetime, settings: Settings) -> Bootstrapped:
    """Make the operator, called `operator`, and all else. Raises AlreadyBootstrapped."""
    if is_bootstrapped(session):
        raise AlreadyBootstrapped("库中已有单位或账号，不能再次初始化；增加人员请由系统管理员办理")
    office = add_operator(session, operator, at)
    made = [_administrator(session, office, role, at, settings) for role in LOGINS]
    _, bureaux = add_bureaux(session, at)
    return Bootstrapped(made, bureaux)


def is_bootstrapped(session: Session) -> bool:
    """Whether there is any organisation or account."""
    found = select(exists().where(Organisation.id.is_not(None)) | exists().where(Account.id.is_not(None)))
    return bool(session.scalar(found))


def add_operator(session: Session, name: str, at: datetime) -> Organisation:
    """The organisation that runs the service."""
    office = Organisation(
        id=new_key(),
        code=OPERATOR_CODE,
        name=name,
        kind=OfficeKind.OPERATOR.value,
        region_code=PROVINCE,
        version=1,
        created_at=at,
    )
    session.add(office)
    session.flush()  # The accounts name it.
    return office


def _administrator(
    session: Session, office: Organisation, role: Role, at: datetime, settings: Settings
) -> NewAdministrator:
    account = Account(
        id=new_key(),
        organisation_id=office.id,
        login=LOGINS[role],
        name=ROLE_LABELS[role],
        roles=(role.value,),
        role_stamp=1,
        must_change_password=True,
        version=1,
        created_at=at,
    )
    session.add(account)
    session.flush()  # Sessions and histories name it.
    return NewAdministrator(role, account.login, give_start_password(session, account, at, settings))


def account_of(session: Session, login: str) -> Account:
    """The account with a login, held. Raises AccountNotFound."""
    found = session.scalar(select(Account).where(Account.login == login).with_for_update())
    if found is None:
        raise AccountNotFound(f"没有登录名为“{login}”的账号")
    return found


def close_from_host(session: Session, login: str, at: datetime) -> None:
    """Close an account that may have been taken over, at once. Raises AccountNotFound or AccountClosed."""
    account = account_of(session, login)
    check_open(account)
    end_account(session, account, at)
