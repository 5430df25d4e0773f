"""No file ends or swells the server: each ends in a refusal that a clerk understands, or in a clean reading."""

import re
import warnings
from datetime import date
from pathlib import Path

import pytest

from app.institutions.workbook.refusals import WorkbookRefused
from app.institutions.workbook.rows import read_workbook
from tests.institutions.workbook.hostile import READ, Hostile, every

TODAY = date(2026, 11, 20)
MOST_GROWTH = 50 << 20
FILES = every()


def peak() -> int:
    """The most memory that this process has held since the mark was last reset, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10


def reset_peak() -> int:
    """Reset the mark to what is held now, and say how much that is."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def outcome(path: Path) -> tuple[str, str]:
    try:
        with read_workbook(path, TODAY) as reading:
            for row in reading:
                assert row.number > reading.heading_row
    except WorkbookRefused as refused:
        return refused.code, refused.detail
    return READ, ""


@pytest.mark.parametrize("hostile", FILES, ids=lambda hostile: hostile.name)
def test_a_hostile_file_is_refused_in_words(tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / "upload"
    with warnings.catch_warnings():
        # The standard library warns about the double names that some of these files are made of.
        warnings.simplefilter("ignore", UserWarning)
        path.write_bytes(hostile.make())
    before = reset_peak()

    code, detail = outcome(path)

    assert peak() - before < MOST_GROWTH
    assert code in hostile.codes, detail
    assert code == READ or re.search(r"[\u4e00-\u9fff]{4}", detail)
    assert "{" not in detail


def test_there_are_as_many_as_promised() -> None:
    assert len(FILES) >= 200
    assert len({hostile.name for hostile in FILES}) == len(FILES)
