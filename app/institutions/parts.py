"""What projects, needs and loans have in common: they belong to an institution in scope and keep their history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import FieldError, NotFound
from app.http.paging import Paging
from app.institutions.facts import differs
from app.institutions.history import PROJECT, Noun, Recorded, change, find, recorded, with_version
from app.institutions.queries import get_institution
from app.institutions.refusals import LoanNotFound, NeedNotFound, ProjectNotFound
from app.rules.facts import Subject
from app.store.pages import Key, count_rows

_SAYS: Final[Mapping[Subject, tuple[type[NotFound], str]]] = {
    Subject.PROJECT: (ProjectNotFound, "项目"),
    Subject.NEED: (NeedNotFound, "融资需求"),
    Subject.LOAN: (LoanNotFound, "贷款"),
}


def get_part(
    session: Session, noun: Noun, institution_id: UUID, key: UUID, scope: Scope, known_at: datetime | None = None
) -> Recorded:
    """A project, need or loan of an institution in scope. Raises InstitutionNotFound or the noun's own."""
    get_institution(session, institution_id, scope)
    mine = and_(noun.table.c.institution_id == institution_id, scope.regions(noun.table.c.region_code))
    found = find(session, noun, and_(noun.table.c.id == key, mine), known_at)
    if found is None:
        refusal, label = _SAYS[noun.subject]
        raise refusal(f"该机构没有编号为 {key} 的{label}" + ("" if known_at is None else "，或当时还没有登记"))
    return found


def list_parts(
    session: Session, noun: Noun, institution_id: UUID, scope: Scope, paging: Paging, known_at: datetime | None
) -> tuple[list[Recorded], str | None, int | None]:
    """A page of them in the order of registration, the next cursor, and the total if it was asked for."""
    get_institution(session, institution_id, scope)
    mine = and_(noun.table.c.institution_id == institution_id, scope.regions(noun.table.c.region_code))
    query: Select[Any] = with_version(noun, known_at).where(mine)
    asked = paging.asked(known_at=known_at)
    page = paging.pages.take(session, query, (Key(noun.table.c.id),), asked)
    paging.link(page.next_cursor)
    items = [recorded(noun, row._mapping, known_at) for row in page.rows]
    total = count_rows(session, query.with_only_columns(noun.table.c.id)) if paging.total else None
    return items, page.next_cursor, total


def amend_part(
    session: Session, noun: Noun, seen: Recorded, header: Mapping[str, Any], version: Mapping[str, Any], now: datetime
) -> None:
    """Record what changes; nothing is written where nothing does. Raises VersionStale."""
    if any(seen.header[name] != value for name, value in header.items()) or differs(seen.facts, version):
        change(session, noun, seen, header, version, now)


def project_errors_of(
    session: Session, institution_id: UUID, project_id: UUID | None, scope: Scope
) -> list[FieldError]:
    """A need, a loan or an attestation names a project of the same institution in scope, or none."""
    if project_id is None:
        return []
    owned = and_(PROJECT.table.c.id == project_id, PROJECT.table.c.institution_id == institution_id)
    if find(session, PROJECT, and_(owned, scope.regions(PROJECT.table.c.region_code))) is not None:
        return []
    return [FieldError("/project_id", ProjectNotFound.code, f"该机构没有编号为 {project_id} 的项目")]
