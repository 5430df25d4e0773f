"""The best set of programmes that may be had together. Pure: amounts and exclusions in, a set and its reasons out.

An exact search, branch and bound: a case has some dozens of programmes, of which few exclude each other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

_NOTHING: Final = Decimal(0)
_ONE: Final = Decimal(1)


@dataclass(frozen=True, slots=True)
class Amount:
    """What a programme pays a case, in yuan: the amount to reckon with, and its range where readings differ."""

    yuan: Decimal
    low_yuan: Decimal
    high_yuan: Decimal

    @classmethod
    def exactly(cls, yuan: Decimal) -> "Amount":
        """An amount that nothing leaves open."""
        return cls(yuan, yuan, yuan)

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.yuan + other.yuan, self.low_yuan + other.low_yuan, self.high_yuan + other.high_yuan)


NO_AMOUNT: Final = Amount.exactly(_NOTHING)


@dataclass(frozen=True, slots=True)
class Choice:
    """A programme that the case may have. `amount` is None where nobody has said how much it pays.

    `excludes` names programmes that its text rules out beside it; one naming is enough, the other need not answer.
    """

    slug: str
    amount: Amount | None
    is_original: bool
    excludes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Slugs of the programmes chosen, in the order given; `left_out` says which of them each other one excludes.

    `total` sums up what originals pay; what only the press says of a programme (待核实) is chosen beside them where
    they leave room, and never counted.
    """

    chosen: tuple[str, ...]
    left_out: Mapping[str, tuple[str, ...]]
    total: Amount
    has_unknown_amounts: bool


# Yuan and number of originals, then the same of reports. Compared from left to right, so that no report outweighs an
# original, and of sets that pay the same the larger one wins.
_Worth: TypeAlias = tuple[Decimal, Decimal, Decimal, Decimal]
_WORTHLESS: Final[_Worth] = (_NOTHING, _NOTHING, _NOTHING, _NOTHING)


def best_bundle(choices: Sequence[Choice]) -> Bundle:
    """The compatible set that pays most, then the largest; of equals the first found, which follows the order given."""
    rivals = _rivals(choices)
    # Only programmes with rivals make the search branch.
    free = [choice for choice in choices if not rivals[choice.slug]]
    contested = sorted((choice for choice in choices if rivals[choice.slug]), key=_worth, reverse=True)
    picked = {choice.slug for choice in (*free, *_Search(contested, rivals).best())}
    chosen = [choice for choice in choices if choice.slug in picked]
    paid = [choice for choice in chosen if choice.is_original]
    return Bundle(
        tuple(choice.slug for choice in chosen),
        {one.slug: _in_order(choices, rivals[one.slug] & picked) for one in choices if one.slug not in picked},
        sum((choice.amount for choice in paid if choice.amount), NO_AMOUNT),
        any(choice.amount is None for choice in paid),
    )


def _in_order(choices: Iterable[Choice], slugs: Collection[str]) -> tuple[str, ...]:
    return tuple(choice.slug for choice in choices if choice.slug in slugs)


def _rivals(choices: Iterable[Choice]) -> dict[str, set[str]]:
    """Exclusion holds both ways, whichever text states it."""
    rivals: dict[str, set[str]] = {choice.slug: set() for choice in choices}
    for choice in choices:
        for other in choice.excludes & rivals.keys() - {choice.slug}:
            rivals[choice.slug].add(other)
            rivals[other].add(choice.slug)
    return rivals


def _worth(choice: Choice) -> _Worth:
    yuan = choice.amount.yuan if choice.amount else _NOTHING
    return (yuan, _ONE, _NOTHING, _NOTHING) if choice.is_original else (_NOTHING, _NOTHING, yuan, _ONE)


def _plus(one: _Worth, other: _Worth) -> _Worth:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3]


class _Search:
    """Depth first, taking before leaving; a branch ends where all that is left could not better the best found."""

    def __init__(self, choices: Sequence[Choice], rivals: Mapping[str, set[str]]) -> None:
        self._choices, self._rivals = choices, rivals
        self._left = [_WORTHLESS]
        for choice in reversed(choices):
            self._left.append(_plus(self._left[-1], _worth(choice)))
        self._left.reverse()
        self._best: tuple[Choice, ...] = ()
        self._best_worth = _WORTHLESS

    def best(self) -> tuple[Choice, ...]:
        self._visit(0, (), _WORTHLESS)
        return self._best

    def _visit(self, at: int, taken: tuple[Choice, ...], worth: _Worth) -> None:
        if worth > self._best_worth:
            self._best, self._best_worth = taken, worth
        if at == len(self._choices) or _plus(worth, self._left[at]) <= self._best_worth:
            return
        choice = self._choices[at]
        if self._rivals[choice.slug].isdisjoint(other.slug for other in taken):
            self._visit(at + 1, (*taken, choice), _plus(worth, _worth(choice)))
        self._visit(at + 1, taken, worth)
