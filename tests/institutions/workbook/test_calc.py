"""Workbooks that LibreOffice Calc itself has written, with the habits of clerks; how they were made: calc/README.md."""

import re
import zipfile
from pathlib import Path
from typing import Final

import pytest

from app.institutions.workbook.rows import read_workbook
from tests.institutions.workbook.books import by_openpyxl
from tests.institutions.workbook.test_corpus import EXPECTED, TODAY, assert_as_expected, known, read, table

WRITTEN: Final = sorted((Path(__file__).parent / "calc").glob("*.xlsx"))


def test_both_are_here() -> None:
    assert [path.stem for path in WRITTEN] == ["ledger", "register"]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_what_calc_writes_is_read(path: Path) -> None:
    with read_workbook(path, TODAY) as reading:
        rows = list(reading)

    assert [problem for row in rows for problem in row.problems] == []
    assert [known(row) for row in rows] == EXPECTED
    assert reading.unknown_headings == ()


def test_the_sum_and_the_hidden_sheet_of_the_ledger_are_passed_over() -> None:
    ledger = WRITTEN[0]
    with read_workbook(ledger, TODAY) as reading:
        numbers = [row.number for row in reading]

    assert (reading.sheet, reading.heading_row, reading.other_sheets) == ("台账", 3, ())
    assert (numbers, reading.skipped) == ([4, 7, 8], [9])


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_they_name_calc_and_nobody_else(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        about = {name: archive.read(f"docProps/{name}.xml").decode() for name in ("app", "core")}
        everything = b"".join(map(archive.read, archive.namelist()))

    assert "<Application>LibreOffice/7" in about["app"]
    assert re.findall("<(?:dc:creator|cp:lastModifiedBy)>([^<]+)<", about["core"]) == []
    assert re.search(rb"file:|[^.]/(?:home|root|tmp|Users)/", everything) is None


def test_a_sum_under_the_serial_number_is_no_institution(tmp_path: Path) -> None:
    headings, *rows = [["序号", *row] for row in table()]

    assert_as_expected(tmp_path / "upload", by_openpyxl([headings, *rows, ["合计", *[None] * 6, 180]]))


def test_a_remark_in_front_of_a_name_hides_no_institution(tmp_path: Path) -> None:
    content = by_openpyxl([["备注", "机构名称", "所在县（市、区）"], ["审核通过", "虚构康宁养老院", "140106"]])

    _, rows = read(tmp_path / "upload", content)

    assert [row.name for row in rows] == ["虚构康宁养老院"]
