"""Good and odd workbooks of different writers: whatever the habit, the same three institutions are read."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from app.institutions.workbook.rows import Reading, ReadRow, read_workbook
from tests.institutions.workbook.books import (
    DATE_STYLE,
    MAIN,
    OFFICE,
    PERCENT_STYLE,
    WRITERS,
    Cells,
    Table,
    as_csv,
    by_openpyxl,
    cell,
    parts,
    saved,
    serial,
    sheet,
    xml_rows,
    zipped,
)

TODAY = date(2026, 11, 20)
USCC = "52140105MJ0000000W"
DAY = date(2026, 11, 3)

HEADINGS: Sequence[Cells] = (
    "机构名称", "统一社会信用代码", "所在县（市、区）", "联系电话", "机构类别", "备案日期", "床位总数（张）",
    "入住率（%）", "消防合格", "年营业收入（万元）",
)  # fmt: skip
FIRST: Sequence[Cells] = (
    "虚构康宁养老院", USCC, "太原市迎泽区", "0351-1234567", "养老院、日间照料中心", DAY, 120, 85, "是", 1200,
)  # fmt: skip
SECOND: Sequence[Cells] = ("虚构福寿敬老院", None, "高平市", "13800000000", "敬老院", None, 60, None, "否", None)
THIRD: Sequence[Cells] = ("虚构晋水老年公寓", None, "晋源区", None, None, DAY, 0, 40.5, None, 0.5)

Known = tuple[str | None, str | None, str | None, str | None, Mapping[str, object]]
EXPECTED: list[Known] = [
    (
        "虚构康宁养老院", USCC, "140106", "0351-1234567",
        {
            "kinds": frozenset({"elderly_home", "day_care"}), "filed_on": DAY, "beds_total": 120,
            "occupancy_percent": Decimal(85), "fire_safety_passed": True, "annual_revenue_yuan": Decimal(12_000_000),
        },
    ),
    ("虚构福寿敬老院", None, "140581", "13800000000",
     {"kinds": frozenset({"rural_home"}), "beds_total": 60, "fire_safety_passed": False}),
    ("虚构晋水老年公寓", None, "140110", None,
     {"filed_on": DAY, "beds_total": 0, "occupancy_percent": Decimal("40.5"), "annual_revenue_yuan": Decimal(5_000)}),
]  # fmt: skip


def known(row: ReadRow) -> Known:
    facts = {key.partition(".")[2]: value for key, value in row.facts.items() if not key.endswith("region_code")}
    return row.name, row.uscc, row.region, row.contact.get("telephone"), facts


def read(path: Path, content: bytes) -> tuple[Reading, list[ReadRow]]:
    path.write_bytes(content)
    with read_workbook(path, TODAY) as reading:
        rows = list(reading)
    return reading, rows


def assert_as_expected(path: Path, content: bytes) -> list[ReadRow]:
    _, rows = read(path, content)
    assert [problem for row in rows for problem in row.problems] == []
    assert [known(row) for row in rows] == EXPECTED
    return rows


def table(
    headings: Sequence[Cells] = HEADINGS,
    first: Mapping[int, Cells] | None = None,
    second: Mapping[int, Cells] | None = None,
    third: Mapping[int, Cells] | None = None,
) -> list[list[Cells]]:
    """The three rows with some cells written otherwise, by number of the column from 0."""
    rows = [list(FIRST), list(SECOND), list(THIRD)]
    for row, changes in zip(rows, (first, second, third), strict=True):
        for at, value in (changes or {}).items():
            row[at] = value
    return [list(headings), *rows]


def renamed(**names: str) -> list[Cells]:
    return [names.get(f"c{at}", heading) for at, heading in enumerate(HEADINGS)]


HABITS: Mapping[str, Table] = {
    "as the template says": table(),
    "titles above": [["虚构市养老机构基本情况统计表"], ["填报单位：虚构市民政局"], [], *table()],
    "an instruction above": [["填写说明：请如实填写机构名称等各项，不清楚请留空"], *table()],
    "other words": table(renamed(c0="养老机构名称", c1="信用代码", c2="所属县区", c3="手机号码",
                                 c4="机构类型", c5="备案时间", c6="总床位数", c7="床位入住率", c8="是否消防合格",
                                 c9="年收入(万元)")),
    "marks in headings": table(renamed(c0="＊机构名称", c1="统一社会\n信用代码*", c2=" 所在县(市、区)【必填】",
                                       c3="3、联系电话：", c4="机构类别（可多选）", c5="备案日期（年月日）",
                                       c6="床位 总数", c8="消防合格（是/否）")),
    "full width": table(
        first={0: " 虚构康宁养老院\u00a0", 1: "５２１４０１０５ＭＪ０００００００Ｗ", 3: "０３５１－１２３４５６７",
               6: "１２０", 9: "１，２００"},
        second={3: "１３８ ０００００ ０００".replace(" ", "")},
        third={6: "０", 9: "０．５"},
    ),
    "stray blanks": table(
        first={0: "\u3000虚构康宁养老院 \u200b", 1: " 52140105 mj000000 0w ", 2: " 太原市 迎泽区 ",
               6: " 120 ", 8: " 是\n"},
        second={2: "\t高平市", 8: "否 "},
    ),
    "days with dots": table(first={5: "2026.11.3"}, third={5: "2026.11.03"}),
    "days in words": table(first={5: "2026年11月3日"}, third={5: "二〇二六年十一月三日"}),
    "days with slashes": table(first={5: "2026/11/3"}, third={5: "2026-11-3 00:00:00"}),
    "compact days": table(first={5: "20261103"}, third={5: 20261103}),
    "ticks": table(first={8: "√"}, second={8: "×"}, third={8: "—"}),
    "letters": table(first={8: "Y"}, second={8: "n"}, third={8: "/"}),
    "has and has not": table(first={8: "有"}, second={8: "无"}, third={8: "不详"}),
    "booleans": table(first={8: True}, second={8: False}),
    "ticked boxes": table(first={8: "☑是 □否"}, second={8: "□是 ☑否"}),
    "units behind numbers": table(
        renamed(c6="床位总数", c7="入住率", c9="年营业收入"),
        first={6: "120张", 7: "85%", 9: "1,200万元"}, second={6: "60床"}, third={6: "0张", 7: "40.5%", 9: "5000元"},
    ),
    "yuan": table(renamed(c9="年营业收入（元）"), first={9: 12_000_000}, third={9: "5,000.00"}),
    "the unit of the cell wins": table(renamed(c9="年营业收入（元）"), first={9: "1200万"}, third={9: "0.5 万元"}),
    "hundreds of millions": table(renamed(c9="年营业收入（亿元）"), first={9: 0.12}, third={9: 0.00005}),
    "numbers as text": table(first={6: "120", 7: "85.0", 9: "1200.00"}, second={6: "60"}, third={6: "0", 9: ".5"}),
    "text as numbers": table(second={3: 13800000000}),
    "codes": table(
        first={2: 140106, 4: "elderly_home,day_care"}, second={2: "140581", 4: "rural_home"}, third={2: "140110"}
    ),
    "short names of places": table(first={2: "迎泽"}, second={2: "晋城市高平市"}, third={2: "山西省太原市晋源区"}),
    "separators": table(first={4: "养老院，日间照料"}),
    "more separators": table(first={4: "日间照料中心 / 养老院;"}),
    "unknown is nothing": table(second={1: "无", 5: "不详", 7: "—", 9: "/"}, third={3: "无", 4: "暂无", 8: "待定"}),
    "blank rows": [*table()[:2], [], [None, None], *table()[2:], [], ["", " ", "\u3000"], []],
    "sum and signature": [
        *table(), ["合计", None, None, None, None, None, 180], [], ["填表人：虚构某   审核人：虚构某"],
    ],
    "an example left in": [
        table()[0], ["虚构示例（示例行，导入时跳过）", "000", "虚构", "x", "x", "x", "x"], *table()[1:],
    ],
    "columns nobody reads": [
        ["序号", *table()[0], "备注", "要改什么"],
        *([number, *row, "已核", "B 列：上次的意见"] for number, row in enumerate(table()[1:], start=1)),
    ],
    "city beside county": [
        ["市", *table()[0]],
        *([city, *row] for city, row in zip(("太原市", "晋城", ""), table()[1:], strict=True)),
    ],
    "columns in another order": [list(reversed(row)) for row in table()],
    "a table that begins further right": [[], *([None, None, *row] for row in table())],
}  # fmt: skip


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("habit", [*list(HABITS)[:2], "full width", "booleans", "blank rows"])
def test_every_writer_is_read(tmp_path: Path, writer: str, habit: str) -> None:
    assert_as_expected(tmp_path / "upload", WRITERS[writer](HABITS[habit]))


@pytest.mark.parametrize("habit", HABITS)
@pytest.mark.parametrize("writer", ["by_openpyxl", "by_calc"])
def test_every_habit_is_understood(tmp_path: Path, habit: str, writer: str) -> None:
    assert_as_expected(tmp_path / "upload", WRITERS[writer](HABITS[habit]))


@pytest.mark.parametrize("habit", HABITS)
def test_every_habit_is_understood_in_csv(tmp_path: Path, habit: str) -> None:
    assert_as_expected(tmp_path / "upload", as_csv(HABITS[habit], "gb18030"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_of_any_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    end = "\n" if separator == ";" else "\r\n"
    assert_as_expected(tmp_path / "upload", as_csv(table(), encoding, separator, end))


def test_csv_that_excel_was_told_to_keep_as_text(tmp_path: Path) -> None:
    kept = table(first={1: f'="{USCC}"', 3: '="0351-1234567"'}, second={3: "'13800000000"})

    assert_as_expected(tmp_path / "upload", as_csv(kept))


def page(rows: str | None = None, **more: str) -> tuple[str, str, str]:
    return "Sheet1", "visible", sheet(xml_rows(table()) if rows is None else rows, **more)


def _serial_days() -> bytes:
    return zipped(parts([page(xml_rows(table(first={5: serial(DAY)}, third={5: str(serial(DAY))})))]))


def _serial_days_1904() -> bytes:
    rows = xml_rows(table(first={5: serial(DAY, from_1904=True)}), from_1904=True)
    return zipped(parts([page(rows)], book='<workbookPr date1904="true"/>'))


def _percent_format() -> bytes:
    rows = xml_rows(table(first={7: 0.85}, third={7: 0.405}))
    return zipped(parts([page(rows.replace('r="H2"', f'r="H2" s="{PERCENT_STYLE}"').replace(
        'r="H4"', f'r="H4" s="{PERCENT_STYLE}"'))]))  # fmt: skip


def _iso_days() -> bytes:
    rows = xml_rows(table()).replace(
        f's="{DATE_STYLE}"><v>{serial(DAY)}</v>', f's="{DATE_STYLE}" t="d"><v>2026-11-03</v>'
    )
    return zipped(parts([page(rows)]))


def _formulas_with_results() -> bytes:
    rows = xml_rows(table()).replace("<v>120</v>", "<f>SUM(G3,G3)</f><v>120</v>")
    return zipped(parts([page(rows)]))


def _hidden_copy_first() -> bytes:
    old = sheet(xml_rows([HEADINGS, ["虚构旧机构", *SECOND[1:]]]))
    return zipped(parts([("旧", "hidden", old), ("很旧", "veryHidden", old), page()]))


def _other_sheets_first() -> bytes:
    cover = sheet(xml_rows([["封面"], ["机构名称在下一张表"]]))
    return zipped(parts([("封面", "visible", cover), ("空", "visible", sheet("")), page()]))


def _formatted_to_the_last_row() -> bytes:
    far = "".join(f'<row r="{number}"><c r="A{number}" s="0"/><c r="XFD{number}" s="0"/></row>'
                  for number in (5, 70_000, 1_048_576))  # fmt: skip
    return zipped(parts([page(xml_rows(table()) + far)]))


def _coloured() -> bytes:
    book = openpyxl.load_workbook(BytesIO(by_openpyxl(table())))
    book_page = book.active
    assert book_page is not None
    for row in book_page.iter_rows(min_row=5, max_row=300, max_col=40):
        for one in row:
            one.fill = PatternFill("solid", fgColor="FFFF00")
    return saved(book)


def _strict() -> bytes:
    """Saved as Strict Open XML: other names for the same vocabulary."""
    strict = {
        name: part.replace(MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main").replace(
            OFFICE, "http://purl.oclc.org/ooxml/officeDocument/relationships"
        )
        for name, part in parts([page()]).items()
    }
    return zipped(strict)


def _prefixed() -> bytes:
    """Some programs write every name with a prefix."""
    found = parts([page()])
    found["xl/worksheets/sheet1.xml"] = (
        re.sub(r"<(/?)([a-zA-Z])", r"<\1x:\2", found["xl/worksheets/sheet1.xml"])
        .replace('xmlns="', 'xmlns:x="')
        .replace("<?x:xml", "<?xml")
    )
    return zipped(found)


def _absolute_targets() -> bytes:
    found = parts([page()])
    name = "xl/_rels/workbook.xml.rels"
    found[name] = found[name].replace('Target="', 'Target="/xl/')
    return zipped(found)


def _with_byte_order_mark() -> bytes:
    return zipped({name: b"\xef\xbb\xbf" + part.encode() for name, part in parts([page()]).items()})


def _with_comments() -> bytes:
    rows = xml_rows(table()).replace("</row>", "</row><!-- <c r='B9'>-->")
    return zipped(parts([page(rows)]))


def _with_links() -> bytes:
    found = parts([page()])
    found["xl/worksheets/_rels/sheet1.xml.rels"] = (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/hyperlink" Target="mailto:nobody@example.org" TargetMode="External"/></Relationships>'
    )
    return zipped(found)


def _without_styles() -> bytes:
    rows = xml_rows(table(first={5: "2026-11-03"}, third={5: "2026-11-03"}))
    return zipped(parts([page(rows)], styles=None))


def _with_picture() -> bytes:
    return zipped({**parts([page()]), "xl/media/image1.png": b"\x89PNG" + bytes(range(256)) * 400})


def _blank_texts() -> bytes:
    rows = xml_rows(table()).replace("</row>", f"{cell('Z9', ' ')}</row>", 1)
    return zipped(parts([page(rows)]))


def _shared_formula_with_text() -> bytes:
    rows = xml_rows(table()).replace(cell("I2", "是"), '<c r="I2" t="str"><f>IF(1,"是","")</f><v>是</v></c>')
    rows = rows.replace('r="4"><c', 'r="4"><c', 1).replace("</row>", '<c r="K2" t="str"><f>""</f><v></v></c></row>', 1)
    return zipped(parts([page(rows)]))


def _emoji_sheet_name() -> bytes:
    return zipped(parts([("机构🏠 &amp; 二", "visible", page()[2])]))


ODD: Sequence[Callable[[], bytes]] = (
    _serial_days, _serial_days_1904, _percent_format, _iso_days, _formulas_with_results, _hidden_copy_first,
    _other_sheets_first, _formatted_to_the_last_row, _coloured, _strict, _prefixed, _absolute_targets,
    _with_byte_order_mark, _with_comments, _with_links, _without_styles, _with_picture, _blank_texts,
    _shared_formula_with_text, _emoji_sheet_name,
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.__name__.strip("_"))
def test_odd_workbooks_are_read(tmp_path: Path, odd: Callable[[], bytes]) -> None:
    assert_as_expected(tmp_path / "upload", odd())


def test_a_place_merged_over_several_rows_holds_for_each(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    merged = book.active
    assert merged is not None
    for row in table(second={2: None}, third={2: None}):
        merged.append(list(row))
    merged.append(["虚构另一院", None, None])
    merged.merge_cells("C2:C4")

    _, rows = read(tmp_path / "upload", saved(book))

    assert [row.region for row in rows] == ["140106", "140106", "140106", None]
    assert [problem.code for problem in rows[3].problems] == ["missing"]


def test_the_row_and_the_column_of_a_problem_are_those_of_the_sheet(tmp_path: Path) -> None:
    content = by_openpyxl([["虚构统计表"], [], ["序号", *HEADINGS], [], [1, *table(first={6: "约120张"})[1]]])

    _, rows = read(tmp_path / "upload", content)

    [problem] = rows[0].problems
    assert (problem.row, problem.column_letter, problem.heading) == (5, "H", "床位总数（张）")
    assert (problem.written, problem.code) == ("约120张", "number_vague")
    assert "例如 120" in problem.detail


def test_formulas_without_a_result_are_said(tmp_path: Path) -> None:
    rows = xml_rows(table()).replace("<v>120</v>", "<f>SUM(A1)</f><v></v>")
    rows = rows.replace('<c r="G3"><v>60</v>', '<c r="G3" t="e"><f>1/0</f><v>#DIV/0!</v>')

    _, found = read(tmp_path / "upload", zipped(parts([page(rows)])))

    assert [problem.code for row in found for problem in row.problems] == ["formula_uncomputed", "formula_error"]
    assert "institution.beds_total" not in found[0].facts
    assert "#DIV/0!" in found[1].problems[0].detail


def test_what_was_passed_over_is_told(tmp_path: Path) -> None:
    other = sheet(xml_rows([HEADINGS, SECOND]))
    rows = xml_rows([[*HEADINGS, "床位总量", "口味"], *table()[1:], ["合计"]])

    reading, _ = read(tmp_path / "upload", zipped(parts([page(rows), ("第二张", "visible", other)])))

    assert reading.sheet == "Sheet1"
    assert reading.other_sheets == ("第二张",)
    assert reading.skipped == [5]
    assert [(one.column_letter, one.heading) for one in reading.unknown_headings] == [("K", "床位总量"), ("L", "口味")]
    assert reading.unknown_headings[0].suggestion == "床位总数（张）"


def test_the_corpus_is_as_large_as_promised() -> None:
    assert len(WRITERS) * 5 + len(HABITS) * 3 + len(ODD) >= 60
