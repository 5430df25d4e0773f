"""An index of predicates says of every rule what the rule itself says, whatever other rules it was made with."""

from typing import Any

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from app.rules import given, parse
from app.rules.check import Rule
from app.rules.conjuncts import Verdicts, conjuncts, demands, may_move
from app.rules.predicates import PredicateIndex
from app.rules.truth import Truth
from tests.rules.strategies import DAYS, PARAMETERS, Question, conjunctions, questions

_MANY = settings(max_examples=300, deadline=None)
_SEVERAL = st.lists(questions() | conjunctions(), min_size=1, max_size=4)


@_MANY
@drawn(_SEVERAL, st.integers(0, 2))
def test_the_bits_of_a_rule_say_what_its_demands_say(several: list[Question], first: int) -> None:
    asked = several[0]
    facts = given(asked.facts)
    verdicts = Verdicts(facts, asked.as_of, PARAMETERS)
    index = PredicateIndex([(one.rule, first) for one in several], asked.as_of, PARAMETERS)
    answers = index.ask(facts)
    for one in several:
        (front, others), rule = conjuncts(one.rule, first), index.indexed(one.rule, first)
        assert answers.all_of(rule.front) is verdicts.all_of(front)
        assert answers.all_of(rule.others) is verdicts.all_of(others)
        assert index.only_unmet(answers, rule) is verdicts.only_unmet(others)


@_MANY
@drawn(_SEVERAL)
def test_what_is_open_and_what_is_hopeless_are_as_they_are_one_by_one(several: list[Question]) -> None:
    asked = several[0]
    facts = given(asked.facts)
    verdicts = Verdicts(facts, asked.as_of, PARAMETERS)
    index = PredicateIndex([(one.rule, 0) for one in several], asked.as_of, PARAMETERS)
    answers = index.ask(facts)
    for one in several:
        rule = index.indexed(one.rule, 0)
        still = [part for part, bit in rule.parts if answers.open & bit]
        assert still == [part for part in demands(one.rule) if not verdicts.is_settled(part)]
        stuck = [part for part in still if not may_move(part) and verdicts[part] is not Truth.TRUE]
        assert answers.is_hopeless(rule) is bool(stuck)


_FEW: dict[str, Any] = {"op": "ge", "fact": "institution.beds_total", "value": 50}
_FILED: dict[str, Any] = {"op": "eq", "fact": "institution.filed", "value": True}


def _unmet(first: int, *members: dict[str, Any]) -> Rule | None:
    rule = parse({"op": "all", "of": list(members)})
    index = PredicateIndex([(rule, first)], DAYS[0], PARAMETERS)
    answers = index.ask(given({"institution.beds_total": 49, "institution.filed": True}))
    return index.only_unmet(answers, index.indexed(rule, first))


def test_what_is_demanded_twice_is_never_all_that_is_not_met() -> None:
    ((), (beds, _)) = conjuncts(parse({"op": "all", "of": [_FEW, _FILED]}))
    assert _unmet(0, _FEW, _FILED) is beds
    assert _unmet(0, _FEW, _FILED, _FEW) is None
    # In front of the others it says for whom the offer is, and is counted apart.
    assert _unmet(1, _FEW, _FILED, _FEW) is beds
    assert _unmet(1, _FEW, _FILED) is None
