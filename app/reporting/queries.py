"""The statistics in SQL: what is counted, on which day, within a scope; grouped, or as the rows behind a figure.

One select says which rows a measure counts. A table groups it, measure by measure, in one statement; the rows behind a
figure are the same select under the key of its row. So a figure is always the number of the rows that it leads to.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.access.scope import Scope, in_region
from app.reporting.asked import Asked
from app.reporting.build import Group
from app.reporting.figures import Sums
from app.reporting.frame import CITY_DIGITS, city_of, month_days, month_key
from app.reporting.measures import PROJECT, TOTAL, UNKNOWN, By, Measure
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.tables import Bank, Loan, Referral, WhitelistEntry, WhitelistEvent, loan_version
from app.store.types import Fen, overlaps

Column = ColumnElement[Any] | InstrumentedAttribute[Any]

_MONTHS: Final = 12
_SECONDS_A_DAY: Final = 86_400
# An amount in fen times a rate in millionths, summed, outgrows 64 bits; split in two by this it does not.
_SPLIT: Final = 1_000_000

_DECIDED: Final = func.coalesce(Referral.granted_on, Referral.declined_on)
_DAY: Final[dict[Measure, Column]] = {
    Measure.LISTED: WhitelistEvent.effective_on,
    Measure.PUSHED: Referral.delivered_on,
    Measure.CONTACTED: Referral.contacted_on,
    # What was granted and then refused after all had its decision with the grant.
    Measure.DECIDED: _DECIDED,
    Measure.GRANTED: Referral.granted_on,
    Measure.DISBURSED: Referral.disbursed_on,
    Measure.CONVERTED: Referral.delivered_on,
}


class _Parts(NamedTuple):
    """The sums that one measure has beside its count; NULL where it has none."""

    yuan: Column
    weight_high: Column
    weight_low: Column
    balance: Column
    missing: Column
    subsidy: Column
    seconds: Column


_NO_YUAN, _NO_NUMBER = cast(null(), Fen), cast(null(), BigInteger)
_NOTHING: Final = _Parts(_NO_YUAN, _NO_NUMBER, _NO_NUMBER, _NO_YUAN, _NO_NUMBER, _NO_YUAN, _NO_NUMBER)
# Which money stands behind a figure; none behind the others.
_AMOUNT: Final[dict[Measure, Column]] = {
    Measure.GRANTED: Referral.granted_yuan,
    Measure.CONVERTED: Referral.granted_yuan,
    Measure.DISBURSED: Referral.disbursed_yuan,
}


def read_groups(session: Session, asked: Asked, scope: Scope) -> list[Group]:
    """The sums of every group of a table, in one statement."""
    branches = [_grouped(measure, asked, scope) for measure in Measure]
    return [_group(asked.by, row) for row in session.execute(union_all(*branches))]


def counted(measure: Measure, columns: Iterable[Any], asked: Asked, scope: Scope) -> Select[Any]:
    """The rows that a measure counts in the period, within the scope and the filters."""
    query: Select[Any] = select(*columns)
    if measure is Measure.LISTED:
        query = query.select_from(WhitelistEntry).join(
            WhitelistEvent, and_(WhitelistEvent.entry_id == WhitelistEntry.id, WhitelistEvent.number == 1)
        )
    else:
        query = query.select_from(Referral).join(Bank, Bank.id == Referral.bank_id)
        query = query.join(WhitelistEntry, WhitelistEntry.id == Referral.entry_id)
    if measure is Measure.DISBURSED:
        query = _with_balance(query, scope)
    return query.where(*_conditions(measure, asked, scope))


def keyed(measure: Measure, by: By, key: str) -> ColumnElement[bool]:
    """SQL: the row counts for this row of a table; false where the table has none for it."""
    if key == TOTAL:
        return true()
    match by:
        case By.CITY:
            return in_region(_region(measure), key[:CITY_DIGITS])
        case By.COUNTY:
            return _region(measure) == key
        case By.KIND:
            return _is_kind(key)
        case By.BANK:
            return false() if measure is Measure.LISTED else Bank.code == key
        case By.MONTH:
            first, after = month_days(key)
            return and_(_DAY[measure] >= first, _DAY[measure] < after)


def select_rows(measure: Measure, key: str, asked: Asked, scope: Scope) -> Select[Any]:
    """The rows behind a figure, with what of each of them went into it."""
    return counted(measure, _shown(measure), asked, scope).where(keyed(measure, asked.by, key))


def rows_order(measure: Measure) -> tuple[Key, ...]:
    """By day, then by key."""
    return Key(_DAY[measure]), Key(WhitelistEntry.id if measure is Measure.LISTED else Referral.id)


def read_banks(session: Session, asked: Asked, scope: Scope) -> dict[str, str]:
    """Code and name of the banks that a table has a row for: all of them, or the one that is meant."""
    query = select(Bank.code, Bank.name).where(scope.banks(Bank.id)).order_by(Bank.code)
    if asked.bank is not None:
        query = query.where(Bank.code == asked.bank)
    return {row.code: row.name for row in session.execute(query)}


def is_bank(session: Session, code: str) -> bool:
    """Whether there is a bank of this code."""
    return session.scalar(select(Bank.id).where(Bank.code == code)) is not None


def _conditions(measure: Measure, asked: Asked, scope: Scope) -> Iterator[ColumnElement[bool]]:
    region, day = _region(measure), _DAY[measure]
    yield and_(day >= asked.begin, day <= asked.end)
    yield scope.regions(region)
    if scope.institution_id is not None:
        yield WhitelistEntry.institution_id == scope.institution_id
    if measure is not Measure.LISTED:
        yield scope.banks(Referral.bank_id)
    if measure is Measure.CONVERTED:
        yield Referral.granted_on <= asked.end
    if asked.region is not None:
        yield in_region(region, region_prefix(asked.region))
    if asked.kinds:
        yield or_(*(_is_kind(one) for one in asked.kinds))
    # The list is not made bank by bank: it is what a bank's figures are to be compared with.
    if asked.bank is not None and measure is not Measure.LISTED:
        yield Bank.code == asked.bank


def _region(measure: Measure) -> Column:
    """Its own column where there is one, so that its index serves."""
    return WhitelistEntry.region_code if measure is Measure.LISTED else Referral.region_code


def _is_kind(key: str) -> ColumnElement[bool]:
    """SQL: an institution of a kind, a project, or an institution whose kinds nobody stated."""
    kinds, is_project = WhitelistEntry.kinds, WhitelistEntry.subject_kind == PROJECT
    if key == PROJECT:
        return is_project
    if key == UNKNOWN:
        return and_(~is_project, or_(kinds.is_(None), type_coerce(kinds, BigInteger) == 0))
    return and_(~is_project, overlaps(kinds, (key,)))


def _with_balance(query: Select[Any], scope: Scope) -> Select[Any]:
    """The newest record of the loan, where the caller reaches it: it lies where its institution does."""
    newest = and_(loan_version.c.loan_id == Loan.id, loan_version.c.recorded_to.is_(None))
    mine = and_(Loan.id == Referral.loan_id, scope.regions(Loan.region_code))
    return query.outerjoin(Loan, mine).outerjoin(loan_version, newest)


def _grouped(measure: Measure, asked: Asked, scope: Scope) -> Select[Any]:
    key, kinds = _group_by(measure, asked.by)
    parts = _parts(measure)
    # Grouped by the names of the columns: PostgreSQL does not see that two expressions with parameters are one.
    columns = [
        literal(measure.value, String).label("measure"),
        key.label("group_key"),
        kinds.label("group_kinds"),
        func.count().label("number"),
        *(func.sum(column).label(name) for name, column in zip(_Parts._fields, parts, strict=True)),
    ]
    return counted(measure, columns, asked, scope).group_by("group_key", "group_kinds")


def _group_by(measure: Measure, by: By) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The key of a group, and for the table by kind the set of kinds that it has."""
    no_kinds = _NO_NUMBER
    match by:
        case By.CITY | By.COUNTY:
            return type_coerce(_region(measure), String), no_kinds
        case By.KIND:
            return type_coerce(WhitelistEntry.subject_kind, String), type_coerce(WhitelistEntry.kinds, BigInteger)
        case By.BANK:
            code = cast(null(), String) if measure is Measure.LISTED else type_coerce(Bank.code, String)
            return code, no_kinds
        case By.MONTH:
            day = _DAY[measure]
            number = extract("year", day) * _MONTHS + extract("month", day) - 1
            return cast(number, Integer), no_kinds


def _parts(measure: Measure) -> _Parts:
    match measure:
        case Measure.DECIDED:
            return _NOTHING._replace(seconds=extract("epoch", _DECIDED) - extract("epoch", Referral.delivered_on))
        case Measure.GRANTED:
            return _NOTHING._replace(yuan=Referral.granted_yuan)
        case Measure.DISBURSED:
            fen, rate = (type_coerce(one, BigInteger) for one in (Referral.disbursed_yuan, Referral.rate_percent))
            return _NOTHING._replace(
                yuan=Referral.disbursed_yuan,
                weight_high=(fen // _SPLIT) * rate,
                weight_low=(fen % _SPLIT) * rate,
                balance=loan_version.c.balance_yuan,
                missing=case((loan_version.c.balance_yuan.is_(None), 1), else_=0),
                subsidy=Referral.subsidy_yuan,
            )
        case _:
            return _NOTHING


def _group(by: By, row: Row[Any]) -> Group:
    return Group(_keys(by, row.group_key, row.group_kinds), _sums(Measure(row.measure), row))


def _keys(by: By, key: Any, kinds: Any) -> tuple[str, ...]:
    match by:
        case By.CITY:
            return (city_of(key),)
        case By.COUNTY:
            return (key,)
        case By.KIND:
            return (PROJECT,) if key == PROJECT else _codes(kinds) or (UNKNOWN,)
        case By.BANK:
            return () if key is None else (key,)
        case By.MONTH:
            return (month_key(key),)


def _codes(mask: int | None) -> tuple[str, ...]:
    kinds = WhitelistEntry.kinds.type
    found: tuple[str, ...] | None = kinds.process_result_value(mask, None)
    return found or ()


def _sums(measure: Measure, row: Row[Any]) -> Sums:
    counts: Mapping[str, Any] = {measure.value: row.number}
    match measure:
        case Measure.DECIDED:
            return Sums(**counts, days=int(row.seconds) // _SECONDS_A_DAY)
        case Measure.GRANTED:
            return Sums(**counts, granted_yuan=row.yuan)
        case Measure.DISBURSED:
            return Sums(
                **counts,
                disbursed_yuan=row.yuan,
                weight=int(row.weight_high) * _SPLIT + int(row.weight_low),
                balance_yuan=row.balance or Decimal(0),
                balance_missing=int(row.missing),
                subsidy_yuan=row.subsidy or Decimal(0),
            )
        case _:
            return Sums(**counts)


def _shown(measure: Measure) -> Collection[Any]:
    """The columns of the rows behind a figure; the same names for every measure."""
    entry = WhitelistEntry
    shared = [
        _DAY[measure].label("happened_on"),
        entry.id.label("entry_id"),
        entry.subject_kind.label("subject_kind"),
        entry.institution_id.label("institution_id"),
        entry.project_id.label("project_id"),
        entry.printed.label("printed"),
        _region(measure).label("region_code"),
    ]
    if measure is Measure.LISTED:
        return shared
    referral = [
        Referral.id.label("referral_id"),
        Bank.code.label("bank"),
        Bank.name.label("bank_name"),
        Referral.delivered_on.label("delivered_on"),
        _DECIDED.label("decided_on"),
        _AMOUNT.get(measure, _NO_YUAN).label("amount_yuan"),
    ]
    if measure is not Measure.DISBURSED:
        return [*shared, *referral]
    loan = [Referral.rate_percent.label("rate_percent"), Referral.subsidy_yuan.label("subsidy_yuan")]
    return [*shared, *referral, *loan, loan_version.c.balance_yuan.label("balance_yuan")]
