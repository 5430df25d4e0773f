"""What a clerk writes in a cell, and what it means or why it cannot be taken."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.institutions.facts import read_changes
from app.institutions.workbook.cells import read_fact
from app.institutions.workbook.identity import (
    Place,
    read_code,
    read_line,
    read_name,
    read_place,
    read_site,
    read_telephone,
)
from app.institutions.workbook.process import Cell, Duration, Fault, Percent
from app.institutions.workbook.written import UNKNOWN, Wrong, number_text, shown
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.rules.values import Value

TODAY = date(2026, 11, 20)
BEDS = "institution.beds_total"
MONEY = "institution.annual_revenue_yuan"
SHARE = "institution.occupancy_percent"
FLAG = "institution.fire_safety_passed"
DAY = "institution.filed_on"
KINDS = "institution.kinds"
GRADE = "institution.grade"
MONTHS = "need.term_months"


@pytest.mark.parametrize(
    ("key", "unit", "cell", "value"),
    [
        (BEDS, None, 120.0, 120),
        (BEDS, None, "1,200", 1_200),
        (BEDS, None, "1，200 张", 1_200),
        (BEDS, None, "0", 0),
        (GRADE, None, "三级", 3),
        (GRADE, None, "３星", 3),
        (GRADE, None, "五", 5),
        (MONEY, "万元", 0.1 + 0.2, Decimal("3000.00")),
        (MONEY, "万元", "12.345678", Decimal("123456.78")),
        (MONEY, "千元", 5, Decimal(5_000)),
        (MONEY, "元", "￥1,000.50", Decimal("1000.50")),
        (MONEY, None, "3亿元", Decimal(300_000_000)),
        (MONEY, None, 0, Decimal(0)),
        ("institution.operating_cash_flow_yuan", "万元", "(12)", Decimal(-120_000)),
        ("institution.operating_cash_flow_yuan", "万元", "-12", Decimal(-120_000)),
        ("institution.operating_cash_flow_yuan", "万元", "负12", Decimal(-120_000)),
        (SHARE, "%", 85, Decimal(85)),
        (SHARE, None, "８５％", Decimal(85)),
        (SHARE, None, "0.5%", Decimal("0.5")),
        (SHARE, "%", Percent(0.855), Decimal("85.5")),
        (SHARE, None, 1, Decimal(1)),
        (SHARE, None, 0, Decimal(0)),
        (MONTHS, "个月", 36, 36),
        (MONTHS, None, "3年", 36),
        (MONTHS, "年", 3, 36),
        (DAY, None, date(2026, 11, 3), date(2026, 11, 3)),
        (DAY, None, datetime(2026, 11, 3, 8, 30), date(2026, 11, 3)),  # noqa: DTZ001
        (DAY, None, 46329.0, date(2026, 11, 3)),
        (DAY, None, 46329.75, date(2026, 11, 3)),
        (DAY, None, "46329", date(2026, 11, 3)),
        (DAY, None, "2026 年 11 月 3 日", date(2026, 11, 3)),
        (DAY, None, "2026。11。3", date(2026, 11, 3)),
        (DAY, None, "二〇二四年二月二十九日", date(2024, 2, 29)),
        (FLAG, None, "√", True),
        (FLAG, None, "未通过", False),
        (FLAG, None, "无", False),
        (FLAG, None, 0.0, False),
        ("institution.for_profit", None, "非营利性", False),
        ("institution.for_profit", None, "营利", True),
        ("institution.filed", None, "未备案", False),
        (KINDS, None, "没有", frozenset()),
        (KINDS, None, "互助点/幸福院", frozenset({"mutual_aid"})),
        (KINDS, None, "物业+养老；老年助餐", frozenset({"property_eldercare", "meal_service"})),
        ("institution.tax_credit_grade", None, "ａ", "a"),
        ("institution.tax_credit_grade", None, "A级", "a"),
        ("institution.legal_form", None, "社会服务机构", "private_non_enterprise"),
    ],
)
def test_a_cell_means(key: str, unit: str | None, cell: Cell, value: Value) -> None:
    read = read_fact(key, unit, cell)

    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("key", "unit", "cell", "code", "advice"),
    [
        (BEDS, None, "约100", "number_vague", "例如 120"),
        (BEDS, None, "100-120", "number_vague", "确定的数字"),
        (BEDS, None, "100多", "number_vague", "确定的数字"),
        (BEDS, None, "12 0", "not_a_number", "要填数字"),
        (BEDS, None, "12,34", "not_a_number", "要填数字"),
        (BEDS, None, "120.5", "wrong_value", "整数"),
        (BEDS, None, -1, "wrong_value", "不能小于"),
        (BEDS, None, "3间", "unit_unknown", "间"),
        (BEDS, None, True, "not_a_number", "要填数字"),
        (BEDS, None, date(2026, 3, 5), "number_as_date", "日期"),
        (BEDS, None, Duration("12:00:00"), "not_a_number", "要填数字"),
        (BEDS, None, Fault("#REF!"), "formula_error", "#REF!"),
        (BEDS, None, Fault(""), "formula_uncomputed", "保存一次"),
        (GRADE, None, 6, "wrong_value", "不能大于"),
        (MONEY, None, 1200, "unit_missing", "万元"),
        (MONEY, None, "1200", "unit_missing", "单位"),
        (MONEY, "万元", "1.2E+07", "number_scientific", "完整"),
        (MONEY, "万元", "1.2345678", "wrong_value", "两位小数"),
        (MONEY, "万元", float("inf"), "not_a_number", "要填数字"),
        (MONEY, "万元", float("nan"), "not_a_number", "要填数字"),
        (SHARE, "%", 0.85, "percent_or_fraction", "85%"),
        (SHARE, "%", "0.85", "percent_or_fraction", "0.85%"),
        (SHARE, "%", 101, "wrong_value", "不能大于"),
        (DAY, None, "2026.11", "day_partial", "写到年、月、日"),
        (DAY, None, 2026, "day_partial", "写到年、月、日"),
        (DAY, None, "2026年11月", "day_partial", "2026-11-03"),
        (DAY, None, "11/3/2026", "day_order", "四位"),
        (DAY, None, "26.11.3", "day_order", "四位"),
        (DAY, None, "2026-02-30", "day_impossible", "日历"),
        (DAY, None, "20261341", "day_impossible", "日历"),
        (DAY, None, "长期", "not_a_day", "2026-11-03"),
        (DAY, None, 120, "not_a_day", "2026-11-03"),
        (DAY, None, date(2200, 1, 1), "date_range", "2199"),
        (FLAG, None, "大概有", "not_yes_or_no", "“是”或“否”"),
        (FLAG, None, "☑是 ☑否", "not_yes_or_no", "“是”或“否”"),
        (KINDS, None, "养老园", "choice_unknown", "是不是“养老院”"),
        (KINDS, None, "养老院、飞船", "choice_unknown", "要从这些选项中选"),
        ("institution.ownership", None, "民营", "choice_unknown", "公建民营"),
        ("institution.ownership", None, date(2026, 1, 1), "choice_unknown", "公办"),
    ],
)
def test_a_cell_is_refused_with_advice(key: str, unit: str | None, cell: Cell, code: str, advice: str) -> None:
    read = read_fact(key, unit, cell)

    assert isinstance(read, Wrong)
    assert read.code == code
    assert advice in read.detail


@pytest.mark.parametrize("word", sorted(UNKNOWN - {"无"}))
@pytest.mark.parametrize("key", [BEDS, MONEY, SHARE, FLAG, DAY, KINDS, "institution.ownership"])
def test_who_does_not_know_says_neither_no_nor_zero(key: str, word: str) -> None:
    assert read_fact(key, "万元" if key == MONEY else None, word) is None


@pytest.mark.parametrize("key", [BEDS, MONEY, SHARE, DAY, KINDS, "institution.ownership"])
def test_none_is_unknown_except_where_it_answers_yes_or_no(key: str) -> None:
    assert read_fact(key, None, "无") is None
    assert read_fact(FLAG, None, "无") is False


def test_one_and_true_are_not_mixed_up() -> None:
    assert read_fact(FLAG, None, 1) is True
    assert read_fact(BEDS, None, 1) == 1
    assert isinstance(read_fact(BEDS, None, True), Wrong)
    assert read_fact(BEDS, None, 1.0) == 1


def test_days_of_macintosh_files_count_from_1904() -> None:
    assert read_fact(DAY, None, 44867.0, from_1904=True) == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("140106", Place("140106", None)),
        (140106.0, Place("140106", None)),
        ("140106000000", Place("140106", None)),
        ("太原市 / 迎泽区", Place("140106", None)),
        ("山西太原迎泽", Place("140106", None)),
        ("阳泉市城区", Place("140302", None)),
        ("太原市开发区", Place("140100", True)),
        ("太原经济技术开发区", Place("140100", True)),
        ("140100开发区", Place("140100", True)),
    ],
)
def test_places(cell: Cell, value: Place) -> None:
    assert read_place(cell) == value


@pytest.mark.parametrize(
    ("cell", "code", "advice"),
    [
        ("城区", "place_ambiguous", "阳泉市城区、晋城市城区"),
        ("太原市", "not_a_county", "开发区请写成"),
        ("山西省", "not_a_county", "县"),
        ("140100", "not_a_county", "县"),
        ("110101", "unknown_region", "山西省"),
        ("太原市迎择区", "place_unknown", "是不是“太原市迎泽区”"),
        ("月球", "place_unknown", "六位代码"),
    ],
)
def test_places_that_cannot_be_taken(cell: Cell, code: str, advice: str) -> None:
    read = read_place(cell)

    assert isinstance(read, Wrong)
    assert read.code == code
    assert advice in read.detail


def test_a_city_beside_the_county_decides() -> None:
    assert read_place("城区", "阳泉市") == Place("140302", None)
    assert read_place("城区", "晋城") == Place("140502", None)


@pytest.mark.parametrize("cell", [1.4e17, "1.40106E+17", 521401050000000000, Percent(1.0), "5.21E17"])
def test_a_code_that_the_sheet_has_damaged_must_be_typed_again(cell: Cell) -> None:
    read = read_code(cell)

    assert isinstance(read, Wrong)
    assert read.code == "uscc_damaged"
    assert "文本" in read.detail


def test_codes() -> None:
    assert read_code("52140105MJ0000000W") == "52140105MJ0000000W"
    assert read_code("办理中") is None
    assert read_code("—") is None
    assert isinstance(read_code("52140105MJ0000000X"), Wrong)
    assert isinstance(read_code(12345), Wrong)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0351-1234567", "0351-1234567"),
        ("（0351）1234567", "0351-1234567"),
        ("0351 1234567", "0351-1234567"),
        (13800000000.0, "13800000000"),
        (1234567.0 + 2_000_000, "3234567"),
        ("无", None),
    ],
)
def test_telephones(cell: Cell, value: str | None) -> None:
    assert read_telephone(cell) == value


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (3511234567.0, "telephone_damaged"),
        ("13800000000/13900000000", "telephone_several"),
        ("13800000000、13900000000", "telephone_several"),
        ("13800000000 13900000000", "telephone_several"),
        ("问张三", "telephone"),
        (date(2026, 1, 1), "telephone_damaged"),
    ],
)
def test_telephones_that_cannot_be_taken(cell: Cell, code: str) -> None:
    read = read_telephone(cell)

    assert isinstance(read, Wrong) == (not isinstance(cell, date))
    assert not isinstance(read, Wrong) or read.code == code


def test_names_lines_and_sites() -> None:
    assert read_name(" 虚构（１号）\u00a0养老院 ") == "虚构（1号） 养老院"
    assert isinstance(read_name("院"), Wrong)
    assert isinstance(read_name("院" * 121), Wrong)
    assert read_line("地址", "虚构路１号") == "虚构路1号"
    assert read_line("地址", "不详") is None
    assert isinstance(read_line("地址", "长" * 201), Wrong)
    assert [read_site(cell) for cell in (2.0, "第2处", "２", "无")] == [2, 2, 2, None]
    assert isinstance(read_site("0"), Wrong)


CELLS = st.one_of(
    st.text(max_size=80),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.builds(Percent, st.floats()),
    st.builds(Fault, st.text(max_size=8)),
    st.builds(Duration, st.text(max_size=8)),
)
INSTITUTION = [
    fact.key for fact in CATALOGUE
    if fact.subject is Subject.INSTITUTION and fact.type not in (FactType.ATTESTATION, FactType.REGION)
]  # fmt: skip


@given(key=st.sampled_from(INSTITUTION), unit=st.sampled_from([None, "元", "万元", "%"]), cell=CELLS)
def test_whatever_is_written_is_taken_by_the_register_or_refused_in_words(
    key: str, unit: str | None, cell: Cell
) -> None:
    read = read_fact(key, unit, cell)

    if isinstance(read, Wrong):
        assert read.detail
    elif read is not None:
        change = read_changes(Subject.INSTITUTION, {key: read}, TODAY)[key]
        assert change.statement is not None
        assert change.statement.value == read


@given(CELLS)
def test_identity_is_read_or_refused_whatever_is_written(cell: Cell) -> None:
    for read in (read_name, read_code, read_place, read_site, read_telephone):
        found: object = read(cell)
        assert not isinstance(found, Wrong) or found.detail
    assert isinstance(shown(cell), str)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_a_number_is_written_as_it_was_typed(number: Decimal) -> None:
    assert Decimal(number_text(float(number))) == number
