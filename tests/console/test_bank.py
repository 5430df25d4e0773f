"""A bank's pages: what stands on them is the API's answer to the same person, and what is typed does one thing once."""

import csv
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any, Final
from uuid import UUID

import openpyxl
import pytest

from app.console.bank.pages import degree, lacks
from app.http.clock import today
from tests.access.town import Town, leaf
from tests.console.counter import Counter, wording
from tests.console.desk import Form, Shown, sign_in
from tests.referrals.test_answers import filled

REVENUE: Final = "institution.annual_revenue_yuan"


@pytest.fixture
def counter(town: Town) -> Counter:
    """A bank of the test's own."""
    return Counter(town)


# --- Candidates ------------------------------------------------------------------------------------------------------


def test_candidates_are_the_api_s_rows_with_what_each_lacks(counter: Counter) -> None:
    key = counter.product(requires=leaf("revenue", "ge", REVENUE, value="3000000"))
    found = counter.api(f"/products/{key}/candidates", expand="conditions")
    shown = counter.desk.get("/bank/candidates", {"product": key})
    assert shown.status == 200
    assert len(found["items"]) == len(counter.borrowers)
    for row in found["items"]:
        assert row["name"] in shown.text
        met = degree(row["conditions"])
        assert f"{met.met}／{met.total} 条" in shown.text
        open_, kept = lacks(row)
        assert "年营业收入" in kept
        assert all(label in shown.text for label in (*open_, *kept))
    assert "4,000,000" not in shown.text


def test_counts_that_a_bank_may_not_read_are_said_to_be_few(counter: Counter) -> None:
    key = counter.product()
    counts = counter.api(f"/products/{key}/candidates", total="true")["counts"]
    assert {one["cases"] for one in counts.values()} == {None}
    shown = counter.desk.get("/bank/candidates", {"product": key})
    assert shown.text.count("少于 10") >= len(counts)


def test_every_filter_stands_in_the_address_and_is_taken_away_by_its_chip(counter: Counter) -> None:
    key = counter.product()
    asked = {"product": key, "outcome": "near_miss", "region": "140900"}
    shown = counter.desk.get("/bank/candidates", asked)
    assert "没有符合这些条件的" in shown.text
    chips = [link for link in shown.links() if link.startswith("/bank/candidates?product=")]
    assert f"/bank/candidates?product={key}&region=140900" in chips
    assert f"/bank/candidates?product={key}&outcome=near_miss" in chips
    form = shown.form("/bank/candidates")
    assert {"outcome", "region", "sort"} <= form.names
    assert ("region", "140900") in form.fields


def test_an_empty_list_says_which_filter_to_drop_and_what_that_would_give(counter: Counter) -> None:
    key = counter.product()
    shown = counter.desk.get("/bank/candidates", {"product": key, "region": "140900"})
    assert f"去掉“忻州市”，有{len(counter.borrowers)}个" in wording(shown)


def test_the_file_is_the_api_s_under_the_same_filters(counter: Counter) -> None:
    key = counter.product()
    page = counter.desk.get("/bank/candidates", {"product": key})
    (link,) = {one for one in page.links() if "/export?" in one}
    file = counter.desk.get(link)
    answer = counter.town.house.call(counter.lender.manager, "GET", f"/products/{key}/candidates/export")
    assert file.response.content == answer.content
    assert "attachment" in file.response.headers["content-disposition"]


def test_another_bank_s_product_and_another_role_s_pages_are_not_there(counter: Counter, town: Town) -> None:
    key = Counter(town).product()
    foreign = counter.desk.get("/bank/candidates", {"product": key})
    assert foreign.status == 404
    for path in ("/bank/candidates", "/bank/referrals", "/bank/products", "/bank/deliveries"):
        assert sign_in(town, town.people.home).get(path).status == 403, path


# --- A borrower ------------------------------------------------------------------------------------------------------


def test_a_borrower_shows_what_the_api_shows_and_names_what_is_kept_back(counter: Counter) -> None:
    key = counter.product(requires=leaf("revenue", "ge", REVENUE, value="3000000"))
    one = counter.borrowers[0]
    owner = counter.api(f"/institutions/{one.id}")
    shown = counter.desk.get(f"/bank/borrowers/institution/{one.id}", {"product": key})
    assert shown.status == 200
    (row,) = counter.api(f"/products/{key}/candidates", case=str(one.id), expand="conditions")["items"]
    assert all(condition["wanted"] in shown.text for condition in row["conditions"])
    assert REVENUE in owner["masked"]
    assert "年营业收入" in shown.text
    assert "4,000,000" not in shown.text
    assert "400 万元" not in shown.text
    assert "100 张" in shown.text


def test_a_borrower_that_the_product_does_not_fit_is_said_to_be_none(counter: Counter) -> None:
    key = counter.product(applies=leaf("beds", "ge", "institution.beds_total", value=9_000))
    shown = counter.desk.get(f"/bank/borrowers/institution/{counter.borrowers[0].id}", {"product": key})
    assert "现在不在这个产品的候选客户里" in shown.text


def consent_form(counter: Counter) -> Form:
    path = f"/bank/borrowers/institution/{counter.borrowers[0].id}/consent"
    return counter.desk.get(path).form(path)


def test_a_request_for_consent_keeps_what_was_typed_and_links_what_is_missing(counter: Counter) -> None:
    shown = consent_form(counter).send(fields=[REVENUE], valid_to="", reason="核实营业收入")
    assert shown.status == 422
    assert shown.wrong() == ["f-purpose", "f-valid_to"]
    again = dict(shown.forms[-1].fields)
    assert (again["fields"], again["reason"]) == (REVENUE, "核实营业收入")
    early: dict[str, Any] = {
        "valid_from": "2020-01-01",
        "valid_to": "2020-02-01",
        "purpose": "due_diligence",
        "fields": [REVENUE],
    }
    refused = consent_form(counter).send(reason="核实", **early)
    assert "f-valid_from" in refused.wrong()
    assert counter.api("/consents/requests")["items"] == []


def test_a_request_is_made_once_however_often_its_form_is_sent_and_can_be_taken_back(counter: Counter) -> None:
    form, until = consent_form(counter), (today() + timedelta(days=90)).isoformat()
    typed: dict[str, Any] = {
        "fields": [REVENUE],
        "purpose": "due_diligence",
        "valid_to": until,
        "reason": "核实营业收入",
    }
    shown = form.send(**typed)
    assert "请求已发给机构" in shown.text
    assert "待机构答复" in shown.text
    form.send(**typed)
    (made,) = counter.api("/consents/requests")["items"]
    assert [one["field"] for one in made["fields"]] == [REVENUE]
    cancel = next(one for one in shown.forms if one.action.endswith("/cancel"))
    assert "请求已取消" in cancel.send().text
    assert counter.api(f"/consents/requests/{made['id']}")["state"] == "cancelled"


# --- Follow-up -------------------------------------------------------------------------------------------------------


def test_the_list_has_the_api_s_rows_the_earliest_deadline_first(counter: Counter) -> None:
    rows = counter.api("/referrals", total="true")
    shown = counter.desk.get("/bank/referrals")
    assert f"共 {rows['total']} 条" in shown.text
    places = [shown.text.index(row["name"]) for row in rows["items"]]
    assert places == sorted(places)
    late = counter.desk.get("/bank/referrals", {"due": "overdue"})
    assert not any(row["name"] in late.text for row in rows["items"])
    assert f"去掉“已超期”，有{rows['total']}条" in wording(late)


def test_contact_is_registered_once_and_a_day_to_come_is_refused_at_its_field(counter: Counter) -> None:
    path = f"/bank/referrals/{counter.referrals[0]}/contact"
    form = counter.desk.get(path).form(path)
    refused = form.send(contacted_on=(today() + timedelta(days=3)).isoformat(), note="电话无人接")
    assert refused.wrong() == ["f-contacted_on"]
    assert dict(refused.form(path).fields)["note"] == "电话无人接"
    shown = refused.form(path).send(contacted_on=today().isoformat())
    assert "已登记联系" in shown.text
    assert "电话无人接" in shown.text
    refused.form(path).send(contacted_on=today().isoformat())
    one = counter.api(f"/referrals/{counter.referrals[0]}")
    assert [step["action"] for step in one["steps"]] == ["deliver", "contact"]


def test_declining_is_checked_first_and_nothing_has_happened_until_it_is_confirmed(counter: Counter) -> None:
    place = f"/bank/referrals/{counter.referrals[1]}"
    form = counter.desk.get(f"{place}/decline").form(f"{place}/decline/check")
    assert dict(form.fields).get("reason_code", "") == ""
    missing = form.send(note="再等等")
    assert missing.wrong() == ["f-reason_code"]
    check = missing.form(f"{place}/decline/check").send(reason_code="security")
    assert "还没有登记不予办理" in check.text
    assert "担保条件不足" in check.text
    assert counter.api(f"/referrals/{counter.referrals[1]}")["state"] == "not_contacted"
    confirmed = check.form(f"{place}/decline")
    assert "已登记不予办理" in confirmed.send().text
    confirmed.send()
    one = counter.api(f"/referrals/{counter.referrals[1]}")
    assert (one["state"], one["reason_code"], len(one["steps"])) == ("declined", "security", 2)
    assert one["steps"][-1]["note"] == "再等等"


def test_what_was_changed_meanwhile_is_not_overwritten(counter: Counter) -> None:
    place = f"/bank/referrals/{counter.referrals[0]}"
    mine = counter.desk.get(f"{place}/assign").form(f"{place}/assign")
    theirs = counter.mate.get(f"{place}/contact").form(f"{place}/contact")
    theirs.send()
    shown = mine.send(manager_id=str(counter.lender.mate.account_id))
    assert shown.status == 412
    assert counter.api(f"/referrals/{counter.referrals[0]}")["manager_id"] is None
    again = shown.form(f"{place}/assign").send()
    assert "客户经理已指定" in again.text
    assert counter.api(f"/referrals/{counter.referrals[0]}")["manager_id"] == str(counter.lender.mate.account_id)


def test_a_step_that_may_not_be_taken_has_no_form(counter: Counter) -> None:
    shown = counter.desk.get(f"/bank/referrals/{counter.referrals[0]}/disburse")
    assert "不能登记放款" in shown.text
    assert not any(form.action.endswith("/disburse/check") for form in shown.forms)
    assert counter.desk.get(f"/bank/referrals/{counter.referrals[0]}/dance").status == 404


def workbook(counter: Counter, answers: dict[UUID, dict[str, Any]]) -> bytes:
    file = counter.desk.get("/bank/referrals/answers.xlsx").response.content
    return filled(openpyxl.load_workbook(BytesIO(file)), answers)


def test_a_workbook_is_checked_cell_by_cell_and_written_only_on_the_second_press(counter: Counter) -> None:
    first, second = counter.referrals
    path = "/bank/referrals/answers"

    def send(content: bytes) -> Shown:
        files = {"file": ("反馈.xlsx", content, "application/octet-stream")}
        return counter.desk.get(path).form(path).send(files=files)

    assert counter.desk.get(path).form(path).send().wrong() == ["f-file"]
    wrong = send(workbook(counter, {first: {"办理结果": "已联系", "办理日期": "不知道"}}))
    assert "还没有写入" in wrong.text
    assert "不知道" in wrong.text
    assert "第 3 行" in wrong.text or "第 4 行" in wrong.text
    assert not any(("do", "write") in form.fields for form in wrong.forms)
    answers = {one: {"办理结果": "已联系", "办理日期": today()} for one in (first, second)}
    right = send(workbook(counter, answers))
    assert "还没有写入" in right.text
    assert {row["state"] for row in counter.api("/referrals")["items"]} == {"not_contacted"}
    write = next(form for form in right.forms if ("do", "write") in form.fields)
    assert "反馈已写入" in write.send().text
    write.send()
    found = [counter.api(f"/referrals/{one}") for one in (first, second)]
    assert {one["state"] for one in found} == {"contacted"}
    assert {len(one["steps"]) for one in found} == {2}


# --- Lists received --------------------------------------------------------------------------------------------------


def test_a_list_received_is_shown_signed_for_and_saved_line_by_line(counter: Counter) -> None:
    (push,) = counter.api("/pushes")["items"]
    (one,) = push["deliveries"]
    items = counter.api(f"/pushes/{push['id']}/deliveries/{one['id']}/items")["items"]
    listed = counter.desk.get("/bank/deliveries")
    assert one["number"] in listed.text
    assert "还没有人签收" in listed.text
    path = f"/bank/deliveries/{push['id']}/{one['id']}"
    shown = counter.desk.get(path)
    assert all(row["name"] in shown.text for row in items)
    receive = shown.form(f"{path}/receive")
    assert "已签收" in receive.send().text
    receive.send()
    receipts = counter.api(f"/pushes/{push['id']}/deliveries/{one['id']}")["receipts"]
    assert [row["way"] for row in receipts] == ["confirmed"]
    file = counter.desk.get(f"{path}/file").response
    rows = list(csv.reader(StringIO(file.content.decode("utf-8-sig"))))
    assert [row[2] for row in rows[1:]] == [row["name"] for row in items]
    stranger = sign_in(counter.town, counter.town.people.other_bank)
    assert stranger.get(path).status == 404


def test_a_receiving_address_shows_its_key_once(counter: Counter) -> None:
    form = counter.desk.get("/bank/webhooks").form("/bank/webhooks")
    assert form.send(description="信贷系统").wrong() == ["f-url"]
    bad = form.send(url="http://127.0.0.1/hook")
    assert bad.wrong() == ["f-url"]
    assert counter.api("/webhook-endpoints")["items"] == []


def test_the_api_narrows_its_lists_to_one_case_and_to_some_institutions(counter: Counter) -> None:
    """What the pages ask for a single borrower is what stands in the whole list."""
    key = counter.product()
    rows = counter.api(f"/products/{key}/candidates")["items"]
    for row in rows:
        alone = counter.api(f"/products/{key}/candidates", case=row["case_id"], total="true")
        assert alone["items"] == [row]
    other = counter.api(f"/products/{key}/candidates", case=key)
    assert (other["items"], other["next_cursor"]) == ([], None)
    owners = [str(one.id) for one in counter.borrowers]
    found = counter.api("/referrals", institution=owners)["items"]
    assert {row["institution_id"] for row in found} == set(owners)
    (alone,) = counter.api("/referrals", institution=owners[:1])["items"]
    assert alone["institution_id"] == owners[0]
