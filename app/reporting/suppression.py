"""Which cells of a table are kept back from those who may not see single cases. Pure.

A count of 1 to `few` - 1 is a small cell. Whoever may not see single cases is not told it, nor anything from which it
can be worked out with the rest of the table:

- a column whose total is small is kept back whole, its total included;
- rows are taken two by two, as they stand. Where either has a small cell in another column, the whole follow-up of
  both is kept back, so that no column speaks for another one; and where the two together hold a handful, the next two
  with them. What is left when the published rows are taken from the published total is then never one row's, and
  either nothing or `few` and more. A column in which kept back rows hold nothing is shown as the zeros that it is;
- counties are treated city by city, since the table by city publishes their sums: where a city is kept back, all of
  its counties are.

Neighbours are taken, and not the smallest of the others, because which rows are kept back is itself seen: a choice that
follows the values tells them to whoever knows how it is made. Rows that are kept back together can change places
without a reader's noticing; tests/reporting/test_suppression.py tries it on every small table.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from app.reporting.figures import Sums, added
from app.reporting.measures import COLUMNS, COUNTED_BY, TOTAL, Measure

# The list is published and may be counted by anybody; what banks do about it may not.
_FOLLOW_UP: Final = tuple(one for one in Measure if one is not Measure.LISTED)
# What a column is worked out from, beside the rows that stand behind it.
_ALSO: Final = {"conversion_percent": (Measure.PUSHED,)}
# How many balances are missing is for those who can go and ask for them.
_NEVER: Final = frozenset({"balance_missing"})
_TOGETHER: Final = 2

Rows = Mapping[str, Sums]
Measures = Collection[Measure]


def suppressed(
    rows: Rows, total: Sums, few: int, parents: Mapping[str, str] | None = None
) -> dict[str, frozenset[str]]:
    """The columns that are kept back of each row, and of the total under its own key.

    `parents` groups rows whose sums are published elsewhere, as the city of each county.
    """
    small = {one for one in _FOLLOW_UP if 0 < total.count(one) < few}
    looked_at = [one for one in _FOLLOW_UP if one not in small]
    hidden = {key: set(small) for key in (*rows, TOTAL)}
    for block in _blocks(rows, looked_at, few) if parents is None else _nested(rows, looked_at, few, parents):
        together = added(rows[key] for key in block)
        for key in block:
            hidden[key] |= {one for one in looked_at if together.count(one)}
    return {key: _columns(measures) for key, measures in hidden.items()}


def _columns(hidden: Measures) -> frozenset[str]:
    return _NEVER | {name for name in COLUMNS if {COUNTED_BY[name], *_ALSO.get(name, ())} & set(hidden)}


def _nested(rows: Rows, measures: Measures, few: int, parents: Mapping[str, str]) -> list[list[str]]:
    """Blocks of rows within each parent that is shown; of parents that are kept back together, all rows."""
    groups: dict[str, dict[str, Sums]] = {}
    for key, sums in rows.items():
        groups.setdefault(parents[key], {})[key] = sums
    above = _blocks({parent: added(group.values()) for parent, group in groups.items()}, measures, few)
    kept_back = {parent for block in above for parent in block}
    whole = [[key for parent in block for key in groups[parent]] for block in above]
    shown = (group for parent, group in groups.items() if parent not in kept_back)
    return [*whole, *(block for group in shown for block in _blocks(group, measures, few))]


def _blocks(rows: Rows, measures: Measures, few: int) -> list[list[str]]:
    """Rows that are kept back together: what a reader can learn of a block is its sums, not whose they are."""
    blocks = _pairs(list(rows))
    while len(blocks) > 1:
        lacking = (place for place, block in enumerate(blocks) if _lacks(rows, block, measures, few))
        place = next(lacking, None)
        if place is None:
            break
        # With the next one; the last with the one before.
        first = min(place, len(blocks) - 2)
        blocks[first : first + 2] = [blocks[first] + blocks[first + 1]]
    return [block for block in blocks if _has_small(rows, block, measures, few)]


def _pairs(keys: Sequence[str]) -> list[list[str]]:
    """Two by two; the last three together where their number is odd."""
    pairs = [list(keys[place : place + _TOGETHER]) for place in range(0, len(keys), _TOGETHER)]
    if len(pairs) > 1 and len(pairs[-1]) == 1:
        pairs[-2:] = [pairs[-2] + pairs[-1]]
    return pairs


def _has_small(rows: Rows, block: Sequence[str], measures: Measures, few: int) -> bool:
    return any(0 < rows[key].count(one) < few for key in block for one in measures)


def _lacks(rows: Rows, block: Sequence[str], measures: Measures, few: int) -> bool:
    """A small cell of the whole block would be left over: it has to be kept back with others."""
    together = added(rows[key] for key in block)
    return any(0 < together.count(one) < few for one in measures)
