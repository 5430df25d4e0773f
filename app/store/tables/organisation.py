"""Organisations in a tree, the people who act for them, and the proof that somebody speaks for an institution."""

import uuid
from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import EnumSet, UtcDateTime

# Append-only, like every set of codes: the position of a code is its bit in stored rows.
ROLE_CODES: Final = (
    "civil_affairs",
    "pboc",
    "bank",
    "institution",
    "finance",
    "auditor",
    "system_admin",
    "security_admin",
    "audit_admin",
)
_KINDS = "kind IN ('civil_affairs', 'pboc', 'bank', 'institution', 'finance', 'audit', 'operator')"


class Organisation(Keyed, Base):
    """An office, a bank or one of its branches, an institution, or the operator of this service.

    `region_code` bounds what its people see: 140000 the province, 140300 a city, 140302 a county. A bank's office names
    its bank, an institution's its institution; the others name neither.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint(_KINDS, name="kind"),
        CheckConstraint("(kind = 'bank') = (bank_id IS NOT NULL)", name="bank"),
        CheckConstraint("(kind = 'institution') = (institution_id IS NOT NULL)", name="institution"),
        CheckConstraint("parent_id <> id", name="parent"),
        Index(None, "parent_id"),
        Index("uq_organisation_institution", "institution_id", unique=True),
    )

    code: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    region_code: Mapped[str] = mapped_column(String(6))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organisation.id"))
    bank_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("bank.id"))
    institution_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("institution.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Account(Keyed, Base):
    """A person at an organisation. Accounts are closed, never deleted: the trail names them for ever.

    `role_stamp` grows whenever roles, organisation or password change; a session of an older stamp is dead.
    `totp_secret` is encrypted; `totp_step` is the last time step that was used, so that no code works twice.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("away_to > away_from", name="away"),
        CheckConstraint("deputy_id <> id", name="deputy"),
        Index(None, "organisation_id"),
    )

    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    login: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(Text)
    roles: Mapped[tuple[str, ...]] = mapped_column(EnumSet(ROLE_CODES))
    role_stamp: Mapped[int] = mapped_column(default=1)
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    must_change_password: Mapped[bool] = mapped_column(default=True)
    totp_secret: Mapped[str | None] = mapped_column(Text)
    totp_confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    totp_step: Mapped[int | None]
    oidc_subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    away_from: Mapped[date | None]
    away_to: Mapped[date | None]
    deputy_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PasswordHistory(Keyed, Base):
    """A password that an account no longer uses; the profile says how many of them may not come back."""

    __tablename__ = "password_history"
    __table_args__ = (Index(None, "account_id", "replaced_at"),)

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    password_hash: Mapped[str] = mapped_column(Text)
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Handover(Keyed, Base):
    """The open work of one person given to another, until a day or for good."""

    __tablename__ = "handover"
    __table_args__ = (
        CheckConstraint("from_account_id <> to_account_id", name="two_people"),
        CheckConstraint("ends_on > starts_on", name="ends_on"),
        Index(None, "from_account_id"),
        Index(None, "to_account_id"),
    )

    from_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    to_account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    made_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class InstitutionCode(Keyed, Base):
    """A code by which a county bureau lets one person prove that he or she speaks for an institution. Works once."""

    __tablename__ = "institution_code"
    __table_args__ = (
        CheckConstraint("length(code_hash) = 64", name="code_hash"),
        CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name="used"),
        Index(None, "institution_id"),
    )

    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    code_hash: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
