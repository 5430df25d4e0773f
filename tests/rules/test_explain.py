"""Operators and their sentences: what is asked, what the case has, and the verdict, turned around under a `not`."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings

from app.rules import Explanation, Finding, Parameters, Provenance, Stated, Truth, advise, explain, findings, parse
from app.rules.catalogue import CATALOGUE
from app.rules.operators import OPERATORS
from tests.rules.strategies import PARAMETERS, Json, Question, questions

DAY = date(2025, 11, 20)
NAMES = {"140300": "阳泉市", "140302": "城区"}
CASE: dict[str, object] = {
    "institution.region_code": Stated("140302", Provenance.REGISTRY),
    "institution.beds_total": 120,
    "institution.ownership": "private",
    "institution.filed": True,
    "institution.filed_on": "2024-11-20",
    "institution.kinds": ["nursing_home", "elderly_home"],
    "institution.risk_controllable": Stated(True, Provenance.CHECKED),
    "project.investment_yuan": "499999999.99",
    "project.is_kangyang": Stated(True, Provenance.ASSUMED),
}


def finding(leaf: Json, facts: dict[str, object] | None = None) -> Finding:
    explained: Explanation = explain(parse(leaf), CASE if facts is None else facts, DAY, PARAMETERS, NAMES)
    assert isinstance(explained, Finding)
    return explained


def _leaf(op: str, fact: str, **operands: Any) -> Json:
    return {"op": op, "fact": fact, **operands}


_BEDS, _YUAN, _KINDS = "institution.beds_total", "project.investment_yuan", "institution.kinds"
_FILED_ON, _REGION = "institution.filed_on", "institution.region_code"

# One line for each operator: the condition, and the sentences for it and for its negation.
SENTENCES = [
    (
        _leaf("eq", _BEDS, value=120),
        "床位总数应为 120 张；填报为 120 张，符合",
        "床位总数不应为 120 张；填报为 120 张，不符合",
    ),
    (
        _leaf("ne", _BEDS, value=100),
        "床位总数不应为 100 张；填报为 120 张，符合",
        "床位总数应为 100 张；填报为 120 张，不符合",
    ),
    (
        _leaf("lt", _BEDS, value=121),
        "床位总数应低于 121 张；填报为 120 张，符合",
        "床位总数应不低于 121 张；填报为 120 张，不符合",
    ),
    (
        _leaf("le", _BEDS, value=119),
        "床位总数应不超过 119 张；填报为 120 张，不符合",
        "床位总数应超过 119 张；填报为 120 张，符合",
    ),
    (
        _leaf("gt", _BEDS, value=120),
        "床位总数应超过 120 张；填报为 120 张，不符合",
        "床位总数应不超过 120 张；填报为 120 张，符合",
    ),
    (
        _leaf("ge", _YUAN, value="500000000"),
        "项目总投资应不低于 5 亿元；填报为 499,999,999.99 元，不符合",
        "项目总投资应低于 5 亿元；填报为 499,999,999.99 元，符合",
    ),
    (
        _leaf("between", _BEDS, low=100, high=120),
        "床位总数应在 100 张和 120 张之间（含两端）；填报为 120 张，符合",
        "床位总数不应在 100 张和 120 张之间（含两端）；填报为 120 张，不符合",
    ),
    (
        _leaf("in", "institution.ownership", values=["private", "public"]),
        "所有制应为公办、民办之一；填报为民办，符合",
        "所有制不应为公办、民办之一；填报为民办，不符合",
    ),
    (
        _leaf("overlaps", _KINDS, values=["hospice", "elderly_home"]),
        "机构类别应有养老院、安宁疗护机构中的至少一项；填报为养老院、护理院，符合",
        "机构类别不应有养老院、安宁疗护机构中的任何一项；填报为养老院、护理院，不符合",
    ),
    (
        _leaf("contains", _KINDS, values=["hospice", "elderly_home"]),
        "机构类别应包括养老院、安宁疗护机构；填报为养老院、护理院，不符合",
        "机构类别不应同时包括养老院、安宁疗护机构；填报为养老院、护理院，符合",
    ),
    (
        _leaf("within", _REGION, regions=["140300", "140100"]),
        "机构所在地应位于阳泉市、140100；登记为城区，符合",
        "机构所在地不应位于阳泉市、140100；登记为城区，不符合",
    ),
    (
        _leaf("known", _BEDS),
        "床位总数应已填写；填报为 120 张，符合",
        "床位总数应未填写；填报为 120 张，不符合",
    ),
    (
        _leaf("at_least_months_ago", _FILED_ON, months=12),
        "备案日期距今应满 12 个月（即不晚于 2024-11-20）；填报为 2024-11-20，符合",
        "备案日期距今应不满 12 个月（即晚于 2024-11-20）；填报为 2024-11-20，不符合",
    ),
    (
        _leaf("at_most_months_ago", _FILED_ON, months=6),
        "备案日期距今应不超过 6 个月（即不早于 2025-05-20）；填报为 2024-11-20，不符合",
        "备案日期距今应超过 6 个月（即早于 2025-05-20）；填报为 2024-11-20，符合",
    ),
    (
        _leaf("attested", "institution.risk_controllable"),
        "风险可控应由放款银行认定；核实为已认定，符合",
        "风险可控不应已由放款银行认定；核实为已认定，不符合",
    ),
]


@pytest.mark.parametrize(("leaf", "plain", "turned"), SENTENCES, ids=[leaf["op"] for leaf, _, _ in SENTENCES])
def test_a_condition_reads_as_it_is_demanded_and_its_negation_the_other_way_round(
    leaf: Json, plain: str, turned: str
) -> None:
    once = {"op": "not", "of": leaf}
    assert finding(leaf).sentence == plain
    assert finding(once).sentence == turned
    assert finding({"op": "not", "of": once}).sentence == plain


def test_every_operator_has_a_test_both_phrases_and_a_sentence_above() -> None:
    assert {leaf["op"] for leaf, _, _ in SENTENCES} == OPERATORS.keys()
    for key, operator in OPERATORS.items():
        assert operator.key == key
        assert callable(operator.test)
        assert operator.types
        assert operator.phrase != operator.negated
        assert all("应" in phrase for phrase in (operator.phrase, operator.negated))


@settings(max_examples=200, deadline=None)
@drawn(questions())
def test_a_sentence_holds_the_label_what_is_wanted_what_is_there_and_the_verdict(question: Question) -> None:
    words = {Truth.TRUE: "，符合", Truth.FALSE: "，不符合", Truth.UNKNOWN: "，待确认"}
    for said in findings(explain(question.rule, question.facts, question.as_of, PARAMETERS)):
        assert said.label == CATALOGUE[said.fact].label
        assert said.sentence.startswith(f"{said.label}{said.wanted}；")
        assert said.sentence.endswith(words[said.truth])
        assert (said.own or "尚未") in said.sentence
        assert (said.own is None) == (said.provenance is None)
        assert said.changeable is (
            CATALOGUE[said.fact].changeable or said.wanted.startswith(("距今应满", "距今应超过"))
        )


@pytest.mark.parametrize(
    ("fact", "stated", "sentence"),
    [
        ("institution.filed", Stated(True, Provenance.CHECKED), "已备案应为是；核实为是，符合"),
        ("institution.filed", Stated(False, Provenance.REGISTRY), "已备案应为是；登记为否，不符合"),
        ("institution.filed", Stated(True, Provenance.ASSUMED), "已备案应为是；假设为是，还要核实，待确认"),
        ("institution.filed", Stated(True), "已备案应为是；填报为是，还要核实，待确认"),
        ("institution.filed", None, "已备案应为是；尚未填写，待确认"),
    ],
)
def test_a_sentence_says_who_vouches_for_the_value(fact: str, stated: Stated | None, sentence: str) -> None:
    leaf = _leaf("eq", fact, value=True, checked=True)
    assert finding(leaf, {fact: stated}).sentence == sentence


def test_an_attestation_not_given_and_one_refused_are_told_apart() -> None:
    key = "project.meets_detailed_rules"
    leaf = _leaf("attested", key, programme="kangyang-town-grant")
    label = "项目符合该项政策的相关规定应由主管部门认定"
    assert finding(leaf, {}).sentence == f"{label}；尚未认定，待确认"
    assert finding(leaf, {f"{key}@kangyang-town-grant": False}).sentence == f"{label}；填报为未获认定，不符合"


def test_a_parameter_without_a_value_on_the_day_is_said_to_have_none() -> None:
    leaf = _leaf("ge", _YUAN, value={"param": "test.amount"})
    said = explain(parse(leaf), CASE, date(2026, 1, 1), PARAMETERS)
    assert isinstance(said, Finding)
    assert said.wanted == "应不低于（当日没有规定数值）"
    assert said.truth is Truth.UNKNOWN


def test_the_same_facts_are_named_as_each_caller_names_regions() -> None:
    leaf = _leaf("eq", _REGION, value="140302")
    assert finding(leaf).sentence == "机构所在地应为城区；登记为城区，符合"
    plain = explain(parse(leaf), CASE, DAY)
    assert isinstance(plain, Finding)
    assert plain.sentence == "机构所在地应为 140302；登记为 140302，符合"


def test_a_finding_carries_its_place_id_and_citation() -> None:
    leaf = {**_leaf("ge", _BEDS, value=100), "id": "beds", "cite": {"clause": "五(十二)"}}
    explained = explain(parse({"op": "all", "of": [{"op": "not", "of": leaf}, _leaf("known", _BEDS)]}), CASE, DAY)
    first, second = findings(explained)
    assert (first.at, first.id, second.at, second.id) == ("/of/0/of", "beds", "/of/1", "/of/1")
    assert first.citation is not None
    assert first.citation.clause == "五(十二)"
    assert second.citation is None


@pytest.mark.parametrize(
    ("leaf", "facts", "distance"),
    [
        (_leaf("ge", _YUAN, value="500000000"), {_YUAN: "480000000"}, "还差 2,000 万元（达到 5 亿元）"),
        (_leaf("gt", _YUAN, value="500000000"), {_YUAN: "500000000"}, "还差 0.01 元（达到 500,000,000.01 元）"),
        (_leaf("ge", _BEDS, value=100), {_BEDS: 98}, "还差 2 张（达到 100 张）"),
        (_leaf("lt", _BEDS, value=100), {_BEDS: 110}, "需减少 11 张（降到 99 张）"),
        (_leaf("ge", _BEDS, value=100), {}, "尚未填写；如果是“100 张”，即符合"),
        (_leaf("ge", _BEDS, value=100, checked=True), {_BEDS: 120}, "填报的“120 张”需经主管部门核实"),
        (_leaf("eq", "institution.filed", value=True), {"institution.filed": False}, "需改为“是”"),
        (_leaf("attested", "institution.risk_controllable"), {}, "需取得放款银行认定"),
        (
            _leaf("contains", "institution.medical_integration", values=["in_house", "adjacent"]),
            {"institution.medical_integration": ["adjacent"]},
            "需增加 内设医疗机构",
        ),
        (_leaf("at_least_months_ago", _FILED_ON, months=12), {_FILED_ON: "2025-03-31"}, "2026-03-31 起满足"),
        (_leaf("at_least_months_ago", _FILED_ON, months=12), {_FILED_ON: "2024-11-21"}, "2025-11-21 起满足"),
    ],
)
def test_advice_says_how_far_it_is(leaf: Json, facts: dict[str, object], distance: str) -> None:
    (steps,) = advise(parse(leaf), facts, DAY, Parameters()).changes
    assert [step.distance for step in steps] == [distance]
    assert steps[0].sentence == f"{steps[0].label}：{distance}"
