"""Imports over HTTP: the template, the upload, what was found, writing, undoing, and the work behind them."""

import re
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.access.audit.events import source_of
from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.limits import LargerBody
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.institutions.attachment_routes import Arrived, Stored
from app.institutions.imports.jobs import (
    Sent,
    add_import,
    ask_to_apply,
    ask_to_undo,
    get_import,
    import_out,
    list_imports,
    list_rows,
    operation_out,
    sheet_row_out,
)
from app.institutions.imports.judge import RowOutcome
from app.institutions.imports.operations import Asker, get_operation, is_due
from app.institutions.imports.refusals import (
    ImportFileRefused,
    ImportHasOpenRows,
    ImportNotApplied,
    ImportNotChecked,
    ImportNotFound,
    OperationNotFound,
    ReportNotReady,
    UndoConflicts,
    UndoTooLate,
)
from app.institutions.imports.report import report_of
from app.institutions.imports.runner import Runner
from app.institutions.imports.schemas import (
    ApplyIn,
    Duplicates,
    ImportListOut,
    ImportOut,
    ImportRowOut,
    Mode,
    OperationOut,
    SheetRowListOut,
)
from app.institutions.imports.sheet_rows import ROWS
from app.institutions.imports.working import JOBS
from app.institutions.storage import chunks_of
from app.institutions.workbook.limits import Limits
from app.institutions.workbook.template import template
from app.store.pages import CursorRefused, Key, count_rows

router = APIRouter(route_class=StrictRoute, tags=["imports"])

API: Final = "/api/v1"
LARGER_BODY: Final = LargerBody("POST", re.compile(r".*/imports"), Limits().file_size)
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ONE: Final = "/imports/{import_id}"
_ORDER: Final = (Key(JOBS.c.id, descending=True),)
_ROW_ORDER: Final = (Key(ROWS.c.number),)
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "工作簿", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
_ACCEPTED: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "已受理；进度见 Location",
        "headers": {"Location": {"description": "工作的地址", "schema": {"type": "string"}}},
    }
}
_ANY_BINARY: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
ImportId = Annotated[UUID, Path(description="导入编号")]
OperationId = Annotated[UUID, Path(description="工作编号")]
# No folder, no control sign, no blank at the ends, and an ending; what the file is, its content says.
WorkbookName = Annotated[
    str,
    Query(
        min_length=5,
        max_length=120,
        pattern=r'^[^\x00-\x20\x7f/\\:*?"<>|]([^\x00-\x1f\x7f/\\:*?"<>|]*)\.([Xx][Ll][Ss][Xx]|[Cc][Ss][Vv])$',
        description="文件名，以 .xlsx 或 .csv 结尾",
        examples=["养老机构.xlsx"],
    ),
]
Dry = Annotated[bool, Query(description="true 只核对不写入，看过结果再写入；false 核对后接着写入")]
HowMuch = Annotated[Mode, Query(description="atomic 有一行不能写入就全部不写；partial 只写能写的行")]
Twins = Annotated[Duplicates, Query(description="可能重复的行：hold 暂不写入，add 作为新机构写入")]


def use_runner(app: FastAPI, runner: Runner) -> None:
    """Let `runner` do the work that is asked for over `app`."""
    app.state.runner = runner


async def _runner_of(request: Request) -> Runner:
    runner: Runner = request.app.state.runner
    return runner


async def _asker_of(request: Request, caller: CalledBy) -> Asker:
    source = source_of(request)
    # Whoever has no account is refused by the service, which names nobody.
    return Asker(caller.account_id or UUID(int=0), source.credential, source.request_id, source.address)


RunBy = Annotated[Runner, Depends(_runner_of)]
AskedBy = Annotated[Asker, Depends(_asker_of)]


@router.get(
    "/imports/template.xlsx",
    operation_id="get_import_template",
    summary="下载导入模板：下拉列表、填写说明和示例行",
    responses=_FILE,
    response_class=Response,
)
@permits(Permission.IMPORT)
@reads
def get_template(session: Session, scope: InScope) -> Response:
    """Its list of counties is the caller's own."""
    return Response(template(scope.covers), media_type=XLSX, headers=_saved("template.xlsx"))


@router.post(
    "/imports",
    operation_id="add_import",
    summary="上传机构工作簿（请求体就是文件内容，xlsx 或 csv）：先核对，缺省不写入",
    status_code=202,
    responses=_ACCEPTED | problem_responses(ImportFileRefused),
    openapi_extra={"requestBody": {"required": True, "content": _ANY_BINARY}},
)
@permits(Permission.IMPORT)
@writes
def add(
    session: Session,
    response: Response,
    caller: CalledBy,
    asker: AskedBy,
    runner: RunBy,
    storage: Stored,
    draft: Arrived,
    name: WorkbookName,
    dry_run: Dry = True,
    mode: HowMuch = "atomic",
    duplicates: Twins = "hold",
) -> OperationOut:
    """The file is kept and read in the background; what was found stands under the result of the operation."""
    sent = Sent(name, dry_run, mode, duplicates)
    import_id, operation = add_import(session, sent, draft, storage, caller, asker, now())
    return _accepted(session, response, caller.scope, runner, import_id, operation)


@router.get(
    "/operations/{operation_id}",
    operation_id="get_operation",
    summary="一项后台工作的进度",
    responses=problem_responses(OperationNotFound),
)
@permits(Permission.IMPORT)
@reads
def get_work(session: Session, scope: InScope, runner: RunBy, operation_id: OperationId) -> OperationOut:
    """Whoever looks at work that stands still sets it going again."""
    operation = get_operation(session, operation_id, scope)
    if is_due(operation, now()):
        runner.wake()
    return operation_out(operation, get_import(session, operation["import_id"], scope), API)


@router.get(
    "/imports",
    operation_id="list_imports",
    summary="本辖区的导入，新的在前",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.IMPORT)
@reads
def list_all(session: Session, scope: InScope, paging: Paged) -> ImportListOut:
    """Without what was found."""
    query = list_imports(scope)
    page = paging.pages.take(session, query, _ORDER, paging.asked())
    paging.link(page.next_cursor)
    return ImportListOut(
        items=[ImportRowOut(**{name: row._mapping[name] for name in ImportRowOut.model_fields}) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _ONE,
    operation_id="get_import",
    summary="一次导入：各类行数、未识别的列、进度",
    responses=problem_responses(ImportNotFound),
)
@permits(Permission.IMPORT)
@reads
def get_one(session: Session, response: Response, scope: InScope, import_id: ImportId) -> ImportOut:
    """The counts grow while the sheet is read."""
    job = get_import(session, import_id, scope)
    set_etag(response, job["version"])
    return import_out(session, job, API)


@router.get(
    _ONE + "/rows",
    operation_id="list_import_rows",
    summary="导入的各行：新增、更新（逐项前后对照）、不变、可能重复、有误（单元格、所填、怎么改）",
    responses=problem_responses(ImportNotFound, CursorRefused),
)
@permits(Permission.IMPORT)
@reads
def list_sheet_rows(
    session: Session,
    scope: InScope,
    paging: Paged,
    import_id: ImportId,
    outcome: Annotated[RowOutcome | None, Query(description="只看一类")] = None,
) -> SheetRowListOut:
    """In the order of the sheet."""
    query = list_rows(get_import(session, import_id, scope)["id"], outcome)
    page = paging.pages.take(session, query, _ROW_ORDER, paging.asked(outcome=outcome))
    paging.link(page.next_cursor)
    return SheetRowListOut(
        items=[sheet_row_out(row._mapping) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _ONE + "/report.xlsx",
    operation_id="get_import_report",
    summary="下载标注过的原表：有误的单元格标色，末列写明要改什么",
    responses=_FILE | problem_responses(ImportNotFound, ReportNotReady),
    response_class=StreamingResponse,
)
@permits(Permission.IMPORT)
@reads
def get_report(session: Session, scope: InScope, storage: Stored, import_id: ImportId) -> StreamingResponse:
    """The clerk's own sheet, to be mended and sent again."""
    file = report_of(session, get_import(session, import_id, scope), storage)
    return StreamingResponse(chunks_of(file), media_type=XLSX, headers=_saved("report.xlsx"))


@router.post(
    _ONE + "/actions/apply",
    operation_id="apply_import",
    summary="写入核对过的导入；登记有变的行不写",
    status_code=202,
    responses=_ACCEPTED
    | problem_responses(ImportNotFound, ImportNotChecked, ImportHasOpenRows, VersionRequired, VersionStale),
)
@permits(Permission.IMPORT)
@writes_once
def apply_import(
    session: Session,
    response: Response,
    scope: InScope,
    caller: CalledBy,
    asker: AskedBy,
    runner: RunBy,
    import_id: ImportId,
    body: ApplyIn,
    if_match: IfMatch = None,
) -> OperationOut:
    """Each row is looked at again as it is written; one that would now do something else is not."""
    job = get_import(session, import_id, scope)
    check_version(if_match, job["version"])
    operation = ask_to_apply(session, job, body, caller, asker, now())
    return _accepted(session, response, scope, runner, import_id, operation)


@router.post(
    _ONE + "/actions/undo",
    operation_id="undo_import",
    summary="24 小时内整批撤销：新增的撤下，更新的恢复原值（另存一版）",
    status_code=202,
    responses=_ACCEPTED
    | problem_responses(ImportNotFound, ImportNotApplied, UndoTooLate, UndoConflicts, VersionRequired, VersionStale),
)
@permits(Permission.IMPORT)
@writes_once
def undo_import(
    session: Session,
    response: Response,
    scope: InScope,
    caller: CalledBy,
    asker: AskedBy,
    runner: RunBy,
    import_id: ImportId,
    if_match: IfMatch = None,
) -> OperationOut:
    """Refused as a whole, with the rows, where somebody has built on one of them since."""
    job = get_import(session, import_id, scope)
    check_version(if_match, job["version"])
    operation = ask_to_undo(session, job, caller, asker, scope, now())
    return _accepted(session, response, scope, runner, import_id, operation)


def _accepted(
    session: Session, response: Response, scope: InScope, runner: Runner, import_id: UUID, operation: UUID
) -> OperationOut:
    runner.wake_after(session)
    response.headers["Location"] = f"{API}/operations/{operation}"
    return operation_out(get_operation(session, operation, scope), get_import(session, import_id, scope), API)


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
