"""Audit: the trail and its seals can be added to and read, and nothing else.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = {
    "audit_event": "id = NEW.id OR (chain = NEW.chain AND day = NEW.day AND number = NEW.number)",
    "audit_seal": "id = NEW.id OR number = NEW.number",
}
REFUSAL = "审计记录只增不改"


def upgrade() -> None:
    """Triggers, which hold for the owner of the tables too, as grants do not."""
    if op.get_context().dialect.name == "postgresql":
        _refuse_on_postgresql()
    else:
        _refuse_on_sqlite()


def downgrade() -> None:
    """Let the tables be changed again, so that the revision before can take them away."""
    for table in TABLES:
        if op.get_context().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_keeps_rows ON {table}")
            op.execute(f"DROP TRIGGER {table}_keeps_all ON {table}")
        else:
            for act in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER {table}_{act}")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    for table in TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
        )
        # TRUNCATE passes by the triggers of rows.
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )


def _refuse_on_sqlite() -> None:
    for table, same in TABLES.items():
        # INSERT OR REPLACE takes the old row away without asking the triggers of DELETE.
        op.execute(
            f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
        for act in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_{act} BEFORE {act.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
