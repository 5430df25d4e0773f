"""Nominations for the white list, step by step: who moved which of them from where to where, at what level, and why."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime

_OPEN = text(
    "state IN ('draft', 'submitted', 'recommended', 'reviewed', 'approved', 'on_notice', 'returned', "
    "'county_appealed', 'city_appealed', 'province_appealed')"
)


class NominationTransition(Base):
    """What may lead where. Its rows are those of app/whitelist/states.py, and change with a migration only."""

    __tablename__ = "nomination_transition"

    from_state: Mapped[str] = mapped_column(String(20), primary_key=True)
    action: Mapped[str] = mapped_column(String(12), primary_key=True)
    to_state: Mapped[str] = mapped_column(String(20), primary_key=True)
    level: Mapped[str] = mapped_column(String(16), primary_key=True)


class Nomination(Keyed, Base):
    """An institution or one of its projects, nominated. It lies where its subject lies.

    `state` and `step` are those of its last step: the two rows refer to each other, which is checked as the transaction
    ends. `due_on` is the last day for whoever decides next. `subject_id` is the project's id or the institution's.
    """

    __tablename__ = "nomination"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("(subject_kind = 'project') = (project_id IS NOT NULL)", name="project"),
        CheckConstraint("subject_kind IN ('institution', 'project')", name="subject_kind"),
        CheckConstraint(
            "subject_id = CASE WHEN project_id IS NULL THEN institution_id ELSE project_id END", name="subject_id"
        ),
        ForeignKeyConstraint(
            ["id", "step", "state"],
            ["nomination_step.nomination_id", "nomination_step.number", "nomination_step.to_state"],
            name="fk_nomination_last_step",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index("uq_nomination_open", "subject_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index(None, "region_code", "id"),
        Index(None, "institution_id"),
        Index(None, "batch_id"),
    )

    number: Mapped[str] = mapped_column(String(32))
    region_code: Mapped[str] = mapped_column(String(6))
    subject_kind: Mapped[str] = mapped_column(String(12))
    subject_id: Mapped[uuid.UUID]
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    state: Mapped[str] = mapped_column(String(20))
    step: Mapped[int]
    due_on: Mapped[date | None]
    # The batch that has it on notice or has listed it.
    batch_id: Mapped[uuid.UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NominationActor(Base):
    """At which one level of a nomination somebody acts. The key lets nobody act at two."""

    __tablename__ = "nomination_actor"
    __table_args__ = (UniqueConstraint("nomination_id", "account_id", "level"),)

    nomination_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("nomination.id"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    level: Mapped[str] = mapped_column(String(16))


class NominationStep(Base):
    """One step, never changed: it begins where the one before ended, and is a row of the table of transitions.

    `in_place_of` says that the city took a step of a county whose office nobody holds. `checks` are the conditions as
    whoever decided saw them.
    """

    __tablename__ = "nomination_step"
    __table_args__ = (
        UniqueConstraint("nomination_id", "number", "to_state"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(number = 1) = (previous IS NULL)", name="first"),
        CheckConstraint("previous = number - 1", name="previous"),
        CheckConstraint("(number = 1) = (from_state = 'none')", name="from_state"),
        CheckConstraint("(level = 'batch') = (account_id IS NULL)", name="account_id"),
        CheckConstraint("account_id IS NULL OR organisation_id IS NOT NULL", name="organisation_id"),
        CheckConstraint("in_place_of IS NULL OR (in_place_of = 'county' AND level = 'county')", name="in_place_of"),
        CheckConstraint(
            "action NOT IN ('return', 'reject', 'dismiss', 'uphold') OR (reason_code IS NOT NULL AND note IS NOT NULL)",
            name="reason",
        ),
        ForeignKeyConstraint(
            ["nomination_id", "previous", "from_state"],
            ["nomination_step.nomination_id", "nomination_step.number", "nomination_step.to_state"],
            name="fk_nomination_step_previous",
        ),
        ForeignKeyConstraint(
            ["from_state", "action", "to_state", "level"],
            [
                "nomination_transition.from_state",
                "nomination_transition.action",
                "nomination_transition.to_state",
                "nomination_transition.level",
            ],
            name="fk_nomination_step_transition",
        ),
        ForeignKeyConstraint(
            ["nomination_id", "account_id", "level"],
            ["nomination_actor.nomination_id", "nomination_actor.account_id", "nomination_actor.level"],
            name="fk_nomination_step_actor",
        ),
    )

    nomination_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("nomination.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous: Mapped[int | None]
    from_state: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(12))
    to_state: Mapped[str] = mapped_column(String(20))
    level: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[uuid.UUID | None]
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason_code: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    in_place_of: Mapped[str | None] = mapped_column(String(12))
    checks: Mapped[dict[str, Any] | None] = mapped_column(Json)
