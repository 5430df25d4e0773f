"""Answers by workbook: what is downloaded, filled in, reported on and applied."""

from collections.abc import Callable, Mapping
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import httpx2
import openpyxl
import pytest

from tests.access.people import Person
from tests.access.town import Town
from tests.referrals.scene import TODAY, Lender, a_borrower, a_lender, brought_to, days_ago, deliver, did

pytestmark = pytest.mark.usefixtures("today")
HEADINGS = 2


def form(town: Town, person: Person, **asked: Any) -> openpyxl.Workbook:
    answer = town.house.call(person, "GET", "/referrals/answers.xlsx", params=asked)
    assert answer.status_code == 200, answer.text
    return openpyxl.load_workbook(BytesIO(answer.content))


def filled(book: openpyxl.Workbook, answers: Mapping[UUID, Mapping[str, Any]]) -> bytes:
    """The downloaded workbook with some rows filled in, by the headings that people see."""
    sheet = book.worksheets[0]
    places = {str(cell.value): place for place, cell in enumerate(sheet[HEADINGS])}
    for row in sheet.iter_rows(min_row=HEADINGS + 1):
        for heading, value in answers.get(UUID(str(row[0].value)), {}).items():
            row[places[heading]].value = value
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def sent(town: Town, person: Person, content: bytes, *, dry_run: bool = True) -> httpx2.Response:
    params = {"dry_run": str(dry_run).lower()}
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/octet-stream"}
    return town.house.call(person, "POST", "/referrals/answers", params=params, content=content, headers=headers)


def report(town: Town, person: Person, content: bytes, *, dry_run: bool = True) -> dict[str, Any]:
    answer = sent(town, person, content, dry_run=dry_run)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def cases(town: Town, count: int, day: date = TODAY) -> tuple[Lender, list[UUID]]:
    lender = a_lender(town)
    return lender, deliver(town, lender, *(a_borrower(town) for _ in range(count)), day=day)


def states(town: Town, lender: Lender) -> dict[str, str]:
    return {row["id"]: row["state"] for row in town.house.get(lender.manager, "/referrals")["items"]}


LOAN = {
    "办理结果": "已放款",
    "办理日期": TODAY,
    "授信金额（元）": 5_000_000,
    "放款金额（元）": "400万元",
    "年利率%": 3.5,
    "贷款到期日": date(2029, 11, 20),
}
DECLINED = {"办理结果": "不予办理", "办理日期": TODAY.isoformat(), "不予办理理由": "担保条件不足"}


def test_the_form_holds_what_is_open_with_choices(town: Town) -> None:
    lender, keys = cases(town, 3)
    brought_to(town, lender.manager, keys[0], "declined")
    book = form(town, lender.manager)
    sheet = book.worksheets[0]
    ids = {row[0].value for row in sheet.iter_rows(min_row=HEADINGS + 1) if row[0].value}
    assert ids == {str(key) for key in keys[1:]}
    assert len(sheet.data_validations.dataValidation) == 2
    assert book.worksheets[1].sheet_state == "hidden"
    choices = [cell.value for cell in book.worksheets[1]["A"] if cell.value]
    assert choices == ["已联系", "尽职调查中", "已授信", "已放款", "不予办理"]


def test_the_form_of_one_manager(town: Town) -> None:
    lender, (first, second) = cases(town, 2)
    did(town, lender.manager, first, "assign", manager_id=str(lender.mate.account_id))
    rows = form(town, lender.manager, mine=True).worksheets[0].iter_rows(min_row=HEADINGS + 1)
    assert [row[0].value for row in rows] == [str(second)]


def test_a_report_writes_nothing_and_says_what_would_be_written(town: Town) -> None:
    lender, keys = cases(town, 4)
    content = filled(
        form(town, lender.manager),
        {keys[0]: LOAN, keys[1]: DECLINED, keys[2]: {"办理结果": "已联系", "办理日期": TODAY}},
    )
    told = report(town, lender.manager, content)
    assert (told["rows"], told["blank"], told["accepted"], told["refused"], told["written"]) == (4, 1, 3, 0, False)
    actions = {row["referral_id"]: row["actions"] for row in told["items"]}
    assert actions[str(keys[0])] == ["contact", "investigate", "grant", "disburse"]
    assert set(states(town, lender).values()) == {"not_contacted"}
    applied = report(town, lender.manager, content, dry_run=False)
    assert applied["written"]
    found = states(town, lender)
    assert [found[str(key)] for key in keys] == ["disbursed", "declined", "contacted", "not_contacted"]
    one = town.house.get(lender.manager, f"/referrals/{keys[0]}")
    assert (one["granted_yuan"], one["disbursed_yuan"], one["rate_percent"]) == ("5000000.00", "4000000.00", "3.5")
    # A second time it is another version, and nothing is written twice.
    again = report(town, lender.manager, content, dry_run=False)
    assert {row["problems"][0]["code"] for row in again["problems"]} == {"version_stale"}
    assert not again["written"]


@pytest.mark.parametrize(
    ("change", "heading", "code"),
    [
        ({"办理日期": None}, "办理日期", "missing"),
        ({"办理日期": "去年"}, "办理日期", "not_a_day"),
        ({"办理日期": date(2026, 11, 21)}, "办理日期", "in_future"),
        ({"办理日期": days_ago(11)}, "办理日期", "too_early"),
        ({"办理结果": "办好了"}, "办理结果", "not_a_choice"),
        ({"办理结果": None}, "办理结果", "missing"),
        ({"授信金额（元）": "约五百万"}, "授信金额（元）", "not_an_amount"),
        ({"授信金额（元）": 0}, "授信金额（元）", "not_an_amount"),
        ({"授信金额（元）": 3_999_999}, "放款金额（元）", "above_granted"),
        ({"年利率%": 0.035}, "年利率%", "not_a_rate"),
        ({"贷款到期日": None}, "贷款到期日", "missing"),
        ({"对接编号": str(UUID(int=7))}, "对接编号", "referral_not_found"),
        ({"对接编号": "x"}, "对接编号", "changed"),
        ({"版本": "7"}, "版本", "version_stale"),
    ],
)
def test_a_wrong_cell_stops_the_whole_workbook_and_says_how_to_write_it(
    town: Town, change: dict[str, Any], heading: str, code: str
) -> None:
    lender, keys = cases(town, 2, days_ago(10))
    content = filled(form(town, lender.manager), {keys[0]: LOAN | change, keys[1]: DECLINED})
    told = report(town, lender.manager, content, dry_run=False)
    assert (told["accepted"], told["refused"], told["written"]) == (1, 1, False)
    (problem, *_) = told["problems"][0]["problems"]
    assert (problem["heading"], problem["code"]) == (heading, code)
    assert set(states(town, lender).values()) == {"not_contacted"}


def test_another_reason_is_explained(town: Town) -> None:
    lender, (key,) = cases(town, 1)
    other = DECLINED | {"不予办理理由": "其他（须写明）"}
    told = report(town, lender.manager, filled(form(town, lender.manager), {key: other}))
    assert told["problems"][0]["problems"][0]["heading"] == "内部备注"
    told = report(town, lender.manager, filled(form(town, lender.manager), {key: other | {"内部备注": "虚构"}}))
    assert told["accepted"] == 1


def test_a_percentage_is_read_as_the_cell_shows_it(town: Town) -> None:
    lender, (key,) = cases(town, 1)
    book = form(town, lender.manager)
    content = filled(book, {key: LOAN | {"年利率%": 0.035}})
    sheet = book.worksheets[0]
    next(cell for cell in sheet[HEADINGS + 1] if cell.value == 0.035).number_format = "0.00%"
    out = BytesIO()
    book.save(out)
    assert out.getvalue() != content
    assert report(town, lender.manager, out.getvalue(), dry_run=False)["written"]
    assert town.house.get(lender.manager, f"/referrals/{key}")["rate_percent"] == "3.5"


def test_the_row_of_another_bank_is_none(town: Town) -> None:
    lender, (key,) = cases(town, 1)
    rival = a_lender(town)
    content = filled(form(town, lender.manager), {key: DECLINED})
    told = report(town, rival.manager, content, dry_run=False)
    assert told["problems"][0]["problems"][0]["code"] == "referral_not_found"
    assert told["problems"][0]["from_state"] is None


def not_a_workbook(_book: openpyxl.Workbook) -> bytes:
    return b"nothing"


def without_headings(book: openpyxl.Workbook) -> bytes:
    book.worksheets[0].delete_rows(HEADINGS)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("spoil", [not_a_workbook, without_headings])
def test_what_is_no_form_is_refused(town: Town, spoil: Callable[[openpyxl.Workbook], bytes]) -> None:
    lender, _ = cases(town, 1)
    answer = sent(town, lender.manager, spoil(form(town, lender.manager)))
    assert answer.status_code == 422, answer.text


def test_only_banks_answer(town: Town) -> None:
    lender, _ = cases(town, 1)
    content = filled(form(town, lender.manager), {})
    for name in ("pboc", "county", "home", "auditor"):
        person = town.people.all()[name]
        assert town.house.call(person, "GET", "/referrals/answers.xlsx").status_code == 403, name
        assert sent(town, person, content).status_code == 403, name
