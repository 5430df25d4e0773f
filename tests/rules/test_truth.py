"""The three-valued tables of strong Kleene logic, in full."""

from itertools import product

import pytest

from app.rules import Truth
from app.rules.truth import kleene_all, kleene_any, kleene_not, settled

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN

AND = {
    (T, T): T, (T, U): U, (T, F): F,
    (U, T): U, (U, U): U, (U, F): F,
    (F, T): F, (F, U): F, (F, F): F,
}  # fmt: skip
OR = {
    (T, T): T, (T, U): T, (T, F): T,
    (U, T): T, (U, U): U, (U, F): U,
    (F, T): T, (F, U): U, (F, F): F,
}  # fmt: skip


@pytest.mark.parametrize("pair", list(product(Truth, repeat=2)))
def test_all_and_any_of_two_follow_the_tables(pair: tuple[Truth, Truth]) -> None:
    assert kleene_all(pair) is AND[pair]
    assert kleene_any(pair) is OR[pair]


@pytest.mark.parametrize(("truth", "negated"), [(T, F), (U, U), (F, T)])
def test_not_swaps_true_and_false_and_leaves_unknown(truth: Truth, negated: Truth) -> None:
    assert kleene_not(truth) is negated


@pytest.mark.parametrize("size", range(5))
def test_all_is_the_minimum_and_any_the_maximum_of_any_number(size: int) -> None:
    for truths in product(Truth, repeat=size):
        assert kleene_all(truths) is min(truths, key=lambda truth: truth.value, default=T)
        assert kleene_any(truths) is max(truths, key=lambda truth: truth.value, default=F)


@pytest.mark.parametrize("size", range(5))
def test_de_morgan(size: int) -> None:
    for truths in product(Truth, repeat=size):
        assert kleene_not(kleene_all(truths)) is kleene_any(map(kleene_not, truths))
        assert kleene_not(kleene_any(truths)) is kleene_all(map(kleene_not, truths))


@pytest.mark.parametrize("truth", list(Truth))
def test_no_verdict_is_a_bool(truth: Truth) -> None:
    with pytest.raises(TypeError, match="三值结果不能当作真假使用"):
        bool(truth)
    with pytest.raises(TypeError):
        assert not truth


@pytest.mark.parametrize(
    ("truth", "unknown_is", "expected"),
    [(T, False, True), (T, True, True), (F, False, False), (F, True, False), (U, False, False), (U, True, True)],
)
def test_only_settled_turns_unknown_into_a_bool_and_as_told(truth: Truth, unknown_is: bool, expected: bool) -> None:
    assert settled(truth, unknown_is=unknown_is) is expected


@pytest.mark.parametrize(("value", "truth"), [(True, T), (False, F), (None, U)])
def test_a_truth_of_a_bool_or_of_nothing(value: bool | None, truth: Truth) -> None:
    assert Truth.of(value) is truth
