"""What each bank does about each entry that was delivered to it.

A bank now reaches what was delivered to it, and no longer whatever stands on the list.

Revision ID: 0017
Revises: 0016
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
TRANSITIONS = (
    ("none", "deliver", "not_contacted"),
    ("not_contacted", "contact", "contacted"),
    ("not_contacted", "decline", "declined"),
    ("not_contacted", "assign", "not_contacted"),
    ("contacted", "investigate", "due_diligence"),
    ("contacted", "decline", "declined"),
    ("contacted", "assign", "contacted"),
    ("due_diligence", "grant", "granted"),
    ("due_diligence", "decline", "declined"),
    ("due_diligence", "assign", "due_diligence"),
    ("granted", "disburse", "disbursed"),
    ("granted", "decline", "declined"),
    ("granted", "assign", "granted"),
    ("disbursed", "assign", "disbursed"),
)
# What nobody changes once it is written; and, for SQLite, which row INSERT OR REPLACE would take away.
KEPT = {
    "referral_transition": "from_state = NEW.from_state AND action = NEW.action AND to_state = NEW.to_state",
    "referral_step": "referral_id = NEW.referral_id AND number = NEW.number",
}
REASONS = (
    "reason_code IN ('no_need', 'unreachable', 'incomplete_file', 'outside_policy', 'repayment', 'credit_record', "
    "'security', 'terms_not_agreed', 'other_bank', 'other')"
)
WHEN_DISBURSED = " AND ".join(
    f"(state = 'disbursed') = ({column} IS NOT NULL)"
    for column in ("disbursed_yuan", "disbursed_on", "rate_percent", "loan_id")
)
REFUSAL = "推送和对接的记录只增不改"


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')"


HERE = "yinqiao_in_region(region_code)"
IS_A_BANK = f"{setting('bank')} IS NOT NULL"
MY_BANK = f"bank_id = {setting('bank')}::uuid"
OF_MY_BANK = f"({setting('bank')} IS NULL OR {MY_BANK})"
OWN = f"({setting('institution')} IS NULL OR institution_id = {setting('institution')}::uuid)"
BY_AN_OFFICE = f"{setting('institution')} IS NULL AND {setting('bank')} IS NULL"
# Pushes are the province's: no reach but its own holds the province's code.
BY_THE_PROVINCE = f"yinqiao_in_region('140000') AND {BY_AN_OFFICE}"
MY_REFERRAL = "EXISTS (SELECT FROM referral r WHERE r.id = referral_step.referral_id)"
CONCERNED = f"{HERE} AND {OWN} AND {OF_MY_BANK}"
# What a caller sees of each table, and what he or she adds to it.
POLICIES = {
    "referral": (CONCERNED, BY_THE_PROVINCE),
    "referral_step": (MY_REFERRAL, f"({BY_THE_PROVINCE}) OR ({IS_A_BANK} AND {MY_REFERRAL})"),
}
# Who changes what there is: a bank its own follow-up, whoever pushes what it says of the delivery.
CHANGED = {
    "referral": f"({BY_THE_PROVINCE}) OR ({HERE} AND {MY_BANK})",
}
DELIVERED = f"""
    SELECT r.institution_id FROM referral r JOIN whitelist_entry e ON e.id = r.entry_id
    WHERE r.bank_id = {setting("bank")}::uuid
      AND ((e.state = 'listed' AND e.valid_to > {setting("today")}::date) OR r.state IN ('granted', 'disbursed'))
"""
LISTED_BEFORE = """
    SELECT id FROM institution WHERE list_status = 'listed'
    UNION SELECT institution_id FROM project WHERE list_status = 'listed'
"""


def reached(by_the_list: str) -> str:
    """The function that looks past the policies of the tables it reads, as the owner, or they would ask each other."""
    return f"""
CREATE OR REPLACE FUNCTION yinqiao_reached() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    {by_the_list}
    UNION SELECT institution_id FROM consent
          WHERE {MY_BANK} AND withdrawn_at IS NULL
            AND valid_from <= {setting("today")}::date AND valid_to > {setting("today")}::date
$$
"""


def upgrade() -> None:
    """New tables; and the reach of banks becomes what was delivered to them."""
    transitions = _create_referral_transition()
    op.bulk_insert(transitions, [dict(zip(transitions.c.keys(), row, strict=True)) for row in TRANSITIONS])
    _create_referral()
    _create_referral_step()
    if op.get_context().dialect.name == "postgresql":
        op.create_foreign_key(*_last_step(), deferrable=True, initially="DEFERRED")
        _keep_on_postgresql()
        _secure()
        op.execute(reached(DELIVERED))
    else:
        _keep_on_sqlite()


def downgrade() -> None:
    """Take everything away again, and with the tables their triggers and policies."""
    postgres = op.get_context().dialect.name == "postgresql"
    if postgres:
        op.execute(reached(LISTED_BEFORE))
        op.drop_constraint("fk_referral_last_step", "referral")
    else:
        # Dropping a table deletes its rows, and the triggers refuse that.
        for table in KEPT:
            op.execute(f"DROP TRIGGER {table}_delete")
    for table in (*reversed(POLICIES), "referral_transition"):
        op.drop_table(table)
    if postgres:
        op.execute("DROP FUNCTION refuse_referral_change()")


def _last_step() -> tuple[str, str, str, list[str], list[str]]:
    here, there = ["id", "step", "state"], ["referral_id", "number", "to_state"]
    return "fk_referral_last_step", "referral", "referral_step", here, there


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create_referral_transition() -> sa.Table:
    return op.create_table(
        "referral_transition",
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "action", "to_state", name=op.f("pk_referral_transition")),
    )


def _create_referral() -> None:
    name, _, step, here, there = _last_step()
    # SQLite takes a foreign key only with its table, even where the other one is still to come.
    inline = op.get_context().dialect.name == "sqlite"
    last_step = sa.ForeignKeyConstraint(
        here, [f"{step}.{column}" for column in there], name=name, deferrable=True, initially="DEFERRED"
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(length=16), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("last_delivery_id", sa.Uuid(), nullable=False),
        sa.Column("delivered_step", sa.Integer(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("contacted_on", sa.Date(), nullable=True),
        sa.Column("granted_yuan", sa.BigInteger(), nullable=True),
        sa.Column("granted_on", sa.Date(), nullable=True),
        sa.Column("disbursed_yuan", sa.BigInteger(), nullable=True),
        sa.Column("disbursed_on", sa.Date(), nullable=True),
        sa.Column("rate_percent", sa.BigInteger(), nullable=True),
        sa.Column("loan_id", sa.Uuid(), nullable=True),
        sa.Column("declined_on", sa.Date(), nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("subsidy_programme", sa.String(length=80), nullable=True),
        sa.Column("subsidy_yuan", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("(state = 'declined') = (declined_on IS NOT NULL)", name=op.f("ck_referral_declined_on")),
        sa.CheckConstraint("(state = 'declined') = (reason_code IS NOT NULL)", name=op.f("ck_referral_declined")),
        sa.CheckConstraint(
            WHEN_DISBURSED,
            name=op.f("ck_referral_disbursed"),
        ),
        sa.CheckConstraint(
            "(state IN ('granted', 'disbursed')) <= (granted_yuan IS NOT NULL)", name=op.f("ck_referral_granted")
        ),
        sa.CheckConstraint(
            REASONS,
            name=op.f("ck_referral_reason_code"),
        ),
        sa.CheckConstraint(
            "state IN ('not_contacted', 'contacted', 'due_diligence', 'granted', 'disbursed', 'declined')",
            name=op.f("ck_referral_state"),
        ),
        sa.CheckConstraint(
            "subject_kind IN ('institution', 'project') AND (subject_kind = 'project') = (project_id IS NOT NULL)",
            name=op.f("ck_referral_subject"),
        ),
        sa.CheckConstraint("(granted_yuan IS NULL) = (granted_on IS NULL)", name=op.f("ck_referral_granted_on")),
        sa.CheckConstraint("(subsidy_yuan IS NULL) = (subsidy_programme IS NULL)", name=op.f("ck_referral_subsidy")),
        sa.CheckConstraint("disbursed_on >= granted_on", name=op.f("ck_referral_disbursed_on")),
        sa.CheckConstraint(
            "disbursed_yuan > 0 AND disbursed_yuan <= granted_yuan", name=op.f("ck_referral_disbursed_yuan")
        ),
        sa.CheckConstraint("due_on >= delivered_on", name=op.f("ck_referral_due_on")),
        sa.CheckConstraint("granted_yuan > 0", name=op.f("ck_referral_granted_yuan")),
        sa.ForeignKeyConstraint(["bank_id"], ["bank.id"], name=op.f("fk_referral_bank_id_bank")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["whitelist_entry.id"], name=op.f("fk_referral_entry_id_whitelist_entry")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_referral_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_referral_loan_id_loan")),
        sa.ForeignKeyConstraint(["manager_id"], ["account.id"], name=op.f("fk_referral_manager_id_account")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_referral_project_id_project")),
        *(
            sa.ForeignKeyConstraint(
                [f"{one}_delivery_id"], ["delivery.id"], name=f"fk_referral_{one}_delivery_id_delivery"
            )
            for one in ("first", "last")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("bank_id", "entry_id", name=op.f("uq_referral_bank_id_entry_id")),
        *([last_step] if inline else []),
    )
    for columns in (["bank_id", "due_on", "id"], ["bank_id", "institution_id"], ["entry_id"], ["institution_id"]):
        op.create_index(op.f(f"ix_referral_{'_'.join(columns)}"), "referral", columns)
    op.create_index(op.f("ix_referral_region_code_id"), "referral", ["region_code", "id"])
    op.create_index(
        "ix_referral_undecided",
        "referral",
        ["due_on", "id"],
        **_where("state IN ('not_contacted', 'contacted', 'due_diligence')"),
    )


def _create_referral_step() -> None:
    op.create_table(
        "referral_step",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("amount_yuan", sa.BigInteger(), nullable=True),
        sa.Column("rate_percent", sa.BigInteger(), nullable=True),
        sa.Column("reason_code", sa.String(length=32), nullable=True),
        sa.Column("internal_note", sa.Text(), nullable=True),
        sa.CheckConstraint("(action = 'assign') = (manager_id IS NOT NULL)", name=op.f("ck_referral_step_manager")),
        sa.CheckConstraint("(action = 'decline') = (reason_code IS NOT NULL)", name=op.f("ck_referral_step_reason")),
        sa.CheckConstraint("(action = 'disburse') = (rate_percent IS NOT NULL)", name=op.f("ck_referral_step_rate")),
        sa.CheckConstraint(
            "(action IN ('grant', 'disburse')) = (amount_yuan IS NOT NULL)", name=op.f("ck_referral_step_amount")
        ),
        sa.CheckConstraint("(number = 1) = (from_state = 'none')", name=op.f("ck_referral_step_from_none")),
        sa.CheckConstraint(
            REASONS,
            name=op.f("ck_referral_step_reason_code"),
        ),
        sa.CheckConstraint("(number = 1) = (previous IS NULL)", name=op.f("ck_referral_step_first")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_referral_step_number")),
        sa.CheckConstraint("previous = number - 1", name=op.f("ck_referral_step_previous")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_referral_step_account_id_account")),
        sa.ForeignKeyConstraint(
            ["from_state", "action", "to_state"],
            ["referral_transition.from_state", "referral_transition.action", "referral_transition.to_state"],
            name="fk_referral_step_transition",
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["account.id"], name=op.f("fk_referral_step_manager_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_referral_step_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id", "previous", "from_state"],
            ["referral_step.referral_id", "referral_step.number", "referral_step.to_state"],
            name="fk_referral_step_previous",
        ),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_referral_step_referral_id_referral")),
        sa.PrimaryKeyConstraint("referral_id", "number", name=op.f("pk_referral_step")),
        sa.UniqueConstraint(
            "referral_id", "number", "to_state", name=op.f("uq_referral_step_referral_id_number_to_state")
        ),
    )


def _keep_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_referral_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation'; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_referral_change()"
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
    op.execute(f"GRANT SELECT ON referral_transition TO {ROLE}")
    op.execute(f"GRANT UPDATE ON {', '.join(CHANGED)} TO {ROLE}")
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({seen})")
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({written})")
    for table, changed in CHANGED.items():
        both = f"USING ({changed}) WITH CHECK ({changed})"
        op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {ROLE} {both}")
