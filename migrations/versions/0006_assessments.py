"""Assessments: what was said of a case on a day, with all that it was said from.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Only an addition, so that the previous program still runs on the new schema."""
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen", JSON, nullable=False),
        sa.Column("results", JSON, nullable=False),
        sa.CheckConstraint("kind IN ('institution', 'project', 'need', 'loan')", name=op.f("ck_assessment_kind")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_assessment_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_assessment_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    op.create_index(op.f("ix_assessment_region_code_id"), "assessment", ["region_code", "id"])
    op.create_index(op.f("ix_assessment_institution_id"), "assessment", ["institution_id"])


def downgrade() -> None:
    """Take the table away, and with it what it kept."""
    op.drop_table("assessment")
