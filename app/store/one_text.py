"""Some columns of many rows as one text: it is read in a third of the time that the rows take, within any statement."""

from collections.abc import Iterator
from functools import reduce
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, cast, func, literal_column, select

# Neither stands in any text that people write.
_BETWEEN: Final = "\x1f"
_AFTER: Final = "\x1e"


def _literal(text: str) -> ColumnElement[str]:
    """Written into the statement: as parameters, dozens of them would be put together for each execution."""
    return literal_column(f"'{text}'", String)


_EMPTY: Final = _literal("")


def as_text(*columns: Any, where: ColumnElement[bool] | None = None) -> ScalarSelect[str]:
    """SQL: the rows of the columns' table that meet a condition, in no order.

    NULL is the empty text, so that a row of nothing else is no row. The columns hold ids, codes, days, and names that a
    schema has read: a separator within a value would part it.
    """
    texts: list[ColumnElement[str]] = [func.coalesce(cast(column, String), _EMPTY) for column in columns]
    row = reduce(lambda left, right: left + _literal(_BETWEEN) + right, texts)
    query: Select[Any] = select(func.coalesce(func.aggregate_strings(row, _AFTER), _EMPTY))
    return (query if where is None else query.where(where)).scalar_subquery()


def rows_of(text: str) -> Iterator[list[str]]:
    """The rows of such a text, a text for each column."""
    return (row.split(_BETWEEN) for row in text.split(_AFTER)) if text else iter(())
