"""Laws of the bundle, against every subset."""

from decimal import Decimal
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.matching.bundle import Amount, Bundle, Choice, best_bundle

SLUGS = tuple("abcdefgh")
_MONEY = st.sampled_from([None, *(Decimal(value) for value in ("0", "0.01", "5", "10", "10.5", "300"))])


@st.composite
def choices(draw: st.DrawFn) -> list[Choice]:
    """Up to eight programmes with random amounts and exclusions, of which some name nobody at hand."""
    slugs = SLUGS[: draw(st.integers(0, len(SLUGS)))]
    return [draw(choice(slug)) for slug in slugs]


def choice(slug: str) -> st.SearchStrategy[Choice]:
    excluded = st.frozensets(st.sampled_from(SLUGS), max_size=3).map(lambda slugs: slugs - {slug})
    return st.builds(Choice, st.just(slug), _MONEY.map(exactly), st.sampled_from((True, True, False)), excluded)


def exactly(yuan: Decimal | None) -> Amount | None:
    return None if yuan is None else Amount(yuan, yuan / 2, yuan * 2)


def clash(one: Choice, other: Choice) -> bool:
    return other.slug in one.excludes or one.slug in other.excludes


def compatible(chosen: list[Choice]) -> bool:
    return not any(clash(one, other) for one, other in combinations(chosen, 2))


def paid(chosen: list[Choice], *, originals: bool) -> Decimal:
    return sum((one.amount.yuan for one in chosen if one.amount and one.is_original is originals), Decimal(0))


def worth(chosen: list[Choice]) -> tuple[Any, ...]:
    originals = [one for one in chosen if one.is_original]
    return paid(chosen, originals=True), len(originals), paid(chosen, originals=False), len(chosen) - len(originals)


def picked(options: list[Choice], bundle: Bundle) -> list[Choice]:
    return [one for one in options if one.slug in bundle.chosen]


@given(choices())
def test_the_bundle_is_the_best_of_all_compatible_sets(options: list[Choice]) -> None:
    chosen = picked(options, best_bundle(options))
    every = (list(some) for size in range(len(options) + 1) for some in combinations(options, size))
    assert compatible(chosen)
    assert worth(chosen) == max(worth(some) for some in every if compatible(some))


@given(choices())
def test_no_single_programme_pays_more_than_the_bundle(options: list[Choice]) -> None:
    total = best_bundle(options).total
    assert all(total.yuan >= one.amount.yuan for one in options if one.amount and one.is_original)
    assert total.low_yuan <= total.yuan <= total.high_yuan


@given(choices(), st.data())
def test_another_programme_never_makes_the_bundle_poorer(options: list[Choice], data: st.DataObject) -> None:
    more = [*options, data.draw(choice("z"))]
    assert worth(picked(more, best_bundle(more))) >= worth(picked(options, best_bundle(options)))


@given(choices())
def test_whoever_is_left_out_is_excluded_by_one_that_was_chosen(options: list[Choice]) -> None:
    bundle = best_bundle(options)
    named = {one.slug: one for one in options}
    assert set(bundle.chosen) | set(bundle.left_out) == set(named)
    for slug, by in bundle.left_out.items():
        assert by, slug
        assert all(other in bundle.chosen and clash(named[slug], named[other]) for other in by)


def test_a_report_never_takes_the_place_of_an_original() -> None:
    original = Choice("a", Amount.exactly(Decimal(1)), is_original=True)
    report = Choice("b", Amount.exactly(Decimal(1000)), is_original=False, excludes=frozenset({"a"}))
    bundle = best_bundle([report, original])
    assert bundle.chosen == ("a",)
    assert bundle.left_out == {"b": ("a",)}
    assert bundle.total.yuan == Decimal(1)


def test_forty_that_all_exclude_each_other_take_no_time() -> None:
    slugs = [f"p{number:02}" for number in range(40)]
    options = [Choice(slug, Amount.exactly(Decimal(10)), True, frozenset(slugs) - {slug}) for slug in slugs]
    assert best_bundle(options).chosen == ("p00",)
