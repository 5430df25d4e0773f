"""What is drawn of a table of statistics: one column, as tiles where the cities lie or as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

# What a drawing may show, and which of them it shows unasked: the furthest of which there is any.
DRAWABLE: Final = ("balance_yuan", "disbursed_yuan", "granted_yuan", "granted", "pushed", "listed")
_UNASKED: Final = ("balance_yuan", "disbursed_yuan", "granted", "pushed", "listed")
_SHADES: Final = 4
_WHOLE_BAR: Final = 100
_WAN: Final = 10_000
# Beyond this a drawing tells less than the table.
_MOST_BARS: Final = 40
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tile:
    """One row of the table as it is drawn: its size against the largest (0 to 100) and its shade, 0 for none."""

    key: str
    label: str
    words: str
    is_withheld: bool
    size: int
    shade: int


def shown_column(table: Table, wanted: str) -> str:
    """The column that is drawn: the one that is wanted, if it can be drawn."""
    if wanted in DRAWABLE and wanted in table["columns"]:
        return wanted
    total = table["total"]
    return next((name for name in _UNASKED if _number(total[name])), _UNASKED[-1])


def tiles(table: Table, column: str) -> Sequence[Tile]:
    """Every row."""
    numbers = [_number(row[column]) for row in table["rows"]]
    largest = max(numbers, default=Decimal(0))
    return [_tile(row, column, number, largest) for row, number in zip(table["rows"], numbers, strict=True)]


def bars(table: Table, column: str) -> Sequence[Tile]:
    """The same, where there are not too many rows; none where there are, or where nothing is to be drawn."""
    drawn = tiles(table, column) if len(table["rows"]) <= _MOST_BARS else ()
    return drawn if any(one.size for one in drawn) else ()


def _tile(row: Mapping[str, Any], column: str, number: Decimal, largest: Decimal) -> Tile:
    size = int(number * _WHOLE_BAR / largest) if largest else 0
    shade = min(_SHADES, size * _SHADES // _WHOLE_BAR + 1) if number else 0
    return Tile(row["key"], row["label"], _words(column, number), column in row["withheld"], size, shade)


def unit_of(table: Table, column: str) -> str:
    """What the numbers of a drawing count; there is room for 万元 at most."""
    heading: str = table["columns"][column]
    return "万元" if column.endswith("_yuan") else heading.partition("（")[2].rstrip("）")


def _words(column: str, number: Decimal) -> str:
    if not column.endswith("_yuan"):
        return f"{number:,}"
    return f"{number / _WAN:,.0f}" if number >= _WAN or not number else "不到 1"


def _number(value: Any) -> Decimal:
    return Decimal(value or 0)
