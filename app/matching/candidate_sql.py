"""The candidates of a product as SQL: its rule, the caller's scope and the filters in one statement.

Each kind of case that the product looks at is one branch. The verdict of the whole rule decides: TRUE is eligible,
NULL needs information, FALSE is a near miss if exactly one changeable condition stands in the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Subquery,
    case,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from app.access.scope import Scope, in_region
from app.cases.attested import columns_of, with_attestations
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.rules.bind import AllOf, all_of, conditions, region_prefix
from app.store.rule_sql import Columns, possible_sql, rule_sql, steps_sql
from app.store.types import Fen

_AMOUNT: Final = "need.amount_yuan"
_NO_AMOUNT: Final = literal(Decimal(-1), Fen())
# Making a statement costs as much as running it on some thousand cases. One of a usual rule takes some 200 kB.
_MOST_KEPT: Final = 64


class Candidacy(StrEnum):
    """What a candidate is: eligible, possible but for facts that are missing, or one step away."""

    ELIGIBLE = "eligible"
    NEEDS_INFO = "needs_info"
    NEAR_MISS = "near_miss"


RANKS: Final = {candidacy: place for place, candidacy in enumerate(Candidacy)}


@dataclass(frozen=True, slots=True)
class CandidatesAsked:
    """Which candidates are asked for. Empty tuples and None filter nothing."""

    outcomes: tuple[Candidacy, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    region: str | None = None
    case: UUID | None = None

    @property
    def ranks(self) -> list[int]:
        return sorted(RANKS[one] for one in self.outcomes or Candidacy)


@dataclass(frozen=True, slots=True)
class CandidateSql:
    """A question as SQL: the rule of a product on a day (`front` of its parts say for whom it is), and who asks what.

    `is_streamed` suits a reader that takes the first rows in the order of the registry: it may stop early, at the price
    of ranking a candidate twice. All other readers need every candidate, and rank each case once.
    """

    rule: AllOf
    front: int
    kinds: tuple[CaseKind, ...]
    moment: Moment
    scope: Scope
    asked: CandidatesAsked
    is_streamed: bool = False

    def every(self) -> Subquery:
        """A row for each candidate: rank, kind, case_id, institution_id, name and amount (below zero: unknown)."""
        # A question about one case is hardly asked twice, and would push out those that are.
        return _every(self) if self.asked.case is None else _every.__wrapped__(self)

    def branches(self) -> Iterator[Select[Any]]:
        """The candidates of each kind; where the filters leave none, of one that has no rows."""
        wanted = [kind for kind in self.kinds if not self.asked.kinds or kind in self.asked.kinds]
        return (self._branch(case_source(kind, self.moment, self.scope)) for kind in wanted or self.kinds[:1])

    def _branch(self, source: CaseSource) -> Select[Any]:
        ranks, filters = self.asked.ranks, self._filters(source)
        columns = columns_of(source, (condition.key for condition in conditions(self.rule)))
        if ranks == [RANKS[Candidacy.ELIGIBLE]]:
            # The plain rule, which stops at the first condition that fails, and whose index, if it has one, may serve.
            row = _row(source, literal(ranks[0], Integer))
            return select(*row).select_from(source.rows).where(*filters, rule_sql(self.rule, columns))
        rows, columns = with_attestations(source, columns, self.moment)
        rank = self._rank(columns)
        branch = select(*_row(source, rank)).select_from(rows).where(*filters, self._not_ruled_out(columns))
        if self.is_streamed:
            # Not `rank IN (…)`, which PostgreSQL takes to be so rare that it would not read in the order asked for.
            return branch.where(rank.is_not(None))
        # OFFSET 0 keeps both databases from copying the rank to wherever it is named, and computing it there again.
        ranked = branch.offset(literal_column("0")).subquery()
        return select(ranked).where(ranked.c.rank.is_not(None))

    def _filters(self, source: CaseSource) -> list[ColumnElement[bool]]:
        filters = [source.open, self.scope.regions(source.region), self.scope.institutions(source.institution_id)]
        if self.asked.region is not None:
            # Where the case lay at the instant that is asked about; the scope goes by where it lies today.
            filters.append(in_region(source.place, region_prefix(self.asked.region)))
        if self.asked.case is not None:
            filters.append(source.id == self.asked.case)
        if self.asked.kinds and source.kind not in self.asked.kinds:
            filters.append(false())
        return filters

    def _rank(self, columns: Columns) -> ColumnElement[int]:
        """The place of a case among the outcomes, NULL where it is none of those that are asked for."""
        eligible, possible, near = (
            literal_column(str(rank), Integer) if rank in self.asked.ranks else null() for rank in RANKS.values()
        )
        missed = case((self._near(columns), near)) if self._asks_near else null()
        return case((true(), eligible), (false(), missed), value=rule_sql(self.rule, columns), else_=possible)

    @property
    def _asks_near(self) -> bool:
        return RANKS[Candidacy.NEAR_MISS] in self.asked.ranks

    def _not_ruled_out(self, columns: Columns) -> ColumnElement[bool]:
        """What every candidate fulfils, tested before the costly rank: what says for whom the product is may hold.

        Without near misses the whole rule must be possible. A streamed reader goes without that test: PostgreSQL takes
        what passes so many conditions for next to nothing, and would then not read in the order of the registry.
        """
        if not (self._asks_near or self.is_streamed):
            return possible_sql(self.rule, columns)
        front = self.rule.of[: self.front]
        return possible_sql(all_of(self.rule.at, front), columns) if front else true()

    def _near(self, columns: Columns) -> ColumnElement[bool]:
        """What says for whom the product is holds, and one step makes the rest hold; the whole is known to fail."""
        front, rest = self.rule.of[: self.front], self.rule.of[self.front :]
        if not rest:
            return false()
        one_step = steps_sql(all_of(self.rule.at, rest), columns) == 1
        return rule_sql(all_of(self.rule.at, front), columns) & one_step if front else one_step


@lru_cache(maxsize=_MOST_KEPT)
def _every(question: CandidateSql) -> Subquery:
    """Kept, since pages, counts and callers ask the same: a bound rule is the same object as long as it is asked."""
    return union_all(*question.branches()).subquery("candidate")


def _row(source: CaseSource, rank: ColumnElement[int]) -> Iterator[ColumnElement[Any]]:
    """The columns of a candidate."""
    amount = source.facts.stored.get(_AMOUNT)
    yield rank.label("rank")
    yield literal(source.kind.value, String).label("kind")
    yield source.id.label("case_id")
    yield source.institution_id.label("institution_id")
    yield source.name.label("name")
    yield (_NO_AMOUNT if amount is None else func.coalesce(amount, _NO_AMOUNT, type_=Fen())).label("amount")
