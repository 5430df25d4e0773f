"""One piece of work under way: whose it is, what it works on, and its transactions, each of which renews the lease."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from threading import Event
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from app.access.audit.events import writing_for
from app.access.audit.record import record
from app.access.caller import Caller
from app.access.row_security import bind
from app.access.scope import Scope
from app.institutions.imports.operations import Work, renew
from app.institutions.imports.sheet_rows import Places
from app.institutions.register import day_of
from app.institutions.storage import Storage
from app.store.engine import Database
from app.store.tables import ImportJob

JOBS: Final[Table] = ImportJob.metadata.tables[ImportJob.__tablename__]
CHUNK: Final = 2_000


class Stopping(RuntimeError):
    """The server ends: what was committed stays, and somebody else goes on."""


@dataclass(frozen=True, slots=True)
class Working:
    """The work, the caller it is done for, and what it is done with."""

    database: Database
    storage: Storage
    work: Work
    caller: Caller
    clock: Callable[[], datetime]
    stopping: Event
    chunk: int = CHUNK

    @property
    def import_id(self) -> UUID:
        return self.work.import_id

    @property
    def scope(self) -> Scope:
        return self.caller.scope

    @property
    def today(self) -> date:
        return day_of(self.clock())

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that reads as the caller. Raises Stopping where the server ends."""
        if self.stopping.is_set():
            raise Stopping
        with self.database.reading() as session:
            bind(session, self.scope)
            yield session

    @contextmanager
    def keeping(self, done: int | None = None, total: int | None = None) -> Iterator[Session]:
        """A transaction that keeps what was found, and no event of the trail. Raises LeaseLost."""
        with self.database.writing() as session:
            bind(session, self.scope)
            renew(session, self.work, self.clock(), done=done, total=total)
            yield session

    @contextmanager
    def recorded(self, done: int | None = None, total: int | None = None, **detail: object) -> Iterator[Session]:
        """A transaction that changes the registry or the import: one event of the caller's. Raises LeaseLost."""
        asker = self.work.asker
        with writing_for(self.database, self.caller, self.work.kind, asker.request_id, asker.address) as session:
            renew(session, self.work, self.clock(), done=done, total=total)
            record(session, object_type="import_job", object_id=self.import_id, detail=detail)
            yield session

    def job(self, session: Session) -> dict[str, Any]:
        """The import as it is."""
        return dict(session.execute(select(JOBS).where(JOBS.c.id == self.import_id)).mappings().one())


def move_job(session: Session, import_id: UUID, **values: object) -> None:
    """Change an import; its version counts every change."""
    moved = update(JOBS).where(JOBS.c.id == import_id)
    session.execute(moved.values(version=JOBS.c.version + 1, **values))


def places_of(job: dict[str, Any]) -> Places:
    """Where each column of the sheet stands."""
    places: Places = (job["columns"] or {}).get("places", {})
    return places
