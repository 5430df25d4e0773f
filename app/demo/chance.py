"""Chance that repeats itself: draws and keys that follow from the seed and from what they are for."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import blake2b
from math import log
from random import Random
from typing import Any, Final, TypeVar
from uuid import UUID

T = TypeVar("T")
_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_TIME_SHIFT: Final = 80
_LOW_62: Final = (1 << 62) - 1
_LOW_12: Final = (1 << 12) - 1


class Chance:
    """Draws for one thing. The same seed and thing draw the same, whatever was drawn for others before."""

    def __init__(self, *thing: object) -> None:
        self._random = Random("/".join(map(str, thing)))  # noqa: S311  sample data must repeat itself

    def happens(self, share: float) -> bool:
        return self._random.random() < share

    def pick(self, items: Sequence[T]) -> T:
        """Any of them, equally often."""
        return items[int(self._random.random() * len(items))]

    def draw(self, weights: Mapping[T, float]) -> T:
        """One code, as often as it weighs."""
        rest = self._random.random() * sum(weights.values())
        for code, weight in weights.items():
            rest -= weight
            if rest < 0:
                return code
        # What is left after the last weight is the rounding of their sum.
        return list(weights)[-1]

    def place(self, cumulative: Sequence[float], items: Sequence[T]) -> T:
        """One item by cumulative weights."""
        return self._random.choices(items, cum_weights=cumulative)[0]

    def some(self, shares: Mapping[str, float]) -> frozenset[str]:
        """Each code by itself."""
        return frozenset(code for code, share in shares.items() if self.happens(share))

    def part(self, low: float, high: float) -> float:
        """Between two ends, equally often."""
        return low + (high - low) * self._random.random()

    def around(self, low: float, high: float, usual: float) -> float:
        """Between two ends, most often near `usual`."""
        return self._random.triangular(low, high, usual)

    def whole(self, low: int, high: int) -> int:
        """Between two ends, both included; small ones as often as large ones ten times their size."""
        if low <= 0:
            return int(self.part(low, high + 1))
        return round(low * (high / low) ** self._random.random()) if log(high / low) else low

    def day(self, first: date, last: date) -> date:
        """Between two days, both included, later ones more often: more is founded than survives."""
        days = (last - first).days
        return first + timedelta(days=int((days + 1) * self._random.random() ** 0.6)) if days > 0 else first

    def shuffled(self, items: Sequence[T]) -> list[T]:
        return self._random.sample(items, len(items))


class Keys:
    """Keys by seed, noun and number, shaped like those made by the clock, so that the rows sort as they were made."""

    def __init__(self, seed: int, at: datetime) -> None:
        self._seed, self._start = seed, int(at.timestamp() * 1000)

    def of(self, noun: str, number: int) -> UUID:
        digest = blake2b(f"{self._seed}/{noun}/{number}".encode(), digest_size=16).digest()
        low, high = int.from_bytes(digest[:8]) & _LOW_62, int.from_bytes(digest[8:]) & _LOW_12
        return UUID(int=(self._start + number) << _TIME_SHIFT | _VERSION | high << 64 | _VARIANT | low)


def rounded(amount: float, step: int) -> Decimal:
    """Yuan as people write them down: in whole steps, and never nothing."""
    return Decimal(max(1, round(amount / step)) * step)


def percent(value: float) -> Decimal:
    """One decimal."""
    return Decimal(round(value * 10)) / 10


Values = dict[str, Any]
