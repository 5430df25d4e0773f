"""Outbox: what banks are told, the addresses that get it, deliveries and attempts.

Revision ID: 0015
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
MINE = "bank_id = nullif(current_setting('yinqiao.bank', true), '')::uuid"
WAITING = sa.text("state = 'waiting'")
# What the web process may do: events come of anybody's work, the rest is the bank's own.
RIGHTS = {
    "outbox_head": ("SELECT, INSERT, UPDATE", None),
    "outbox_event": ("SELECT, INSERT", "true"),
    "webhook_endpoint": ("SELECT, INSERT, UPDATE", MINE),
    "webhook_lane": ("SELECT, INSERT, UPDATE", MINE),
    "webhook_delivery": ("SELECT, INSERT, UPDATE", MINE),
    "webhook_attempt": ("SELECT", MINE),
}


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    _create_events()
    _create_endpoint()
    _create_lane()
    _create_delivery()
    _create_attempt()
    if op.get_context().dialect.name == "postgresql":
        for table, (rights, written) in RIGHTS.items():
            op.execute(f"GRANT {rights} ON {table} TO {ROLE}")
            if written is not None:
                _secure(table, written)


def downgrade() -> None:
    """Take the tables away, with their policies. Whoever has not read the events by then never will."""
    for table in reversed(RIGHTS):
        op.drop_table(table)


def _secure(table: str, written: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({MINE})")
    op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({written})")
    op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {ROLE} USING ({MINE}) WITH CHECK ({MINE})")


def _create_events() -> None:
    op.create_table(
        "outbox_head",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_outbox_head_number")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_outbox_head_bank_id_bank")),
        sa.PrimaryKeyConstraint("bank_id", name=op.f("pk_outbox_head")),
    )
    op.create_table(
        "outbox_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(80), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_outbox_event_number")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_outbox_event_bank_id_bank")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_event")),
        sa.UniqueConstraint("bank_id", "number", name=op.f("uq_outbox_event_bank_id_number")),
    )


def _create_endpoint() -> None:
    op.create_table(
        "webhook_endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.String(200), nullable=True),
        sa.Column("current_secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text(), nullable=True),
        sa.Column("previous_until", INSTANT, nullable=True),
        sa.Column("disabled_at", INSTANT, nullable=True),
        sa.Column("disabled_because", sa.String(16), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "disabled_because IN ('by_bank', 'gone', 'failing')", name=op.f("ck_webhook_endpoint_disabled_because")
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_because IS NULL)", name=op.f("ck_webhook_endpoint_disabled")
        ),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_until IS NULL)", name=op.f("ck_webhook_endpoint_previous")
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_webhook_endpoint_bank_id_bank")),
        sa.ForeignKeyConstraint(["created_by"], ["account.id"], name=op.f("fk_webhook_endpoint_created_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_index(op.f("ix_webhook_endpoint_bank_id"), "webhook_endpoint", ["bank_id"])


def _create_lane() -> None:
    op.create_table(
        "webhook_lane",
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("due_at", INSTANT, nullable=True),
        sa.Column("rests_until", INSTANT, nullable=True),
        sa.Column("failing_since", INSTANT, nullable=True),
        sa.Column("served_at", INSTANT, nullable=False),
        sa.Column("leased_until", INSTANT, nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.CheckConstraint("(leased_until IS NULL) = (lease_token IS NULL)", name=op.f("ck_webhook_lane_lease")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_webhook_lane_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_lane_endpoint_id_webhook_endpoint")
        ),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_webhook_lane")),
    )
    op.create_index(op.f("ix_webhook_lane_bank_id"), "webhook_lane", ["bank_id"])


def _create_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_webhook_delivery_state")),
        sa.CheckConstraint("(state = 'waiting') = (next_at IS NOT NULL)", name=op.f("ck_webhook_delivery_next_at")),
        sa.CheckConstraint("attempts >= tries", name=op.f("ck_webhook_delivery_attempts")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_webhook_delivery_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoint.id"], name=op.f("fk_webhook_delivery_endpoint_id_webhook_endpoint")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["outbox_event.id"], name=op.f("fk_webhook_delivery_event_id_outbox_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("endpoint_id", "event_id", name=op.f("uq_webhook_delivery_endpoint_id_event_id")),
    )
    op.create_index(op.f("ix_webhook_delivery_endpoint_id_id"), "webhook_delivery", ["endpoint_id", "id"])
    op.create_index(
        "ix_webhook_delivery_waiting",
        "webhook_delivery",
        ["endpoint_id", "subject", "number"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def _create_attempt() -> None:
    op.create_table(
        "webhook_attempt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(40), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_webhook_attempt_number")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_delivery.id"], name=op.f("fk_webhook_attempt_delivery_id_webhook_delivery")
        ),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_webhook_attempt_bank_id_bank")),
        sa.PrimaryKeyConstraint("delivery_id", "number", name=op.f("pk_webhook_attempt")),
    )
