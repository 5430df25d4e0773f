"""Reference rates: dated series, each with the day up to which it is known."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, Millionths


class RateSeries(Keyed, Base):
    """One series, for example the one-year LPR. A day past `known_through` carries the last value and says so.

    `version` counts the changes made over the API, for optimistic locking.
    """

    __tablename__ = "rate_series"

    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(String(16))
    known_through: Mapped[date]
    citation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))


class RatePoint(Keyed, Base):
    """The value of a series, in percent, from `valid_from` until the next point; `origin` says who entered it."""

    __tablename__ = "rate_point"
    __table_args__ = (
        UniqueConstraint("series_id", "valid_from"),
        CheckConstraint("origin IN ('seed', 'api')", name="origin"),
    )

    series_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("rate_series.id"))
    valid_from: Mapped[date]
    rate_percent: Mapped[Decimal] = mapped_column(Millionths)
    origin: Mapped[str] = mapped_column(String(8), default="seed", server_default="seed")
    entered_by: Mapped[str | None] = mapped_column(Text)
