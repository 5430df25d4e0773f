"""From typed terms to one rule: each limit at its edge, the security law in full, and what is refused."""

from datetime import date
from itertools import product
from typing import Any

import pytest

from app.products.models import ProductRecord
from app.products.terms import FACILITY_KINDS, RESERVED_IDS
from app.rules import RuleRefused, Truth, evaluate, parse
from app.rules.codes import SECURITIES
from app.rules.nodes import Citation
from app.rules.parameters import Parameters
from app.rules.truth import kleene_all
from tests.products.samples import BEDS, DAY, FILED, a_product, a_record

FITTING: dict[str, Any] = {
    "need.amount_yuan": "1000000",
    "need.term_months": 36,
    "institution.for_profit": True,
    "need.security_property": "other",
    "need.securities": ["real_estate"],
}


def verdict(changes: dict[str, Any], facts: dict[str, Any], day: date = DAY) -> Truth:
    return evaluate(a_record(**changes).rules().rule, {**FITTING, **facts}, day)


def part(changes: dict[str, Any], ids: set[str], facts: dict[str, Any]) -> Truth:
    """The verdict of those parts of the rule whose conditions have these ids."""
    rule = a_record(**changes).rules().rule.to_json()
    chosen = [node for node in rule["of"] if {leaf["id"] for leaf in node.get("of", [node])} <= ids]
    return evaluate(parse({"op": "all", "of": chosen}), facts, DAY) if chosen else Truth.TRUE


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(RuleRefused) as refused:
        ProductRecord.model_validate(a_product(**changes)).rules()
    return [(one.pointer, one.code) for one in refused.value.problems]


@pytest.mark.parametrize(
    ("yuan", "expected"),
    [
        ("499999.99", Truth.FALSE),
        ("500000.00", Truth.TRUE),
        ("500000.01", Truth.TRUE),
        ("29999999.99", Truth.TRUE),
        ("30000000.00", Truth.TRUE),
        ("30000000.01", Truth.FALSE),
        (None, Truth.UNKNOWN),
    ],
)
def test_an_amount_fits_from_the_lowest_to_the_highest(yuan: str | None, expected: Truth) -> None:
    assert verdict({}, {"need.amount_yuan": yuan}) is expected


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (11, Truth.FALSE),
        (12, Truth.TRUE),
        (13, Truth.TRUE),
        (119, Truth.TRUE),
        (120, Truth.TRUE),
        (121, Truth.FALSE),
        (None, Truth.UNKNOWN),
    ],
)
def test_a_term_fits_from_the_shortest_to_the_longest(months: int | None, expected: Truth) -> None:
    assert verdict({}, {"need.term_months": months}) is expected


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [("equipment", Truth.TRUE), ("working_capital", Truth.FALSE), (None, Truth.UNKNOWN)],
)
def test_a_purpose_is_one_of_those_financed(purpose: str | None, expected: Truth) -> None:
    assert verdict({"purposes": ["construction", "equipment"]}, {"need.purpose": purpose}) is expected


def test_a_product_without_purposes_finances_all() -> None:
    assert verdict({"purposes": []}, {"need.purpose": None}) is Truth.TRUE


@pytest.mark.parametrize(
    ("taken", "offered", "expected"),
    [
        (["receivables", "equity"], ["receivables"], Truth.TRUE),
        (["receivables", "equity"], ["real_estate"], Truth.FALSE),
        (["receivables", "equity"], [], Truth.FALSE),
        (["receivables", "equity"], None, Truth.UNKNOWN),
        (["credit", "receivables"], ["real_estate"], Truth.TRUE),
        (["credit"], None, Truth.TRUE),
        ([], None, Truth.TRUE),
    ],
)
def test_a_security_is_offered_that_the_product_takes(
    taken: list[str], offered: list[str] | None, expected: Truth
) -> None:
    assert verdict({"securities": taken}, {"need.securities": offered}) is expected


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("140105", Truth.TRUE),
        ("140100", Truth.TRUE),
        ("140302", Truth.TRUE),
        ("140303", Truth.FALSE),
        ("140000", Truth.FALSE),
        (None, Truth.UNKNOWN),
    ],
)
def test_a_product_of_some_regions_is_for_borrowers_there(region: str | None, expected: Truth) -> None:
    assert verdict({"regions": ["140100", "140302"]}, {"institution.region_code": region}) is expected


def lawful(securities: set[str], for_profit: bool | None, held: str | None) -> Truth:
    """民法典 art. 399, said again without a rule: only what a non-profit would pledge of its facility is forbidden."""
    if not securities or not securities <= FACILITY_KINDS:
        return Truth.TRUE
    if for_profit is True or held == "other":
        return Truth.TRUE
    return Truth.FALSE if for_profit is False and held == "care_facility" else Truth.UNKNOWN


KINDS = [set(), *({kind} for kind in SECURITIES), FACILITY_KINDS, {"real_estate", "guarantor"}, {"movables", "equity"}]


@pytest.mark.parametrize("securities", KINDS, ids=lambda kinds: "+".join(sorted(kinds)) or "none")
def test_what_a_non_profit_may_pledge_is_law(securities: set[str]) -> None:
    terms = {"securities": [code for code in SECURITIES if code in securities]}
    for for_profit, held in product((True, False, None), ("care_facility", "other", None)):
        facts = {"institution.for_profit": for_profit, "need.security_property": held}
        assert part(terms, {"security_law", "security_property"}, facts) is lawful(securities, for_profit, held)


def test_buildings_land_and_things_may_be_the_facility_and_rights_may_not() -> None:
    assert {"real_estate", "paid_land_use_right", "construction_in_progress", "movables"} == FACILITY_KINDS


def test_the_law_is_cited() -> None:
    leaves = {leaf.id: leaf for _, leaf in a_record(securities=["real_estate"]).rules().rule.leaves}
    law = Citation(law="民法典", article="399")
    assert (leaves["security_law"].cite, leaves["security_property"].cite) == (law, law)


def test_allocated_land_is_no_security_of_the_catalogue() -> None:
    assert "paid_land_use_right" in SECURITIES
    assert not [code for code in SECURITIES if "allocated" in code]


@pytest.mark.parametrize(
    ("changes", "front"),
    [
        ({}, []),
        ({"regions": ["140100"]}, ["region"]),
        ({"applies": FILED}, ["filed"]),
        ({"regions": ["140100"], "applies": FILED, "requires": BEDS}, ["region", "filed"]),
    ],
)
def test_the_first_parts_say_whether_the_product_is_for_the_case(changes: dict[str, Any], front: list[str]) -> None:
    rules = a_record(**changes).rules()
    root = rules.rule.to_json()
    assert root["op"] == "all"
    assert [node["id"] for node in root["of"][: rules.applies_count]] == front
    assert not {node.get("id") for node in root["of"][rules.applies_count :]} & {"region", "filed"}


def test_the_rule_is_all_of_its_parts() -> None:
    rules = a_record(securities=["movables"], regions=["140100"], applies=FILED, requires=BEDS).rules()
    parts = [parse(node) for node in rules.rule.to_json()["of"]]
    facts = {**FITTING, "institution.region_code": "140105", "institution.filed": None, "institution.beds_total": 49}
    assert evaluate(rules.rule, facts, DAY) is kleene_all(evaluate(one, facts, DAY) for one in parts)


def test_every_condition_has_an_id_of_its_own() -> None:
    everything = {"securities": ["movables"], "purposes": ["equipment"], "regions": ["140100"]}
    ids = [leaf.id for _, leaf in a_record(**everything, applies=FILED, requires=BEDS).rules().rule.leaves]
    assert len(ids) == len(set(ids))
    assert set(ids) == RESERVED_IDS | {"filed", "beds"}


@pytest.mark.parametrize("id_", sorted(RESERVED_IDS))
def test_a_bank_does_not_use_the_ids_of_generated_conditions(id_: str) -> None:
    assert problems(requires={**BEDS, "id": id_}) == [("/requires/id", "reserved_id")]


def test_every_complaint_has_its_place_in_the_record() -> None:
    wrong = {"op": "all", "of": [{**BEDS, "fact": "institution.bed"}, {**FILED, "value": 3}]}
    assert problems(applies=wrong, requires={**BEDS, "value": {"param": "x.y"}, "op": "eq"}, internal=["beds"]) == [
        ("/applies/of/0/fact", "unknown_fact"),
        ("/applies/of/1/value", "wrong_value"),
    ]
    assert problems(applies=FILED, requires={"op": "any", "of": [BEDS, {**BEDS, "id": "filed"}]}) == [
        ("/requires/of/1/id", "duplicate_id")
    ]
    without_id = {name: value for name, value in BEDS.items() if name != "id"}
    assert problems(requires=without_id) == [("/requires/id", "missing_id")]


def test_a_product_does_not_ask_for_existing_loans() -> None:
    asked = {"op": "eq", "fact": "loan.overdue", "value": False, "id": "overdue"}
    assert problems(requires=asked) == [("/requires/fact", "never_known")]


def test_internal_names_a_condition_of_the_bank_itself() -> None:
    assert a_record(requires=BEDS, internal=["beds"]).internal == ("beds",)
    assert problems(requires=BEDS, internal=["beds", "amount"]) == [("/internal/1", "unknown_id")]


def test_a_named_parameter_must_exist() -> None:
    record = ProductRecord.model_validate(a_product(requires={**BEDS, "value": {"param": "no.such"}}))
    with pytest.raises(RuleRefused, match="没有参数"):
        record.rules(Parameters())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": {"low_yuan": "2", "high_yuan": "1"}}, "最低金额不能高于最高金额"),
        ({"term": {"low_months": 13, "high_months": 12}}, "最短期限不能长于最长期限"),
        ({"rate": {"kind": "fixed", "low_percent": "4", "high_percent": "3"}}, "最低利率不能高于最高利率"),
        ({"rate": {"kind": "lpr", "tenor": "1y", "low_basis_points": 1, "high_basis_points": 0}}, "最低加点"),
        ({"valid_to": "2026-11-20"}, "valid_to 要晚于"),
        ({"regions": ["110000"]}, "没有行政区划代码"),
        ({"securities": ["gold"]}, "要从这些代码中选"),
        ({"purposes": ["equipment", "equipment"]}, "同一项不要写两次"),
        (
            {"tiers": [{"name": "短期", "term": {"low_months": 11, "high_months": 24}, "rate": a_product()["rate"]}]},
            "超出了产品的期限范围",
        ),
        ({"tiers": [{"name": "全部", "rate": a_product()["rate"]}]}, "要写明适用的金额"),
    ],
)
def test_terms_that_contradict_themselves_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ProductRecord.model_validate(a_product(**changes))
