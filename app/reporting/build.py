"""From grouped sums to a table: a row for whatever there is to have one, the total, and what is kept back. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.regions import Level
from app.reporting.figures import Sums, added
from app.reporting.frame import city_of, place_name
from app.reporting.measures import TOTAL, By
from app.reporting.suppression import suppressed


@dataclass(frozen=True, slots=True)
class Group:
    """The sums of one group and the rows that they count for: several for an institution of several kinds.

    No rows at all: what has no place in this table and stands in its total alone, as the list in one by bank.
    """

    keys: tuple[str, ...]
    sums: Sums


@dataclass(frozen=True, slots=True)
class Sight:
    """What its reader is to see of a table: no count below `few` unless it is None, and not these columns."""

    few: int | None = None
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the value of each column, and which of them are kept back and therefore None."""

    key: str
    label: str
    values: Mapping[str, Any]
    withheld: frozenset[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows in order, and their total, which counts everything once."""

    rows: tuple[Row, ...]
    total: Row


EXACT = Sight()


def build(by: By, frame: Mapping[str, str], groups: Iterable[Group], sight: Sight) -> Table:
    """The table. `frame` has the key and label of each row that is there without anything to count."""
    found = list(groups)
    total = added(group.sums for group in found)
    sums = _rows(by, frame, found)
    labels = {key: frame.get(key) or place_name(key, Level(by)) for key in sums}
    hidden = _hidden(by, sums, total, sight)
    absent = {"listed"} if by is By.BANK else set()
    rows = tuple(_row(key, labels[key], one, hidden[key], absent) for key, one in sums.items())
    return Table(rows, _row(TOTAL, "合计", total, hidden[TOTAL], ()))


def _rows(by: By, frame: Mapping[str, str], groups: Iterable[Group]) -> dict[str, Sums]:
    sums = dict.fromkeys(frame, Sums())
    for group in groups:
        for key in group.keys:
            # A place that is no county has no row of its own until something lies there; a kind that was not asked
            # for has none at all.
            if key in frame or by in {By.CITY, By.COUNTY}:
                sums[key] = sums.get(key, Sums()) + group.sums
    return {key: sums[key] for key in sorted(sums)} if by in {By.CITY, By.COUNTY} else sums


def _hidden(by: By, sums: Mapping[str, Sums], total: Sums, sight: Sight) -> dict[str, frozenset[str]]:
    if sight.few is None:
        return dict.fromkeys((*sums, TOTAL), sight.without)
    parents = {key: city_of(key) for key in sums} if by is By.COUNTY else None
    found = suppressed(sums, total, sight.few, parents)
    return {key: columns | sight.without for key, columns in found.items()}


def _row(key: str, label: str, sums: Sums, hidden: frozenset[str], absent: Collection[str]) -> Row:
    values = {name: None if name in hidden or name in absent else value for name, value in sums.columns().items()}
    return Row(key, label, values, hidden)
