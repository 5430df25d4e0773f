"""The template is a workbook that people can fill in and that comes back as it was meant."""

import re
import zipfile
from datetime import date
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from app.institutions.checks import need_errors
from app.institutions.facts import Statement
from app.institutions.register import NewInstitution, errors_of
from app.institutions.workbook.columns import REGION, columns
from app.institutions.workbook.examples import example
from app.institutions.workbook.rows import read_workbook
from app.institutions.workbook.template import CHOICES, EXPLANATIONS, SHEET, template
from app.rules.facts import FactType
from tests.institutions.workbook.books import letter, saved

TODAY = date(2026, 11, 20)
OFFERED = [column for column in columns() if column.offered]


@pytest.fixture(scope="module")
def book() -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(template()))


def page_of(book: openpyxl.Workbook) -> Worksheet:
    page = book[SHEET]
    assert isinstance(page, Worksheet)
    return page


def test_every_list_of_choices_is_offered_and_read_back(book: openpyxl.Workbook) -> None:
    lists = {
        str(rule.sqref).split(":")[0]: rule.formula1
        for rule in page_of(book).data_validations.dataValidation
        if rule.type == "list"
    }
    headings = {cell.coordinate.replace("2", "3"): OFFERED[at] for at, cell in enumerate(page_of(book)[2])}
    listed = {headings[place].key for place in lists}

    assert listed == {
        column.key
        for column in OFFERED
        if column.fact is not None and (column.fact.codes or column.fact.type in (FactType.BOOL, FactType.REGION))
    }
    for place, source in lists.items():
        choices = [row[0].value for row in book[CHOICES][source.partition("!")[2].replace("$", "")]]
        fact = headings[place].fact
        assert fact is not None
        if fact.codes:
            assert choices == list(fact.codes.values())


def test_the_example_is_fictional_skipped_and_could_be_registered(tmp_path: Path, book: openpyxl.Workbook) -> None:
    assert str(example(OFFERED[0])).startswith("虚构")
    filled = openpyxl.load_workbook(BytesIO(template()))
    page = page_of(filled)
    for at, cell in enumerate(page[3], start=1):
        page.cell(4, at, cell.value)
    page.cell(4, 1, "虚构真名养老院")
    path = tmp_path / "upload"
    path.write_bytes(saved(filled))

    with read_workbook(path, TODAY) as reading:
        [row] = list(reading)

    assert (reading.heading_row, reading.skipped, row.number) == (2, [3], 4)
    assert row.problems == ()
    assert row.name is not None
    facts = {key: Statement(value) for key, value in row.facts.items()}
    assert errors_of(NewInstitution(row.name, facts, row.uscc), row.zone, TODAY) == []
    assert need_errors(row.need, TODAY) == []
    assert len(row.need) == 5


def test_it_looks_as_clerks_expect(book: openpyxl.Workbook) -> None:
    page = page_of(book)

    assert book.sheetnames == [SHEET, EXPLANATIONS, CHOICES]
    assert book[CHOICES].sheet_state == "hidden"
    assert page.freeze_panes == "B3"
    assert str(page["A1"].value).startswith("填写说明")
    headings = {str(cell.value): letter(at) for at, cell in enumerate(page[2], start=1)}
    for heading in ("统一社会信用代码", "临时编号", "联系电话"):
        assert page[f"{headings[heading]}3"].number_format == "@"
        assert page.column_dimensions[headings[heading]].number_format == "@"
    assert {"机构名称*", "所在县（市、区）*", "年营业收入（万元）"} <= headings.keys()


def test_each_column_is_explained_with_its_codes(book: openpyxl.Workbook) -> None:
    rows = {str(row[0]): row for row in book[EXPLANATIONS].iter_rows(min_row=2, values_only=True)}

    assert list(rows) == [column.heading for column in OFFERED]
    assert all(row[2] for row in rows.values())
    assert "养老院（elderly_home）" in str(rows["机构类别"][3])


def test_it_holds_no_formula_and_is_the_same_each_time() -> None:
    content = template()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]

    assert all(re.search(rb"<f[ >]", part) is None for part in sheets)
    assert template() == content


def test_an_office_is_offered_its_own_places() -> None:
    book = openpyxl.load_workbook(BytesIO(template(lambda code: code.startswith("1403"))))
    places = next(
        [cell.value for cell in column]
        for column in book[CHOICES].iter_cols()
        if column[0].value and str(column[0].value).startswith("阳泉市")
    )
    found = [place for place in places if place]

    assert found[-1] == "阳泉市开发区"
    assert all(str(place).startswith("阳泉市") for place in found)
    assert REGION in {column.key for column in OFFERED}
