"""Half-open stretches of days with one value each: balances in fen, rates in hundred-millionths.

Everything inside a year is an integer: fen x rate x days. That is exact whatever decimal context the caller
has set, and a ten-year loan costs a few dozen multiplications instead of 3,650.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple, TypeVar


class Span(NamedTuple):
    """An amount in fen on the days [start, end)."""

    start: int
    end: int
    value: int


class RateSpan(NamedTuple):
    """A rate in hundred-millionths (4.75 % = 4_750_000) on [start, end), and where it comes from.

    `carried` marks days later than the last known one; `early` marks days that borrow the series' first value.
    """

    start: int
    end: int
    value: int
    series: str | None
    carried: bool
    early: bool = False


S = TypeVar("S", Span, RateSpan)
T = TypeVar("T", Span, RateSpan)


def clip(spans: Sequence[S], start: int, end: int) -> list[S]:
    """The part of sorted `spans` that lies in [start, end)."""
    found: list[S] = []
    for index in range(max(bisect_right(spans, start, key=attrgetter("start")) - 1, 0), len(spans)):
        span = spans[index]
        if span.start >= end:
            break
        if span.start >= start and span.end <= end:
            found.append(span)
        elif span.end > start:
            found.append(span._replace(start=max(span.start, start), end=min(span.end, end)))
    return found


def apportioned(amounts: Sequence[Span], start: int, end: int) -> Fraction:
    """The part of sorted, disjoint amounts, each spread evenly over its days, that falls in [start, end).

    Whole ones are summed as integers: at most the two at the edges cost a fraction.
    """
    first = max(bisect_right(amounts, start, key=attrgetter("start")) - 1, 0)
    last = bisect_left(amounts, end, key=attrgetter("start"))
    whole, parts = 0, Fraction(0)
    for amount in amounts[first:last]:
        if start <= amount.start and amount.end <= end:
            whole += amount.value
        else:
            days = max(min(amount.end, end) - max(amount.start, start), 0)
            parts += Fraction(amount.value * days, amount.end - amount.start)
    return whole + parts


def gaps(spans: Sequence[Span], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of [start, end) that no span of sorted, disjoint ones covers."""
    for span in clip(spans, start, end):
        if start < span.start:
            yield start, span.start
        start = span.end
    if start < end:
        yield start, end


def value_at(spans: Sequence[S], day: int) -> int:
    """The value on a day that sorted `spans` cover."""
    return spans[bisect_right(spans, day, key=attrgetter("start")) - 1].value


def join(left: Sequence[S], right: Sequence[T]) -> Iterator[tuple[int, int, S, T]]:
    """Every overlap of two sorted sequences: (from, to, left, right)."""
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i].start, right[j].start)
        end = min(left[i].end, right[j].end)
        if start < end:
            yield start, end, left[i], right[j]
        if left[i].end == end:
            i += 1
        if j < len(right) and right[j].end == end:
            j += 1


def accrued(balances: Sequence[Span], rates: Sequence[RateSpan]) -> int:
    """The sum of fen x rate x days over the days both sequences cover."""
    return sum((end - start) * balance.value * rate.value for start, end, balance, rate in join(balances, rates))
