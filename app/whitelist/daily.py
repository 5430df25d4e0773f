"""What the service does by itself once a day: entries that have ended expire, and people are reminded.

May be run as often as wanted, after a crash, and twice at the same time: what was done is found done.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.audit.events import writing_as_service
from app.inbox.messages import Posting, send_all, unsent
from app.store.engine import Database
from app.whitelist.calendar import CALENDAR
from app.whitelist.due import Asked, Source, ended_subjects, ending_certificates, ending_entries, near_deadlines
from app.whitelist.entries_service import expire_due
from app.whitelist.parameters import whole_number
from app.whitelist.reminders import DEADLINE, STEPS
from app.whitelist.working_days import deadline

# A number for PostgreSQL's advisory locks: whoever reminds, reminds alone.
_LOCK: Final = 0x79696E71_6461696C


@dataclass(frozen=True, slots=True)
class Done:
    """How many entries a run expired and how many messages it sent; what an earlier one had done does not count."""

    expired: int
    entries: int
    certificates: int
    deadlines: int

    def __str__(self) -> str:
        sent = f"白名单资格 {self.entries} 条，证照和等级 {self.certificates} 条，办理时限 {self.deadlines} 条"
        return f"到期退出名单 {self.expired} 个；新发提醒：{sent}"


def run_daily(database: Database, day: date, at: datetime) -> Done:
    """Expire, then remind, as of a day. Raises NotSeeded where the parameters are missing."""
    with database.reading() as session:
        asked = _asked(session, day)
    return Done(
        expired=_expire(database, day, at),
        entries=_send(database, ending_entries, asked, at),
        certificates=_send(database, ending_certificates, asked, at),
        deadlines=_send(database, near_deadlines, asked, at),
    )


def _asked(session: Session, day: date) -> Asked:
    steps = tuple(whole_number(session, key, day) for key in STEPS)
    soon = deadline(day, whole_number(session, DEADLINE, day), CALENDAR)
    return Asked(day, steps, soon.on)


def _expire(database: Database, day: date, at: datetime) -> int:
    """Page by page, each page of entries a transaction of its own."""
    expired, last = 0, None
    while True:
        with database.reading() as session:
            page = ended_subjects(session, day, last)
        if not page:
            return expired
        with writing_as_service(database, "expire_entries") as session:
            expired += expire_due(session, day, at, only=[one.subject_id for one in page])
        last = page[-1].id


def _send(database: Database, source: Source, asked: Asked, at: datetime) -> int:
    """Page by page, each in transactions of its own: whatever stops the run, what was sent stays sent."""
    sent, last = 0, None
    while True:
        with database.reading() as session:
            found = source(session, asked, last)
            fresh = unsent(session, found.postings)
        if fresh:
            sent += _write(database, fresh, at)
        if found.last is None:
            return sent
        last = found.last


def _write(database: Database, postings: list[Posting], at: datetime) -> int:
    """Send what nobody else has sent since it was looked up."""
    with writing_as_service(database, "send_reminders") as session:
        # On SQLite whoever writes is alone from the beginning of the transaction.
        if session.get_bind().dialect.name == "postgresql":
            session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        return send_all(session, unsent(session, postings), at)
