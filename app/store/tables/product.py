"""Loan products and their versions: a draft may change, a published version never does."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_OPEN_DRAFT = text("published_at IS NULL AND withdrawn_at IS NULL")


class Product(Keyed, Base):
    """A product is its slug and its bank; all that can change about it stands in its versions."""

    __tablename__ = "product"
    __table_args__ = (Index(None, "bank_id"),)

    slug: Mapped[str] = mapped_column(String(80), unique=True)
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ProductVersion(Keyed, Base):
    """One version: a draft until `published_at`. A trigger on both databases then holds everything but a withdrawal.

    It is offered from `valid_from` until `valid_to` (half open), until a later version begins, or until `withdrawn_on`,
    whichever comes first. `revision` counts its changes for optimistic locking. `regions` repeats the codes of the body
    between commas (empty: everywhere), so that a list can be filtered by them.
    """

    __tablename__ = "product_version"
    __table_args__ = (
        UniqueConstraint("product_id", "number"),
        Index(
            "uq_product_version_draft",
            "product_id",
            unique=True,
            sqlite_where=_OPEN_DRAFT,
            postgresql_where=_OPEN_DRAFT,
        ),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("length(content_hash) = 64", name="content_hash"),
        CheckConstraint("(published_at IS NULL) = (published_on IS NULL)", name="published"),
        CheckConstraint("drafted_by <> published_by", name="two_people"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_on IS NULL)", name="withdrawn"),
    )

    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("product.id"))
    number: Mapped[int]
    revision: Mapped[int] = mapped_column(default=1)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    content_hash: Mapped[str] = mapped_column(String(64))
    regions: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_on: Mapped[date | None]
    # Who wrote it and who published it, where that was a person; never the same one.
    drafted_by: Mapped[uuid.UUID | None]
    published_by: Mapped[uuid.UUID | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_on: Mapped[date | None]
