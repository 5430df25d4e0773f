"""The course of a reference rate as a line of steps, drawn here so that it needs no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, Final

WIDTH: Final = 720
HEIGHT: Final = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 60, 16, 28
_FEW_YEARS: Final = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the grid with its words."""

    at: str
    words: str


@dataclass(frozen=True, slots=True)
class Steps:
    """A drawing in a box of WIDTH by HEIGHT: the path, the percentages and years beside it, and its last value."""

    path: str
    levels: Sequence[Mark]
    years: Sequence[Mark]
    last: tuple[str, str, str]


def drawn(points: Sequence[Mapping[str, Any]], known_through: str) -> Steps:
    """The steps of a series, from its first day to the last on which it is known."""
    days = [date.fromisoformat(one["from"]) for one in points]
    values = [Decimal(one["percent"]) for one in points]
    end = max(date.fromisoformat(known_through), days[-1])
    low, high = ceil(min(values)) - 1, int(max(values)) + 1
    span = max((end - days[0]).days, 1)

    def x(day: date) -> str:
        return f"{_LEFT + (WIDTH - _LEFT - _RIGHT) * (day - days[0]).days / span:.1f}"

    def y(value: Decimal | int) -> str:
        return f"{_TOP + (HEIGHT - _TOP - _BOTTOM) * float(high - value) / (high - low):.1f}"

    path = f"M{x(days[0])} {y(values[0])}"
    for day, value in zip(days[1:], values[1:], strict=True):
        path += f"H{x(day)}V{y(value)}"
    years = range(days[0].year + 1, end.year + 1)
    shown = years if len(years) <= _FEW_YEARS else years[:: len(years) // _FEW_YEARS + 1]
    return Steps(
        f"{path}H{x(end)}",
        [Mark(y(level), f"{level}%") for level in range(low, high + 1)],
        [Mark(x(date(year, 1, 1)), str(year)) for year in shown],
        (x(end), y(values[-1]), f"{values[-1].normalize():f}%"),
    )
