"""Headings and choices are the register's own; no column is missing and no heading names two."""

import pytest

from app.institutions.register import CONTACT, REGION
from app.institutions.workbook.columns import DEBT_RATIO, Use, columns, columns_by_key, known_headings
from app.institutions.workbook.headed import letter_of, read_headings
from app.institutions.workbook.headings import heading_row, key_of, tidy, unit_of
from app.institutions.workbook.refusals import HeadingTwice
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject


def test_every_fact_that_an_institution_can_state_has_a_column() -> None:
    stated = {
        fact.key
        for fact in CATALOGUE
        if fact.subject in (Subject.INSTITUTION, Subject.NEED) and fact.type is not FactType.ATTESTATION
    }

    assert {column.key for column in columns() if column.fact is not None} == stated
    assert {column.key for column in columns() if column.use is Use.CONTACT} == set(CONTACT)


def test_every_heading_of_the_template_is_read_back_with_its_unit() -> None:
    headed, unknown = read_headings([column.heading for column in columns()])

    assert unknown == ()
    assert [one.column for one in headed] == list(columns())
    assert {one.unit for one in headed if one.column.fact is not None and one.column.fact.unit == "元"} == {"万元"}


def test_what_follows_from_other_columns_is_not_asked_for() -> None:
    assert not columns_by_key()[DEBT_RATIO].offered


def test_only_name_and_place_are_mandatory() -> None:
    assert {column.key for column in columns() if column.required} == {"name", REGION}


@pytest.mark.parametrize(
    ("written", "bare", "unit"),
    [
        ("年营业收入（万元）", "年营业收入", "万元"),
        ("年营业收入(单位：元)", "年营业收入", "元"),
        ("年营业收入/万元", "年营业收入", "万元"),
        ("年营业收入（万）", "年营业收入", "万"),
        ("需求期限（年）", "需求期限", "年"),
        ("需求期限（个月）", "需求期限", "个月"),
        ("备案日期（年月日）", "备案日期", None),
        ("床位总数（张）*", "床位总数", None),
        ("（1）床位总数", "床位总数", None),
    ],
)
def test_a_heading_keeps_only_the_unit(written: str, bare: str, unit: str | None) -> None:
    assert unit_of(tidy(written)) == (bare, unit)


def test_headings_are_found_below_titles_and_not_in_prose() -> None:
    known = known_headings()
    rows = [(1, ["机构名称、床位总数等请如实填写"]), (2, ["机构名称", "床位数", "县"]), (3, ["机构名称", "县", "x"])]

    assert heading_row(rows, known) == (2, 3)
    assert heading_row([(1, ["机构名称"])], known) is None
    assert heading_row([(1, ["床位数", "县", "备案日期"])], known) is None
    assert key_of(7, known) is None


def test_two_columns_for_one_thing_are_refused_with_both_letters() -> None:
    with pytest.raises(HeadingTwice, match=r"A 列“床位数”和 AB 列“总床位数”"):
        read_headings(["床位数", *[None] * 26, "总床位数"])


def test_letters() -> None:
    assert [letter_of(number) for number in (1, 26, 27, 702, 703, 16_384)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
