"""Candidates as a file: CSV for spreadsheets, NDJSON for programs. Made piece by piece, never held whole."""

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from app.matching.candidate_schemas import COLUMNS, CandidateOut


class ExportFormat(StrEnum):
    """What kind of file."""

    CSV = "csv"
    NDJSON = "ndjson"


MEDIA_TYPES: Final = {ExportFormat.CSV: "text/csv", ExportFormat.NDJSON: "application/x-ndjson"}
# Without it spreadsheets take UTF-8 for the encoding of the machine.
_BYTE_ORDER_MARK: Final = "\ufeff"
# Spreadsheets would run a cell that begins with one of these as a formula; a tab or a return may stand before it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def written(file_format: ExportFormat, chunks: Iterable[list[CandidateOut]]) -> Iterator[bytes]:
    """The pieces of the file, one for each chunk of rows."""
    match file_format:
        case ExportFormat.CSV:
            return _csv(chunks)
        case ExportFormat.NDJSON:
            return _ndjson(chunks)


def _csv(chunks: Iterable[list[CandidateOut]]) -> Iterator[bytes]:
    yield (_BYTE_ORDER_MARK + _lines([list(COLUMNS.values())])).encode()
    for rows in chunks:
        yield _lines([cells(row) for row in rows]).encode()


def _ndjson(chunks: Iterable[list[CandidateOut]]) -> Iterator[bytes]:
    for rows in chunks:
        yield "".join(f"{row.model_dump_json()}\n" for row in rows).encode()


def _lines(rows: list[list[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows([inert(cell) for cell in row] for row in rows)
    return file.getvalue()


def cells(row: CandidateOut) -> list[str]:
    """A row in words, in the order of the columns."""
    words = {
        "kind": row.kind_label,
        "name": row.name,
        "region_name": row.region_name,
        "amount_yuan": "" if row.amount_yuan is None else f"{row.amount_yuan:.2f}",
        "outcome": row.outcome_label,
        "near_miss": "是" if row.near_miss else "否",
        "missing": "、".join(one.label for one in row.missing),
        "advice": row.advice or "",
        "case_id": str(row.case_id),
        "institution_id": str(row.institution_id),
    }
    return [words[column] for column in COLUMNS]


def inert(cell: str) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
