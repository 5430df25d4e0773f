"""Which cases fit a product: its rule compiled to SQL, with scope, filters and page in the same statement.

Each kind of case that the product looks at is one branch. The verdict of the whole rule decides: TRUE is eligible,
NULL needs information, FALSE is a near miss if exactly one changeable condition stands in the way.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, false, func, literal, null, select, true, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer, String

from app.access.scope import Scope, in_region
from app.cases.read import Case, case_select, read_cases
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.products.models import StoredProduct
from app.rules.bind import AllOf, all_of, bind, region_prefix
from app.rules.parameters import Parameters
from app.store.pages import Key
from app.store.rule_sql import rule_sql, steps_sql
from app.store.types import Fen

_AMOUNT: Final = "need.amount_yuan"
_NO_AMOUNT: Final = literal(Decimal(-1), Fen())


class Candidacy(StrEnum):
    """What a candidate is: eligible, possible but for facts that are missing, or one step away."""

    ELIGIBLE = "eligible"
    NEEDS_INFO = "needs_info"
    NEAR_MISS = "near_miss"


_RANKS: Final = {candidacy: place for place, candidacy in enumerate(Candidacy)}
_BY_RANK: Final = tuple(Candidacy)


class Sort(StrEnum):
    """The order of candidates: best first, most money first, by name, or as they came into the registry."""

    OUTCOME = "outcome"
    AMOUNT = "amount"
    NAME = "name"
    REGISTERED = "registered"


@dataclass(frozen=True, slots=True)
class CandidatesAsked:
    """Which candidates are asked for. Empty tuples and None filter nothing."""

    outcomes: tuple[Candidacy, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    region: str | None = None

    @property
    def ranks(self) -> list[int]:
        return sorted(_RANKS[one] for one in self.outcomes or Candidacy)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases, and how many institutions have at least one of them."""

    cases: int
    institutions: int


class Candidates:
    """The candidates of one product at one moment, as SQL."""

    def __init__(self, product: StoredProduct, moment: Moment, parameters: Parameters, scope: Scope) -> None:
        self._product, self._moment, self._scope = product, moment, scope
        bound = bind(product.rules.rule, moment.as_of, parameters)
        if not isinstance(bound, AllOf):
            raise TypeError("an offer's rule is `all` of its parts")
        self._bound = bound

    def select(self, asked: CandidatesAsked) -> tuple[Select[Any], Subquery]:
        """A row for each candidate: rank, kind, case_id, institution_id, name and amount (below zero: unknown)."""
        every = union_all(*(self._branch(source, asked) for source in self._sources(asked))).subquery("candidate")
        return select(every), every

    def count(self, session: Session, asked: CandidatesAsked) -> dict[Candidacy, Counts]:
        """Exact numbers for every outcome under the other filters, in one statement."""
        _, every = self.select(CandidatesAsked((), asked.kinds, asked.region))
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
            for one in read_cases(
                session, source, case_select(source, self._scope).where(source.id.in_(wanted)), self._moment
            )
        }

    def _sources(self, asked: CandidatesAsked) -> list[CaseSource]:
        """The kinds that the product looks at; where the filters leave none, one that has no rows."""
        kinds = [CaseKind(subject.value) for subject in self._product.record.subjects]
        wanted = [kind for kind in kinds if not asked.kinds or kind in asked.kinds]
        return [case_source(kind, self._moment, self._scope) for kind in wanted or kinds[:1]]

    def _branch(self, source: CaseSource, asked: CandidatesAsked) -> Select[Any]:
        rank, where = self._ranked(source, asked.ranks)
        amount = source.facts.stored.get(_AMOUNT)
        columns: Sequence[ColumnElement[Any]] = (
            rank.label("rank"),
            literal(source.kind.value, String).label("kind"),
            source.id.label("case_id"),
            source.institution_id.label("institution_id"),
            source.name.label("name"),
            (_NO_AMOUNT if amount is None else func.coalesce(amount, _NO_AMOUNT, type_=Fen())).label("amount"),
        )
        filters = [source.open, self._scope.regions(source.region), self._scope.institutions(source.institution_id)]
        if asked.region is not None:
            filters.append(in_region(source.region, region_prefix(asked.region)))
        if asked.kinds and source.kind not in asked.kinds:
            filters.append(false())
        return select(*columns).select_from(source.rows).where(*filters, where)

    def _ranked(self, source: CaseSource, ranks: list[int]) -> tuple[ColumnElement[int], ColumnElement[bool]]:
        """The place of a case among the outcomes, NULL where it is no candidate, and the filter that says so."""
        met = rule_sql(self._bound, source.facts)
        eligible, possible, near = (literal(rank, Integer) for rank in range(len(_BY_RANK)))
        if ranks == [_RANKS[Candidacy.ELIGIBLE]]:
            # The plain rule, so that an index on a column that it asks may serve.
            return eligible, met
        missed = case((self._near(source), near)) if _RANKS[Candidacy.NEAR_MISS] in ranks else null()
        rank = case((true(), eligible), (false(), missed), value=met, else_=possible)
        return rank, rank.in_(ranks)

    def _near(self, source: CaseSource) -> ColumnElement[bool]:
        """What says for whom the product is holds, and one step makes the rest hold; the whole is known to fail."""
        count = self._product.rules.applies_count
        front, rest = self._bound.of[:count], self._bound.of[count:]
        if not rest:
            return false()
        one_step = steps_sql(all_of(self._bound.at, rest), source.facts) == 1
        return rule_sql(all_of(self._bound.at, front), source.facts) & one_step if front else one_step


def order_of(sort: Sort, every: Subquery) -> list[Key]:
    """The keys of an order; the case's id, which is unique, makes it total."""
    amount = Key(every.c.amount, descending=True)
    keys = {
        Sort.OUTCOME: [Key(every.c.rank), amount],
        Sort.AMOUNT: [amount],
        Sort.NAME: [Key(every.c.name)],
        Sort.REGISTERED: [],
    }
    return [*keys[sort], Key(every.c.case_id)]
