"""Consents: given by the institution itself, to one bank, for a purpose, fields and a time; withdrawn at will.

A consent is never changed and never deleted: what a bank was shown has to stay explicable (个人信息保护法 art. 23, 15).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.consent_fields import FIELDS
from app.access.consent_schemas import ConsentIn
from app.access.scope import Scope
from app.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from app.http.etags import check_version, stale
from app.store.tables import Attachment, Bank, Consent, ConsentField, Institution


class ConsentNotFound(NotFound):
    """No such consent, or none that concerns the caller."""

    code = "consent_not_found"
    title = "没有这份授权"


class ConsentRefused(Unprocessable):
    """A value that no consent can have."""

    code = "consent_refused"
    title = "授权内容有误"


class ConsentWithdrawn(Conflict):
    """It was withdrawn before."""

    code = "consent_withdrawn"
    title = "授权已撤回"


class FoundConsent(NamedTuple):
    """A consent with the names of both sides and its fields."""

    consent: Consent
    institution_name: str
    bank: str
    bank_name: str
    fields: Sequence[str]


def select_consents(scope: Scope, institution_id: UUID | None = None) -> Select[Any]:
    """The consents that concern the caller: an institution's own, those for a bank, those of an office's region."""
    columns: tuple[Any, ...] = (Consent, Institution.name, Bank.code, Bank.name)
    query: Select[Any] = select(*columns).join(Institution).join(Bank)
    in_scope = scope.regions(Consent.region_code), scope.institutions(Consent.institution_id)
    query = query.where(*in_scope, scope.banks(Consent.bank_id))
    return query if institution_id is None else query.where(Consent.institution_id == institution_id)


def with_fields(session: Session, rows: Sequence[Any]) -> list[FoundConsent]:
    """Rows of `select_consents` with their fields, read at once."""
    fields: defaultdict[UUID, list[str]] = defaultdict(list)
    wanted = ConsentField.consent_id.in_([row[0].id for row in rows])
    for one in session.scalars(select(ConsentField).where(wanted).order_by(ConsentField.fact)):
        fields[one.consent_id].append(one.fact)
    return [FoundConsent(row[0], row[1], row[2], row[3], fields[row[0].id]) for row in rows]


def get_consent(session: Session, consent_id: UUID, scope: Scope) -> FoundConsent:
    """One consent. Raises ConsentNotFound."""
    rows = session.execute(select_consents(scope).where(Consent.id == consent_id)).all()
    if not rows:
        raise ConsentNotFound(f"没有编号为 {consent_id} 的授权")
    return with_fields(session, rows)[0]


def grant(session: Session, body: ConsentIn, caller: Caller, now: datetime, today: date) -> UUID:
    """Write a consent of the caller's institution. Raises ConsentRefused, or Forbidden for whoever is none."""
    institution_id, account_id = caller.scope.institution_id, caller.account_id
    if institution_id is None or account_id is None:
        raise Forbidden("只有机构本身可以授权银行查看其信息，请由该机构的账号办理")
    bank_id = session.scalar(select(Bank.id).where(Bank.code == body.bank))
    errors = [*_errors(body, today), *_attachment_errors(session, body, institution_id)]
    if bank_id is None:
        errors.insert(0, FieldError("/bank", "bank_not_found", f"没有代码为“{body.bank}”的银行，可查 /banks"))
    if bank_id is None or errors:
        raise ConsentRefused(errors[0].detail, errors=tuple(errors))
    region = session.scalars(select(Institution.region_code).where(Institution.id == institution_id)).one()
    consent = Consent(
        region_code=region,
        institution_id=institution_id,
        bank_id=bank_id,
        purpose=body.purpose.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        evidence=body.evidence or "",
        attachment_id=body.attachment_id,
        granted_by=account_id,
        granted_at=now,
        version=1,
    )
    session.add(consent)
    session.flush()  # The fields name the consent by its key.
    session.add_all(ConsentField(consent_id=consent.id, fact=field) for field in sorted(set(body.fields)))
    session.flush()  # The answer reads them back.
    return consent.id


def _errors(body: ConsentIn, today: date) -> Iterator[FieldError]:
    for place, field in enumerate(body.fields):
        if field not in FIELDS:
            detail = f"“{field}”不需要授权，或不在事实目录中；可写：{'、'.join(FIELDS)}"
            yield FieldError(f"/fields/{place}", "no_consent_field", detail)
    if body.valid_from < today:
        yield FieldError("/valid_from", "begins_too_early", f"授权从今天 {today} 或以后开始，不能补授过去")
    if body.valid_to <= body.valid_from:
        detail = f"授权止日（不含当日）应晚于开始日 {body.valid_from}"
        yield FieldError("/valid_to", "ends_before_it_begins", detail)
    if body.evidence is None and body.attachment_id is None:
        yield FieldError("/evidence", "missing", "请写明授权依据 evidence，或上传授权书后填 attachment_id")


def _attachment_errors(session: Session, body: ConsentIn, institution_id: UUID) -> list[FieldError]:
    if body.attachment_id is None:
        return []
    mine = Attachment.id == body.attachment_id, Attachment.institution_id == institution_id
    if session.scalar(select(Attachment.id).where(*mine)) is not None:
        return []
    detail = f"该机构没有编号为 {body.attachment_id} 的附件，请先上传授权书"
    return [FieldError("/attachment_id", "attachment_not_found", detail)]


def withdraw(session: Session, consent_id: UUID, caller: Caller, if_match: str | None, now: datetime) -> None:
    """End a consent of the caller's institution at once. Raises ConsentNotFound, ConsentWithdrawn or VersionStale."""
    seen = get_consent(session, consent_id, caller.scope).consent
    check_version(if_match, seen.version)
    if caller.scope.institution_id is None or caller.account_id is None:
        raise Forbidden("只有机构本身可以撤回授权，请由该机构的账号办理")
    if seen.withdrawn_at is not None:
        raise ConsentWithdrawn("这份授权已经撤回，无需再次撤回")
    # The version in the condition is the lock: of two that withdraw at once, one is told so.
    table = Consent.__table__
    change = update(Consent).where(table.c.id == seen.id, table.c.version == seen.version)
    result = session.execute(
        change.values(withdrawn_at=now, withdrawn_by=caller.account_id, version=seen.version + 1),
        execution_options={"synchronize_session": False},
    )
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise stale()
    session.expire(seen)
