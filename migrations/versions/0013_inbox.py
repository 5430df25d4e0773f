"""Inbox: messages to offices and institutions, and the last days of certificates of which they are reminded.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ROLE = "yinqiao_app"
INSTANT = sa.DateTime(timezone=True)
UNREAD = sa.text("read_at IS NULL")
UNTIL = ("fire_safety_until", "food_licence_until", "registration_until", "grade_until")
# The facts before them, one bit each in the sets of what was checked and what a registry supplies.
BEFORE = (1 << 45) - 1
RECIPIENTS = ("organisation", "institution")


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')::uuid"


# An office reads what is addressed to it, people of an institution what is addressed to the institution.
MINE = " OR ".join(f"{one}_id = {setting(one)}" for one in RECIPIENTS)


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    for name in UNTIL:
        op.add_column("institution_version", sa.Column(name, sa.Date(), nullable=True))
    _create_message()
    for one in RECIPIENTS:
        op.create_index(op.f(f"ix_message_{one}_id_id"), "message", [f"{one}_id", "id"])
        op.create_index(
            f"ix_message_unread_by_{one}", "message", [f"{one}_id"], sqlite_where=UNREAD, postgresql_where=UNREAD
        )
    if op.get_context().dialect.name == "postgresql":
        _secure()


def downgrade() -> None:
    """Take them away again; the policies go with the table. The program before knows no bits of facts that are gone."""
    op.drop_table("message")
    op.execute(f"UPDATE institution_version SET checked = checked & {BEFORE}, registry = registry & {BEFORE}")
    for name in UNTIL:
        op.execute(f"ALTER TABLE institution_version DROP COLUMN {name}")


def _create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("institution_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.String(40), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("read_at", INSTANT, nullable=True),
        sa.Column("read_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(organisation_id IS NULL) <> (institution_id IS NULL)", name=op.f("ck_message_one_recipient")
        ),
        sa.CheckConstraint("(read_at IS NULL) = (read_by IS NULL)", name=op.f("ck_message_read")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_message_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_message_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["read_by"], ["account.id"], name=op.f("fk_message_read_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("organisation_id", "key", name=op.f("uq_message_organisation_id_key")),
        sa.UniqueConstraint("institution_id", "key", name=op.f("uq_message_institution_id_key")),
    )


def _secure() -> None:
    """Everybody's work may end in a message to somebody else; only its recipient reads it, and notes that it has.

    What was written stays: of a message the application changes nothing but who read it and when, and deletes none.
    """
    op.execute(f"GRANT SELECT, INSERT ON message TO {ROLE}")
    op.execute(f"GRANT UPDATE (read_at, read_by) ON message TO {ROLE}")
    op.execute("ALTER TABLE message ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE message FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY message_owner ON message TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY message_read ON message FOR SELECT TO {ROLE} USING ({MINE})")
    op.execute(f"CREATE POLICY message_insert ON message FOR INSERT TO {ROLE} WITH CHECK (true)")
    op.execute(f"CREATE POLICY message_update ON message FOR UPDATE TO {ROLE} USING ({MINE}) WITH CHECK ({MINE})")
