"""Candidates beside plain SQL, on both databases: pages against a SELECT of the same rows, counts against COUNT(*).

The SELECT is what one would write by hand for as many rows: the same tables in the same scope, the columns that the
rule asks, one comparison instead of the rule, the same order and page. Databases answer in another process, so that
PostgreSQL is measured by the clock on the wall and only SQLite by CPU time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.cases.attested import columns_of, with_attestations
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.matching.candidates import Candidacy, Candidates, CandidatesAsked, Sort
from app.rules.bind import bind, conditions
from app.rules.parameters import NO_PARAMETERS
from app.store.engine import Database, open_database
from app.store.pages import DEFAULT_SIZE, PageAsked, Pages, at_most
from app.store.tables import institution_version
from bench.agreement import Disagreement
from bench.measure import Times, exponent, in_turns
from bench.offer import product
from bench.registry import fill
from bench.statistics import settle
from bench.table import Row, duration
from bench.workload import AS_OF
from tests.databases import Databases, SqliteDatabases, postgres_of_this_run, settings_for

SHARES: Final = {"0.01%": Decimal("0.0001"), "1%": Decimal("0.01"), "50%": Decimal("0.5")}
PAGE: Final = 3.0
COUNT: Final = 5.0
_LINEAR: Final = 1.0
_MOMENT: Final = Moment(AS_OF)
_RULES: Final = {"13 个条件": False, "18 个条件，其中 3 项认定": True}
_PAGES: Final = {
    "全部结论，按结论": (CandidatesAsked(), Sort.OUTCOME),
    "全部结论，按登记先后": (CandidatesAsked(), Sort.REGISTERED),
    "只看符合，按结论": (CandidatesAsked((Candidacy.ELIGIBLE,)), Sort.OUTCOME),
}
_COUNTED: Final = "三种结论的精确计数"
_REVENUE: Final = institution_version.c.annual_revenue_yuan
_UNHURRIED_MS: Final = 600_000
# Seconds of an answer by database, question and size, for the growth.
_Grown: TypeAlias = dict[tuple[str, str], dict[int, float]]


def sections(sizes: Sequence[int]) -> Iterator[tuple[str, list[list[str]]]]:
    """One section for each database and size, and one for the growth. Raises Disagreement where a count is wrong."""
    grown: _Grown = {}
    with _kinds() as kinds:
        for name, databases in kinds.items():
            for size in sizes:
                with _registry(databases, size) as database:
                    rows = list(_rows(database, size, name, grown))
                yield f"候选名单，{name}，{size:,} 案（每次；对照：手写的 SELECT、COUNT(*)）", rows
    if len(sizes) > 1:
        title = f"候选名单随案数的增长（每案的用时，{max(sizes):,} 案对 {min(sizes):,} 案；指数 1 为线性）"
        yield title, [_growth(name, question, seconds) for (name, question), seconds in grown.items()]


@contextmanager
def _kinds() -> Iterator[dict[str, Databases]]:
    with TemporaryDirectory() as folder, postgres_of_this_run() as postgresql:
        yield {"SQLite": SqliteDatabases(Path(folder)), "PostgreSQL": postgresql}


@contextmanager
def _registry(databases: Databases, size: int) -> Iterator[Database]:
    url = databases.create()
    database = open_database(settings_for(url, statement_timeout_ms=_UNHURRIED_MS))
    with database.writing() as session:
        fill(session, size)
    settle(database)
    try:
        yield database
    finally:
        database.dispose()
        databases.drop(url)


@dataclass(frozen=True, slots=True)
class Question:
    """A product that a share of the cases is a candidate for, and the SELECT that finds as many by one comparison."""

    candidates: Candidates
    source: CaseSource
    by_hand: "ByHand"
    wanted: int


def question(session: Session, size: int, share: Decimal, *, is_attested: bool) -> Question:
    """The question for a share of a registry, one case at least. Raises Disagreement if it finds another number."""
    wanted = max(1, round(size * share))
    threshold = _least_revenue(session, wanted, is_attested=is_attested)
    candidates = _candidates(threshold, is_attested=is_attested)
    found = sum(count.cases for count in candidates.count(session, CandidatesAsked()).values())
    if found != wanted:
        raise Disagreement(f"候选名单：应有 {wanted} 案，数出 {found} 案")
    rule = bind(product(threshold, is_attested=is_attested).rules.rule, AS_OF, NO_PARAMETERS)
    source = case_source(CaseKind.NEED, _MOMENT, FULL)
    # Revenues are the whole numbers below the size. The numbers stand in the statement, as in ours: as parameters all
    # shares would be one prepared statement, and one would be measured with the plan that was kept for another.
    least, most = (literal(bound, _REVENUE.type, literal_execute=True) for bound in (size - wanted, size))
    by_hand = ByHand(source, [one.key for one in conditions(rule)], _REVENUE.between(least, most))
    return Question(candidates, source, by_hand, wanted)


def _candidates(least: Decimal, *, is_attested: bool) -> Candidates:
    return Candidates(product(least, is_attested=is_attested), _MOMENT, NO_PARAMETERS, FULL)


def _least_revenue(session: Session, wanted: int, *, is_attested: bool) -> Decimal:
    """The revenue from which on just so many cases are candidates."""
    query, _ = _candidates(Decimal(0), is_attested=is_attested).select(CandidatesAsked())
    owners = select(query.subquery().c.institution_id)
    revenues = select(_REVENUE).where(institution_version.c.institution_id.in_(owners)).order_by(_REVENUE.desc())
    least: Decimal = session.scalars(revenues.offset(wanted - 1).limit(1)).one()
    return least


class ByHand:
    """The page that somebody would write without a rule, for one comparison."""

    def __init__(self, source: CaseSource, keys: Sequence[str], where: ColumnElement[bool]) -> None:
        rows, columns = with_attestations(source, columns_of(source, keys), _MOMENT)
        shown: dict[str, ColumnElement[Any]] = {
            "case_id": source.id,
            "institution_id": source.institution_id,
            "name": source.name,
            "amount": func.coalesce(source.facts.stored["need.amount_yuan"], 0),
            **{f"fact_{at}": column.value for at, column in enumerate(columns.values())},
        }
        self._query = select(*(column.label(name) for name, column in shown.items())).select_from(rows)
        self._query = self._query.where(source.open, where)
        self._id = source.id

    def page(self, sort: Sort) -> Select[Any]:
        """Its first rows in the same order; read as the candidates are, or SQLite would walk an index at random."""
        if sort is Sort.REGISTERED:
            return self._query.order_by(self._id).limit(at_most(DEFAULT_SIZE + 1))
        every = self._query.offset(literal_column("0")).subquery()
        return select(every).order_by(every.c.amount.desc(), every.c.case_id).limit(at_most(DEFAULT_SIZE + 1))


def _rows(database: Database, size: int, name: str, grown: _Grown) -> Iterator[list[str]]:
    rounds = max(3, min(15, 200_000 // size))
    turns = partial(in_turns, rounds=rounds, clock=process_time if name == "SQLite" else perf_counter)
    for rule, is_attested in _RULES.items():
        for share, part in SHARES.items():
            with database.reading() as session:
                asked = question(session, size, part, is_attested=is_attested)
                for row in _measured(session, asked, f"{rule}，{share}", turns):
                    grown.setdefault((name, row.name), {})[size] = median(row.times[row.name])
                    yield row.cells()


def _measured(
    session: Session, asked: Question, name: str, turns: Callable[[dict[str, Callable[[], Any]]], Times]
) -> Iterator[Row]:
    for label, (filters, sort) in _PAGES.items():
        ours, beside = f"{name}：{label}", "手写的 SELECT"
        times = turns(
            {
                ours: partial(_page, session, asked.candidates, filters, sort),
                beside: partial(_fetch, session, asked.by_hand.page(sort)),
            }
        )
        yield Row(ours, beside, times, 1, PAGE)
    ours, beside = f"{name}：{_COUNTED}", "COUNT(*)"
    plain = select(func.count()).select_from(asked.source.rows).where(asked.source.open)
    counting = partial(asked.candidates.count, session, CandidatesAsked())
    yield Row(ours, beside, turns({ours: counting, beside: partial(_fetch, session, plain)}), 1, COUNT)


def _page(session: Session, candidates: Candidates, asked: CandidatesAsked, sort: Sort) -> None:
    Pages("bench").take(session, *candidates.select(asked, sort), PageAsked({}))


def _fetch(session: Session, query: Select[Any]) -> None:
    session.execute(query).all()


def _growth(name: str, question: str, seconds: dict[int, float]) -> list[str]:
    sizes = sorted(seconds)
    slope = exponent(sizes, [seconds[size] for size in sizes])
    first, last = sizes[0], sizes[-1]
    met = "达标" if slope <= _LINEAR else "未达标"
    per_case = [duration(seconds[size] / size) for size in (last, first)]
    return [f"{name}：{question}", *per_case, f"指数 {slope:.2f}", f"≤ {_LINEAR:g} {met}"]
