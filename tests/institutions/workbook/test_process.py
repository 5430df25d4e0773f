"""The parsing process is small, bounded, and gone when nobody reads any more."""

import os
import subprocess
import sys
from datetime import date
from itertools import islice
from pathlib import Path

import pytest

from app.institutions.workbook import limits as limits_module
from app.institutions.workbook.archive import Archive
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.process import parsed
from app.institutions.workbook.refusals import BY_CODE, WorkbookMemory, WorkbookRefused, WorkbookTimeout
from app.institutions.workbook.rows import read_workbook
from tests.institutions.workbook.books import as_csv, by_xlsxwriter_constant, parts, sheet, xml_rows, zipped

TODAY = date(2026, 11, 20)
KNOWN = {"机构名称": "name", "县": "region"}
ROOT = Path(limits_module.__file__).parents[3]


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


def many(path: Path, count: int) -> Path:
    path.write_bytes(by_xlsxwriter_constant([["机构名称", "县"], *([f"虚构{at}院", "迎泽区"] for at in range(count))]))
    return path


def test_it_loads_the_parser_and_no_more_of_the_server() -> None:
    loaded = subprocess.run(
        [
            sys.executable, "-I", "-c",
            "import sys; sys.path.insert(0, sys.argv[1]); import app.institutions.workbook.child; print(*sys.modules)",
            str(ROOT),
        ],
        capture_output=True, check=True, text=True,
    ).stdout.split()  # fmt: skip

    assert "python_calamine" in loaded
    assert not {"sqlalchemy", "fastapi", "pydantic", "openpyxl", "rapidfuzz", "app.errors", "app.rules"} & set(loaded)


def test_it_ends_when_the_reader_leaves(tmp_path: Path) -> None:
    before = children()
    with parsed(many(tmp_path / "upload", 20_000), KNOWN) as found:
        first = list(islice(found.rows, 3))
        assert len(children() - before) == 1

    assert [row.number for row in first] == [1, 2, 3]
    assert children() == before


def test_it_is_stopped_when_it_takes_too_long(tmp_path: Path) -> None:
    path = many(tmp_path / "upload", 10)
    before = children()

    with pytest.raises(WorkbookTimeout, match="规定时间"), parsed(path, KNOWN, limits=Limits(waiting=0.001)):
        pass

    assert children() == before


def test_its_processor_time_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    # 25 million fields: several seconds for whoever splits them twice.
    path.write_bytes("机构名称,县\n".encode() + (b"," * 250 + b"\n") * 99_000)

    with pytest.raises(WorkbookTimeout):
        read_all(path, Limits(processor=1))


def test_its_memory_is_bounded(tmp_path: Path) -> None:
    # The names are dressed so that only the parser sees how far out they are.
    far = sheet(xml_rows([["机构名称", "县"]]) + "<row><c\nr='XFD1048576'><v>1</v></c></row>")
    path = tmp_path / "upload"
    path.write_bytes(zipped(parts([("Sheet1", "visible", far)])))

    with pytest.raises(WorkbookMemory, match="内存"):
        read_all(path, Limits())


def read_all(path: Path, bounds: Limits) -> None:
    with parsed(path, KNOWN, limits=bounds) as found:
        for _ in found.rows:
            pass


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (Limits(rows=10), "workbook_too_many_rows"),
        (Limits(columns=1), "workbook_too_many_columns"),
        (Limits(cells=20), "workbook_too_large"),
        (Limits(file_size=100), "workbook_too_large"),
        (Limits(unpacked=1_000), "workbook_too_large"),
        (Limits(entries=3), "workbook_too_large"),
        (Limits(sheets=0), "workbook_too_large"),
        (Limits(cell_text=3, row_text=3), "cell_too_long"),
        (Limits(ratio=1, ratio_from=100), "workbook_unsafe"),
    ],
)
def test_every_limit_is_kept(tmp_path: Path, bounds: Limits, code: str) -> None:
    path = many(tmp_path / "upload", 12)

    with pytest.raises(WorkbookRefused) as caught, read_workbook(path, TODAY, bounds) as reading:
        list(reading)

    assert caught.value.code == code


def test_the_limits_themselves_are_within_the_limits(tmp_path: Path) -> None:
    path = many(tmp_path / "upload", 12)

    with read_workbook(path, TODAY, Limits(rows=13, columns=2, cells=26)) as reading:
        assert len(list(reading)) == 12


def test_a_slow_reader_is_no_hostile_file(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(as_csv([["机构名称", "县"], *([f"虚构{at}院", "迎泽区"] for at in range(30_000))]))

    with parsed(path, KNOWN, limits=Limits(waiting=20)) as found:
        assert sum(1 for _ in found.rows) == 30_001


def test_every_refusal_is_chinese_and_says_what_to_do() -> None:
    for code, refusal in BY_CODE.items():
        said = refusal.said(what="x", limit=1, where="x", row=1, kind="xls", sheet="x")
        assert (said.code, said.status) == (code, 422)
        assert any(word in said.detail for word in ("请", "要有"))
        assert "{" not in said.detail
    assert Archive({}, False).marks == {}


def test_a_path_relative_to_where_the_service_runs_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "虚构.csv").write_text("机构名称,床位总数\n虚构康宁养老院,60\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with read_workbook(Path("虚构.csv"), date(2026, 11, 21)) as reading:
        assert [row.name for row in reading] == ["虚构康宁养老院"]
