"""Batches of the white list: what is announced, what is objected, what is published; and the life of each entry.

The database itself holds that whoever drafted a batch does not publish it, that nothing is published before its notice
has ended, that a subject stands on the list once at a time, that the state of an entry is that of its last event, and
that nobody undoes or completes alone what he or she did last.
"""

import uuid
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.rules.codes import KINDS
from app.store.base import Base, Keyed
from app.store.types import EnumSet, Json, UtcDateTime

_BATCH_STATES: Final = "state IN ('draft', 'on_notice', 'published', 'abandoned')"
_ENTRY_STATES: Final = "state IN ('listed', 'suspended', 'removed', 'expired')"
_LEFT: Final = "left_reason IN ('taken_out', 'objection_upheld', 'withdrawn', 'abandoned')"
_SUBJECT: Final = "subject_kind IN ('institution', 'project') AND (subject_kind = 'project') = (project_id IS NOT NULL)"
# What a batch has from its publication on and never before.
_PUBLISHED: Final = ("number", "year", "ordinal", "document_number", "published_at", "published_on", "published_by")
_WHEN_PUBLISHED: Final = " AND ".join(f"(state = 'published') = ({column} IS NOT NULL)" for column in _PUBLISHED)
_IN_A_BATCH: Final = text("left_at IS NULL")
_LIVE_INSTITUTION: Final = text("subject_kind = 'institution' AND state IN ('listed', 'suspended')")
_LIVE_PROJECT: Final = text("subject_kind = 'project' AND state IN ('listed', 'suspended')")
_OPEN_OBJECTION: Final = text("decision IS NULL")


class Batch(Keyed, Base):
    """A batch: drafted, on public notice from `notice_from` to `notice_to` (both days included), published once.

    `drafted_by` is whoever changed it last before it was announced. A published batch never changes.
    """

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint(_BATCH_STATES, name="state"),
        CheckConstraint("published_by <> drafted_by", name="two_people"),
        CheckConstraint("(state IN ('on_notice', 'published')) <= (notice_to IS NOT NULL)", name="announced"),
        CheckConstraint("(notice_from IS NULL) = (notice_to IS NULL)", name="notice"),
        CheckConstraint("notice_to >= notice_from", name="notice_to"),
        CheckConstraint("published_on > notice_to", name="notice_over"),
        CheckConstraint(_WHEN_PUBLISHED, name="published"),
        UniqueConstraint("number"),
        UniqueConstraint("year", "ordinal"),
        Index(None, "state"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    title: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16), default="draft")
    notice_from: Mapped[date | None]
    notice_to: Mapped[date | None]
    announced_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    announced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    number: Mapped[str | None] = mapped_column(String(40))
    year: Mapped[int | None]
    ordinal: Mapped[int | None]
    document_number: Mapped[str | None] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    published_on: Mapped[date | None]
    published_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    abandoned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    abandoned_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    abandon_reason: Mapped[str | None] = mapped_column(Text)
    drafted_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BatchRow(Keyed, Base):
    """A nomination in a batch, until it leaves it. `printed` is the line of the list, frozen when it is announced.

    `serial` counts the lines as announced, and anew when the batch is published without those that have left it.
    """

    __tablename__ = "batch_row"
    __table_args__ = (
        CheckConstraint("(left_at IS NULL) = (left_reason IS NULL)", name="left"),
        CheckConstraint(_LEFT, name="left_reason"),
        Index(
            "uq_batch_row_nomination",
            "nomination_id",
            unique=True,
            sqlite_where=_IN_A_BATCH,
            postgresql_where=_IN_A_BATCH,
        ),
        Index(None, "batch_id", "nomination_id"),
    )

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"))
    nomination_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("nomination.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    serial: Mapped[int | None]
    printed: Mapped[dict[str, Any] | None] = mapped_column(Json)
    added_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_reason: Mapped[str | None] = mapped_column(String(16))


class Objection(Keyed, Base):
    """What somebody objected to a nomination on notice, as an office recorded it, and what the province decided."""

    __tablename__ = "objection"
    __table_args__ = (
        CheckConstraint("decision IN ('upheld', 'dismissed')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(decision IS NULL) = (decided_by IS NULL)", name="decided_by"),
        CheckConstraint("(decision IS NULL) = (reason IS NULL)", name="reason"),
        Index(None, "batch_id", "id"),
        Index(
            "ix_objection_open",
            "nomination_id",
            sqlite_where=_OPEN_OBJECTION,
            postgresql_where=_OPEN_OBJECTION,
        ),
    )

    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"))
    nomination_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("nomination.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    person: Mapped[str] = mapped_column(Text)
    grounds: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class EntryTransition(Base):
    """What may become of an entry. The rows are those of app/whitelist/entry_states.py; a test says they are equal."""

    __tablename__ = "entry_transition"

    from_state: Mapped[str] = mapped_column(String(16), primary_key=True)
    action: Mapped[str] = mapped_column(String(16), primary_key=True)
    to_state: Mapped[str] = mapped_column(String(16), primary_key=True)


class WhitelistEntry(Keyed, Base):
    """A subject on the list, from `valid_from` until `valid_to` (exclusive). `step` is the number of its last event."""

    __tablename__ = "whitelist_entry"
    __table_args__ = (
        CheckConstraint(_ENTRY_STATES, name="state"),
        CheckConstraint(_SUBJECT, name="subject"),
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("serial >= 1", name="serial"),
        UniqueConstraint("nomination_id"),
        UniqueConstraint("batch_id", "serial"),
        # The state is always that of the last event; checked at the commit, because each names the other.
        ForeignKeyConstraint(
            ["id", "step", "state"],
            ["whitelist_event.entry_id", "whitelist_event.number", "whitelist_event.to_state"],
            name="fk_whitelist_entry_last_event",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index(
            "uq_whitelist_entry_institution",
            "institution_id",
            unique=True,
            sqlite_where=_LIVE_INSTITUTION,
            postgresql_where=_LIVE_INSTITUTION,
        ),
        Index(
            "uq_whitelist_entry_project",
            "project_id",
            unique=True,
            sqlite_where=_LIVE_PROJECT,
            postgresql_where=_LIVE_PROJECT,
        ),
        Index(None, "region_code", "id"),
        Index(None, "institution_id"),
        Index(None, "state", "valid_to"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"))
    serial: Mapped[int]
    nomination_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("nomination.id"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    # What kinds of institution it was; NULL for a project and where unknown.
    kinds: Mapped[tuple[str, ...] | None] = mapped_column(EnumSet(tuple(KINDS)))
    # What the list prints of it, as announced; never changed.
    printed: Mapped[dict[str, Any]] = mapped_column(Json)
    # The printed name as people type it (see app/store/search.py).
    search_key: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    step: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EntrySnapshot(Base):
    """The facts, attestations and attachment digests of a subject at its admission. Written once."""

    __tablename__ = "entry_snapshot"

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("whitelist_entry.id"), primary_key=True)
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    snapshot: Mapped[dict[str, Any]] = mapped_column(Json)


class WhitelistEvent(Base):
    """One thing that became of an entry; each names the one before. `sequence` is the order of the commits.

    `valid_to` is how long the entry is valid as of this event. Events are never changed.
    """

    __tablename__ = "whitelist_event"
    __table_args__ = (
        UniqueConstraint("entry_id", "number", "to_state"),
        UniqueConstraint("entry_id", "number", "account_id"),
        UniqueConstraint("sequence"),
        ForeignKeyConstraint(
            ["from_state", "action", "to_state"],
            ["entry_transition.from_state", "entry_transition.action", "entry_transition.to_state"],
            name="fk_whitelist_event_transition",
        ),
        ForeignKeyConstraint(
            ["entry_id", "previous", "from_state"],
            ["whitelist_event.entry_id", "whitelist_event.number", "whitelist_event.to_state"],
            name="fk_whitelist_event_previous",
        ),
        ForeignKeyConstraint(
            ["entry_id", "previous", "previous_account_id"],
            ["whitelist_event.entry_id", "whitelist_event.number", "whitelist_event.account_id"],
            name="fk_whitelist_event_previous_account",
        ),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(number = 1) = (previous IS NULL)", name="first"),
        CheckConstraint("previous = number - 1", name="previous"),
        CheckConstraint("(number = 1) = (from_state = 'none')", name="from_none"),
        CheckConstraint("(previous IS NULL) = (previous_account_id IS NULL)", name="previous_account"),
        CheckConstraint("(action = 'expire') = (account_id IS NULL)", name="account"),
        CheckConstraint("(action = 'expire') = (document_number IS NULL)", name="document_number"),
        CheckConstraint(
            "action NOT IN ('reinstate', 'remove', 'renew') OR account_id <> previous_account_id", name="two_people"
        ),
    )

    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("whitelist_entry.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous: Mapped[int | None]
    previous_account_id: Mapped[uuid.UUID | None]
    action: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    effective_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    reason_code: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[str | None] = mapped_column(Text)
    document_number: Mapped[str | None] = mapped_column(Text)
    valid_to: Mapped[date]
    sequence: Mapped[int]
