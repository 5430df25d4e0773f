"""Which cases fit a product: rows of the candidates in an order, exact counts, and the cases behind the rows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.read import Case, case_select, read_cases
from app.cases.select import CaseKind, Moment, case_source
from app.matching.candidate_sql import RANKS, Candidacy, CandidatesAsked, CandidateSql
from app.products.models import StoredProduct
from app.rules.bind import AllOf, bind
from app.rules.parameters import Parameters
from app.store.pages import Key

__all__ = ["Candidacy", "Candidates", "CandidatesAsked", "Counts", "Sort"]

_BY_RANK: Final = tuple(RANKS)


class Sort(StrEnum):
    """The order of candidates: best first, most money first, by name, or as they came into the registry."""

    OUTCOME = "outcome"
    AMOUNT = "amount"
    NAME = "name"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases, and how many institutions have at least one of them."""

    cases: int
    institutions: int


class Candidates:
    """The candidates of one product at one moment."""

    def __init__(self, product: StoredProduct, moment: Moment, parameters: Parameters, scope: Scope) -> None:
        self._product, self._moment, self._scope = product, moment, scope
        bound = bind(product.rules.rule, moment.as_of, parameters)
        if not isinstance(bound, AllOf):
            raise TypeError("an offer's rule is `all` of its parts")
        self._bound = bound

    def select(self, asked: CandidatesAsked, sort: Sort = Sort.OUTCOME) -> tuple[Select[Any], list[Key]]:
        """A row for each candidate, as `CandidateSql.every` has it, and the keys of the order."""
        every = self._every(asked, is_streamed=sort is Sort.REGISTERED)
        return select(every), _order_of(sort, every)

    def count(self, session: Session, asked: CandidatesAsked) -> dict[Candidacy, Counts]:
        """Exact numbers for every outcome under the other filters, in one statement."""
        every = self._every(CandidatesAsked((), asked.kinds, asked.region, asked.case), is_streamed=False)
        number, institutions = func.count(), func.count(every.c.institution_id.distinct())
        rows = session.execute(select(every.c.rank, number, institutions).group_by(every.c.rank))
        found = {_BY_RANK[rank]: Counts(cases, owners) for rank, cases, owners in rows}
        return {one: found.get(one, Counts(0, 0)) for one in Candidacy}

    def read(self, session: Session, found: Iterable[tuple[CaseKind, UUID]]) -> dict[UUID, Case]:
        """The cases of some rows with all their facts, by id: one read for each kind among them."""
        ids: defaultdict[CaseKind, list[UUID]] = defaultdict(list)
        for kind, case_id in found:
            ids[kind].append(case_id)
        sources = [(case_source(kind, self._moment, self._scope), wanted) for kind, wanted in ids.items()]
        return {
            one.id: one
            for source, wanted in sources
            for one in read_cases(session, source, case_select(source, self._scope).where(source.id.in_(wanted)))
        }

    def _every(self, asked: CandidatesAsked, *, is_streamed: bool) -> Subquery:
        kinds = tuple(CaseKind(subject.value) for subject in self._product.record.subjects)
        front = self._product.rules.applies_count
        return CandidateSql(self._bound, front, kinds, self._moment, self._scope, asked, is_streamed).every()


def _order_of(sort: Sort, every: Subquery) -> list[Key]:
    """The keys of an order; the case's id, which is unique, makes it total."""
    amount = Key(every.c.amount, descending=True)
    keys = {
        Sort.OUTCOME: [Key(every.c.rank), amount],
        Sort.AMOUNT: [amount],
        Sort.NAME: [Key(every.c.name)],
        Sort.REGISTERED: [],
    }
    return [*keys[sort], Key(every.c.case_id)]
