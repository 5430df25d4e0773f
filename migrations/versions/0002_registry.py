"""Registry: institutions, projects, needs, loans, attestations and attachments, with their full history.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
# At most one version of each is open.
OPEN = sa.text("recorded_to IS NULL")


def upgrade() -> None:
    """Create the tables in the order of their foreign keys."""
    _create_institution()
    _create_institution_version()
    _create_search_gram()
    _create_project()
    _create_project_version()
    _create_need()
    _create_need_version()
    _create_loan()
    _create_loan_version()
    _create_attestation()
    _create_attachment()


def downgrade() -> None:
    """Drop them in the reverse order."""
    for table in (
        "attachment",
        "attestation",
        "loan_version",
        "loan",
        "need_version",
        "need",
        "project_version",
        "project",
        "search_gram",
        "institution_version",
        "institution",
    ):
        op.drop_table(table)


def _create_institution() -> None:
    op.create_table(
        "institution",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("uscc", sa.String(18), nullable=True),
        sa.Column("provisional_number", sa.String(32), nullable=True),
        sa.Column("site_number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list_status", sa.String(16), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "list_status IN ('none', 'listed', 'suspended', 'removed', 'expired')",
            name=op.f("ck_institution_list_status"),
        ),
        sa.CheckConstraint("(uscc IS NULL) <> (provisional_number IS NULL)", name=op.f("ck_institution_one_number")),
        sa.CheckConstraint("site_number >= 1", name=op.f("ck_institution_site_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution")),
        sa.UniqueConstraint("provisional_number", name=op.f("uq_institution_provisional_number")),
        sa.UniqueConstraint("uscc", "site_number", name=op.f("uq_institution_uscc_site_number")),
    )
    op.create_index(op.f("ix_institution_region_code_id"), "institution", ["region_code", "id"])


def _create_institution_version() -> None:
    op.create_table(
        "institution_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("legal_representative", sa.Text(), nullable=True),
        sa.Column("contact_person", sa.Text(), nullable=True),
        sa.Column("telephone", sa.String(40), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=True),
        sa.Column("urban_rural", sa.String(32), nullable=True),
        sa.Column("legal_form", sa.String(32), nullable=True),
        sa.Column("ownership", sa.String(32), nullable=True),
        sa.Column("for_profit", sa.Boolean(), nullable=True),
        sa.Column("kinds", sa.BigInteger(), nullable=True),
        sa.Column("filed", sa.Boolean(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("established_on", sa.Date(), nullable=True),
        sa.Column("grade", sa.BigInteger(), nullable=True),
        sa.Column("inclusive", sa.Boolean(), nullable=True),
        sa.Column("beds_total", sa.BigInteger(), nullable=True),
        sa.Column("beds_nursing", sa.BigInteger(), nullable=True),
        sa.Column("beds_dementia", sa.BigInteger(), nullable=True),
        sa.Column("home_beds", sa.BigInteger(), nullable=True),
        sa.Column("occupancy_percent", sa.BigInteger(), nullable=True),
        sa.Column("medical_integration", sa.BigInteger(), nullable=True),
        sa.Column("fire_safety_passed", sa.Boolean(), nullable=True),
        sa.Column("food_licensed", sa.Boolean(), nullable=True),
        sa.Column("liability_insured", sa.Boolean(), nullable=True),
        sa.Column("staff_total", sa.BigInteger(), nullable=True),
        sa.Column("carers_certified", sa.BigInteger(), nullable=True),
        sa.Column("staff_trained_this_year", sa.BigInteger(), nullable=True),
        sa.Column("prepaid_fee_compliant", sa.Boolean(), nullable=True),
        sa.Column("enterprise_size", sa.String(32), nullable=True),
        sa.Column("tax_credit_grade", sa.String(32), nullable=True),
        sa.Column("dishonest_debtor", sa.Boolean(), nullable=True),
        sa.Column("abnormal_operation", sa.Boolean(), nullable=True),
        sa.Column("serious_violation", sa.Boolean(), nullable=True),
        sa.Column("illegal_fundraising", sa.Boolean(), nullable=True),
        sa.Column("loan_overdue", sa.Boolean(), nullable=True),
        sa.Column("annual_revenue_yuan", sa.BigInteger(), nullable=True),
        sa.Column("eldercare_revenue_percent", sa.BigInteger(), nullable=True),
        sa.Column("total_assets_yuan", sa.BigInteger(), nullable=True),
        sa.Column("total_liabilities_yuan", sa.BigInteger(), nullable=True),
        sa.Column("debt_ratio_percent", sa.BigInteger(), nullable=True),
        sa.Column("operating_cash_flow_yuan", sa.BigInteger(), nullable=True),
        sa.Column("receivables_yuan", sa.BigInteger(), nullable=True),
        sa.Column("smart_demo", sa.Boolean(), nullable=True),
        sa.Column("in_product_directory", sa.Boolean(), nullable=True),
        sa.Column("technology_sme", sa.Boolean(), nullable=True),
        sa.Column("specialised_new", sa.Boolean(), nullable=True),
        sa.Column("trainees", sa.BigInteger(), nullable=True),
        sa.Column("training_modes", sa.BigInteger(), nullable=True),
        sa.Column("trains_for_care_institutions", sa.Boolean(), nullable=True),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("registry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_institution_version_recorded")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_institution_version_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_institution_version")),
    )
    op.create_index(op.f("ix_institution_version_history"), "institution_version", ["institution_id", "recorded_from"])
    op.create_index(
        op.f("uq_institution_version_open"),
        "institution_version",
        ["institution_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _create_search_gram() -> None:
    op.create_table(
        "search_gram",
        sa.Column("gram", sa.String(16), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_search_gram_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("gram", "institution_id", name=op.f("pk_search_gram")),
    )


def _create_project() -> None:
    op.create_table(
        "project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list_status", sa.String(16), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "list_status IN ('none', 'listed', 'suspended', 'removed', 'expired')", name=op.f("ck_project_list_status")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_project_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_index(op.f("ix_project_institution_id"), "project", ["institution_id"])
    op.create_index(op.f("ix_project_region_code_id"), "project", ["region_code", "id"])


def _create_project_version() -> None:
    op.create_table(
        "project_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_kangyang", sa.Boolean(), nullable=True),
        sa.Column("carrier", sa.String(32), nullable=True),
        sa.Column("formats", sa.BigInteger(), nullable=True),
        sa.Column("region_code", sa.String(6), nullable=True),
        sa.Column("investment_yuan", sa.BigInteger(), nullable=True),
        sa.Column("investor", sa.String(32), nullable=True),
        sa.Column("social_capital_percent", sa.BigInteger(), nullable=True),
        sa.Column("approval_filed", sa.Boolean(), nullable=True),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("permits_complete", sa.Boolean(), nullable=True),
        sa.Column("stage", sa.String(32), nullable=True),
        sa.Column("construction", sa.String(32), nullable=True),
        sa.Column("land_supply", sa.String(32), nullable=True),
        sa.Column("building_source", sa.String(32), nullable=True),
        sa.Column("self_held_area_m2", sa.BigInteger(), nullable=True),
        sa.Column("saleable_area_m2", sa.BigInteger(), nullable=True),
        sa.Column("beds", sa.BigInteger(), nullable=True),
        sa.Column("charges_by_bed", sa.Boolean(), nullable=True),
        sa.Column("in_demo_zone", sa.Boolean(), nullable=True),
        sa.Column("on_key_list", sa.Boolean(), nullable=True),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("registry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_project_version_recorded")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_version_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_version")),
    )
    op.create_index(op.f("ix_project_version_history"), "project_version", ["project_id", "recorded_from"])
    op.create_index(
        op.f("uq_project_version_open"),
        "project_version",
        ["project_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _create_need() -> None:
    op.create_table(
        "need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("status IN ('open', 'met', 'withdrawn')", name=op.f("ck_need_status")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_need_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_need_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need")),
    )
    op.create_index(op.f("ix_need_institution_id"), "need", ["institution_id"])
    op.create_index(op.f("ix_need_region_code_id"), "need", ["region_code", "id"])


def _create_need_version() -> None:
    op.create_table(
        "need_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=True),
        sa.Column("term_months", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.String(32), nullable=True),
        sa.Column("security_property", sa.String(32), nullable=True),
        sa.Column("securities", sa.BigInteger(), nullable=True),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("registry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_need_version_recorded")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_version_need_id_need")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_version")),
    )
    op.create_index(op.f("ix_need_version_history"), "need_version", ["need_id", "recorded_from"])
    op.create_index(
        op.f("uq_need_version_open"), "need_version", ["need_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def _create_loan() -> None:
    op.create_table(
        "loan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(6), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("lender", sa.Text(), nullable=False),
        sa.Column("contract_number", sa.String(80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_loan_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_loan_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan")),
    )
    op.create_index(op.f("ix_loan_institution_id"), "loan", ["institution_id"])
    op.create_index(op.f("ix_loan_region_code_id"), "loan", ["region_code", "id"])


def _create_loan_version() -> None:
    op.create_table(
        "loan_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("loan_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.Column("terms", JSON, nullable=True),
        sa.Column("principal_yuan", sa.BigInteger(), nullable=True),
        sa.Column("balance_yuan", sa.BigInteger(), nullable=True),
        sa.Column("contracted_on", sa.Date(), nullable=True),
        sa.Column("drawn_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("contract_rate_percent", sa.BigInteger(), nullable=True),
        sa.Column("project_share_percent", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=True),
        sa.Column("other_interest_subsidy", JSON, nullable=True),
        sa.Column("checked", sa.BigInteger(), nullable=False),
        sa.Column("registry", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_loan_version_recorded")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_loan_version_loan_id_loan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loan_version")),
    )
    op.create_index(op.f("ix_loan_version_history"), "loan_version", ["loan_id", "recorded_from"])
    op.create_index(
        op.f("uq_loan_version_open"), "loan_version", ["loan_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )


def _create_attestation() -> None:
    op.create_table(
        "attestation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("fact", sa.String(80), nullable=False),
        sa.Column("programme", sa.String(80), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("attested_on", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("recorded_from", INSTANT, nullable=False),
        sa.Column("recorded_to", INSTANT, nullable=True),
        sa.CheckConstraint("recorded_to > recorded_from", name=op.f("ck_attestation_recorded")),
        sa.CheckConstraint("valid_until > attested_on", name=op.f("ck_attestation_valid_until")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_attestation_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_attestation_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attestation")),
    )
    op.create_index(op.f("ix_attestation_history"), "attestation", ["subject_id", "fact", "recorded_from"])
    op.create_index(op.f("ix_attestation_institution_id"), "attestation", ["institution_id"])
    op.create_index(
        op.f("uq_attestation_open"),
        "attestation",
        ["subject_id", "fact", "programme"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def _create_attachment() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(80), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_attachment_sha256")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_attachment_institution_id_institution")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_institution_id"), "attachment", ["institution_id"])
