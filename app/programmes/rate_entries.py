"""Reference rates entered over the API: this month's LPR needs no developer, and what is known is never taken back."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldError, Unprocessable
from app.http.etags import check_version
from app.programmes.load import API
from app.programmes.queries import SeriesNotFound
from app.store.tables import RatePoint, RateSeries


class RateContradicts(Conflict):
    """The series is already known for that day, and says something else."""

    code = "rate_contradicts"
    title = "与已录入的利率矛盾"


class DayNotCome(Unprocessable):
    """Nobody knows a rate of tomorrow."""

    code = "day_not_come"
    title = "这一天还没有到"


def get_series(session: Session, code: str, *, lock: bool = False) -> RateSeries:
    """One series; with `lock` nobody else enters a rate meanwhile. Raises SeriesNotFound."""
    query = select(RateSeries).where(RateSeries.code == code)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise SeriesNotFound(f"没有代码为“{code}”的利率序列，可先查看全部序列")
    return found


def add_point(session: Session, series: RateSeries, first: date, percent: Decimal, author: str, today: date) -> None:
    """A value from a day on, which must follow all that is known. The same value again changes nothing.

    Raises RateContradicts for a day that is known already, DayNotCome for one in the future.
    """
    _check_has_come("/from", first, today)
    points = select(RatePoint).where(RatePoint.series_id == series.id)
    last = session.scalars(points.order_by(RatePoint.valid_from.desc()).limit(1)).one()
    if (last.valid_from, last.rate_percent) == (first, percent):
        return
    if first <= last.valid_from:
        detail = f"{series.name}在 {last.valid_from} 已有数值 {last.rate_percent.normalize():f}%，只能录入更晚的日期"
        raise RateContradicts(detail, errors=(FieldError("/from", RateContradicts.code, detail),))
    if first <= series.known_through:
        detail = f"{series.name}已确认到 {series.known_through} 没有变化，只能录入更晚的日期"
        raise RateContradicts(detail, errors=(FieldError("/from", RateContradicts.code, detail),))
    session.add(RatePoint(series_id=series.id, valid_from=first, rate_percent=percent, origin=API, entered_by=author))
    series.known_through = first
    series.version += 1


def set_known_through(series: RateSeries, day: date, if_match: str | None, today: date) -> None:
    """The series is known not to have changed until a day. Raises RateContradicts for an earlier day than before."""
    check_version(if_match, series.version)
    _check_has_come("/known_through", day, today)
    if day < series.known_through:
        detail = f"{series.name}已确认到 {series.known_through}，不能改为更早的日期"
        raise RateContradicts(detail, errors=(FieldError("/known_through", RateContradicts.code, detail),))
    if day != series.known_through:
        series.known_through = day
        series.version += 1


def _check_has_come(pointer: str, day: date, today: date) -> None:
    if day > today:
        detail = f"{day} 还没有到，请在公布以后录入"
        raise DayNotCome(detail, errors=(FieldError(pointer, DayNotCome.code, detail),))
