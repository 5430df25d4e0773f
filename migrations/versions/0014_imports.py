"""Imports of workbooks: files that were sent, their rows, and the work that checks, writes and undoes them.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
# An office sees the imports of its region and of those below; institutions and banks see none.
OFFICE = (
    "yinqiao_in_region(region_code) AND nullif(current_setting('yinqiao.institution', true), '') IS NULL"
    " AND nullif(current_setting('yinqiao.bank', true), '') IS NULL"
)
OF_A_JOB = "EXISTS (SELECT FROM import_job j WHERE j.id = import_row.import_id)"
VISIBLE = {"import_job": OFFICE, "import_row": OF_A_JOB, "operation": OFFICE}


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    _create_import_job()
    _create_import_row()
    _create_operation()
    if op.get_context().dialect.name == "postgresql":
        for table, seen in VISIBLE.items():
            _secure(table, seen)


def downgrade() -> None:
    """Take the tables away, with their policies. What was imported stays in the registry."""
    for table in ("operation", "import_row", "import_job"):
        op.drop_table(table)


def _create_import_job() -> None:
    op.create_table(
        "import_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("duplicates", sa.String(8), nullable=False),
        sa.Column("columns", JSON, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("applied_at", INSTANT, nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_import_job_sha256")),
        sa.CheckConstraint(
            "state IN ('checking', 'checked', 'unreadable', 'applying', 'applied', 'undoing', 'undone')",
            name=op.f("ck_import_job_state"),
        ),
        sa.CheckConstraint("mode IN ('atomic', 'partial')", name=op.f("ck_import_job_mode")),
        sa.CheckConstraint("duplicates IN ('hold', 'add')", name=op.f("ck_import_job_duplicates")),
        sa.CheckConstraint(
            "(applied_at IS NOT NULL) = (state IN ('applied', 'undoing', 'undone'))", name=op.f("ck_import_job_applied")
        ),
        sa.CheckConstraint("(undone_at IS NOT NULL) = (state = 'undone')", name=op.f("ck_import_job_undone")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_import_job_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_import_job_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_job")),
    )
    op.create_index(op.f("ix_import_job_region_code_id"), "import_job", ["region_code", "id"])


def _create_import_row() -> None:
    op.create_table(
        "import_row",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("identity", sa.String(200), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("uscc", sa.String(18), nullable=True),
        sa.Column("site_number", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("need_id", sa.Uuid(), nullable=True),
        sa.Column("given", JSON, nullable=True),
        sa.Column("differences", JSON, nullable=True),
        sa.Column("duplicates", JSON, nullable=True),
        sa.Column("problems", JSON, nullable=True),
        sa.Column("written_version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('added', 'updated', 'unchanged', 'duplicate', 'wrong', 'changed')",
            name=op.f("ck_import_row_outcome"),
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import_job.id"], name=op.f("fk_import_row_import_id_import_job")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_import_row_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_import_row_need_id_need")),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_row")),
    )
    for columns in (["import_id", "outcome", "number"], ["import_id", "identity"], ["institution_id"]):
        op.create_index(op.f(f"ix_import_row_{'_'.join(columns)}"), "import_row", columns)


def _create_operation() -> None:
    op.create_table(
        "operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("error_code", sa.String(80), nullable=True),
        sa.Column("error_detail", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('check_import', 'apply_import', 'undo_import')", name=op.f("ck_operation_kind")),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_operation_state")),
        sa.CheckConstraint("(state = 'running') = (lease IS NOT NULL)", name=op.f("ck_operation_lease")),
        sa.CheckConstraint("(lease IS NULL) = (lease_until IS NULL)", name=op.f("ck_operation_lease_until")),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (finished_at IS NOT NULL)", name=op.f("ck_operation_finished")
        ),
        sa.CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name=op.f("ck_operation_error")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_operation_account_id_account")),
        sa.ForeignKeyConstraint(["import_id"], ["import_job.id"], name=op.f("fk_operation_import_id_import_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
    )
    for columns in (["state", "id"], ["import_id", "id"]):
        op.create_index(op.f(f"ix_operation_{'_'.join(columns)}"), "operation", columns)


def _secure(table: str, seen: str) -> None:
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {ROLE}")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({seen})")
    op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({seen})")
    op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {ROLE} USING ({seen}) WITH CHECK ({seen})")
