"""Banks, and the central bank's relending tools with the lenders that may use them."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_KINDS = (
    "kind IN ('policy', 'state_owned', 'joint_stock', 'city_commercial', 'rural_commercial', 'rural_cooperative', "
    "'village', 'foreign')"
)


class Bank(Keyed, Base):
    """A bank that offers products here. `code` is its slug; `region_code` is where its office for them sits."""

    __tablename__ = "bank"
    __table_args__ = (CheckConstraint(_KINDS, name="kind"),)

    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(24))
    region_code: Mapped[str] = mapped_column(String(6))
    national: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RelendingList(Keyed, Base):
    """A relending tool; which banks may use it on a day stands in its lenders."""

    __tablename__ = "relending_list"

    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(Text)
    citation: Mapped[dict[str, Any]] = mapped_column(Json)
    note: Mapped[str | None] = mapped_column(Text)


class RelendingLender(Keyed, Base):
    """One bank on the list of a tool from a day until another (half open). It need not offer anything here."""

    __tablename__ = "relending_lender"
    __table_args__ = (
        UniqueConstraint("list_id", "bank_code", "valid_from"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint(_KINDS, name="kind"),
        Index(None, "bank_code"),
    )

    list_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("relending_list.id"))
    bank_code: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(24))
    national: Mapped[bool]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
