"""The part of the registry that a caller may touch. Every query takes one; it is applied in SQL, never afterwards."""

from dataclasses import dataclass
from typing import Annotated, Final, Self
from uuid import UUID

from fastapi import Depends
from sqlalchemy import ColumnElement, true
from sqlalchemy.orm import InstrumentedAttribute

from app.rules.bind import region_prefix


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows at or below a region, and of one institution where the caller speaks for one.

    `region_prefix` is the significant part of a GB/T 2260 code: 14 the province, 1403 a city, 140302 a county.
    """

    region_prefix: str
    institution_id: UUID | None = None

    @classmethod
    def of_region(cls, code: str) -> Self:
        """Everything at or below a region."""
        return cls(region_prefix(code))

    def regions(self, column: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """SQL: the region lies in scope. A range, so that an index on the column serves."""
        return in_region(column, self.region_prefix) if self.region_prefix else true()

    def institutions(self, column: ColumnElement[UUID] | InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
        """SQL: the institution is the caller's own, where the caller has one."""
        return true() if self.institution_id is None else column == self.institution_id


def in_region(column: ColumnElement[str] | InstrumentedAttribute[str], prefix: str) -> ColumnElement[bool]:
    """SQL: the region code begins with `prefix`; NULL where the region is unknown."""
    return column.between(prefix.ljust(6, "0"), prefix.ljust(6, "9"))


# Until there are roles, whoever calls sees the whole registry.
FULL: Final = Scope("")


async def caller_scope() -> Scope:
    """The scope of whoever calls. The one place that routes ask; async, so that it costs no thread hop."""
    return FULL


InScope = Annotated[Scope, Depends(caller_scope)]
