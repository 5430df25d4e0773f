"""All that matching needs from the database, read in one transaction and in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.read import Case as RegistryCase
from app.cases.read import case_select, read_cases
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.errors import FieldError, NotFound, Unprocessable
from app.matching.build import Case, supported
from app.matching.citations import Citations
from app.products import timeline
from app.products.models import StoredProduct
from app.products.queries import ProductNotFound, list_published, parsed
from app.programmes.models import StoredProgramme
from app.programmes.queries import clause_labels, list_programmes, read_parameters, read_rates
from app.rules.facts import Subject
from app.rules.parameters import Parameters
from app.store.tables import Bank, Product, ProductVersion
from app.subsidy import Rates

NO_PRODUCT: Final = "没有这个产品，或它在这一天没有已发布的版本，请核对编号和日期"


class CaseNotFound(NotFound):
    """No such institution, project, need or loan in scope, or not of this institution, or not yet recorded."""

    code = "case_not_found"
    title = "没有这个机构、项目、需求或贷款"


class ManyCases(Unprocessable):
    """A question is about one case."""

    code = "many_cases"
    title = "一次只能问一个项目、需求或贷款"


@dataclass(frozen=True, slots=True)
class Library:
    """The policy library as matching reads it."""

    programmes: list[StoredProgramme]
    parameters: Parameters
    rates: Rates
    citations: Citations


def fetch_library(session: Session) -> Library:
    """The library as it is recorded now, with all that can be cited."""
    rates = read_rates(session)
    citations = Citations(clause_labels(session), {one.code: f"{one.name}：{one.source}" for one in rates.series})
    return Library(list_programmes(session), read_parameters(session), rates, citations)


def fetch_citations(session: Session) -> Citations:
    """What conditions cite; without the series that only quotes name."""
    return Citations(clause_labels(session), {})


def fetch_products(session: Session, as_of: date) -> Sequence[StoredProduct]:
    """Every product that is offered on a day or will be."""
    return list_published(session, as_of)


def fetch_product(session: Session, product_id: UUID, as_of: date) -> StoredProduct:
    """The version of a product that is shown on a day. Raises ProductNotFound."""
    query = select(ProductVersion, Bank.name).join(Product, Product.id == ProductVersion.product_id).join(Bank)
    published = query.where(Product.id == product_id, ProductVersion.published_on.is_not(None))
    banks: dict[ProductVersion, str] = dict(session.execute(published).all())
    version = timeline.shown(versions := list(banks), as_of)
    if version is None or version.published_on is None:
        raise ProductNotFound(NO_PRODUCT)
    superseded_on = timeline.superseded_on(version, versions)
    return StoredProduct(
        *parsed(version),
        product_id,
        version.id,
        version.number,
        banks[version],
        version.published_on,
        superseded_on,
        version.withdrawn_on,
    )


@dataclass(frozen=True, slots=True)
class CaseAsked:
    """An institution, or at most one of its projects, needs or loans, by id."""

    institution_id: UUID
    project: UUID | None = None
    need: UUID | None = None
    loan: UUID | None = None

    def which(self, at: str = "/query") -> tuple[CaseKind, UUID]:
        """The one case that is meant. Raises ManyCases with pointers below `at`."""
        named = {CaseKind(name): case_id for name in ("project", "need", "loan") if (case_id := getattr(self, name))}
        if len(named) > 1:
            detail = "project、need、loan 最多写一个；要看机构自身，一个也不写"
            raise ManyCases(detail, errors=tuple(FieldError(f"{at}/{kind}", ManyCases.code, detail) for kind in named))
        return next(iter(named.items()), (CaseKind.INSTITUTION, self.institution_id))


_CASE_ID: Final = "case_id_asked"


@lru_cache(maxsize=16)
def _case_query(kind: CaseKind, moment: Moment, scope: Scope) -> tuple[CaseSource, Select[Any]]:
    """One case of a kind. Putting a hundred columns together takes longer than reading them, so it is done once."""
    source = case_source(kind, moment, scope)
    return source, case_select(source, scope).where(source.id == bindparam(_CASE_ID))


def fetch_case(session: Session, asked: CaseAsked, moment: Moment, scope: Scope, at: str = "/query") -> RegistryCase:
    """The case in scope and of the institution. Raises ManyCases or CaseNotFound."""
    kind, case_id = asked.which(at)
    source, query = _case_query(kind, moment, scope)
    (found,) = read_cases(session, source, query, {_CASE_ID: case_id}) or (None,)
    if found is None or found.institution_id != asked.institution_id:
        raise CaseNotFound(f"没有这个{KIND_LABELS[kind]}，或它不属于这家机构，请核对编号")
    return found


KIND_LABELS = {
    CaseKind.INSTITUTION: "机构",
    CaseKind.PROJECT: "项目",
    CaseKind.NEED: "资金需求",
    CaseKind.LOAN: "贷款",
}


def case_to_match(case: RegistryCase, as_of: date) -> Case:
    """A case of the registry as matching asks it: programmes may be for its owner and its project as well."""
    own = Subject(case.kind.value)
    nouns = {Subject.INSTITUTION, own, *([Subject.PROJECT] if case.project_id else [])}
    return Case(case.facts, as_of, supported(frozenset(nouns)), frozenset({own}))
