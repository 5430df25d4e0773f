"""Rows of a CSV file, in the parsing process: the standard library alone."""

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, Final

from app.institutions.workbook.archive import Refused
from app.institutions.workbook.headings import SEARCHED_ROWS, Known, heading_row
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.sheets import Row, Table

_CHUNK: Final = 1 << 16
_SEPARATORS: Final = (",", "\t", ";", "，", "|")
_BY_MARK: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(file: BinaryIO, known: Known, limits: Limits) -> Table:
    """The rows of the file, whichever encoding and separator show headings. Raises Refused."""
    # A field takes what a cell of a workbook takes.
    csv.field_size_limit(limits.cell_text)
    encoding = _encoding(file)
    headed: list[tuple[int, int, str]] = []
    refused: list[Refused] = []
    for separator in _SEPARATORS:
        found = heading_row(_tried(file, encoding, separator, limits, refused), known)
        if found is not None:
            headed.append((found[1], found[0], separator))
    if not headed:
        raise refused[0] if refused else Refused("headings_not_found")
    _, heading, separator = max(headed, key=lambda one: one[0])
    width = max(len(cells) for _, cells in _rows(file, encoding, separator, limits))
    return Table("CSV", heading, width, _rows(file, encoding, separator, limits))


def _tried(file: BinaryIO, encoding: str, separator: str, limits: Limits, refused: list[Refused]) -> Iterator[Row]:
    """The first rows, as far as they can be read with a separator that may be the wrong one."""
    try:
        yield from islice((row for row in _rows(file, encoding, separator, limits) if any(row[1])), SEARCHED_ROWS)
    except Refused as one:
        refused.append(one)


def _encoding(file: BinaryIO) -> str:
    """By its mark, or UTF-8 where the whole file is that, or GB 18030; Refused where it is neither."""
    file.seek(0)
    start = file.read(4)
    for mark, name in _BY_MARK:
        if start.startswith(mark):
            return _marked(file, name)
    for name in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return _decodes(file, name)
    raise Refused("text_encoding")


def _marked(file: BinaryIO, encoding: str) -> str:
    try:
        return _decodes(file, encoding)
    except UnicodeDecodeError as error:
        raise Refused("text_encoding") from error


def _decodes(file: BinaryIO, encoding: str) -> str:
    """The encoding, if the whole file is in it (UnicodeDecodeError) and is text."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    while piece := file.read(_CHUNK):
        if "\x00" in decoder.decode(piece):
            raise Refused("not_a_workbook")
    decoder.decode(b"", final=True)
    return encoding


def _rows(file: BinaryIO, encoding: str, separator: str, limits: Limits) -> Iterator[Row]:
    file.seek(0)
    # The wrapper must not close the file under whoever tries the next separator.
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    number = 0
    try:
        for number, cells in enumerate(csv.reader(text, delimiter=separator, strict=True), start=1):
            if len(cells) > limits.columns:
                where = f"第 {number} 行有 {len(cells)} 列"
                raise Refused("workbook_too_many_columns", limit=limits.columns, where=where)
            if number > limits.rows:
                raise Refused("workbook_too_many_rows", limit=limits.rows, where=f"超过 {limits.rows} 行")
            yield number, list(cells)
    except csv.Error as error:
        code = "cell_too_long" if "field larger" in str(error) else "text_quotes"
        raise Refused(code, row=number + 1, limit=limits.cell_text) from error
    finally:
        text.detach()
