"""Answers by workbook over HTTP: download, fill in, send back for a report, send back to apply."""

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy import or_
from sqlalchemy.orm import Session

from app.access.audit.record import record
from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now, today
from app.http.limits import LargerBody
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes_once
from app.institutions.attachment_routes import Arrived
from app.institutions.workbook.refusals import WorkbookRefused
from app.referrals.referral_answer_rows import LIMITS, AnswerRow, read_answers
from app.referrals.referral_bulk import Judged, answer
from app.referrals.referral_bulk_schemas import AnsweredRowOut, AnswerProblemOut, AnswersOut
from app.referrals.referral_queries import LIST_ORDER, select_referrals
from app.referrals.referral_sheet import MOST_ROWS, Field, written
from app.referrals.states import OPEN
from app.store.tables import Referral

router = APIRouter(route_class=StrictRoute, tags=["referrals"])

LARGER_BODY: Final = LargerBody("POST", re.compile(r".*/referrals/answers"), LIMITS.file_size)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "工作簿", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
_ANY_BINARY: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_MOST_SHOWN: Final = 500


def _rows_of(draft: Arrived) -> list[AnswerRow]:
    """The rows of the body, read in a thread of its own before a transaction is opened."""
    return read_answers(draft.path)


@router.get(
    "/referrals/answers.xlsx",
    operation_id="get_answers_form",
    summary="下载反馈工作簿：本行还在办的条目，办理结果和理由有下拉列表",
    responses=_FILE,
    response_class=Response,
)
@permits(Permission.FOLLOW_UP)
@reads
def get_form(
    session: Session,
    caller: CalledBy,
    scope: InScope,
    mine: Annotated[bool, Query(description="只要由我负责的和还没有指定客户经理的")] = False,
) -> Response:
    """The earliest deadlines first; the names in it are put on record as an export."""
    query = select_referrals(scope).where(Referral.state.in_([state.value for state in OPEN]))
    if mine:
        query = query.where(or_(Referral.manager_id == caller.account_id, Referral.manager_id.is_(None)))
    rows = session.execute(query.order_by(*(key.ordered for key in LIST_ORDER)).limit(MOST_ROWS)).all()
    record(session, action="export_referrals", object_type="referral", detail={"rows": len(rows)})
    name = f"referrals-{today().isoformat()}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written(rows), media_type=XLSX, headers=headers)


@router.post(
    "/referrals/answers",
    operation_id="answer_referrals",
    summary="上传填好的反馈工作簿（请求体就是文件内容）：缺省只核对，dry_run=false 才写入",
    responses=problem_responses(WorkbookRefused),
    openapi_extra={"requestBody": {"required": True, "content": _ANY_BINARY}},
)
@permits(Permission.FOLLOW_UP)
@writes_once
def post_answers(
    session: Session,
    caller: CalledBy,
    rows: Annotated[list[AnswerRow], Depends(_rows_of)],
    dry_run: Annotated[bool, Query(description="true 只核对；false 全部行都能写入时才写入")] = True,
) -> AnswersOut:
    """All rows or none. The first 500 rows with problems, then the first 500 without, stand in the answer."""
    judged, is_written = answer(session, rows, caller, now(), today(), dry_run=dry_run)
    refused = [one for one in judged if one.problems]
    accepted = [one for one in judged if not one.problems]
    return AnswersOut(
        rows=len(rows),
        blank=len(rows) - len(judged),
        accepted=len(accepted),
        refused=len(refused),
        written=is_written,
        problems=[_row_out(one) for one in refused[:_MOST_SHOWN]],
        items=[_row_out(one) for one in accepted[:_MOST_SHOWN]],
    )


def _row_out(one: Judged) -> AnsweredRowOut:
    return AnsweredRowOut(
        row=one.row.number,
        referral_id=one.row.referral_id,
        name=one.row.name,
        from_state=one.from_state,
        to_state=one.row.values.get(Field.STATE),
        actions=list(one.actions),
        problems=[
            AnswerProblemOut(
                column_letter=problem.column_letter,
                heading=problem.heading,
                written=problem.written,
                code=problem.code,
                detail=problem.detail,
            )
            for problem in one.problems
        ],
    )
