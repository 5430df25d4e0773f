"""Which borrowers fit a product: a page of candidates, and the whole list as a file."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope, at_least
from app.cases.read import Case as RegistryCase
from app.cases.select import CaseKind, Moment
from app.http.clock import now, today
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import database_of, reading, reads
from app.matching.answers import advice_out, conditions_out, missing_out
from app.matching.banks import mask_for, note_consented
from app.matching.build import match_product
from app.matching.candidate_schemas import COLUMNS, CandidateListOut, CandidateOut, CountOut
from app.matching.candidates import Candidacy, Candidates, CandidatesAsked, Counts, Sort
from app.matching.citations import Citations
from app.matching.exports import MEDIA_TYPES, ExportFormat, written
from app.matching.fetch import KIND_LABELS, case_to_match, fetch_citations, fetch_product
from app.matching.institution_matches import AsOf, KnownAt
from app.matching.masks import Mask
from app.matching.offers import outcome_label
from app.products.models import StoredProduct
from app.products.queries import ProductNotFound
from app.products.schemas import ProductRegion
from app.programmes.queries import read_parameters
from app.regions import region_names
from app.rules.parameters import Parameters
from app.store.engine import Database
from app.store.pages import MAX_SIZE, CursorRefused, PageAsked, Pages

router = APIRouter(route_class=StrictRoute, tags=["matching"])

_NO_CITATIONS = Citations({}, {})
ProductPath = Annotated[UUID, Path(description="产品的编号")]
Outcomes = Annotated[
    list[Candidacy] | None,
    Query(max_length=3, description="只看这些结论，可写多次：符合、还缺信息、差一步；缺省为全部"),
]
Kinds = Annotated[list[CaseKind] | None, Query(max_length=4, description="只看这些类别，可写多次")]
Region = Annotated[
    ProductRegion | None,
    Query(description="只看这个市、县及其以下，如 140300", examples=["140300"]),
]
SortBy = Annotated[Sort, Query(description="排序：结论、资金需求从多到少、名称，或登记先后")]


OneCase = Annotated[UUID | None, Query(description="只看这一个机构、项目或资金需求，填其编号")]


def candidates_asked(
    outcome: Outcomes = None, kind: Kinds = None, region: Region = None, case: OneCase = None
) -> CandidatesAsked:
    """The filters of a request."""
    return CandidatesAsked(tuple(sorted(set(outcome or ()))), tuple(sorted(set(kind or ()))), region, case)


Asked = Annotated[CandidatesAsked, Depends(candidates_asked)]


@dataclass(frozen=True, slots=True)
class Reader:
    """Explains rows of the candidates of one product, page by page."""

    product: StoredProduct
    moment: Moment
    parameters: Parameters
    citations: Citations
    candidates: Candidates
    mask: Mask
    scope: Scope
    is_expanded: bool

    def rows(self, session: Session, found: Sequence[Row[Any]]) -> list[CandidateOut]:
        """The rows of a page, in its order, read at once and explained one by one."""
        cases = self.candidates.read(session, ((CaseKind(row.kind), row.case_id) for row in found))
        note_consented(session, self.product, cases.values(), self.scope)
        return [self._explained(cases[row.case_id]) for row in found]

    def _explained(self, case: RegistryCase) -> CandidateOut:
        names, mask = region_names(), self.mask
        match = match_product(self.product, case_to_match(case, self.moment.as_of), self.parameters, names)
        amount = case.facts.values.get("need.amount_yuan")
        advice = mask.advice(advice_out(match.advice))
        conditions = conditions_out(match, self.citations, "") if self.is_expanded else []
        return CandidateOut(
            kind=case.kind,
            kind_label=KIND_LABELS[case.kind],
            case_id=case.id,
            institution_id=case.institution_id,
            project_id=case.project_id,
            name=case.name,
            region_code=case.region_code,
            region_name=names.get(case.region_code, case.region_code),
            amount_yuan=amount if isinstance(amount, Decimal) else None,
            outcome=match.outcome,
            outcome_label=outcome_label(match.outcome),
            near_miss=match.near_miss,
            missing=mask.missing(missing_out(match)),
            advice=advice[0].sentence if advice else None,
            conditions=mask.conditions(conditions),
        )


def reader(session: Session, product_id: UUID, moment: Moment, scope: Scope, *, is_expanded: bool = False) -> Reader:
    """What reads the candidates of a product as it is shown on a day. Raises ProductNotFound."""
    product, parameters = fetch_product(session, product_id, moment.as_of), read_parameters(session)
    citations, mask = fetch_citations(session) if is_expanded else _NO_CITATIONS, mask_for(session, product, scope)
    candidates = Candidates(product, moment, parameters, scope)
    return Reader(product, moment, parameters, citations, candidates, mask, scope, is_expanded)


@router.get(
    "/products/{product_id}/candidates",
    operation_id="list_candidates",
    summary="哪些机构、项目和需求符合、可能符合或差一步符合这个产品",
    responses=problem_responses(ProductNotFound, CursorRefused),
)
@permits(Permission.READ_CANDIDATES)
@reads
def list_candidates(
    session: Session,
    scope: InScope,
    paging: Paged,
    product_id: ProductPath,
    asked: Asked,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    sort: SortBy = Sort.OUTCOME,
    expand: Annotated[Literal["conditions"] | None, Query(description="conditions：每行给出全部条件")] = None,
) -> CandidateListOut:
    """One page of candidates with what each of them lacks, and on request the counts of all."""
    moment = Moment(as_of or today(), known_at)
    shown = reader(session, product_id, moment, scope, is_expanded=expand is not None)
    query = shown.candidates.select(asked, sort)
    page = paging.pages.take(session, *query, paging.asked(**_bound(asked, moment, sort)))
    paging.link(page.next_cursor)
    counts = shown.candidates.count(session, asked) if paging.total else None
    total = None if counts is None else sum(counts[one].cases for one in asked.outcomes or Candidacy)
    few = scope.exact_from
    return CandidateListOut(
        product_id=product_id,
        version=shown.product.version,
        as_of=moment.as_of,
        known_at=known_at,
        columns=COLUMNS,
        items=shown.rows(session, page.rows),
        next_cursor=page.next_cursor,
        total=None if total is None else at_least(few, total),
        counts=None if counts is None else {one: _count_out(count, few) for one, count in counts.items()},
        fewer_than=few,
    )


@router.get(
    "/products/{product_id}/candidates/export",
    operation_id="export_candidates",
    summary="把候选名单导出为 CSV 或 NDJSON",
    response_class=StreamingResponse,
    responses={
        **problem_responses(ProductNotFound),
        200: {
            "description": "名单文件，表头与列表的列名相同",
            "content": {media: {"schema": {"type": "string"}} for media in MEDIA_TYPES.values()},
        },
    },
)
@permits(Permission.READ_CANDIDATES)
def export_candidates(
    request: Request,
    scope: InScope,
    database: Annotated[Database, Depends(database_of)],
    product_id: ProductPath,
    asked: Asked,
    file_format: Annotated[ExportFormat, Query(alias="format", description="csv 或 ndjson")] = ExportFormat.CSV,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    sort: SortBy = Sort.OUTCOME,
) -> StreamingResponse:
    """The whole list under the same filters. Later changes of facts do not reach a file that has been begun."""
    moment = Moment(as_of or today(), known_at or now())
    chunks = _chunks(database, request, product_id, asked, moment, sort, scope)
    # The first chunk is read before the answer begins, so that a refusal is still a problem with its status.
    first = next(chunks)
    name = f"candidates-{product_id}-{moment.as_of.isoformat()}.{file_format.value}"
    return StreamingResponse(
        written(file_format, _all(first, chunks)),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _all(first: list[CandidateOut], others: Iterable[list[CandidateOut]]) -> Iterator[list[CandidateOut]]:
    yield first
    yield from others


def _chunks(
    database: Database,
    request: Request,
    product_id: UUID,
    asked: CandidatesAsked,
    moment: Moment,
    sort: Sort,
    scope: Scope,
) -> Iterator[list[CandidateOut]]:
    """Page after page, each in a transaction of its own: a connection is never held while a client reads slowly."""
    with reading(database, request) as session:
        shown = reader(session, product_id, moment, scope)
    pages, question = Pages("export"), PageAsked({}, size=MAX_SIZE)
    while True:
        with reading(database, request) as session:
            page = pages.take(session, *shown.candidates.select(asked, sort), question)
            rows = shown.rows(session, page.rows)
        yield rows
        if page.next_cursor is None:
            return
        question = PageAsked({}, page.next_cursor, MAX_SIZE)


def _bound(asked: CandidatesAsked, moment: Moment, sort: Sort) -> dict[str, object]:
    """A cursor belongs to one question: other filters, another day or another order begin anew."""
    known_at = moment.known_at.isoformat() if moment.known_at else None
    return {
        "outcome": asked.outcomes,
        "kind": asked.kinds,
        "region": asked.region,
        "case": None if asked.case is None else str(asked.case),
        "as_of": moment.as_of.isoformat(),
        "known_at": known_at,
        "sort": sort,
    }


def _count_out(count: Counts, few: int | None) -> CountOut:
    return CountOut(cases=at_least(few, count.cases), institutions=at_least(few, count.institutions))
