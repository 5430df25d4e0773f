"""A rule bound to its day as one SQL expression: TRUE, FALSE, or NULL where `evaluate` says UNKNOWN.

SQL's AND, OR and comparisons with NULL are strong Kleene logic, so one query returns who is eligible, who may be and
who is not. What cannot be expressed raises NotExpressible: a weaker filter would silently show the wrong borrowers.
This module makes expressions and never touches a session.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from sqlalchemy import ColumnElement, and_, case, false, literal, not_, null, or_, true, type_coerce
from sqlalchemy.types import Boolean, Integer

from app.rules.bind import AllOf, AnyOf, Bound, Condition
from app.rules.facts import FactType
from app.rules.nodes import Attested, Between, Codes, Compare, In, Known, MonthsAgo, Within
from app.store.types import EnumSet, contains_all, overlaps

# More steps than any rule has conditions: "changing facts cannot help", and still an integer when added up.
UNREACHABLE: Final = 1_000_000


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
    """The expression whose value is the verdict of the rule on each row."""
    match bound:
        case AllOf():
            return and_(*(rule_sql(child, columns) for child in bound.of))
        case AnyOf():
            return or_(*(rule_sql(child, columns) for child in bound.of))
        case Condition():
            return _condition(bound, columns)
        case _:
            assert_never(bound)


def steps_sql(bound: Bound, columns: Columns) -> ColumnElement[int]:
    """How many conditions on changeable facts stand between a row and TRUE, as `steps_away` counts them."""
    match bound:
        case AllOf():
            steps = [steps_sql(child, columns) for child in bound.of]
            total = steps[0]
            for more in steps[1:]:
                total = total + more
            return total
        case AnyOf():
            return _least([steps_sql(child, columns) for child in bound.of])
        case Condition():
            met = _condition(bound, columns)
            wrong = literal(1 if bound.can_come_true else UNREACHABLE, Integer)
            return case((met, literal(0, Integer)), (not_(met), wrong), else_=literal(UNREACHABLE, Integer))
        case _:
            assert_never(bound)


def _least(values: list[ColumnElement[int]]) -> ColumnElement[int]:
    """The smallest, spelled with CASE: SQLite calls it min() and PostgreSQL least()."""
    smallest = values[0]
    for value in values[1:]:
        smallest = case((value < smallest, value), else_=smallest)
    return smallest


def _condition(condition: Condition, columns: Columns) -> ColumnElement[bool]:
    column = columns.get(condition.key)
    if condition.asks_known:
        return _known(condition, column)
    if column is None or condition.wanted is None:
        return type_coerce(null(), Boolean())
    met = _test(condition, column.value)
    verdict = not_(met) if condition.negated else met
    return case((column.checked, verdict), else_=null()) if condition.checked else verdict


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
            return _COMPARED[condition.leaf.op](value, wanted)
        case Between():
            return value.between(*wanted)
        case In():
            return value.in_(sorted(wanted, key=str))
        case Codes():
            return _codes(condition, value)
        case Within():
            return or_(*(value.between(prefix.ljust(6, "0"), prefix.ljust(6, "9")) for prefix in wanted))
        case MonthsAgo():
            return value.between(*wanted)
        case Attested():
            return value == true()
        case Known():
            raise NotExpressible("known is not a test of a value")
        case _:
            assert_never(condition.leaf)


def _codes(condition: Condition, value: ColumnElement[Any]) -> ColumnElement[bool]:
    if condition.fact.type is not FactType.SET or not isinstance(value.type, EnumSet):
        raise NotExpressible(f"{condition.key} is not stored as a set of declared codes")
    test = overlaps if condition.leaf.op == "overlaps" else contains_all
    return test(value, condition.wanted)


_COMPARED: Final[dict[str, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
}
