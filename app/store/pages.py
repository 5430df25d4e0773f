"""Keyset pages: a page begins after the last row of the one before, so none is slow and none shifts under writers.

The cursor carries the sort values of that row. It is opaque and signed, and bound to the list and its filters: a
cursor of one list says nothing about another, and a changed filter refuses it instead of skipping rows.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Integer, Row, Select, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.errors import FieldError, Unprocessable

DEFAULT_SIZE: Final = 50
MAX_SIZE: Final = 200
_SIGNATURE_BYTES: Final = 16
_LONGEST_CURSOR: Final = 2_000


class CursorRefused(Unprocessable):
    """The cursor is not one of ours, or belongs to other filters."""

    code = "cursor_refused"
    title = "翻页游标无效"

    def __init__(self) -> None:
        detail = "游标无效，或筛选条件已改变；请去掉 cursor，从第一页重新查询"
        super().__init__(detail, errors=(FieldError("/query/cursor", self.code, detail),))


@dataclass(frozen=True, slots=True)
class Key:
    """One column of the order. Never NULL; the last key of an order is unique."""

    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    descending: bool = False

    @property
    def ordered(self) -> ColumnElement[Any]:
        return self.column.desc() if self.descending else self.column.asc()

    def beyond(self, value: object) -> ColumnElement[bool]:
        """SQL: later in the order than `value`."""
        return self.column < value if self.descending else self.column > value


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the query as it was given, the keys appended, and the cursor of the page after, if there is one."""

    rows: Sequence[Row[Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class PageAsked:
    """What a caller asks: how many rows, after which cursor, under which filters (JSON values) of which list."""

    bound: Mapping[str, object]
    cursor: str | None = None
    size: int = DEFAULT_SIZE


class Pages:
    """Cuts queries into pages; one per app, made with the secret that all workers share."""

    def __init__(self, secret: str) -> None:
        self._secret = hashlib.sha256(b"yinqiao cursor\0" + secret.encode()).digest()

    def take(self, session: Session, query: Select[*tuple[Any, ...]], order: Sequence[Key], asked: PageAsked) -> Page:
        """The page that was asked for. Raises CursorRefused."""
        keyed = query.add_columns(*(key.column.label(f"page_key_{place}") for place, key in enumerate(order)))
        if asked.cursor is not None:
            keyed = keyed.where(_after(order, self._read(asked.cursor, asked.bound, len(order))))
        size = min(asked.size, MAX_SIZE)
        # One row more than is shown says whether there is a next page.
        rows = session.execute(keyed.order_by(*(key.ordered for key in order)).limit(at_most(size + 1))).all()
        if len(rows) <= size:
            return Page(rows, None)
        return Page(rows[:size], self._write(rows[size - 1][-len(order) :], asked.bound))

    def after(self, values: Sequence[object], bound: Mapping[str, object]) -> str:
        """The cursor of whatever will come after these sort values, for lists that grow at their end."""
        return self._write(values, bound)

    def _write(self, values: Sequence[object], bound: Mapping[str, object]) -> str:
        content = json.dumps([_pack(value) for value in values], ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(content, bound) + content).rstrip(b"=").decode("ascii")

    def _read(self, cursor: str, bound: Mapping[str, object], length: int) -> list[object]:
        try:
            padding = b"=" * (-len(cursor) % 4)
            signed = base64.b64decode(cursor.encode("ascii") + padding, altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise CursorRefused from None
        signature, content = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
        if len(cursor) > _LONGEST_CURSOR or not hmac.compare_digest(signature, self._signature(content, bound)):
            raise CursorRefused
        values = [_unpack(*packed) for packed in json.loads(content)]
        if len(values) != length:
            raise CursorRefused
        return values

    def _signature(self, content: bytes, bound: Mapping[str, object]) -> bytes:
        filters = json.dumps(bound, ensure_ascii=False, sort_keys=True, default=str).encode()
        message = len(filters).to_bytes(8) + filters + content
        return hmac.new(self._secret, message, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def at_most(rows: int) -> BindParameter[int]:
    """A LIMIT that stands in the statement as a number.

    As a parameter it is unknown to the plan that PostgreSQL keeps for a prepared statement, which is then made for a
    tenth of all rows. That plan is either refused, so that each page is planned anew (8 of 10 ms for a long rule), or
    taken, and reads far too much (22 ms instead of 11).
    """
    return literal(rows, Integer, literal_execute=True)


def count_rows(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    """The exact number of rows of a query, all pages together."""
    return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _after(order: Sequence[Key], values: Sequence[object]) -> ColumnElement[bool]:
    """SQL: the row comes after the one with these sort values."""
    if len({key.descending for key in order}) == 1:
        # One direction: a comparison of row values, which an index on the keys serves.
        left = tuple_(*(key.column for key in order))
        right = tuple_(*(literal(value, key.column.type) for key, value in zip(order, values, strict=True)))
        return left < right if order[0].descending else left > right
    paired = list(zip(order, values, strict=True))
    return or_(
        *(
            and_(*(before.column == same for before, same in paired[:place]), key.beyond(value))
            for place, (key, value) in enumerate(paired)
        )
    )


def _pack(value: object) -> list[object]:
    """A sort value with its type, as JSON."""
    match value:
        case UUID():
            return ["uuid", value.hex]
        case datetime():
            return ["at", value.isoformat()]
        case date():
            return ["on", value.isoformat()]
        case Decimal():
            return ["decimal", str(value)]
        case bool() | int() | str():
            return ["plain", value]
        case _:
            raise TypeError(f"{type(value).__name__} cannot order pages")


def _unpack(kind: str, packed: Any) -> object:
    match kind:
        case "uuid":
            return UUID(packed)
        case "at":
            return datetime.fromisoformat(packed)
        case "on":
            return date.fromisoformat(packed)
        case "decimal":
            return Decimal(packed)
        case _:
            return packed
