"""What a workbook says, row by row: typed values for the register, and every cell that cannot be read with advice.

with read_workbook(path, today) as reading:
    for row in reading:
        new = NewInstitution(row.name, {key: Statement(value) for key, value in row.facts.items()}, …)
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

from app.errors import FieldError
from app.institutions.workbook.cells import faulty, read_fact
from app.institutions.workbook.columns import CITY, REGION, SITE, TELEPHONE, USCC, Use, known_headings
from app.institutions.workbook.headed import Headed, UnknownHeading, read_headings
from app.institutions.workbook.headings import NAME
from app.institutions.workbook.identity import (
    Place,
    read_code,
    read_line,
    read_name,
    read_place,
    read_site,
    read_telephone,
)
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.process import Cell, Fault, Parsed, SheetRow, parsed
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
    without one and for a refused one; `problems` tells which. `contact` goes by the names of the register (address,
    legal_representative, contact_person, telephone); `facts` holds values by `institution.` key and `need` those of a
    first need by `need.` key, as `app.institutions.facts.Statement` takes them. `written` maps each heading to what
    the clerk wrote, for reports and differences.
    """

    number: int
    name: str | None
    uscc: str | None
    site_number: int
    region: str | None
    zone: bool | None
    contact: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)
    need: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[CellProblem, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)


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
        self._from_1904 = source.from_1904
        self._rows = source.rows
        heading = next((row for row in source.rows if row.number == source.heading_row), None)
        if heading is None:
            raise HeadingsNotFound.said()
        self.headings, self.unknown_headings = read_headings(heading.cells)
        self._by_key = {headed.column.key: headed for headed in self.headings}

    def __iter__(self) -> Iterator[ReadRow]:
        for row in self._rows:
            cells = _given(self.headings, row)
            if not cells:
                continue
            if _is_note(cells, self._by_key[NAME]):
                self.skipped.append(row.number)
                continue
            yield self._row(row.number, cells)

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

    def _row(self, number: int, cells: Mapping[str, tuple[Headed, Cell]]) -> ReadRow:
        values: dict[str, Any] = {}
        wrong: list[tuple[Headed | None, Wrong]] = []
        for key, (headed, cell) in cells.items():
            read = faulty(cell) if isinstance(cell, Fault) else self._value(headed, cell, cells)
            if isinstance(read, Wrong):
                wrong.append((headed, read))
            elif read is not None:
                values[key] = read
        wrong += self._missing(values, wrong)
        written = {headed.heading: shown(cell) for headed, cell in cells.values()}
        problems = tuple(self._problem(number, headed, written, one.code, one.detail) for headed, one in wrong)
        return _assembled(number, values, problems, written)

    def _value(self, headed: Headed, cell: Cell, cells: Mapping[str, tuple[Headed, Cell]]) -> Any:
        column = headed.column
        match column.key:
            case _ if column.use in (Use.FACT, Use.NEED):
                return read_fact(column.key, headed.unit, cell, self._from_1904)
            case "institution.region_code":
                return read_place(cell, cells[CITY][1] if CITY in cells else None)
            case "name":
                return read_name(cell)
            case "uscc":
                return read_code(cell)
            case "site_number":
                return read_site(cell)
            case "telephone":
                return read_telephone(cell)
            case "city":
                return None
            case _:
                return read_line(column.label, cell)

    def _missing(
        self, values: Mapping[str, Any], wrong: list[tuple[Headed | None, Wrong]]
    ) -> list[tuple[Headed | None, Wrong]]:
        """Without a name and a county there is nothing to register."""
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


def _key(pointer: str) -> str:
    """/facts/institution.beds_total and /uscc name columns; /zone is said in the one for the county."""
    key = pointer.removeprefix("/facts/").removeprefix("/need").removeprefix("/")
    return REGION if key == "zone" else key


def _given(headings: tuple[Headed, ...], row: SheetRow) -> dict[str, tuple[Headed, Cell]]:
    """The cells that say something, by key of the column."""
    cells, width = row.cells, len(row.cells)
    return {
        headed.column.key: (headed, cell)
        for headed in headings
        if headed.at < width
        and (cell := cells[headed.at]) is not None
        and not (isinstance(cell, str) and _is_blank(cell))
    }


def _is_blank(text: str) -> bool:
    return not text.strip("\u200b\ufeff \u00a0\u3000\t\r\n")


def _is_note(cells: Mapping[str, tuple[Headed, Cell]], name: Headed) -> bool:
    """The example row, an explanation below the headings, a sum or a signature below the table."""
    own = cells.get(name.column.key)
    if own is not None and isinstance(own[1], str) and EXAMPLE in own[1]:
        return True
    first = next((cell for _, cell in cells.values() if isinstance(cell, str)), "")
    is_remark = "".join(first.split()).startswith(_NOTES)
    return is_remark and (len(cells) <= _FEW or "".join(first.split()) in _NOTES)


def _assembled(
    number: int, values: Mapping[str, Any], problems: tuple[CellProblem, ...], written: Mapping[str, str]
) -> ReadRow:
    place = values.get(REGION)
    facts = {key: value for key, value in values.items() if key.startswith("institution.") and key != REGION}
    if isinstance(place, Place):
        facts[REGION] = place.code
    return ReadRow(
        number=number,
        name=values.get(NAME),
        uscc=values.get(USCC),
        site_number=values.get(SITE) or 1,
        region=place.code if place else None,
        zone=place.zone if place else None,
        contact={
            key: values[key]
            for key in ("address", "legal_representative", "contact_person", TELEPHONE)
            if key in values
        },
        facts=facts,
        need={key: value for key, value in values.items() if key.startswith("need.")},
        problems=problems,
        written=written,
    )


@contextmanager
def read_workbook(path: Path, today: date, limits: Limits | None = None) -> Iterator[Reading]:
    """The workbook or CSV at `path`, whatever its name. Raises WorkbookRefused here or while it is iterated."""
    with parsed(path, known_headings(), (REGION, CITY), limits) as source:
        yield Reading(source, today)
