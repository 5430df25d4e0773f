"""Counters behind the human numbers: provisional registry numbers, batches, applications."""

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base


class Counter(Base):
    """The last number given out of a kind, in a region, in a year."""

    __tablename__ = "counter"
    __table_args__ = (CheckConstraint("value >= 1", name="value"),)

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    region_code: Mapped[str] = mapped_column(String(6), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]
