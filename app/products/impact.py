"""Who gains and who loses by a rule: both rules compiled to SQL over the same cases, counted by the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, case, false, func, literal, null, select, true, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import Integer, String

from app.access.scope import Scope
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.products.models import ProductTerms
from app.products.terms import ProductRules
from app.rules.bind import bind
from app.rules.parameters import Parameters
from app.store.rule_sql import rule_sql

MOST_SAMPLED: Final = 20
_NO, _POSSIBLE, _YES = 0, 1, 2
_UNDECIDED: Final = literal(_POSSIBLE, Integer)


class Change(StrEnum):
    """Where a case goes whose verdict changes: to eligible, to not eligible, or to undecided."""

    GAIN = "gain"
    LOSE = "lose"
    UNDECIDED = "undecided"


class Verdict(StrEnum):
    """What a rule says of a case; of a kind of case that the product does not look at it says no."""

    ELIGIBLE = "eligible"
    POSSIBLE = "possible"
    NO = "no"


_VERDICTS: Final = {_NO: Verdict.NO, _POSSIBLE: Verdict.POSSIBLE, _YES: Verdict.ELIGIBLE}


class Side(NamedTuple):
    """One of the two terms that are compared, with their rule."""

    terms: ProductTerms
    rules: ProductRules


@dataclass(frozen=True, slots=True)
class Sampled:
    """One case whose verdict changes."""

    change: Change
    kind: CaseKind
    case_id: UUID
    institution_id: UUID
    name: str
    region_code: str
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Impact:
    """How many cases and institutions change, what there was before and is after, and some of those that change.

    An institution counts once for each change that any of its cases goes through.
    """

    as_of: date
    cases: Mapping[Change, int]
    institutions: Mapping[Change, int]
    unchanged: int
    before: Mapping[Verdict, int]
    after: Mapping[Verdict, int]
    sample: tuple[Sampled, ...]


def impact(
    session: Session, new: Side, old: Side | None, moment: Moment, parameters: Parameters, scope: Scope
) -> Impact:
    """The change from the old terms (None: there were none) to the new on one day, over all cases in scope."""
    compared = _compared(new, old, moment, parameters, scope)
    pairs = select(compared.c.before, compared.c.after, func.count()).group_by(compared.c.before, compared.c.after)
    counts = {(before, after): count for before, after, count in session.execute(pairs)}
    return Impact(
        moment.as_of,
        {change: sum(n for pair, n in counts.items() if _change_of(*pair) is change) for change in Change},
        _institutions(session, compared),
        sum(n for (before, after), n in counts.items() if before == after),
        {verdict: sum(n for pair, n in counts.items() if pair[0] == code) for code, verdict in _VERDICTS.items()},
        {verdict: sum(n for pair, n in counts.items() if pair[1] == code) for code, verdict in _VERDICTS.items()},
        tuple(_sample(session, compared)),
    )


def _change_of(before: int, after: int) -> Change | None:
    if before == after:
        return None
    return {_YES: Change.GAIN, _POSSIBLE: Change.UNDECIDED, _NO: Change.LOSE}[after]


def _compared(new: Side, old: Side | None, moment: Moment, parameters: Parameters, scope: Scope) -> Subquery:
    """A row for each case that either side looks at, with both verdicts as numbers and the change between them."""
    sides = [new, *([] if old is None else [old])]
    subjects = {subject.value for side in sides for subject in side.terms.subjects}
    sources = [case_source(kind, moment, scope) for kind in CaseKind if kind.value in subjects]
    rows = [_rows(source, new, old, moment, parameters, scope) for source in sources]
    every = union_all(*rows).subquery()
    arrived = {_YES: Change.GAIN, _POSSIBLE: Change.UNDECIDED, _NO: Change.LOSE}
    went = ((every.c.after == code, literal(change.value, String)) for code, change in arrived.items())
    change = case((every.c.before == every.c.after, null()), *went)
    return select(*every.c, change.label("change")).subquery()


def _rows(
    source: CaseSource, new: Side, old: Side | None, moment: Moment, parameters: Parameters, scope: Scope
) -> Select[Any]:
    columns: Sequence[ColumnElement[Any]] = (
        literal(source.kind.value, String).label("kind"),
        source.id.label("case_id"),
        source.institution_id.label("institution_id"),
        source.name.label("name"),
        source.region.label("region_code"),
        _verdict(old, source, moment, parameters).label("before"),
        _verdict(new, source, moment, parameters).label("after"),
    )
    in_scope = (source.open, scope.regions(source.region), scope.institutions(source.institution_id))
    return select(*columns).select_from(source.rows).where(*in_scope)


def _verdict(side: Side | None, source: CaseSource, moment: Moment, parameters: Parameters) -> ColumnElement[int]:
    if side is None or source.kind.value not in {subject.value for subject in side.terms.subjects}:
        return literal(_NO, Integer)
    met = rule_sql(bind(side.rules.rule, moment.as_of, parameters), source.facts)
    # The short form of CASE names the rule once: a long one twice over would be too much for either parser.
    return case((true(), literal(_YES, Integer)), (false(), literal(_NO, Integer)), value=met, else_=_UNDECIDED)


def _institutions(session: Session, compared: Subquery) -> dict[Change, int]:
    column = compared.c.change
    query = select(column, func.count(compared.c.institution_id.distinct())).where(column.is_not(None))
    counts: dict[str, int] = dict(session.execute(query.group_by(column)).all())
    return {change: counts.get(change.value, 0) for change in Change}


def _sample(session: Session, compared: Subquery) -> Iterator[Sampled]:
    """The first of each change by turns, so that a rare one is seen beside a frequent one."""
    turn = func.row_number().over(partition_by=compared.c.change, order_by=compared.c.case_id)
    changed = select(*compared.c, turn.label("turn")).where(compared.c.change.is_not(None)).subquery()
    query = select(changed).order_by(changed.c.turn, changed.c.change).limit(MOST_SAMPLED)
    for row in session.execute(query).mappings():
        yield Sampled(
            Change(row["change"]),
            CaseKind(row["kind"]),
            row["case_id"],
            row["institution_id"],
            row["name"],
            row["region_code"],
            _VERDICTS[row["before"]],
            _VERDICTS[row["after"]],
        )
