"""Laws of advice: what is advised works, is the least that works, and is complete; what is missing matters."""

from dataclasses import replace
from datetime import date
from itertools import combinations

from hypothesis import given as drawn
from hypothesis import settings

from app.rules import Advice, Truth, advise, evaluate, given
from app.rules.advise import MOST_STEPS
from app.rules.catalogue import CATALOGUE
from tests.rules import brute
from tests.rules.strategies import PARAMETERS, Question, conjunctions, questions

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
