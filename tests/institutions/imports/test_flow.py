"""From the sheet to the registry and back, over HTTP: what is found, what is written, what is refused."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from python_calamine import CalamineWorkbook

from app.access.permissions import Role
from tests.access.house import CITY, SIBLING, House, refused
from tests.institutions.imports.clerks import Clerk, a_clerk, a_row
from tests.institutions.registry import a_uscc

Found = dict[str, Any]


@pytest.fixture(scope="module")
def clerk(house: House) -> Clerk:
    return a_clerk(house)


def counts(found: Found, *names: str) -> list[int]:
    return [found["counts"][name] for name in names]


def test_a_dry_run_writes_nothing_and_the_apply_writes_it(clerk: Clerk) -> None:
    found = clerk.bring([a_row("虚构松柏养老院"), a_row("虚构长青敬老院", None)])
    assert (found["state"], found["dry_run"]) == ("checked", True)
    assert counts(found, "total", "added", "written") == [2, 2, 0]
    assert clerk.named("虚构松柏") == []
    applied = clerk.apply(found)
    assert (applied["state"], applied["operation"]["state"]) == ("applied", "done")
    assert counts(applied, "added", "written") == [2, 2]
    (row,) = clerk.named("虚构松柏")
    facts = clerk.institution(row["id"])["facts"]
    assert facts["institution.beds_total"]["value"] == 60
    assert facts["institution.beds_total"]["provenance"] == "declared"
    assert clerk.named("虚构长青")[0]["provisional_number"].startswith("P140105")


def test_the_template_comes_back_as_an_empty_import(clerk: Clerk) -> None:
    template = clerk.house.call(clerk.person, "GET", "/imports/template.xlsx")
    assert template.status_code == 200
    found = clerk.bring(template.content)
    assert (found["state"], found["counts"]["total"]) == ("checked", 0)


def test_a_row_that_is_known_shows_its_differences_and_becomes_a_version(clerk: Clerk) -> None:
    row = a_row("虚构银杏养老院", 联系电话="0351-0000001")
    key = clerk.rows(clerk.bring([row], dry_run=False))[0]["institution_id"]
    again = {**row, "床位总数": 80, "联系电话": "0351-0000002", "护理型床位": None}
    found = clerk.bring([again])
    (seen,) = clerk.rows(found)
    assert (seen["outcome"], seen["institution_id"]) == ("updated", key)
    told = {one["label"]: (one["old"], one["new"]) for one in seen["differences"]}
    assert told == {"床位总数": ("60 张", "80 张"), "联系电话": ("0351-0000001", "0351-0000002")}
    assert clerk.institution(key)["version"] == 1
    clerk.apply(found)
    after = clerk.institution(key)
    assert (after["version"], after["telephone"]) == (2, "0351-0000002")
    # What the sheet leaves blank stays.
    assert after["facts"]["institution.beds_nursing"]["value"] == 20
    assert counts(clerk.bring([again]), "unchanged", "updated") == [1, 0]


def test_an_equal_value_keeps_who_checked_it_and_a_new_one_says_whose_it_replaces(clerk: Clerk) -> None:
    row = a_row("虚构玉兰养老院")
    key = clerk.rows(clerk.bring([row], dry_run=False))[0]["institution_id"]
    checked = {"value": 60, "provenance": "checked", "on": "2026-03-01", "by": "虚构区民政局"}
    path, body = f"/institutions/{key}", {"facts": {"institution.beds_total": checked}}
    assert clerk.house.call(clerk.person, "PATCH", path, json=body, version=1).status_code == 200
    assert counts(clerk.bring([row]), "unchanged") == [1]
    (seen,) = clerk.rows(clerk.bring([{**row, "床位总数": 61}]))
    assert [one["checked_by"] for one in seen["differences"]] == ["虚构区民政局"]


def test_a_wrong_row_says_the_cell_what_stands_there_and_what_to_write(clerk: Clerk) -> None:
    rows = [
        a_row("虚构海棠花照料站", "91140000X000000000"),
        a_row("虚构丁香养老院", 床位总数="很多"),
        a_row("虚构石榴红互助点", 护理型床位=61),
    ]
    found = clerk.bring(rows)
    assert counts(found, "wrong", "added") == [3, 0]
    problems = [one["problems"][0] for one in clerk.rows(found, outcome="wrong")]
    assert [one["cell"] for one in problems] == ["B2", "E3", "F4"]
    assert [one["written"] for one in problems] == ["91140000X000000000", "很多", "61"]
    assert problems[2]["code"] == "beds_above_total"
    report = clerk.house.call(clerk.person, "GET", f"/imports/{found['id']}/report.xlsx")
    cells = CalamineWorkbook.from_filelike(BytesIO(report.content)).get_sheet_by_index(0).to_python()
    assert cells[0][-1] == "要改什么"
    assert all(row[-1] for row in cells[1:])


def test_rows_that_mean_the_same_site_are_all_wrong(clerk: Clerk) -> None:
    code = a_uscc()
    rows = [a_row("虚构桂花养老院", code), a_row("虚构桂花二院", code, 院点序号=2), a_row("虚构桂花养老院", code)]
    named = [a_row("虚构梧桐敬老院", None), a_row("虚构 梧桐敬老院", None)]
    found = clerk.bring(rows + named)
    assert [one["outcome"] for one in clerk.rows(found)] == ["wrong", "added", "wrong", "wrong", "wrong"]
    assert "第 4 行" in clerk.rows(found)[0]["problems"][0]["detail"]


def test_a_name_that_is_nearly_anothers_is_held_until_somebody_says_otherwise(clerk: Clerk) -> None:
    clerk.bring([a_row("虚构幸福里颐养中心")], dry_run=False)
    found = clerk.bring([a_row("虚构幸福里颐养中心", None), a_row("虚构天龙护理院")])
    assert counts(found, "duplicate", "added") == [1, 1]
    (held,) = clerk.rows(found, outcome="duplicate")
    assert held["duplicates"][0]["name"] == "虚构幸福里颐养中心"
    assert refused(clerk.act(found, "apply", {"mode": "atomic"})) == (409, "import_has_open_rows")
    assert counts(clerk.apply(found, mode="partial"), "duplicate", "written") == [1, 1]
    again = clerk.bring([a_row("虚构幸福里颐养中心", None)])
    assert counts(clerk.apply(again, duplicates="add"), "added", "written") == [1, 1]


def test_atomic_writes_all_or_nothing_and_partial_what_can_be(clerk: Clerk) -> None:
    rows = [a_row("虚构紫藤养老院"), a_row("虚构白桦养老院", 床位总数="很多")]
    whole = clerk.bring(rows, dry_run=False, mode="atomic")
    assert (whole["state"], whole["operation"]["error"]["code"]) == ("checked", "import_has_open_rows")
    assert counts(whole, "written") == [0]
    assert clerk.named("虚构紫藤") == []
    part = clerk.bring(rows, dry_run=False, mode="partial")
    assert (part["state"], counts(part, "written", "wrong")) == ("applied", [1, 1])
    assert len(clerk.named("虚构紫藤")) == 1


def test_a_stated_need_comes_with_its_institution_and_only_once(clerk: Clerk) -> None:
    row = a_row("虚构红枫养老院", 需求期限=36) | {"资金需求（万元）": 200}
    first = clerk.rows(clerk.bring([row], dry_run=False))[0]
    path = f"/institutions/{first['institution_id']}/needs"
    (need,) = clerk.house.get(clerk.person, path)["items"]
    assert need["facts"]["need.amount_yuan"]["value"] == "2000000.00"
    assert counts(clerk.bring([row]), "unchanged") == [1]
    (other,) = clerk.rows(clerk.bring([{**row, "资金需求（万元）": 300}]))
    assert (other["outcome"], other["problems"][0]["code"]) == ("wrong", "need_on_record")


def test_what_changed_since_the_check_is_not_written(clerk: Clerk) -> None:
    kept, moved = a_row("虚构云杉林护理站"), a_row("虚构雪山颐乐园")
    clerk.bring([moved], dry_run=False)
    found = clerk.bring([kept, {**moved, "床位总数": 70}])
    clerk.bring([{**moved, "床位总数": 90}], dry_run=False)
    stopped = clerk.apply(found, mode="atomic")
    assert (stopped["state"], stopped["operation"]["error"]["code"]) == ("checked", "registry_changed_since")
    assert counts(stopped, "changed", "added", "written") == [1, 1, 0]
    assert "已被他人修改" in clerk.rows(stopped, outcome="changed")[0]["problems"][0]["detail"]
    assert counts(clerk.apply(stopped, mode="partial"), "changed", "written") == [1, 1]
    (still,) = clerk.named("虚构雪山")
    assert still["beds_total"] == 90


def test_a_change_that_alters_no_outcome_stops_nothing(clerk: Clerk) -> None:
    row = a_row("虚构清泉颐养苑")
    first = clerk.rows(clerk.bring([row], dry_run=False))[0]
    found = clerk.bring([{**row, "床位总数": 70}])
    path = f"/institutions/{first['institution_id']}"
    answer = clerk.house.call(clerk.person, "PATCH", path, json={"address": "虚构路 2 号"}, version=1)
    assert answer.status_code == 200
    assert counts(clerk.apply(found), "updated", "written") == [1, 1]
    after = clerk.institution(first["institution_id"])
    assert (after["address"], after["facts"]["institution.beds_total"]["value"]) == ("虚构路 2 号", 70)


def test_a_clerk_imports_the_own_county_only(clerk: Clerk, house: House) -> None:
    sibling = a_clerk(house, SIBLING)
    row = a_row("虚构腊梅养老院")
    clerk.bring([row], dry_run=False)
    found = sibling.bring([a_row("虚构迎春养老院"), {**row, "所在县（市、区）": "140106"}])
    wrong = sibling.rows(found, outcome="wrong")
    assert [one["problems"][0]["code"] for one in wrong] == ["beyond_scope", "registered_elsewhere"]
    assert "虚构腊梅" not in wrong[1]["problems"][0]["detail"]
    assert house.call(clerk.person, "GET", f"/imports/{found['id']}").status_code == 404
    assert house.call(clerk.person, "GET", f"/operations/{found['operation']['id']}").status_code == 404
    city = a_clerk(house, CITY)
    assert house.get(city.person, f"/imports/{found['id']}")["id"] == found["id"]
    assert counts(city.bring([{**row, "床位总数": 65}], dry_run=False), "updated", "written") == [1, 1]


@pytest.mark.parametrize("role", [Role.PBOC, Role.FINANCE, Role.AUDITOR, Role.SYSTEM_ADMIN])
def test_nobody_else_imports(house: House, role: Role) -> None:
    other = Clerk(house, house.somebody(role))
    assert refused(other.send([a_row("虚构不该有养老院")])) == (403, "forbidden")


def test_what_is_sent_again_is_done_once(clerk: Clerk) -> None:
    rows, key = [a_row("虚构向日葵老人之家")], uuid4().hex
    answers = [clerk.send(rows, key=key, dry_run=False) for _ in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1
    found = clerk.outcome(answers[2])
    assert len(clerk.named("虚构向日葵")) == 1
    twice = [clerk.act(found, "undo", key="u" + key) for _ in range(2)]
    assert [answer.status_code for answer in twice] == [202, 202]
    assert twice[0].json()["id"] == twice[1].json()["id"]
    assert clerk.outcome(twice[0])["state"] == "undone"


def test_an_action_names_the_version_that_was_seen(clerk: Clerk) -> None:
    found = clerk.bring([a_row("虚构芍药养老院")])
    stale = clerk.act(found, "apply", {}, version=found["version"] - 1)
    assert refused(stale) == (412, "version_stale")
    assert refused(clerk.act(found, "undo")) == (409, "import_not_applied")
    clerk.apply(found)
    again = clerk.house.get(clerk.person, f"/imports/{found['id']}")
    assert refused(clerk.act(again, "apply", {})) == (409, "import_not_checked")


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "import_file_refused"), (b"PK\x03\x04 broken", None), (b"\xff\xd8\xff no workbook", None)],
)
def test_a_file_that_is_no_workbook_is_said_to_be_none(clerk: Clerk, content: bytes, code: str | None) -> None:
    if code is not None:
        assert refused(clerk.send(content)) == (422, code)
        return
    found = clerk.bring(content)
    assert (found["state"], found["operation"]["state"]) == ("unreadable", "failed")
    assert found["operation"]["error"]["detail"]
    report = clerk.house.call(clerk.person, "GET", f"/imports/{found['id']}/report.xlsx")
    assert refused(report) == (409, "report_not_ready")


def test_imports_are_listed_with_the_newest_first(clerk: Clerk) -> None:
    brought = [clerk.bring([a_row(f"虚构{flower}养老院")])["id"] for flower in ("蔷薇", "月季", "木槿")]
    listed = clerk.house.get(clerk.person, "/imports", page_size=2, total=True)
    assert [one["id"] for one in listed["items"]] == brought[:0:-1]
    assert listed["total"] >= len(brought)
