"""The figures as lines that stand under each other, Chinese characters being two columns wide."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple
from unicodedata import east_asian_width

from bench.measure import Ratio, Times, ratio


class Row(NamedTuple):
    """A measured thing beside what it is measured against; `per` divides the seconds to those of one case.

    `most` is what the ratio may be at most, where there is a target.
    """

    name: str
    beside: str
    times: Times
    per: int
    most: float | None = None

    def cells(self) -> list[str]:
        """Name, its time, the other's time, the ratio with its range, and whether the target is met."""
        found = ratio(self.times, self.name, self.beside)
        met = "" if self.most is None else f"≤ {self.most:g} {'达标' if found.median <= self.most else '未达标'}"
        seconds = [median(self.times[name]) / self.per for name in (self.name, self.beside)]
        return [self.name, *map(duration, seconds), times(found), met]


def line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first cell to the left, all others to the right."""
    first, *others = zip(cells, widths, strict=True)
    return first[0] + _blank(*first) + "".join("  " + _blank(*other) + other[0] for other in others)


def ruled(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equal length; the first is the head, under which a rule is drawn."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    head, *body = [line(row, widths) for row in rows]
    return [head, "─" * _width(head), *body]


def times(ratio: Ratio) -> str:
    """1.23 (1.20..1.31)."""
    return f"{_digits(ratio.median)} ({_digits(ratio.low)}..{_digits(ratio.high)})"


def duration(seconds: float) -> str:
    """12.3 ms, or below a tenth of a millisecond 45.6 μs."""
    return f"{_digits(seconds * 1e3)} ms" if seconds >= 1e-4 else f"{_digits(seconds * 1e6)} μs"


def _digits(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def _blank(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
