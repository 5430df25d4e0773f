"""An institution's own pages: what they show is the API's answer, and what is typed in them reaches the register."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from app.access.permissions import Role
from app.console.mine.own import amiss, group_of_fact
from app.console.words import yuan
from app.http.clock import now, today
from app.inbox.messages import Letter, Recipient, send
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.store.tables import Message
from tests.access.people import Person
from tests.access.town import HOME, REVENUE, Town
from tests.console.desk import Desk, Shown, sign_in

_SERIALS = count(1)
SUBSIDY = "kangyang-interest-subsidy"
CHECKED = {"value": 3, "provenance": "checked", "on": "2026-03-01", "by": "虚构区民政局"}


@dataclass
class Owner:
    """An institution of a test's own, somebody of it, and his or her browser."""

    town: Town
    key: str
    person: Person
    desk: Desk

    @property
    def path(self) -> str:
        return f"/institutions/{self.key}"

    def api(self, path: str = "", **query: Any) -> dict[str, Any]:
        return self.town.house.get(self.person, self.path + path, **query)


@pytest.fixture
def owner(town: Town) -> Owner:
    """Registered by the county, which has checked its grade."""
    facts = {
        "institution.region_code": HOME,
        "institution.kinds": ["elderly_home"],
        "institution.beds_total": 80,
        "institution.grade": CHECKED,
        "institution.medical_integration": [],
        "institution.for_profit": False,
    }
    name = f"虚构自办养老院{next(_SERIALS)}号"
    made = town.house.post(town.people.county, "/institutions", {"name": name, "facts": facts})
    person = town.house.somebody(Role.INSTITUTION, HOME, institution_id=UUID(made["id"]))
    return Owner(town, made["id"], person, sign_in(town, person))


def _offers(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (*found["programmes"], *found["products"])


def test_what_i_can_apply_for_is_what_the_api_answers(owner: Owner) -> None:
    found, shown = owner.api("/matches", expand="conditions"), owner.desk.get("/home")
    assert (shown.path, shown.status) == ("/mine", 200)
    for one in _offers(found):
        assert one["name"] in shown.text, one["slug"]
        assert one["outcome_label"] in shown.text
    assert found["disclaimer"] in shown.text
    named = [one["name"] for one in owner.town.house.get(None, "/programmes")["items"]]
    assert [name for name in named if name not in shown.text] == []


def _section(shown: Shown, name: str) -> str:
    _, _, after = shown.response.text.partition(f'id="{name}"')
    return after.partition("</section>")[0]


def test_the_three_counts_add_up_and_what_is_unknown_is_told_as_no_no(owner: Owner) -> None:
    found, shown = owner.api("/matches", expand="conditions"), owner.desk.get("/mine")
    running = [
        one
        for one in _offers(found)
        if one.get("confidence") != "secondary" and one["window"] not in {"closed", "upcoming"}
    ]
    granted = [one["slug"] for one in running if one["outcome"] in {"eligible", "in_scope"}]
    unknown = [one["slug"] for one in running if one["outcome"] == "needs_info"]
    assert f'<span class="many">{len(granted)}</span><span class="what">现在可以申请' in shown.response.text
    assert unknown
    assert [slug for slug in granted if slug not in _section(shown, "now")] == []
    assert [slug for slug in unknown if f"/{slug}?" in _section(shown, "not_now")] == []
    assert [slug for slug in unknown if f"/{slug}?" not in _section(shown, "nearly")] == []


def test_why_not_this_one_says_every_condition_in_the_way(owner: Owner) -> None:
    """One press from the list; also for what is not for the institution at all, which lists leave out."""
    shown = owner.desk.get("/mine")
    listed = {one["slug"] for one in _offers(owner.api("/matches"))}
    addresses = [one for one in shown.links() if one.startswith("/mine/offers/programme/")]
    elsewhere = [one for one in addresses if one.split("/")[4].split("?")[0] not in listed]
    assert elsewhere
    for address in dict.fromkeys([*addresses[:4], *elsewhere[:4]]):
        slug = address.split("/")[4].split("?")[0]
        answer = owner.api("/matches", expand="conditions", offer=slug)
        [one] = answer["programmes"]
        page = owner.desk.get(address)
        assert page.status == 200
        assert [each["sentence"] for each in amiss(one["conditions"]) if each["sentence"] not in page.text] == []
        assert all(step["sentence"] in page.text for step in one["advice"])
    assert owner.desk.get("/mine/offers/programme/no-such-thing").status == 404


def test_asking_for_one_offer_lists_that_one_and_counts_all(owner: Owner) -> None:
    whole, one = owner.api("/matches"), owner.api("/matches", offer=SUBSIDY)
    assert [each["slug"] for each in _offers(one)] == [SUBSIDY]
    assert one["programme_counts"] == whole["programme_counts"]
    assert owner.api("/matches", offer="no-such-thing")["programmes"] == []


def _with_loan(owner: Owner, **typed: str) -> Shown:
    form = owner.desk.get("/mine/facts/loans/new").form("/mine/facts/loans/new")
    contract: dict[str, Any] = {
        "lender": "虚构晋原银行",
        "terms__principal_yuan": "20,000,000",
        "terms__drawn_on": "2023-07-01",
        "terms__due_on": "2026-07-01",
        "rate_kind": "fixed",
        "terms__contract_rate_percent": "4.45",
    }
    return form.send(**contract | typed)


def test_how_much_subsidy_a_year_is_two_presses_away(owner: Owner) -> None:
    owner.town.house.post(owner.person, f"{owner.path}/projects", _project(), status=201)
    project = owner.api("/projects")["items"][0]["id"]
    done = _with_loan(owner, project_id=project)
    assert done.path == "/mine"
    loan = owner.api("/loans")["items"][0]["id"]
    address = next(one for one in owner.desk.get("/mine").links() if f"loan={loan}" in one and "/offers/" in one)
    page = owner.desk.get(address)
    quote = owner.api("/matches", expand="conditions", offer=SUBSIDY, loan=loan)["programmes"][0]["quote"]
    assert quote["years"]
    for year in quote["years"]:
        assert yuan(year["subsidy_yuan"]).removesuffix(" 元") in page.text
        assert year["formula"] in page.text
    assert all(reading["name"] in page.text for reading in quote["range"]["readings"])


def _project() -> dict[str, Any]:
    facts = {"project.region_code": HOME, "project.is_kangyang": True, "project.investor": "social"}
    return {"name": "虚构云溪康养社区", "facts": facts}


def test_a_loan_that_is_changed_keeps_what_was_repaid(owner: Owner) -> None:
    terms = {"principal_yuan": "2000000", "drawn_on": "2025-07-01", "due_on": "2028-07-01"}
    repaid = [{"on": "2026-01-01", "amount_yuan": "500000"}]
    body = {"lender": "虚构银行", "terms": terms | {"contract_rate_percent": "4.1", "repayments": repaid}}
    loan = owner.town.house.post(owner.person, f"{owner.path}/loans", body)["id"]
    form = owner.desk.get(f"/mine/facts/loans/{loan}").form(f"/mine/facts/loans/{loan}")
    assert dict(form.fields)["rate_kind"] == "fixed"
    floating: dict[str, Any] = {
        "rate_kind": "floating",
        "terms__contract_rate__lpr": "5y",
        "terms__contract_rate__reset": "anniversary",
    }
    assert form.send(**floating, terms__contract_rate__basis_points="-20").path == "/mine"
    found = owner.api(f"/loans/{loan}")["terms"]
    assert found["contract_rate"] == {"lpr": "5y", "basis_points": "-20", "reset": "anniversary"}
    assert found["repayments"] == repaid


def _facts(typed: dict[str, Any]) -> dict[str, Any]:
    """By the names of their fields."""
    return {f"facts__{key}": value for key, value in typed.items()}


def test_wrong_input_is_kept_and_each_error_links_to_its_field(owner: Owner) -> None:
    path = "/mine/facts/service"
    shown = (
        owner.desk.get(path)
        .form(path)
        .send(**_facts({"institution.beds_total": "八十", "institution.occupancy_percent": "71.6"}))
    )
    assert (shown.status, shown.path) == (422, path)
    assert shown.wrong() == ["f-facts-institution-beds_total"]
    again = shown.form(path)
    typed = dict(again.fields)
    assert (typed["facts/institution.beds_total"], typed["facts/institution.occupancy_percent"]) == ("八十", "71.6")
    assert owner.api()["version"] == 1
    done = again.send(**_facts({"institution.beds_total": "90"}))
    assert (done.status, done.path, "档案已修改" in done.text) == (200, "/mine/facts", True)
    facts = owner.api()["facts"]
    assert (facts["institution.beds_total"]["value"], facts["institution.occupancy_percent"]["value"]) == (90, "71.6")


def test_the_same_form_sent_twice_changes_once_and_an_old_one_is_told(owner: Owner) -> None:
    path = "/mine/facts/service"
    first, late = (owner.desk.get(path).form(path) for _ in range(2))
    for _ in range(2):
        assert first.send(**_facts({"institution.beds_total": "85"})).path == "/mine/facts"
    assert owner.api()["version"] == 2
    shown = late.send(**_facts({"institution.beds_total": "60"}))
    assert shown.status == 412
    assert dict(shown.form(path).fields)["facts/institution.beds_total"] == "60"
    assert shown.form(path).send().path == "/mine/facts", "it is sent again on the version that is there now"


def test_what_an_office_has_checked_stands_in_no_form(owner: Owner) -> None:
    everything = owner.desk.get("/mine/facts")
    assert "虚构区民政局已核实" in everything.text
    assert "#lock" in everything.response.text
    form = owner.desk.get("/mine/facts/identity").form("/mine/facts/identity")
    assert not form.names & {"facts/institution.grade", "facts/institution.region_code"}
    assert "facts/institution.ownership" in form.names


def test_every_fact_of_an_institution_has_a_place(owner: Owner) -> None:
    shown = owner.desk.get("/mine/facts")
    of_mine = [one for one in CATALOGUE if one.subject is Subject.INSTITUTION and one.type is not FactType.ATTESTATION]
    assert [one.label for one in of_mine if one.label not in shown.text] == []
    assert {group_of_fact(one.key) for one in of_mine} <= {
        link.removeprefix("/mine/facts/") for link in shown.links() if link.startswith("/mine/facts/")
    }


def test_none_of_these_is_not_unknown(owner: Owner) -> None:
    path, name = "/mine/facts/service", "institution.medical_integration"
    form = owner.desk.get(path).form(path)
    assert ("facts/" + name, "none") in form.fields
    form.send()
    assert owner.api()["facts"][name]["value"] == []
    owner.desk.get(path).form(path).send(**_facts({name: []}))
    assert name not in owner.api()["facts"]


def test_a_need_is_added_met_and_opened_again(owner: Owner) -> None:
    new = "/mine/facts/needs/new"
    wrong = owner.desk.get(new).form(new).send(**_facts({"need.amount_yuan": "三百万"}))
    assert wrong.wrong() == ["f-facts-need-amount_yuan"]
    done = wrong.form(new).send(**_facts({"need.amount_yuan": "3,000,000", "need.term_months": "36"}))
    [need] = owner.api("/needs")["items"]
    assert (done.path, need["facts"]["need.amount_yuan"]["value"]) == ("/mine", "3000000.00")
    path = f"/mine/facts/needs/{need['id']}"
    owner.desk.get(path).form(f"{path}/meet").send()
    assert owner.api("/needs")["items"][0]["status"] == "met"
    closed = owner.desk.get(path)
    assert [one.action for one in closed.forms if one.action == path] == []
    closed.form(f"{path}/reopen").send()
    assert owner.api("/needs")["items"][0]["status"] == "open"


def test_a_project_is_added_and_looked_at(owner: Owner) -> None:
    new = "/mine/facts/projects/new"
    wrong = owner.desk.get(new).form(new).send(name="虚")
    assert set(wrong.wrong()) == {"f-name"}
    done = wrong.form(new).send(name="虚构云溪项目", **_facts({"project.region_code": HOME}))
    assert done.path == "/mine/facts"
    [project] = owner.api("/projects")["items"]
    page = owner.desk.get("/mine", {"project": project["id"]})
    assert "项目：虚构云溪项目" in page.text


def test_pages_of_others_and_for_others_are_not_there(owner: Owner) -> None:
    town = owner.town
    for path in (
        f"/mine/facts/needs/{town.need}",
        f"/mine/facts/loans/{town.loan}",
        f"/mine/facts/projects/{town.project}",
    ):
        assert owner.desk.get(path).status == 404, path
    for person in (town.people.county, town.people.pboc):
        shown = sign_in(town, person).get("/mine/referrals" if person is town.people.pboc else "/mine")
        assert (shown.status, "虚构康宁养老院" in shown.text) == (404, False)
    assert sign_in(town, town.people.bank).get("/mine").status == 403
    assert sign_in(town, None).get("/mine").path == "/login"


def _asked(owner: Owner, *fields: str) -> str:
    body = {
        "institution_id": str(owner.town.home),
        "purpose": "due_diligence",
        "fields": list(fields),
        "valid_from": today().isoformat(),
        "valid_to": (today() + timedelta(days=90)).isoformat(),
        "reason": "虚构的事由：测算授信额度",
    }
    key: str = owner.town.house.post(owner.town.people.bank, "/consents/requests", body)["id"]
    return key


def test_a_request_is_answered_with_what_was_ticked_and_nothing_else(owner: Owner) -> None:
    town, house = owner.town, owner.town.house
    path = f"/mine/consents/requests/{_asked(owner, REVENUE, 'contact.telephone')}"
    desk = sign_in(town, town.people.home)
    form = desk.get(path).form(f"{path}/check")
    assert not {"answer", "fields"} & {name for name, _ in form.fields}, "nothing is decided in anybody's place"
    assert form.send().wrong() == ["f-answer"]
    assert form.send(answer="grant").wrong() == ["f-fields"]
    check = form.send(answer="grant", fields=[REVENUE], evidence="虚构授权书")
    assert "还没有授权" in check.text
    assert house.get(town.people.home, path.removeprefix("/mine"))["state"] == "open"
    button = check.form(path)
    assert [button.send().path for _ in range(2)] == ["/mine/consents", "/mine/consents"]
    found = house.get(town.people.home, path.removeprefix("/mine"))
    [consent] = [one for one in house.get(town.people.home, "/consents")["items"] if one["id"] == found["consent_id"]]
    assert [one["field"] for one in consent["fields"]] == [REVENUE]
    withdraw = desk.get(f"/mine/consents/{consent['id']}/withdraw")
    assert "还没有撤回" in withdraw.text
    withdraw.form(f"/mine/consents/{consent['id']}/withdraw").send()
    assert house.get(town.people.home, f"/consents/{consent['id']}")["state"] == "withdrawn"


def test_no_is_an_answer_and_the_bank_is_told(owner: Owner) -> None:
    town = owner.town
    path = f"/mine/consents/requests/{_asked(owner, REVENUE)}"
    desk = sign_in(town, town.people.home)
    check = desk.get(path).form(f"{path}/check").send(answer="refuse", note="虚构的说明：暂无打算")
    assert "还没有答复" in check.text
    check.form(path).send()
    found = town.house.get(town.people.bank, path.removeprefix("/mine"))
    assert (found["state"], found["refusal"]) == ("refused", "虚构的说明：暂无打算")


def test_applying_for_the_list_is_checked_first_and_done_once(owner: Owner) -> None:
    house, here = owner.town.house, "/mine/nomination"
    assert owner.desk.get(here).form(here).send().wrong() == ["f-subject"]
    draft = owner.desk.get(here).form(here).send(subject=f"institution/{owner.key}")
    path = draft.path
    key = path.removeprefix(f"{here}/")
    answer = house.get(owner.person, f"/whitelist/nominations/{key}")
    assert all(each["label"] in draft.text for each in answer["criteria"]["conditions"])
    form = next(one for one in draft.forms if ("action", "submit") in one.fields)
    check = form.send(note="虚构的说明")
    assert "还没有申报" in check.text
    assert house.get(owner.person, f"/whitelist/nominations/{key}")["state"] == "draft"
    for _ in range(2):
        assert check.form(f"{path}/submit").send().path == path
    answer = house.get(owner.person, f"/whitelist/nominations/{key}")
    assert [one["action"] for one in answer["steps"]] == ["draft", "submit"]
    shown = owner.desk.get(path)
    assert ("县级推荐" in shown.text, answer["state_label"] in shown.text) == (True, True)
    assert owner.desk.get(here).text.count(answer["number"]) == 1


def test_an_action_that_has_become_impossible_is_told_on_the_page_of_the_nomination(owner: Owner) -> None:
    here = "/mine/nomination"
    draft = owner.desk.get(here).form(here).send(subject=f"institution/{owner.key}")
    submit, withdraw = (
        next(one for one in draft.forms if ("action", word) in one.fields).send().form(f"{draft.path}/{word}")
        for word in ("submit", "withdraw")
    )
    assert withdraw.send().path == draft.path
    late = submit.send()
    assert (late.status, "已撤回" in late.text) == (412, True)
    assert owner.desk.get(f"{draft.path}/submit").path == draft.path


def test_each_bank_is_shown_as_far_as_it_is(owner: Owner) -> None:
    town = owner.town
    desk, found = sign_in(town, town.people.home), town.house.get(town.people.home, "/referrals")["items"]
    shown = desk.get("/mine/referrals")
    assert found
    for one in found:
        assert (one["bank_name"] in shown.text, one["state_label"] in shown.text) == (True, True)
        assert desk.get(f"/mine/referrals/{one['id']}").status == 200
    assert owner.desk.get("/mine/referrals").text.count("虚构银行") == 0


def _told(owner: Owner, title: str, body: str = "虚构的消息") -> None:
    recipient = Recipient(HOME, institution_id=UUID(owner.key))
    letter = Letter("reminder.list", title, body, "institution", UUID(owner.key), title, today() + timedelta(days=7))
    with owner.town.house.owner.writing() as session:
        send(session, [recipient], letter, now())


def test_the_inbox_is_read_by_its_own_and_up_to_what_was_seen(owner: Owner) -> None:
    for title in ("虚构消息一", "虚构消息二"):
        _told(owner, title)
    shown = owner.desk.get("/inbox")
    assert ("2 条未读" in shown.text, "/mine/nomination" in shown.links()) == (True, True)
    assert "虚构消息一" not in sign_in(owner.town, owner.town.people.home).get("/inbox").text
    seen = shown.form("/inbox/read-all")
    _told(owner, "虚构消息三")
    seen.send()
    left = owner.desk.get("/inbox", {"unread": "true"})
    assert ("虚构消息三" in left.text, "虚构消息二" in left.text) == (True, False)
    key = next(one.action for one in left.forms if one.action.endswith("/read"))
    assert "没有未读的消息" in left.form(key).send().text
    with owner.town.house.owner.reading() as session:
        rows = session.query(Message).filter_by(institution_id=UUID(owner.key)).all()
        assert {one.read_by for one in rows} == {owner.person.account_id}
