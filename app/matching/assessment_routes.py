"""Assessments over HTTP: made once, read as they were, and replayed from what they froze."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.cases.select import CaseKind, Moment
from app.http.clock import now, today
from app.http.etags import set_etag
from app.http.instants import Instant
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.matching.assessment_schemas import (
    AssessedOut,
    AssessmentIn,
    AssessmentListOut,
    AssessmentOut,
    AssessmentRowOut,
    ReplayOut,
)
from app.matching.assessments import (
    NEWEST_FIRST,
    AssessmentNotFound,
    Made,
    assess,
    facts_out,
    get_assessment,
    parameters_out,
    replayed,
    select_assessments,
)
from app.matching.case_schemas import CaseOut
from app.matching.fetch import CaseAsked, CaseNotFound, ManyCases, fetch_case
from app.matching.frozen import FrozenInput
from app.matching.routes import DISCLAIMER
from app.regions import region_names
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Assessment

router = APIRouter(route_class=StrictRoute, tags=["matching"])

# What is written once and never changed has one version.
_ONLY_VERSION: Final = 1
AssessmentPath = Annotated[UUID, Path(description="评估的编号")]


@router.post(
    "/assessments",
    operation_id="add_assessment",
    status_code=201,
    summary="评估一个机构、项目、需求或贷款，并把事实、规则和结论一起存档",
    responses=problem_responses(CaseNotFound, ManyCases)
    | linked(201, list_assessments={"institution": "$response.body#/case/institution_id"}),
)
@permits(Permission.ASSESS)
@writes
def add_assessment(session: Session, response: Response, scope: InScope, asked: AssessmentIn) -> AssessmentOut:
    """Every programme and product of the day about one case, frozen with the facts as they are known now."""
    moment = Moment(asked.as_of or today())
    case = CaseAsked(asked.institution, asked.project, asked.need, asked.loan)
    row = assess(session, fetch_case(session, case, moment, scope, ""), moment, now())
    response.headers["Location"] = f"/api/v1/assessments/{row.id}"
    set_etag(response, _ONLY_VERSION)
    return _out(row)


@router.get(
    "/assessments",
    operation_id="list_assessments",
    summary="存档的评估，最近的在前；可按机构和评估时间筛选",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_ASSESSMENTS)
@reads
def list_assessments(
    session: Session,
    scope: InScope,
    paging: Paged,
    institution: Annotated[UUID | None, Query(description="只看这家机构及其项目、需求和贷款的评估")] = None,
    made_from: Annotated[Instant | None, Query(description="只看这一刻起所作的评估，含此刻")] = None,
    made_to: Annotated[Instant | None, Query(description="只看这一刻之前所作的评估，不含此刻")] = None,
) -> AssessmentListOut:
    """The newest first, each with its case."""
    query = select_assessments(Made(made_from, made_to), institution, scope)
    asked = paging.asked(institution=institution, made_from=made_from, made_to=made_to)
    page = paging.pages.take(session, query, NEWEST_FIRST, asked)
    paging.link(page.next_cursor)
    return AssessmentListOut(
        items=[_row_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/assessments/{assessment_id}",
    operation_id="get_assessment",
    summary="一份存档的评估",
    responses=problem_responses(AssessmentNotFound),
)
@permits(Permission.READ_ASSESSMENTS)
@reads
def read_assessment(
    session: Session, response: Response, scope: InScope, assessment_id: AssessmentPath
) -> AssessmentOut:
    """The assessment as it was made, whatever has changed since."""
    set_etag(response, _ONLY_VERSION)
    return _out(get_assessment(session, assessment_id, scope))


@router.post(
    "/assessments/{assessment_id}/actions/replay",
    operation_id="replay_assessment",
    summary="用存档的事实和规则重新计算，核对结论是否一致",
    responses=problem_responses(AssessmentNotFound),
)
@permits(Permission.READ_ASSESSMENTS)
@reads
def replay_assessment(session: Session, scope: InScope, assessment_id: AssessmentPath) -> ReplayOut:
    """Computed anew from the frozen input alone; nothing is stored."""
    row = get_assessment(session, assessment_id, scope)
    differences = replayed(row)
    return ReplayOut(assessment_id=row.id, same=not differences, offers=len(row.results), differences=differences)


def _out(row: Assessment) -> AssessmentOut:
    frozen = FrozenInput.model_validate(row.frozen)
    return AssessmentOut(
        id=row.id,
        case=_case_out(row),
        as_of=row.as_of,
        assessed_at=row.assessed_at,
        facts=facts_out(frozen),
        parameters=parameters_out(frozen),
        results=[AssessedOut.model_validate(one) for one in row.results],
        disclaimer=DISCLAIMER,
    )


def _row_out(row: Row[Any]) -> AssessmentRowOut:
    return AssessmentRowOut(id=row.id, case=_case_out(row), as_of=row.as_of, assessed_at=row.assessed_at)


def _case_out(row: Assessment | Row[Any]) -> CaseOut:
    """The case as it was called, and where it lay, when it was assessed."""
    return CaseOut(
        kind=CaseKind(row.kind),
        id=row.case_id,
        institution_id=row.institution_id,
        project_id=row.project_id,
        name=row.name,
        region_code=row.region_code,
        region_name=region_names().get(row.region_code, row.region_code),
    )
