"""Dated parameters: the only place where a policy's number stands, with unit and citation."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json


class ParameterValue(Keyed, Base):
    """The value of one parameter from `valid_from` until `valid_to` (half open; NULL: until further notice).

    `value` is the text of the seed, read as `type` says, so that a decimal keeps its digits.
    """

    __tablename__ = "parameter_value"
    __table_args__ = (
        UniqueConstraint("key", "valid_from"),
        CheckConstraint("valid_to > valid_from", name="valid"),
    )

    key: Mapped[str] = mapped_column(String(96))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    type: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(Text)
    unit: Mapped[str | None] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    citation: Mapped[dict[str, Any] | None] = mapped_column(Json)
