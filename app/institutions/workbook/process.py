"""Rows of an uploaded file, parsed in a process of their own so that no file can end or swell the server.

The process is a fresh isolated interpreter, not a fork: it shares no memory, no connections and no threads with the
server. Rows come one line at a time, and the parser waits while nobody takes them.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

from app.institutions.workbook.limits import Limits
from app.institutions.workbook.refusals import UnreadableWorkbook, WorkbookMemory, WorkbookTimeout, refusal

_ROOT: Final = Path(__file__).resolve().parents[3]
_START: Final = "import sys; sys.path.insert(0, sys.argv[1]); from app.institutions.workbook.child import main; main()"
_PIECE: Final = 1 << 16
# SIGXCPU and SIGKILL come from the limit on processor time, SIGABRT from an allocation that was refused.
_OUT_OF_TIME: Final = (-24, -9)
_OUT_OF_MEMORY: Final = (-6,)
_KEPT: Final = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Percent:
    """A number whose cell is formatted as a percentage: 0.85 is shown as 85 %."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell whose formula has an error (`text` such as #REF!) or, with empty text, was never worked out."""

    text: str


@dataclass(frozen=True, slots=True)
class Duration:
    """A time of day or a span, which no column takes."""

    text: str


Cell: TypeAlias = str | int | float | bool | date | Percent | Fault | Duration | None


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row that is not empty; `number` counts as the sheet does, `cells` from column A, short of trailing blanks."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Parsed:
    """The sheet that has the headings, its width in columns, and its rows, those above the headings included."""

    sheet: str
    heading_row: int
    width: int
    from_1904: bool
    other_sheets: tuple[str, ...]
    rows: Iterator[SheetRow]


@contextmanager
def parsed(
    path: Path, known: Mapping[str, str], filled: Sequence[str] = (), limits: Limits | None = None
) -> Iterator[Parsed]:
    """The rows of the workbook or CSV at `path`; `known` maps tidy headings to columns. Raises WorkbookRefused."""
    bounds = limits or Limits()
    # The child works elsewhere, where a relative path would lead nowhere.
    request = {"path": str(path.absolute()), "known": dict(known), "filled": list(filled), "limits": asdict(bounds)}
    with _started(request) as child:
        lines = _lines(child, bounds)
        head = _said(next(lines))
        yield Parsed(
            sheet=head["sheet"],
            heading_row=head["heading"],
            width=head["width"],
            from_1904=head["from_1904"],
            other_sheets=tuple(head["other_sheets"]),
            rows=_rows(lines),
        )


@contextmanager
def _started(request: Mapping[str, Any]) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"LC_ALL": "C.UTF-8"}
    child = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", "-c", _START, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd="/",
    )
    try:
        _ask(child, request)
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def _ask(child: "subprocess.Popen[bytes]", request: Mapping[str, Any]) -> None:
    if child.stdin is None:
        return
    # A child that could not even start has closed its end; its status will say so.
    with suppress(BrokenPipeError), child.stdin:
        child.stdin.write(json.dumps(request).encode())


def _lines(child: "subprocess.Popen[bytes]", limits: Limits) -> Generator[bytes, None, None]:
    """Lines of the child; the wait for them is bounded in all, and each is bounded in length."""
    waited, rest = 0.0, b""
    # A character takes at most six bytes, as an escape; the marks of a row come on top.
    longest = 6 * limits.row_text + 64 * limits.columns
    while True:
        piece, seconds = _piece(child.stdout, limits.waiting - waited)
        waited += seconds
        if not piece:
            raise _ended(child)
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > longest:
            raise UnreadableWorkbook.said()


def _piece(pipe: IO[bytes] | None, seconds: float) -> tuple[bytes, float]:
    began = time.monotonic()
    if pipe is None or seconds <= 0 or not _ready(pipe, seconds):
        raise WorkbookTimeout.said()
    return os.read(pipe.fileno(), _PIECE), time.monotonic() - began


def _ready(pipe: IO[bytes], seconds: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _ended(child: "subprocess.Popen[bytes]") -> Exception:
    """Why the child ended without its last line."""
    status = child.wait()
    if status in _OUT_OF_TIME:
        return WorkbookTimeout.said()
    return WorkbookMemory.said() if status in _OUT_OF_MEMORY else UnreadableWorkbook.said()


def _said(line: bytes) -> Any:
    """What a line says. Raises the refusal that it holds."""
    said = _DECODER.decode(line.decode())
    if isinstance(said, dict) and "refused" in said:
        raise refusal(said["refused"], said["said"])
    return said


def _rows(lines: Iterator[bytes]) -> Iterator[SheetRow]:
    for line in lines:
        said = _said(line)
        if isinstance(said, dict):
            return
        yield SheetRow(said[0], said[1])


_TAGGED: Final[Mapping[str, Callable[[Any], Cell]]] = {
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "percent": Percent,
    "error": Fault,
    "time": Duration,
}


def _untagged(tagged: dict[str, Any]) -> Any:
    kind, value = next(iter(tagged.items()), ("", None))
    return _TAGGED[kind](value) if kind in _TAGGED else tagged


# Made once: an import asks it of every row.
_DECODER: Final = json.JSONDecoder(object_hook=_untagged)
