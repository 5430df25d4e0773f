"""A table as a file: CSV for any program, a workbook for people. Text and numbers only, never a formula."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import xlsxwriter

from app.matching.exports import inert
from app.reporting.measures import COLUMNS
from app.reporting.schemas import StatisticsOut, StatisticsRowOut

# Without it spreadsheets take UTF-8 for the encoding of the machine.
_BYTE_ORDER_MARK: Final = "\ufeff"
_KEPT_BACK: Final = "隐去"
_YUAN_FORMAT: Final = "#,##0.00"
_LABEL_WIDTH: Final = 24
_NUMBER_WIDTH: Final = 16
_STRINGS_STAY: Final = {f"strings_to_{kind}": False for kind in ("formulas", "urls", "numbers")}
_OPTIONS: Final = {"in_memory": True, **_STRINGS_STAY}


class FileFormat(StrEnum):
    """What kind of file."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES: Final = {
    FileFormat.CSV: "text/csv",
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def written(file_format: FileFormat, table: StatisticsOut) -> bytes:
    """The file: a line of headings, the rows, the total."""
    match file_format:
        case FileFormat.CSV:
            return _csv(table)
        case FileFormat.XLSX:
            return _xlsx(table)


def _lines(table: StatisticsOut) -> list[list[Any]]:
    return [_cells(row) for row in (*table.rows, table.total)]


def _cells(row: StatisticsRowOut) -> list[Any]:
    """Key and label, then each column as a number, empty, or the word for what is kept back."""
    values = (_KEPT_BACK if name in row.withheld else getattr(row, name) for name in COLUMNS)
    return [row.key, row.label, *values]


def _csv(table: StatisticsOut) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(table.columns.values())
    for line in _lines(table):
        writer.writerow(_text(name, cell) for name, cell in zip(table.columns, line, strict=True))
    return (_BYTE_ORDER_MARK + file.getvalue()).encode()


def _text(column: str, cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:.2f}" if column.endswith("_yuan") else f"{cell:f}"
    return inert(str(cell))


def _xlsx(table: StatisticsOut) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _OPTIONS) as book:
        heading = book.add_format({"bold": True, "text_wrap": True})
        yuan = book.add_format({"num_format": _YUAN_FORMAT})
        sheet = book.add_worksheet("统计")
        sheet.freeze_panes(1, 2)
        sheet.set_column(0, len(table.columns) - 1, _NUMBER_WIDTH)
        sheet.set_column(1, 1, _LABEL_WIDTH)
        for column, text in enumerate(table.columns.values()):
            sheet.write_string(0, column, text, heading)
        for place, line in enumerate(_lines(table), start=1):
            for column, (name, cell) in enumerate(zip(table.columns, line, strict=True)):
                _write(sheet, place, column, cell, yuan if name.endswith("_yuan") else None)
        _explain(book.add_worksheet("说明"), _facts(table))
    return file.getvalue()


def _write(sheet: Any, row: int, column: int, cell: Any, form: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif cell is not None:
        sheet.write_number(row, column, cell, form)


def _facts(table: StatisticsOut) -> Sequence[str]:
    narrowed = [f"类别：{'、'.join(table.kinds)}"] if table.kinds else []
    bank = [f"银行：{table.bank}"] if table.bank else []
    days = f"期间：{table.first_day} 至 {table.last_day}（含）"
    return [days, f"范围：{table.region_name or '（不在可见范围内）'}", *narrowed, *bank, *table.notes]


def _explain(sheet: Any, lines: Sequence[str]) -> None:
    for row, text in enumerate(lines):
        sheet.write_string(row, 0, text)
