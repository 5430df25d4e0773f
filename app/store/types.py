"""Column types that keep what the two databases would each lose: exact decimals, UTC, sets of codes, and unknown.

None is unknown and is stored as SQL NULL by all of them. A refused value raises TypeError or ValueError, which
SQLAlchemy wraps in StatementError before anything reaches the database.
"""

import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, ClassVar, cast

import uuid_utils.compat
from sqlalchemy import JSON, BigInteger, ColumnElement, DateTime, Dialect, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

# JSONB on PostgreSQL, text on SQLite; Python's None is SQL NULL, never the JSON word null.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_BIGINT_MAX = 2**63 - 1
_BIGINT_DIGITS = 19
# Wide enough for any BIGINT with its places, whatever context the caller has set.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
# SQLite has no unsigned BIGINT: bit 63 is the sign and bit 62 is left as a reserve.
_ENUM_SET_MAX_CODES = 62


def new_key() -> uuid.UUID:
    """A UUIDv7 of the standard library's class; keys of one process sort in the order they were made."""
    return uuid_utils.compat.uuid7()


class _ScaledDecimal(TypeDecorator[Decimal]):
    """Decimal ⇄ BIGINT of the smallest unit. SQLite's NUMERIC would pass through a double and corrupt large values."""

    impl = BigInteger
    cache_ok = True
    places: ClassVar[int]

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        return None if value is None else self._smallest_units(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Decimal | None:
        # PostgreSQL answers SUM over BIGINT with a NUMERIC, hence the Decimal around it.
        return None if value is None else _EXACT.scaleb(Decimal(value), -self.places)

    def _smallest_units(self, value: Decimal | int) -> int:
        # bool is an int to Python, and a float has already lost the digits that matter.
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise TypeError(f"应为 Decimal，不接受 {type(value).__name__}")
        exact = Decimal(value)
        if not exact.is_finite() or exact.adjusted() > _BIGINT_DIGITS:
            raise ValueError("数值超出可存储的范围")
        units = _EXACT.quantize(_EXACT.scaleb(exact, self.places), Decimal(1))
        if _EXACT.scaleb(units, -self.places) != exact:
            raise ValueError(f"最多 {self.places} 位小数")
        if abs(units) > _BIGINT_MAX:
            raise ValueError("数值超出可存储的范围")
        return int(units)


class Fen(_ScaledDecimal):
    """Money: Decimal yuan with at most 2 decimals ⇄ BIGINT fen."""

    cache_ok = True
    places = 2


class Millionths(_ScaledDecimal):
    """A rate or a percentage: Decimal with at most 6 decimals ⇄ BIGINT millionths of its unit."""

    cache_ok = True
    places = 6


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware datetime ⇄ timestamptz on PostgreSQL, UTC text of fixed width on SQLite. Refuses naive ones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("时间须带时区")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite keeps no offset; what it holds was written in UTC by the method above.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumSet(TypeDecorator[tuple[str, ...]]):
    """A set of codes ⇄ BIGINT bit mask; NULL is unknown, 0 the empty set. Read back as a tuple in declared order.

    `codes` is append-only: a code's position is its bit, so reordering or removing one would change stored rows.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, codes: tuple[str, ...]) -> None:
        if len(codes) > _ENUM_SET_MAX_CODES or len(set(codes)) != len(codes):
            raise ValueError(f"代码须互不相同且不超过 {_ENUM_SET_MAX_CODES} 个")
        super().__init__()
        self.codes = codes
        self._bits = {code: 1 << bit for bit, code in enumerate(codes)}

    def mask(self, codes: Collection[str]) -> int:
        """The bits of `codes`. Raises ValueError for a code that was never declared."""
        if isinstance(codes, str):
            raise TypeError("应为代码的集合，不是单个字符串")
        try:
            return sum(self._bits[code] for code in set(codes))
        except KeyError:
            unknown = sorted(set(codes) - set(self.codes))
            raise ValueError(f"未知代码：{'、'.join(unknown)}") from None

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> int | None:
        return None if value is None else self.mask(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> tuple[str, ...] | None:
        if value is None:
            return None
        if value >> len(self.codes):
            raise LookupError("库中的集合含有本版本不认识的代码，请先升级程序")
        return tuple(code for bit, code in enumerate(self.codes) if value >> bit & 1)


SetColumn = ColumnElement[Any] | InstrumentedAttribute[Any]


def overlaps(column: SetColumn, codes: Collection[str]) -> ColumnElement[bool]:
    """SQL: the EnumSet column shares a code with `codes`; NULL where the set is unknown."""
    return type_coerce(column, BigInteger).bitwise_and(_mask_for(column, codes)) != 0


def contains_all(column: SetColumn, codes: Collection[str]) -> ColumnElement[bool]:
    """SQL: the EnumSet column holds every one of `codes`; NULL where the set is unknown."""
    mask = _mask_for(column, codes)
    return type_coerce(column, BigInteger).bitwise_and(mask) == mask


def _mask_for(column: SetColumn, codes: Collection[str]) -> int:
    return cast(EnumSet, column.type).mask(codes)
