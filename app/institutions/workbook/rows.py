"""What a workbook says, row by row: typed values for the register, and every cell that cannot be read with advice.

with read_workbook(path, today) as reading:
    for row in reading:
        new = NewInstitution(row.name, {key: Statement(value) for key, value in row.facts.items()}, …)
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.errors import FieldError
from app.institutions.workbook.cells import fact_reader, faulty
from app.institutions.workbook.columns import CITY, NUMBER, REGION, SITE, TELEPHONE, USCC, Use, known_headings
from app.institutions.workbook.headed import Headed, UnknownHeading, read_headings
from app.institutions.workbook.headings import NAME
from app.institutions.workbook.identity import (
    Place,
    read_code,
    read_line,
    read_name,
    read_number,
    read_place,
    read_site,
    read_telephone,
)
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.process import Cell, Fault, Parsed, parsed
from app.institutions.workbook.refusals import HeadingsNotFound
from app.institutions.workbook.written import Wrong, shown
from app.rules.values import Value

__all__ = ["CellProblem", "ReadRow", "Reading", "UnknownHeading", "read_workbook"]

# The example of the template says in its name what it is, so it is skipped wherever it stands.
EXAMPLE: Final = "示例行"
_NOTES: Final = (
    "说明",
    "填写说明",
    "填表说明",
    "注:",
    "注：",
    "备注",
    "填表人",
    "制表",
    "审核",
    "填报",
    "合计",
    "总计",
    "小计",
)
_USES: Final = tuple(Use)
_FEW: Final = 4
_MOST_WRITTEN: Final = 200


@dataclass(frozen=True, slots=True)
class CellProblem:
    """One cell that cannot be taken as it stands.

    `row` counts as the sheet does, from 1; `column_letter` and `heading` are None where the whole row is meant or the
    sheet has no such column. `written` is what the clerk wrote, `detail` says in Chinese how to write it.
    """

    row: int
    column_letter: str | None
    heading: str | None
    written: str
    detail: str
    code: str


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row below the headings; what is blank, unknown or refused is absent from the mappings.

    `name` and `region` are None where they are missing or refused, and `problems` then says so. `region` is a county's
    code, or a city's with `zone` True for a development zone; it stands in `facts` too. `uscc` is None both for a site
    without one and for a refused one, and `provisional_number` likewise; `problems` tells which. `contact` goes by the
    names of the register (address, legal_representative, contact_person, telephone); `facts` holds values by
    `institution.` key and `need` those of a first need by `need.` key, as `app.institutions.facts.Statement` takes
    them. `written` maps each heading to what the clerk wrote, for reports and differences.
    """

    number: int
    name: str | None
    uscc: str | None
    provisional_number: str | None
    site_number: int
    region: str | None
    zone: bool | None
    contact: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    need: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[CellProblem, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)


class Written(Mapping[str, str]):
    """What the clerk wrote under each heading. Worked out when somebody asks, which of a good row nobody does."""

    __slots__ = ("_cells",)

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells

    def __getitem__(self, heading: str) -> str:
        return shown(self._cells[heading])

    def __iter__(self) -> Iterator[str]:
        return iter(self._cells)

    def __len__(self) -> int:
        return len(self._cells)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the sheet with what reads its cells."""

    at: int
    key: str
    use: Use
    read: Callable[[Cell], Any]
    headed: Headed


class Reading:
    """A workbook as it is read: iterate once for the rows; `skipped` grows with the examples and notes passed over.

    `sheet` is the name of the sheet that has the headings (CSV for a text file), `heading_row` counts from 1,
    `other_sheets` are further visible sheets with headings, which are not read, and `unknown_headings` the columns
    of this one that are not.
    """

    def __init__(self, source: Parsed, today: date) -> None:
        self.sheet = source.sheet
        self.heading_row = source.heading_row
        self.other_sheets = source.other_sheets
        self.today = today
        self.skipped: list[int] = []
        self._rows = source.rows
        heading = next((row for row in source.rows if row.number == source.heading_row), None)
        if heading is None:
            raise HeadingsNotFound.said()
        self.headings, self.unknown_headings = read_headings(heading.cells)
        self._by_key = {headed.column.key: headed for headed in self.headings}
        self._columns = tuple(_column(headed, source.from_1904) for headed in self.headings)
        self._blank: list[Cell] = [None] * (1 + max(headed.at for headed in self.headings))

    def __iter__(self) -> Iterator[ReadRow]:
        for row in self._rows:
            cells = [*row.cells, *self._blank[len(row.cells) :]]
            filled = [one for one in self._columns if (cell := cells[one.at]) is not None and not _is_blank(cell)]
            if not filled:
                continue
            if _is_note([cells[one.at] for one in filled], cells[self._by_key[NAME].at], cells):
                self.skipped.append(row.number)
                continue
            yield self._row(row.number, filled, cells)

    def problem(self, row: ReadRow, error: FieldError) -> CellProblem:
        """What a check of the whole row says (its pointer names a fact or a field), at the cell that it is about."""
        return self._problem(row.number, self._by_key.get(_key(error.pointer)), row.written, error.code, error.detail)

    def _problem(
        self, number: int, headed: Headed | None, written: Mapping[str, str], code: str, detail: str
    ) -> CellProblem:
        if headed is None:
            return CellProblem(number, None, None, "", detail, code)
        said = written.get(headed.heading, "")[:_MOST_WRITTEN]
        return CellProblem(number, headed.letter, headed.heading, said, detail, code)

    def _row(self, number: int, filled: Sequence[_Column], cells: Sequence[Cell]) -> ReadRow:
        values: dict[Use, dict[str, Any]] = {use: {} for use in _USES}
        wrong: list[tuple[Headed | None, Wrong]] = []
        for one in filled:
            cell = cells[one.at]
            if isinstance(cell, Fault):
                read: Any = faulty(cell)
            else:
                read = self._place(cell, cells) if one.key == REGION else one.read(cell)
            if isinstance(read, Wrong):
                wrong.append((one.headed, read))
            elif read is not None:
                values[one.use][one.key] = read
        wrong += self._missing(values[Use.IDENTITY], wrong)
        written = Written({one.headed.heading: cells[one.at] for one in filled})
        problems = tuple(self._problem(number, headed, written, one.code, one.detail) for headed, one in wrong)
        return _assembled(number, values, problems, written)

    def _place(self, cell: Cell, cells: Sequence[Cell]) -> Any:
        """A county may need its city, which is a column of its own."""
        city = cells[self._by_key[CITY].at] if CITY in self._by_key else None
        return read_place(cell, city)

    def _missing(
        self, values: Mapping[str, Any], wrong: list[tuple[Headed | None, Wrong]]
    ) -> list[tuple[Headed | None, Wrong]]:
        """Without a name and a county there is nothing to register."""
        if NAME in values and REGION in values:
            return []
        refused = {headed.column.key for headed, _ in wrong if headed is not None}
        asked = (
            (NAME, "“机构名称”必填，请写登记证书上的全称"),
            (REGION, "“所在县（市、区）”必填，例如 太原市迎泽区 或 140106"),
        )
        return [
            (self._by_key.get(key), Wrong("missing", detail))
            for key, detail in asked
            if key not in values and key not in refused
        ]


_READERS: Final[Mapping[str, Callable[[Cell], Any]]] = {
    NAME: read_name,
    USCC: read_code,
    SITE: read_site,
    TELEPHONE: read_telephone,
    # Read with the county that it is the city of.
    NUMBER: read_number,
    CITY: lambda _cell: None,
    REGION: read_place,
}


def _column(headed: Headed, from_1904: bool) -> _Column:
    column = headed.column
    if column.key in _READERS:
        read = _READERS[column.key]
    elif column.use in (Use.FACT, Use.NEED):
        read = fact_reader(column.key, headed.unit, from_1904)
    else:
        read = partial(read_line, column.label)
    return _Column(headed.at, column.key, column.use, read, headed)


def _key(pointer: str) -> str:
    """/facts/institution.beds_total and /uscc name columns; /zone is said in the one for the county."""
    key = pointer.removeprefix("/facts/").removeprefix("/need").removeprefix("/")
    return REGION if key == "zone" else key


def _is_blank(cell: Cell) -> bool:
    return isinstance(cell, str) and not cell.strip("\u200b\ufeff \u00a0\u3000\t\r\n")


def _is_note(filled: Sequence[Cell], name: Cell, cells: Sequence[Cell]) -> bool:
    """The example row, an explanation below the headings, a sum or a signature below the table."""
    if isinstance(name, str) and EXAMPLE in name:
        return True
    # 合计 may stand under 序号, which is not read. Where there is a name, only what is read tells a note from a row.
    said = filled if name is not None and not _is_blank(name) else cells
    first = next((cell for cell in said if isinstance(cell, str) and not _is_blank(cell)), "")
    bare = "".join(first.split())
    return bare.startswith(_NOTES) and (len(filled) <= _FEW or bare in _NOTES)


def _assembled(
    number: int,
    values: Mapping[Use, dict[str, Any]],
    problems: tuple[CellProblem, ...],
    written: Mapping[str, str],
) -> ReadRow:
    identity, facts = values[Use.IDENTITY], values[Use.FACT]
    place: Place | None = identity.get(REGION)
    if place is not None:
        facts[REGION] = place.code
    return ReadRow(
        number=number,
        name=identity.get(NAME),
        uscc=identity.get(USCC),
        provisional_number=identity.get(NUMBER),
        site_number=identity.get(SITE) or 1,
        region=place.code if place else None,
        zone=place.zone if place else None,
        contact=values[Use.CONTACT],
        facts=facts,
        need=values[Use.NEED],
        problems=problems,
        written=written,
    )


@contextmanager
def read_workbook(path: Path, today: date, limits: Limits | None = None) -> Iterator[Reading]:
    """The workbook or CSV at `path`, whatever its name. Raises WorkbookRefused here or while it is iterated."""
    with parsed(path, known_headings(), (REGION, CITY), limits) as source:
        yield Reading(source, today)
