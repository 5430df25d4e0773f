"""Writing rules down: what is refused, under which JSON Pointer, and how large a rule may be."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.rules import Dated, FactsRefused, Parameter, Parameters, RuleRefused, given, parse
from app.rules.facts import FactType
from app.rules.structure import MOST_LEAVES, MOST_LEVELS
from tests.rules.strategies import Json

BEDS: Json = {"op": "ge", "fact": "institution.beds_total", "value": 10}
GROUP: Json = {"op": "all", "of": [BEDS]}


def refusals(raw: object, **context: Any) -> list[tuple[str, str]]:
    with pytest.raises(RuleRefused) as refused:
        parse(raw, **context)
    assert all(problem.detail and not problem.detail.isascii() for problem in refused.value.problems)
    return [(problem.pointer, problem.code) for problem in refused.value.problems]


@pytest.mark.parametrize("raw", [None, 5, "ge", [], [BEDS], True])
def test_a_rule_is_an_object(raw: object) -> None:
    assert refusals(raw) == [("", "bad_shape")]


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ({}, "", "missing_operator"),
        ({"op": "GE"}, "", "unknown_operator"),
        ({"op": None}, "", "unknown_operator"),
        ({"op": ["ge"]}, "", "unknown_operator"),
        ({"op": "all", "of": [BEDS, {"op": "xor", "of": [BEDS]}]}, "/of/1", "unknown_operator"),
        ({"op": "all", "of": [BEDS, {"op": {}}]}, "/of/1", "unknown_operator"),
        ({"op": "all"}, "/of", "missing_field"),
        ({"op": "any", "of": []}, "/of", "empty"),
        ({"op": "not", "of": [BEDS]}, "/of", "bad_shape"),
        ({"op": "all", "of": BEDS}, "/of", "bad_shape"),
        ({"op": "all", "of": [5]}, "/of/0", "bad_shape"),
        ({**GROUP, "id": "x"}, "/id", "unknown_field"),
        ({**GROUP, "not": BEDS}, "/not", "unknown_field"),
        ({**BEDS, "a/b~c": 1}, "/a~1b~0c", "unknown_field"),
        ({**BEDS, "id": "9x"}, "/id", "bad_name"),
        ({**BEDS, "id": "x" * 61}, "/id", "too_long"),
        ({**BEDS, "cite": {}}, "/cite", "bad_citation"),
        ({**BEDS, "cite": {"clause": "三(八)", "own": "1"}}, "/cite", "bad_citation"),
        ({**BEDS, "cite": {"clause": "三(八)", "page": 3}}, "/cite/page", "unknown_field"),
    ],
)
def test_a_wrong_shape_is_refused_where_it_stands(raw: Json, pointer: str, code: str) -> None:
    assert refusals(raw) == [(pointer, code)]


@pytest.mark.parametrize(
    ("leaf", "pointer", "code"),
    [
        ({**BEDS, "fact": "institution.bed_total"}, "/fact", "unknown_fact"),
        ({**BEDS, "fact": "institution.beds_total@x"}, "/fact", "unknown_fact"),
        ({**BEDS, "fact": 5}, "/fact", "bad_shape"),
        ({**BEDS, "op": "overlaps", "values": ["x"], "value": 1}, "/value", "unknown_field"),
        ({**BEDS, "op": "eq", "fact": "institution.kinds"}, "/op", "wrong_operator"),
        ({**BEDS, "fact": "institution.ownership", "value": "public"}, "/op", "wrong_operator"),
        ({"op": "attested", "fact": "institution.filed"}, "/op", "wrong_operator"),
        ({"op": "eq", "fact": "institution.ownership", "value": "gong_ban"}, "/value", "wrong_value"),
        ({"op": "in", "fact": "institution.ownership", "values": ["public", "x"]}, "/values/1", "wrong_value"),
        ({"op": "overlaps", "fact": "institution.kinds", "values": ["hospice", "x"]}, "/values/1", "wrong_value"),
        ({"op": "within", "fact": "institution.region_code", "regions": ["14"]}, "/regions/0", "wrong_value"),
        ({"op": "within", "fact": "institution.region_code", "regions": [140000]}, "/regions/0", "bad_shape"),
        ({"op": "between", "fact": "institution.beds_total", "low": 1}, "/high", "missing_field"),
        ({"op": "attested", "fact": "project.meets_detailed_rules"}, "/fact", "unknown_fact"),
        ({"op": "attested", "fact": "project.risk_controllable", "programme": "a"}, "/fact", "unknown_fact"),
        ({"op": "attested", "fact": "project.meets_detailed_rules", "programme": "A b"}, "/programme", "bad_name"),
        ({"op": "attested", "fact": "project.meets_detailed_rules@a", "programme": "b"}, "/fact", "unknown_fact"),
        ({"op": "at_least_months_ago", "fact": "institution.filed_on", "months": -1}, "/months", "wrong_value"),
        ({"op": "at_least_months_ago", "fact": "institution.filed_on", "months": 1201}, "/months", "wrong_value"),
        ({"op": "at_least_months_ago", "fact": "institution.beds_total", "months": 1}, "/op", "wrong_operator"),
        ({"op": "in", "fact": "institution.beds_total", "values": [1, {"param": "x"}]}, "/values/1", "bad_value"),
        ({**BEDS, "value": {"parm": "x"}}, "/value", "bad_value"),
        ({**BEDS, "value": {"param": 5}}, "/value", "bad_value"),
        ({**BEDS, "value": None}, "/value", "bad_value"),
        ({**BEDS, "value": [1]}, "/value", "bad_value"),
        ({**BEDS, "value": "x" * 121}, "/value", "bad_value"),
    ],
)
def test_a_wrong_condition_is_refused_where_it_stands_however_deep(leaf: Json, pointer: str, code: str) -> None:
    assert refusals(leaf) == [(pointer, code)]
    nested = {"op": "any", "of": [BEDS, {"op": "not", "of": leaf}]}
    assert refusals(nested, at="/requires") == [(f"/requires/of/1/of{pointer}", code)]


@pytest.mark.parametrize("value", [1.0, 1.5, 0.1, float("nan"), float("inf"), -0.0])
@pytest.mark.parametrize("fact", ["institution.beds_total", "project.investment_yuan"])
def test_a_binary_float_is_no_literal(value: float, fact: str) -> None:
    assert refusals({"op": "ge", "fact": fact, "value": value}) == [("/value", "bad_value")]
    assert refusals({"op": "in", "fact": fact, "values": [1, value]}) == [("/values/1", "bad_value")]


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("institution.beds_total", True),
        ("institution.beds_total", "1.5"),
        ("institution.beds_total", 2_000_000_001),
        pytest.param("institution.beds_total", 10**5000, id="five thousand digits"),
        ("institution.beds_total", "1e5"),
        ("institution.filed", 1),
        ("institution.filed", "true"),
        ("institution.filed_on", "2023-02-29"),
        ("institution.filed_on", 20230228),
        ("project.investment_yuan", "NaN"),
        ("project.investment_yuan", "1e400"),
        ("project.investment_yuan", "0.123456789012345678"),
        ("project.social_capital_percent", "100.01"),
    ],
)
def test_a_literal_must_be_a_value_of_its_fact(fact: str, value: object) -> None:
    assert refusals({"op": "eq", "fact": fact, "value": value}) == [("/value", "wrong_value")]


@pytest.mark.parametrize(
    ("fact", "written", "stored"),
    [
        ("institution.beds_total", "１２０", 120),
        ("institution.beds_total", "1,200", 1200),
        ("institution.beds_total", 120, 120),
        ("project.investment_yuan", "500000000", "500000000.00"),
        ("project.investment_yuan", 5, "5.00"),
        ("institution.filed_on", "２０２６-11-20", "2026-11-20"),
        ("institution.ownership", " public ", "public"),
    ],
)
def test_a_literal_is_stored_in_one_way_of_writing(fact: str, written: object, stored: object) -> None:
    assert parse({"op": "eq", "fact": fact, "value": written}).to_json()["value"] == stored


def test_two_conditions_do_not_share_an_id() -> None:
    first, second = {**BEDS, "id": "beds"}, {**BEDS, "id": "more_beds"}
    parse({"op": "all", "of": [first, second, BEDS, BEDS]})
    repeated = {"op": "all", "of": [first, {"op": "not", "of": second}, {"op": "not", "of": first}]}
    assert refusals(repeated) == [("/of/2/of/id", "duplicate_id")]


def test_every_complaint_is_made_at_once_in_the_order_of_the_rule() -> None:
    raw = {"op": "all", "of": [{**BEDS, "value": "x"}, BEDS, {**BEDS, "fact": "nothing"}, {**BEDS, "value": "y"}]}
    assert refusals(raw) == [
        ("/of/0/value", "wrong_value"),
        ("/of/2/fact", "unknown_fact"),
        ("/of/3/value", "wrong_value"),
    ]


COUNT = Parameter("count", "张数", FactType.INT, ())
AMOUNT = Parameter("amount", "金额", FactType.DECIMAL, ())
DAY = Parameter("day", "日期", FactType.DATE, ())
HELD = Parameters([COUNT, AMOUNT, DAY])


@pytest.mark.parametrize(
    ("fact", "param", "code"),
    [
        ("institution.beds_total", "count", None),
        ("institution.beds_total", "amount", None),
        ("project.investment_yuan", "count", None),
        ("institution.filed_on", "day", None),
        ("institution.beds_total", "day", "wrong_parameter_type"),
        ("institution.filed_on", "count", "wrong_parameter_type"),
        ("institution.filed", "count", "wrong_parameter_type"),
        ("institution.ownership", "count", "wrong_parameter_type"),
        ("institution.beds_total", "none", "unknown_parameter"),
    ],
)
def test_a_named_parameter_must_be_held_and_fit_the_fact(fact: str, param: str, code: str | None) -> None:
    leaf = {"op": "eq", "fact": fact, "value": {"param": param}}
    if code is None:
        assert parse(leaf, parameters=HELD).to_json() == leaf
    else:
        assert refusals(leaf, parameters=HELD) == [("/value/param", code)]


def test_months_are_counted_whole() -> None:
    leaf = {"op": "at_least_months_ago", "fact": "institution.filed_on", "months": {"param": "amount"}}
    assert refusals(leaf, parameters=HELD) == [("/months/param", "wrong_parameter_type")]


def test_a_citation_and_an_id_come_back_as_written() -> None:
    cites = [
        {"clause": "五(十二)"},
        {"document": "jinyinfa-2025-61", "clause": "六(十六)"},
        {"law": "民法典", "article": "399"},
        {"own": "本服务口径：虚构"},
    ]
    raw = {"op": "all", "of": [{**BEDS, "id": f"c{i}", "cite": cite, "checked": True} for i, cite in enumerate(cites)]}
    assert json.loads(json.dumps(parse(raw).to_json())) == raw


def _leaves(count: int) -> Iterator[Json]:
    """Groups of groups that hold so many leaves."""
    for start in range(0, count, 30):
        yield {"op": "any", "of": [BEDS] * min(30, count - start)}


def _levels(count: int) -> Json:
    return BEDS if count == 1 else {"op": "not", "of": _levels(count - 1)}


def test_two_hundred_conditions_are_enough() -> None:
    assert (MOST_LEAVES, MOST_LEVELS) == (200, 32)
    assert len(parse({"op": "all", "of": [BEDS] * 200}).leaves) == 200
    assert len(parse({"op": "all", "of": list(_leaves(200))}).leaves) == 200
    assert refusals({"op": "all", "of": [BEDS] * 201}) == [("", "too_many_leaves")]
    assert refusals({"op": "all", "of": list(_leaves(201))}, at="/applies") == [("/applies", "too_many_leaves")]
    assert refusals({"op": "all", "of": [GROUP] * 100_000}) == [("", "too_many_leaves")]


def test_thirty_two_levels_are_enough() -> None:
    assert len(parse(_levels(32)).leaves) == 1
    assert refusals(_levels(33)) == [("", "too_deep")]


def _deep(step: str, depth: int) -> object:
    tree: object = BEDS
    for _ in range(depth):
        tree = {"op": "not", "of": tree} if step == "not" else {"op": "any", "of": [tree, BEDS]}
    return tree


def _nested(depth: int) -> object:
    tree: object = []
    for _ in range(depth):
        tree = [tree]
    return tree


@pytest.mark.timeout(60)
@pytest.mark.parametrize("step", ["not", "any"])
def test_a_tree_a_hundred_thousand_levels_deep_is_refused_like_any_other(step: str) -> None:
    assert refusals(_deep(step, 100_000)) == [("", "too_deep")]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("field", "pointer", "code"),
    [
        ("value", "/value", "bad_value"),
        ("cite", "/cite", "bad_shape"),
        ("fact", "/fact", "bad_shape"),
        ("op", "", "unknown_operator"),
        ("extra", "/extra", "unknown_field"),
    ],
)
def test_depth_inside_a_condition_is_refused_like_any_other_value(field: str, pointer: str, code: str) -> None:
    assert refusals({**BEDS, field: _nested(100_000)}) == [(pointer, code)]


@pytest.mark.timeout(60)
def test_fifty_thousand_unknown_fields_are_refused_with_a_hundred_complaints() -> None:
    assert len(refusals({**BEDS, **{f"x{i}": i for i in range(50_000)}})) == 100


def test_every_refused_fact_is_named_with_its_pointer() -> None:
    facts = {"institution.beds_total": "x", "institution.nothing": 1, "institution.filed": True, "a/b": None, "c~/d": 1}
    with pytest.raises(FactsRefused) as refused:
        given(facts, at="/facts")
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == [
        ("/facts/institution.beds_total", "wrong_value"),
        ("/facts/institution.nothing", "unknown_fact"),
        ("/facts/c~0~1d", "unknown_fact"),
    ]


@pytest.mark.parametrize("programme", ["", "A", "a b", "../x", "a" * 81, "x@y"])
def test_an_attestation_of_a_programme_names_a_programme(programme: str) -> None:
    with pytest.raises(FactsRefused):
        given({f"project.meets_detailed_rules@{programme}": True})


def test_parameters_that_overlap_or_run_backwards_are_refused() -> None:
    early, late = _dated("2024-01-01", "2025-01-02"), _dated("2025-01-01", None)
    for values in ((early, late), (late, early), (_dated("2024-01-01", None), late)):
        with pytest.raises(ValueError, match="生效区间重叠或次序颠倒"):
            Parameter("amount", "金额", FactType.DECIMAL, values)


def _dated(start: str, end: str | None) -> Dated:
    return Dated(Decimal(1), date.fromisoformat(start), date.fromisoformat(end) if end else None)
