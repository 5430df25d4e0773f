"""Checking a rule over HTTP: its verdict and words, or every complaint with its place."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.matching.asking import refused

BEDS: dict[str, Any] = {
    "op": "ge",
    "fact": "institution.beds_total",
    "value": 50,
    "id": "beds",
    "cite": {"own": "第 1 条"},
}
KNOWN: dict[str, Any] = {"op": "known", "fact": "institution.beds_total"}


def check(client: TestClient, rule: Any, **more: Any) -> dict[str, Any]:
    response = client.post("/api/v1/rule-checks", json={"rule": rule, "as_of": "2026-11-20", **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def nested(levels: int) -> dict[str, Any]:
    rule = KNOWN
    for _ in range(levels - 1):
        rule = {"op": "not", "of": rule}
    return rule


@pytest.mark.parametrize(("beds", "truth"), [(49, "false"), (50, "true"), (51, "true"), (None, "unknown")])
def test_a_rule_says_what_it_thinks_of_the_facts(client: TestClient, beds: int | None, truth: str) -> None:
    answer = check(client, BEDS, facts={"institution.beds_total": beds})
    assert answer["truth"] == truth
    (condition,) = answer["conditions"]
    assert condition["citation"]["label"] == "第 1 条"
    assert answer["missing"] == ([] if beds else ["institution.beds_total"])


def test_a_rule_advises_the_smallest_change(client: TestClient) -> None:
    (advice,) = check(client, BEDS, facts={"institution.beds_total": 40})["advice"]
    assert advice["sentence"] == "床位总数：还差 10 张（达到 50 张）"


def test_a_rule_comes_back_as_it_would_be_stored(client: TestClient) -> None:
    assert check(client, BEDS)["rule"] == BEDS
    assert check(client, {"op": "all", "of": [BEDS, KNOWN]})["rule"] == {"op": "all", "of": [BEDS, KNOWN]}


def test_members_of_an_any_group_share_its_place(client: TestClient) -> None:
    other = BEDS | {"fact": "institution.home_beds", "id": "home_beds"}
    conditions = check(client, {"op": "all", "of": [KNOWN, {"op": "any", "of": [BEDS, other]}]})["conditions"]
    assert [one["any_of"] for one in conditions] == [None, "/of/1", "/of/1"]
    assert [one["alternative"] for one in conditions] == [None, "/of/1/of/0", "/of/1/of/1"]


def test_conditions_that_are_met_only_together_share_their_alternative(client: TestClient) -> None:
    other = BEDS | {"fact": "institution.home_beds", "id": "home_beds"}
    rule = {"op": "any", "of": [KNOWN, {"op": "all", "of": [BEDS, other]}]}
    assert [one["alternative"] for one in check(client, rule)["conditions"]] == ["/of/0", "/of/1", "/of/1"]


@pytest.mark.parametrize(
    ("rule", "pointer", "code"),
    [
        (None, "/rule", "bad_shape"),
        ([], "/rule", "bad_shape"),
        ("beds >= 50", "/rule", "bad_shape"),
        ({}, "/rule", "missing_operator"),
        ({"op": "is"}, "/rule", "unknown_operator"),
        ({"op": ["all"]}, "/rule", "unknown_operator"),
        ({"op": "all", "of": []}, "/rule/of", "empty"),
        ({"op": "all", "of": [KNOWN, {"op": "known"}]}, "/rule/of/1/fact", "missing_field"),
        ({"op": "not", "of": KNOWN | {"fact": "institution.colour"}}, "/rule/of/fact", "unknown_fact"),
        (BEDS | {"value": "许多"}, "/rule/value", "wrong_value"),
        (BEDS | {"value": {"param": "nobody.knows"}}, "/rule/value/param", "unknown_parameter"),
        (BEDS | {"colour": "red"}, "/rule/colour", "unknown_field"),
        (BEDS | {"fact": "institution.filed"}, "/rule/op", "wrong_operator"),
        (BEDS | {"id": "Beds!"}, "/rule/id", "bad_name"),
        (BEDS | {"cite": {}}, "/rule/cite", "bad_citation"),
        ({"op": "eq", "fact": "institution.urban_rural", "value": "village"}, "/rule/value", "wrong_value"),
        ({"op": "any", "of": [BEDS, BEDS]}, "/rule/of/1/id", "duplicate_id"),
        ({"op": "all", "of": [KNOWN] * 201}, "/rule", "too_many_leaves"),
        (nested(33), "/rule", "too_deep"),
    ],
)
def test_a_bad_rule_is_refused_with_its_place(client: TestClient, rule: Any, pointer: str, code: str) -> None:
    response = client.post("/api/v1/rule-checks", json={"rule": rule})
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "rule_refused"
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert problem["detail"] == problem["errors"][0]["detail"]


def test_the_largest_and_the_deepest_rule_are_read(client: TestClient) -> None:
    assert len(check(client, {"op": "all", "of": [KNOWN] * 200})["conditions"]) == 200
    assert check(client, nested(32))["truth"] in {"true", "false"}


def test_all_complaints_come_at_once(client: TestClient) -> None:
    bad = [KNOWN | {"fact": f"institution.nothing_{number}"} for number in range(3)]
    problem = refused(client, "rule-checks", {"rule": {"op": "all", "of": bad}})
    assert [error["pointer"] for error in problem["errors"]] == [f"/rule/of/{number}/fact" for number in range(3)]


def test_a_parameter_of_the_library_can_be_named(client: TestClient) -> None:
    rule = {"op": "ge", "fact": "project.investment_yuan", "value": {"param": "kangyang.large_project_yuan"}}
    assert check(client, rule, facts={"project.investment_yuan": "500000000"})["truth"] == "true"
    assert check(client, rule, facts={"project.investment_yuan": "499999999.99"})["truth"] == "false"


def test_bad_facts_of_a_rule_check_have_their_own_pointer(client: TestClient) -> None:
    problem = refused(client, "rule-checks", {"rule": BEDS, "facts": {"institution.beds_total": "x"}})
    assert problem["code"] == "facts_refused"
    assert problem["errors"][0]["pointer"] == "/facts/institution.beds_total"
