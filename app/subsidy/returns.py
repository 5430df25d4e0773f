"""The internal rate of return of dated flows, actual/365, in decimals of our own precision."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from itertools import pairwise

DAYS_A_YEAR = 365
# Wide enough for a 50-year loan at the edges of the bracket; the caller's own context never matters.
CONTEXT = Context(
    prec=36, rounding=ROUND_HALF_UP, Emin=-999999, Emax=999999, traps=[InvalidOperation, DivisionByZero, Overflow]
)
# The search is over the daily discount factor. It starts at 1 and doubles its step up to 2 % a day, far beyond any
# contract rate up to 100 % a year.
FIRST_STEP = Decimal("0.0001")
WIDEST_STEP = Decimal("0.02")
CLOSE = Decimal("1e-20")
MOST_ROUNDS = 200
FOUR_DECIMALS = Decimal("0.0001")


def annual_rate_percent(flows: Mapping[int, int]) -> Decimal | None:
    """The yearly rate at which `flows` (day ordinal to amount, received positive) are worth nothing.

    Percent with four decimals, rounded half up; None where no rate within the bracket does it.
    """
    dated = [(day, amount) for day, amount in sorted(flows.items()) if amount]
    if len({amount > 0 for _, amount in dated}) < len((True, False)):
        return None
    with localcontext(CONTEXT):
        factor = _root(_Worth(dated))
        if factor is None:
            return None
        rate = (1 / factor**DAYS_A_YEAR - 1) * 100
        return rate.quantize(FOUR_DECIMALS) + 0


class _Worth:
    """Present worth of the flows as a function of the daily discount factor, by Horner's rule over the gaps."""

    def __init__(self, dated: Sequence[tuple[int, int]]) -> None:
        self._last = Decimal(dated[-1][1])
        gaps = [(later[0] - earlier[0], Decimal(earlier[1])) for earlier, later in pairwise(dated)]
        self._steps = gaps[::-1]
        self._gaps = {gap for gap, _ in gaps}

    def __call__(self, factor: Decimal) -> Decimal:
        powers = {gap: factor**gap for gap in self._gaps}
        worth = self._last
        for gap, amount in self._steps:
            worth = worth * powers[gap] + amount
        return worth


def _root(worth: _Worth) -> Decimal | None:
    """The zero of `worth` nearest to 1 on the side where it lies, by the Illinois rule inside a bracket."""
    one = Decimal(1)
    at_one = worth(one)
    if at_one == 0:
        return one
    # A borrower who pays more than he gets has a positive rate: the factor lies below 1.
    direction = -1 if at_one < 0 else 1
    step = FIRST_STEP
    while step <= WIDEST_STEP:
        far = one + direction * step
        at_far = worth(far)
        if (at_far < 0) != (at_one < 0):
            return _illinois(worth, one, at_one, far, at_far)
        step *= 2
    return None


def _illinois(worth: _Worth, low: Decimal, at_low: Decimal, high: Decimal, at_high: Decimal) -> Decimal:
    for _ in range(MOST_ROUNDS):
        middle = high - at_high * (high - low) / (at_high - at_low)
        at_middle = worth(middle)
        if at_middle == 0 or abs(middle - high) < CLOSE:
            return middle
        if (at_middle < 0) != (at_high < 0):
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high = middle, at_middle
    return high
