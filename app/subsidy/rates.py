"""Published rate series: dated points, a day up to which they are known, and what each day's value is."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from app.subsidy.amounts import MOST_PERCENT, PERCENT_UNIT, RATE_DECIMALS, decimals, scaled
from app.subsidy.days import calendar_years, year_start
from app.subsidy.errors import SubsidyError
from app.subsidy.spans import RateSpan
from app.subsidy.terms import Terms


class RatePoint(Terms):
    """From this day on the series has this value, until the next point."""

    from_: date = Field(alias="from")
    percent: Decimal

    @field_validator("percent")
    @classmethod
    def _is_a_rate(cls, value: Decimal) -> Decimal:
        if not value.is_finite() or not 0 <= value <= MOST_PERCENT or decimals(value) > RATE_DECIMALS:
            raise ValueError("利率应为 0 到 100 的百分数，最多六位小数")
        return value


class RateOn(NamedTuple):
    """A series' percentage on one day; `carried_forward` where the day is later than `known_through`."""

    percent: Decimal
    carried_forward: bool


class RateSeries(Terms):
    """One published rate in percent a year, e.g. ``lpr_1y``."""

    code: str
    name: str
    unit: Literal["percent"]
    source: str
    cite: str
    known_through: date
    points: tuple[RatePoint, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        days = [point.from_ for point in self.points]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError(f"{self.code}：各点的起始日应逐个递增")
        if self.known_through < days[-1]:
            raise ValueError(f"{self.code}：已知截止日不应早于最后一个点")
        return self

    @cached_property
    def _starts(self) -> list[int]:
        return [point.from_.toordinal() for point in self.points]

    @cached_property
    def _values(self) -> list[int]:
        return [scaled(point.percent, PERCENT_UNIT) for point in self.points]

    @property
    def begins(self) -> int:
        """The ordinal of the first day with a value."""
        return self._starts[0]

    def on(self, day: date) -> RateOn:
        """The value on a day. A day before the series begins raises `rate_not_known`."""
        index = self._index(day.toordinal())
        return RateOn(self.points[index].percent, day > self.known_through)

    def _index(self, day: int) -> int:
        index = bisect_right(self._starts, day) - 1
        if index < 0:
            asked, begins = date.fromordinal(day), self.points[0].from_
            raise SubsidyError("rate_not_known", "", f"{self.name}自 {begins} 起才有数值，{asked} 没有可用的利率")
        return index

    def constant(self, day: int, start: int, end: int) -> RateSpan:
        """The value of one `day`, held over [start, end)."""
        carried = day > self.known_through.toordinal()
        return RateSpan(start, end, self._values[self._index(day)], self.code, carried)

    def daily(self, start: int, end: int) -> list[RateSpan]:
        """The value of each day of [start, end), cut where it changes and where knowledge ends."""
        self._index(start)
        changes = self._starts[bisect_right(self._starts, start) :]
        cuts = sorted({*changes, self.known_through.toordinal() + 1})
        edges = [start, *(cut for cut in cuts if start < cut < end), end]
        return [self.constant(left, left, right) for left, right in pairwise(edges)]

    def yearly(self, start: int, end: int) -> list[RateSpan]:
        """Each calendar year at its 1 January's value; a year that began before the series takes its first value."""
        spans = []
        for year, left, right in calendar_years(start, end):
            first = year_start(year)
            span = self.constant(max(first, self.begins), left, right)
            spans.append(span._replace(early=first < self.begins))
        return spans


class Rates(Terms):
    """All series the arithmetic may ask for, each code once."""

    series: tuple[RateSeries, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Self:
        if len(self._by_code) != len(self.series):
            raise ValueError("利率序列的代码不应重复")
        return self

    @classmethod
    def of(cls, series: Iterable[RateSeries]) -> Self:
        """Rates made of series that have already been validated."""
        return cls(series=tuple(series))

    @cached_property
    def _by_code(self) -> dict[str, RateSeries]:
        return {series.code: series for series in self.series}

    def get(self, code: str) -> RateSeries:
        """The series of that code; raises `series_missing`."""
        found = self._by_code.get(code)
        if found is None:
            raise SubsidyError("series_missing", "", f"缺少利率序列 {code}，请先录入该序列")
        return found
