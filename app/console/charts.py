"""Charts as numbers for SVG: bars on one scale, in percent of the width, so that they need no script to be drawn.

chart = bars([("2025 年", Decimal("48.2"), Decimal("42.0"))])
# <rect width="{{ bar.solid }}%"> and next to it <rect x="{{ bar.solid }}%" width="{{ bar.hatched }}%">
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_TICKS: Final = 4
_HUNDRED: Final = Decimal(100)
_FINE: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of two parts, in percent of the scale's width."""

    label: str
    solid: Decimal
    hatched: Decimal


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of the scale: where it stands, in percent, and what it says."""

    at: Decimal
    label: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars on one scale that begins at nought."""

    bars: Sequence[Bar]
    ticks: Sequence[Tick]


def bars(parts: Iterable[tuple[str, Decimal, Decimal]]) -> Bars:
    """A label, a solid and a hatched amount each; the scale ends at a round number above the longest."""
    found = list(parts)
    step = step_for(max((solid + hatched for _, solid, hatched in found), default=Decimal(0)))
    end = step * _TICKS
    ticks = [Tick(_percent(step * number, end), f"{(step * number).normalize():,f}") for number in range(_TICKS + 1)]
    drawn = [Bar(label, _percent(solid, end), _percent(hatched, end)) for label, solid, hatched in found]
    return Bars(drawn, ticks)


def step_for(most: Decimal) -> Decimal:
    """The smallest round step of which four reach an amount: 1, 2, 2.5, 5 times a power of ten."""
    if most <= 0:
        return Decimal(1)
    wanted = most / _TICKS
    power = Decimal(10) ** wanted.adjusted()
    return next(step * power for step in _STEPS if step * power >= wanted)


def _percent(amount: Decimal, end: Decimal) -> Decimal:
    return (amount / end * _HUNDRED).quantize(_FINE, ROUND_CEILING)
