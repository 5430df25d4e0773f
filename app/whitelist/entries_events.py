"""The one writer of what becomes of an entry: an event, and with it the state, and the status in the registry.

Every event takes the next number of one counter, whose row stays locked until the commit: the order of the numbers is
the order of the commits, so that whoever has read the changes up to a number has missed none before it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.institutions.history import INSTITUTION, PROJECT, Noun, change_state, recorded, with_version
from app.regions import PROVINCE
from app.store.counters import take_numbers
from app.store.tables import WhitelistEntry, WhitelistEvent
from app.whitelist.entry_states import NONE, EntryAction, EntryState

_COUNTER: Final = "whitelist_event"
# The changes are numbered through; they do not begin anew each year.
_ALL_YEARS: Final = 0
FIRST_EVENT: Final = 1


@dataclass(frozen=True, slots=True)
class Event:
    """What is done to an entry, and on whose authority. `valid_to` is how long the entry is valid from then on."""

    action: EntryAction
    to_state: EntryState
    effective_on: date
    valid_to: date
    account_id: UUID | None = None
    document_number: str | None = None
    reason_code: str | None = None
    note: str | None = None


def last_event(session: Session, entry: WhitelistEntry) -> WhitelistEvent:
    """The event that made the entry what it is."""
    return session.get_one(WhitelistEvent, (entry.id, entry.step))


def admit(session: Session, entries: list[WhitelistEntry], event: Event, now: datetime) -> None:
    """Write new entries with their first events, in this order."""
    session.add_all(entries)
    # No relationship tells the session to write the entries before the events that name them.
    session.flush()
    _set_status(session, entries, event.to_state, entries[0].valid_from, now)
    first = take_numbers(session, _COUNTER, PROVINCE, _ALL_YEARS, len(entries))
    for place, entry in enumerate(entries):
        session.add(_row(entry, None, NONE, event, first + place, now))
    session.flush()


def record(session: Session, entry: WhitelistEntry, event: Event, now: datetime) -> None:
    """Write an event of an entry that the session has locked, and what follows from it."""
    before, from_state = last_event(session, entry), entry.state
    entry.state, entry.step, entry.valid_to = event.to_state.value, entry.step + 1, event.valid_to
    entry.version += 1
    session.flush()
    if event.to_state != from_state:
        _set_status(session, [entry], event.to_state, None, now)
    # Last of all, so that whoever waits for the counter holds it for the shortest time.
    sequence = take_numbers(session, _COUNTER, PROVINCE, _ALL_YEARS)
    session.add(_row(entry, before, from_state, event, sequence, now))
    session.flush()


def _row(
    entry: WhitelistEntry, before: WhitelistEvent | None, from_state: str, event: Event, sequence: int, now: datetime
) -> WhitelistEvent:
    return WhitelistEvent(
        entry_id=entry.id,
        number=entry.step,
        previous=None if before is None else before.number,
        previous_account_id=None if before is None else before.account_id,
        action=event.action.value,
        from_state=from_state,
        to_state=event.to_state.value,
        effective_on=event.effective_on,
        at=now,
        account_id=event.account_id,
        reason_code=event.reason_code,
        note=event.note,
        document_number=event.document_number,
        valid_to=event.valid_to,
        sequence=sequence,
    )


def _set_status(
    session: Session, entries: list[WhitelistEntry], state: EntryState, listed_on: date | None, now: datetime
) -> None:
    """Let the registry say it, with a version that repeats it; `listed_on` stays what it was unless it is given."""
    listed = {} if listed_on is None else {"listed_on": listed_on}
    for noun, keys in _subjects(entries):
        # Held before they are read, in one order: nobody amends them in between, and nobody waits in a circle.
        session.execute(select(noun.table.c.id).where(noun.table.c.id.in_(keys)).order_by("id").with_for_update())
        rows = session.execute(with_version(noun).where(noun.table.c.id.in_(keys))).mappings().all()
        for seen in (recorded(noun, row) for row in rows):
            header: dict[str, Any] = {"list_status": state.value, **listed}
            change_state(session, noun, seen, header, now)


def _subjects(entries: list[WhitelistEntry]) -> list[tuple[Noun, list[UUID]]]:
    institutions = [entry.institution_id for entry in entries if entry.project_id is None]
    projects = [entry.project_id for entry in entries if entry.project_id is not None]
    return [(noun, keys) for noun, keys in ((INSTITUTION, institutions), (PROJECT, projects)) if keys]
