"""Support programmes and their append-only versions, so that a decision of any past day can be replayed."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime


class Programme(Keyed, Base):
    """A programme is its slug; all that can change about it stands in its versions."""

    __tablename__ = "programme"

    slug: Mapped[str] = mapped_column(String(64), unique=True)


class ProgrammeVersion(Keyed, Base):
    """What was recorded about a programme from one instant to the next; the open version has no `recorded_to`.

    What was published over the API (`origin`) is not taken back by loading the seeds again.

    `valid_from` and `valid_to` (half open) are the programme's own validity; NULL means that the text states none.
    """

    __tablename__ = "programme_version"
    __table_args__ = (
        UniqueConstraint("programme_id", "version"),
        Index(
            "uq_programme_version_open",
            "programme_id",
            unique=True,
            sqlite_where=text("recorded_to IS NULL"),
            postgresql_where=text("recorded_to IS NULL"),
        ),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("recorded_to > recorded_from", name="recorded"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("force IN ('O', 'E', 'I')", name="force"),
        CheckConstraint("confidence IN ('original', 'secondary')", name="confidence"),
        CheckConstraint("length(content_hash) = 64", name="content_hash"),
        CheckConstraint("origin IN ('seed', 'api')", name="origin"),
    )

    programme_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    recorded_from: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_to: Mapped[datetime | None] = mapped_column(UtcDateTime)
    content_hash: Mapped[str] = mapped_column(String(64))
    territory: Mapped[str] = mapped_column(String(12))
    force: Mapped[str] = mapped_column(String(1))
    confidence: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    origin: Mapped[str] = mapped_column(String(8), default="seed", server_default="seed")
