"""Pushes over HTTP: preview, push, what was delivered, and that it was received."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now, today
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes_once
from app.referrals.pushes_answers import bank_preview, deliveries_out, item_out, line_out, pushes_out
from app.referrals.pushes_queries import (
    ITEM_ORDER,
    PUSH_ORDER,
    get_delivery,
    get_push,
    select_items,
    select_pushes,
)
from app.referrals.pushes_schemas import (
    MOST_BANKS,
    BankCode,
    DeliveryOut,
    ItemListOut,
    LineListOut,
    PreviewOut,
    PushIn,
    PushListOut,
    PushOut,
)
from app.referrals.pushes_selection import LINE_ORDER, Selection, select_lines
from app.referrals.pushes_service import Wanted, banks_of, check_pusher, published_batch, push, receive
from app.referrals.refusals import (
    AlreadyReceived,
    BatchNotPublished,
    DeliveryNotFound,
    NothingToDeliver,
    PushNotFound,
    PushRefused,
)
from app.store.pages import CursorRefused, count_rows
from app.store.tables import DeliveryItem, Push
from app.whitelist.refusals import BatchNotFound

router = APIRouter(route_class=StrictRoute, tags=["pushes"])

PushId = Annotated[UUID, Path(description="推送编号")]
DeliveryId = Annotated[UUID, Path(description="交付编号")]
BatchAsked = Annotated[UUID | None, Query(description="批次编号；不写就看全部变化（增量）")]
_ONE: Final = "/pushes/{push_id:uuid}"
_DELIVERY: Final = _ONE + "/deliveries/{delivery_id:uuid}"


@router.get(
    "/pushes/preview",
    operation_id="preview_push",
    summary="推送前预览：每家银行会收到几条新增、变更、暂停、移出，以及以前收到过什么",
    responses=problem_responses(BatchNotFound, BatchNotPublished, PushRefused),
)
@permits(Permission.PUSH)
@reads
def preview(
    session: Session,
    caller: CalledBy,
    scope: InScope,
    bank: Annotated[
        list[BankCode],
        Query(min_length=1, max_length=MOST_BANKS, description="银行代码，可写多个", examples=[["xugou-city-bank"]]),
    ],
    batch: BatchAsked = None,
) -> PreviewOut:
    """Nothing is written; what is pushed later is what is new then."""
    check_pusher(caller)
    chosen = published_batch(session, batch, caller)
    return PreviewOut(
        batch_id=batch,
        batch_number=None if chosen is None else chosen.number,
        as_of=today(),
        banks=[bank_preview(session, one, batch, scope, today()) for one in banks_of(session, bank, "/query/bank")],
    )


@router.get(
    "/pushes/preview/items",
    operation_id="list_push_preview",
    summary="推送前预览：一家银行会收到的逐条内容",
    responses=problem_responses(BatchNotFound, BatchNotPublished, PushRefused, CursorRefused),
)
@permits(Permission.PUSH)
@reads
def preview_items(
    session: Session,
    caller: CalledBy,
    scope: InScope,
    paging: Paged,
    bank: Annotated[BankCode, Query(description="银行代码")],
    batch: BatchAsked = None,
) -> LineListOut:
    """By region."""
    check_pusher(caller)
    published_batch(session, batch, caller)
    (one,) = banks_of(session, [bank], "/query/bank")
    query = select_lines(Selection(batch, today()), one.id, scope)
    bound = {"bank": bank, "batch": None if batch is None else str(batch), "day": today().isoformat()}
    page = paging.pages.take(session, query, LINE_ORDER, paging.asked(**bound))
    paging.link(page.next_cursor)
    return LineListOut(
        items=[line_out(row[0], row.batch_number, row.state_told, row.change) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.post(
    "/pushes",
    operation_id="add_push",
    summary="把一个批次或全部变化推送给若干银行，每家一份编号的交付",
    status_code=201,
    responses=problem_responses(BatchNotFound, BatchNotPublished, PushRefused, NothingToDeliver),
)
@permits(Permission.PUSH)
@writes_once
def add(session: Session, response: Response, caller: CalledBy, scope: InScope, body: PushIn) -> PushOut:
    """What was delivered is never changed; whatever becomes of an entry later is pushed as a change."""
    made = push(session, Wanted(body.batch_id, body.banks, body.note), caller, now(), today())
    response.headers["Location"] = f"/api/v1/pushes/{made.id}"
    return pushes_out(session, [get_push(session, made.id, scope)], scope)[0]


@router.get(
    "/pushes",
    operation_id="list_pushes",
    summary="推送列表，新的在前：省级看全部和签收情况，银行看推送给本行的",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_PUSHES)
@reads
def list_all(session: Session, scope: InScope, paging: Paged) -> PushListOut:
    """A bank sees its own deliveries alone."""
    query = select_pushes(scope)
    page = paging.pages.take(session, query, PUSH_ORDER, paging.asked())
    paging.link(page.next_cursor)
    return PushListOut(
        items=pushes_out(session, [(row[0], row.batch_number) for row in page.rows], scope),
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(Push.id)) if paging.total else None,
    )


@router.get(_ONE, operation_id="get_push", summary="一次推送和它的各份交付", responses=problem_responses(PushNotFound))
@permits(Permission.READ_PUSHES)
@reads
def get_one(session: Session, scope: InScope, push_id: PushId) -> PushOut:
    """With the receipts as they are now."""
    return pushes_out(session, [get_push(session, push_id, scope)], scope)[0]


@router.get(
    _DELIVERY,
    operation_id="get_delivery",
    summary="一份交付",
    responses=problem_responses(PushNotFound, DeliveryNotFound),
)
@permits(Permission.READ_PUSHES)
@reads
def get_one_delivery(session: Session, scope: InScope, push_id: PushId, delivery_id: DeliveryId) -> DeliveryOut:
    """Its counts and receipts."""
    found = get_delivery(session, push_id, delivery_id, scope)
    return deliveries_out(session, [found])[found.delivery.id]


@router.get(
    _DELIVERY + "/items",
    operation_id="list_delivery_items",
    summary="一份交付的逐条内容，与交付时完全相同",
    responses=problem_responses(PushNotFound, DeliveryNotFound, CursorRefused),
)
@permits(Permission.READ_PUSHES)
@reads
def list_items(
    session: Session, scope: InScope, paging: Paged, push_id: PushId, delivery_id: DeliveryId
) -> ItemListOut:
    """A branch reads what lies in its region."""
    query = select_items(get_delivery(session, push_id, delivery_id, scope).delivery, scope)
    page = paging.pages.take(session, query, ITEM_ORDER, paging.asked())
    paging.link(page.next_cursor)
    return ItemListOut(
        items=[item_out(row[0], row.state_now) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(DeliveryItem.entry_id)) if paging.total else None,
    )


@router.post(
    _DELIVERY + "/actions/receive",
    operation_id="receive_delivery",
    summary="银行确认签收一份交付",
    responses=problem_responses(PushNotFound, DeliveryNotFound, AlreadyReceived),
)
@permits(Permission.FOLLOW_UP)
@writes_once
def post_receive(
    session: Session, caller: CalledBy, scope: InScope, push_id: PushId, delivery_id: DeliveryId
) -> DeliveryOut:
    """A person of the bank stands behind it; what its system took by itself is noted beside it."""
    found = get_delivery(session, push_id, delivery_id, scope)
    receive(session, found.delivery, caller, now())
    return deliveries_out(session, [found])[found.delivery.id]
