"""What the white list asks of whoever is nominated, and the reasons that a refusal may name: data, dated."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json


class WhitelistRule(Keyed, Base):
    """One rule for institutions or for projects, from `valid_from` until `valid_to` (half open; NULL: until further
    notice). An admission rule must be met; an exclusion rule says what excludes.

    `document` is the policy document within which its clauses are cited.
    """

    __tablename__ = "whitelist_rule"
    __table_args__ = (
        UniqueConstraint("slug", "valid_from"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("subject_kind IN ('institution', 'project')", name="subject_kind"),
        CheckConstraint("effect IN ('admission', 'exclusion')", name="effect"),
    )

    slug: Mapped[str] = mapped_column(String(80))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    name: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(String(12))
    effect: Mapped[str] = mapped_column(String(12))
    document: Mapped[str] = mapped_column(String(80))
    rule: Mapped[dict[str, Any]] = mapped_column(Json)


class WhitelistReason(Keyed, Base):
    """A reason by its code, for the actions of `used_for`. One that is no longer used keeps its row for the past."""

    __tablename__ = "whitelist_reason"
    __table_args__ = (UniqueConstraint("code"), CheckConstraint("valid_to > valid_from", name="valid"))

    code: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(Text)
    used_for: Mapped[list[str]] = mapped_column(Json)
    # The place in the list that people choose from.
    ordinal: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
