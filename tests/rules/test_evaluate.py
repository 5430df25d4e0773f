"""Laws of the verdict: it is what the naive reading says, and only `known` may notice that a fact is missing."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from app.rules import Explanation, Finding, Provenance, Stated, Truth, evaluate, explain, findings, parse
from app.rules.operators import OPERATORS
from tests.rules import reference
from tests.rules.strategies import DAYS, PARAMETERS, RAW_PARAMETERS, Json, Question, questions, values

_MANY = settings(max_examples=250, deadline=None)


def verdict(question: Question) -> Truth:
    return evaluate(question.rule, question.facts, question.as_of, PARAMETERS)


@_MANY
@drawn(questions())
def test_a_verdict_is_what_the_naive_reading_says(question: Question) -> None:
    said = reference.verdict(question.raw, question.facts, question.as_of, RAW_PARAMETERS)
    assert verdict(question) is Truth.of(said)


@_MANY
@drawn(questions(known=False), st.data())
def test_a_decided_verdict_stays_whatever_an_unknown_fact_is(question: Question, data: st.DataObject) -> None:
    before = verdict(question)
    learned = dict(question.facts)
    for leaf in reference.leaves(question.raw):
        if learned.get(key := reference.key(leaf), Stated(None)).value is None:
            learned[key] = Stated(data.draw(values(leaf["fact"])), data.draw(st.sampled_from(list(Provenance))))
    after = verdict(replace(question, facts=learned))
    assert before is Truth.UNKNOWN or after is before


@_MANY
@drawn(questions())
def test_not_over_a_rule_turns_its_verdict_around(question: Question) -> None:
    negated = replace(question, raw={"op": "not", "of": question.raw})
    turned = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}
    assert verdict(negated) is turned[verdict(question)]


@_MANY
@drawn(questions(), st.randoms(use_true_random=False))
def test_the_order_of_members_does_not_matter(question: Question, random: Random) -> None:
    assert verdict(replace(question, raw=_shuffled(question.raw, random))) is verdict(question)


def _shuffled(node: Json, random: Random) -> Json:
    if node["op"] == "not":
        return {**node, "of": _shuffled(node["of"], random)}
    if node["op"] not in {"all", "any"}:
        return node
    members = [_shuffled(child, random) for child in node["of"]]
    random.shuffle(members)
    return {**node, "of": members}


@_MANY
@drawn(questions())
def test_a_rule_written_out_and_read_back_says_the_same(question: Question) -> None:
    dumped = question.rule.to_json()
    again = parse(json.loads(json.dumps(dumped)), parameters=PARAMETERS)
    assert again.to_json() == dumped
    assert evaluate(again, question.facts, question.as_of, PARAMETERS) is verdict(question)


@_MANY
@drawn(questions())
def test_an_explanation_is_the_rule_in_negation_normal_form_with_its_verdicts(question: Question) -> None:
    explained = explain(question.rule, question.facts, question.as_of, PARAMETERS)
    expected = reference.normal_form(question.raw, question.facts, question.as_of, RAW_PARAMETERS)
    assert _shape(explained) == expected
    assert explained.truth is verdict(question)
    assert [finding.fact for finding in findings(explained)] == [
        reference.key(leaf) for leaf in reference.leaves(question.raw)
    ]


def _shape(explanation: Explanation) -> reference.Tree:
    said = {Truth.TRUE: True, Truth.FALSE: False, Truth.UNKNOWN: None}[explanation.truth]
    if isinstance(explanation, Finding):
        return explanation.at, "leaf", said, ()
    return explanation.at, explanation.op, said, tuple(_shape(member) for member in explanation.of)


def test_the_random_questions_are_worth_asking() -> None:
    """A generator whose verdicts were all alike, or that left an operator out, would prove nothing."""
    verdicts: Counter[Truth] = Counter()
    operators: Counter[str] = Counter()

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @drawn(questions())
    def collect(question: Question) -> None:
        verdicts[verdict(question)] += 1
        operators.update({leaf["op"] for leaf in reference.leaves(question.raw)})

    collect()
    assert min(verdicts[truth] for truth in Truth) > verdicts.total() / 10, verdicts
    assert operators.keys() == OPERATORS.keys()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2019-12-31", Truth.UNKNOWN),
        ("2020-01-01", Truth.FALSE),
        ("2024-12-31", Truth.FALSE),
        ("2025-01-01", Truth.TRUE),
        ("2025-12-31", Truth.TRUE),
        ("2026-01-01", Truth.UNKNOWN),
    ],
)
def test_a_parameter_counts_from_its_first_day_to_the_day_before_its_end(day: str, expected: Truth) -> None:
    """500,000,000 yuan until the end of 2024, 10,000 in 2025, no value before and after."""
    raw = {"op": "ge", "fact": "project.investment_yuan", "value": {"param": "test.amount"}}
    question = Question(raw, {"project.investment_yuan": Stated("499999999.99")}, date.fromisoformat(day))
    assert verdict(question) is expected
    assert (
        verdict(replace(question, raw={"op": "not", "of": raw}))
        is {
            Truth.TRUE: Truth.FALSE,
            Truth.FALSE: Truth.TRUE,
            Truth.UNKNOWN: Truth.UNKNOWN,
        }[expected]
    )


def test_a_parameter_that_nobody_holds_is_unknown() -> None:
    rule = parse({"op": "ge", "fact": "project.investment_yuan", "value": {"param": "test.amount"}})
    assert evaluate(rule, {"project.investment_yuan": "1"}, date.fromisoformat("2024-01-01")) is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        (Provenance.DECLARED, Truth.UNKNOWN),
        (Provenance.ASSUMED, Truth.UNKNOWN),
        (Provenance.CHECKED, Truth.TRUE),
        (Provenance.REGISTRY, Truth.TRUE),
    ],
)
def test_a_condition_that_demands_a_checked_value_takes_no_other(provenance: Provenance, expected: Truth) -> None:
    leaf = {"op": "eq", "fact": "institution.filed", "value": True, "checked": True}
    facts = {"institution.filed": Stated(True, provenance)}
    assert evaluate(parse(leaf), facts, DAYS[0]) is expected
    assert evaluate(parse({**leaf, "checked": False}), facts, DAYS[0]) is Truth.TRUE


@pytest.mark.parametrize(
    ("own", "region", "expected"),
    [
        ("140302", "140000", Truth.TRUE),
        ("140302", "140300", Truth.TRUE),
        ("140302", "140302", Truth.TRUE),
        ("140300", "140302", Truth.FALSE),
        ("140000", "140300", Truth.FALSE),
        ("140303", "140302", Truth.FALSE),
        ("140400", "140300", Truth.FALSE),
        ("141002", "141000", Truth.TRUE),
        ("140102", "141000", Truth.FALSE),
        ("110000", "140000", Truth.FALSE),
        ("140302", "１４０３００", Truth.TRUE),
    ],
)
def test_a_county_lies_in_its_city_and_in_its_province(own: str, region: str, expected: Truth) -> None:
    rule = parse({"op": "within", "fact": "institution.region_code", "regions": [region]})
    assert evaluate(rule, {"institution.region_code": own}, DAYS[0]) is expected


def test_an_attestation_of_one_programme_never_passes_another() -> None:
    rule = parse({"op": "attested", "fact": "project.meets_detailed_rules", "programme": "kangyang-town-grant"})
    key = "project.meets_detailed_rules"
    day = DAYS[0]
    assert evaluate(rule, {f"{key}@kangyang-interest-subsidy": True}, day) is Truth.UNKNOWN
    assert evaluate(rule, {f"{key}@kangyang-town-grant": True}, day) is Truth.TRUE
    assert evaluate(rule, {f"{key}@kangyang-town-grant": False}, day) is Truth.FALSE


@pytest.mark.parametrize("value", [None, Stated(None)])
def test_a_fact_given_as_none_is_unknown_even_for_equality(value: object) -> None:
    leaf = {"op": "eq", "fact": "institution.filed", "value": True}
    either = {"op": "any", "of": [leaf, {**leaf, "value": False}]}
    facts = {"institution.filed": value}
    assert evaluate(parse(either), facts, DAYS[0]) is Truth.UNKNOWN
    assert evaluate(parse({"op": "known", "fact": "institution.filed"}), facts, DAYS[0]) is Truth.FALSE
