"""Pushes of the list to banks, as numbered deliveries with receipts; and the consents that banks ask for.

Revision ID: 0016
Revises: 0015
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
# What nobody changes once it is written; and, for SQLite, which row INSERT OR REPLACE would take away.
KEPT = {
    "push": "id = NEW.id OR number = NEW.number OR (year = NEW.year AND ordinal = NEW.ordinal)",
    "delivery": "id = NEW.id OR number = NEW.number OR (push_id = NEW.push_id AND "
    "(ordinal = NEW.ordinal OR bank_id = NEW.bank_id))",
    "delivery_item": "delivery_id = NEW.delivery_id AND entry_id = NEW.entry_id",
    "delivery_receipt": "delivery_id = NEW.delivery_id AND way = NEW.way",
}
REFUSAL = "推送和对接的记录只增不改"


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')"


HERE = "yinqiao_in_region(region_code)"
IS_A_BANK = f"{setting('bank')} IS NOT NULL"
BY_AN_OFFICE = f"{setting('institution')} IS NULL AND {setting('bank')} IS NULL"
# Pushes are the province's: no reach but its own holds the province's code.
BY_THE_PROVINCE = f"yinqiao_in_region('140000') AND {BY_AN_OFFICE}"
MY_BANK = f"bank_id = {setting('bank')}::uuid"
OF_MY_BANK = f"({setting('bank')} IS NULL OR {MY_BANK})"
OWN = f"({setting('institution')} IS NULL OR institution_id = {setting('institution')}::uuid)"
MY_REQUEST = "EXISTS (SELECT FROM consent_request r WHERE r.id = consent_request_field.request_id)"
MY_DELIVERY = "EXISTS (SELECT FROM delivery d WHERE d.id = {table}.delivery_id)"
# What a caller sees of each table, and what he or she adds to it.
POLICIES = {
    "push": (
        f"({BY_THE_PROVINCE}) OR ({IS_A_BANK} AND EXISTS (SELECT FROM delivery d WHERE d.push_id = push.id))",
        BY_THE_PROVINCE,
    ),
    "delivery": (f"({BY_THE_PROVINCE}) OR {MY_BANK}", BY_THE_PROVINCE),
    # A branch reads what lies in its region.
    "delivery_item": (f"{HERE} AND {MY_DELIVERY.format(table='delivery_item')}", BY_THE_PROVINCE),
    "delivery_receipt": (
        MY_DELIVERY.format(table="delivery_receipt"),
        MY_DELIVERY.format(table="delivery_receipt"),
    ),
    "consent_request": (f"{HERE} AND {OWN} AND {OF_MY_BANK}", f"{HERE} AND {MY_BANK}"),
    "consent_request_field": (MY_REQUEST, f"{IS_A_BANK} AND {MY_REQUEST}"),
}
# Both sides answer a request.
ANSWERED = f"{HERE} AND ({MY_BANK} OR institution_id = {setting('institution')}::uuid)"


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    _create_push()
    _create_delivery()
    _create_delivery_item()
    _create_delivery_receipt()
    _create_consent_request()
    _create_consent_request_field()
    if op.get_context().dialect.name == "postgresql":
        _keep_on_postgresql()
        _secure()
    else:
        _keep_on_sqlite()


def downgrade() -> None:
    """Take everything away again, and with the tables their triggers and policies."""
    postgres = op.get_context().dialect.name == "postgresql"
    if postgres:
        # The one policy that reads a table which is dropped before its own.
        op.execute("DROP POLICY push_read ON push")
    else:
        # Dropping a table deletes its rows, and the triggers refuse that.
        for table in KEPT:
            op.execute(f"DROP TRIGGER {table}_delete")
    for table in reversed(POLICIES):
        op.drop_table(table)
    if postgres:
        op.execute("DROP FUNCTION refuse_push_change()")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create_push() -> None:
    op.create_table(
        "push",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("pushed_by", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pushed_at", INSTANT, nullable=False),
        sa.Column("pushed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_push_batch_id_batch")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_push_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(["pushed_by"], ["account.id"], name=op.f("fk_push_pushed_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push")),
        sa.UniqueConstraint("number", name=op.f("uq_push_number")),
        sa.UniqueConstraint("year", "ordinal", name=op.f("uq_push_year_ordinal")),
    )


def _create_delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("push_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("delivered_at", INSTANT, nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.CheckConstraint("answer_by >= delivered_on", name=op.f("ck_delivery_answer_by")),
        sa.CheckConstraint("items >= 1", name=op.f("ck_delivery_items")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_delivery_bank_id_bank")),
        sa.ForeignKeyConstraint(["push_id"], ["push.id"], name=op.f("fk_delivery_push_id_push")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("number", name=op.f("uq_delivery_number")),
        sa.UniqueConstraint("push_id", "bank_id", name=op.f("uq_delivery_push_id_bank_id")),
        sa.UniqueConstraint("push_id", "ordinal", name=op.f("uq_delivery_push_id_ordinal")),
    )
    op.create_index(op.f("ix_delivery_bank_id_id"), "delivery", ["bank_id", "id"])


def _create_delivery_item() -> None:
    op.create_table(
        "delivery_item",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("batch_number", sa.String(length=40), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("event_number", sa.Integer(), nullable=False),
        sa.Column("printed", JSON, nullable=False),
        sa.CheckConstraint(
            "(change IN ('new', 'changed')) = (state = 'listed')", name=op.f("ck_delivery_item_change_of_state")
        ),
        sa.CheckConstraint(
            "change IN ('new', 'changed', 'suspended', 'removed', 'expired')", name=op.f("ck_delivery_item_change")
        ),
        sa.CheckConstraint(
            "state IN ('listed', 'suspended', 'removed', 'expired')", name=op.f("ck_delivery_item_state")
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_item_delivery_id_delivery")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["whitelist_entry.id"], name=op.f("fk_delivery_item_entry_id_whitelist_entry")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_delivery_item_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_delivery_item_project_id_project")),
        sa.PrimaryKeyConstraint("delivery_id", "entry_id", name=op.f("pk_delivery_item")),
    )
    op.create_index(op.f("ix_delivery_item_entry_id"), "delivery_item", ["entry_id"])


def _create_delivery_receipt() -> None:
    op.create_table(
        "delivery_receipt",
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.CheckConstraint("(way = 'confirmed') <= (account_id IS NOT NULL)", name=op.f("ck_delivery_receipt_account")),
        sa.CheckConstraint("way IN ('confirmed', 'events', 'webhook')", name=op.f("ck_delivery_receipt_way")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_delivery_receipt_account_id_account")),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_delivery_receipt_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("delivery_id", "way", name=op.f("pk_delivery_receipt")),
    )


def _create_consent_request() -> None:
    op.create_table(
        "consent_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("refused_by", sa.Uuid(), nullable=True),
        sa.Column("refused_at", INSTANT, nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("cancelled_by", sa.Uuid(), nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('loan_application', 'due_diligence', 'post_loan', 'matching')",
            name=op.f("ck_consent_request_purpose"),
        ),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by IS NULL)", name=op.f("ck_consent_request_cancelled")
        ),
        sa.CheckConstraint(
            "(refused_at IS NOT NULL) >= (refusal IS NOT NULL)", name=op.f("ck_consent_request_refusal")
        ),
        sa.CheckConstraint("(refused_at IS NULL) = (refused_by IS NULL)", name=op.f("ck_consent_request_refused")),
        sa.CheckConstraint("refused_at IS NULL OR cancelled_at IS NULL", name=op.f("ck_consent_request_answered_once")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_consent_request_valid")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_consent_request_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_consent_request_institution_id_institution")
        ),
        *(
            sa.ForeignKeyConstraint([one], ["account.id"], name=op.f(f"fk_consent_request_{one}_account"))
            for one in ("requested_by", "refused_by", "cancelled_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_request")),
    )
    op.create_index(op.f("ix_consent_request_bank_id_id"), "consent_request", ["bank_id", "id"])
    op.create_index(op.f("ix_consent_request_institution_id_id"), "consent_request", ["institution_id", "id"])
    op.create_index(
        "ix_consent_request_unanswered",
        "consent_request",
        ["institution_id", "bank_id"],
        **_where("refused_at IS NULL AND cancelled_at IS NULL"),
    )


def _create_consent_request_field() -> None:
    op.create_table(
        "consent_request_field",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("fact", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["consent_request.id"], name=op.f("fk_consent_request_field_request_id_consent_request")
        ),
        sa.PrimaryKeyConstraint("request_id", "fact", name=op.f("pk_consent_request_field")),
    )


def _keep_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_push_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation'; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_push_change()"
        )


def _keep_on_sqlite() -> None:
    for table, same in KEPT.items():
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


def _secure() -> None:
    """Grants to the role of the web process, and what of each table its caller sees and writes."""
    op.execute(f"GRANT SELECT, INSERT ON {', '.join(POLICIES)} TO {ROLE}")
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({seen})")
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({written})")
    op.execute(f"GRANT UPDATE ON consent_request TO {ROLE}")
    both = f"USING ({ANSWERED}) WITH CHECK ({ANSWERED})"
    op.execute(f"CREATE POLICY consent_request_update ON consent_request FOR UPDATE TO {ROLE} {both}")
