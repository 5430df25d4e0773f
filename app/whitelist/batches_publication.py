"""What publishing a batch makes: an entry of the list for each line with its frozen facts, and the batch's number."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.regions import PROVINCE
from app.rules.months import add_months
from app.store.counters import take_numbers
from app.store.search import plain, search_key
from app.store.tables import Batch, EntrySnapshot, WhitelistEntry
from app.store.types import new_key
from app.whitelist.batches_queries import Row
from app.whitelist.batches_rows import person_of
from app.whitelist.entries_events import FIRST_EVENT, Event, admit
from app.whitelist.entry_states import EntryAction, EntryState
from app.whitelist.parameters import VALID_MONTHS, whole_number
from app.whitelist.printing.lines import Line
from app.whitelist.registry_lines import Admitted, papers_of, snapshot

_COUNTER: Final = "batch"


def make_entries(
    session: Session,
    batch: Batch,
    rows: Sequence[Row],
    subjects: Mapping[UUID, Admitted],
    document_number: str,
    caller: Caller,
    now: datetime,
    today: date,
) -> None:
    """One entry for each line, counted anew, valid from today; its facts are those of this moment."""
    until = add_months(today, whole_number(session, VALID_MONTHS, today))
    entries = [
        _entry(batch, one, serial, subjects[one.nomination.id], (today, until), now)
        for serial, one in enumerate(rows, start=1)
    ]
    papers = papers_of(session, [one.nomination for one in rows])
    event = Event(EntryAction.LIST, EntryState.LISTED, today, until, person_of(caller), document_number)
    admit(session, entries, event, now)
    session.add_all(
        EntrySnapshot(
            entry_id=entry.id,
            institution_id=entry.institution_id,
            snapshot=snapshot(subjects[entry.nomination_id], papers, now),
        )
        for entry in entries
    )
    for one, entry in zip(rows, entries, strict=True):
        one.row.serial = entry.serial


def _entry(
    batch: Batch, one: Row, serial: int, subject: Admitted, valid: tuple[date, date], now: datetime
) -> WhitelistEntry:
    nomination, line = one.nomination, Line.from_json(one.row.printed or {})
    return WhitelistEntry(
        id=new_key(),
        region_code=nomination.region_code,
        batch_id=batch.id,
        serial=serial,
        nomination_id=nomination.id,
        subject_kind=nomination.subject_kind,
        institution_id=nomination.institution_id,
        project_id=nomination.project_id,
        kinds=subject.kinds,
        printed=line.to_json(),
        search_key=f"{search_key(line.full_name)} {plain(line.number)}",
        state=EntryState.LISTED.value,
        step=FIRST_EVENT,
        valid_from=valid[0],
        valid_to=valid[1],
        version=1,
        created_at=now,
    )


def number(session: Session, batch: Batch, document_number: str, person: UUID, now: datetime, today: date) -> None:
    """Give the batch the next number of the year, without a gap, and close it for good."""
    batch.year, batch.ordinal = today.year, take_numbers(session, _COUNTER, PROVINCE, today.year)
    batch.number = f"晋养白〔{batch.year}〕第{batch.ordinal}批"
    batch.document_number, batch.published_by = document_number, person
    batch.published_at, batch.published_on = now, today
    batch.state = "published"
    batch.version += 1
