"""Does the work that waits, one piece at a time, in a thread of this process; several processes may each have one.

POST ─▶ commit ─▶ wake ─▶ take (lease) ─▶ check │ apply │ undo ─▶ finish
start of a server, a look at work that stands still ─▶ wake ─▶ take over what a dead process left
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any, Final

import structlog
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.identify import identify_account
from app.access.permissions import Permission
from app.access.row_security import bind
from app.access.scope import FULL
from app.errors import AppError, Forbidden
from app.institutions.imports.checking import check, conclude
from app.institutions.imports.operations import (
    APPLY,
    CHECK,
    LeaseLost,
    Work,
    begin_anew,
    fail,
    give_back,
    next_due,
    take,
)
from app.institutions.imports.refusals import WorkFailed
from app.institutions.imports.sheet_rows import written_count
from app.institutions.imports.undoing import undo
from app.institutions.imports.working import CHUNK, JOBS, Stopping, Working, move_job
from app.institutions.imports.writing import apply
from app.institutions.storage import Storage
from app.store.engine import Database

_LOG: Final = structlog.get_logger()
# Where the database is away, it is asked again after this many seconds.
_PAUSE: Final = 5.0


class Runner:
    """The worker of one process. `lease` is how long after its last transaction others wait for it."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        clock: Callable[[], datetime],
        lease: timedelta,
        chunk: int = CHUNK,
    ) -> None:
        self._database, self._storage, self._clock = database, storage, clock
        self._lease, self._chunk = lease, chunk
        self._awake, self._stopping = Event(), Event()
        self._thread: Thread | None = None
        self._lock = Lock()

    def wake(self) -> None:
        """Look for work now; the first call starts the thread."""
        self._awake.set()
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._thread = Thread(target=self._work, name="operations", daemon=True)
                self._thread.start()

    def wake_after(self, session: Session) -> None:
        """Look for work once this transaction has committed."""
        event.listen(session, "after_commit", lambda _session: self.wake(), once=True)

    def stop(self) -> None:
        """End after the present transaction, and let another process go on."""
        self._stopping.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join()

    def drain(self) -> None:
        """Do all the work that waits, in the calling thread."""
        while not self._stopping.is_set() and (work := self._take()) is not None:
            self._do(work)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            try:
                self.drain()
                pause = self._until_due()
            except DBAPIError as error:
                # The database is away, or not yet migrated: nothing is lost, and the server answers for itself.
                _LOG.warning("operations_wait", error=type(error).__name__)
                pause = _PAUSE
            self._awake.wait(pause)

    def _until_due(self) -> float | None:
        """Seconds until a lease of another process runs out; None where there is none."""
        with self._database.reading() as session:
            bind(session, FULL)
            due = next_due(session)
        return None if due is None else max(0.0, (due - self._clock()).total_seconds()) + 0.01

    def _take(self) -> Work | None:
        with self._database.writing() as session:
            # The service itself looks for work, whoever asked for it.
            bind(session, FULL)
            return take(session, self._clock(), self._lease)

    def _do(self, work: Work) -> None:
        with structlog.contextvars.bound_contextvars(operation=str(work.id), kind=work.kind):
            try:
                self._done(work)
            except LeaseLost:
                _LOG.warning("operation_taken_over")
            except Stopping:
                self._end(work, lambda session: give_back(session, work))
            except DBAPIError:
                # Left as it is: when the lease has run out, somebody tries again.
                _LOG.exception("operation_interrupted")
            except AppError as error:
                self._fail(work, error)
            except Exception:  # noqa: BLE001  whatever it is, the clerk is told and the worker lives on
                _LOG.exception("operation_failed")
                self._fail(work, WorkFailed("处理时服务内部出错，已停止；请稍后重新上传，或请系统管理员查看日志"))

    def _done(self, work: Work) -> None:
        with self._database.reading() as session:
            bind(session, FULL)
            caller = identify_account(session, work.asker.account_id, work.asker.credential, self._clock())
        if not caller.may(Permission.IMPORT):
            raise Forbidden("提交导入的账号已没有导入的权限，工作没有继续")
        working = Working(self._database, self._storage, work, caller, self._clock, self._stopping, self._chunk)
        run(working)

    def _fail(self, work: Work, error: AppError) -> None:
        self._end(work, lambda session: _failed(session, work, error, self._clock()))

    def _end(self, work: Work, how: Callable[[Session], Any]) -> None:
        # Whoever has taken the work over ends it.
        with suppress(LeaseLost), self._database.writing() as session:
            bind(session, FULL)
            how(session)


def run(working: Working) -> None:
    """Do one piece of work to its end."""
    match working.work.kind:
        case kind if kind == CHECK:
            _check(working)
        case kind if kind == APPLY:
            apply(working)
        case _:
            undo(working)


def _check(working: Working) -> None:
    """The check, and what follows it where the clerk did not want to look first."""
    with working.reading() as session:
        job = working.job(session)
    if job["state"] == "checking" and not check(working):
        return
    if job["dry_run"]:
        conclude(working)
        return
    if job["state"] == "checking":
        with working.keeping() as session:
            move_job(session, working.import_id, state="applying")
            begin_anew(session, working.work)
        working = replace(working, work=replace(working.work, done=0, total=None))
    apply(working)


def _failed(session: Session, work: Work, error: AppError, now: datetime) -> None:
    """The import goes back to where it can be acted on: what was written can be undone."""
    fail(session, work, error, now)
    state = session.execute(JOBS.select().where(JOBS.c.id == work.import_id)).mappings().one()["state"]
    if state == "checking":
        move_job(session, work.import_id, state="unreadable")
    elif state == "undoing":
        move_job(session, work.import_id, state="applied")
    elif written_count(session, work.import_id):
        move_job(session, work.import_id, state="applied", applied_at=now)
    else:
        move_job(session, work.import_id, state="checked")
