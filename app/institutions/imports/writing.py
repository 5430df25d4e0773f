"""Writing what was checked. Each row is looked at again under lock; only what has the same effect as then is written.

Atomic: one transaction for all of them. Partial: each chunk commits with the marks of its rows, so that a process
that takes over goes on with the rows that have none.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from app.errors import FieldError
from app.institutions.bulk import NewNeed, add_institutions, add_needs
from app.institutions.bulk_changes import NextVersion, change_many
from app.institutions.history import INSTITUTION
from app.institutions.imports.given import Given
from app.institutions.imports.judge import Judged, RowOutcome, judge
from app.institutions.imports.known import known_of
from app.institutions.imports.operations import fail, finish
from app.institutions.imports.refusals import ImportHasOpenRows, RegistryChangedSince
from app.institutions.imports.sheet_rows import (
    FINDINGS,
    OPEN,
    ROWS,
    WRITTEN,
    Places,
    Row,
    change_rows,
    counts,
    findings,
    given_of_row,
    judged_problem,
    waiting,
)
from app.institutions.imports.working import Working, move_job, places_of
from app.institutions.register import move_parts
from app.store.search import replace_grams

# Somebody registers the same site at the same moment, or two writers wait for each other: look again.
_MOST_TRIES: Final = 5
T = TypeVar("T")
_KEPT: Final = ("outcome", "institution_id", *FINDINGS)
_MOVED: Final = "核对之后登记有变：{what}。请重新上传核对"


@dataclass(slots=True)
class Chunk:
    """Some rows looked at again: those to write, those that need nothing any more, and those that may not be."""

    last: int = 0
    write: list[Judged] = field(default_factory=list)
    done: list[Judged] = field(default_factory=list)
    stop: list[Judged] = field(default_factory=list)
    # What the check found, by number.
    kept: dict[int, Row] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.write or self.done or self.stop)


class _Changed(RuntimeError):
    """All rows or none, and one of them may not be written any more."""


def apply(working: Working) -> None:
    """Write the rows of a checked import, from where an earlier process stopped."""
    with working.reading() as session:
        job = working.job(session)
        found = counts(session, working.import_id)
    total = working.work.total or sum(found[outcome] for outcome in _outcomes(job))
    if job["mode"] == "partial":
        _write_parts(working, job, total)
    elif blocking := open_rows(job, found):
        _stop(working, refuse_open(blocking))
    else:
        _write_all(working, job, total)


def open_rows(job: dict[str, Any], found: dict[RowOutcome, int]) -> int:
    """How many rows stand in the way of writing all of them."""
    return sum(found[outcome] for outcome in OPEN if outcome not in _outcomes(job))


def refuse_open(open_count: int) -> ImportHasOpenRows:
    """What to say of them."""
    return ImportHasOpenRows(
        f"有 {open_count} 行有误或可能重复，没有写入任何一行；"
        "请改正后重新上传，或选择只写入没有问题的行（mode=partial）"
    )


def _outcomes(job: dict[str, Any]) -> tuple[RowOutcome, ...]:
    return (*WRITTEN, RowOutcome.DUPLICATE) if job["duplicates"] == "add" else WRITTEN


def _write_all(working: Working, job: dict[str, Any], total: int) -> None:
    try:
        _tried(partial(_write_at_once, working, job, total))
    except _Changed:
        found = _mark_changed(working, job)
        detail = f"核对之后登记有变，有 {found} 行不再适用，没有写入任何一行；请查看各行说明，重新上传核对"
        _stop(working, RegistryChangedSince(detail))


def _write_at_once(working: Working, job: dict[str, Any], total: int) -> None:
    with working.recorded(total, total, mode="atomic", rows=total) as session:
        after = 0
        while not (chunk := _looked_at(session, working, job, after, hold=True)).is_empty:
            if chunk.stop:
                raise _Changed
            _write(session, working, job, chunk, working.clock())
            after = chunk.last
        _conclude(session, working)


def _write_parts(working: Working, job: dict[str, Any], total: int) -> None:
    done = working.work.done
    while rows := _tried(partial(_write_part, working, job, done, total)):
        done += rows
    with working.recorded(total, total) as session:
        _conclude(session, working)


def _write_part(working: Working, job: dict[str, Any], done: int, total: int) -> int:
    """One chunk with its marks; how many rows it had."""
    with working.reading() as session:
        rows = waiting(working.import_id, _outcomes(job), 0, working.chunk)
        numbers = session.scalars(rows.with_only_columns(ROWS.c.number)).all()
    if not numbers:
        return 0
    said = {"mode": "partial", "first_row": numbers[0], "last_row": numbers[-1]}
    with working.recorded(done + len(numbers), total, **said) as session:
        chunk = _looked_at(session, working, job, 0, hold=True)
        _write(session, working, job, chunk, working.clock())
        change_rows(session, working.import_id, _stopped(job, chunk.stop))
    return len(numbers)


def _tried(write: Callable[[], T]) -> T:
    for _ in range(_MOST_TRIES - 1):
        try:
            return write()
        except (IntegrityError, OperationalError):
            continue
    return write()


def _looked_at(session: Session, working: Working, job: dict[str, Any], after: int, *, hold: bool) -> Chunk:
    """The next rows, judged anew. Where nobody has read the check, its outcome binds nobody."""
    chunk, adds, today = Chunk(after), job["duplicates"] == "add", working.today
    given: list[Given] = []
    for row in session.execute(waiting(working.import_id, _outcomes(job), after, working.chunk)).mappings():
        given.append(given_of_row(row))
        chunk.kept[row["number"]] = {name: row[name] for name in _KEPT}
    known = known_of(session, given, working.scope, working.import_id, hold=hold)
    for one in given:
        chunk.last = one.number
        judged = judge(one, known, working.scope, today, add_duplicates=adds)
        if judged.outcome is RowOutcome.UNCHANGED:
            chunk.done.append(judged)
        elif judged.outcome in WRITTEN and (not job["dry_run"] or _is_same(chunk.kept[one.number], judged)):
            chunk.write.append(judged)
        else:
            chunk.stop.append(judged)
    return chunk


def _is_same(row: Row, judged: Judged) -> bool:
    """Whether the row still does what somebody read that it would do."""
    was = RowOutcome.ADDED if row["outcome"] == RowOutcome.DUPLICATE else row["outcome"]
    same_effect = (was, row["institution_id"]) == (judged.outcome, judged.institution_id)
    return same_effect and row["differences"] == findings(judged, {}, {})["differences"]


def _write(session: Session, working: Working, job: dict[str, Any], chunk: Chunk, now: datetime) -> None:
    """Write a chunk and mark its rows as written."""
    added = [one for one in chunk.write if one.seen is None]
    updated = [one for one in chunk.write if one.seen is not None]
    keys = dict(zip((one.given.number for one in added), _add(session, added, now), strict=True))
    _update(session, updated, now)
    keys |= {one.given.number: one.seen.id for one in updated if one.seen is not None}
    needs = _add_needs(session, chunk.write, keys, now)
    places = places_of(job)
    marks: list[Row] = []
    for one in (*chunk.write, *chunk.done):
        number = one.given.number
        key, need = keys.get(number, one.institution_id), needs.get(number)
        version = None if one.outcome is RowOutcome.UNCHANGED else _version_after(one)
        written = {"institution_id": key, "need_id": need, "written_version": version, "given": None}
        marks.append({"number": number, **written, **_found_anew(one, chunk.kept[number], places)})
    change_rows(session, working.import_id, marks)


def _found_anew(one: Judged, kept: Row, places: Places) -> Row:
    """What the check did not say of a row; of most rows nothing, and no index of theirs is touched."""
    found = {"outcome": one.outcome, **findings(one, places, {})}
    return found if any(kept[name] != value for name, value in found.items()) else {}


def _version_after(one: Judged) -> int:
    if one.seen is None:
        return 1
    return one.seen.version + (one.after is not None)


def _add(session: Session, added: Sequence[Judged], now: datetime) -> list[UUID]:
    return add_institutions(session, [one.after for one in added if one.after is not None], now)


def _update(session: Session, updated: Sequence[Judged], now: datetime) -> None:
    changes = list(_next_versions(updated))
    change_many(session, INSTITUTION, changes, now)
    for one in changes:
        if one.header["name"] != one.seen.header["name"]:
            replace_grams(session, one.seen.id, one.header["name"])
        if one.header["region_code"] != one.seen.header["region_code"]:
            move_parts(session, one.seen.id, one.header["region_code"])


def _next_versions(updated: Sequence[Judged]) -> Iterator[NextVersion]:
    for one in updated:
        if one.seen is not None and one.after is not None:
            header = one.after.header_row(one.seen.header["provisional_number"])
            yield NextVersion(one.seen, header, one.after.version_row())


def _add_needs(session: Session, written: Sequence[Judged], keys: dict[int, UUID], now: datetime) -> dict[int, UUID]:
    wanted = [one for one in written if one.adds_need]
    new = [NewNeed(keys[one.given.number], one.given.region, one.given.needed) for one in wanted]
    return dict(zip((one.given.number for one in wanted), add_needs(session, new, now), strict=True))


def _stopped(job: dict[str, Any], stopped: Sequence[Judged]) -> list[Row]:
    """Rows that may not be written any more, with the reason."""
    places = places_of(job)
    rows: list[Row] = []
    for one in stopped:
        kept = findings(one, places, {})
        problems = kept["problems"] or []
        if job["dry_run"]:
            outcome = RowOutcome.CHANGED
            reason = FieldError("", "registry_changed_since", _MOVED.format(what=_what(one)))
            problems = [judged_problem(one.given.number, reason, places, {}), *problems]
        else:
            outcome = one.outcome
        row = {"number": one.given.number, "outcome": outcome, "institution_id": one.institution_id, "given": None}
        rows.append({**row, **kept, "problems": problems or None})
    return rows


def _what(one: Judged) -> str:
    match one.outcome:
        case RowOutcome.WRONG:
            return one.errors[0].detail if one.errors else "本行不再适用"
        case RowOutcome.DUPLICATE:
            return f"同县已登记名称相近的“{one.duplicates[0].name}”"
        case RowOutcome.UPDATED:
            return "该机构的登记内容已被他人修改或登记"
        case _:
            return "该机构的登记已被撤销或变更"


def _mark_changed(working: Working, job: dict[str, Any]) -> int:
    """Name every row that may not be written any more; how many there are."""
    after, found = 0, 0
    while True:
        with working.keeping() as session:
            chunk = _looked_at(session, working, job, after, hold=False)
            change_rows(session, working.import_id, _stopped(job, chunk.stop))
        if chunk.is_empty:
            return found
        after, found = chunk.last, found + len(chunk.stop)


def _stop(working: Working, refusal: ImportHasOpenRows | RegistryChangedSince) -> None:
    """Nothing was written; the import stays as it was checked."""
    with working.recorded(refused=refusal.code) as session:
        move_job(session, working.import_id, state="checked")
        fail(session, working.work, refusal, working.clock())


def _conclude(session: Session, working: Working) -> None:
    move_job(session, working.import_id, state="applied", applied_at=working.clock())
    finish(session, working.work, working.clock())
