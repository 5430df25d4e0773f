"""Drafts of programme versions, written over the API by the office that issues the rule."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_OPEN = text("status = 'draft'")


class ProgrammeDraft(Keyed, Base):
    """What a programme is to become, and who wrote it; once published it names the version that it became.

    The programme itself may not exist yet, so the draft names it by slug. `revision` is for optimistic locking.
    """

    __tablename__ = "programme_draft"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'published', 'withdrawn')", name="status"),
        CheckConstraint("(status = 'published') = (version_id IS NOT NULL)", name="published"),
        CheckConstraint("drafted_by <> published_by", name="two_people"),
        Index("uq_programme_draft_open", "slug", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("uq_programme_draft_version", "version_id", unique=True),
    )

    slug: Mapped[str] = mapped_column(String(64))
    author: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), default="draft")
    revision: Mapped[int] = mapped_column(default=1)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Who wrote it and who published it, where that was a person; never the same one.
    drafted_by: Mapped[uuid.UUID | None]
    published_by: Mapped[uuid.UUID | None]
    version_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("programme_version.id"))
