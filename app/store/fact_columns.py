"""Columns for facts, made from the catalogue: one nullable column a fact, NULL for unknown, and who vouches for it."""

from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, String, text
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject
from app.store.types import EnumSet, Fen, Json, Millionths

REGION_LENGTH: Final = 6
_CODE_LENGTH: Final = 32
CHECKED: Final = "checked"
REGISTRY: Final = "registry"
# Who vouches for a fact and since which day: {"beds_total": {"by": "…", "on": "2026-03-01"}}; NULL where nobody does.
SOURCES: Final = "sources"


def stored_facts(subject: Subject) -> tuple[Fact, ...]:
    """The facts of a subject that are columns; attestations have rows of their own.

    Their order numbers the bits of `checked` and `registry`, so the catalogue only ever grows at a subject's end.
    """
    return tuple(fact for fact in CATALOGUE if fact.subject is subject and fact.type is not FactType.ATTESTATION)


def column_name(fact: Fact) -> str:
    """The second word of the key."""
    return fact.key.partition(".")[2]


def fact_columns(subject: Subject) -> list[Column[Any]]:
    """One column for each stored fact, then which of them an office has checked or a registry supplies, and who did."""
    facts = stored_facts(subject)
    names = tuple(column_name(fact) for fact in facts)
    columns: list[Column[Any]] = [Column(column_name(fact), column_type(fact), nullable=True) for fact in facts]
    masks: list[Column[Any]] = [Column(name, EnumSet(names), nullable=False) for name in (CHECKED, REGISTRY)]
    return [*columns, *masks, Column(SOURCES, Json, nullable=True)]


def column_type(fact: Fact) -> TypeEngine[Any]:
    """The column type that keeps every value of the fact exactly."""
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return Boolean(create_constraint=False)
        case FactType.INT:
            return BigInteger()
        case FactType.DECIMAL:
            return Fen() if fact.unit == "元" else Millionths()
        case FactType.DATE:
            return Date()
        case FactType.ENUM:
            return String(_CODE_LENGTH)
        case FactType.REGION:
            return String(REGION_LENGTH)
        case FactType.SET:
            # Without codes the members are slugs of programmes, which are data and cannot be numbered.
            return EnumSet(tuple(fact.codes)) if fact.codes else Json


def history(table: str, owner: str) -> list[SchemaItem]:
    """What makes a table an append-only history of `owner`: intervals in order, and at most one version open."""
    is_open = text("recorded_to IS NULL")
    return [
        CheckConstraint("recorded_to > recorded_from", name="recorded"),
        Index(f"ix_{table}_history", owner, "recorded_from"),
        Index(f"uq_{table}_open", owner, unique=True, sqlite_where=is_open, postgresql_where=is_open),
    ]
