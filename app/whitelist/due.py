"""What ends soon and what is due, read from the database a page at a time, as letters to whoever has to know.

A page is a few hundred rows in the order of their keys, so that memory stays flat however large the registry is, and
whoever begins again in the middle loses nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import Row, Select, case, func, or_, select
from sqlalchemy.orm import Session

from app.inbox.messages import Letter, Posting, Recipient
from app.inbox.offices import bureaux_of
from app.institutions.history import recorded_at
from app.regions import PROVINCE
from app.rules.catalogue import CATALOGUE
from app.store.fact_columns import column_name
from app.store.tables import Institution, Nomination, Project, WhitelistEntry, institution_version
from app.whitelist import entry_states
from app.whitelist.reminders import (
    CERTIFICATES,
    Ending,
    Ends,
    StepDue,
    deadline_letter,
    last_day_reminded,
    reminder,
)
from app.whitelist.states import STATE_LABELS, TRANSITIONS, Level, State

PAGE: Final = 500
_DAY: Final = timedelta(days=1)
_UNTIL: Final = {what: institution_version.c[column_name(CATALOGUE[key])] for what, key in CERTIFICATES.items()}
# Which office takes the steps of a level: an appeal goes to the one above, one against the province stays with it.
_DESKS: Final = {
    Level.COUNTY: Level.COUNTY,
    Level.CITY: Level.CITY,
    Level.PROVINCE: Level.PROVINCE,
    Level.COUNTY_APPEAL: Level.CITY,
    Level.CITY_APPEAL: Level.PROVINCE,
    Level.PROVINCE_APPEAL: Level.PROVINCE,
}
# At whose desk a nomination lies, by the table of transitions.
TURN: Final = {one.from_state: _DESKS[one.level] for one in TRANSITIONS if one.level in _DESKS}


@dataclass(frozen=True, slots=True)
class Asked:
    """The day, the steps at which is reminded before an end, and the last deadline that counts as near."""

    today: date
    steps: tuple[int, ...]
    soon: date


@dataclass(frozen=True, slots=True)
class Found:
    """The letters of one page, and the key of its last row; None where it was the last page."""

    postings: list[Posting]
    last: UUID | None


Source: TypeAlias = Callable[[Session, Asked, UUID | None], Found]
# A letter, the region whose bureau gets it, and the institution that gets it too, if one does.
_Addressed: TypeAlias = tuple[Letter, str, Recipient | None]


def ended_subjects(session: Session, day: date, after: UUID | None) -> Sequence[Row[Any]]:
    """A page of the entries that have ended by a day and are not marked so: `id` and `subject_id` of each."""
    subject = func.coalesce(WhitelistEntry.project_id, WhitelistEntry.institution_id).label("subject_id")
    ended = (WhitelistEntry.state.in_(entry_states.LIVE), WhitelistEntry.valid_to <= day)
    return _page(session, select(WhitelistEntry.id, subject).where(*ended), WhitelistEntry.id, after)


def ending_entries(session: Session, asked: Asked, after: UUID | None) -> Found:
    """Entries of the list that end soon: to their institution, and to the bureau where the subject lies."""
    entry = WhitelistEntry
    name = case((entry.project_id.is_not(None), Project.name), else_=Institution.name).label("name")
    # An entry holds until the day before `valid_to`.
    last = last_day_reminded(asked.today, asked.steps) + _DAY
    query = (
        select(entry.id, entry.region_code, entry.institution_id, Institution.region_code.label("home"), name)
        .add_columns(entry.valid_to)
        .join(Institution, Institution.id == entry.institution_id)
        .outerjoin(Project, Project.id == entry.project_id)
        .where(entry.state.in_(entry_states.LIVE), entry.valid_to > asked.today, entry.valid_to <= last)
    )
    rows = _page(session, query, entry.id, after)
    ends = (Ends(Ending.LIST, "whitelist_entry", row.id, row.name, row.valid_to - _DAY) for row in rows)
    letters = ((reminder(one, asked.today, asked.steps), row) for one, row in zip(ends, rows, strict=True))
    return _found(session, rows, ((letter, row.region_code, _owner(row)) for letter, row in letters if letter))


def ending_certificates(session: Session, asked: Asked, after: UUID | None) -> Found:
    """Certificates of institutions, on the list or not, that end soon: to the institution and its bureau."""
    last = last_day_reminded(asked.today, asked.steps)
    columns = [column.label(what.value) for what, column in _UNTIL.items()]
    query = (
        select(Institution.id, Institution.region_code, Institution.region_code.label("home"), Institution.name)
        .add_columns(Institution.id.label("institution_id"), *columns)
        .join(institution_version, institution_version.c.institution_id == Institution.id)
        .where(recorded_at(institution_version, None))
        .where(or_(*(column.between(asked.today, last) for column in _UNTIL.values())))
    )
    rows = _page(session, query, Institution.id, after)
    letters = ((letter, row) for row in rows for letter in _of_certificates(row, asked))
    return _found(session, rows, ((letter, row.region_code, _owner(row)) for letter, row in letters))


def _of_certificates(row: Row[Any], asked: Asked) -> Iterable[Letter]:
    for what in _UNTIL:
        last_day: date | None = getattr(row, what.value)
        if last_day is not None:
            letter = reminder(Ends(what, "institution", row.id, row.name, last_day), asked.today, asked.steps)
            if letter is not None:
                yield letter


def near_deadlines(session: Session, asked: Asked, after: UUID | None) -> Found:
    """Nominations whose deadline is near or has passed: to the office whose turn it is."""
    name = case((Nomination.project_id.is_not(None), Project.name), else_=Institution.name).label("name")
    query = (
        select(Nomination.id, Nomination.number, Nomination.region_code, Nomination.state, Nomination.step, name)
        .add_columns(Nomination.due_on)
        .join(Institution, Institution.id == Nomination.institution_id)
        .outerjoin(Project, Project.id == Nomination.project_id)
        .where(Nomination.state.in_([state.value for state in TURN]), Nomination.due_on <= asked.soon)
    )
    rows = _page(session, query, Nomination.id, after)
    letters = ((deadline_letter(_step_due(row), asked.today, asked.soon), row) for row in rows)
    return _found(session, rows, ((letter, _at_desk(row), None) for letter, row in letters if letter))


def _step_due(row: Row[Any]) -> StepDue:
    return StepDue(row.id, row.number, row.name, STATE_LABELS[State(row.state)], row.step, row.due_on)


def _at_desk(row: Row[Any]) -> str:
    """The region whose office has the nomination. What has no county lies in its city, which then takes both steps."""
    level = TURN[State(row.state)]
    code: str = row.region_code
    if level is Level.PROVINCE:
        return PROVINCE
    return f"{code[:4]}00" if level is Level.CITY else code


def _page(session: Session, query: Select[*tuple[Any, ...]], key: Any, after: UUID | None) -> Sequence[Row[Any]]:
    beyond = query if after is None else query.where(key > after)
    return session.execute(beyond.order_by(key).limit(PAGE)).all()


def _owner(row: Row[Any]) -> Recipient:
    return Recipient(row.home, institution_id=row.institution_id)


def _found(session: Session, rows: Sequence[Row[Any]], addressed: Iterable[_Addressed]) -> Found:
    several = list(addressed)
    bureaux = bureaux_of(session, {region for _, region, _ in several})
    postings = [
        (recipient, letter)
        for letter, region, owner in several
        for recipient in (*bureaux[region], *(() if owner is None else (owner,)))
    ]
    return Found(postings, rows[-1].id if len(rows) == PAGE else None)
