"""Civil affairs at their desks: pages show what the API answers, and nothing is done before it was checked."""

import csv
import io
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
import time_machine

from app.institutions.imports.routes import XLSX
from tests.access.people import Person
from tests.access.town import Town
from tests.console.desk import Desk, Shown, sign_in
from tests.institutions.imports.clerks import PLACE, a_row, sheet
from tests.whitelist.board import COUNTY, Board

# A Friday, so that a deadline of five working days is the Friday after it.
FRIDAY: Final = datetime(2026, 11, 20, 2, tzinfo=UTC)
LATER: Final = datetime(2026, 12, 1, 2, tzinfo=UTC)
PDF: Final = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


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


def case(desk: Desk, one: Mapping[str, Any]) -> Shown:
    return desk.get(f"/affairs/nominations/{one['id']}")


def decide(shown: Shown, **typed: str) -> Shown:
    """Fill in the form of a case; what is shown is the check, or the form again."""
    return shown.form(f"{shown.path.removesuffix('/check')}/check").send(**typed)


def confirm(shown: Shown) -> Shown:
    """Press the button of a check page."""
    return next(form for form in shown.forms if "idempotency_key" in form.names and "resume" in form.names).send()


def done(desk: Desk, one: Mapping[str, Any], action: str, **typed: str) -> Shown:
    return confirm(decide(case(desk, one), action=action, **typed))


# What waits.


def test_the_desk_lists_what_waits_and_what_is_overdue_first(town: Town, board: Board) -> None:
    first, second = board.submitted(), board.submitted()
    with time_machine.travel(LATER, tick=False):
        desk = sign_in(town, board.county)
        late = board.submitted()
        waiting = board.house.get(board.county, "/whitelist/to-do", total=True, page_size=200)
        shown = desk.get("/affairs")
        overdue = desk.get("/affairs", {"due": "overdue"})
    assert f"共 {waiting['total']} 份" in shown.text
    places = [shown.text.find(one["number"]) for one in waiting["items"][:50]]
    assert -1 not in places
    assert places == sorted(places)
    assert "已逾期 2 个工作日" in shown.text
    assert {first["number"], second["number"]} <= set(overdue.text.split())
    assert late["number"] not in overdue.text


def test_a_filter_that_finds_nothing_says_which_to_drop(county: Desk, board: Board) -> None:
    board.submitted()
    shown = county.get("/affairs", {"kind": "project", "due": "overdue"})
    assert "共 0 份" in shown.text
    assert "去掉" in shown.text
    assert "/affairs?kind=project" in shown.links()


# One case.


def test_a_case_shows_contradictions_first_then_every_condition_with_its_source(town: Town, board: Board) -> None:
    key = board.institution()
    checked = {"value": False, "provenance": "checked", "on": "2026-11-01", "by": "虚构消防部门"}
    at = f"/institutions/{key}"
    version = board.house.get(board.county, at)["version"]
    body = {"facts": {"institution.fire_safety_passed": checked}}
    assert board.house.call(board.county, "PATCH", at, json=body, version=version).status_code == 200
    one = board.submitted(key)
    criteria = board.read(board.county, one)["criteria"]
    shown = case(sign_in(town, board.county), one)
    clash = next(each for each in criteria["conditions"] if each["contradiction"])
    assert -1 < shown.text.find(clash["contradiction"]["sentence"]) < shown.text.find("逐项核对")
    for each in criteria["conditions"]:
        assert each["label"] in shown.text
        assert each["citation"]["label"] in shown.text
    assert "虚构消防部门" in shown.text
    assert criteria["standing_label"] in shown.text
    recommend = next(tag for tag in shown.response.text.split("<input") if 'value="recommend"' in tag)
    assert "disabled" in recommend.partition(">")[0]


def test_nothing_is_chosen_for_anybody_and_what_was_typed_stays(county: Desk, board: Board) -> None:
    one = board.submitted()
    form = case(county, one).form(f"/affairs/nominations/{one['id']}/check")
    assert "action" not in dict(form.fields)
    shown = form.send(note="虚构的说明")
    assert (shown.status, shown.wrong()) == (422, ["f-action"])
    assert dict(shown.form(form.action).fields)["note"] == "虚构的说明"


def test_a_return_needs_a_reason_and_words(county: Desk, board: Board) -> None:
    one = board.submitted()
    shown = decide(case(county, one), action="return")
    assert (shown.status, shown.wrong()) == (422, ["f-reason_code", "f-note"])
    assert dict(shown.form(f"/affairs/nominations/{one['id']}/check").fields)["action"] == "return"
    confirm(decide(shown, action="return", reason_code="incomplete_file", note="虚构：缺消防意见"))
    after = board.read(board.county, one)
    assert (after["state"], after["steps"][-1]["note"]) == ("returned", "虚构：缺消防意见")
    assert "虚构：缺消防意见" in case(county, one).text


def test_nothing_happens_before_the_check_is_confirmed_and_then_once(county: Desk, board: Board) -> None:
    one = board.submitted()
    check = decide(case(county, one), action="recommend", note="虚构：现场看过")
    assert "还没有提交" in check.text
    assert "虚构：现场看过" in check.text
    assert board.read(board.county, one)["state"] == "submitted"
    first, again = confirm(check), confirm(check)
    assert (first.status, again.status, "已推荐" in again.text) == (200, 200, True)
    after = board.read(board.county, one)
    assert (after["state"], len(after["steps"])) == ("recommended", 3)


def test_one_may_go_back_from_the_check_with_everything_typed(county: Desk, board: Board) -> None:
    one = board.submitted()
    check = decide(case(county, one), action="recommend", note="虚构的说明")
    form = next(form for form in check.forms if "resume" in form.names)
    shown = form.send(pressed=("resume", "1"))
    kept = dict(shown.form(f"/affairs/nominations/{one['id']}/check").fields)
    assert (kept["action"], kept["note"]) == ("recommend", "虚构的说明")
    assert board.read(board.county, one)["state"] == "submitted"


def test_whoever_submitted_is_told_that_another_recommends(town: Town, board: Board) -> None:
    one = board.submitted()
    desk = sign_in(town, board.clerk)
    form = case(desk, one).form(f"/affairs/nominations/{one['id']}/check")
    assert "一个人只办一级" in case(desk, one).text
    assert 'value="recommend"' not in case(desk, one).response.text
    refused = desk.post(f"/affairs/nominations/{one['id']}", dict(form.fields) | {"action": "recommend"})
    assert (refused.status, "一人经办两级" in refused.text or "经办" in refused.text) == (409, True)
    assert board.read(board.county, one)["state"] == "submitted"


def test_who_comes_second_reads_what_has_become_of_it(town: Town, county: Desk, board: Board) -> None:
    one = board.submitted()
    check = decide(case(county, one), action="reject", reason_code="criteria_not_met", note="虚构的理由")
    board.act(board.county, board.read(board.county, one), "recommend")
    shown = confirm(check)
    assert shown.status == 412
    assert "县级已推荐" in shown.text
    assert board.read(board.county, one)["state"] == "recommended"


def test_a_case_beyond_the_own_region_is_not_there(town: Town, board: Board) -> None:
    one = board.submitted()
    assert case(sign_in(town, board.sibling), one).status == 404
    assert case(sign_in(town, town.people.bank), one).status == 403
    assert sign_in(town, None).get("/affairs").path == "/sign-in"


def test_an_institution_is_nominated_from_the_register(county: Desk, board: Board) -> None:
    key = board.institution()
    page = county.get(f"/affairs/register/{key}/nominate")
    assert page.form(f"/affairs/register/{key}/nominate").send().wrong() == ["f-subject"]
    shown = page.form(f"/affairs/register/{key}/nominate").send(subject=f"institution:{key}")
    assert "还没有申报" in shown.text
    found = board.house.get(board.county, "/whitelist/nominations", institution=key)["items"]
    assert [(one["state"], one["institution_id"]) for one in found] == [("draft", key)]
    assert f"/affairs/nominations/{found[0]['id']}" in county.get(f"/affairs/register/{key}").links()


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
    shown = form.send(**typed, **{"facts__institution.beds_total": "一百二十"})
    assert (shown.status, shown.wrong()) == (422, ["f-facts-institution-beds_total"])
    kept = dict(shown.form("/affairs/register/new").fields)
    assert (kept["name"], kept["facts/institution.beds_total"]) == ("虚构新安养老院", "一百二十")
    made = shown.form("/affairs/register/new").send(**{"facts__institution.beds_total": "120"})
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
    old, form = county.get(at).form(at), county.get(at).form(at)
    form.send(vouched="declared", **{"facts__institution.food_licensed": ""})
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
    county: Desk, board: Board, noun: str, typed: dict[str, str], fact: tuple[str, Any]
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
    typed = {"fact": "institution.lawful_compliant", "person": "虚构经办人", "evidence": "虚构的依据"}
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


# A batch.


def approved(board: Board) -> dict[str, Any]:
    one = board.act(board.county, board.submitted(), "recommend")
    return board.act(board.province, board.act(board.city, one, "review"), "approve")


def drafted(desk: Desk, *nominations: Mapping[str, Any]) -> Shown:
    form = desk.get("/affairs/batches/new").form("/affairs/batches/new")
    return form.send(title="虚构的一批", add=[str(one["id"]) for one in nominations])


def test_a_batch_goes_from_draft_to_the_list_by_two_people(town: Town, board: Board) -> None:
    maker, first, second = sign_in(town, board.province), approved(board), approved(board)
    assert drafted(maker).path.startswith("/affairs/batches/"), "an empty draft is a draft"
    batch = drafted(maker, first, second)
    at = batch.path
    assert sign_in(town, board.county).get(at).status == 404, "a draft is the province's own"
    short = confirm(batch.form(f"{at}/notice/check").send(notice_to="2026-11-21"))
    assert (short.status, short.wrong()) == (422, ["f-notice_to"])
    check = short.form(f"{at}/notice/check").send(notice_to="2026-11-26")
    assert "还没有公示" in check.text
    shown = confirm(check)
    assert "公示中" in shown.text
    objected(town, board, second)
    assert "有 1 处要先处理" in maker.get(at).text
    dismissed(town, board)
    with time_machine.travel(LATER, tick=False):
        assert "须由另一位同事办理" in sign_in(town, board.province).get(at).text
        checker = sign_in(town, board.province_second)
        form = checker.get(at).form(f"{at}/publish/check")
        assert form.send().wrong() == ["f-document_number"]
        published = confirm(form.send(document_number="晋民发〔2026〕88号（虚构）"))
        assert "已发布" in published.text
        lines = board.house.get(board.county, f"/whitelist/batches/{at.rpartition('/')[2]}/rows")["items"]
        assert all(line["line"]["number"] in published.text for line in lines)
        printed_as_the_api_prints(town, board, at)
        acted_on(town, board, first)


def objected(town: Town, board: Board, one: Mapping[str, Any]) -> None:
    desk = sign_in(town, board.county)
    at = f"/affairs/nominations/{one['id']}/object"
    form = desk.get(at).form(f"{at}/check")
    assert form.send(who="虚构的李先生").wrong() == ["f-text"]
    shown = confirm(form.send(who="虚构的李先生", text="虚构：去年起停业"))
    assert "虚构：去年起停业" in shown.text
    assert "由省民政厅认定" in shown.text


def dismissed(town: Town, board: Board) -> None:
    desk = sign_in(town, board.province)
    (link,) = {
        one for one in desk.get("/affairs/batches/objections", {"undecided": "true"}).links() if "objections/" in one
    }
    form = desk.get(link).form(f"{link}/check")
    assert form.send().wrong() == ["f-decision", "f-reason"]
    assert "异议不成立" in confirm(form.send(decision="dismiss", reason="虚构：实地核查正常")).text


def printed_as_the_api_prints(town: Town, board: Board, at: str) -> None:
    desk = sign_in(town, board.county)
    for ending in ("html", "xlsx"):
        shown = desk.get(f"{at}/list.{ending}").response
        api = board.house.call(board.county, "GET", f"{at.replace('/affairs', '/whitelist')}/list.{ending}")
        assert shown.content == api.content
        for name in ("content-type", "content-disposition", "content-security-policy"):
            assert shown.headers.get(name) == api.headers.get(name)


def acted_on(town: Town, board: Board, one: Mapping[str, Any]) -> None:
    maker = sign_in(town, board.province)
    (link,) = {
        link
        for link in maker.get("/affairs/batches/entries", {"q": "康宁"}).links()
        if "/entries/" in link and entry_of(board, board.province, link)["nomination_id"] == one["id"]
    }
    form = maker.get(link).form(f"{link}/check")
    assert "action" not in dict(form.fields)
    assert form.send().wrong() == ["f-action"]
    typed = {"reason_code": "risk_reported", "document_number": "晋民函〔2026〕9号（虚构）"}
    assert form.send(action="suspend").wrong() == ["f-reason_code", "f-document_number"]
    assert "已暂停" in confirm(form.send(action="suspend", **typed)).text
    again = maker.get(link)
    assert "须由另一位同事办理" in again.text
    refused = confirm(again.form(f"{link}/check").send(action="remove", **typed | {"reason_code": "risk_confirmed"}))
    assert (refused.status, entry_of(board, board.province, link)["state"]) == (409, "suspended")


def entry_of(board: Board, person: Person, link: str) -> dict[str, Any]:
    found: dict[str, Any] = board.house.get(person, f"/whitelist/entries/{UUID(link.rpartition('/')[2])}")
    return found
