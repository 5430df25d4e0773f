"""Rows of an xlsx file, in the parsing process: the standard library and the parser alone."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.institutions.workbook.archive import Archive, Marks, Refused
from app.institutions.workbook.headings import SEARCHED_ROWS, Known, heading_row, key_of
from app.institutions.workbook.limits import Limits

# Beyond so many merged ranges a sheet is a drawing; each is looked at once per column.
_MOST_MERGED: Final = 50_000

Row = tuple[int, list[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """The sheet that is read: its name, the row of its headings, its width, its rows from the first one on."""

    sheet: str
    heading: int
    width: int
    rows: Iterator[Row]
    from_1904: bool = False
    other_sheets: tuple[str, ...] = ()


def read_sheets(path: str, archive: Archive, known: Known, filled: Sequence[str], limits: Limits) -> Table:
    """The first visible sheet with headings. Raises Refused."""
    try:
        book = CalamineWorkbook.from_path(path)
        return _chosen(book, archive, known, filled, limits)
    except PasswordError as error:
        raise Refused("workbook_protected") from error
    except CalamineError as error:
        raise Refused("workbook_unreadable") from error


def _chosen(book: CalamineWorkbook, archive: Archive, known: Known, filled: Sequence[str], limits: Limits) -> Table:
    named = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    seen = [one.name for one in named if one.visible == SheetVisibleEnum.Visible]
    headed = _headed(book, seen, known, limits)
    first = next(headed, None)
    if first is None:
        hidden = [one.name for one in named if one.visible != SheetVisibleEnum.Visible]
        for sheet, _ in _headed(book, hidden, known, limits):
            raise Refused("headings_hidden", sheet=sheet.name[:60])
        raise Refused("headings_not_found")
    sheet, heading = first
    rows = _marked(_filled(_rows(sheet), sheet, heading, known, filled), archive.marks.get(sheet.name, Marks()))
    others = tuple(other.name[:60] for other, _ in headed)
    return Table(sheet.name, heading, _extent(sheet)[1], rows, archive.from_1904, others)


def _headed(
    book: CalamineWorkbook, names: Sequence[str], known: Known, limits: Limits
) -> Iterator[tuple[CalamineSheet, int]]:
    """The sheets that have headings, with the row of these. A sheet is parsed anew each time it is asked for."""
    for name in names:
        sheet = book.get_sheet_by_name(name)
        _check_extent(sheet, limits)
        found = heading_row(islice((row for row in _rows(sheet) if any(row[1])), SEARCHED_ROWS), known)
        if found is not None:
            yield sheet, found[0]


def _extent(sheet: CalamineSheet) -> tuple[int, int]:
    """Rows and columns up to the last cell with content."""
    return (0, 0) if sheet.end is None else (sheet.end[0] + 1, sheet.end[1] + 1)


def _check_extent(sheet: CalamineSheet, limits: Limits) -> None:
    height, width = _extent(sheet)
    if width > limits.columns:
        raise Refused("workbook_too_many_columns", limit=limits.columns, where=f"共 {width} 列")
    if height > limits.rows:
        raise Refused("workbook_too_many_rows", limit=limits.rows, where=f"共 {height} 行")
    if height * width > limits.cells:
        raise Refused("workbook_too_large", what=f"{height} 行 × {width} 列")


def _rows(sheet: CalamineSheet) -> Iterator[Row]:
    """All rows from 1. The parser leaves out empty columns on the left, and no rows above."""
    if sheet.start is None:
        return
    indent: list[Any] = [""] * sheet.start[1]
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, indent + cells


def _filled(
    rows: Iterator[Row], sheet: CalamineSheet, heading: int, known: Known, filled: Sequence[str]
) -> Iterator[Row]:
    """A place merged over several rows holds for each of them; the parser gives it to the first alone."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, right) in sorted((sheet.merged_cell_ranges or [])[:_MOST_MERGED]):
        if left == right and bottom > top >= heading:
            spans.setdefault(left, []).append((top + 1, bottom + 1))
    columns: dict[int, list[tuple[int, int]]] = {}
    above: dict[int, Any] = {}
    for number, cells in rows:
        if number == heading:
            columns = {at: span for at, span in spans.items() if at < len(cells) and key_of(cells[at], known) in filled}
        elif columns and any(cells):
            _fill(number, cells, columns, above)
        yield number, cells


def _fill(number: int, cells: list[Any], columns: Mapping[int, list[tuple[int, int]]], above: dict[int, Any]) -> None:
    for at, spans in columns.items():
        index = bisect_right(spans, (number, 1 << 31)) - 1
        if index < 0 or number > spans[index][1]:
            continue
        if number == spans[index][0]:
            above[at] = cells[at]
        elif cells[at] == "":
            cells[at] = above.get(at, "")


def _marked(rows: Iterator[Row], marks: Marks) -> Iterator[Row]:
    """Errors and percentages at their places; the parser shows the ones as blank and the others as mere numbers."""
    by_row: dict[int, list[tuple[int, dict[str, Any]]]] = {}
    for (row, column), text in marks.faulty.items():
        by_row.setdefault(row, []).append((column, {"error": text}))
    percent: dict[int, list[int]] = {}
    for row, column in marks.percent:
        percent.setdefault(row, []).append(column)
    for number, cells in rows:
        for column, fault in by_row.get(number, ()):
            if column <= len(cells) and cells[column - 1] == "":
                cells[column - 1] = fault
        for column in percent.get(number, ()):
            if column <= len(cells) and isinstance(cells[column - 1], int | float):
                cells[column - 1] = {"percent": cells[column - 1]}
        yield number, cells
