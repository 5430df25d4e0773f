"""Attestations: what an office says of an institution or a project. A new one takes the place of the old."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import FieldError
from app.institutions.parts import project_errors_of
from app.institutions.queries import get_institution, lock_institution
from app.institutions.refusals import AttestationNotFound, AttestedMeanwhile, refuse
from app.institutions.register import day_of
from app.institutions.schemas import AttestationIn
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject, UnknownFact
from app.store.tables import Attestation, Programme
from app.store.types import new_key

_TABLE: Final = Attestation.__table__
_TICK: Final = timedelta(microseconds=1)


def attest(session: Session, institution_id: UUID, body: AttestationIn, scope: Scope, now: datetime) -> UUID:
    """Record an attestation and close the one before. Raises InstitutionNotFound or RegistryRefused."""
    lock_institution(session, institution_id, scope)
    refuse(
        [
            *_errors(body),
            *_programme_errors(session, body),
            *project_errors_of(session, institution_id, body.project_id, scope),
            *_day_errors(body, now),
        ]
    )
    subject_id = body.project_id or institution_id
    key, programme = new_key(), body.programme or ""
    at = _close(session, subject_id, body.fact, programme, now)
    row: dict[str, Any] = body.model_dump() | {
        "id": key,
        "institution_id": institution_id,
        "subject_id": subject_id,
        "programme": programme,
        "recorded_from": at,
    }
    try:
        session.execute(insert(Attestation).values(row))
    except IntegrityError:
        raise AttestedMeanwhile("同一认定刚被他人记录，请查看后再决定是否重新记录") from None
    return key


def _close(session: Session, subject_id: UUID, fact: str, programme: str, now: datetime) -> datetime:
    """End the open attestation, if there is one; the instant at which the next begins."""
    open_one = select(Attestation.id, Attestation.recorded_from).where(
        Attestation.subject_id == subject_id,
        Attestation.fact == fact,
        Attestation.programme == programme,
        Attestation.recorded_to.is_(None),
    )
    row = session.execute(open_one).one_or_none()
    if row is None:
        return now
    # The clock of this process may stand behind the one that wrote the open attestation.
    at: datetime = max(now, row.recorded_from + _TICK)
    session.execute(update(Attestation).where(Attestation.id == row.id).values(recorded_to=at))
    return at


def _errors(body: AttestationIn) -> list[FieldError]:
    """The key names an attestation, with a programme and a project where it is of that kind."""
    key = f"{body.fact}@{body.programme}" if body.programme else body.fact
    try:
        fact = CATALOGUE[key]
    except UnknownFact:
        return [_unknown(body)]
    if fact.type is not FactType.ATTESTATION:
        return [FieldError("/fact", "no_attestation", f"“{fact.label}”不由主管部门认定，请直接填写为事实")]
    if (fact.subject is Subject.PROJECT) is (body.project_id is None):
        missing = fact.subject is Subject.PROJECT
        detail = f"“{fact.label}”属于{'项目，请填 project_id' if missing else '机构，请去掉 project_id'}"
        return [FieldError("/project_id", "missing" if missing else "not_of_a_project", detail)]
    return []


def _unknown(body: AttestationIn) -> FieldError:
    """Which half of the key is wrong: the fact, or the programme that is missing or too much."""
    known = next((fact for fact in CATALOGUE if fact.key == body.fact), None)
    if known is None:
        return FieldError("/fact", "unknown_fact", f"事实目录中没有“{body.fact}”，可查 /facts")
    if known.per_programme:
        return FieldError("/programme", "missing", f"“{known.label}”须写明是哪一项政策")
    return FieldError("/programme", "not_per_programme", f"“{known.label}”不分政策，请去掉 programme")


def _programme_errors(session: Session, body: AttestationIn) -> list[FieldError]:
    if body.programme is None:
        return []
    known = session.scalar(select(Programme.id).where(Programme.slug == body.programme))
    if known is not None:
        return []
    return [FieldError("/programme", "programme_not_found", f"没有代码为“{body.programme}”的扶持政策")]


def _day_errors(body: AttestationIn, now: datetime) -> list[FieldError]:
    today = day_of(now)
    if body.attested_on > today:
        return [FieldError("/attested_on", "in_future", f"认定日期不能晚于今天 {today}")]
    if body.valid_until is not None and body.valid_until <= body.attested_on:
        return [FieldError("/valid_until", "ends_before_it_begins", f"有效期止应晚于认定日期 {body.attested_on}")]
    return []


def list_attestations(
    session: Session, institution_id: UUID, scope: Scope, *, project_id: UUID | None, closed: bool
) -> Select[Any]:
    """The attestations of an institution and its projects; with `closed` also those that were replaced."""
    get_institution(session, institution_id, scope)
    query = select(_TABLE).where(Attestation.institution_id == institution_id)
    if project_id is not None:
        query = query.where(Attestation.project_id == project_id)
    return query if closed else query.where(Attestation.recorded_to.is_(None))


def get_attestation(session: Session, institution_id: UUID, key: UUID, scope: Scope) -> dict[str, Any]:
    """One attestation. Raises InstitutionNotFound or AttestationNotFound."""
    query = list_attestations(session, institution_id, scope, project_id=None, closed=True)
    row = session.execute(query.where(Attestation.id == key)).mappings().one_or_none()
    if row is None:
        raise AttestationNotFound(f"该机构没有编号为 {key} 的认定")
    return dict(row)
