"""One cell of a column, as a typed value that the register takes, or what is wrong with it. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from typing import Final, TypeAlias

from app.institutions.workbook.amounts import read_amount
from app.institutions.workbook.choices import read_choice, read_choices, read_flag
from app.institutions.workbook.days import read_day
from app.institutions.workbook.process import Cell, Fault
from app.institutions.workbook.written import Wrong
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType
from app.rules.values import Value, ValueRefused, read_value

Read: TypeAlias = Value | Wrong | None

_BY_TYPE: Final[Mapping[FactType, Callable[[Fact, Cell], Read]]] = {
    FactType.BOOL: read_flag,
    FactType.ENUM: read_choice,
    FactType.SET: read_choices,
}
_NUMBERS: Final = frozenset({FactType.INT, FactType.DECIMAL})
# Longer texts differ from row to row, and keeping them would only cost memory.
_REPEATED: Final = 40
_KEPT: Final = 1_024


def faulty(cell: Fault) -> Wrong:
    """A formula without a value that could be read."""
    if cell.text:
        return Wrong("formula_error", f"公式的结果是错误（{cell.text[:20]}），请改正公式，或直接写数值")
    detail = "公式还没有算出结果；请用 Excel 或 WPS 打开工作簿，保存一次再上传，或直接写数值"
    return Wrong("formula_uncomputed", detail)


def read_fact(key: str, unit: str | None, cell: Cell, from_1904: bool = False) -> Read:
    """The value of a fact; `unit` is the one that the heading names. None where the cell says nothing."""
    return fact_reader(key, unit, from_1904)(cell)


@cache
def fact_reader(key: str, unit: str | None, from_1904: bool = False) -> Callable[[Cell], Read]:
    """The same for all cells of a column, which say the same few things again and again."""
    anew = partial(_read, CATALOGUE[key], unit, from_1904)
    # `typed`, because 1, 1.0 and True are one key otherwise.
    repeated = lru_cache(maxsize=_KEPT, typed=True)(anew)
    return lambda cell: anew(cell) if isinstance(cell, str) and len(cell) > _REPEATED else repeated(cell)


def _read(fact: Fact, unit: str | None, from_1904: bool, cell: Cell) -> Read:
    if isinstance(cell, Fault):
        return faulty(cell)
    if fact.type in _NUMBERS:
        return _in_range(fact, read_amount(fact, unit, cell))
    if fact.type is FactType.DATE:
        return read_day(fact.label, cell, from_1904)
    return _BY_TYPE[fact.type](fact, cell)


def _in_range(fact: Fact, value: Value | Wrong | None) -> Read:
    """As the fact itself takes it: whole where it counts, two decimals, between its bounds."""
    if value is None or isinstance(value, Wrong | date):
        return value
    try:
        return read_value(fact, value)
    except ValueRefused as refused:
        return Wrong("wrong_value", str(refused))
