"""From what is true to what is on record: some is unknown, and somebody vouches for some of the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.demo.chance import Chance, Values
from app.demo.models import Province
from app.institutions.facts import Statement
from app.rules.given import Provenance

_ALWAYS: Final = frozenset({"institution.region_code", "project.region_code"})
_LOOKED_AT: Final = 0.8


@dataclass(frozen=True, slots=True)
class Record:
    """How well an institution keeps its record: a factor on every gap, its number, and who inspected it when."""

    diligence: float
    is_numbered: bool
    office: str | None
    inspected_on: date | None


def stated(facts: Values, record: Record, province: Province, chance: Chance) -> dict[str, Statement]:
    """The facts that are known, with who vouches for each."""
    return {
        key: _statement(key, value, record, province, chance)
        for key, value in facts.items()
        if key in _ALWAYS or not chance.happens(province.gaps.of(key) * record.diligence)
    }


def declared(facts: Values, record: Record, province: Province, chance: Chance) -> Mapping[str, Statement]:
    """The facts that are known, by the word of the institution alone."""
    gaps = province.gaps
    return {
        key: Statement(value) for key, value in facts.items() if not chance.happens(gaps.of(key) * record.diligence)
    }


def _statement(key: str, value: object, record: Record, province: Province, chance: Chance) -> Statement:
    if key in province.registry and record.is_numbered:
        return Statement(value, Provenance.REGISTRY)  # type: ignore[arg-type]
    if record.office and key in province.checked and chance.happens(_LOOKED_AT):
        return Statement(value, Provenance.CHECKED, record.inspected_on, record.office)  # type: ignore[arg-type]
    return Statement(value)  # type: ignore[arg-type]
