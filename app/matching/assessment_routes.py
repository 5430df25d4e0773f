"""Assessments over HTTP: made once, read as they were, and replayed from what they froze."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.cases.select import CaseKind, Moment
from app.http.clock import now, today
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.matching.assessment_schemas import AssessedOut, AssessmentIn, AssessmentOut, ReplayOut
from app.matching.assessments import (
    AssessmentNotFound,
    assess,
    facts_out,
    get_assessment,
    parameters_out,
    replayed,
)
from app.matching.case_schemas import CaseOut
from app.matching.fetch import CaseAsked, CaseNotFound, ManyCases, fetch_case
from app.matching.frozen import FrozenInput
from app.matching.routes import DISCLAIMER
from app.regions import region_names
from app.store.tables import Assessment

router = APIRouter(route_class=StrictRoute, tags=["matching"])

AssessmentPath = Annotated[UUID, Path(description="评估的编号")]


@router.post(
    "/assessments",
    operation_id="add_assessment",
    status_code=201,
    summary="评估一个机构、项目、需求或贷款，并把事实、规则和结论一起存档",
    responses=problem_responses(CaseNotFound, ManyCases),
)
@permits(Permission.ASSESS)
@writes
def add_assessment(session: Session, response: Response, scope: InScope, asked: AssessmentIn) -> AssessmentOut:
    """Every programme and product of the day about one case, frozen with the facts as they are known now."""
    moment = Moment(asked.as_of or today())
    case = CaseAsked(asked.institution, asked.project, asked.need, asked.loan)
    row = assess(session, fetch_case(session, case, moment, scope, ""), moment, now())
    response.headers["Location"] = f"/api/v1/assessments/{row.id}"
    return _out(row)


@router.get(
    "/assessments/{assessment_id}",
    operation_id="get_assessment",
    summary="一份存档的评估",
    responses=problem_responses(AssessmentNotFound),
)
@permits(Permission.READ_ASSESSMENTS)
@reads
def read_assessment(session: Session, scope: InScope, assessment_id: AssessmentPath) -> AssessmentOut:
    """The assessment as it was made, whatever has changed since."""
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
        case=CaseOut(
            kind=CaseKind(row.kind),
            id=row.case_id,
            institution_id=row.institution_id,
            project_id=row.project_id,
            name=row.name,
            region_code=row.region_code,
            region_name=region_names().get(row.region_code, row.region_code),
        ),
        as_of=row.as_of,
        assessed_at=row.assessed_at,
        facts=facts_out(frozen),
        parameters=parameters_out(frozen),
        results=[AssessedOut.model_validate(one) for one in row.results],
        disclaimer=DISCLAIMER,
    )
