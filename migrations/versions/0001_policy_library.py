"""Policy library, programme catalogue, dated parameters and reference rates.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Plain types only: a revision must keep its meaning when the types of the app move on.
JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the nine tables of the catalogue in the order of their foreign keys."""
    _create_policy_document()
    _create_clause()
    _create_clause_text()
    _create_programme()
    _create_programme_version()
    _create_parameter_value()
    _create_rate_series()
    _create_department()


def downgrade() -> None:
    """Drop them in the reverse order."""
    for table in (
        "department",
        "rate_point",
        "rate_series",
        "parameter_value",
        "programme_version",
        "programme",
        "clause_text",
        "clause",
        "policy_document",
    ):
        op.drop_table(table)


def _create_policy_document() -> None:
    op.create_table(
        "policy_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("number", sa.String(64), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("territory", sa.String(12), nullable=False),
        sa.Column("issuers", JSON, nullable=False),
        sa.Column("source_kind", sa.String(16), nullable=False),
        sa.Column("status_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "source_kind IN ('original', 'forwarded', 'secondary')", name=op.f("ck_policy_document_source_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_document")),
        sa.UniqueConstraint("slug", name=op.f("uq_policy_document_slug")),
        sa.UniqueConstraint("number", name=op.f("uq_policy_document_number")),
    )


def _create_clause() -> None:
    op.create_table(
        "clause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("part", sa.String(64), nullable=True),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("departments", JSON, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("force", sa.String(1), nullable=False),
        sa.Column("decidability", sa.String(1), nullable=True),
        sa.CheckConstraint("ordinal >= 1", name=op.f("ck_clause_ordinal")),
        sa.CheckConstraint("force IN ('O', 'E', 'I')", name=op.f("ck_clause_force")),
        sa.CheckConstraint("decidability IN ('M', 'P')", name=op.f("ck_clause_decidability")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clause")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["policy_document.id"], name=op.f("fk_clause_document_id_policy_document")
        ),
        sa.UniqueConstraint("document_id", "key", name=op.f("uq_clause_document_id_key")),
    )


def _create_clause_text() -> None:
    op.create_table(
        "clause_text",
        sa.Column("clause_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("loaded_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(source_sha256) = 64", name=op.f("ck_clause_text_source_sha256")),
        sa.PrimaryKeyConstraint("clause_id", name=op.f("pk_clause_text")),
        sa.ForeignKeyConstraint(["clause_id"], ["clause.id"], name=op.f("fk_clause_text_clause_id_clause")),
    )


def _create_programme() -> None:
    op.create_table(
        "programme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("slug", name=op.f("uq_programme_slug")),
    )


def _create_programme_version() -> None:
    op.create_table(
        "programme_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("territory", sa.String(12), nullable=False),
        sa.Column("force", sa.String(1), nullable=False),
        sa.Column("confidence", sa.String(16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("body", JSON, nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_programme_version_version")),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_programme_version_recorded")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_programme_version_valid")),
        sa.CheckConstraint("force IN ('O', 'E', 'I')", name=op.f("ck_programme_version_force")),
        sa.CheckConstraint("confidence IN ('original', 'secondary')", name=op.f("ck_programme_version_confidence")),
        sa.CheckConstraint("length(content_hash) = 64", name=op.f("ck_programme_version_content_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_version")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_programme_version_programme_id_programme")
        ),
        sa.UniqueConstraint("programme_id", "version", name=op.f("uq_programme_version_programme_id_version")),
    )
    op.create_index(
        "uq_programme_version_open",
        "programme_version",
        ["programme_id"],
        unique=True,
        sqlite_where=sa.text("recorded_to IS NULL"),
        postgresql_where=sa.text("recorded_to IS NULL"),
    )


def _create_parameter_value() -> None:
    op.create_table(
        "parameter_value",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(96), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(16), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("citation", JSON, nullable=True),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_parameter_value_valid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parameter_value")),
        sa.UniqueConstraint("key", "valid_from", name=op.f("uq_parameter_value_key_valid_from")),
    )


def _create_rate_series() -> None:
    op.create_table(
        "rate_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(16), nullable=False),
        sa.Column("known_through", sa.Date(), nullable=False),
        sa.Column("citation", JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_series")),
        sa.UniqueConstraint("code", name=op.f("uq_rate_series_code")),
    )
    op.create_table(
        "rate_point",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        # Millionths of a percent.
        sa.Column("rate_percent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_point")),
        sa.ForeignKeyConstraint(["series_id"], ["rate_series.id"], name=op.f("fk_rate_point_series_id_rate_series")),
        sa.UniqueConstraint("series_id", "valid_from", name=op.f("uq_rate_point_series_id_valid_from")),
    )


def _create_department() -> None:
    op.create_table(
        "department",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("renamed", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department")),
        sa.UniqueConstraint("name", name=op.f("uq_department_name")),
    )
