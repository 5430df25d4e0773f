"""What a row of the sheet says, between the sheet and the registry; kept as JSON until it is written. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from app.institutions.facts import Change, Statement
from app.institutions.register import CONTACT, trimmed
from app.institutions.workbook.rows import ReadRow
from app.rules.facts import FactType, Subject
from app.rules.values import Value
from app.store.fact_columns import stored_facts
from app.store.search import plain

# Code and site, or a provisional number.
Key = tuple[str, int] | str


@dataclass(frozen=True, slots=True)
class Given:
    """A row that was read without complaint: who it is, where, and what it says. What it leaves blank is not here."""

    number: int
    name: str
    uscc: str | None
    provisional_number: str | None
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
        return identity_of(self)

    @property
    def key(self) -> Key | None:
        """What the registry knows it by, if it may be known already: code and site, else the provisional number."""
        return self.provisional_number if self.uscc is None else (self.uscc, self.site_number)


# A sheet says the same few things again and again. `typed`, because 1 and True are one key otherwise.
@lru_cache(maxsize=1 << 12, typed=True)
def _declared(value: Value) -> Statement:
    return Statement(value)


def identity_of(row: "Given | ReadRow") -> str:
    """Code and site; without a code the provisional number; without either, county and name."""
    if row.uscc is not None:
        return f"{row.uscc}/{row.site_number}"
    return row.provisional_number or f"{row.region}/{plain(row.name or '')[:180]}"


def given_of(row: ReadRow) -> Given | None:
    """The row, or None where it cannot be taken."""
    if row.problems or row.name is None or row.region is None:
        return None
    return Given(
        row.number,
        trimmed(row.name),
        row.uscc,
        row.provisional_number,
        row.site_number,
        row.region,
        row.zone,
        row.contact,
        row.facts,
        row.need,
    )


def packed(given: Given) -> list[Any]:
    """As JSON: who, what contact, what facts, what need, each by position, so that no key is written in every row.

    The facts of a subject only ever grow at their end (`stored_facts`): what an older release has kept is read alike.
    """
    who = [given.name, given.uscc, given.provisional_number, given.site_number, given.region, given.zone]
    contact = [given.contact.get(name) for name in CONTACT]
    return [who, contact, _listed(Subject.INSTITUTION, given.facts), _listed(Subject.NEED, given.need)]


def unpacked(number: int, stored: Sequence[Any]) -> Given:
    """The same back."""
    (name, uscc, provisional, site, region, zone), contact, facts, need = stored
    said = {key: text for key, text in zip(CONTACT, contact, strict=False) if text is not None}
    values = _read(Subject.INSTITUTION, facts), _read(Subject.NEED, need)
    return Given(number, name, uscc, provisional, site, region, zone, said, *values)


def _listed(subject: Subject, facts: Mapping[str, Value]) -> list[Any]:
    return [
        None if (value := facts.get(key)) is None else value if kind is None else kind.write(value)
        for key, kind in _kinds(subject)
    ]


def _read(subject: Subject, stored: Sequence[Any]) -> dict[str, Value]:
    return {
        key: value if kind is None else kind.read(value)
        for (key, kind), value in zip(_kinds(subject), stored, strict=False)
        if value is not None
    }


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a value that JSON does not have is kept."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Value]


_WRITTEN_OUT: Final[Mapping[FactType, _Kind]] = {
    FactType.DECIMAL: _Kind(str, Decimal),
    FactType.DATE: _Kind(str, date.fromisoformat),
    FactType.SET: _Kind(sorted, frozenset),
}


@cache
def _kinds(subject: Subject) -> tuple[tuple[str, _Kind | None], ...]:
    return tuple((fact.key, _WRITTEN_OUT.get(fact.type)) for fact in stored_facts(subject))
