"""Institutions without a code: a sheet names them by the provisional number that the register gave them."""

from io import BytesIO
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from tests.access.house import SIBLING, House
from tests.institutions.imports.clerks import Clerk, a_clerk, a_row
from tests.institutions.registry import a_uscc

NUMBER = "临时编号"
Found = dict[str, Any]


@pytest.fixture(scope="module")
def clerk(house: House) -> Clerk:
    return a_clerk(house)


def registered(clerk: Clerk, row: Found) -> tuple[str, str]:
    """The institution of a row without a code, and its provisional number."""
    key = clerk.rows(clerk.bring([row], dry_run=False))[0]["institution_id"]
    return key, clerk.institution(key)["provisional_number"]


def codes(clerk: Clerk, rows: list[Found]) -> list[str]:
    """What is wrong with each row that is."""
    return [one["problems"][0]["code"] for one in clerk.rows(clerk.bring(rows), outcome="wrong")]


def test_a_row_with_the_number_updates_its_institution_and_is_undone(clerk: Clerk) -> None:
    row = a_row("虚构杏林敬老院", None)
    key, number = registered(clerk, row)
    again = {**row, NUMBER: number, "床位总数": 80}
    found = clerk.bring([again])
    (seen,) = clerk.rows(found)
    assert (seen["outcome"], seen["institution_id"]) == ("updated", key)
    assert [one["label"] for one in seen["differences"]] == ["床位总数"]
    written = clerk.apply(found, mode="atomic")
    after = clerk.institution(key)
    assert (after["version"], after["provisional_number"], after["site_number"]) == (2, number, 1)
    assert after["facts"]["institution.beds_total"]["value"] == 80
    assert clerk.bring([again])["counts"]["unchanged"] == 1
    clerk.undo(written)
    assert clerk.institution(key)["facts"]["institution.beds_total"]["value"] == 60
    assert clerk.institution(key)["provisional_number"] == number


def test_the_number_finds_it_under_another_name_and_however_it_is_typed(clerk: Clerk) -> None:
    row = a_row("虚构柿子沟互助点", None)
    key, number = registered(clerk, row)
    typed = {**row, "机构名称": "虚构全新名称幸福院", NUMBER: f" {number.lower()} "}
    (seen,) = clerk.rows(clerk.bring([typed], dry_run=False))
    assert (seen["outcome"], seen["institution_id"]) == ("updated", key)
    assert clerk.institution(key)["name"] == "虚构全新名称幸福院"
    assert [one["id"] for one in clerk.named("全新名称")] == [key]


def test_a_number_that_nobody_has_or_somebody_elsewhere_is_said_in_the_same_words(clerk: Clerk, house: House) -> None:
    sibling = a_clerk(house, SIBLING)
    elsewhere = {**a_row("虚构外县敬老院", None), "所在县（市、区）": SIBLING}
    _, number = registered(sibling, elsewhere)
    rows = [a_row("虚构某敬老院", None) | {NUMBER: one} for one in (number, "P14010520269999")]
    found = clerk.rows(clerk.bring(rows), outcome="wrong")
    problems = [one["problems"][0] for one in found]
    assert [one["code"] for one in problems] == ["provisional_number_unknown"] * 2
    assert problems[0]["detail"].replace(number, "") == problems[1]["detail"].replace("P14010520269999", "")
    assert [one["heading"] for one in problems] == [NUMBER] * 2
    # A new site with a code tells nothing of what is beyond reach either.
    assert clerk.bring([a_row("虚构石楠养老院") | {NUMBER: number}])["counts"]["added"] == 1


def test_a_code_and_the_number_of_an_institution_without_one_contradict_each_other(clerk: Clerk) -> None:
    row = a_row("虚构山楂树敬老院", None)
    key, number = registered(clerk, row)
    code = a_uscc()
    both = {**row, "统一社会信用代码": code, NUMBER: number}
    assert codes(clerk, [both]) == ["two_numbers"]
    answer = clerk.house.call(clerk.person, "PATCH", f"/institutions/{key}", json={"uscc": code}, version=1)
    assert answer.status_code == 200
    # Now the code says who it is, and the number is nobody's any more.
    (seen,) = clerk.rows(clerk.bring([both]))
    assert (seen["outcome"], seen["institution_id"]) == ("unchanged", key)
    assert codes(clerk, [{**row, NUMBER: number}]) == ["provisional_number_unknown"]


def test_two_rows_with_one_number_and_one_that_is_no_number_are_wrong(clerk: Clerk) -> None:
    row = a_row("虚构核桃沟敬老院", None)
    _, number = registered(clerk, row)
    twins = [{**row, NUMBER: number, "机构名称": name} for name in ("虚构核桃沟敬老院", "虚构核桃沟二院")]
    assert codes(clerk, twins) == ["duplicate_row", "duplicate_row"]
    assert codes(clerk, [{**row, NUMBER: "145号"}]) == ["provisional_number"]


def test_a_possible_duplicate_is_named_with_the_number_to_write(clerk: Clerk) -> None:
    row = a_row("虚构银杏坡颐养中心", None)
    _, number = registered(clerk, row)
    found = clerk.bring([row])
    (held,) = clerk.rows(found, outcome="duplicate")
    assert held["duplicates"][0]["provisional_number"] == number
    report = clerk.house.call(clerk.person, "GET", f"/imports/{found['id']}/report.xlsx")
    advice = CalamineWorkbook.from_filelike(BytesIO(report.content)).get_sheet_by_index(0).to_python()[1][-1]
    assert number in str(advice)
    assert "临时编号" in str(advice)
    assert clerk.bring([row | {NUMBER: number}])["counts"]["unchanged"] == 1
