"""Banks and the relending tools that they may use."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope, require_province
from app.http.clock import now, today
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads, writes
from app.products import answers, queries
from app.products.models import BankKindCode
from app.products.schemas import BankIn, BankListOut, BankOut, RelendingListsOut
from app.products.service import CodeTaken, add_bank
from app.programmes.queries import clause_labels
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import Bank

router = APIRouter(route_class=StrictRoute, tags=["banks"])


@router.post(
    "/banks",
    operation_id="add_bank",
    summary="登记一家银行",
    status_code=201,
    responses=problem_responses(CodeTaken) | linked(201, list_products={"bank": "$response.body#/code"}),
)
@permits(Permission.WRITE_BANKS)
@writes
def post_bank(session: Session, scope: InScope, bank: BankIn) -> BankOut:
    """A bank that will offer products here. Its code says which relending tools it may use."""
    require_province(scope, "银行由人民银行省级分行登记；要新增银行，请报省级分行")
    stored = add_bank(session, Bank(**bank.model_dump(), created_at=now()))
    return answers.bank_out(stored, queries.relending_of(session, [stored.code], today())[stored.code])


@router.get(
    "/banks",
    operation_id="list_banks",
    summary="银行列表，含其可使用的再贷款工具",
    responses=problem_responses(CursorRefused),
)
@reads
def list_banks(
    session: Session,
    paging: Paged,
    kind: Annotated[BankKindCode | None, Query(description="只看一类银行")] = None,
    as_of: Annotated[IsoDate | None, Query(description="再贷款名单按哪一天，缺省为今天")] = None,
) -> BankListOut:
    """Banks by code."""
    query = queries.select_banks(kind)
    page = paging.pages.take(session, query, [Key(Bank.code)], paging.asked(kind=kind))
    paging.link(page.next_cursor)
    banks: list[Bank] = [row[0] for row in page.rows]
    tools = queries.relending_of(session, [bank.code for bank in banks], as_of or today())
    return BankListOut(
        items=[answers.bank_out(bank, tools[bank.code]) for bank in banks],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get("/relending-lists", operation_id="list_relending", summary="再贷款工具及其发放对象银行")
@reads
def list_relending(
    session: Session,
    as_of: Annotated[IsoDate | None, Query(description="按哪一天的名单，缺省为今天")] = None,
) -> RelendingListsOut:
    """The tools with their lenders on a day. They are facts about the tool and say nothing about any product."""
    labels, day = clause_labels(session), as_of or today()
    items = [
        answers.relending_out(
            tool, lenders, day, labels.get((tool.citation.get("document", ""), tool.citation.get("clause", "")))
        )
        for tool, lenders in queries.list_relending(session)
    ]
    return RelendingListsOut(items=items)
