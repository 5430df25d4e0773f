"""Writing banks and products: draft, publish, supersede, withdraw; each product's versions one writer at a time."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.access.two_people import check_second_person
from app.cases.select import CaseKind, Moment
from app.errors import Conflict, FieldError, Unprocessable
from app.http.etags import check_version
from app.http.refusals import field_errors
from app.products import timeline
from app.products.expressible import unsearchable
from app.products.impact import Impact, Side, impact
from app.products.models import ProductRecord
from app.products.queries import BankNotFound, get_bank, get_own_product, get_version, list_versions, parsed
from app.products.timeline import VersionStatus, status_on
from app.programmes.load import content_hash
from app.programmes.queries import read_parameters
from app.rules.check import parse
from app.rules.parameters import Parameters
from app.rules.structure import Problem, RuleRefused
from app.store.base import Base
from app.store.tables import Bank, Product, ProductVersion
from app.store.types import new_key

R = TypeVar("R", bound=Base)
# What the bank writes itself.
_OWN: Final = ("applies", "requires")


class CodeTaken(Conflict):
    """Another bank or product has this code."""

    code = "code_taken"
    title = "代码已被使用"


class DraftExists(Conflict):
    """A product has at most one open draft."""

    code = "draft_exists"
    title = "已有一份草稿"


class NotADraft(Conflict):
    """Only a draft is changed and published."""

    code = "not_a_draft"
    title = "这一版不是草稿"


class NotInForce(Conflict):
    """Only a draft, or a version that holds or is to hold, is withdrawn."""

    code = "not_in_force"
    title = "这一版已不在办理中"


class UnusableTerms(Unprocessable):
    """Terms or rules that cannot be written down, or a first day that cannot be."""

    code = "terms_refused"
    title = "产品内容有误"


class Locked(NamedTuple):
    """A product that nobody else changes before this unit of work ends, with all its versions."""

    product: Product
    versions: Sequence[ProductVersion]


class ProductKeys(NamedTuple):
    """The keys of a product and of its first version, where a generator must repeat itself."""

    product: UUID
    version: UUID


def add_bank(session: Session, bank: Bank) -> Bank:
    """A new bank. Raises CodeTaken."""
    return _added(session, bank, FieldError("/code", CodeTaken.code, f"已有代码为“{bank.code}”的银行，请换一个代码"))


def add_product(
    session: Session, record: ProductRecord, caller: Caller, now: datetime, keys: ProductKeys | None = None
) -> Locked:
    """A new product of the caller's bank with its first draft. Raises UnusableTerms or CodeTaken."""
    keys = keys or ProductKeys(new_key(), new_key())
    try:
        bank = get_bank(session, record.bank)
    except BankNotFound as error:
        raise _refused(FieldError("/bank", error.code, error.detail)) from None
    if not caller.scope.sees_drafts_of(bank.id):
        raise _refused(FieldError("/bank", "beyond_scope", "只能为本行新建产品，请填本行的代码"))
    checked = checked_record(record, read_parameters(session))
    product = Product(id=keys.product, slug=record.slug, bank_id=bank.id, created_at=now)
    taken = f"已有代码为“{record.slug}”的产品，请换一个代码"
    _added(session, product, FieldError("/slug", CodeTaken.code, taken))
    version = _draft(product, keys.version, 1, checked, caller, now)
    session.add(version)
    return Locked(product, [version])


def add_draft(session: Session, product_id: UUID, changes: Mapping[str, Any], caller: Caller, now: datetime) -> Locked:
    """A draft that follows the newest version, with these terms changed. Raises DraftExists or UnusableTerms."""
    product, versions = locked(session, product_id, caller.scope)
    if any(_is_open_draft(version) for version in versions):
        raise DraftExists("这个产品已有一份草稿，请修改它、发布它或先撤回它")
    newest = versions[-1]
    record = checked_record(changed_record(newest.body, changes), read_parameters(session))
    version = _draft(product, new_key(), newest.number + 1, record, caller, now)
    session.add(version)
    return Locked(product, [*versions, version])


def change_draft(
    session: Session, product_id: UUID, number: int, changes: Mapping[str, Any], if_match: str | None, caller: Caller
) -> Locked:
    """A draft with some of its terms changed. Raises NotADraft or UnusableTerms."""
    product, versions = locked(session, product_id, caller.scope)
    version = _own_draft(versions, number, if_match)
    put_record(version, checked_record(changed_record(version.body, changes), read_parameters(session)))
    # Whoever wrote last is the one that somebody else has to check.
    version.drafted_by = caller.account_id
    version.revision += 1
    return Locked(product, versions)


def publish(
    session: Session, product_id: UUID, number: int, if_match: str | None, caller: Caller, now: datetime, today: date
) -> tuple[Locked, Impact]:
    """The draft becomes a version that never changes, and supersedes the one before from its first day.

    Its rule is checked again, since the parameters may have changed, and its impact against the version in force is
    counted. Raises NotADraft, OwnDraft, or UnusableTerms where it would begin in the past or before its predecessor.
    """
    product, versions = locked(session, product_id, caller.scope)
    version = _own_draft(versions, number, if_match)
    check_second_person(version.drafted_by, caller)
    parameters = read_parameters(session)
    record = checked_record(ProductRecord.model_validate(version.body), parameters)
    _check_first_day(record.valid_from, timeline.last_begun(versions), today)
    day = max(today, record.valid_from)
    effect = impact_of(session, record, versions, Moment(day), parameters, caller.scope)
    version.published_at, version.published_on, version.published_by = now, today, caller.account_id
    version.revision += 1
    return Locked(product, versions), effect


def withdraw(
    session: Session, product_id: UUID, number: int, if_match: str | None, scope: Scope, now: datetime, today: date
) -> Locked:
    """A draft is given up, or a published version is no longer offered from today. Raises NotInForce."""
    product, versions = locked(session, product_id, scope)
    version = get_version(versions, number)
    check_version(if_match, version.revision)
    if status_on(version, versions, today) not in {VersionStatus.DRAFT, VersionStatus.PUBLISHED}:
        raise NotInForce(f"第 {number} 版已被取代或撤回，不能再撤回")
    version.withdrawn_at, version.withdrawn_on = now, today
    version.revision += 1
    return Locked(product, versions)


def impact_of(
    session: Session,
    record: ProductRecord,
    versions: Sequence[ProductVersion],
    moment: Moment,
    parameters: Parameters,
    scope: Scope,
) -> Impact:
    """What changes on a day if these terms took the place of the version that is then in force."""
    held = timeline.in_force(versions, moment.as_of)
    old = None if held is None else Side(*parsed(held))
    return impact(session, Side(record, record.rules(parameters)), old, moment, parameters, scope)


def checked_record(record: ProductRecord, parameters: Parameters) -> ProductRecord:
    """The record with its rules as they are stored. Raises UnusableTerms with a pointer to every complaint."""
    try:
        record.rules(parameters)
    except RuleRefused as refusal:
        raise _refused(*(_of_product(problem, record) for problem in refusal.problems)) from None
    own = {name: raw for name in _OWN if (raw := getattr(record, name)) is not None}
    kinds = [CaseKind(subject.value) for subject in record.subjects]
    found = (unsearchable(raw, f"/{name}", kinds, record.valid_from, parameters) for name, raw in own.items())
    if complaints := tuple(chain.from_iterable(found)):
        raise _refused(*complaints)
    return record.model_copy(update={name: parse(raw).to_json() for name, raw in own.items()})


def _of_product(problem: Problem, record: ProductRecord) -> FieldError:
    """What is wrong with the whole rule is said of what the bank wrote of it: the rest follows from the terms."""
    if problem.pointer:
        return FieldError(problem.pointer, problem.code, problem.detail)
    at = next(f"/{name}" for name in reversed(_OWN) if getattr(record, name) is not None)
    return FieldError(at, problem.code, f"{problem.detail}；金额、期限等产品条款也是条件，并在外面另占一层")


def changed_record(body: Mapping[str, Any], changes: Mapping[str, Any]) -> ProductRecord:
    """A stored body with some terms replaced; its rules are still to be checked. Raises UnusableTerms."""
    merged = {**body, **changes}
    try:
        return ProductRecord.model_validate(merged)
    except ValidationError as error:
        found = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        raise _refused(*field_errors(found, merged)) from None


def put_record(version: ProductVersion, record: ProductRecord) -> None:
    """Make a draft say what a checked record says."""
    version.body = record.model_dump(mode="json")
    version.content_hash = content_hash(version.body)
    version.regions = "".join(f",{code}" for code in record.regions) + ("," if record.regions else "")
    version.valid_from, version.valid_to = record.valid_from, record.valid_to


def locked(session: Session, product_id: UUID, scope: Scope) -> Locked:
    """A product of the caller's bank and its versions under a lock. Raises ProductNotFound."""
    product = get_own_product(session, product_id, scope, lock=True)
    return Locked(product, list_versions(session, [product_id])[product_id])


def _added(session: Session, row: R, taken: FieldError) -> R:
    """Two requests can pass any check made beforehand at once, so the constraint decides."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise CodeTaken(taken.detail, errors=(taken,)) from None
    return row


def _is_open_draft(version: ProductVersion) -> bool:
    return version.published_at is None and version.withdrawn_at is None


def _own_draft(versions: Sequence[ProductVersion], number: int, if_match: str | None) -> ProductVersion:
    version = get_version(versions, number)
    check_version(if_match, version.revision)
    if not _is_open_draft(version):
        raise NotADraft(f"第 {number} 版已发布或撤回，内容不再改变；请另起一份草稿")
    return version


def _draft(
    product: Product, key: UUID, number: int, record: ProductRecord, caller: Caller, now: datetime
) -> ProductVersion:
    version = ProductVersion(id=key, product_id=product.id, number=number, revision=1, created_at=now)
    version.drafted_by = caller.account_id
    put_record(version, record)
    return version


def _check_first_day(first: date, before: ProductVersion | None, today: date) -> None:
    """What was said of a past day stays said. Only a product's first version may have begun before it came here."""
    if before is None:
        return
    earliest = max(today, before.valid_from)
    if first < earliest:
        detail = f"新版本最早从 {earliest} 起生效（不早于今天，也不早于上一版的生效日），请改 valid_from"
        raise _refused(FieldError("/valid_from", "begins_too_early", detail))


def _refused(*errors: FieldError) -> UnusableTerms:
    return UnusableTerms(errors[0].detail, errors=errors)
