"""Random edits of a trail by somebody who may write everything but the exported seals."""

from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from app.access.audit.chain import event_hash, genesis
from app.access.audit.verify import Finding, Head
from tests.access.audit.trails import Trail

Row = dict[str, Any]
Place = tuple[str, str, int]
# What an edit does: it changes the rows in place and says where.
Edit = Callable[[Random, list[Row], int], int]
WORDS = ("改", "0", "x", "虚")


def changed(chance: Random, value: Any) -> Any:
    """One byte more, less or other; never the same value."""
    match value:
        case None:
            return chance.choice(WORDS)
        case int():
            return value + chance.choice((-1, 1, 7))
        case str():
            spot = chance.randrange(len(value)) if value else 0
            other = chance.choice([word for word in WORDS if word != value[spot : spot + 1]])
            return value[:spot] + other + value[spot + 1 :]
        case UUID():
            return UUID(int=value.int ^ (1 << chance.randrange(128)))
        case dict():
            key = chance.choice(sorted(value))
            return {**value, key: changed(chance, value[key])}
        case list():
            return [*value[1:]] if value else [1]
        case _:
            return value.replace(year=value.year + chance.choice((-1, 1)))


def edit_value(chance: Random, rows: list[Row], at: int) -> int:
    """A byte of any column."""
    column = chance.choice([name for name in rows[at] if name not in {"chain", "day", "number"}])
    rows[at] = {**rows[at], column: changed(chance, rows[at][column])}
    return at


def edit_row(chance: Random, rows: list[Row], at: int) -> int:
    """Another row's content under this one's number."""
    other = rows[(at + 1 + chance.randrange(len(rows) - 1)) % len(rows)]
    kept = {name: rows[at][name] for name in ("id", "chain", "day", "number")}
    rows[at] = {**other, **kept}
    return at


def swap(chance: Random, rows: list[Row], at: int) -> int:
    """Two events of one chain and day change places."""
    place = ("chain", "day")
    others = [i for i, row in enumerate(rows) if i != at and all(row[name] == rows[at][name] for name in place)]
    other = chance.choice(others)
    numbers = rows[at]["number"], rows[other]["number"]
    rows[at], rows[other] = {**rows[other], "number": numbers[0]}, {**rows[at], "number": numbers[1]}
    return at


def delete(_chance: Random, rows: list[Row], at: int) -> int:
    """One event goes."""
    del rows[at]
    return at


def truncate(_chance: Random, rows: list[Row], at: int) -> int:
    """The end of a chain goes; heads are made to fit."""
    chain = rows[at]["chain"]
    rows[:] = [row for index, row in enumerate(rows) if index < at or row["chain"] != chain]
    return at


def insert(_chance: Random, rows: list[Row], at: int) -> int:
    """One event more, beside the one of its number."""
    rows.insert(at, {**rows[at], "id": UUID(int=99), "action": "inserted"})
    return at


def rehash_one(chance: Random, rows: list[Row], at: int) -> int:
    """A changed event gets the hash that fits it."""
    rows[at] = {**rows[at], "action": changed(chance, rows[at]["action"])}
    rows[at]["hash"] = event_hash(rows[at])
    return at


def rehash_tail(chance: Random, rows: list[Row], at: int) -> int:
    """A changed event, and everything after it in its chain made to fit."""
    rows[at] = {**rows[at], "action": changed(chance, rows[at]["action"])}
    _relink(rows, rows[at]["chain"])
    return at


def insert_and_rehash(chance: Random, rows: list[Row], at: int) -> int:
    """One event more, everything after it renumbered and made to fit."""
    insert(chance, rows, at)
    _relink(rows, rows[at]["chain"])
    return at


def delete_and_rehash(_chance: Random, rows: list[Row], at: int) -> int:
    """One event less, everything after it renumbered and made to fit."""
    chain = rows[at]["chain"]
    del rows[at]
    _relink(rows, chain)
    return at


def delete_day(_chance: Random, rows: list[Row], at: int) -> int:
    """A whole day of a chain goes."""
    place = rows[at]["chain"], rows[at]["day"]
    rows[:] = [row for row in rows if (row["chain"], row["day"]) != place]
    return at


EDITS: tuple[Edit, ...] = (
    edit_value,
    edit_row,
    swap,
    delete,
    truncate,
    insert,
    rehash_one,
    rehash_tail,
    insert_and_rehash,
    delete_and_rehash,
    delete_day,
)


def heads_of(trail: Trail, rows: list[Row]) -> list[Head]:
    """Heads that fit the rows as well as heads can: whoever edits the trail edits them too."""
    fitting = {(str(row["chain"]), str(row["day"])): row for row in rows}
    roots = [head for head in trail.heads if head.number == 0]
    return [*roots, *(Head(*place, row["number"], str(row["hash"])) for place, row in fitting.items())]


def is_at(finding: Finding, place: Place) -> bool:
    """Whether the place lies in what the finding names."""
    chain, day, number = place
    if finding.chain != chain:
        return False
    last = finding.day, finding.number if finding.through is None else finding.through
    if finding.since is not None:
        return finding.since < (day, number) <= last or finding.since == (day, number)
    return finding.day == day and finding.number <= number <= last[1]


def place_of(row: Row) -> Place:
    return str(row["chain"]), str(row["day"]), row["number"]


def _relink(rows: list[Row], chain: str) -> None:
    previous, day, number = genesis(chain), None, 0
    for index, row in enumerate(rows):
        if row["chain"] != chain:
            continue
        number = number + 1 if row["day"] == day else 1
        day = row["day"]
        rows[index] = {**row, "number": number, "previous_hash": previous}
        previous = rows[index]["hash"] = event_hash(rows[index])
