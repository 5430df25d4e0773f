"""Versions repeat the list status of institutions and projects, the status of needs, and what project money is for.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTED = "list_status IN ('none', 'listed', 'suspended', 'removed', 'expired')"
STATUS = "status IN ('open', 'met', 'withdrawn')"
# The columns that the versions of each noun repeat, the checked one of them first.
REPEATED = {
    "institution": ("list_status", "listed_on"),
    "project": ("list_status", "listed_on"),
    "need": ("status", "project_id"),
    "loan": ("project_id",),
}


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema.

    What had been the state before was never kept. So every version gets the present state, which is what the
    previous program answered for all of them.
    """
    for noun in ("institution", "project"):
        _add_checked(noun, "list_status", LISTED)
        op.add_column(f"{noun}_version", sa.Column("listed_on", sa.Date(), nullable=True))
    _add_checked("need", "status", STATUS)
    for noun in ("need", "loan"):
        op.add_column(f"{noun}_version", sa.Column("project_id", sa.Uuid(), nullable=True))
    for noun, columns in REPEATED.items():
        _repeat(noun, columns)
    op.create_index(op.f("ix_assessment_assessed_at_id"), "assessment", ["assessed_at", "id"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index(op.f("ix_assessment_assessed_at_id"), "assessment")
    for noun, columns in REPEATED.items():
        for column in columns:
            op.execute(f"ALTER TABLE {noun}_version DROP COLUMN {column}")


def _add_checked(noun: str, column: str, check: str) -> None:
    # Both databases take this as it stands. Batch mode would rebuild the table and lose its other checks.
    op.execute(
        f"ALTER TABLE {noun}_version ADD COLUMN {column} VARCHAR(16) "
        f"CONSTRAINT ck_{noun}_version_{column} CHECK ({check})"
    )


def _repeat(noun: str, columns: tuple[str, ...]) -> None:
    """Both databases find each header by its primary key."""
    header = sa.table(noun, *map(sa.column, ("id", *columns)))
    versions = sa.table(f"{noun}_version", *map(sa.column, (f"{noun}_id", *columns)))
    mine = header.c.id == versions.c[f"{noun}_id"]
    op.execute(
        sa.update(versions).values({one: sa.select(header.c[one]).where(mine).scalar_subquery() for one in columns})
    )
