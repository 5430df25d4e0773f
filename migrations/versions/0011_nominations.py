"""Nominations for the white list: their steps, who took them, what may lead where, and what is asked of them.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
OPEN = sa.text(
    "state IN ('draft', 'submitted', 'recommended', 'reviewed', 'approved', 'on_notice', 'returned', "
    "'county_appealed', 'city_appealed', 'province_appealed')"
)
# The states that can be withdrawn from; listing ends it.
WITHDRAWN_FROM = (
    *("draft", "submitted", "recommended", "reviewed", "returned", "county_appealed", "city_appealed"),
    *("province_appealed", "approved", "on_notice"),
)
TRANSITIONS = (
    ("none", "draft", "draft", "applicant"),
    ("draft", "submit", "submitted", "applicant"),
    ("submitted", "recommend", "recommended", "county"),
    ("submitted", "return", "returned", "county"),
    ("submitted", "reject", "county_rejected", "county"),
    ("recommended", "review", "reviewed", "city"),
    ("recommended", "return", "returned", "city"),
    ("recommended", "reject", "city_rejected", "city"),
    ("reviewed", "approve", "approved", "province"),
    ("reviewed", "return", "returned", "province"),
    ("reviewed", "reject", "province_rejected", "province"),
    ("returned", "submit", "submitted", "applicant"),
    ("county_rejected", "appeal", "county_appealed", "applicant"),
    ("city_rejected", "appeal", "city_appealed", "applicant"),
    ("province_rejected", "appeal", "province_appealed", "applicant"),
    ("county_appealed", "allow", "recommended", "county_appeal"),
    ("city_appealed", "allow", "reviewed", "city_appeal"),
    ("province_appealed", "allow", "approved", "province_appeal"),
    ("county_appealed", "dismiss", "rejected", "county_appeal"),
    ("city_appealed", "dismiss", "rejected", "city_appeal"),
    ("province_appealed", "dismiss", "rejected", "province_appeal"),
    ("approved", "notice", "on_notice", "batch"),
    ("on_notice", "list", "listed", "batch"),
    ("on_notice", "recall", "approved", "batch"),
    ("on_notice", "uphold", "rejected", "batch"),
    *((state, "withdraw", "withdrawn", "applicant") for state in WITHDRAWN_FROM),
)
# What nobody changes once it is written; and, for SQLite, which row INSERT OR REPLACE would take away.
KEPT = {
    "nomination_transition": (
        "from_state = NEW.from_state AND action = NEW.action AND to_state = NEW.to_state AND level = NEW.level"
    ),
    "nomination_actor": "nomination_id = NEW.nomination_id AND account_id = NEW.account_id",
    "nomination_step": "nomination_id = NEW.nomination_id AND number = NEW.number",
}
REFUSAL = "推荐的经办记录只增不改"
NEWEST_FIRST = ("whitelist_reason", "whitelist_rule", "nomination_step", "nomination_actor", "nomination")
# A nomination moves on by one step or stays; it is never set back to an earlier one.
BACKWARDS = "推荐只能前进一步，不能退回已走过的步骤"


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')"


# Offices see what lies in their region, an institution its own; a bank learns of nominations by the published list.
MINE = f"({setting('institution')} IS NULL OR institution_id = {setting('institution')}::uuid)"
VISIBLE = {
    "nomination": f"yinqiao_in_region(region_code) AND {MINE} AND {setting('bank')} IS NULL",
    **{
        table: f"EXISTS (SELECT FROM nomination n WHERE n.id = {table}.nomination_id)"
        for table in ("nomination_actor", "nomination_step")
    },
}
# Whoever reviews a project has to see what money it wants, although a need lies where its institution does.
WHOSE = (
    f"({setting('institution')} IS NULL OR institution_id = {setting('institution')}::uuid) AND "
    f"({setting('bank')} IS NULL OR institution_id IN (SELECT yinqiao_reached()))"
)
NEEDS_BEFORE = f"yinqiao_in_region(region_code) AND {WHOSE}"
BUILT_HERE = "SELECT id FROM project p WHERE yinqiao_in_region(p.region_code)"
NEEDS = f"(yinqiao_in_region(region_code) OR project_id IN ({BUILT_HERE})) AND {WHOSE}"


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    transitions = _create_transition()
    op.bulk_insert(transitions, [dict(zip(transitions.c.keys(), row, strict=True)) for row in TRANSITIONS])
    _create_nomination()
    _create_actor()
    _create_step()
    _create_rules()
    if op.get_context().dialect.name == "postgresql":
        op.create_foreign_key(*_last_step(), deferrable=True, initially="DEFERRED")
        _keep_on_postgresql()
        _secure()
    else:
        _keep_on_sqlite()


def downgrade() -> None:
    """Take everything away again, and with the tables their triggers and policies."""
    postgres = op.get_context().dialect.name == "postgresql"
    if postgres:
        op.execute(f"ALTER POLICY need_read ON need USING ({NEEDS_BEFORE})")
        op.drop_constraint("fk_nomination_last_step", "nomination")
    else:
        # Dropping a table deletes its rows, and the triggers refuse that.
        for table in KEPT:
            op.execute(f"DROP TRIGGER {table}_delete")
    for table in (*NEWEST_FIRST, "nomination_transition"):
        op.drop_table(table)
    if postgres:
        op.execute("DROP FUNCTION refuse_nomination_change()")
        op.execute("DROP FUNCTION refuse_nomination_backwards()")


def _last_step() -> tuple[str, str, str, list[str], list[str]]:
    here, there = ["id", "step", "state"], ["nomination_id", "number", "to_state"]
    return "fk_nomination_last_step", "nomination", "nomination_step", here, there


def _create_transition() -> sa.Table:
    return op.create_table(
        "nomination_transition",
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "action", "to_state", "level", name=op.f("pk_nomination_transition")),
    )


def _create_nomination() -> None:
    name, _, step, here, there = _last_step()
    # SQLite takes a foreign key only with its table, even where the other one is still to come.
    inline = op.get_context().dialect.name == "sqlite"
    last_step = sa.ForeignKeyConstraint(
        here, [f"{step}.{column}" for column in there], name=name, deferrable=True, initially="DEFERRED"
    )
    op.create_table(
        "nomination",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=6), nullable=False),
        sa.Column("subject_kind", sa.String(length=12), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("institution_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.CheckConstraint("(subject_kind = 'project') = (project_id IS NOT NULL)", name=op.f("ck_nomination_project")),
        sa.CheckConstraint("subject_kind IN ('institution', 'project')", name=op.f("ck_nomination_subject_kind")),
        sa.CheckConstraint(
            "subject_id = CASE WHEN project_id IS NULL THEN institution_id ELSE project_id END",
            name=op.f("ck_nomination_subject_id"),
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institution.id"], name=op.f("fk_nomination_institution_id_institution")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_nomination_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nomination")),
        sa.UniqueConstraint("number", name=op.f("uq_nomination_number")),
        *([last_step] if inline else []),
    )
    op.create_index(
        "uq_nomination_open", "nomination", ["subject_id"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index(op.f("ix_nomination_region_code_id"), "nomination", ["region_code", "id"])
    op.create_index(op.f("ix_nomination_institution_id"), "nomination", ["institution_id"])
    op.create_index(op.f("ix_nomination_batch_id"), "nomination", ["batch_id"])


def _create_actor() -> None:
    op.create_table(
        "nomination_actor",
        sa.Column("nomination_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_nomination_actor_account_id_account")),
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_nomination_actor_nomination_id_nomination")
        ),
        sa.PrimaryKeyConstraint("nomination_id", "account_id", name=op.f("pk_nomination_actor")),
        sa.UniqueConstraint(
            "nomination_id", "account_id", "level", name=op.f("uq_nomination_actor_nomination_id_account_id_level")
        ),
    )


def _create_step() -> None:
    op.create_table(
        "nomination_step",
        sa.Column("nomination_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.Column("from_state", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("in_place_of", sa.String(length=12), nullable=True),
        sa.Column("checks", JSON, nullable=True),
        *_step_checks(),
        *_step_references(),
        sa.PrimaryKeyConstraint("nomination_id", "number", name=op.f("pk_nomination_step")),
        sa.UniqueConstraint(
            "nomination_id", "number", "to_state", name=op.f("uq_nomination_step_nomination_id_number_to_state")
        ),
    )


def _step_checks() -> list[sa.CheckConstraint]:
    reasoned = "action NOT IN ('return', 'reject', 'dismiss', 'uphold')"
    checks = {
        "number": "number >= 1",
        "first": "(number = 1) = (previous IS NULL)",
        "previous": "previous = number - 1",
        "from_state": "(number = 1) = (from_state = 'none')",
        "account_id": "(level = 'batch') = (account_id IS NULL)",
        "organisation_id": "account_id IS NULL OR organisation_id IS NOT NULL",
        "in_place_of": "in_place_of IS NULL OR (in_place_of = 'county' AND level = 'county')",
        "reason": f"{reasoned} OR (reason_code IS NOT NULL AND note IS NOT NULL)",
    }
    return [sa.CheckConstraint(check, name=op.f(f"ck_nomination_step_{name}")) for name, check in checks.items()]


def _step_references() -> list[sa.ForeignKeyConstraint]:
    moves = ("from_state", "action", "to_state", "level")
    actor = ("nomination_id", "account_id", "level")
    return [
        sa.ForeignKeyConstraint(
            ["nomination_id"], ["nomination.id"], name=op.f("fk_nomination_step_nomination_id_nomination")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_nomination_step_organisation_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["nomination_id", "previous", "from_state"],
            ["nomination_step.nomination_id", "nomination_step.number", "nomination_step.to_state"],
            name="fk_nomination_step_previous",
        ),
        sa.ForeignKeyConstraint(
            moves, [f"nomination_transition.{name}" for name in moves], name="fk_nomination_step_transition"
        ),
        sa.ForeignKeyConstraint(actor, [f"nomination_actor.{name}" for name in actor], name="fk_nomination_step_actor"),
    ]


def _create_rules() -> None:
    op.create_table(
        "whitelist_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.String(length=12), nullable=False),
        sa.Column("effect", sa.String(length=12), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("rule", JSON, nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_whitelist_rule_valid")),
        sa.CheckConstraint("subject_kind IN ('institution', 'project')", name=op.f("ck_whitelist_rule_subject_kind")),
        sa.CheckConstraint("effect IN ('admission', 'exclusion')", name=op.f("ck_whitelist_rule_effect")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whitelist_rule")),
        sa.UniqueConstraint("slug", "valid_from", name=op.f("uq_whitelist_rule_slug_valid_from")),
    )
    op.create_table(
        "whitelist_reason",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("used_for", JSON, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_whitelist_reason_valid")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whitelist_reason")),
        sa.UniqueConstraint("code", name=op.f("uq_whitelist_reason_code")),
    )


def _keep_on_postgresql() -> None:
    for function, refusal in (("change", REFUSAL), ("backwards", BACKWARDS)):
        op.execute(
            f"CREATE FUNCTION refuse_nomination_{function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'check_violation'; END $$"
        )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_nomination_change()"
        )
    op.execute(
        "CREATE TRIGGER nomination_moves_on BEFORE UPDATE ON nomination FOR EACH ROW "
        "WHEN (NEW.step NOT IN (OLD.step, OLD.step + 1)) EXECUTE FUNCTION refuse_nomination_backwards()"
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
    op.execute(
        "CREATE TRIGGER nomination_moves_on BEFORE UPDATE ON nomination "
        f"WHEN NEW.step NOT IN (OLD.step, OLD.step + 1) BEGIN SELECT RAISE(ABORT, '{BACKWARDS}'); END"
    )


def _secure() -> None:
    """Grants to the role of the web process, and what of each table its caller sees and writes."""
    read_by_all = ("nomination_transition", "whitelist_rule", "whitelist_reason")
    op.execute(f"GRANT SELECT ON {', '.join((*read_by_all, *VISIBLE))} TO {ROLE}")
    op.execute(f"GRANT INSERT ON {', '.join(VISIBLE)} TO {ROLE}")
    op.execute(f"GRANT UPDATE ON nomination TO {ROLE}")
    for table, mine in VISIBLE.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({mine})")
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({mine})")
    changed = f"USING ({VISIBLE['nomination']}) WITH CHECK ({VISIBLE['nomination']})"
    op.execute(f"CREATE POLICY nomination_update ON nomination FOR UPDATE TO {ROLE} {changed}")
    # A need is still written only where its institution lies: the checks of what is written stay as they were.
    op.execute(f"ALTER POLICY need_read ON need USING ({NEEDS})")
