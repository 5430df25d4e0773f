"""The clerk's own sheet comes back with everything in it, marked where something must change, and harmless."""

import zipfile
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.institutions.workbook.marked import marked_copy
from app.institutions.workbook.refusals import WorkbookRefused
from app.institutions.workbook.rows import CellProblem, read_workbook
from tests.institutions.workbook.books import Table, as_csv, by_openpyxl

TODAY = date(2026, 11, 20)
SHEET: Table = [
    ["虚构统计表"],
    [],
    ["序号", "机构名称", "所在县（市、区）", "床位总数（张）", "备案日期"],
    [1, "虚构甲院", "迎泽区", 120, date(2026, 11, 3)],
    [2, "=1+1", "城区", "约100", "2026.11"],
    [3, "@SUM(A1)", "+86", "-", '=HYPERLINK("http://127.0.0.1","x")'],
]


def problems_of(path: Path) -> dict[int, tuple[CellProblem, ...]]:
    with read_workbook(path, TODAY) as reading:
        return {row.number: row.problems for row in reading}


def marked(path: Path) -> Worksheet:
    target = BytesIO()
    marked_copy(path, problems_of(path), target)
    page = openpyxl.load_workbook(target).active
    assert isinstance(page, Worksheet)
    return page


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(as_csv(SHEET))
    return path


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(by_openpyxl([SHEET[0], SHEET[1], SHEET[2], SHEET[3]]))

    rows = [list(row)[:5] for row in marked(path).iter_rows(values_only=True)]

    assert rows[0][0] == "虚构统计表"
    assert rows[2] == SHEET[2]
    assert rows[3] == [1, "虚构甲院", "迎泽区", 120, datetime(2026, 11, 3)]  # noqa: DTZ001


def test_bad_cells_are_marked_and_explained(upload: Path) -> None:
    page = marked(upload)

    assert page["F3"].value == "要改什么"
    assert page["F4"].value is None
    advice = str(page["F5"].value)
    assert [line[:4] for line in advice.split("\n")] == ["C 列：", "D 列：", "E 列："]
    filled = {cell.coordinate for row in page["A4:E6"] for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"}
    assert filled == {"C5", "D5", "E5", "C6", "E6"}


def test_nothing_becomes_a_formula_or_a_link(upload: Path) -> None:
    target = BytesIO()
    marked_copy(upload, problems_of(upload), target)

    with zipfile.ZipFile(target) as archive:
        content = archive.read("xl/worksheets/sheet1.xml")
        assert not any("_rels/sheet" in name for name in archive.namelist())
    assert b"<f>" not in content
    assert b"hyperlink" not in content.replace(b"HYPERLINK", b"")
    assert b">=1+1<" in content


def test_a_copy_that_was_corrected_can_be_uploaded_and_marked_again(upload: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    marked_copy(upload, problems_of(upload), again)

    assert problems_of(again).keys() == problems_of(upload).keys()
    page = marked(again)
    assert [cell.value for cell in page[3]] == [*SHEET[2], "要改什么"]


def test_a_problem_of_the_whole_row_stands_in_the_last_column(upload: Path) -> None:
    target = BytesIO()
    marked_copy(upload, {4: [CellProblem(4, None, None, "", "与第 5 行重复", "duplicate")]}, target)

    page = openpyxl.load_workbook(target).active
    assert isinstance(page, Worksheet)
    assert page["F4"].value == "与第 5 行重复"


def test_what_cannot_be_read_is_not_marked(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"PK\x03\x04")

    with pytest.raises(WorkbookRefused):
        marked_copy(path, {}, BytesIO())
