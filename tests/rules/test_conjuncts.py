"""A rule taken apart says what it said, shares what others ask too, and its parts are moved by nothing in common."""

from itertools import combinations
from typing import Any

from hypothesis import given as drawn
from hypothesis import settings

from app.rules import evaluate, given, parse
from app.rules.bind import bind
from app.rules.check import Rule, operands
from app.rules.conjuncts import Verdicts, conjuncts, demands, may_move
from app.rules.nodes import MonthsAgo, Param
from app.rules.parameters import NO_PARAMETERS
from app.rules.truth import Truth, kleene_all
from tests.rules.strategies import DAYS, PARAMETERS, Question, conjunctions, questions

_MANY = settings(max_examples=300, deadline=None)
BEDS = {"op": "ge", "fact": "institution.beds_total", "value": 50}
FILED = {"op": "eq", "fact": "institution.filed", "value": True}


def _verdicts(question: Question) -> Verdicts:
    return Verdicts(given(question.facts), question.as_of, PARAMETERS)


@_MANY
@drawn(questions() | conjunctions())
def test_the_parts_together_say_what_the_rule_says(question: Question) -> None:
    said = evaluate(question.rule, question.facts, question.as_of, PARAMETERS)
    verdicts = _verdicts(question)
    front, others = conjuncts(question.rule, 1)
    unmet = [one for one in others if verdicts[one] is not Truth.TRUE]
    assert verdicts.only_unmet(others) is (unmet[0] if _is_one_false(unmet, verdicts) else None)
    assert kleene_all([verdicts.all_of(front), verdicts.all_of(others)]) is said
    assert kleene_all([verdicts[one] for one in demands(question.rule)]) is said


def _is_one_false(unmet: list[Rule], verdicts: Verdicts) -> bool:
    return len(unmet) == 1 and verdicts[unmet[0]] is Truth.FALSE


@_MANY
@drawn(questions() | conjunctions())
def test_no_two_demands_ask_the_same_fact_or_wait_for_the_same_day(question: Question) -> None:
    parts = demands(question.rule)
    assert set().union(*(part.facts for part in parts)) == set(question.rule.facts)
    for one, other in combinations(parts, 2):
        assert set(one.facts).isdisjoint(other.facts)
        assert not (_is_dated(one) and _is_dated(other))


def _is_dated(rule: Rule) -> bool:
    leaves = [leaf for _, leaf in rule.leaves]
    return any(isinstance(leaf, MonthsAgo) or any(isinstance(o, Param) for o in operands(leaf)) for leaf in leaves)


@_MANY
@drawn(questions() | conjunctions())
def test_what_is_settled_stays_met_whatever_else_is_learned(question: Question) -> None:
    verdicts = _verdicts(question)
    for part in demands(question.rule):
        bound = bind(part, question.as_of, PARAMETERS)
        known = verdicts.facts.values.keys() >= part.facts.keys()
        if verdicts.is_settled(part):
            assert known
            assert bound.verdict(verdicts.facts) is Truth.TRUE
        elif known and not any(leaf.checked for _, leaf in part.leaves):
            assert bound.verdict(verdicts.facts) is not Truth.TRUE


def _all(*members: dict[str, Any]) -> Rule:
    return parse({"op": "all", "of": list(members)})


def test_the_same_demand_is_the_same_object_whatever_it_is_called() -> None:
    named = {**BEDS, "id": "beds", "cite": {"own": "第 1 条"}}
    ((), (mine, filed)), ((), (theirs,)) = conjuncts(_all(named, FILED)), conjuncts(_all(BEDS))
    assert mine is theirs
    assert mine is not filed


def test_another_threshold_another_source_or_another_way_round_is_another_demand() -> None:
    others: list[dict[str, Any]] = [
        {**BEDS, "value": 51},
        {**BEDS, "checked": True},
        {**BEDS, "op": "gt"},
        {"op": "not", "of": BEDS},
    ]
    found = [conjuncts(_all(one))[1] for one in (BEDS, *others)]
    assert len(set(found)) == len(found)


def test_the_front_is_what_the_first_members_demand() -> None:
    rule = _all({"op": "all", "of": [BEDS, FILED]}, {"op": "not", "of": {"op": "any", "of": [BEDS, FILED]}})
    front, others = conjuncts(rule, 1)
    assert (len(front), len(others)) == (2, 2)
    assert conjuncts(rule, 2) == ((*front, *others), ())


def test_what_nobody_can_change_and_no_waiting_turns_is_not_worth_a_search() -> None:
    place: dict[str, Any] = {"op": "within", "fact": "institution.region_code", "regions": ["140100"]}
    age: dict[str, Any] = {"op": "at_least_months_ago", "fact": "institution.established_on", "months": 12}
    assert [may_move(_all(one)) for one in (BEDS, place, age)] == [True, False, True]


def test_a_case_is_asked_once() -> None:
    (demand,) = demands(_all(BEDS))
    verdicts = Verdicts(given({"institution.beds_total": 50}), DAYS[0], NO_PARAMETERS)
    assert verdicts[demand] is Truth.TRUE
    # What was found is not asked again, or a change of the facts would be seen.
    verdicts.facts.values["institution.beds_total"] = 49
    assert verdicts.all_of((demand,)) is Truth.TRUE
