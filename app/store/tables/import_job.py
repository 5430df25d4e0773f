"""Imports of workbooks: the file that was sent, what is to become of each of its rows, and the work that does it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Json, UtcDateTime


class ImportJob(Keyed, Base):
    """A workbook that somebody sent, from its check to its undoing. Its content is stored once, under its hash.

    `options` of the apply are the mode (all rows or none, or those that can be) and what becomes of possible
    duplicates. `columns` tells the headings that were not understood.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint(
            "state IN ('checking', 'checked', 'unreadable', 'applying', 'applied', 'undoing', 'undone')", name="state"
        ),
        CheckConstraint("mode IN ('atomic', 'partial')", name="mode"),
        CheckConstraint("duplicates IN ('hold', 'add')", name="duplicates"),
        CheckConstraint("(applied_at IS NOT NULL) = (state IN ('applied', 'undoing', 'undone'))", name="applied"),
        CheckConstraint("(undone_at IS NOT NULL) = (state = 'undone')", name="undone"),
        Index(None, "region_code", "id"),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    file_name: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    dry_run: Mapped[bool]
    mode: Mapped[str] = mapped_column(String(8))
    duplicates: Mapped[str] = mapped_column(String(8))
    columns: Mapped[dict[str, Any] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportRow(Base):
    """One row of the sheet, by its number there: what it says (`given`), and what it would do to the registry.

    `given` is taken away once the row is written. `written_version` is the version that the institution then had: if
    it has another one, somebody has changed it since. `need_id` is the need that was added with it.
    """

    __tablename__ = "import_row"
    __table_args__ = (
        CheckConstraint(
            "outcome IN ('added', 'updated', 'unchanged', 'duplicate', 'wrong', 'changed')", name="outcome"
        ),
        Index(None, "import_id", "outcome", "number"),
        Index(None, "import_id", "identity"),
        Index(None, "institution_id"),
    )

    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_job.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))
    # What tells two rows of one sheet apart: code and site, or county and name.
    identity: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(Text)
    uscc: Mapped[str | None] = mapped_column(String(18))
    site_number: Mapped[int]
    institution_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("institution.id"))
    need_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("need.id"))
    given: Mapped[dict[str, Any] | None] = mapped_column(Json)
    differences: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    duplicates: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    problems: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    written_version: Mapped[int | None]


class Operation(Keyed, Base):
    """Work that outlasts its request: how far it is, how it ended, and which process holds it until when.

    Every transaction of the work names the `lease` that it works under; whoever finds it expired takes the work over.
    """

    __tablename__ = "operation"
    __table_args__ = (
        CheckConstraint("kind IN ('check_import', 'apply_import', 'undo_import')", name="kind"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state"),
        CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name="lease"),
        CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name="lease_until"),
        CheckConstraint("(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished"),
        CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name="error"),
        Index(None, "state", "id"),
        Index(None, "import_id", "id"),
    )

    kind: Mapped[str] = mapped_column(String(32))
    region_code: Mapped[str] = mapped_column(String(6))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    credential: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(45))
    import_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_job.id"))
    state: Mapped[str] = mapped_column(String(8))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str | None] = mapped_column(String(80))
    error_detail: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
