"""Organisations: the part of the tree that a caller sees, and its changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.offices import OfficeKind, parent_errors
from app.access.organisation_schemas import OrganisationIn, OrganisationPatch
from app.access.scope import Scope
from app.errors import Conflict, FieldError, NotFound, Unprocessable
from app.store.pages import Key
from app.store.tables import Account, Bank, Institution, Organisation
from app.store.types import new_key

ORDER: Final = (Key(Organisation.region_code), Key(Organisation.id))


class OrganisationNotFound(NotFound):
    code = "organisation_not_found"
    title = "没有这个单位"


class OrganisationRefused(Unprocessable):
    """A value is wrong, or does not fit the organisation's place in the tree."""

    code = "organisation_refused"
    title = "单位信息有误"


class OrganisationExists(Conflict):
    """Another organisation has this code, or speaks for this institution."""

    code = "organisation_exists"
    title = "单位已存在"


class OrganisationClosed(Conflict):
    """What has been closed is no longer changed."""

    code = "organisation_closed"
    title = "单位已停用"


class OrganisationInUse(Conflict):
    """Offices or people still stand under it."""

    code = "organisation_in_use"
    title = "单位仍在使用"


def in_sight(scope: Scope) -> ColumnElement[bool]:
    """SQL over Organisation: offices at or below the caller's region; of banks and institutions what concerns it."""
    institution, bank = Organisation.institution_id, Organisation.bank_id
    if scope.institution_id is not None:
        return institution == scope.institution_id
    of_bank = or_(bank.is_(None), scope.banks(bank))
    of_institution = or_(institution.is_(None), scope.institutions(institution))
    return and_(scope.regions(Organisation.region_code), of_bank, of_institution)


def list_organisations(
    scope: Scope,
    *,
    kind: str | None = None,
    region: str | None = None,
    parent_id: UUID | None = None,
    closed: bool = False,
) -> Select[Any]:
    """The rows of a list, unordered."""
    query = select(Organisation).where(in_sight(scope))
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if region is not None:
        query = query.where(Scope.of_region(region).regions(Organisation.region_code))
    if parent_id is not None:
        query = query.where(Organisation.parent_id == parent_id)
    return query if closed else query.where(Organisation.closed_at.is_(None))


def find_organisation(session: Session, key: UUID, scope: Scope) -> Organisation | None:
    """An organisation in sight, or None."""
    return session.scalar(select(Organisation).where(Organisation.id == key, in_sight(scope)))


def get_organisation(session: Session, key: UUID, scope: Scope) -> Organisation:
    """An organisation in sight. Raises OrganisationNotFound."""
    found = find_organisation(session, key, scope)
    if found is None:
        raise OrganisationNotFound(f"没有编号为 {key} 的单位")
    return found


def lock_organisation(session: Session, key: UUID, scope: Scope) -> Organisation:
    """The same, held until the unit of work ends, so that it is not closed while people are put into it."""
    get_organisation(session, key, scope)
    locked = select(Organisation).where(Organisation.id == key).with_for_update()
    return session.scalars(locked.execution_options(populate_existing=True)).one()


def add_organisation(session: Session, body: OrganisationIn, scope: Scope, at: datetime) -> Organisation:
    """A new organisation. Raises OrganisationRefused or OrganisationExists."""
    made = Organisation(id=new_key(), **body.model_dump(), created_at=at, version=1)
    refuse(_owner_errors(session, made, scope))
    refuse(_place_errors(session, made, made.parent_id, scope))
    session.add(made)
    try:
        # The unique code and institution are refused here, while it can still be said which request was refused.
        session.flush()
    except IntegrityError:
        taken = f"代码“{body.code}”已被使用，或该机构已有单位；请先在单位列表中查找"
        raise OrganisationExists(taken, errors=(FieldError("/code", OrganisationExists.code, taken),)) from None
    return made


def amend_organisation(session: Session, seen: Organisation, body: OrganisationPatch, scope: Scope) -> None:
    """Rename it, or hang it elsewhere in the tree. Raises OrganisationClosed or OrganisationRefused."""
    check_open(seen)
    if "parent_id" in body.model_fields_set:
        refuse(_place_errors(session, seen, body.parent_id, scope))
        seen.parent_id = body.parent_id
    if body.name is not None:
        seen.name = body.name
    seen.version += 1


def close_organisation(session: Session, seen: Organisation, at: datetime) -> None:
    """Nobody acts for it any more. Raises OrganisationClosed or OrganisationInUse."""
    check_open(seen)
    if seen.kind == OfficeKind.OPERATOR:
        raise OrganisationInUse("运行单位不能停用")
    below = _count(session, Organisation.parent_id == seen.id, Organisation.closed_at.is_(None))
    people = _count(session, Account.organisation_id == seen.id, Account.closed_at.is_(None))
    if below or people:
        raise OrganisationInUse(
            f"{seen.name}之下还有 {below} 个单位、{people} 个账号，请先把它们改到别的单位名下，或先行停用"
        )
    seen.closed_at = at
    seen.version += 1


def check_open(organisation: Organisation) -> None:
    """Raise OrganisationClosed."""
    if organisation.closed_at is not None:
        raise OrganisationClosed(f"{organisation.name}已停用，不能再改")


def refuse(errors: Sequence[FieldError]) -> None:
    """Raise OrganisationRefused if there is anything to refuse."""
    if errors:
        raise OrganisationRefused(errors[0].detail, errors=tuple(errors))


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*where)) or 0


def _owner_errors(session: Session, made: Organisation, scope: Scope) -> list[FieldError]:
    """A bank's office needs its bank and an institution's its institution; both have to be there, others name none."""
    errors = _named_errors("bank_id", made.bank_id, named=made.kind == OfficeKind.BANK)
    errors += _named_errors("institution_id", made.institution_id, named=made.kind == OfficeKind.INSTITUTION)
    if errors:
        return errors
    if made.bank_id is not None and session.get(Bank, made.bank_id) is None:
        return [FieldError("/bank_id", "bank_not_found", f"没有编号为 {made.bank_id} 的银行")]
    return _institution_errors(session, made, scope)


def _named_errors(field: str, value: UUID | None, *, named: bool) -> list[FieldError]:
    if named is (value is not None):
        return []
    label = "银行" if field == "bank_id" else "机构"
    advice = f"请填所属{label}的编号" if named else f"只有{label}的单位才填 {field}，请去掉"
    return [FieldError(f"/{field}", "missing" if named else "not_of_this_kind", advice)]


def _institution_errors(session: Session, made: Organisation, scope: Scope) -> list[FieldError]:
    if made.institution_id is None:
        return []
    query = select(Institution.region_code).where(
        Institution.id == made.institution_id, scope.regions(Institution.region_code)
    )
    region = session.scalar(query)
    if region is None:
        return [FieldError("/institution_id", "institution_not_found", f"没有编号为 {made.institution_id} 的机构")]
    if region != made.region_code:
        return [FieldError("/region_code", "region_of_institution", f"应为该机构登记的区划 {region}")]
    return []


def _place_errors(session: Session, made: Organisation, parent_id: UUID | None, scope: Scope) -> list[FieldError]:
    if not scope.covers(made.region_code):
        return [FieldError("/region_code", "region_outside_scope", "该区划不在您管辖的范围内")]
    parent = None if parent_id is None else find_organisation(session, parent_id, scope)
    if parent_id is not None and parent is None:
        return [FieldError("/parent_id", "parent_not_found", f"没有编号为 {parent_id} 的单位")]
    return (
        parent_errors(made, parent) or _head_office_errors(session, made, parent) or _loop_errors(session, made, parent)
    )


def _head_office_errors(session: Session, made: Organisation, parent: Organisation | None) -> list[FieldError]:
    """A bank has one head office, the one without a parent; its row is held until the unit of work ends."""
    if made.kind != OfficeKind.BANK or parent is not None:
        return []
    session.execute(select(Bank.id).where(Bank.id == made.bank_id).with_for_update())
    query = select(Organisation.name).where(
        Organisation.bank_id == made.bank_id,
        Organisation.parent_id.is_(None),
        Organisation.closed_at.is_(None),
        Organisation.id != made.id,
    )
    head = session.scalar(query)
    if head is None:
        return []
    return [FieldError("/parent_id", "missing", f"该银行已有总部“{head}”，分支机构请填上级单位的编号")]


def _loop_errors(session: Session, made: Organisation, parent: Organisation | None) -> list[FieldError]:
    """No office stands above itself. Only branches of one region could; the others stand under a larger region."""
    seen: set[UUID] = set()
    while parent is not None and parent.id not in seen:
        if parent.id == made.id:
            return [FieldError("/parent_id", "parent_below", "上级不能是本单位或本单位的下级")]
        seen.add(parent.id)
        parent = None if parent.parent_id is None else session.get(Organisation, parent.parent_id)
    return []
