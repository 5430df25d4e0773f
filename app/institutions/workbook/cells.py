"""One cell of a column, as a typed value that the register takes, or what is wrong with it. Pure."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
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


def faulty(cell: Fault) -> Wrong:
    """A formula without a value that could be read."""
    if cell.text:
        return Wrong("formula_error", f"公式的结果是错误（{cell.text[:20]}），请改正公式，或直接写数值")
    detail = "公式还没有算出结果；请用 Excel 或 WPS 打开工作簿，保存一次再上传，或直接写数值"
    return Wrong("formula_uncomputed", detail)


def read_fact(key: str, unit: str | None, cell: Cell, from_1904: bool = False) -> Read:
    """The value of a fact; `unit` is the one that the heading names. None where the cell says nothing."""
    if isinstance(cell, str) and len(cell) > _REPEATED:
        return _read(key, unit, cell, from_1904)
    return _repeated(key, unit, cell, from_1904)


# `typed`, because 1, 1.0 and True are one key otherwise.
@lru_cache(maxsize=1 << 15, typed=True)
def _repeated(key: str, unit: str | None, cell: Cell, from_1904: bool) -> Read:
    return _read(key, unit, cell, from_1904)


def _read(key: str, unit: str | None, cell: Cell, from_1904: bool) -> Read:
    fact = CATALOGUE[key]
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
