"""What a row of the sheet says, between the sheet and the registry; kept as JSON until it is written. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from app.institutions.facts import Change, Statement
from app.institutions.register import trimmed
from app.institutions.workbook.rows import ReadRow
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from app.rules.values import Value
from app.store.search import plain

_READ: Final[Mapping[FactType, Callable[[Any], Value]]] = {
    FactType.DECIMAL: Decimal,
    FactType.DATE: date.fromisoformat,
    FactType.SET: frozenset,
}


@dataclass(frozen=True, slots=True)
class Given:
    """A row that was read without complaint: who it is, where, and what it says. What it leaves blank is not here."""

    number: int
    name: str
    uscc: str | None
    site_number: int
    region: str
    zone: bool | None
    contact: Mapping[str, str]
    facts: Mapping[str, Value]
    need: Mapping[str, Value]

    @property
    def changes(self) -> dict[str, Change]:
        """The facts as a request would say them: bare, so that an equal value keeps who vouches for it."""
        return {key: Change(statement, bare=True) for key, statement in self.declared.items()}

    @property
    def declared(self) -> dict[str, Statement]:
        """The facts of an institution that is new: nobody has said anything of it yet."""
        return {key: _declared(value) for key, value in self.facts.items()}

    @property
    def needed(self) -> dict[str, Statement]:
        """The need that the row states, declared."""
        return {key: Statement(value) for key, value in self.need.items()}

    @property
    def identity(self) -> str:
        """What no second row of a sheet may have."""
        return identity_of(self.uscc, self.site_number, self.region, self.name)


# A sheet says the same few things again and again. `typed`, because 1 and True are one key otherwise.
@lru_cache(maxsize=1 << 12, typed=True)
def _declared(value: Value) -> Statement:
    return Statement(value)


def identity_of(uscc: str | None, site_number: int, region: str, name: str) -> str:
    """Code and site; without a code, county and name."""
    return f"{uscc}/{site_number}" if uscc else f"{region}/{plain(name)[:180]}"


def given_of(row: ReadRow) -> Given | None:
    """The row, or None where it cannot be taken."""
    if row.problems or row.name is None or row.region is None:
        return None
    return Given(
        row.number,
        trimmed(row.name),
        row.uscc,
        row.site_number,
        row.region,
        row.zone,
        row.contact,
        row.facts,
        row.need,
    )


def packed(given: Given) -> dict[str, Any]:
    """As JSON."""
    return {
        "name": given.name,
        "uscc": given.uscc,
        "site": given.site_number,
        "region": given.region,
        "zone": given.zone,
        "contact": dict(given.contact),
        "facts": {key: _plain(value) for key, value in given.facts.items()},
        "need": {key: _plain(value) for key, value in given.need.items()},
    }


def unpacked(number: int, stored: Mapping[str, Any]) -> Given:
    """The same back."""
    return Given(
        number,
        stored["name"],
        stored["uscc"],
        stored["site"],
        stored["region"],
        stored["zone"],
        stored["contact"],
        _values(stored["facts"]),
        _values(stored["need"]),
    )


def _plain(value: Value) -> Any:
    match value:
        case bool() | int() | str():
            return value
        case frozenset():
            return sorted(value)
        case _:
            return str(value)


def _values(stored: Mapping[str, Any]) -> dict[str, Value]:
    return {key: read(value) if (read := _reader(key)) is not None else value for key, value in stored.items()}


@cache
def _reader(key: str) -> Callable[[Any], Value] | None:
    return _READ.get(CATALOGUE[key].type)
