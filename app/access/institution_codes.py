"""Proof that somebody speaks for an institution: a code that its bureau hands over, good for one account."""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.accounts import write_account
from app.access.caller import Caller
from app.access.credentials import hashed
from app.access.institution_code_schemas import RedeemIn
from app.access.offices import OfficeKind
from app.access.organisations import check_open
from app.access.permissions import Role
from app.access.readable import meant, new_text
from app.access.scope import Scope
from app.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from app.store.pages import Key
from app.store.tables import Account, Institution, InstitutionCode, Organisation
from app.store.types import new_key

ORDER: Final = (Key(InstitutionCode.id, descending=True),)
# The same words for a code that never was, is used, or has ended: whoever guesses learns nothing.
_REFUSED: Final = "代码不对、已用过或已过期，请核对；仍不行的，请向所在县（市、区）民政局重新申领"


class OwnerNotFound(NotFound):
    """No such institution, or none in scope."""

    code = "institution_not_found"
    title = "没有这个机构"


class InstitutionCodeNotFound(NotFound):
    code = "institution_code_not_found"
    title = "没有这个代码"


class CodeNotLive(Conflict):
    """It was used or has ended."""

    code = "institution_code_not_live"
    title = "代码已失效"


class CodeRefused(Unprocessable):
    """Not a code that works."""

    code = "institution_code_refused"
    title = "代码无效"

    def __init__(self) -> None:
        super().__init__(_REFUSED, errors=(FieldError("/code", self.code, _REFUSED),))


class MadeCode(NamedTuple):
    """A new code: the row, and the text that is shown once."""

    row: InstitutionCode
    text: str


class Spokesperson(NamedTuple):
    """Who speaks for an institution from now on."""

    account: Account
    institution_id: UUID
    institution_name: str


def select_codes(session: Session, institution_id: UUID, scope: Scope) -> Select[Any]:
    """The codes of an institution, unordered. Raises OwnerNotFound."""
    in_scope = scope.regions(Institution.region_code), scope.institutions(Institution.id)
    if session.scalar(select(Institution.id).where(Institution.id == institution_id, *in_scope)) is None:
        raise OwnerNotFound(f"没有编号为 {institution_id} 的机构")
    return select(InstitutionCode).where(InstitutionCode.institution_id == institution_id)


def issue_code(session: Session, institution_id: UUID, caller: Caller, at: datetime, days: int) -> MadeCode:
    """A new code, good for so many days and once. Raises OwnerNotFound."""
    select_codes(session, institution_id, caller.scope)
    if caller.account_id is None:
        raise Forbidden("发放代码须有账号，请先登录")
    text = new_text()
    row = InstitutionCode(
        institution_id=institution_id,
        code_hash=hashed(meant(text)),
        issued_by=caller.account_id,
        issued_at=at,
        expires_at=at + timedelta(days=days),
    )
    session.add(row)
    session.flush()  # The answer names it.
    return MadeCode(row, text)


def revoke_code(session: Session, institution_id: UUID, key: UUID, scope: Scope, at: datetime) -> InstitutionCode:
    """End a code that was handed to the wrong person. Raises OwnerNotFound, InstitutionCodeNotFound or CodeNotLive."""
    query = select_codes(session, institution_id, scope).where(InstitutionCode.id == key)
    row: InstitutionCode | None = session.scalar(query.with_for_update())
    if row is None:
        raise InstitutionCodeNotFound(f"该机构没有编号为 {key} 的代码")
    if not _is_live(row, at):
        raise CodeNotLive("这个代码已经用过或已失效，无需停用")
    row.expires_at = at
    return row


def check_code(session: Session, typed: str, at: datetime) -> None:
    """Raise CodeRefused unless the code works. Asked before the password is hashed, which costs much."""
    _live(session, typed, at, hold=False)


def redeem(session: Session, body: RedeemIn, password_hash: str, at: datetime) -> Spokesperson:
    """An account for whoever holds the code. Raises CodeRefused, LoginTaken or OrganisationClosed."""
    code = _live(session, body.code, at, hold=True)
    institution = session.get_one(Institution, code.institution_id)
    office = _office(session, institution, at)
    made = Account(
        id=new_key(),
        organisation_id=office.id,
        login=body.login,
        name=body.name,
        roles=(Role.INSTITUTION.value,),
        role_stamp=1,
        password_hash=password_hash,
        password_changed_at=at,
        must_change_password=False,
        version=1,
        created_at=at,
    )
    write_account(session, made)
    code.used_at, code.used_by = at, made.id
    return Spokesperson(made, institution.id, institution.name)


def _live(session: Session, typed: str, at: datetime, *, hold: bool) -> InstitutionCode:
    """Held until the unit of work ends, if asked, so that of two who redeem it at once one is refused."""
    query = select(InstitutionCode).where(InstitutionCode.code_hash == hashed(meant(typed)))
    row = session.scalar(query.with_for_update() if hold else query)
    if row is None or not _is_live(row, at):
        raise CodeRefused
    return row


def _is_live(row: InstitutionCode, at: datetime) -> bool:
    return row.used_at is None and at < row.expires_at


def _office(session: Session, institution: Institution, at: datetime) -> Organisation:
    """The institution as an organisation; the first code that is redeemed makes it."""
    query = select(Organisation).where(Organisation.institution_id == institution.id)
    office = session.scalar(query.with_for_update())
    if office is not None:
        check_open(office)
        return office
    made = Organisation(
        id=new_key(),
        code=f"institution-{institution.id}",
        name=institution.name,
        kind=OfficeKind.INSTITUTION.value,
        region_code=institution.region_code,
        institution_id=institution.id,
        version=1,
        created_at=at,
    )
    session.add(made)
    session.flush()  # The account names it.
    return made
