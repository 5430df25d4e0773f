"""The parsing process: one file, bounded memory and time, rows as lines of JSON.

It is started by `process.py` as an isolated interpreter and must load nothing but the standard library and the parser:
it is the one place where a hostile file is opened, and starting it is part of every import.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO, Final, TextIO

from app.institutions.workbook.archive import Refused, inspect
from app.institutions.workbook.limits import Limits, confine
from app.institutions.workbook.sheets import Table, read_sheets
from app.institutions.workbook.texts import read_text

_ZIP: Final = b"PK\x03\x04"
_EMPTY_ZIP: Final = b"PK\x05\x06"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The names of the streams that an encrypted workbook is kept in.
_ENCRYPTED: Final = ("EncryptedPackage".encode("utf-16-le"), "EncryptionInfo".encode("utf-16-le"))
_SEARCHED: Final = 1 << 20
# Documents, pictures and archives that people pick by mistake; none of them is text.
_OTHER_KINDS: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"{\\rtf")


def run(request: dict[str, Any], out: TextIO) -> None:
    """Parse as asked; whatever ends it early is said in the last line."""
    limits = Limits(**request["limits"])
    confine(limits)
    try:
        _write(_table(request, limits), limits, out)
    except Refused as refused:
        out.write(json.dumps({"refused": refused.code, "said": refused.said}, ensure_ascii=False) + "\n")
    except MemoryError:
        out.write('{"refused": "workbook_memory", "said": {}}\n')
    out.flush()


def _table(request: dict[str, Any], limits: Limits) -> Table:
    with open(request["path"], "rb") as file:
        _check_size(file, limits)
        start = file.read(_SEARCHED)
        if start.startswith((_ZIP, _EMPTY_ZIP)):
            file.seek(0)
            archive = inspect(file, limits)
            return read_sheets(request["path"], archive, request["known"], request["filled"], limits)
        _refuse_others(start, file)
    # The rows are read on after this returns, so the file stays open as long as the process lives.
    return read_text(open(request["path"], "rb"), request["known"], limits)


def _check_size(file: BinaryIO, limits: Limits) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        raise Refused("workbook_empty")
    if size > limits.file_size:
        raise Refused("workbook_too_large", what=f"{size >> 20} MB，最多 {limits.file_size >> 20} MB")


def _refuse_others(start: bytes, file: BinaryIO) -> None:
    if start.startswith(_OLE):
        rest = start + file.read()
        protected = any(name in rest for name in _ENCRYPTED)
        raise Refused("workbook_protected") if protected else Refused("old_workbook", kind="xls")
    if start.startswith(_OTHER_KINDS):
        raise Refused("not_a_workbook")
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise Refused("old_workbook", kind="html")


def _write(table: Table, limits: Limits, out: TextIO) -> None:
    head = {
        "sheet": table.sheet[:60],
        "heading": table.heading,
        "width": table.width,
        "from_1904": table.from_1904,
        "other_sheets": table.other_sheets,
    }
    out.write(json.dumps(head, ensure_ascii=False) + "\n")
    for line in _lines(table, limits):
        out.write(line)
    out.write('{"end": true}\n')


def _lines(table: Table, limits: Limits) -> Iterator[str]:
    encode = json.JSONEncoder(ensure_ascii=False, default=_tagged, separators=(",", ":")).encode
    for number, cells in table.rows:
        while cells and cells[-1] == "":
            cells.pop()
        if not any(cell != "" for cell in cells):
            continue
        line = encode([number, cells])
        if len(line) > limits.cell_text:
            _check_texts(number, cells, limits)
        yield line + "\n"


def _check_texts(number: int, cells: list[Any], limits: Limits) -> None:
    lengths = [len(cell) for cell in cells if isinstance(cell, str)]
    if max(lengths, default=0) > limits.cell_text:
        raise Refused("cell_too_long", row=number, limit=limits.cell_text)
    if sum(lengths) > limits.row_text:
        raise Refused("row_too_long", row=number, limit=limits.row_text)


def _tagged(value: object) -> dict[str, str]:
    """Days and times, which JSON does not have."""
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return {"time": str(value)}


def main() -> None:
    """Read the request from standard input and answer on standard output."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]
    run(json.load(sys.stdin.buffer), sys.stdout)
