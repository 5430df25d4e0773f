"""The benchmark's question is worth asking: it is the same each time, its answers are mixed, and peers can read it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.rules import Truth, given
from app.rules.truth import kleene_all, kleene_any, kleene_not
from bench import kernel
from bench.agreement import Disagreement, check, mixture
from bench.measure import exponent, in_turns, ratio
from bench.plain import Context, Group, Plain, context
from bench.table import Row
from bench.workload import UNKNOWN_SHARE, cases_as_json, leaf_count, rules_as_json

QUESTION = kernel.question(60, 10)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda own, wanted: own == wanted,
    "ne": lambda own, wanted: own != wanted,
    "lt": lambda own, wanted: own < wanted,
    "le": lambda own, wanted: own <= wanted,
    "gt": lambda own, wanted: own > wanted,
    "ge": lambda own, wanted: own >= wanted,
    "between": lambda own, wanted: wanted[0] <= own <= wanted[1],
    "in": lambda own, wanted: own in wanted,
    "overlaps": lambda own, wanted: any(code in wanted for code in own),
    "contains": lambda own, wanted: all(code in own for code in wanted),
    "within": lambda own, wanted: any(own.startswith(prefix) for prefix in wanted),
}


class Walk:
    """A peer in a few lines: it walks the plain trees."""

    label = "walk"

    def __init__(self, rules: Sequence[Plain], *, is_three_valued: bool = True) -> None:
        self._rules = rules
        self.is_three_valued = is_three_valued

    def prepare(self, case: Context) -> Context:
        return case

    def ask(self, prepared: Context) -> list[Truth]:
        return [self.decide(rule, prepared) for rule in self._rules]

    def verdicts(self, answer: Any) -> list[float]:
        return [truth.value if self.is_three_valued else 2 * (truth is Truth.TRUE) for truth in answer]

    def decide(self, node: Plain, case: Context) -> Truth:
        if isinstance(node, Group):
            members = [self.decide(child, case) for child in node.of]
            return kleene_all(members) if node.op == "all" else kleene_any(members)
        own = case[node.name]
        if node.op == "known":
            truth = Truth.of(own is not None)
        else:
            truth = Truth.of(None if own is None else OPERATORS[node.op](own, node.wanted))
        return kleene_not(truth) if node.negated else truth


def test_the_question_is_the_same_each_time() -> None:
    assert rules_as_json(60) == rules_as_json(80)[:60]
    assert cases_as_json(3) == cases_as_json(5)[:3]


def test_rules_have_about_eight_conditions_and_cases_a_seventh_of_unknown_facts() -> None:
    leaves = [leaf_count(rule) for rule in rules_as_json(300)]
    values = [value for case in cases_as_json(50) for value in case.values()]

    assert 7.5 < sum(leaves) / len(leaves) < 8.5
    assert abs(sum(value is None for value in values) / len(values) - UNKNOWN_SHARE) < 0.03


def test_every_verdict_is_common() -> None:
    counts = mixture(QUESTION)

    assert set(counts) == set(Truth)
    assert min(counts.values()) > 0.1 * sum(counts.values())


def test_plain_rules_and_contexts_say_what_the_kernel_says() -> None:
    agreed = check(Walk(QUESTION.plain), QUESTION)

    assert agreed.compared == 600


def test_the_unknown_verdicts_of_a_two_valued_peer_are_counted_and_the_others_compared() -> None:
    agreed = check(Walk(QUESTION.plain, is_three_valued=False), QUESTION)

    assert agreed.unknown_as_false == mixture(QUESTION)[Truth.UNKNOWN]
    assert agreed.compared == 600 - agreed.unknown_as_false


def test_one_wrong_rule_of_a_peer_stops_the_benchmark() -> None:
    first, *others = QUESTION.plain

    with pytest.raises(Disagreement, match="walk"):
        check(Walk([*others, first]), QUESTION)


def test_a_value_that_some_peer_would_round_is_refused() -> None:
    facts = given({"project.investment_yuan": "499999999.99"})

    with pytest.raises(ValueError, match=r"project\.investment_yuan"):
        context(facts, ["project_investment_yuan"])


def test_every_condition_is_explained_and_every_bound_rule_says_what_evaluate_says() -> None:
    case = QUESTION.cases[0]

    assert kernel.explained(QUESTION.rules, case) == sum(map(leaf_count, rules_as_json(60)))
    assert kernel.verdicts(QUESTION.bound, case) == kernel.verdicts_of_rules(QUESTION.rules, case)


def test_contenders_take_turns_and_the_order_turns_around() -> None:
    calls: list[str] = []
    times = in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)

    assert calls == ["a", "b", "a", "b", "b", "a"]
    assert {name: len(seconds) for name, seconds in times.items()} == {"a": 2, "b": 2}


def test_another_clock_measures_what_another_process_does() -> None:
    ticks = iter(range(100))
    times = in_turns({"a": lambda: None, "b": lambda: next(ticks)}, 2, clock=lambda: next(ticks))

    assert times == {"a": [1, 1], "b": [2, 2]}


def test_a_row_says_whether_its_target_is_met() -> None:
    times = {"a": [0.03, 0.03], "b": [0.01, 0.01]}

    assert Row("a", "b", times, 1, 3.0).cells() == ["a", "30.0 ms", "10.0 ms", "3.00 (3.00..3.00)", "≤ 3 达标"]
    assert Row("a", "b", times, 1, 2.9).cells()[-1] == "≤ 2.9 未达标"
    assert Row("a", "b", times, 10).cells()[1:] == ["3.00 ms", "1.00 ms", "3.00 (3.00..3.00)", ""]


def test_a_ratio_is_the_median_of_the_rounds_with_its_range() -> None:
    assert ratio({"a": [1, 4, 9], "b": [1, 2, 3]}, "a", "b") == (2, 1, 3)


@pytest.mark.parametrize("power", [1, 2])
def test_the_exponent_of_a_power_is_that_power(power: int) -> None:
    sizes = [75, 150, 300, 600]

    assert exponent(sizes, [0.001 * size**power for size in sizes]) == pytest.approx(power)
