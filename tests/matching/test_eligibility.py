"""What a case is eligible for, over HTTP: order, counts, reasons, advice, windows, and what is refused."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.matching.asking import ATTESTED, EVERYTHING, INSTITUTION, LOAN, PROJECT, by_slug, check, pointers, refused

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ORDER = ["eligible", "in_scope", "needs_info", "ineligible", "not_applicable", "informative"]
WINDOWS = ["open", "unconfirmed", "upcoming", "closed"]
SUBSIDY = "kangyang-interest-subsidy"
# Four of the five documents' clauses that only inform.
INFORMATIVE = {"kangyang-fund", "startup-guarantee-loan", "community-land-quota", "yq-retrofit-trade-in"}


@pytest.mark.parametrize("facts", [PROJECT, PROJECT | LOAN | {ATTESTED: True}, INSTITUTION, INSTITUTION | PROJECT, {}])
def test_answers_are_ranked_and_counted(client: TestClient, facts: dict[str, Any]) -> None:
    answer = check(client, facts, include=EVERYTHING)
    ranks = [
        (
            ORDER.index(one["outcome"]),
            not one["near_miss"],
            WINDOWS.index(one["window"]),
            one["confidence"],
            one["slug"],
        )
        for one in answer["programmes"]
    ]
    assert ranks == sorted(ranks)
    outcomes = [one["outcome"] for one in answer["programmes"]]
    assert answer["counts"] == {outcome: outcomes.count(outcome) for outcome in ORDER}
    assert answer["products"] == []
    assert "主管部门和银行" in answer["disclaimer"]


def test_what_does_not_apply_and_what_only_informs_is_listed_on_request(client: TestClient) -> None:
    def listed(*include: str) -> set[str]:
        return {one["outcome"] for one in check(client, PROJECT, include=list(include))["programmes"]}

    plain = listed()
    assert not plain & set(EVERYTHING)
    assert listed("not_applicable") == plain | {"not_applicable"}
    assert listed("informative") == plain | {"informative"}
    assert listed("informative", "informative") == plain | {"informative"}
    assert check(client, PROJECT)["counts"] == check(client, PROJECT, include=EVERYTHING)["counts"]


def test_what_only_informs_is_informative_for_everybody(client: TestClient) -> None:
    for facts in (PROJECT, INSTITUTION, {}):
        answer = check(client, facts, include=EVERYTHING)
        assert {one["slug"] for one in answer["programmes"] if one["outcome"] == "informative"} == INFORMATIVE


def test_twenty_million_short_of_the_threshold_is_a_near_miss_with_its_distance(client: TestClient) -> None:
    missed = by_slug(check(client, PROJECT))["kangyang-fast-track"]
    assert (missed["outcome"], missed["near_miss"]) == ("ineligible", True)
    ((step,),) = [one["steps"] for one in missed["advice"]]
    assert step["fact"] == "project.investment_yuan"
    assert "2,000 万元" in step["distance"]
    assert "还差 2,000 万元" in missed["advice"][0]["sentence"]


@pytest.mark.parametrize(
    ("investment", "fast_track", "standard_land"),
    [
        ("499999999.99", "ineligible", "ineligible"),
        ("500000000", "eligible", "in_scope"),
        ("500000000.01", "eligible", "in_scope"),
    ],
)
def test_the_threshold_of_five_hundred_million_includes_the_figure(
    client: TestClient, investment: str, fast_track: str, standard_land: str
) -> None:
    answers = by_slug(check(client, PROJECT | {"project.investment_yuan": investment}))
    assert answers["kangyang-fast-track"]["outcome"] == fast_track
    assert answers["kangyang-standard-land"]["outcome"] == standard_land


def test_a_condition_shows_its_own_value_what_is_wanted_and_its_clause(client: TestClient) -> None:
    conditions = {one["fact"]: one for one in by_slug(check(client, PROJECT))["kangyang-fast-track"]["conditions"]}
    invested = conditions["project.investment_yuan"]
    assert (invested["own"], invested["truth"]) == ("4.8 亿元", "false")
    assert "5 亿元" in invested["wanted"]
    assert invested["citation"]["document_number"] == "晋政办发〔2022〕37号"
    assert invested["citation"]["clause"] == "五(十三)"
    assert invested["citation"]["summary"]


def test_what_is_missing_is_named_and_labelled(client: TestClient) -> None:
    missing = by_slug(check(client, PROJECT))[SUBSIDY]
    assert (missing["outcome"], missing["quote"]) == ("needs_info", None)
    assert set(missing["missing"]) == {"loan.principal_yuan", ATTESTED}
    assert [one["fact"] for one in missing["missing_labels"]] == missing["missing"]
    assert all(CHINESE.search(one["label"]) for one in missing["missing_labels"])


def test_only_what_needs_information_names_what_is_missing(client: TestClient) -> None:
    for one in check(client, PROJECT | LOAN, include=EVERYTHING)["programmes"]:
        assert bool(one["missing"]) is (one["outcome"] == "needs_info"), one["slug"]


@pytest.mark.parametrize(
    ("slug", "as_of", "window"),
    [
        (SUBSIDY, "2022-04-21", "upcoming"),
        (SUBSIDY, "2022-04-22", "open"),
        (SUBSIDY, "2025-12-31", "open"),
        (SUBSIDY, "2026-01-01", "unconfirmed"),
        ("kangyang-town-grant", "2025-12-31", "open"),
        ("kangyang-town-grant", "2026-01-01", "closed"),
    ],
)
def test_the_window_stands_beside_the_outcome(client: TestClient, slug: str, as_of: str, window: str) -> None:
    attested = {
        "project.carrier": "town",
        "project.meets_detailed_rules@kangyang-town-grant": True,
        ATTESTED: True,
    }
    answer = by_slug(check(client, PROJECT | LOAN | attested, as_of=as_of))[slug]
    assert (answer["outcome"], answer["window"]) == ("eligible", window)
    assert CHINESE.search(answer["window_label"])


def test_an_assumed_attestation_is_shown_as_assumed(client: TestClient) -> None:
    conditions = by_slug(check(client, PROJECT | LOAN | {ATTESTED: True}))[SUBSIDY]["conditions"]
    provenance = {one["fact"]: one["provenance"] for one in conditions}
    assert provenance[ATTESTED] == "assumed"
    assert provenance["project.is_kangyang"] == "declared"


def test_one_programmes_attestation_never_passes_another(client: TestClient) -> None:
    answers = by_slug(check(client, PROJECT | LOAN | {"project.meets_detailed_rules@kangyang-town-grant": True}))
    assert answers[SUBSIDY]["outcome"] == "needs_info"
    assert ATTESTED in answers[SUBSIDY]["missing"]


def test_a_refused_attestation_makes_ineligible(client: TestClient) -> None:
    assert by_slug(check(client, PROJECT | LOAN | {ATTESTED: False}))[SUBSIDY]["outcome"] == "ineligible"


def test_the_interest_subsidy_carries_a_quote_when_the_loan_is_known(client: TestClient) -> None:
    subsidy = by_slug(check(client, PROJECT | LOAN | {ATTESTED: True}))[SUBSIDY]
    assert subsidy["outcome"] == "eligible"
    assert subsidy["quote"]["subsidy_yuan"] == "1446111.11"
    assert subsidy["quote"]["range"]["low_yuan"] == "1044152.77"
    others = [one for one in check(client, PROJECT | LOAN)["programmes"] if one["slug"] != SUBSIDY]
    assert all(one["quote"] is None for one in others if one["confidence"] == "original")


def test_a_quote_stands_beside_an_open_question_but_not_beside_a_refusal(client: TestClient) -> None:
    undecided = by_slug(check(client, PROJECT | LOAN))[SUBSIDY]
    refused_one = by_slug(check(client, PROJECT | LOAN | {ATTESTED: False}))[SUBSIDY]
    assert undecided["quote"]["subsidy_yuan"] == "1446111.11"
    assert refused_one["quote"] is None


def test_a_quote_counts_the_part_of_the_loan_that_the_project_used(client: TestClient) -> None:
    half = by_slug(check(client, PROJECT | LOAN | {"loan.project_share_percent": "50"}))[SUBSIDY]["quote"]
    assert half["subsidy_yuan"] == "723055.55"


OTHERS = "loan.other_interest_subsidy"


def test_another_subsidy_of_unknown_amount_leaves_a_note_and_no_total(client: TestClient) -> None:
    other = {OTHERS: ["secondary-wenlv-loan-subsidy"]}
    found = by_slug(check(client, PROJECT | LOAN | other))[SUBSIDY]
    assert found["quote"] is None
    assert "已享受其他贴息而金额未填，不作测算；请用贴息测算填写金额。" in found["notes"]


@pytest.mark.parametrize("others", [[], [SUBSIDY]])
def test_no_other_subsidy_than_its_own_leaves_the_quote(client: TestClient, others: list[str]) -> None:
    found = by_slug(check(client, PROJECT | LOAN | {OTHERS: others}))[SUBSIDY]
    assert found["quote"]["subsidy_yuan"] == "1446111.11"
    assert not any("其他贴息" in note for note in found["quote"]["notes"])


def test_a_subsidy_of_no_known_programme_is_refused(client: TestClient) -> None:
    facts = PROJECT | {OTHERS: [SUBSIDY, "xugou-other"]}
    problem = refused(client, "eligibility-checks", {"facts": facts})
    assert pointers(problem) == {f"/facts/{OTHERS}"}
    assert "“xugou-other”" in problem["detail"]
    assert SUBSIDY in problem["detail"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"loan.overdue": True}, "逾期天数和罚息不计贴息"),
        ({"loan.extended": True}, "展期不增加贴息"),
        ({}, "没有填写是否已享受其他贴息"),
    ],
)
def test_what_a_quote_from_facts_leaves_out_is_said(client: TestClient, facts: dict[str, Any], said: str) -> None:
    known = {"loan.overdue": False, "loan.extended": False, OTHERS: []}
    told = by_slug(check(client, PROJECT | LOAN | facts))[SUBSIDY]["quote"]["notes"]
    untold = by_slug(check(client, PROJECT | LOAN | known))[SUBSIDY]["quote"]["notes"]
    assert any(said in note for note in told)
    assert not any(said in note for note in untold)


def test_a_place_outside_the_territory_does_not_apply_and_an_unknown_one_is_asked(client: TestClient) -> None:
    taiyuan = by_slug(check(client, INSTITUTION | {"institution.region_code": "140105"}, include=EVERYTHING))
    yangquan = by_slug(check(client, INSTITUTION, include=EVERYTHING))
    nowhere = {key: value for key, value in INSTITUTION.items() if key != "institution.region_code"}
    unknown = by_slug(check(client, nowhere, include=EVERYTHING))
    assert taiyuan["yq-bed-differential"]["outcome"] == "not_applicable"
    assert yangquan["yq-bed-differential"]["outcome"] == "needs_info"
    assert "institution.region_code" in unknown["yq-bed-differential"]["missing"]


def test_advice_never_asks_for_what_cannot_be_changed(client: TestClient) -> None:
    facts = client.get("/api/v1/facts").json()["items"]
    fixed = {one["key"] for one in facts if not one["changeable"]}
    for case in (PROJECT, INSTITUTION, PROJECT | LOAN):
        steps = [
            step["fact"].partition("@")[0]
            for one in check(client, case)["programmes"]
            for advice in one["advice"]
            for step in advice["steps"]
        ]
        assert steps
        assert not fixed & set(steps)


def test_a_null_fact_is_as_unknown_as_one_left_out(client: TestClient) -> None:
    assert check(client, PROJECT | {"loan.principal_yuan": None}) == check(client, PROJECT)


@pytest.mark.parametrize(
    ("key", "value", "code", "says"),
    [
        ("institution.colour", True, "unknown_fact", "事实目录中没有"),
        ("institution.beds_total", "许多", "wrong_value", "要填数字，例如 120"),
        ("institution.beds_total", 1.5, "wrong_value", "要填整数"),
        ("institution.beds_total", True, "wrong_value", "要填数字"),
        ("institution.beds_total", -1, "wrong_value", "不能小于 0"),
        ("project.investment_yuan", "0.001", "wrong_value", "最多写两位小数"),
        ("project.investment_yuan", "1e9", "wrong_value", "例如 500000000.00"),
        ("institution.filed", "是", "wrong_value", "写 true 或 false"),
        ("institution.urban_rural", "village", "wrong_value", "urban（城镇）、rural（农村）"),
        ("institution.kinds", "elderly_home", "wrong_value", '["elderly_home"]'),
        ("institution.kinds", ["hotel"], "wrong_value", "养老院"),
        ("institution.filed_on", "2023-02-29", "wrong_value", "日历上有的日期"),
        ("institution.filed_on", "0001-01-01", "date_range", "1900-01-01 到 2199-12-31"),
        ("institution.filed_on", "9999-12-31", "date_range", "1900-01-01 到 2199-12-31"),
        ("institution.region_code", "太原", "wrong_value", "六位行政区划代码"),
        ("project.region_code", "149999", "unknown_region", "没有行政区划代码 149999"),
        ("project.meets_detailed_rules", True, "unknown_fact", "事实目录中没有"),
    ],
)
def test_a_bad_fact_is_refused_with_its_pointer_and_advice(
    client: TestClient, key: str, value: Any, code: str, says: str
) -> None:
    problem = refused(client, "eligibility-checks", {"facts": PROJECT | {key: value}})
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == (f"/facts/{key}", code)
    assert says in error["detail"]
    assert problem["detail"] == error["detail"]


def test_every_bad_fact_is_named_at_once(client: TestClient) -> None:
    problem = refused(
        client, "eligibility-checks", {"facts": {"a/b~c": 1, "institution.filed": 3, "loan.due_on": "明天"}}
    )
    assert pointers(problem) == {"/facts/a~1b~0c", "/facts/institution.filed", "/facts/loan.due_on"}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"loan.due_on": "2022-07-01"}, "/facts/loan.due_on"),
        ({"loan.due_on": "2199-01-01"}, "/facts/loan.due_on"),
        ({"loan.principal_yuan": "10000000000000"}, "/facts/loan.principal_yuan"),
    ],
)
def test_a_loan_that_cannot_be_is_refused_in_the_words_of_the_facts(
    client: TestClient, changes: dict[str, str], pointer: str
) -> None:
    assert pointers(refused(client, "eligibility-checks", {"facts": PROJECT | LOAN | changes})) == {pointer}


def test_without_a_day_the_answer_is_of_today(client: TestClient) -> None:
    response = client.post("/api/v1/eligibility-checks", json={"facts": PROJECT})
    assert response.json()["as_of"] == client.get("/api/v1/programmes").json()["as_of"]


def test_an_attestation_that_no_programme_asks_for_is_refused_with_the_right_one(client: TestClient) -> None:
    slip = "institution.meets_detailed_rules@kangyang-interest-subsidy"
    answer = client.post("/api/v1/eligibility-checks", json={"facts": {slip: True}, "as_of": "2026-11-20"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == f"/facts/{slip}"
    assert "project.meets_detailed_rules@kangyang-interest-subsidy" in error["detail"]
