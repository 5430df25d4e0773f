"""Civil affairs at their desks: pages show what the API answers, and nothing is done before it was checked."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
import time_machine

from tests.access.people import Person
from tests.access.town import Town
from tests.console.checked import confirm
from tests.console.desk import Desk, Shown, sign_in
from tests.whitelist.board import Board

# A Friday, so that a deadline of five working days is the Friday after it.
FRIDAY: Final = datetime(2026, 11, 20, 2, tzinfo=UTC)
LATER: Final = datetime(2026, 12, 1, 2, tzinfo=UTC)


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


def decide(shown: Shown, **typed: Any) -> Shown:
    """Fill in the form of a case; what is shown is the check, or the form again."""
    return shown.form(f"{shown.path.removesuffix('/check')}/check").send(**typed)


def done(desk: Desk, one: Mapping[str, Any], action: str, **typed: Any) -> Shown:
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
    assert sign_in(town, None).get("/affairs").path == "/login"


def test_an_institution_is_nominated_from_the_register(county: Desk, board: Board) -> None:
    key = board.institution()
    page = county.get(f"/affairs/register/{key}/nominate")
    assert page.form(f"/affairs/register/{key}/nominate").send().wrong() == ["f-subject"]
    shown = page.form(f"/affairs/register/{key}/nominate").send(subject=f"institution:{key}")
    assert "还没有申报" in shown.text
    found = board.house.get(board.county, "/whitelist/nominations", institution=key)["items"]
    assert [(one["state"], one["institution_id"]) for one in found] == [("draft", key)]
    assert f"/affairs/nominations/{found[0]['id']}" in county.get(f"/affairs/register/{key}").links()


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
    assert str(first["id"]) not in maker.get("/affairs/batches/new").response.text, "it is in a batch"
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
    typed: dict[str, Any] = {"reason_code": "risk_reported", "document_number": "晋民函〔2026〕9号（虚构）"}
    assert form.send(action="suspend").wrong() == ["f-reason_code", "f-document_number"]
    assert "已暂停" in confirm(form.send(action="suspend", **typed)).text
    again = maker.get(link)
    assert "须由另一位同事办理" in again.text
    refused = confirm(again.form(f"{link}/check").send(action="remove", **typed | {"reason_code": "risk_confirmed"}))
    assert (refused.status, entry_of(board, board.province, link)["state"]) == (409, "suspended")


def entry_of(board: Board, person: Person, link: str) -> dict[str, Any]:
    found: dict[str, Any] = board.house.get(person, f"/whitelist/entries/{UUID(link.rpartition('/')[2])}")
    return found
