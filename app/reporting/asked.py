"""What is asked of the statistics: which table, of which days, narrowed to what; and what may not be asked. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from app.errors import FieldError, Unprocessable
from app.reporting.measures import By

_MOST_MONTHS: Final = 120
_DECEMBER: Final = 12
_LAST_DAY: Final = 31


class StatisticsRefused(Unprocessable):
    """A value of the question is refused; `errors` says which and what to ask instead."""

    code = "statistics_refused"
    title = "统计条件未通过校验"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the days from `begin` to `end`, both included, in China's time; None and () leave all in."""

    by: By
    begin: date
    end: date
    region: str | None = None
    kinds: tuple[str, ...] = ()
    bank: str | None = None

    def named(self) -> dict[str, object]:
        """The question as JSON values."""
        period = {"by": self.by.value, "from": self.begin.isoformat(), "to": self.end.isoformat()}
        return {**period, "region": self.region, "kind": list(self.kinds), "bank": self.bank}


def period(begin: date | None, end: date | None, today: date, *, exact: bool) -> tuple[date, date]:
    """The days that are meant: by default this year so far.

    For a reader of suppressed tables it is what may be asked. Raises StatisticsRefused.
    """
    if not exact:
        return _year(begin, end, today)
    last = end or max(begin or today, today)
    first = begin or date(last.year, 1, 1)
    if first > last:
        raise refused("from", "period", "起始日不能晚于截止日，请核对起止日期")
    return first, last


def _year(begin: date | None, end: date | None, today: date) -> tuple[date, date]:
    """One calendar year, or the running one to the end of the last month that is over."""
    over = today.replace(day=1) - timedelta(days=1)
    year = (begin or end or over).year
    first, last = date(year, 1, 1), min(date(year, _DECEMBER, _LAST_DAY), over)
    if first > last or (begin or first, end or last) != (first, last):
        allowed = f"{first} 至 {last}" if first <= last else f"{over.year} 年及以前的整年"
        # Two tables of periods that differ by a few days differ by a few cases.
        raise refused("from", "period", f"您看的是隐去小数目的统计，只按整年提供，当年到上月末为止：请查 {allowed}")
    return first, last


def check(asked: Asked, *, exact: bool) -> Asked:
    """The question, unless it is refused. Raises StatisticsRefused."""
    months = (asked.end.year - asked.begin.year) * _DECEMBER + asked.end.month - asked.begin.month + 1
    if asked.by is By.MONTH and months > _MOST_MONTHS:
        raise refused("from", "period", f"按月统计一次最多 {_MOST_MONTHS} 个月，请缩短起止日期")
    if not exact:
        # Narrowed tables are parts of one another, and a part that was kept back in one is the difference of two.
        for name, given in (("region", asked.region), ("kind", asked.kinds), ("bank", asked.bank)):
            if given:
                raise refused(name, "narrowed", f"您看的是隐去小数目的统计，不能再按 {name} 筛选，请去掉此条件")
    return asked


def refused(name: str, code: str, detail: str) -> StatisticsRefused:
    """A refusal of one parameter."""
    return StatisticsRefused(detail, errors=(FieldError(f"/query/{name}", code, detail),))
