"""The clerk's own sheet given back: every value as it was written, bad cells marked, and a last column 要改什么."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from app.institutions.workbook.columns import CHANGE, CITY, REGION, known_headings
from app.institutions.workbook.headings import tidy
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.process import Cell, Percent, SheetRow, parsed
from app.institutions.workbook.rows import CellProblem
from app.institutions.workbook.written import shown

Problems = Mapping[int, Sequence[CellProblem]]

_MOST_ADVICE: Final = 4_000
_ALPHABET: Final = 26
# Where a sheet begins to count; an earlier day can only be shown as text.
_FIRST_DAY: Final = date(1900, 3, 1)


class _Formats:
    def __init__(self, book: Workbook) -> None:
        mark = {"bg_color": "#FFC7CE", "border": 1, "border_color": "#C00000"}
        self.heading = book.add_format({"bold": True, "text_wrap": True, "bg_color": "#DDEBF7"})
        self.advice = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#C00000"})
        # Cells that nobody marked and that are neither days nor percentages carry no format.
        self.plain = {kind: book.add_format(look) for kind, look in _LOOKS.items() if look}
        self.marked = {kind: book.add_format({**look, **mark}) for kind, look in _LOOKS.items()}


_LOOKS: Final = {"": {}, "day": {"num_format": "yyyy-mm-dd"}, "percent": {"num_format": "0.##%"}}


def marked_copy(source: Path, problems_by_row: Problems, target: Path | BinaryIO, limits: Limits | None = None) -> None:
    """Write the sheet of `source` to `target` as xlsx in constant memory. Raises WorkbookRefused as reading does.

    Nothing becomes a formula or a link, whatever it begins with. The column 要改什么 that an earlier copy added is
    written anew.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with parsed(source, known_headings(), (REGION, CITY), limits) as found:
        place = str(target) if isinstance(target, Path) else target
        with closing(Workbook(place, options)) as book:
            sheet = book.add_worksheet("修改意见")
            formats = _Formats(book)
            at = found.width
            sheet.set_column(0, max(at - 1, 0), 16)
            for row in found.rows:
                if row.number == found.heading_row:
                    at = _advice_column(row, found.width)
                    sheet.set_column(at, at, 60)
                    sheet.freeze_panes(row.number, 1)
                _write_row(
                    sheet, row, problems_by_row.get(row.number, ()), at, formats, row.number == found.heading_row
                )


def _advice_column(heading: SheetRow, width: int) -> int:
    named = [at for at, cell in enumerate(heading.cells) if isinstance(cell, str) and tidy(cell) == CHANGE]
    return named[0] if named else width


def _write_row(
    sheet: Worksheet, row: SheetRow, problems: Sequence[CellProblem], at: int, formats: _Formats, is_heading: bool
) -> None:
    marked = {_number_of(problem.column_letter) for problem in problems if problem.column_letter}
    for place in range(max(len(row.cells), max(marked, default=0))):
        if place != at:
            cell = row.cells[place] if place < len(row.cells) else None
            looks = formats.marked if place + 1 in marked else formats.plain
            _write_cell(sheet, row.number - 1, place, cell, looks, formats.heading if is_heading else None)
    if is_heading:
        sheet.write_string(row.number - 1, at, CHANGE, formats.heading)
    elif problems:
        sheet.write_string(row.number - 1, at, _advice(problems), formats.advice)


def _advice(problems: Sequence[CellProblem]) -> str:
    """What to change, one line per cell: D 列“床位数”：…"""
    said = [f"{_place(problem)}{problem.detail}" for problem in problems]
    return "\n".join(said)[:_MOST_ADVICE]


def _place(problem: CellProblem) -> str:
    return f"{problem.column_letter} 列：" if problem.column_letter else ""


def _number_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _ALPHABET + ord(letter) - 64
    return number


def _write_cell(
    sheet: Worksheet, row: int, column: int, cell: Cell, looks: Mapping[str, Format], heading: Format | None
) -> None:
    look = heading or looks.get("")
    match cell:
        case None | "":
            sheet.write_blank(row, column, None, look)
        case bool():
            sheet.write_boolean(row, column, cell, look)
        case int() | float() if abs(cell) < 1e300:  # noqa: PLR2004
            sheet.write_number(row, column, cell, look)
        case Percent(fraction):
            sheet.write_number(row, column, fraction, looks["percent"])
        case datetime() | date() if (cell.date() if isinstance(cell, datetime) else cell) >= _FIRST_DAY:
            sheet.write_datetime(row, column, cell, looks["day"])
        case _:
            sheet.write_string(row, column, shown(cell), look)
