"""A product's rate as it stands on a day: fixed, or the day's LPR with the margin."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.products.models import FixedLendingRate, LendingRate
from app.subsidy import Rates, RateSeries, SubsidyError

_BASIS_POINTS_A_PERCENT = 100


@dataclass(frozen=True, slots=True)
class LprOn:
    """The LPR that a rate stands on: its value on a day, since when it has it, and whether that day is known yet."""

    series: str
    name: str
    on: date
    percent: Decimal
    since: date
    known_through: date
    carried_forward: bool

    @property
    def note(self) -> str | None:
        return f"{self.name}只知道到 {self.known_through}，此处沿用最后一个数值" if self.carried_forward else None


@dataclass(frozen=True, slots=True)
class RateOnDay:
    """Both ends of a rate in percent a year; None where the LPR of the day is not known, which `note` says."""

    low_percent: Decimal | None
    high_percent: Decimal | None
    lpr: LprOn | None
    note: str | None


def rate_on(rate: LendingRate, day: date, rates: Rates) -> RateOnDay:
    """What the rate comes to on a day. Never raises: an LPR that is not known leaves both ends open."""
    if isinstance(rate, FixedLendingRate):
        return RateOnDay(rate.low_percent, rate.high_percent, None, None)
    try:
        lpr = _lpr(rates.get(f"lpr_{rate.tenor}"), day)
    except SubsidyError as error:
        return RateOnDay(None, None, None, error.message)
    low, high = (
        Decimal(points) / _BASIS_POINTS_A_PERCENT for points in (rate.low_basis_points, rate.high_basis_points)
    )
    return RateOnDay(lpr.percent + low, lpr.percent + high, lpr, lpr.note)


def _lpr(series: RateSeries, day: date) -> LprOn:
    value = series.on(day)
    since = max(point.from_ for point in series.points if point.from_ <= day)
    return LprOn(series.code, series.name, day, value.percent, since, series.known_through, value.carried_forward)
