"""Many things of the registry changed at once: the next version of each, or its withdrawal.

Whoever calls holds the headers (SELECT … FOR UPDATE, on SQLite the write lock), so that what was seen is what is there.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.institutions.history import INSTITUTION, Noun, Recorded
from app.institutions.register import day_of
from app.store.bulk import insert_many, update_many
from app.store.counters import take_numbers
from app.store.tables import SearchGram
from app.store.types import new_key

# The smallest step of the clock of both databases.
_TICK: Final = timedelta(microseconds=1)
_WITHDRAWN: Final = "withdrawn"


@dataclass(frozen=True, slots=True)
class NextVersion:
    """A thing as it was seen, and what its header and its facts become; a header that is left out stays."""

    seen: Recorded
    header: Mapping[str, Any]
    facts: Mapping[str, Any]


class ChangedMeanwhile(RuntimeError):
    """Something was not held while it was changed."""


def change_many(session: Session, noun: Noun, changes: Sequence[NextVersion], now: datetime) -> None:
    """Close the open versions and write the next. All changes name the same columns. Raises ChangedMeanwhile."""
    if not changes:
        return
    instants = _close(session, noun, [(one.seen, one.header) for one in changes], now)
    insert_many(session, noun.versions, [_version(noun, one, at) for one, at in zip(changes, instants, strict=True)])


def _close(
    session: Session, noun: Noun, changes: Sequence[tuple[Recorded, Mapping[str, Any]]], now: datetime
) -> list[datetime]:
    """Raise the versions and close the open ones; the instants at which they closed."""
    raised = [{"id": seen.id, "version": seen.version + 1, **header} for seen, header in changes]
    # The clock of this process may stand behind the one that wrote the open version.
    instants = [max(now, seen.facts["recorded_from"] + _TICK) for seen, _ in changes]
    closed = [{"id": seen.facts["id"], "recorded_to": at} for (seen, _), at in zip(changes, instants, strict=True)]
    if update_many(session, noun.table, "id", raised) != len(changes):
        raise ChangedMeanwhile(noun.table.name)
    update_many(session, noun.versions, "id", closed)
    return instants


def _version(noun: Noun, one: NextVersion, at: datetime) -> dict[str, Any]:
    repeated = {name: one.header.get(name, one.seen.header[name]) for name in noun.repeated}
    interval = {"id": new_key(), noun.owner: one.seen.id, "recorded_from": at, "recorded_to": None}
    return {**one.facts, **repeated, **interval}


def withdraw_many(session: Session, institutions: Sequence[Recorded], now: datetime) -> None:
    """Take institutions off the record: no version is open any more, the past stays as it was.

    Their numbers are free again; in their place each gets a number of withdrawal (W14010520260001), since a header has
    one. Nothing may refer to them. Raises ChangedMeanwhile.
    """
    if not institutions:
        return
    numbers = _numbers(session, institutions, day_of(now).year)
    gone = {"uscc": None, "search_key": ""}
    rows = [(one, {**gone, "provisional_number": next(numbers[one.header["region_code"]])}) for one in institutions]
    _close(session, INSTITUTION, rows, now)
    session.execute(delete(SearchGram).where(SearchGram.institution_id.in_([one.id for one in institutions])))


def _numbers(session: Session, institutions: Sequence[Recorded], year: int) -> dict[str, Iterator[str]]:
    """Numbers by region. In the order of the codes, so that two units of work never wait for each other."""
    wanted = Counter(str(one.header["region_code"]) for one in institutions)
    found: dict[str, Iterator[str]] = {}
    for code in sorted(wanted):
        first = take_numbers(session, _WITHDRAWN, code, year, wanted[code])
        found[code] = iter([f"W{code}{year}{serial:04d}" for serial in range(first, first + wanted[code])])
    return found
