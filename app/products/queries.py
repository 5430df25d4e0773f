"""Reading banks and products: lists for people, and the published versions that matching evaluates."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, or_, select, true
from sqlalchemy.orm import Session, aliased

from app.access.scope import Scope
from app.errors import NotFound
from app.products import timeline
from app.products.models import ProductRecord, StoredProduct
from app.products.terms import ProductRules
from app.products.timeline import VersionStatus
from app.regions import regions
from app.rules.bind import region_prefix
from app.store.kept import Kept
from app.store.tables import Bank, Product, ProductVersion, RelendingLender, RelendingList


class BankNotFound(NotFound):
    code = "bank_not_found"
    title = "没有这家银行"


class ProductNotFound(NotFound):
    code = "product_not_found"
    title = "没有这个产品"


class VersionNotFound(NotFound):
    code = "product_version_not_found"
    title = "没有这个产品版本"


_NO_PRODUCT: Final = "没有这个产品，请核对编号"
_Parsed: TypeAlias = tuple[ProductRecord, ProductRules]
# Content names itself: a record and its rule serve every version and every request that has the same hash.
_PARSED: Final[Kept[str, _Parsed]] = Kept(4096)


def parsed(version: ProductVersion) -> _Parsed:
    """The record and the rule of a version; the same objects for the same content, so that bound rules are kept."""
    return _PARSED.get(version.content_hash, lambda: _parse(version.body))


def _parse(body: dict[str, Any]) -> _Parsed:
    record = ProductRecord.model_validate(body)
    return record, record.rules()


class PublishedVersion(NamedTuple):
    """A published version without its content, which never changes and which `content_hash` names.

    Keys are text: there are as many versions as products on every page, and making keys of them takes longer than
    reading them.
    """

    id: str
    product_id: str
    number: int
    valid_from: date
    published_on: date
    withdrawn_on: date | None
    content_hash: str
    bank_name: str


def _versions(known: ColumnElement[bool], withdrawn_on: ColumnElement[date | None]) -> Select[*tuple[Any, ...]]:
    version = ProductVersion
    columns = select(
        cast(version.id, String), cast(version.product_id, String), version.number, version.valid_from,
        version.published_on, withdrawn_on, version.content_hash, Bank.name,
    )  # fmt: skip
    query = columns.join(Product, Product.id == version.product_id).join(Bank)
    return query.where(known).order_by(Product.slug, version.number)


# Put together once, which takes as long as reading some hundred rows.
_PUBLISHED: Final = _versions(ProductVersion.published_at.is_not(None), ProductVersion.withdrawn_on.expression)


def _published_versions(session: Session, known_at: datetime | None = None) -> tuple[PublishedVersion, ...]:
    """Every published version, by slug of its product, with what was known at an instant (None: now) of withdrawals."""
    if known_at is None:
        return tuple(map(PublishedVersion._make, session.execute(_PUBLISHED)))
    withdrawn_on = case((ProductVersion.withdrawn_at <= known_at, ProductVersion.withdrawn_on), else_=None)
    known = _versions(ProductVersion.published_at <= known_at, withdrawn_on)
    return tuple(map(PublishedVersion._make, session.execute(known)))


# Today, and a few days that somebody looks back or ahead to; each holds a reference for every product.
_ON_DAY: Final[Kept[tuple[tuple[PublishedVersion, ...], date], tuple[StoredProduct, ...]]] = Kept(16)


def list_published(session: Session, as_of: date, known_at: datetime | None = None) -> tuple[StoredProduct, ...]:
    """For each product, by slug, the published version in force on a day, else the next one to come.

    `known_at` (None: now) says what had been published and withdrawn by then. Products without such a version are
    left out. Whether the bank takes applications on the day is `record.valid_from` and `record.valid_to`: the window.
    """
    versions = _published_versions(session, known_at)
    return _ON_DAY.get((versions, as_of), lambda: tuple(_stored(session, _shown(versions, as_of))))


# A version, and the first day of the one that supersedes it.
_Shown: TypeAlias = tuple[PublishedVersion, date | None]


def _shown(versions: Iterable[PublishedVersion], as_of: date) -> Iterator[_Shown]:
    for _, group in groupby(versions, key=attrgetter("product_id")):
        found = timeline.shown(mine := list(group), as_of)
        if found is not None:
            yield found, timeline.superseded_on(found, mine)


def _stored(session: Session, shown: Iterable[_Shown]) -> Iterator[StoredProduct]:
    chosen = list(shown)
    contents = _contents(session, (version.content_hash for version, _ in chosen))
    for version, superseded_on in chosen:
        yield StoredProduct(
            *contents[version.content_hash],
            UUID(version.product_id),
            UUID(version.id),
            version.number,
            version.bank_name,
            version.published_on,
            superseded_on,
            version.withdrawn_on,
        )


def _contents(session: Session, hashes: Iterable[str]) -> dict[str, _Parsed]:
    """Records and rules by content hash; those that nobody has parsed yet are read in one statement."""
    return _PARSED.get_all(hashes, partial(_read_contents, session))


def _read_contents(session: Session, hashes: Sequence[str]) -> Iterator[tuple[str, _Parsed]]:
    bodies = select(ProductVersion.content_hash, ProductVersion.body)
    for digest, body in session.execute(bodies.where(ProductVersion.content_hash.in_(hashes))):
        yield digest, _parse(body)


def get_product(session: Session, product_id: UUID, *, lock: bool = False) -> Product:
    """One product; with `lock` no other unit of work changes its versions meanwhile. Raises ProductNotFound."""
    query = select(Product).where(Product.id == product_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise ProductNotFound(_NO_PRODUCT)
    return found


def get_own_product(session: Session, product_id: UUID, scope: Scope, *, lock: bool = False) -> Product:
    """A product of the caller's own bank. Raises ProductNotFound for any other, as for one that there is not."""
    found = get_product(session, product_id, lock=lock)
    if not scope.sees_drafts_of(found.bank_id):
        raise ProductNotFound(_NO_PRODUCT)
    return found


def seen_by(scope: Scope, product: Product, versions: Sequence[ProductVersion]) -> list[ProductVersion]:
    """The versions that the caller may know of: drafts are the bank's own, given up or not."""
    if scope.sees_drafts_of(product.bank_id):
        return list(versions)
    return [version for version in versions if version.published_at is not None]


def get_seen(session: Session, product_id: UUID, scope: Scope) -> tuple[Product, list[ProductVersion]]:
    """A product with the versions that the caller may know of, one at least. Raises ProductNotFound."""
    product = get_product(session, product_id)
    versions = seen_by(scope, product, list_versions(session, [product_id])[product_id])
    if not versions:
        raise ProductNotFound(_NO_PRODUCT)
    return product, versions


def list_versions(session: Session, product_ids: Sequence[UUID]) -> dict[UUID, list[ProductVersion]]:
    """All versions of each product, oldest first."""
    found: dict[UUID, list[ProductVersion]] = {product_id: [] for product_id in product_ids}
    query = select(ProductVersion).where(ProductVersion.product_id.in_(product_ids)).order_by(ProductVersion.number)
    # Under a lock just taken, what another unit of work has committed before it counts, not what was read earlier.
    for version in session.scalars(query.execution_options(populate_existing=True)):
        found[version.product_id].append(version)
    return found


def get_version(versions: Sequence[ProductVersion], number: int) -> ProductVersion:
    """One of a product's versions. Raises VersionNotFound."""
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        raise VersionNotFound(f"这个产品没有第 {number} 版，可先查看它的版本列表")
    return found


def get_bank(session: Session, code: str) -> Bank:
    """One bank by its code. Raises BankNotFound."""
    bank = session.scalars(select(Bank).where(Bank.code == code)).one_or_none()
    if bank is None:
        raise BankNotFound(f"没有代码为“{code}”的银行，请先登记银行")
    return bank


def banks_of(session: Session, products: Sequence[Product]) -> dict[UUID, Bank]:
    """The banks of some products, by their ids."""
    query = select(Bank).where(Bank.id.in_({product.bank_id for product in products}))
    return {bank.id: bank for bank in session.scalars(query)}


def select_banks(kind: str | None) -> Select[Any]:
    """All banks, or those of a kind."""
    query = select(Bank)
    return query if kind is None else query.where(Bank.kind == kind)


def relending_of(session: Session, codes: Sequence[str], day: date) -> dict[str, list[RelendingList]]:
    """The relending tools that each bank may use on a day, by its code."""
    lender = RelendingLender
    on_day = and_(lender.valid_from <= day, or_(lender.valid_to.is_(None), lender.valid_to > day))
    query = select(lender.bank_code, RelendingList).join(RelendingList, RelendingList.id == lender.list_id)
    found: dict[str, list[RelendingList]] = {code: [] for code in codes}
    rows = session.execute(query.where(lender.bank_code.in_(codes), on_day).order_by(RelendingList.code))
    for code, tool in rows:
        found[code].append(tool)
    return found


def list_relending(session: Session) -> list[tuple[RelendingList, list[RelendingLender]]]:
    """Every relending tool with all lenders it ever had."""
    lenders: defaultdict[UUID, list[RelendingLender]] = defaultdict(list)
    for lender in session.scalars(select(RelendingLender).order_by(RelendingLender.id)):
        lenders[lender.list_id].append(lender)
    tools = session.scalars(select(RelendingList).order_by(RelendingList.code))
    return [(tool, lenders[tool.id]) for tool in tools]


def select_products(
    day: date, scope: Scope, bank: str | None = None, status: VersionStatus | None = None, region: str | None = None
) -> Select[Any]:
    """Products of a bank; with a version of that status on a day; whose open versions reach into a region.

    Without `status` every product counts; an open version is a draft, or a published one that holds or is to hold.
    Versions that the caller may not know of do not count.
    """
    query = select(Product).join(Bank, Bank.id == Product.bank_id)
    if bank is not None:
        query = query.where(Bank.code == bank)
    version = aliased(ProductVersion)
    mine = and_(version.product_id == Product.id, _is_seen(version, scope))
    query = query.where(exists().where(mine))
    if status is not None:
        query = query.where(exists().where(mine, _has_status(version, status, day), _reaches(version, region)))
    elif region is not None:
        is_open = or_(*(_has_status(version, one, day) for one in (VersionStatus.DRAFT, VersionStatus.PUBLISHED)))
        query = query.where(exists().where(mine, is_open, _reaches(version, region)))
    return query


def _is_seen(version: type[ProductVersion], scope: Scope) -> ColumnElement[bool]:
    """SQL for `seen_by`."""
    if scope.is_whole:
        return true()
    published = version.published_at.is_not(None)
    return published if scope.bank_id is None else or_(published, Product.bank_id == scope.bank_id)


def _has_status(version: type[ProductVersion], status: VersionStatus, day: date) -> ColumnElement[bool]:
    """SQL for `timeline.status_on`."""
    withdrawn = and_(version.withdrawn_on.is_not(None), version.withdrawn_on <= day)
    kept = or_(version.withdrawn_on.is_(None), version.withdrawn_on > day)
    later = aliased(ProductVersion)
    began = and_(
        later.published_on.is_not(None),
        or_(later.withdrawn_on.is_(None), later.withdrawn_on > later.valid_from),
        later.valid_from <= day,
    )
    superseded = exists().where(later.product_id == version.product_id, later.number > version.number, began)
    published = and_(kept, version.published_on.is_not(None))
    match status:
        case VersionStatus.WITHDRAWN:
            return withdrawn
        case VersionStatus.DRAFT:
            return and_(kept, version.published_on.is_(None))
        case VersionStatus.SUPERSEDED:
            return and_(published, superseded)
        case VersionStatus.PUBLISHED:
            return and_(published, ~superseded)


def _reaches(version: type[ProductVersion], region: str | None) -> ColumnElement[bool]:
    """SQL: offered everywhere, in the region, above it, or in a part of it."""
    if region is None:
        return true()
    above, place = [], regions().get(region)
    while place is not None and place.parent is not None:
        above.append(place.parent)
        place = regions()[place.parent]
    named = [version.regions.contains(f",{code},") for code in above]
    return or_(version.regions == "", version.regions.contains(f",{region_prefix(region)}"), *named)
