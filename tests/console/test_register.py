"""The register and the workbooks of civil affairs: what is typed is recorded as it was meant, or stays to be mended."""

import csv
import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import time_machine

from app.institutions.imports.routes import XLSX
from tests.access.town import Town
from tests.console.checked import confirm
from tests.console.desk import Desk, Shown, sign_in
from tests.institutions.imports.clerks import PLACE, a_row, sheet
from tests.whitelist.board import COUNTY, Board

FRIDAY: Final = datetime(2026, 11, 20, 2, tzinfo=UTC)
PDF: Final = b"%PDF-1.7\n1 0 obj\nendobj\nstartxref\n9\n%%EOF\n"


@pytest.fixture(autouse=True)
def on_a_friday() -> Iterator[None]:
    with time_machine.travel(FRIDAY, tick=False):
        yield


@pytest.fixture(scope="module")
def board(town: Town) -> Board:
    with time_machine.travel(FRIDAY, tick=False):
        return Board(town.house)


@pytest.fixture
def county(town: Town, board: Board) -> Desk:
    return sign_in(town, board.county)


# The register.


def test_the_register_finds_what_the_api_finds(county: Desk, board: Board) -> None:
    board.institution(beds_total=77)
    query = {"q": "康宁", "kind": "elderly_home"}
    found = board.house.get(board.county, "/institutions", total=True, page_size=50, **query)
    shown = county.get("/affairs/register", query)
    assert f"共 {found['total']} 家" in shown.text
    assert all(f"/affairs/register/{one['id']}" in shown.links() for one in found["items"])
    assert "/affairs/register?kind=elderly_home" in shown.links(), "a chip takes the search back"
    short = county.get("/affairs/register", {"q": "康"})
    assert (short.status, short.wrong()) == (422, ["f-q"])


def test_what_is_wrong_with_a_new_institution_stands_at_its_field(county: Desk, board: Board) -> None:
    form = county.get("/affairs/register/new").form("/affairs/register/new")
    typed: dict[str, Any] = {"name": "虚构新安养老院", "facts__institution.region_code": COUNTY}
    shown = form.send(**typed | {"facts__institution.beds_total": "一百二十"})
    assert (shown.status, shown.wrong()) == (422, ["f-facts-institution-beds_total"])
    kept = dict(shown.form("/affairs/register/new").fields)
    assert (kept["name"], kept["facts/institution.beds_total"]) == ("虚构新安养老院", "一百二十")
    mended: dict[str, Any] = {"facts__institution.beds_total": "120"}
    made = shown.form("/affairs/register/new").send(**mended)
    one = board.house.get(board.county, f"/institutions/{made.path.rpartition('/')[2]}")
    assert (one["name"], one["facts"]["institution.beds_total"]["value"]) == ("虚构新安养老院", 120)
    assert "institution.filed" not in one["facts"], "what nobody said is unknown, not a no"


def test_an_edit_keeps_who_vouches_and_a_check_vouches(county: Desk, board: Board) -> None:
    key = board.institution(food_licensed={"value": True, "provenance": "checked", "on": "2026-10-01", "by": "虚构局"})
    at = f"/affairs/register/{key}/edit/safety"
    untouched = county.get(at).form(at).send(vouched="declared")
    assert (untouched.status, untouched.path) == (200, f"/affairs/register/{key}")
    facts = board.house.get(board.county, f"/institutions/{key}")["facts"]
    assert facts["institution.food_licensed"]["by"] == "虚构局"
    form = county.get(at).form(at)
    assert form.send().wrong() == ["f-vouched"], "nothing is vouched for unasked"
    assert form.send(vouched="checked", on="").wrong() == ["f-on"]
    form.send(vouched="checked", on="2026-11-19", by="虚构县民政局")
    facts = board.house.get(board.county, f"/institutions/{key}")["facts"]
    fire = facts["institution.fire_safety_passed"]
    assert (fire["provenance"], fire["on"], fire["by"]) == ("checked", "2026-11-19", "虚构县民政局")


def test_what_is_emptied_becomes_unknown_and_a_stale_form_changes_nothing(county: Desk, board: Board) -> None:
    key = board.institution()
    at = f"/affairs/register/{key}/edit/safety"
    emptied: dict[str, Any] = {"vouched": "declared", "facts__institution.food_licensed": ""}
    old, form = county.get(at).form(at), county.get(at).form(at)
    form.send(**emptied)
    facts = board.house.get(board.county, f"/institutions/{key}")["facts"]
    assert "institution.food_licensed" not in facts
    stale = old.send(vouched="declared")
    assert (stale.status, "重新" in stale.text) == (412, True)


@pytest.mark.parametrize(
    ("noun", "typed", "fact"),
    [
        ("needs", {"facts__need.amount_yuan": "2,000,000"}, ("need.amount_yuan", "2000000.00")),
        (
            "projects",
            {"name": "虚构康养园", "facts__project.region_code": COUNTY, "facts__project.beds": "80"},
            ("project.beds", 80),
        ),
        (
            "loans",
            {
                "lender": "虚构银行",
                "terms__principal_yuan": "1000000",
                "terms__drawn_on": "2026-01-01",
                "terms__due_on": "2028-01-01",
                "terms__contract_rate_percent": "4.45",
            },
            ("loan.principal_yuan", "1000000.00"),
        ),
    ],
)
def test_what_hangs_on_an_institution_is_recorded_and_changed(
    county: Desk, board: Board, noun: str, typed: dict[str, Any], fact: tuple[str, Any]
) -> None:
    key = board.institution(amount=None)
    at = f"/affairs/register/{key}/{noun}/new"
    shown = county.get(at).form(at).send(**typed)
    assert (shown.status, shown.path) == (200, f"/affairs/register/{key}")
    (one,) = board.house.get(board.county, f"/institutions/{key}/{noun}")["items"]
    assert one["facts"][fact[0]]["value"] == fact[1]
    edit = f"/affairs/register/{key}/{noun}/{one['id']}"
    assert edit in shown.links()
    again = county.get(edit).form(edit).send()
    assert (again.status, again.path) == (200, f"/affairs/register/{key}")
    assert board.house.get(board.county, f"/institutions/{key}/{noun}/{one['id']}")["facts"] == one["facts"]


def test_an_attestation_without_a_conclusion_is_not_made_up(county: Desk, board: Board) -> None:
    key = board.institution()
    at = f"/affairs/register/{key}/attestations/new"
    form = county.get(at).form(f"{at}/check")
    typed: dict[str, Any] = {"fact": "institution.lawful_compliant", "person": "虚构经办人", "evidence": "虚构的依据"}
    assert form.send(**typed).wrong() == ["f-granted"]
    check = form.send(**typed, granted="true")
    assert "还没有记录" in check.text
    assert confirm(check).path == f"/affairs/register/{key}"
    (one,) = board.house.get(board.county, f"/institutions/{key}/attestations")["items"]
    assert (one["fact"], one["granted"], one["evidence"]) == ("institution.lawful_compliant", True, "虚构的依据")


def test_a_file_goes_in_and_comes_out_as_it_was(county: Desk, board: Board) -> None:
    key = board.institution()
    at = f"/affairs/register/{key}/attachments"
    form = county.get(at).form(at)
    assert form.send().wrong() == ["f-file"]
    assert form.send(files={"file": ("虚构.pdf", b"no pdf", "application/pdf")}).wrong() == ["f-file"]
    shown = form.send(files={"file": ("虚构消防意见.pdf", PDF, "application/pdf")})
    (link,) = {one for one in shown.links() if one.startswith(f"{at}/")}
    answer = county.get(link).response
    api = board.house.call(board.county, "GET", link.replace("/affairs/register", "/institutions") + "/content")
    assert (answer.content, answer.headers["content-type"]) == (PDF, "application/pdf")
    assert answer.headers["content-disposition"] == api.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_code_is_shown_once(county: Desk, board: Board) -> None:
    key = board.institution()
    at = f"/affairs/register/{key}/codes"
    form = county.get(at).form(at)
    shown, again = form.send(), form.send()
    code = shown.response.text.partition("<code>")[2].partition("</code>")[0]
    assert len(code) > 15
    assert code not in again.response.text + county.get(at).response.text
    assert "已经显示过一次" in again.text
    assert len(board.house.get(board.county, f"/institutions/{key}/codes")["items"]) == 1


# A workbook.


def followed(shown: Shown) -> Shown:
    """The page of an import once its work has ended."""
    pause = threading.Event()
    for _ in range(400):
        if "本页自动更新" not in shown.text:
            return shown
        pause.wait(0.02)
        shown = shown.desk.get(shown.path)
    raise AssertionError(shown.text)


def upload(desk: Desk, content: bytes, name: str = "虚构台账.csv") -> Shown:
    form = desk.get("/affairs/imports").form("/affairs/imports")
    return form.send(files={"file": (name, content, "application/octet-stream")})


def test_a_workbook_is_checked_looked_at_written_and_taken_back(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    rows = [a_row(f"虚构晚晴院{number}号") for number in range(3)] + [a_row("虚构错填院", 床位总数="一百二十张多")]
    shown = followed(upload(desk, sheet(rows)))
    assert "还没有写入" in shown.text
    one = town.house.get(town.people.county, f"/imports/{shown.path.rpartition('/')[2]}")
    assert (one["state"], one["counts"]["added"], one["counts"]["wrong"]) == ("checked", 3, 1)
    (row,) = town.house.get(town.people.county, f"/imports/{one['id']}/rows", outcome="wrong")["items"]
    (problem,) = row["problems"]
    assert f"第 {row['number']} 行 {problem['cell'].rstrip('0123456789')} 列" in shown.text
    assert problem["written"] in shown.text
    assert problem["detail"] in shown.text
    report = desk.get(f"{shown.path}/report.xlsx").response
    assert (report.headers["content-type"], report.content[:2]) == (XLSX, b"PK")
    check = shown.form(f"{shown.path}/apply/check").send()
    assert "还没有写入" in check.text
    assert town.house.get(town.people.county, f"/imports/{one['id']}")["state"] == "checked"
    written = followed(confirm(check))
    assert "已写入 3 行" in written.text
    undone = followed(confirm(written.form(f"{written.path}/undo/check").send()))
    assert "已撤销" in undone.text
    assert "虚构晚晴院" not in desk.get("/affairs/register", {"q": "晚晴院"}).text.replace("查找：晚晴院", "")
    assert one["file_name"] in desk.get("/affairs/imports").text, "it is found again in the list"


def test_a_file_larger_than_a_form_may_be_is_taken_and_one_of_another_name_is_not(town: Town) -> None:
    desk = sign_in(town, town.people.county)
    text = io.StringIO()
    csv.writer(text).writerows([["机构名称", "所在县（市、区）"], ["虚构" + "长" * 2_000_000, PLACE]])
    assert followed(upload(desk, text.getvalue().encode())).status == 200
    assert upload(desk, b"x", "虚构.txt").wrong() == ["f-file"]
    assert desk.get("/affairs/imports").form("/affairs/imports").send().wrong() == ["f-file"]


def test_the_template_passes_through(town: Town) -> None:
    answer = sign_in(town, town.people.county).get("/affairs/imports/template.xlsx").response
    assert (answer.status_code, answer.headers["content-type"], answer.content[:2]) == (200, XLSX, b"PK")
    assert sign_in(town, town.people.bank).get("/affairs/imports").status == 403
