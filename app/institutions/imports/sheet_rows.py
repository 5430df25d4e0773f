"""The rows of an import as they are kept: written in bulk, read by outcome."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.errors import FieldError
from app.institutions.imports.given import Given, identity_of, packed, unpacked
from app.institutions.imports.judge import Judged, RowOutcome
from app.institutions.workbook.columns import columns_by_key
from app.institutions.workbook.rows import CellProblem, ReadRow
from app.rules.structure import pointer
from app.store.bulk import insert_many
from app.store.tables import ImportRow

ROWS: Final[Table] = ImportRow.metadata.tables[ImportRow.__tablename__]
# What an apply writes; possible duplicates only where the clerk says so.
WRITTEN: Final = (RowOutcome.ADDED, RowOutcome.UPDATED)
OPEN: Final = (RowOutcome.WRONG, RowOutcome.CHANGED, RowOutcome.DUPLICATE)
_TWINS_AT_ONCE: Final = 500
# Key of a column -> its letter and its heading in the sheet that was sent.
Places = Mapping[str, Sequence[str]]
Row = dict[str, Any]
FINDINGS: Final = ("differences", "duplicates", "problems")
_POINTERS: Final = {
    **{pointer("/facts", key): key for key in columns_by_key() if "." in key},
    **{f"/{key}": key for key in columns_by_key() if "." not in key},
    "/zone": "institution.region_code",
}


def read_problem(problem: CellProblem) -> Row:
    """A cell that could not be read, as it is kept."""
    cell = None if problem.column_letter is None else f"{problem.column_letter}{problem.row}"
    said = {"heading": problem.heading, "written": problem.written or None}
    return {"cell": cell, **said, "detail": problem.detail, "code": problem.code}


def judged_problem(number: int, error: FieldError, places: Places, written: Mapping[str, str]) -> Row:
    """What the registry refuses of a row, at the cell that says it."""
    key = _POINTERS.get(error.pointer, "")
    letter, heading = places.get(key, (None, None))
    label = columns_by_key()[key].label if key in columns_by_key() else None
    return {
        "cell": None if letter is None else f"{letter}{number}",
        "heading": heading or label,
        "written": written.get(heading) if heading is not None else None,
        "detail": error.detail,
        "code": error.code,
    }


def unread(row: ReadRow) -> Row:
    """A row with cells that could not be read."""
    # A code that could not be read is none, and says nothing of who the row is about.
    numbered = row.uscc is not None or not any(
        problem.code.startswith(("uscc", "provisional")) for problem in row.problems
    )
    identity = identity_of(row) if numbered and row.name is not None and row.region is not None else None
    said = {"name": row.name, "uscc": row.uscc, "site_number": row.site_number}
    problems = [read_problem(problem) for problem in row.problems]
    return {**_blank(row.number), **said, "outcome": RowOutcome.WRONG, "identity": identity, "problems": problems}


def judged_row(judged: Judged, places: Places, written: Mapping[str, str]) -> Row:
    """A row with what becomes of it."""
    given = judged.given
    keeps = judged.outcome in {RowOutcome.ADDED, RowOutcome.UPDATED, RowOutcome.DUPLICATE}
    return {
        **_blank(given.number),
        "outcome": judged.outcome,
        "identity": given.identity,
        "name": given.name,
        "uscc": given.uscc,
        "site_number": given.site_number,
        "institution_id": judged.institution_id,
        "given": packed(given) if keeps else None,
        **findings(judged, places, written),
    }


def findings(judged: Judged, places: Places, written: Mapping[str, str]) -> Row:
    """What was found of a row, as it is kept: NULL where there is nothing to say."""
    problems = [judged_problem(judged.given.number, error, places, written) for error in judged.errors]
    return {
        "differences": [asdict(one) for one in judged.differences] or None,
        "duplicates": [{**asdict(one), "id": str(one.id), "likeness": str(one.likeness)} for one in judged.duplicates]
        or None,
        "problems": problems or None,
    }


def _blank(number: int) -> Row:
    return {"number": number, **dict.fromkeys(_NAMES)}


_NAMES: Final = tuple(column.name for column in ROWS.c if column.name not in {"import_id", "number"})


def add_rows(session: Session, import_id: UUID, rows: Sequence[Row]) -> None:
    """Keep rows that were just checked."""
    insert_many(session, ROWS, [{"import_id": import_id, **row} for row in rows])


def change_rows(session: Session, import_id: UUID, rows: Sequence[Row]) -> None:
    """Change rows by `number`, those that name the same columns at once."""
    alike: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        alike[tuple(row)].append(row)
    mine = update(ROWS).where(ROWS.c.import_id == import_id, ROWS.c.number == bindparam("at_number"))
    for told, some in alike.items():
        names = [name for name in told if name != "number"]
        given = [{"at_number": row["number"], **{f"new_{name}": row[name] for name in names}} for row in some]
        session.connection().execute(mine.values({name: bindparam(f"new_{name}") for name in names}), given)


def last_number(session: Session, import_id: UUID) -> tuple[int, int]:
    """The last row that was checked, and how many there are."""
    query = select(func.coalesce(func.max(ROWS.c.number), 0), func.count()).where(ROWS.c.import_id == import_id)
    last, count = session.execute(query).one()
    return last, count


def counts(session: Session, import_id: UUID) -> dict[RowOutcome, int]:
    """How many rows have each outcome."""
    query = select(ROWS.c.outcome, func.count()).where(ROWS.c.import_id == import_id).group_by(ROWS.c.outcome)
    found = {RowOutcome(outcome): number for outcome, number in session.execute(query)}
    return {one: found.get(one, 0) for one in RowOutcome}


def written_count(session: Session, import_id: UUID) -> int:
    """How many rows the registry has taken."""
    query = select(func.count()).where(ROWS.c.import_id == import_id, ROWS.c.written_version.is_not(None))
    return session.scalar(query) or 0


def waiting(import_id: UUID, outcomes: Iterable[RowOutcome], after: int, size: int) -> Select[Any]:
    """The next rows that are to be written: what they say, and what was found of them."""
    mine = (ROWS.c.import_id == import_id, ROWS.c.number > after, ROWS.c.outcome.in_(list(outcomes)))
    columns = (ROWS.c[name] for name in ("number", "outcome", "institution_id", "given", *FINDINGS))
    return select(*columns).where(*mine, ROWS.c.given.is_not(None)).order_by(ROWS.c.number).limit(size)


def given_of_row(row: Mapping[Any, Any]) -> Given:
    """What a kept row says."""
    return unpacked(row["number"], row["given"])


def mark_twins(session: Session, import_id: UUID) -> None:
    """Rows that mean the same institution are all wrong: nobody can know which of them is right."""
    mine = ROWS.c.import_id == import_id
    query = select(ROWS.c.identity).where(mine, ROWS.c.identity.is_not(None)).group_by(ROWS.c.identity)
    identities = list(session.scalars(query.having(func.count() > 1)))
    for start in range(0, len(identities), _TWINS_AT_ONCE):
        some = identities[start : start + _TWINS_AT_ONCE]
        columns = ROWS.c.number, ROWS.c.identity, ROWS.c.problems
        rows = session.execute(select(*columns).where(mine, ROWS.c.identity.in_(some)).order_by(ROWS.c.number)).all()
        numbers: dict[str, list[int]] = {}
        for row in rows:
            numbers.setdefault(row.identity, []).append(row.number)
        change_rows(session, import_id, [_twin(row, numbers[row.identity]) for row in rows])


_MOST_NAMED: Final = 5


def _twin(row: Any, numbers: Sequence[int]) -> Row:
    others = [number for number in numbers if number != row.number]
    named = "、".join(map(str, others[:_MOST_NAMED])) + ("等" if len(others) > _MOST_NAMED else "")
    detail = f"与第 {named} 行是同一机构；请只保留一行，如是同一法人的另一处院点，请填不同的院点序号"
    problem = {"cell": None, "heading": None, "written": None, "detail": detail, "code": "duplicate_row"}
    problems = [*(one for one in row.problems or () if one["code"] != "duplicate_row"), problem]
    said = {"given": None, "differences": None, "duplicates": None, "institution_id": None}
    return {"number": row.number, "outcome": RowOutcome.WRONG, **said, "problems": problems}


def groups(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The rows in chunks."""
    chunk: list[Any] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
