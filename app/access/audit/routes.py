"""The trail over HTTP: auditors read and export it, the audit administrator seals it. Nobody changes it."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.access.audit.download import MEDIA_TYPES, ExportFormat, written
from app.access.audit.export import SealExport
from app.access.audit.queries import (
    NEWEST_FIRST,
    NEWEST_SEAL_FIRST,
    EventNotFound,
    EventsAsked,
    get_event,
    select_events,
)
from app.access.audit.record import record
from app.access.audit.schemas import (
    AuditEventListOut,
    AuditEventOut,
    Outcome,
    SealListOut,
    SealTakenOut,
    event_out,
    exported_out,
    seal_out,
)
from app.access.audit.seals import seals_after, take_seal
from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope
from app.http.clock import now
from app.http.instants import Instant
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import database_of, reading, reads, writing
from app.store.engine import Database
from app.store.pages import MAX_SIZE, CursorRefused, PageAsked, Pages, count_rows
from app.store.tables import AuditSeal

router = APIRouter(route_class=StrictRoute, tags=["audit"])
_log = structlog.get_logger(__name__)
_NO_NUL = r"^[^\x00]*$"


def use_seal_export(app: FastAPI, export: SealExport) -> None:
    """Let the seals that are taken over HTTP leave through `export`."""
    app.state.seal_export = export


async def seal_export_of(request: Request) -> SealExport:
    """Async, so that FastAPI resolves it without a thread hop of its own."""
    export: SealExport = request.app.state.seal_export
    return export


async def events_asked(
    begin: Annotated[Instant | None, Query(alias="from", description="从这一时刻起（含），带时区")] = None,
    end: Annotated[Instant | None, Query(alias="to", description="到这一时刻止（不含），带时区")] = None,
    account_id: Annotated[UUID | None, Query(description="只看一个账号所为")] = None,
    organisation_id: Annotated[UUID | None, Query(description="只看一个单位所为")] = None,
    action: Annotated[str | None, Query(max_length=80, pattern=_NO_NUL, description="操作，即接口的操作编号")] = None,
    object_type: Annotated[str | None, Query(max_length=40, pattern=_NO_NUL, description="对象种类")] = None,
    object_id: Annotated[str | None, Query(max_length=120, pattern=_NO_NUL, description="对象编号")] = None,
    outcome: Annotated[Outcome | None, Query(description="done 已办，refused 被拒")] = None,
    request_id: Annotated[
        str | None, Query(max_length=64, pattern=_NO_NUL, description="请求编号 X-Request-ID")
    ] = None,
) -> EventsAsked:
    """Async, so that FastAPI resolves it without a thread hop of its own."""
    return EventsAsked(begin, end, account_id, organisation_id, action, object_type, object_id, outcome, request_id)


Asked = Annotated[EventsAsked, Depends(events_asked)]


@router.get(
    "/audit-events",
    operation_id="list_audit_events",
    summary="审计记录",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_AUDIT)
@reads
def list_audit_events(session: Session, scope: InScope, paging: Paged, asked: Asked) -> AuditEventListOut:
    """Events of the caller's region, newest first."""
    query = select_events(scope, asked)
    page = paging.pages.take(session, query, NEWEST_FIRST, paging.asked(**asked.named()))
    paging.link(page.next_cursor)
    return AuditEventListOut(
        items=[event_out(row[0]) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/audit-events/export",
    operation_id="export_audit_events",
    summary="把审计记录导出为 CSV 或 NDJSON；导出本身也记入审计",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "审计记录文件",
            "content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()},
        },
    },
)
@permits(Permission.READ_AUDIT)
def export_audit_events(
    request: Request,
    database: Annotated[Database, Depends(database_of)],
    scope: InScope,
    asked: Asked,
    file_format: Annotated[ExportFormat, Query(alias="format", description="csv 或 ndjson")] = ExportFormat.NDJSON,
) -> StreamingResponse:
    """Events of the caller's region under the same filters as the list, newest first."""
    with reading(database, request) as session:
        record(session, object_type="audit_event", detail={"format": file_format, "filters": asked.named()})
    return StreamingResponse(
        written(file_format, _chunks(database, request, scope, asked)),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="audit-events.{file_format.value}"'},
    )


def _chunks(database: Database, request: Request, scope: Scope, asked: EventsAsked) -> Iterator[list[AuditEventOut]]:
    """Page after page, each in a transaction of its own: a connection is never held while a client reads slowly."""
    pages, question = Pages("audit-export"), PageAsked({}, size=MAX_SIZE)
    while True:
        with reading(database, request) as session:
            page = pages.take(session, select_events(scope, asked), NEWEST_FIRST, question)
            rows = [event_out(row[0]) for row in page.rows]
        yield rows
        if page.next_cursor is None:
            return
        question = PageAsked({}, page.next_cursor, MAX_SIZE)


@router.get(
    "/audit-events/{event_id}",
    operation_id="get_audit_event",
    summary="一条审计记录",
    responses=problem_responses(EventNotFound),
)
@permits(Permission.READ_AUDIT)
@reads
def get_audit_event(
    session: Session, scope: InScope, event_id: Annotated[UUID, Path(description="审计记录编号")]
) -> AuditEventOut:
    """One event with everything that it says."""
    return event_out(get_event(session, scope, event_id))


@router.get(
    "/audit-seals",
    operation_id="list_audit_seals",
    summary="审计封存记录",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_AUDIT)
@reads
def list_audit_seals(session: Session, paging: Paged) -> SealListOut:
    """Seals, newest first. They name chains and hashes, and nothing of what the events say."""
    query = AuditSeal.__table__.select()
    page = paging.pages.take(session, query, NEWEST_SEAL_FIRST, paging.asked())
    paging.link(page.next_cursor)
    return SealListOut(
        items=[seal_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.post(
    "/audit-seals",
    operation_id="seal_audit",
    summary="封存审计记录：把各链的链头一并固定下来并导出",
    status_code=201,
)
@permits(Permission.SEAL_AUDIT)
def seal_audit(
    request: Request,
    database: Annotated[Database, Depends(database_of)],
    export: Annotated[SealExport, Depends(seal_export_of)],
) -> SealTakenOut:
    """A new seal over all chains. It is exported after it is committed, so no exported seal is without its row."""
    with writing(database, request) as session:
        seal = take_seal(session, now())
    with reading(database, request) as session:
        seals = seals_after(session, min(export.held(), seal.number - 1))
    exports = export.send(seals)
    for failed in (one for one in exports if one.failure is not None):
        _log.error("seal not exported", kind=failed.kind, failure=failed.failure)
    return SealTakenOut(seal=seal_out(seal), exports=[exported_out(one) for one in exports])
