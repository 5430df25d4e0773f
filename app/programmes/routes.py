"""The public catalogue: policy documents, programmes, reference rates, facts and regions."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session

from app.errors import FieldError, Unprocessable
from app.http.clock import today
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads
from app.programmes import answers, queries
from app.programmes.queries import PolicyNotFound, ProgrammeNotFound, SeriesNotFound
from app.programmes.schemas import (
    FactListOut,
    PolicyDetailOut,
    PolicyListOut,
    ProgrammeDetailOut,
    ProgrammeListOut,
    RateSeriesListOut,
    RegionListOut,
)
from app.regions import Level, regions
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject

router = APIRouter(route_class=StrictRoute, tags=["catalogue"])

_SLUG: Final = r"^[a-z0-9][a-z0-9-]{0,79}$"
SlugPath = Annotated[str, Path(pattern=_SLUG, description="代码，小写字母、数字和连字符")]
AsOf = Annotated[IsoDate | None, Query(description="按哪一天看，缺省为今天", examples=["2026-11-20"])]


class RateNotKnown(Unprocessable):
    """The day lies before the series begins."""

    code = "rate_not_known"
    title = "当日没有可用的利率"


@router.get("/policies", operation_id="list_policies", summary="政策文件列表")
@reads
def list_policies(session: Session) -> PolicyListOut:
    """All policy documents, newest first."""
    counts = queries.clause_counts(session)
    documents = queries.list_documents(session)
    return PolicyListOut(items=[answers.policy_out(document, counts.get(document.id, 0)) for document in documents])


@router.get(
    "/policies/{slug}",
    operation_id="get_policy",
    summary="一份政策文件的全部条款",
    responses=problem_responses(PolicyNotFound),
)
@reads
def get_policy(session: Session, slug: SlugPath) -> PolicyDetailOut:
    """A document with its clauses: our own summary, and the official text where the operator has loaded it."""
    document = queries.get_document(session, slug)
    clauses = queries.list_clauses(session, document)
    programmes = [one for one in queries.list_programmes(session) if one.document == slug]
    return answers.policy_detail_out(document, clauses, programmes, queries.department_names(session, today()))


@router.get("/programmes", operation_id="list_programmes", summary="扶持政策列表")
@reads
def list_programmes(session: Session, as_of: AsOf = None) -> ProgrammeListOut:
    """All programmes with their validity; those that start later or have ended stay in the list."""
    day = as_of or today()
    names = queries.department_names(session, day)
    items = [answers.programme_out(one, names) for one in queries.list_programmes(session)]
    return ProgrammeListOut(as_of=day, items=items)


@router.get(
    "/programmes/{slug}",
    operation_id="get_programme",
    summary="一项扶持政策的条件、给付与口径",
    responses=problem_responses(ProgrammeNotFound),
)
@reads
def get_programme(session: Session, slug: SlugPath, as_of: AsOf = None) -> ProgrammeDetailOut:
    """A programme with its rules as data and the numbers they compare with on the day."""
    day = as_of or today()
    programme = queries.get_programme(session, slug)
    parameters = queries.read_parameters(session)
    return answers.programme_detail_out(programme, parameters, day, queries.department_names(session, day))


@router.get(
    "/reference-rates",
    operation_id="list_reference_rates",
    summary="贷款基准利率与 LPR，可查任意一天",
    responses=problem_responses(SeriesNotFound, RateNotKnown),
)
@reads
def list_reference_rates(
    session: Session,
    series: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,64}$", description="序列代码，如 lpr_1y")] = None,
    on: Annotated[IsoDate | None, Query(description="查哪一天的利率", examples=["2024-10-21"])] = None,
) -> RateSeriesListOut:
    """The series with all their points; with `on` also the value of that day, which says if it is carried forward."""
    found = [one for one in queries.list_series(session) if series in {None, one.code}]
    if not found:
        raise SeriesNotFound(f"没有代码为“{series}”的利率序列，可不带 series 查看全部")
    if series is not None and on is not None and on < found[0].points[0].from_:
        detail = f"{found[0].name}自 {found[0].points[0].from_} 起才有数值，请查更晚的日期"
        raise RateNotKnown(detail, errors=(FieldError("/query/on", RateNotKnown.code, detail),))
    return RateSeriesListOut(items=[answers.series_out(one, on) for one in found])


@router.get("/facts", operation_id="list_facts", summary="事实目录：规则可以问什么")
def list_facts(
    subject: Annotated[Subject | None, Query(description="只看一类：机构、项目、需求、贷款或白名单")] = None,
) -> FactListOut:
    """The fact catalogue with types, units, codes and who may see a value."""
    return FactListOut(items=[answers.fact_out(fact) for fact in CATALOGUE if subject in {None, fact.subject}])


@router.get("/regions", operation_id="list_regions", summary="山西省 11 个市、117 个县（市、区）")
def list_regions(
    level: Annotated[Level | None, Query(description="只看一级：province、city 或 county")] = None,
    parent: Annotated[str | None, Query(pattern="^[1-9][0-9]{5}$", description="只看某市所辖，如 140300")] = None,
) -> RegionListOut:
    """The current administrative regions (GB/T 2260); a development zone takes its city's code."""
    shown = (
        region for region in regions().values() if level in {None, region.level} and parent in {None, region.parent}
    )
    return RegionListOut(items=[answers.region_out(region) for region in shown])
