"""The table as a file: the same figures, no formula, and the export on record."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from app.reporting.files import FileFormat, written
from app.reporting.measures import COLUMNS, By
from app.reporting.schemas import StatisticsOut, StatisticsRowOut
from app.store.tables import AuditEvent
from tests.reporting.scene import Scene

ASKED = {"by": "county"}


def downloaded(scene: Scene, person: Any, file_format: str, **params: Any) -> bytes:
    answer = scene.ask(person, "/exports/statistics", **ASKED | params, format=file_format)
    assert answer.status_code == 200, answer.text
    assert f'.{file_format}"' in answer.headers["content-disposition"]
    content: bytes = answer.content
    return content


def expected(table: dict[str, Any]) -> list[list[str]]:
    rows = [*table["rows"], table["total"]]
    return [
        [row["key"], row["label"], *("隐去" if name in row["withheld"] else text(row[name]) for name in COLUMNS)]
        for row in rows
    ]


def text(value: Any) -> str:
    return "" if value is None else str(value)


def number(cell: str) -> str | Decimal:
    try:
        return Decimal(cell).normalize()
    except ArithmeticError:
        return cell


@pytest.mark.parametrize("who", ["pboc", "finance"])
def test_the_csv_holds_the_table(scene: Scene, who: str) -> None:
    person = scene.finance if who == "finance" else scene.town.people.pboc
    days = {"to": "2026-10-31"}
    content = downloaded(scene, person, "csv", **days)
    table = scene.table(person, **ASKED, **days)

    assert content.startswith("\ufeff".encode())
    heading, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert heading == list(table["columns"].values())
    assert [[number(cell) for cell in line] for line in lines] == [
        [number(cell) for cell in line] for line in expected(table)
    ]


@pytest.mark.parametrize("who", ["pboc", "finance"])
def test_the_workbook_holds_the_table_and_no_formula(scene: Scene, who: str) -> None:
    person = scene.finance if who == "finance" else scene.town.people.pboc
    days = {"to": "2026-10-31"}
    book = openpyxl.load_workbook(io.BytesIO(downloaded(scene, person, "xlsx", **days)))
    table = scene.table(person, **ASKED, **days)
    cells = list(book["统计"].iter_rows())

    assert {cell.data_type for row in cells for cell in row} <= {"s", "n"}
    assert [[number(text(cell.value)) for cell in row] for row in cells[1:]] == [
        [number(cell) for cell in line] for line in expected(table)
    ]
    assert [str(row[0].value) for row in book["说明"].iter_rows()][2:] == table["notes"]


def test_an_export_is_put_on_record(scene: Scene) -> None:
    downloaded(scene, scene.auditor, "csv", region="140300")
    with scene.town.house.owner.reading() as session:
        columns = AuditEvent.action, AuditEvent.object_type, AuditEvent.detail
        events = session.execute(select(*columns).where(AuditEvent.account_id == scene.auditor.account_id)).all()
    action, about, detail = events[-1]

    assert (action, about) == ("export_statistics", "statistics")
    assert detail is not None
    assert detail["format"] == "csv"
    assert detail["question"]["region"] == "140300"


def test_a_name_that_looks_like_a_formula_is_text() -> None:
    figures = dict.fromkeys(COLUMNS, None)
    row = StatisticsRowOut.model_validate({"key": "x", "label": "=1+1", "withheld": [], **figures})
    table = StatisticsOut(
        by=By.BANK,
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
        region_code=None,
        region_name=None,
        kinds=[],
        bank=None,
        columns={"key": "代码", "label": "银行", **COLUMNS},
        rows=[row],
        total=row,
        is_sum=True,
        fewer_than=None,
        notes=[],
    )

    assert b"'=1+1" in written(FileFormat.CSV, table)
    cell = openpyxl.load_workbook(io.BytesIO(written(FileFormat.XLSX, table)))["统计"]["B2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
