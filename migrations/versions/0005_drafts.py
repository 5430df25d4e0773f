"""Drafts of programmes, and who entered versions and rates: the seeds, or somebody over the API.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
OPEN = sa.text("status = 'draft'")


def upgrade() -> None:
    """Create the drafts; add an origin to versions and points, and a lock to series."""
    _create_programme_draft()
    for table in ("programme_version", "rate_point"):
        # Both databases take this as it stands. Batch mode would rebuild the table and lose its other checks.
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN origin VARCHAR(8) DEFAULT 'seed' NOT NULL "
            f"CONSTRAINT ck_{table}_origin CHECK (origin IN ('seed', 'api'))"
        )
    op.execute("ALTER TABLE rate_point ADD COLUMN entered_by TEXT")
    op.execute("ALTER TABLE rate_series ADD COLUMN version INTEGER DEFAULT 1 NOT NULL")


def downgrade() -> None:
    """Take them away again."""
    op.execute("ALTER TABLE rate_series DROP COLUMN version")
    op.execute("ALTER TABLE rate_point DROP COLUMN entered_by")
    for table in ("rate_point", "programme_version"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN origin")
    op.drop_table("programme_draft")


def _create_programme_draft() -> None:
    op.create_table(
        "programme_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(64), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("status IN ('draft', 'published', 'withdrawn')", name=op.f("ck_programme_draft_status")),
        sa.CheckConstraint(
            "(status = 'published') = (version_id IS NOT NULL)", name=op.f("ck_programme_draft_published")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["programme_version.id"], name=op.f("fk_programme_draft_version_id_programme_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme_draft")),
    )
    op.create_index(
        op.f("uq_programme_draft_open"),
        "programme_draft",
        ["slug"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(op.f("uq_programme_draft_version"), "programme_draft", ["version_id"], unique=True)
