"""The list as a file over HTTP. Each is made from the batch alone and nowhere kept."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy, Caller
from app.access.permissions import Permission, permits
from app.http.headers import POLICY_HEADER
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads
from app.whitelist.batches_answers import printed_list
from app.whitelist.batches_queries import frozen_needs, get_batch, list_rows
from app.whitelist.batches_routes import ONE, BatchId
from app.whitelist.printing import page, pdf, sheet
from app.whitelist.printing.content import PrintedList, file_name
from app.whitelist.refusals import BatchNotFound
from app.whitelist.registry_lines import subjects_of

router = APIRouter(route_class=StrictRoute, tags=["whitelist"])


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "string"} if media_type.startswith("text/") else {"type": "string", "format": "binary"}
    return {200: {"description": description, "content": {media_type: {"schema": schema}}}}


@router.get(
    ONE + "/list.xlsx",
    operation_id="print_batch_sheet",
    summary="名单的电子表格",
    response_class=Response,
    responses=problem_responses(BatchNotFound) | _file(sheet.MEDIA_TYPE, "A4 横向的工作簿，不含公式"),
)
@permits(Permission.READ_BATCHES)
@reads
def print_sheet(session: Session, caller: CalledBy, batch_id: BatchId) -> Response:
    """The whole list for the province; for other offices the lines of their region."""
    printed = _printed(session, batch_id, caller)
    return Response(sheet.as_sheet(printed), media_type=sheet.MEDIA_TYPE, headers=_saved(printed, "xlsx"))


@router.get(
    ONE + "/list.html",
    operation_id="print_batch_page",
    summary="名单的打印页",
    response_class=HTMLResponse,
    responses=problem_responses(BatchNotFound) | _file("text/html", "可直接打印的网页，不引用别处的内容"),
)
@permits(Permission.READ_BATCHES)
@reads
def print_page(session: Session, caller: CalledBy, batch_id: BatchId) -> HTMLResponse:
    """One page that loads nothing; its policy admits its own style and nothing else."""
    printed = _printed(session, batch_id, caller)
    return HTMLResponse(page.as_page(printed), headers={POLICY_HEADER: page.POLICY})


@router.get(
    ONE + "/list.pdf",
    operation_id="print_batch_pdf",
    summary="名单的 PDF，A4 横向，留盖章处",
    response_class=Response,
    responses=problem_responses(BatchNotFound, pdf.FontMissing) | _file(pdf.MEDIA_TYPE, "A4 横向，每页有表头和页码"),
)
@permits(Permission.READ_BATCHES)
@reads
def print_pdf(session: Session, caller: CalledBy, batch_id: BatchId) -> Response:
    """The same list gives the same bytes at any time."""
    printed = _printed(session, batch_id, caller)
    return Response(pdf.as_pdf(printed), media_type=pdf.MEDIA_TYPE, headers=_saved(printed, "pdf"))


def _printed(session: Session, batch_id: UUID, caller: Caller) -> PrintedList:
    batch = get_batch(session, batch_id, caller.scope)
    rows = list_rows(session, batch, caller.scope)
    subjects = subjects_of(session, [one.nomination for one in rows])
    return printed_list(batch, rows, subjects, frozen_needs(session, batch), caller.region_code)


def _saved(printed: PrintedList, ending: str) -> dict[str, str]:
    """Saved under its name, never shown in the page's origin (RFC 6266)."""
    name = quote(file_name(printed, ending), safe="")
    return {"Content-Disposition": f"attachment; filename=\"list.{ending}\"; filename*=UTF-8''{name}"}
