"""Access: organisations, people, what they prove themselves with, consents, the audit trail, answers given once.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
MADE_BY_TWO = ("programme_draft", "product_version")
# The reverse of the order in which they refer to each other.
DROPPED = (
    *(
        "idempotent_answer",
        "audit_seal",
        "audit_head",
        "audit_event",
        "consent_field",
        "consent",
        "pending_oidc",
        "failed_sign_in",
    ),
    *("api_key", "sign_in_session", "institution_code", "handover", "password_history", "account", "organisation"),
)


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    _create_organisation()
    _create_account()
    _create_password_history()
    _create_handover()
    _create_institution_code()
    _create_sign_in_session()
    _create_api_key()
    _create_failed_sign_in()
    _create_pending_oidc()
    _create_consent()
    _create_audit_event()
    _create_audit_chains()
    _create_idempotent_answer()
    for table in MADE_BY_TWO:
        _name_two_people(table)


def downgrade() -> None:
    """Take everything away again, and with it the trail."""
    for table in MADE_BY_TWO:
        if op.get_context().dialect.name == "postgresql":
            op.drop_constraint(op.f(f"ck_{table}_two_people"), table)
        # The check stands at the later column, which goes first.
        op.execute(f"ALTER TABLE {table} DROP COLUMN published_by")
        op.execute(f"ALTER TABLE {table} DROP COLUMN drafted_by")
    for table in DROPPED:
        op.drop_table(table)


def _name_two_people(table: str) -> None:
    """Who drafted and who published, never the same. Written out, since batch mode would rebuild a table's triggers."""
    uuid = "UUID" if op.get_context().dialect.name == "postgresql" else "CHAR(32)"
    op.execute(f"ALTER TABLE {table} ADD COLUMN drafted_by {uuid}")
    check = f"CONSTRAINT ck_{table}_two_people CHECK (drafted_by <> published_by)"
    op.execute(f"ALTER TABLE {table} ADD COLUMN published_by {uuid} {check}")


def _create_organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("bank_id", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("(kind = 'bank') = (bank_id IS NOT NULL)", name=op.f("ck_organisation_bank")),
        sa.CheckConstraint(
            "(kind = 'institution') = (institution_id IS NOT NULL)", name=op.f("ck_organisation_institution")
        ),
        sa.CheckConstraint(
            "kind IN ('civil_affairs', 'pboc', 'bank', 'institution', 'finance', 'audit', 'operator')",
            name=op.f("ck_organisation_kind"),
        ),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_organisation_parent")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_organisation_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_organisation_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["organisation.id"], name=op.f("fk_organisation_parent_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("code", name=op.f("uq_organisation_code")),
    )
    op.create_index(op.f("ix_organisation_parent_id"), "organisation", ["parent_id"])
    op.create_index("uq_organisation_institution", "organisation", ["institution_id"], unique=True)


def _create_account() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("login", sa.String(length=80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", sa.BigInteger(), nullable=False),
        sa.Column("role_stamp", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("password_changed_at", INSTANT, nullable=True),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_confirmed_at", INSTANT, nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("oidc_subject", sa.String(length=255), nullable=True),
        sa.Column("away_from", sa.Date(), nullable=True),
        sa.Column("away_to", sa.Date(), nullable=True),
        sa.Column("deputy_id", sa.Uuid(), nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("away_to > away_from", name=op.f("ck_account_away")),
        sa.CheckConstraint("deputy_id <> id", name=op.f("ck_account_deputy")),
        sa.ForeignKeyConstraint(["deputy_id"], ["account.id"], name=op.f("fk_account_deputy_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_account_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("oidc_subject", name=op.f("uq_account_oidc_subject")),
    )
    op.create_index(op.f("ix_account_organisation_id"), "account", ["organisation_id"])


def _create_password_history() -> None:
    op.create_table(
        "password_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("replaced_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_password_history_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_history")),
    )
    op.create_index(
        op.f("ix_password_history_account_id_replaced_at"),
        "password_history",
        ["account_id", "replaced_at"],
        unique=False,
    )


def _create_handover() -> None:
    op.create_table(
        "handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_account_id", sa.Uuid(), nullable=False),
        sa.Column("to_account_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_handover_ends_on")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_handover_two_people")),
        sa.ForeignKeyConstraint(["from_account_id"], ["account.id"], name=op.f("fk_handover_from_account_id_account")),
        sa.ForeignKeyConstraint(["made_by"], ["account.id"], name=op.f("fk_handover_made_by_account")),
        sa.ForeignKeyConstraint(["to_account_id"], ["account.id"], name=op.f("fk_handover_to_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_index(op.f("ix_handover_from_account_id"), "handover", ["from_account_id"])
    op.create_index(op.f("ix_handover_to_account_id"), "handover", ["to_account_id"])


def _create_institution_code() -> None:
    op.create_table(
        "institution_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("used_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(used_at IS NULL) = (used_by IS NULL)", name=op.f("ck_institution_code_used")),
        sa.CheckConstraint("length(code_hash) = 64", name=op.f("ck_institution_code_code_hash")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_code_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["issued_by"], ["account.id"], name=op.f("fk_institution_code_issued_by_account")),
        sa.ForeignKeyConstraint(["used_by"], ["account.id"], name=op.f("fk_institution_code_used_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_institution_code_code_hash")),
    )
    op.create_index(op.f("ix_institution_code_institution_id"), "institution_code", ["institution_id"])


def _create_sign_in_session() -> None:
    op.create_table(
        "sign_in_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("carrier", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role_stamp", sa.Integer(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("csrf_hash", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("ended_because", sa.String(length=24), nullable=True),
        sa.CheckConstraint("carrier IN ('cookie', 'bearer')", name=op.f("ck_sign_in_session_carrier")),
        sa.CheckConstraint("length(token_hash) = 64", name=op.f("ck_sign_in_session_token_hash")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sign_in_session_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_in_session_token_hash")),
    )
    op.create_index(op.f("ix_sign_in_session_account_id"), "sign_in_session", ["account_id"])


def _create_api_key() -> None:
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("revoked_at", INSTANT, nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_api_key_expires_at")),
        sa.CheckConstraint("length(secret_hash) = 64", name=op.f("ck_api_key_secret_hash")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_key_account_id_account")),
        sa.ForeignKeyConstraint(["issued_by"], ["account.id"], name=op.f("fk_api_key_issued_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_key_public_id")),
    )
    op.create_index(op.f("ix_api_key_account_id"), "api_key", ["account_id"])


def _create_failed_sign_in() -> None:
    op.create_table(
        "failed_sign_in",
        sa.Column("guessed_at", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", INSTANT, nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.CheckConstraint("length(guessed_at) = 64", name=op.f("ck_failed_sign_in_guessed_at")),
        sa.PrimaryKeyConstraint("guessed_at", name=op.f("pk_failed_sign_in")),
    )


def _create_pending_oidc() -> None:
    op.create_table(
        "pending_oidc",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=80), nullable=False),
        sa.Column("code_verifier", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_pending_oidc")),
    )


def _create_consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("attachment_id", sa.Uuid(), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('loan_application', 'due_diligence', 'post_loan', 'matching')", name=op.f("ck_consent_purpose")
        ),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_consent_withdrawn")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_consent_valid")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_consent_attachment_id_attachment")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_consent_bank_id_bank")),
        sa.ForeignKeyConstraint(["granted_by"], ["account.id"], name=op.f("fk_consent_granted_by_account")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_consent_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["account.id"], name=op.f("fk_consent_withdrawn_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    op.create_index(op.f("ix_consent_bank_id"), "consent", ["bank_id"])
    op.create_index(op.f("ix_consent_institution_id_bank_id"), "consent", ["institution_id", "bank_id"])
    op.create_table(
        "consent_field",
        sa.Column("consent_id", sa.Uuid(), nullable=False),
        sa.Column("fact", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["consent_id"], ["consent.id"], name=op.f("fk_consent_field_consent_id_consent")),
        sa.PrimaryKeyConstraint("consent_id", "fact", name=op.f("pk_consent_field")),
    )


def _create_audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("chain", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.String(length=80), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("account_name", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_name", sa.Text(), nullable=True),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("credential", sa.String(length=64), nullable=False),
        sa.Column("object_type", sa.String(length=40), nullable=True),
        sa.Column("object_id", sa.String(length=120), nullable=True),
        sa.Column("changes", JSON, nullable=True),
        sa.Column("detail", JSON, nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'refused')", name=op.f("ck_audit_event_outcome")),
        sa.CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name=op.f("ck_audit_event_hashes")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_audit_event_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
        sa.UniqueConstraint("chain", "day", "number", name=op.f("uq_audit_event_chain_day_number")),
    )
    op.create_index(op.f("ix_audit_event_account_id_at"), "audit_event", ["account_id", "at"])
    op.create_index(op.f("ix_audit_event_at"), "audit_event", ["at"])
    op.create_index(op.f("ix_audit_event_object_id"), "audit_event", ["object_id"])


def _create_audit_chains() -> None:
    op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", "day", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed_at", INSTANT, nullable=False),
        sa.Column("heads", JSON, nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("length(hash) = 64 AND length(previous_hash) = 64", name=op.f("ck_audit_seal_hashes")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seal")),
        sa.UniqueConstraint("number", name=op.f("uq_audit_seal_number")),
    )


def _create_idempotent_answer() -> None:
    op.create_table(
        "idempotent_answer",
        sa.Column("caller", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(fingerprint) = 64", name=op.f("ck_idempotent_answer_fingerprint")),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotent_answer")),
    )
    op.create_index(op.f("ix_idempotent_answer_created_at"), "idempotent_answer", ["created_at"])
