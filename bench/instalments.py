"""A ten-year loan repaid month by month: the service's quote, and the bare loop over its days."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Final

from app.programmes.seeds import read_seeds
from app.subsidy import FixedRate, Loan, Rates, Reading, Repayment, Window, quote

_FIRST: Final = date(2022, 7, 1)
_MONTHS: Final = 120
_MONTHLY: Final = Decimal(500_000)
_PERCENT: Final = Decimal("4.45")
_PROGRAMME: Final = "kangyang-interest-subsidy"
_SERIES: Final = "benchmark_over_5y"
_FEN: Final = Decimal("0.01")


class LoanQuestion:
    """The loan with the seeded rates and the default reading."""

    def __init__(self, seeds: Path) -> None:
        library = read_seeds(seeds)
        programmes = [one for policy in library.policies for one in policy.programmes]
        programme = next(one for one in programmes if one.slug == _PROGRAMME)
        if programme.readings is None:
            raise LookupError(f"{_PROGRAMME} has no readings")
        self.reading: Reading = programme.readings.default.reading
        self.rates = Rates.of(library.series)
        self.window = Window(valid_from=programme.valid_from, valid_to=programme.valid_to)
        self.points = [
            (point.from_, point.percent)
            for series in library.series
            if series.code == _SERIES
            for point in series.points
        ]
        self.repaid = {_months_later(number): _MONTHLY for number in range(1, _MONTHS)}
        self.loan = Loan(
            principal_yuan=_MONTHLY * _MONTHS,
            drawn_on=_FIRST,
            due_on=_months_later(_MONTHS),
            contract_rate=FixedRate(percent=_PERCENT),
            repayments=tuple(Repayment(on=day, amount_yuan=amount) for day, amount in self.repaid.items()),
        )

    def ours(self) -> Decimal:
        """With the year lines, formulas, notes and both net rates."""
        return quote(self.loan, self.reading, self.rates, window=self.window).subsidy_yuan

    def naive(self) -> Decimal:
        """Day by day, for this loan and this reading only; nothing but the total."""
        wanted: defaultdict[int, Decimal] = defaultdict(Decimal)
        charged: defaultdict[int, Decimal] = defaultdict(Decimal)
        balance, day, last = self.loan.principal_yuan, _FIRST, _months_later(self.reading.longest_months)
        while day < self.loan.due_on:
            balance -= self.repaid.get(day, 0)
            if day < last:
                wanted[day.year] += balance * _rate_on(self.points, day)
                charged[day.year] += balance * _PERCENT
            day += timedelta(days=1)
        share = Decimal(self.reading.share)
        return sum((_fen(min(wanted[year] * share, charged[year])) for year in wanted), Decimal(0))


def _months_later(months: int) -> date:
    index = _FIRST.year * 12 + _FIRST.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(_FIRST.day, monthrange(year, month + 1)[1]))


def _rate_on(points: Sequence[tuple[date, Decimal]], day: date) -> Decimal:
    return next(percent for start, percent in reversed(points) if start <= day)


def _fen(percent_days: Decimal) -> Decimal:
    return (percent_days / 36_000).quantize(_FEN, ROUND_HALF_UP)
