"""The trail as a file: CSV for spreadsheets, NDJSON for programs, whose lines verify on their own."""

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from app.access.audit.chain import canonical
from app.access.audit.schemas import COLUMNS, AuditEventOut


class ExportFormat(StrEnum):
    """What kind of file."""

    CSV = "csv"
    NDJSON = "ndjson"


MEDIA_TYPES: Final = {ExportFormat.CSV: "text/csv", ExportFormat.NDJSON: "application/x-ndjson"}
# Without it spreadsheets take UTF-8 for the encoding of the machine.
_BYTE_ORDER_MARK: Final = "\ufeff"
# Spreadsheets would run a cell that begins with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def written(file_format: ExportFormat, chunks: Iterable[list[AuditEventOut]]) -> Iterator[bytes]:
    """The pieces of the file, one for each chunk of events."""
    if file_format is ExportFormat.NDJSON:
        yield from ("".join(f"{one.model_dump_json()}\n" for one in rows).encode() for rows in chunks)
        return
    yield (_BYTE_ORDER_MARK + _lines([list(COLUMNS)])).encode()
    yield from (_lines([_cells(one) for one in rows]).encode() for rows in chunks)


def _lines(rows: list[list[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cells(event: AuditEventOut) -> list[str]:
    return [_cell(getattr(event, name)) for name in COLUMNS]


def _cell(value: object) -> str:
    text = "" if value is None else canonical(value).strip('"') if not isinstance(value, str) else value
    return f"'{text}" if text.startswith(_FORMULA) else text
