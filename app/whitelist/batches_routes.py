"""Batches over HTTP: draft, change, look through, announce, publish, abandon."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope
from app.access.two_people import OwnDraft
from app.errors import AppError, NotSeeded
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Batch
from app.whitelist import batches_service as service
from app.whitelist.batches_answers import batch_line_out, batch_out, batch_row_out
from app.whitelist.batches_queries import (
    BATCH_ORDER,
    ROW_ORDER,
    Row,
    get_batch,
    row_counts,
    select_batches,
    select_rows,
)
from app.whitelist.batches_rows import problems_with
from app.whitelist.batches_schemas import (
    AbandonIn,
    BatchIn,
    BatchLinesOut,
    BatchListOut,
    BatchOut,
    BatchPatch,
    BatchStatus,
    NoticeIn,
    PublishIn,
)
from app.whitelist.refusals import (
    BatchNotFound,
    BatchProblems,
    BatchRefused,
    BatchState,
    NoticeRunning,
    TakenByBatch,
)
from app.whitelist.registry_lines import subjects_of

router = APIRouter(route_class=StrictRoute, tags=["whitelist"])

BatchId = Annotated[UUID, Path(description="批次编号")]
ONE: Final = "/whitelist/batches/{batch_id}"
_CHANGED: Final[tuple[type[AppError], ...]] = (BatchNotFound, BatchState, VersionRequired, VersionStale)


@router.post(
    "/whitelist/batches",
    operation_id="add_batch",
    summary="起草批次：编入省级已批准的推荐",
    status_code=201,
    responses=problem_responses(TakenByBatch, BatchRefused),
)
@permits(Permission.KEEP_LIST)
@writes
def add(session: Session, response: Response, caller: CalledBy, body: BatchIn) -> BatchOut:
    """A draft of the province; a nomination is in one batch at a time."""
    batch = service.draft(session, body.title, body.nominations, caller, now())
    response.headers["Location"] = f"/api/v1/whitelist/batches/{batch.id}"
    return _shown(session, response, batch, caller.scope)


@router.get(
    "/whitelist/batches",
    operation_id="list_batches",
    summary="批次列表，新的在前",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_BATCHES)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    state: Annotated[BatchStatus | None, Query(description="只看这种状态的")] = None,
    year: Annotated[int | None, Query(ge=2000, le=2199, description="只看这一年发布的")] = None,
) -> BatchListOut:
    """What is on notice or published; drafts and what was given up are for the province itself."""
    query = select_batches(scope, None if state is None else state.value, year)
    page = paging.pages.take(session, query, BATCH_ORDER, paging.asked(state=state, year=year))
    paging.link(page.next_cursor)
    batches: list[Batch] = [row[0] for row in page.rows]
    counts = row_counts(session, batches, scope)
    return BatchListOut(
        items=[batch_row_out(batch, counts.get(batch.id, 0)) for batch in batches],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    ONE,
    operation_id="get_batch",
    summary="一个批次，及发布前须处理的问题",
    responses=problem_responses(BatchNotFound),
)
@permits(Permission.READ_BATCHES)
@reads
def get_one(session: Session, response: Response, scope: InScope, batch_id: BatchId) -> BatchOut:
    """Where it stands and what stands in its way."""
    return _shown(session, response, get_batch(session, batch_id, scope), scope)


@router.get(
    ONE + "/rows",
    operation_id="list_batch_rows",
    summary="预览：按打印的次序列出批次的条目",
    responses=problem_responses(BatchNotFound, CursorRefused),
)
@permits(Permission.READ_BATCHES)
@reads
def list_rows(session: Session, scope: InScope, paging: Paged, batch_id: BatchId) -> BatchLinesOut:
    """The lines in the caller's region, by region and number."""
    batch = get_batch(session, batch_id, scope)
    query = select_rows(batch, scope)
    page = paging.pages.take(session, query, ROW_ORDER, paging.asked())
    paging.link(page.next_cursor)
    rows = [Row(row, nomination) for row, nomination, *_ in map(tuple, page.rows)]
    subjects = subjects_of(session, [one.nomination for one in rows])
    return BatchLinesOut(
        items=[batch_line_out(one, subjects[one.nomination.id]) for one in rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.patch(
    ONE,
    operation_id="change_batch",
    summary="修改草稿；公示中的批次只能移出条目",
    responses=problem_responses(*_CHANGED, TakenByBatch, BatchRefused),
)
@permits(Permission.KEEP_LIST)
@writes
def change(
    session: Session,
    response: Response,
    caller: CalledBy,
    batch_id: BatchId,
    body: BatchPatch,
    if_match: IfMatch = None,
) -> BatchOut:
    """Whoever changes a draft last is the one that somebody else has to check."""
    changes = service.Changes(body.title, body.add, body.remove)
    return _shown(session, response, service.change(session, batch_id, changes, if_match, caller, now()), caller.scope)


@router.post(
    ONE + "/actions/notice",
    operation_id="announce_batch",
    summary="开始公示，条目自此固定",
    responses=problem_responses(*_CHANGED, BatchProblems, BatchRefused, NotSeeded),
)
@permits(Permission.KEEP_LIST)
@writes_once
def announce(
    session: Session,
    response: Response,
    caller: CalledBy,
    batch_id: BatchId,
    body: NoticeIn,
    if_match: IfMatch = None,
) -> BatchOut:
    """From now on lines can only be taken out; the nominations are on notice."""
    period = body.notice_from, body.notice_to
    batch = service.announce(session, batch_id, period, if_match, caller, now(), today())
    return _shown(session, response, batch, caller.scope)


@router.post(
    ONE + "/actions/publish",
    operation_id="publish_batch",
    summary="公示期满后发布：由起草人以外的人办理，编号并列入名单",
    responses=problem_responses(*_CHANGED, OwnDraft, NoticeRunning, BatchProblems, NotSeeded),
)
@permits(Permission.KEEP_LIST)
@writes_once
def publish(
    session: Session,
    response: Response,
    caller: CalledBy,
    batch_id: BatchId,
    body: PublishIn,
    if_match: IfMatch = None,
) -> BatchOut:
    """Each line becomes an entry of the list with the facts of this moment. The batch never changes again."""
    batch = service.publish(session, batch_id, body.document_number, if_match, caller, now(), today())
    return _shown(session, response, batch, caller.scope)


@router.post(
    ONE + "/actions/abandon",
    operation_id="abandon_batch",
    summary="放弃批次，其中的推荐等待编入下一批次",
    responses=problem_responses(*_CHANGED),
)
@permits(Permission.KEEP_LIST)
@writes_once
def abandon(
    session: Session,
    response: Response,
    caller: CalledBy,
    batch_id: BatchId,
    body: AbandonIn,
    if_match: IfMatch = None,
) -> BatchOut:
    """Before it is published; afterwards only a further batch amends it."""
    batch = service.abandon(session, batch_id, body.reason, if_match, caller, now())
    return _shown(session, response, batch, caller.scope)


def _shown(session: Session, response: Response, batch: Batch, scope: Scope) -> BatchOut:
    # Counts and problems are read from the rows just written.
    session.flush()
    set_etag(response, batch.version)
    rows = row_counts(session, [batch], scope).get(batch.id, 0)
    return batch_out(batch, rows, problems_with(session, batch, scope))
