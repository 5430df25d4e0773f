"""Messages to offices and institutions: what they have to know or do, until somebody there has read it."""

import uuid
from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import UtcDateTime

KIND_LENGTH: Final = 40
KEY_LENGTH: Final = 200
_UNREAD = text("read_at IS NULL")


class Message(Keyed, Base):
    """One message to an office or to an institution, never changed but for who read it first, and when.

    `region_code` is the recipient's. `key` says what the message is about so exactly that a recipient never gets two
    with the same one, however often it is sent. `subject_kind` and `subject_id` name the row that it is about.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("(organisation_id IS NULL) <> (institution_id IS NULL)", name="one_recipient"),
        CheckConstraint("(read_at IS NULL) = (read_by IS NULL)", name="read"),
        UniqueConstraint("organisation_id", "key"),
        UniqueConstraint("institution_id", "key"),
        Index(None, "organisation_id", "id"),
        Index(None, "institution_id", "id"),
        Index(
            "ix_message_unread_by_organisation",
            "organisation_id",
            sqlite_where=_UNREAD,
            postgresql_where=_UNREAD,
        ),
        Index(
            "ix_message_unread_by_institution",
            "institution_id",
            sqlite_where=_UNREAD,
            postgresql_where=_UNREAD,
        ),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    institution_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("institution.id"))
    kind: Mapped[str] = mapped_column(String(KIND_LENGTH))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str] = mapped_column(String(KIND_LENGTH))
    subject_id: Mapped[uuid.UUID]
    due_on: Mapped[date | None]
    key: Mapped[str] = mapped_column(String(KEY_LENGTH))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    read_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
