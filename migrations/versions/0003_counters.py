"""Counters for human numbers, the search key of institutions, and who checked a fact on which day.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
VERSIONS = ("institution_version", "project_version", "need_version", "loan_version")


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    op.create_table(
        "counter",
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.CheckConstraint("value >= 1", name=op.f("ck_counter_value")),
        sa.PrimaryKeyConstraint("kind", "region_code", "year", name=op.f("pk_counter")),
    )
    op.add_column("institution", sa.Column("search_key", sa.Text(), server_default="", nullable=False))
    for table in VERSIONS:
        op.add_column(table, sa.Column("sources", JSON, nullable=True))


def downgrade() -> None:
    """Take the additions away."""
    for table in reversed(VERSIONS):
        op.drop_column(table, "sources")
    op.drop_column("institution", "search_key")
    op.drop_table("counter")
