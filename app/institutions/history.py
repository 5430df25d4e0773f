"""Append-only versions: what is recorded is closed and never changed, and the past can be read again.

Every change raises the header's version in an UPDATE that names the version it was made from. That row is also the
lock: of two racing writers the later one changes no row and is told so (412); nobody waits for a lock while reading.
What the header says for the present (name, region, status, project) each version repeats for its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, RowMapping, Select, Table, and_, insert, or_, select, update
from sqlalchemy.orm import Session

from app.http.etags import stale
from app.rules.facts import Subject
from app.store.tables import (
    Institution,
    Loan,
    Need,
    Project,
    institution_version,
    loan_version,
    need_version,
    project_version,
)
from app.store.types import new_key

# What the white list says of whoever is new to it.
UNLISTED: Final[Mapping[str, Any]] = {"list_status": "none", "listed_on": None}
Header = type[Institution] | type[Project] | type[Need] | type[Loan]
# The smallest step of the clock of both databases.
_TICK: Final = timedelta(microseconds=1)
_PREFIX: Final = "header_"
_INTERVAL: Final = frozenset({"id", "recorded_from", "recorded_to"})


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of thing with history: its header, its versions, and the column that ties them."""

    subject: Subject
    header: Header
    versions: Table

    @property
    def table(self) -> Table:
        table = self.header.__table__
        assert isinstance(table, Table)  # noqa: S101  for the type checker; every one of the four is mapped to a table
        return table

    @property
    def owner(self) -> str:
        """The column of a version that names its header."""
        return f"{self.subject}_id"

    @property
    def repeated(self) -> tuple[str, ...]:
        """The columns of the header that every version repeats."""
        return _repeated(self.table, self.versions)


@cache
def _repeated(header: Table, versions: Table) -> tuple[str, ...]:
    """Asked for every row that is written."""
    names = (column.name for column in versions.c)
    return tuple(name for name in names if name in header.c and name not in _INTERVAL)


INSTITUTION: Final = Noun(Subject.INSTITUTION, Institution, institution_version)
PROJECT: Final = Noun(Subject.PROJECT, Project, project_version)
NEED: Final = Noun(Subject.NEED, Need, need_version)
LOAN: Final = Noun(Subject.LOAN, Loan, loan_version)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A thing at one instant: its header and the version of its facts; `current` unless the past was asked for."""

    header: Mapping[str, Any]
    facts: Mapping[str, Any]
    current: bool

    @property
    def id(self) -> UUID:
        identity: UUID = self.header["id"]
        return identity

    @property
    def version(self) -> int:
        version: int = self.header["version"]
        return version


def recorded_at(versions: Table, known_at: datetime | None) -> ColumnElement[bool]:
    """SQL: the version that was on record at that instant (None: now)."""
    if known_at is None:
        return versions.c.recorded_to.is_(None)
    later = or_(versions.c.recorded_to.is_(None), versions.c.recorded_to > known_at)
    return and_(versions.c.recorded_from <= known_at, later)


def with_version(noun: Noun, known_at: datetime | None = None) -> Select[Any]:
    """Headers with their version at an instant; a header that was not yet on record is left out."""
    header = (column.label(_PREFIX + column.name) for column in noun.table.c)
    mine = and_(noun.versions.c[noun.owner] == noun.table.c.id, recorded_at(noun.versions, known_at))
    return select(*header, *noun.versions.c).select_from(noun.table.join(noun.versions, mine))


def recorded(noun: Noun, row: RowMapping, known_at: datetime | None = None) -> Recorded:
    """The thing of a row of `with_version`."""
    header = {column.name: row[_PREFIX + column.name] for column in noun.table.c}
    return Recorded(header, {column.name: row[column.name] for column in noun.versions.c}, known_at is None)


def find(session: Session, noun: Noun, where: ColumnElement[bool], known_at: datetime | None = None) -> Recorded | None:
    """The one thing that fits, or None."""
    row = session.execute(with_version(noun, known_at).where(where)).mappings().one_or_none()
    return None if row is None else recorded(noun, row, known_at)


def begin(session: Session, noun: Noun, header: Mapping[str, Any], version: Mapping[str, Any], now: datetime) -> UUID:
    """Write a new thing with its first version."""
    key, repeated = new_key(), {name: header.get(name) for name in noun.repeated}
    session.execute(insert(noun.table).values(id=key, version=1, created_at=now, **header))
    session.execute(insert(noun.versions).values({**version, **repeated, noun.owner: key, "recorded_from": now}))
    return key


def change(
    session: Session,
    noun: Noun,
    seen: Recorded,
    header: Mapping[str, Any],
    version: Mapping[str, Any],
    now: datetime,
) -> None:
    """Close the open version and write the next. Raises VersionStale if somebody else was faster."""
    _raise_version(session, noun, seen, header)
    # The clock of this process may stand behind the one that wrote the open version.
    at = max(now, seen.facts["recorded_from"] + _TICK)
    table, repeated = noun.versions, {name: header.get(name, seen.header[name]) for name in noun.repeated}
    session.execute(update(table).where(table.c.id == seen.facts["id"]).values(recorded_to=at))
    session.execute(insert(table).values({**version, **repeated, noun.owner: seen.id, "recorded_from": at}))


def change_state(session: Session, noun: Noun, seen: Recorded, header: Mapping[str, Any], now: datetime) -> None:
    """Change the header only; the next version says so and has the same facts. Raises VersionStale."""
    facts = {name: value for name, value in seen.facts.items() if name not in _INTERVAL}
    change(session, noun, seen, header, facts, now)


def _raise_version(session: Session, noun: Noun, seen: Recorded, header: Mapping[str, Any]) -> None:
    table = noun.table
    raised = (
        update(table)
        .where(table.c.id == seen.id, table.c.version == seen.version)
        .values(version=seen.version + 1, **header)
    )
    result = session.execute(raised)
    if not isinstance(result, CursorResult) or result.rowcount != 1:
        raise stale()
