"""The dry run: every row of the sheet beside the registry, chunk by chunk, nothing written but what was found."""

from collections.abc import Iterator
from itertools import dropwhile
from pathlib import Path

from app.errors import AppError
from app.institutions.imports.given import given_of
from app.institutions.imports.judge import judge
from app.institutions.imports.known import known_of
from app.institutions.imports.operations import fail, finish
from app.institutions.imports.sheet_rows import (
    Places,
    Row,
    add_rows,
    groups,
    judged_row,
    last_number,
    mark_twins,
    unread,
)
from app.institutions.imports.working import Working, move_job
from app.institutions.workbook.refusals import WorkbookRefused
from app.institutions.workbook.rows import Reading, ReadRow, read_workbook


def check(working: Working) -> bool:
    """Read the sheet to its end, from where an earlier process stopped; whether it could be read."""
    try:
        _read(working)
    except WorkbookRefused as refusal:
        _refuse(working, refusal)
        return False
    return True


def _read(working: Working) -> None:
    with working.reading() as session:
        sha256 = working.job(session)["sha256"]
        last, done = last_number(session, working.import_id)
    with working.storage.open(sha256) as file, read_workbook(Path(file.name), working.today) as reading:
        places = _keep_columns(working, reading)
        rows = dropwhile(lambda row: row.number <= last, reading)
        for chunk in groups(rows, working.chunk):
            found = list(_found(working, chunk, places))
            done += len(found)
            with working.keeping(done) as session:
                add_rows(session, working.import_id, found)
    with working.keeping(done, done) as session:
        mark_twins(session, working.import_id)


def _keep_columns(working: Working, reading: Reading) -> Places:
    places = {one.column.key: [one.letter, one.heading] for one in reading.headings}
    unknown = [
        {"column": one.column_letter, "heading": one.heading, "suggestion": one.suggestion}
        for one in reading.unknown_headings
    ]
    with working.keeping() as session:
        told = {"places": places, "unknown": unknown, "other_sheets": list(reading.other_sheets)}
        move_job(session, working.import_id, columns=told)
    return places


def _found(working: Working, chunk: list[ReadRow], places: Places) -> Iterator[Row]:
    today = working.today
    read = {row.number: given for row in chunk if (given := given_of(row)) is not None}
    with working.reading() as session:
        known = known_of(session, list(read.values()), working.scope, working.import_id)
    for row in chunk:
        if row.number in read:
            yield judged_row(judge(read[row.number], known, working.scope, today), places, row.written)
        else:
            yield unread(row)


def conclude(working: Working) -> None:
    """The check is done, and the clerk decides."""
    with working.recorded() as session:
        move_job(session, working.import_id, state="checked")
        finish(session, working.work, working.clock())


def _refuse(working: Working, refusal: AppError) -> None:
    with working.recorded(refused=refusal.code) as session:
        move_job(session, working.import_id, state="unreadable")
        fail(session, working.work, refusal, working.clock())
