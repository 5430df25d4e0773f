"""What each bank does about each entry that was delivered to it, and what it asks of the institutions.

The database itself holds that there is one row for a bank and an entry, that its state is that of its last step, that
no step is taken that the table of transitions does not have, and that steps are never changed.
"""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.base import Base, Keyed
from app.store.types import Fen, Millionths, UtcDateTime

_STATES: Final = "state IN ('not_contacted', 'contacted', 'due_diligence', 'granted', 'disbursed', 'declined')"
_SUBJECT: Final = "subject_kind IN ('institution', 'project') AND (subject_kind = 'project') = (project_id IS NOT NULL)"
_REASONS: Final = (
    "reason_code IN ('no_need', 'unreachable', 'incomplete_file', 'outside_policy', 'repayment', 'credit_record', "
    "'security', 'terms_not_agreed', 'other_bank', 'other')"
)
_LOAN: Final = ("disbursed_yuan", "disbursed_on", "rate_percent", "loan_id")
_DISBURSED: Final = " AND ".join(f"(state = 'disbursed') = ({column} IS NOT NULL)" for column in _LOAN)
_UNDECIDED: Final = text("state IN ('not_contacted', 'contacted', 'due_diligence')")
_UNANSWERED: Final = text("refused_at IS NULL AND cancelled_at IS NULL")


class ReferralTransition(Base):
    """What a bank may do. The rows are those of app/referrals/states.py; a test says they are equal."""

    __tablename__ = "referral_transition"

    from_state: Mapped[str] = mapped_column(String(16), primary_key=True)
    action: Mapped[str] = mapped_column(String(16), primary_key=True)
    to_state: Mapped[str] = mapped_column(String(16), primary_key=True)


class Referral(Keyed, Base):
    """One bank and one entry. `step` is the number of its last step; `due_on` is the last day for the bank's decision.

    `delivered_step` is the last event of the entry that the bank was told of. The subsidy is an estimate at the
    disbursement, for the institution and for statistics; the bank is not shown it.
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint(_STATES, name="state"),
        CheckConstraint(_SUBJECT, name="subject"),
        CheckConstraint("due_on >= delivered_on", name="due_on"),
        CheckConstraint("(state IN ('granted', 'disbursed')) <= (granted_yuan IS NOT NULL)", name="granted"),
        CheckConstraint("(granted_yuan IS NULL) = (granted_on IS NULL)", name="granted_on"),
        CheckConstraint("granted_yuan > 0", name="granted_yuan"),
        CheckConstraint(_DISBURSED, name="disbursed"),
        CheckConstraint("disbursed_yuan > 0 AND disbursed_yuan <= granted_yuan", name="disbursed_yuan"),
        CheckConstraint("disbursed_on >= granted_on", name="disbursed_on"),
        CheckConstraint("(state = 'declined') = (reason_code IS NOT NULL)", name="declined"),
        CheckConstraint("(state = 'declined') = (declined_on IS NOT NULL)", name="declined_on"),
        CheckConstraint(_REASONS, name="reason_code"),
        CheckConstraint("(subsidy_yuan IS NULL) = (subsidy_programme IS NULL)", name="subsidy"),
        UniqueConstraint("bank_id", "entry_id"),
        # The state is always that of the last step; checked at the commit, because each names the other.
        ForeignKeyConstraint(
            ["id", "step", "state"],
            ["referral_step.referral_id", "referral_step.number", "referral_step.to_state"],
            name="fk_referral_last_step",
            deferrable=True,
            initially="DEFERRED",
            use_alter=True,
        ),
        Index(None, "bank_id", "institution_id"),
        Index(None, "bank_id", "due_on", "id"),
        Index(None, "institution_id"),
        Index(None, "entry_id"),
        Index(None, "region_code", "id"),
        Index("ix_referral_undecided", "due_on", "id", sqlite_where=_UNDECIDED, postgresql_where=_UNDECIDED),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    entry_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("whitelist_entry.id"))
    subject_kind: Mapped[str] = mapped_column(String(16))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    project_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("project.id"))
    name: Mapped[str] = mapped_column(Text)
    first_delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("delivery.id"))
    last_delivery_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("delivery.id"))
    delivered_step: Mapped[int]
    delivered_on: Mapped[date]
    due_on: Mapped[date]
    manager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(String(16))
    step: Mapped[int]
    contacted_on: Mapped[date | None]
    granted_yuan: Mapped[Decimal | None] = mapped_column(Fen)
    granted_on: Mapped[date | None]
    disbursed_yuan: Mapped[Decimal | None] = mapped_column(Fen)
    disbursed_on: Mapped[date | None]
    rate_percent: Mapped[Decimal | None] = mapped_column(Millionths)
    loan_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("loan.id"))
    declined_on: Mapped[date | None]
    reason_code: Mapped[str | None] = mapped_column(String(32))
    subsidy_programme: Mapped[str | None] = mapped_column(String(80))
    subsidy_yuan: Mapped[Decimal | None] = mapped_column(Fen)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReferralStep(Base):
    """One step of a referral; each names the one before.

    `happened_on` is the day on which it took place, `at` the instant at which it was written down. `internal_note` is
    the bank's own and shown to nobody else. Steps are never changed.
    """

    __tablename__ = "referral_step"
    __table_args__ = (
        UniqueConstraint("referral_id", "number", "to_state"),
        ForeignKeyConstraint(
            ["from_state", "action", "to_state"],
            ["referral_transition.from_state", "referral_transition.action", "referral_transition.to_state"],
            name="fk_referral_step_transition",
        ),
        ForeignKeyConstraint(
            ["referral_id", "previous", "from_state"],
            ["referral_step.referral_id", "referral_step.number", "referral_step.to_state"],
            name="fk_referral_step_previous",
        ),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("(number = 1) = (previous IS NULL)", name="first"),
        CheckConstraint("previous = number - 1", name="previous"),
        CheckConstraint("(number = 1) = (from_state = 'none')", name="from_none"),
        CheckConstraint("(action = 'assign') = (manager_id IS NOT NULL)", name="manager"),
        CheckConstraint("(action IN ('grant', 'disburse')) = (amount_yuan IS NOT NULL)", name="amount"),
        CheckConstraint("(action = 'disburse') = (rate_percent IS NOT NULL)", name="rate"),
        CheckConstraint("(action = 'decline') = (reason_code IS NOT NULL)", name="reason"),
        CheckConstraint(_REASONS, name="reason_code"),
    )

    referral_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    previous: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(16))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    happened_on: Mapped[date]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    manager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    amount_yuan: Mapped[Decimal | None] = mapped_column(Fen)
    rate_percent: Mapped[Decimal | None] = mapped_column(Millionths)
    reason_code: Mapped[str | None] = mapped_column(String(32))
    internal_note: Mapped[str | None] = mapped_column(Text)


class ConsentRequest(Keyed, Base):
    """A bank asks an institution that was delivered to it for a consent. Whether one was given, the consents say."""

    __tablename__ = "consent_request"
    __table_args__ = (
        CheckConstraint("valid_to > valid_from", name="valid"),
        CheckConstraint("purpose IN ('loan_application', 'due_diligence', 'post_loan', 'matching')", name="purpose"),
        CheckConstraint("(refused_at IS NULL) = (refused_by IS NULL)", name="refused"),
        CheckConstraint("(cancelled_at IS NULL) = (cancelled_by IS NULL)", name="cancelled"),
        CheckConstraint("refused_at IS NULL OR cancelled_at IS NULL", name="answered_once"),
        CheckConstraint("(refused_at IS NOT NULL) >= (refusal IS NOT NULL)", name="refusal"),
        Index(None, "institution_id", "id"),
        Index(None, "bank_id", "id"),
        Index(
            "ix_consent_request_unanswered",
            "institution_id",
            "bank_id",
            sqlite_where=_UNANSWERED,
            postgresql_where=_UNANSWERED,
        ),
    )

    region_code: Mapped[str] = mapped_column(String(6))
    institution_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("institution.id"))
    bank_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("bank.id"))
    purpose: Mapped[str] = mapped_column(String(24))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    requested_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refused_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refusal: Mapped[str | None] = mapped_column(Text)
    cancelled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class ConsentRequestField(Base):
    """One fact, by its key, that a bank asks to see."""

    __tablename__ = "consent_request_field"

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("consent_request.id"), primary_key=True)
    fact: Mapped[str] = mapped_column(String(80), primary_key=True)
