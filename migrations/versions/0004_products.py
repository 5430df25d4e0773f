"""Banks, relending lists, loan products and their versions, which never change once they are published.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
KINDS = (
    "kind IN ('policy', 'state_owned', 'joint_stock', 'city_commercial', 'rural_commercial', 'rural_cooperative', "
    "'village', 'foreign')"
)
OPEN_DRAFT = sa.text("published_at IS NULL AND withdrawn_at IS NULL")

# What of a version stays as it was published; the rest is `revision` and the withdrawal, which is written once.
# Whoever rebuilds the table in a later revision (batch mode on SQLite) has to make the triggers again.
FROZEN = (
    "id",
    "product_id",
    "number",
    "body",
    "content_hash",
    "regions",
    "valid_from",
    "valid_to",
    "created_at",
    "published_at",
    "published_on",
)
REFUSAL = "a published product version never changes"


def upgrade() -> None:
    """Create the tables in the order of their foreign keys, then the triggers."""
    _create_bank()
    _create_relending()
    _create_product()
    _create_product_version()
    if op.get_context().dialect.name == "postgresql":
        _freeze_on_postgresql()
    else:
        _freeze_on_sqlite()


def downgrade() -> None:
    """Drop them in the reverse order; the triggers go with their table."""
    for table in ("product_version", "product", "relending_lender", "relending_list", "bank"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION keep_product_version()")


def _create_bank() -> None:
    op.create_table(
        "bank",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("national", sa.Boolean(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(KINDS, name=op.f("ck_bank_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank")),
        sa.UniqueConstraint("code", name=op.f("uq_bank_code")),
    )


def _create_relending() -> None:
    op.create_table(
        "relending_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("citation", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relending_list")),
        sa.UniqueConstraint("code", name=op.f("uq_relending_list_code")),
    )
    op.create_table(
        "relending_lender",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("bank_code", sa.String(80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("national", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(KINDS, name=op.f("ck_relending_lender_kind")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_relending_lender_valid")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["relending_list.id"], name=op.f("fk_relending_lender_list_id_relending_list")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relending_lender")),
        sa.UniqueConstraint(
            "list_id", "bank_code", "valid_from", name=op.f("uq_relending_lender_list_id_bank_code_valid_from")
        ),
    )
    op.create_index(op.f("ix_relending_lender_bank_code"), "relending_lender", ["bank_code"])


def _create_product() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_product_bank_id_bank")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("slug", name=op.f("uq_product_slug")),
    )
    op.create_index(op.f("ix_product_bank_id"), "product", ["bank_id"])


def _create_product_version() -> None:
    op.create_table(
        "product_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("regions", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", INSTANT, nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.CheckConstraint("number >= 1", name=op.f("ck_product_version_number")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_product_version_valid")),
        sa.CheckConstraint("length(content_hash) = 64", name=op.f("ck_product_version_content_hash")),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_on IS NULL)", name=op.f("ck_product_version_published")
        ),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_on IS NULL)", name=op.f("ck_product_version_withdrawn")
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_product_version_product_id_product")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_version")),
        sa.UniqueConstraint("product_id", "number", name=op.f("uq_product_version_product_id_number")),
    )
    op.create_index(
        op.f("uq_product_version_draft"),
        "product_version",
        ["product_id"],
        unique=True,
        sqlite_where=OPEN_DRAFT,
        postgresql_where=OPEN_DRAFT,
    )


def _freeze_on_postgresql() -> None:
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in FROZEN)
    op.execute(
        f"""
        CREATE FUNCTION keep_product_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' OR {changed} OR OLD.withdrawn_at IS NOT NULL THEN
                RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_product_version BEFORE UPDATE OR DELETE ON product_version FOR EACH ROW "
        "WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION keep_product_version()"
    )


def _freeze_on_sqlite() -> None:
    changed = " OR ".join(f"NEW.{column} IS NOT OLD.{column}" for column in FROZEN)
    op.execute(
        "CREATE TRIGGER keep_product_version_updated BEFORE UPDATE ON product_version "
        f"WHEN OLD.published_at IS NOT NULL AND ({changed} OR OLD.withdrawn_at IS NOT NULL) "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
    op.execute(
        "CREATE TRIGGER keep_product_version_deleted BEFORE DELETE ON product_version "
        f"WHEN OLD.published_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )
