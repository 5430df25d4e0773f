"""Laws of advice: what is advised works, is the least that works, and is complete; what is missing matters."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import import_module
from itertools import combinations
from typing import TypeGuard

import pytest
from hypothesis import given as drawn
from hypothesis import settings

from app.rules import Advice, Provenance, Stated, Truth, advise, evaluate, given
from app.rules.advise import MOST_STEPS
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from app.rules.values import Value
from tests.rules import brute
from tests.rules.strategies import DAYS, PARAMETERS, Json, Question, conjunctions, questions

_MANY = settings(max_examples=300, deadline=None)
_SMALL = questions(changeable=True, most_facts=4, most_leaves=6)
_TINY = questions(most_facts=3, most_leaves=6)


def advice(question: Question) -> Advice:
    return advise(question.rule, question.facts, question.as_of, PARAMETERS)


def advised_sets(question: Question) -> list[frozenset[str]]:
    return [frozenset(step.fact for step in steps) for steps in advice(question).changes]


@_MANY
@drawn(_SMALL)
def test_following_a_piece_of_advice_makes_the_rule_true(question: Question) -> None:
    facts = given(question.facts)
    for steps in advice(question).changes:
        changes = {step.fact: step.value for step in steps}
        day = changes.pop("as_of", question.as_of)
        assert isinstance(day, date)
        assert day >= question.as_of
        assert evaluate(question.rule, facts.with_values(changes), day, PARAMETERS) is Truth.TRUE


@_MANY
@drawn(_SMALL)
def test_the_sets_advised_are_exactly_the_minimal_ones(question: Question) -> None:
    """No part of an advised set works whatever its values, and no smaller set that works is left out."""
    least = set() if brute.verdict(question, {}) is True else brute.minimal_sets(question, 2)
    sets = advised_sets(question)
    assert {keys for keys in sets if len(keys) <= 2} == least
    assert [len(keys) for keys in sets] == sorted(len(keys) for keys in sets)


@settings(max_examples=200, deadline=None)
@drawn(conjunctions())
def test_no_part_of_three_steps_is_enough(question: Question) -> None:
    large = [keys for keys in advised_sets(question) if len(keys) == MOST_STEPS]
    moves = brute.moves(question)
    for keys in large:
        parts = [frozenset(part) for size in (1, 2) for part in combinations(keys, size)]
        assert not any(brute.works(question, part, moves) for part in parts)


@_MANY
@drawn(_SMALL)
def test_a_number_is_moved_no_further_than_needed(question: Question) -> None:
    facts = given(question.facts)
    for steps in advice(question).changes:
        key, value = steps[0].fact, steps[0].value
        current = facts.values.get(key)
        if len(steps) == 1 and _is_number(value) and _is_number(current) and value != current:
            nearer = Decimal(str(value)) + CATALOGUE[key].quantum * (1 if value < current else -1)
            moved = facts.with_values({key: int(nearer) if isinstance(value, int) else nearer})
            assert evaluate(question.rule, moved, question.as_of, PARAMETERS) is not Truth.TRUE


def _is_number(value: object) -> TypeGuard[int | Decimal]:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


@_MANY
@drawn(questions())
def test_what_cannot_be_changed_is_never_advised(question: Question) -> None:
    for keys in advised_sets(question):
        assert all(CATALOGUE[key].changeable for key in keys - {"as_of"})
        assert len(keys) <= MOST_STEPS


@_MANY
@drawn(questions())
def test_the_same_question_gets_the_same_advice(question: Question) -> None:
    backwards = dict(reversed(question.facts.items()))
    again = replace(question, facts=backwards)
    assert advice(again) == advice(question)


@settings(max_examples=200, deadline=None)
@drawn(_TINY)
def test_a_fact_is_named_missing_if_and_only_if_it_can_change_the_verdict(question: Question) -> None:
    can_change = {key for key in brute.unknown(question) if brute.can_change(question, key)}
    assert set(advice(question).missing) == can_change


@_MANY
@drawn(questions(known=False, checked=False))
def test_nothing_is_missing_from_a_decided_rule_that_asks_only_for_values(question: Question) -> None:
    decided = evaluate(question.rule, question.facts, question.as_of, PARAMETERS) is not Truth.UNKNOWN
    assert not (decided and advice(question).missing)


def test_the_random_questions_bring_advice_of_every_size() -> None:
    sizes: set[int] = set()
    steps: set[str] = set()

    @settings(max_examples=400, deadline=None, database=None, derandomize=True)
    @drawn(questions(changeable=True) | conjunctions())
    def collect(question: Question) -> None:
        sizes.update(len(keys) for keys in advised_sets(question))
        steps.update(
            "as_of" if key == "as_of" else CATALOGUE[key].type for keys in advised_sets(question) for key in keys
        )

    collect()
    assert sizes == {1, 2, 3}
    assert {"as_of", "bool", "int", "decimal", "enum", "set", "attestation"} <= steps


def test_waiting_for_a_day_counts_with_the_parameter_of_that_day() -> None:
    """The date is old enough on 2025-03-31; by then 30 beds are asked, not 100 as on the day of the question."""
    age = {"op": "at_least_months_ago", "fact": "institution.filed_on", "months": 1}
    beds = {"op": "eq", "fact": "institution.beds_total", "value": {"param": "test.count"}}
    facts = {"institution.filed_on": Stated("2025-02-28"), "institution.beds_total": Stated(20)}
    (steps,) = advice(Question({"op": "all", "of": [age, beds]}, facts, DAYS[0])).changes
    assert {step.fact: step.value for step in steps} == {"institution.beds_total": 30, "as_of": date(2025, 3, 28)}


def test_a_fact_that_settles_the_rule_alone_is_named_before_those_that_need_another() -> None:
    two = {"op": "all", "of": [_is("institution.filed"), _is("institution.inclusive")]}
    alone = {"op": "all", "of": [_is("institution.liability_insured"), _is("institution.liability_insured")]}
    question = Question({"op": "any", "of": [two, alone]}, {}, DAYS[0])
    assert advice(question).missing == ("institution.liability_insured", "institution.filed", "institution.inclusive")


def test_a_fact_whose_change_breaks_another_condition_is_advised_with_the_one_that_mends_it() -> None:
    many, few = ({"op": op, "fact": "institution.beds_total", "value": 100} for op in ("ge", "lt"))
    staffed = {"op": "ge", "fact": "institution.staff_total", "value": 50}
    facts = {"institution.beds_total": Stated(50), "institution.staff_total": Stated(10)}
    question = Question({"op": "all", "of": [many, {"op": "any", "of": [few, staffed]}]}, facts, DAYS[0])
    assert advised_sets(question) == [{"institution.beds_total", "institution.staff_total"}]


def test_waiting_that_breaks_a_condition_is_advised_with_the_fact_that_mends_it() -> None:
    """On 2025-01-15 the date is old enough, but since 2025-01-01 the parameter asks 30 beds where it asked 100."""
    age = {"op": "at_least_months_ago", "fact": "institution.filed_on", "months": 1}
    beds = {"op": "eq", "fact": "institution.beds_total", "value": {"param": "test.count"}}
    facts = {"institution.filed_on": Stated("2024-12-15"), "institution.beds_total": Stated(100)}
    (steps,) = advice(Question({"op": "all", "of": [age, beds]}, facts, date(2024, 12, 31))).changes
    assert {step.fact: step.value for step in steps} == {"institution.beds_total": 30, "as_of": date(2025, 1, 15)}


def test_a_set_may_need_one_of_two_codes_and_not_both() -> None:
    fact = "institution.medical_integration"
    codes: Json = {"fact": fact, "values": ["in_house", "adjacent"]}
    one = {"op": "all", "of": [{"op": "overlaps", **codes}, {"op": "not", "of": {"op": "contains", **codes}}]}
    owned: list[list[str]] = [[], ["in_house", "adjacent"], ["contracted"]]
    for own in owned:
        (steps,) = advice(Question(one, {fact: Stated(own)}, DAYS[0])).changes
        value = steps[0].value
        assert isinstance(value, frozenset)
        assert len(value & {"in_house", "adjacent"}) == 1
        assert ("contracted" in value) is ("contracted" in own)


def test_more_than_twelve_months_are_over_on_the_day_after_they_are_full() -> None:
    recent = {"op": "at_most_months_ago", "fact": "institution.filed_on", "months": 12}
    question = Question({"op": "not", "of": recent}, {"institution.filed_on": Stated("2025-03-31")}, date(2025, 11, 20))
    (steps,) = advice(question).changes
    assert [(step.fact, step.value) for step in steps] == [("as_of", date(2026, 4, 1))]


def test_a_fact_that_matters_only_where_another_contradicts_itself_is_not_missing() -> None:
    many, few = ({"op": op, "fact": "institution.beds_total", "value": 10} for op in ("ge", "lt"))
    never = {"op": "all", "of": [_is("institution.filed"), many, few]}
    question = Question({"op": "any", "of": [never, many, few]}, {}, DAYS[0])
    assert advice(question).missing == ("institution.beds_total",)


def test_a_confirmation_counts_as_a_step_of_its_own() -> None:
    checked = {**_is("institution.filed"), "checked": True}
    (steps,) = advice(Question(checked, {"institution.filed": Stated(True)}, DAYS[0])).changes
    assert [(step.fact, step.value) for step in steps] == [("institution.filed", True)]
    assert advice(Question(checked, {"institution.filed": Stated(True, Provenance.CHECKED)}, DAYS[0])).changes == ()


def test_a_rule_that_holds_needs_no_advice() -> None:
    question = Question(_is("institution.filed"), {"institution.filed": Stated(True)}, DAYS[0])
    assert advice(question) == Advice((), ())


_COUNTS = [fact.key for fact in CATALOGUE if fact.type is FactType.INT and fact.changeable and fact.maximum != 5]
_SWITCHES = [fact.key for fact in CATALOGUE if fact.type is FactType.BOOL and fact.changeable]


def _is(fact: str) -> Json:
    return {"op": "eq", "fact": fact, "value": True}


def _thresholds(facts: int, ops: tuple[str, ...]) -> list[Json]:
    """Two hundred conditions on a few counts, every one with a threshold of its own."""
    return [
        {"op": ops[i % len(ops)], "fact": _COUNTS[i * 5 % facts], "value": 10 * (i // facts) + 5} for i in range(200)
    ]


def _attested(count: int) -> list[Json]:
    fact = "project.meets_detailed_rules"
    return [{"op": "attested", "fact": fact, "programme": f"programme-{i}"} for i in range(count)]


def _grouped(outer: str, inner: str, size: int, conditions: list[Json]) -> Json:
    groups = [conditions[i : i + size] for i in range(0, len(conditions), size)]
    return {"op": outer, "of": [{"op": inner, "of": group} for group in groups]}


def _masked(facts: int) -> Json:
    """Facts that never matter, which only a search through all their states would prove."""
    conditions = [
        {"op": ("ge", "lt")[i % 2], "fact": _COUNTS[i % facts], "value": 10 + i // facts // 2} for i in range(190)
    ]
    sides = [{"op": op, "fact": _COUNTS[0], "value": 10} for op in ("ge", "lt")]
    return {"op": "any", "of": [{"op": "all", "of": conditions}, *sides]}


_LARGE = {
    "every condition a fact of its own": {"op": "all", "of": _attested(200)},
    "many pairs to choose from": _grouped("any", "all", 2, _attested(200)),
    "three of very many": _grouped("all", "any", 67, _attested(200)),
    "few facts with many thresholds": _grouped("all", "any", 10, _thresholds(3, ("ge", "lt"))),
    "many facts with many thresholds": _grouped("all", "any", 10, _thresholds(12, ("ge", "lt", "eq", "ne"))),
    "only equalities": _grouped("all", "any", 20, _thresholds(12, ("eq",))),
    "no way out": _grouped("any", "all", 10, _thresholds(12, ("eq", "lt"))),
    "switches": _grouped("all", "any", 4, [_is(_SWITCHES[i * 7 % len(_SWITCHES)]) for i in range(200)]),
    "facts that never matter": _masked(len(_COUNTS)),
    "three facts that never matter": _masked(3),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("raw", _LARGE.values(), ids=_LARGE.keys())
@pytest.mark.parametrize("own", [None, 7], ids=["unknown", "known"])
def test_the_largest_rules_get_advice_that_works_in_bounded_time(raw: Json, own: int | None) -> None:
    facts = {} if own is None else {key: Stated(own) for key in _COUNTS}
    question = Question(raw, facts, DAYS[0])
    assert len(question.rule.leaves) >= 190
    given_facts = given(facts)
    for steps in advice(question).changes:
        changed = given_facts.with_values({step.fact: step.value for step in steps})
        assert evaluate(question.rule, changed, question.as_of, PARAMETERS) is Truth.TRUE


@pytest.mark.parametrize("trials", [0, 1, 500])
def test_the_search_stops_at_its_bound_and_advises_nothing_it_has_not_proved(
    trials: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(_grouped("all", "any", 20, _thresholds(12, ("eq",))), {}, DAYS[0])
    tried: list[object] = []
    search = import_module("app.rules.advise")
    monkeypatch.setattr(search, "_MOST_VISITS", trials * len(question.rule.leaves))
    monkeypatch.setattr(search._Case, "_holds", _counting(search._Case._holds, tried))
    assert advice(question).changes == ()
    assert len(tried) == trials


def _counting(real: Callable[..., bool], tried: list[object]) -> Callable[..., bool]:
    def counted(case: object, state: Mapping[str, Value]) -> bool:
        tried.append(state)
        return real(case, state)

    return counted
