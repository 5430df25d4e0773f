"""Entering reference rates as they are published."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope, require_province
from app.http.clock import today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.programmes import answers, queries, rate_entries
from app.programmes.draft_schemas import KnownThroughIn, RatePointIn
from app.programmes.queries import SeriesNotFound
from app.programmes.rate_entries import DayNotCome, RateContradicts
from app.programmes.schemas import RateSeriesOut
from app.store.tables import RateSeries

router = APIRouter(route_class=StrictRoute, tags=["catalogue"])

_BY_THE_PROVINCE = "基准利率由人民银行省级分行录入；发现有误，请报省级分行"
SeriesCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", description="序列代码，如 lpr_1y")]


@router.get(
    "/reference-rates/{series}",
    operation_id="get_reference_rate",
    summary="一个利率序列",
    responses=problem_responses(SeriesNotFound),
)
@reads
def get_reference_rate(session: Session, response: Response, series: SeriesCode) -> RateSeriesOut:
    """The series with all its points; its ETag is what a change of it has to name."""
    return _answer(session, response, rate_entries.get_series(session, series))


@router.post(
    "/reference-rates/{series}/points",
    operation_id="add_rate_point",
    summary="录入新公布的利率",
    responses=problem_responses(SeriesNotFound, RateContradicts, DayNotCome)
    | linked(200, set_rate_known_through={"series": "$request.path.series", "If-Match": "$response.header.ETag"}),
)
@permits(Permission.WRITE_RATES)
@writes
def add_rate_point(
    session: Session, response: Response, scope: InScope, series: SeriesCode, point: RatePointIn
) -> RateSeriesOut:
    """From that day on the series has that value. What was known before is never contradicted."""
    require_province(scope, _BY_THE_PROVINCE)
    row = rate_entries.get_series(session, series, lock=True)
    rate_entries.add_point(session, row, point.from_, point.percent, point.author, today())
    return _answer(session, response, row)


@router.put(
    "/reference-rates/{series}/known-through",
    operation_id="set_rate_known_through",
    summary="确认利率到某日没有变化",
    responses=problem_responses(SeriesNotFound, RateContradicts, DayNotCome, VersionRequired, VersionStale),
)
@permits(Permission.WRITE_RATES)
@writes
def set_rate_known_through(
    session: Session,
    response: Response,
    scope: InScope,
    series: SeriesCode,
    known: KnownThroughIn,
    if_match: IfMatch = None,
) -> RateSeriesOut:
    """Days after it carry the last value forward and say so."""
    require_province(scope, _BY_THE_PROVINCE)
    row = rate_entries.get_series(session, series, lock=True)
    rate_entries.set_known_through(row, known.known_through, if_match, today())
    return _answer(session, response, row)


def _answer(session: Session, response: Response, row: RateSeries) -> RateSeriesOut:
    session.flush()  # The answer reads the points again, the new one among them.
    set_etag(response, row.version)
    found = next(one for one in queries.list_series(session) if one.code == row.code)
    return answers.series_out(found, None)
