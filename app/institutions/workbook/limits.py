"""How much of a workbook is read. Read by the parsing process too, so this file needs the standard library alone."""

import resource
from dataclasses import dataclass
from typing import Final

_MEGABYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one file; sizes in bytes, times in seconds, `row_text` and `cell_text` in characters.

    A county's register has some hundred rows and the province's some thousand: the bounds leave room for fifty
    thousand rows of sixty columns and stop whatever no clerk has typed. `waiting` counts only the time in which the
    reader waits for the parser, so that a slow database does not make a file look hostile.
    """

    file_size: int = 32 * _MEGABYTE
    entries: int = 2_000
    unpacked: int = 400 * _MEGABYTE
    # Deflate reaches 1,032; a register full of repeated words stays below 60.
    ratio: int = 200
    ratio_from: int = 4 * _MEGABYTE
    sheets: int = 60
    rows: int = 100_000
    # Also the width of the old format, so the far columns of a sheet have names of two letters up to IV.
    columns: int = 256
    cells: int = 10_000_000
    cell_text: int = 32_767
    row_text: int = 200_000
    memory: int = 1024 * _MEGABYTE
    processor: int = 60
    waiting: float = 90.0


def confine(limits: Limits) -> None:
    """Bind this process to its memory and processor time, with no new files and no core dump."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.processor),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
