"""Measuring in pairs: the contenders take turns, so that what slows the machine slows all of them."""

import gc
import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, median
from time import process_time
from typing import Any, NamedTuple, TypeAlias

Contenders: TypeAlias = Mapping[str, Callable[[], Any]]
Clock: TypeAlias = Callable[[], float]
# Seconds of each round.
Times: TypeAlias = dict[str, list[float]]


class Ratio(NamedTuple):
    """How many times as much time one contender takes as another: the median over the rounds, and their range."""

    median: float
    low: float
    high: float


def in_turns(contenders: Contenders, rounds: int, clock: Clock = process_time) -> Times:
    """Seconds of each contender in each round, every second round backwards; CPU time of all threads of this process.

    A first round goes unmeasured. Garbage is collected before, not during, a round: no contender pays for another's.
    Another clock serves where the work is done in another process.
    """
    times: Times = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    order = list(contenders.items())
    for _ in range(rounds):
        for name, run in order:
            times[name].append(_seconds(run, clock))
        order.reverse()
    return times


def _seconds(run: Callable[[], Any], clock: Clock) -> float:
    gc.collect()
    gc.disable()
    try:
        start = clock()
        run()
        return clock() - start
    finally:
        gc.enable()


def ratio(times: Times, of: str, to: str) -> Ratio:
    """`of` / `to`, round by round."""
    ratios = [mine / other for mine, other in zip(times[of], times[to], strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios))


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of log(seconds) over log(size): 1 is linear, 2 quadratic."""
    across = [math.log(size) for size in sizes]
    upward = [math.log(second) for second in seconds]
    middle, height = fmean(across), fmean(upward)
    rise = sum((x - middle) * (y - height) for x, y in zip(across, upward, strict=True))
    return rise / sum((x - middle) ** 2 for x in across)
