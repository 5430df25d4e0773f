"""A rule bound to its day as one SQL expression: TRUE, FALSE, or NULL where `evaluate` says UNKNOWN.

SQL's AND, OR and comparisons with NULL are strong Kleene logic, so one query returns who is eligible, who may be and
who is not. What cannot be expressed raises NotExpressible: a weaker filter would silently show the wrong borrowers.
This module makes expressions and never touches a session.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final, assert_never

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    null,
    or_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from app.rules.bind import AllOf, AnyOf, Bound, Condition
from app.rules.facts import FactType
from app.rules.nodes import Attested, Between, Codes, Compare, In, Known, MonthsAgo, Within
from app.store.types import EnumSet, Fen, Millionths, contains_all, overlaps

# More steps than any rule has conditions: "changing facts cannot help", and still an integer when added up.
UNREACHABLE: Final = 1_000_000
_BIGINT_MAX: Final = 2**63 - 1
# SQLite's functions take at most 127 arguments.
_MOST_ARGUMENTS: Final = 100


class NotExpressible(TypeError):
    """The rule asks something that these columns cannot answer."""


@dataclass(frozen=True, slots=True)
class FactColumn:
    """A fact as SQL: its value (NULL: unknown), and whether an office or a registry vouches for it."""

    value: ColumnElement[Any]
    checked: ColumnElement[bool]


# Facts that a kind of case does not have are absent and therefore unknown.
Columns = Mapping[str, FactColumn]


def rule_sql(bound: Bound, columns: Columns) -> ColumnElement[bool]:
    """The expression whose value is the verdict of the rule on each row. NotExpressible where there is none."""
    match bound:
        case AllOf():
            return and_(*(rule_sql(child, columns) for child in _deepest_first(bound.of)))
        case AnyOf():
            return or_(*(rule_sql(child, columns) for child in _deepest_first(bound.of)))
        case Condition():
            return _condition(bound, columns)
        case _:
            assert_never(bound)


def possible_sql(bound: Bound, columns: Columns) -> ColumnElement[bool]:
    """Whether the verdict is not FALSE; never NULL. In a WHERE it stops at the first condition that rules a row out.

    Negations stand at the conditions, so the rule is not FALSE just where it holds with every unknown taken for TRUE.
    `rule_sql(...).is_not(False)` has the same value, but SQLite computes every condition of every row for it.
    """
    match bound:
        case AllOf():
            return and_(*(possible_sql(child, columns) for child in _deepest_first(bound.of)))
        case AnyOf():
            return or_(*(possible_sql(child, columns) for child in _deepest_first(bound.of)))
        case Condition():
            # So written, PostgreSQL estimates it as it would the condition; coalesce() it takes for a coin toss.
            return _condition(bound, columns).is_not(false())
        case _:
            assert_never(bound)


def steps_sql(bound: Bound, columns: Columns) -> ColumnElement[int]:
    """How many conditions on changeable facts stand between a row and TRUE; UNREACHABLE or more: they cannot help.

    An unknown condition is out of reach too, so that a near miss (one step) has nothing left to find out.
    """
    match bound:
        case AllOf():
            first, *others = (steps_sql(child, columns) for child in _deepest_first(bound.of))
            return sum(others, start=first)
        case AnyOf():
            return _smallest([steps_sql(child, columns) for child in _deepest_first(bound.of)])
        case Condition():
            return _step(bound, columns)
        case _:
            assert_never(bound)


def _deepest_first(members: Sequence[Bound]) -> list[Bound]:
    """The order does not matter to the verdict, but SQLite's parser stacks up all that stands before a parenthesis.

    Its stack ends at 100 entries; a rule of 32 levels fits only if each level begins with the next one.
    """
    return sorted(members, key=_levels, reverse=True)


def _levels(bound: Bound) -> int:
    return 1 if isinstance(bound, Condition) else 1 + max(map(_levels, bound.of))


class _Least(FunctionElement[int]):
    """The smallest of integers; written out with CASE it would repeat its members again and again."""

    name = "least"
    type = Integer()
    inherit_cache = True


@compiles(_Least)
def _least(element: _Least, compiler: SQLCompiler, **options: Any) -> str:
    return f"least({compiler.process(element.clauses, **options)})"


@compiles(_Least, "sqlite")
def _least_on_sqlite(element: _Least, compiler: SQLCompiler, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


def _smallest(values: Sequence[ColumnElement[int]]) -> ColumnElement[int]:
    if len(values) == 1:
        return values[0]
    if len(values) <= _MOST_ARGUMENTS:
        return _Least(*values)
    starts = range(0, len(values), _MOST_ARGUMENTS)
    return _smallest([_smallest(values[start : start + _MOST_ARGUMENTS]) for start in starts])


_NO_STEP: Final = literal_column("0", Integer)
_ONE_STEP: Final = literal_column("1", Integer)
_TOO_MANY: Final = literal_column(str(UNREACHABLE), Integer)


def _step(condition: Condition, columns: Columns) -> ColumnElement[int]:
    met = _condition(condition, columns)
    if not condition.can_come_true:
        return case((met, _NO_STEP), else_=_TOO_MANY)
    return case((true(), _NO_STEP), (false(), _ONE_STEP), value=met, else_=_TOO_MANY)


def _condition(condition: Condition, columns: Columns) -> ColumnElement[bool]:
    column = columns.get(condition.key)
    if condition.asks_known:
        return _known(condition, column)
    if column is None or condition.wanted is None:
        return cast(null(), Boolean)
    met = _test(condition, column.value)
    verdict = not_(met) if condition.negated else met
    return case((column.checked, verdict)) if condition.checked else verdict


def _known(condition: Condition, column: FactColumn | None) -> ColumnElement[bool]:
    if column is None:
        return true() if condition.negated else false()
    known = column.value.is_not(None)
    usable = and_(known, column.checked) if condition.checked else known
    return not_(usable) if condition.negated else usable


def _test(condition: Condition, value: ColumnElement[Any]) -> ColumnElement[bool]:
    wanted = condition.wanted
    match condition.leaf:
        case Compare():
            return _COMPARED[condition.leaf.op](value, *_storable(value.type, wanted))
        case Between():
            (_, low), (high, _) = (_storable(value.type, end) for end in wanted)
            return _between(value, low, high)
        case In():
            return _one_of(value, wanted)
        case Codes():
            return _codes(condition, value)
        case Within():
            return _within(value, wanted)
        case MonthsAgo():
            return _between(value, *wanted)
        case Attested():
            return value == true()
        case Known():
            raise NotExpressible("known is not a test of a value")
        case _:
            assert_never(condition.leaf)


def _written(value: ColumnElement[Any], wanted: Any) -> ColumnElement[Any]:
    """Written into the statement: PostgreSQL plans a prepared statement for any parameter, and thus for none.

    A threshold that few rows reach and one that all reach want different plans; a rule is its own statement anyway.
    """
    return bindparam(None, wanted, value.type, unique=True, literal_execute=True)


def _between(value: ColumnElement[Any], low: Any, high: Any) -> ColumnElement[bool]:
    return value.between(_written(value, low), _written(value, high))


def _one_of(value: ColumnElement[Any], wanted: Iterable[Any]) -> ColumnElement[bool]:
    """Written into the statement: 200 conditions of 200 values are more parameters than either database takes."""
    some = sorted(set(wanted), key=str)
    return value.in_(bindparam(None, some, value.type, unique=True, expanding=True, literal_execute=True))


def _within(value: ColumnElement[Any], prefixes: tuple[str, ...]) -> ColumnElement[bool]:
    """Provinces, cities and counties have prefixes of two, four and six digits: one list for each length."""
    lengths = sorted({len(prefix) for prefix in prefixes})
    return or_(
        *(
            _one_of(func.substr(value, 1, length, type_=String), [one for one in prefixes if len(one) == length])
            for length in lengths
        )
    )


def _codes(condition: Condition, value: ColumnElement[Any]) -> ColumnElement[bool]:
    if condition.fact.type is not FactType.SET or not isinstance(value.type, EnumSet):
        raise NotExpressible(f"{condition.key} is not stored as a set of declared codes")
    test = overlaps if condition.leaf.op == "overlaps" else contains_all
    return test(value, condition.wanted)


def _storable(kind: TypeEngine[Any], wanted: Any) -> tuple[Any, Any]:
    """The nearest values at or below, and at or above, that a column of this type holds.

    A parameter may have more places than the fact that is compared with it, or exceed every integer of the database.
    """
    if isinstance(wanted, bool) or not isinstance(wanted, int | Decimal):
        return wanted, wanted
    places = kind.places if isinstance(kind, Fen | Millionths) else 0
    units = Fraction(wanted) * 10**places
    below, above = (min(max(side(units), -_BIGINT_MAX), _BIGINT_MAX) for side in (floor, ceil))
    return (Decimal(below).scaleb(-places), Decimal(above).scaleb(-places)) if places else (below, above)


def _equal(value: ColumnElement[Any], below: Any, above: Any) -> ColumnElement[bool]:
    """An empty range where no stored value can be equal: FALSE where the value is known."""
    return value == _written(value, below) if below == above else _between(value, above, below)


_COMPARED: Final[dict[str, Callable[[Any, Any, Any], ColumnElement[bool]]]] = {
    "eq": _equal,
    "ne": lambda value, below, above: not_(_equal(value, below, above)),
    "lt": lambda value, _below, above: value < _written(value, above),
    "le": lambda value, below, _above: value <= _written(value, below),
    "gt": lambda value, below, _above: value > _written(value, below),
    "ge": lambda value, _below, above: value >= _written(value, above),
}
