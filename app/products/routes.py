"""Loan products: draft, publish, supersede, withdraw, and what a change would do to whom."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope
from app.access.two_people import OwnDraft
from app.cases.select import Moment
from app.errors import FieldError
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.links import linked
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.products import answers, queries, service, timeline
from app.products.models import ProductRecord
from app.products.queries import ProductNotFound, VersionNotFound
from app.products.schemas import (
    BankCode,
    ImpactIn,
    ImpactOut,
    ProductChanges,
    ProductIn,
    ProductListOut,
    ProductOut,
    ProductRegion,
    ProductVersionListOut,
    ProductVersionOut,
    PublishedProductOut,
)
from app.products.service import CodeTaken, DraftExists, Locked, NotADraft, NotInForce, UnusableTerms
from app.products.timeline import VersionStatus
from app.programmes.queries import read_parameters, read_rates
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import Product, ProductVersion

router = APIRouter(route_class=StrictRoute, tags=["products"])

ProductId = Annotated[UUID, Path(description="产品编号")]
VersionNumber = Annotated[int, Path(ge=1, le=1_000_000, description="版本号，从 1 起")]

# Terms that are tried without a product belong to none: these names stand for it and are never stored.
_NOBODY = {"slug": "draft", "bank": "draft"}


@router.post(
    "/products",
    operation_id="add_product",
    summary="新建产品及其第一份草稿",
    status_code=201,
    responses=problem_responses(CodeTaken, UnusableTerms),
)
@permits(Permission.WRITE_PRODUCTS)
@writes
def post_product(session: Session, response: Response, caller: CalledBy, product: ProductIn) -> ProductOut:
    """The draft is checked against the fact catalogue; it is offered to nobody before it is published."""
    record = ProductRecord.model_validate(product.model_dump())
    written = service.add_product(session, record, caller, now())
    session.flush()  # The answer reads the bank by the key of the row just written.
    set_etag(response, written.versions[-1].revision)
    response.headers["Location"] = f"/api/v1/products/{written.product.id}"
    return _product_out(session, written, caller.scope)


@router.get(
    "/products",
    operation_id="list_products",
    summary="产品列表",
    responses=problem_responses(CursorRefused),
)
@reads
def list_products(
    session: Session,
    scope: InScope,
    paging: Paged,
    bank: Annotated[BankCode | None, Query(description="只看一家银行，填银行代码")] = None,
    status: Annotated[VersionStatus | None, Query(description="只看有这种状态版本的产品")] = None,
    region: Annotated[ProductRegion | None, Query(description="只看在该地区办理的产品（含全省办理的）")] = None,
) -> ProductListOut:
    """Products by slug, each with the version that people are shown today. Drafts are for their own bank."""
    day = today()
    query = queries.select_products(day, scope, bank, status, region)
    asked = paging.asked(bank=bank, status=status, region=region)
    page = paging.pages.take(session, query, [Key(Product.slug)], asked)
    paging.link(page.next_cursor)
    products: list[Product] = [row[0] for row in page.rows]
    versions = queries.list_versions(session, [product.id for product in products])
    banks, rates = queries.banks_of(session, products), read_rates(session)
    return ProductListOut(
        items=[
            answers.product_out(
                product,
                banks[product.bank_id],
                queries.seen_by(scope, product, versions[product.id]),
                day,
                rates,
                is_own=scope.sees_drafts_of(product.bank_id),
            )
            for product in products
        ],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.post(
    "/products/impact",
    operation_id="preview_product_impact",
    summary="试算：条款或规则改动后，哪些机构、项目和需求符合、不再符合或待定",
    responses=problem_responses(ProductNotFound, UnusableTerms),
)
@permits(Permission.WRITE_PRODUCTS)
@reads
def preview_impact(session: Session, asked: ImpactIn, scope: InScope) -> ImpactOut:
    """Both rules are compiled to SQL and counted by the database over all cases in scope; nothing is stored."""
    moment, parameters = Moment(asked.as_of or today()), read_parameters(session)
    versions: list[ProductVersion] = []
    if asked.product_id is not None:
        product = queries.get_own_product(session, asked.product_id, scope)
        versions = queries.list_versions(session, [product.id])[product.id]
    held = timeline.in_force(versions, moment.as_of)
    record = service.checked_record(_tried(asked, versions, held), parameters)
    effect = service.impact_of(session, record, versions, moment, parameters, scope)
    return answers.impact_out(effect, asked.product_id, None if held is None else held.number, scope)


def _tried(asked: ImpactIn, versions: list[ProductVersion], held: ProductVersion | None) -> ProductRecord:
    """The terms to try. Raises UnusableTerms where none are named, or two."""
    if asked.terms is not None and asked.changes is not None:
        raise _unclear("/changes", "terms 与 changes 只写一个")
    if asked.terms is not None:
        return ProductRecord.model_validate({**asked.terms.model_dump(), **_NOBODY})
    base = held or (versions[-1] if versions else None)
    if asked.changes is not None and base is not None:
        # The rule is checked with its parameters right after this, like any other.
        return service.changed_record(base.body, asked.changes.given())
    draft = next((one for one in versions if one.published_at is None and one.withdrawn_at is None), None)
    if asked.changes is not None or draft is None:
        raise _unclear("/terms", "请写 terms；或写 product_id，并写 changes 或让该产品有一份草稿")
    return queries.parsed(draft)[0]


def _unclear(pointer: str, detail: str) -> UnusableTerms:
    return UnusableTerms(detail, errors=(FieldError(pointer, "nothing_to_try", detail),))


@router.get(
    "/products/{product_id:uuid}",
    operation_id="get_product",
    summary="一个产品，利率按今天的 LPR 换算",
    responses=problem_responses(ProductNotFound),
)
@reads
def get_product(session: Session, scope: InScope, product_id: ProductId) -> ProductOut:
    """A product with the version in force, else the next to come, else its newest."""
    return _product_out(session, Locked(*queries.get_seen(session, product_id, scope)), scope)


@router.get(
    "/products/{product_id:uuid}/versions",
    operation_id="list_product_versions",
    summary="一个产品的全部版本",
    responses=problem_responses(ProductNotFound),
)
@reads
def list_product_versions(session: Session, scope: InScope, product_id: ProductId) -> ProductVersionListOut:
    """All versions, oldest first, withdrawn ones included; drafts are for the bank itself."""
    product, versions = queries.get_seen(session, product_id, scope)
    rates, is_own = read_rates(session), scope.sees_drafts_of(product.bank_id)
    return ProductVersionListOut(
        items=[answers.version_out(one, versions, today(), rates, is_own=is_own) for one in versions]
    )


@router.post(
    "/products/{product_id:uuid}/versions",
    operation_id="add_product_version",
    summary="另起一份草稿，以最新一版为底",
    status_code=201,
    responses=problem_responses(ProductNotFound, DraftExists, UnusableTerms),
)
@permits(Permission.WRITE_PRODUCTS)
@writes
def post_version(
    session: Session, response: Response, caller: CalledBy, product_id: ProductId, changes: ProductChanges
) -> ProductVersionOut:
    """A draft that copies the newest version, with the terms given replaced."""
    written = service.add_draft(session, product_id, changes.given(), caller, now())
    draft = written.versions[-1]
    response.headers["Location"] = f"/api/v1/products/{product_id}/versions/{draft.number}"
    return _version_out(session, response, written, draft, caller.scope)


@router.get(
    "/products/{product_id:uuid}/versions/{number}",
    operation_id="get_product_version",
    summary="一个产品的一版",
    responses=problem_responses(ProductNotFound, VersionNotFound),
)
@reads
def get_version(
    session: Session, response: Response, scope: InScope, product_id: ProductId, number: VersionNumber
) -> ProductVersionOut:
    """One version; its ETag is what a change of it has to name."""
    found = Locked(*queries.get_seen(session, product_id, scope))
    return _version_out(session, response, found, queries.get_version(found.versions, number), scope)


@router.patch(
    "/products/{product_id:uuid}/versions/{number}",
    operation_id="change_product_version",
    summary="修改草稿",
    responses=problem_responses(
        ProductNotFound, VersionNotFound, NotADraft, UnusableTerms, VersionRequired, VersionStale
    ),
)
@permits(Permission.WRITE_PRODUCTS)
@writes
def patch_version(
    session: Session,
    response: Response,
    caller: CalledBy,
    product_id: ProductId,
    number: VersionNumber,
    changes: ProductChanges,
    if_match: IfMatch = None,
) -> ProductVersionOut:
    """Replace some terms of a draft; a published version never changes."""
    written = service.change_draft(session, product_id, number, changes.given(), if_match, caller)
    return _version_out(session, response, written, queries.get_version(written.versions, number), caller.scope)


@router.post(
    "/products/{product_id:uuid}/versions/{number}/actions/publish",
    operation_id="publish_product_version",
    summary="发布草稿，并给出影响",
    responses=problem_responses(
        ProductNotFound, VersionNotFound, NotADraft, OwnDraft, UnusableTerms, VersionRequired, VersionStale
    )
    | linked(200, list_candidates={"product_id": "$request.path.product_id"}),
)
@permits(Permission.WRITE_PRODUCTS)
@writes_once
def publish_version(
    session: Session,
    response: Response,
    product_id: ProductId,
    number: VersionNumber,
    caller: CalledBy,
    if_match: IfMatch = None,
) -> PublishedProductOut:
    """The version before is superseded from this one's first day. From now on it changes by withdrawal only."""
    written, effect = service.publish(session, product_id, number, if_match, caller, now(), today())
    version = queries.get_version(written.versions, number)
    against = timeline.in_force([one for one in written.versions if one is not version], effect.as_of)
    return PublishedProductOut(
        version=_version_out(session, response, written, version, caller.scope),
        impact=answers.impact_out(effect, product_id, None if against is None else against.number, caller.scope),
    )


@router.post(
    "/products/{product_id:uuid}/versions/{number}/actions/withdraw",
    operation_id="withdraw_product_version",
    summary="撤回草稿，或从今天起停办一版",
    responses=problem_responses(ProductNotFound, VersionNotFound, NotInForce, VersionRequired, VersionStale),
)
@permits(Permission.WRITE_PRODUCTS)
@writes_once
def withdraw_version(
    session: Session,
    response: Response,
    product_id: ProductId,
    number: VersionNumber,
    scope: InScope,
    if_match: IfMatch = None,
) -> ProductVersionOut:
    """One withdrawn before its first day supersedes nothing, so the version before it goes on."""
    written = service.withdraw(session, product_id, number, if_match, scope, now(), today())
    return _version_out(session, response, written, queries.get_version(written.versions, number), scope)


def _product_out(session: Session, found: Locked, scope: Scope) -> ProductOut:
    bank = queries.banks_of(session, [found.product])[found.product.bank_id]
    is_own = scope.sees_drafts_of(bank.id)
    return answers.product_out(found.product, bank, found.versions, today(), read_rates(session), is_own=is_own)


def _version_out(
    session: Session, response: Response, found: Locked, version: ProductVersion, scope: Scope
) -> ProductVersionOut:
    set_etag(response, version.revision)
    is_own = scope.sees_drafts_of(found.product.bank_id)
    return answers.version_out(version, found.versions, today(), read_rates(session), is_own=is_own)
