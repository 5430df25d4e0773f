"""Batches of the white list, objections to what they announce, and the life of each entry.

Revision ID: 0012
Revises: 0011
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
INSTANT = sa.DateTime(timezone=True)
ROLE = "yinqiao_app"
TABLES = ("batch", "batch_row", "objection", "whitelist_entry", "entry_snapshot", "whitelist_event")
TRANSITIONS = (
    ("none", "list", "listed"),
    ("listed", "suspend", "suspended"),
    ("suspended", "reinstate", "listed"),
    ("suspended", "remove", "removed"),
    ("listed", "renew", "listed"),
    ("listed", "expire", "expired"),
    ("suspended", "expire", "expired"),
)
PUBLISHED = ("number", "year", "ordinal", "document_number", "published_at", "published_on", "published_by")
WHEN_PUBLISHED = " AND ".join(f"(state = 'published') = ({column} IS NOT NULL)" for column in PUBLISHED)
SUBJECT = "subject_kind IN ('institution', 'project') AND (subject_kind = 'project') = (project_id IS NOT NULL)"
CHECKS: dict[str, dict[str, str]] = {
    "batch": {
        "published": WHEN_PUBLISHED,
        "announced": "(state IN ('on_notice', 'published')) <= (notice_to IS NOT NULL)",
        "state": "state IN ('draft', 'on_notice', 'published', 'abandoned')",
        "notice": "(notice_from IS NULL) = (notice_to IS NULL)",
        "notice_to": "notice_to >= notice_from",
        "two_people": "published_by <> drafted_by",
        "notice_over": "published_on > notice_to",
    },
    "batch_row": {
        "left_reason": "left_reason IN ('taken_out', 'objection_upheld', 'withdrawn', 'abandoned')",
        "left": "(left_at IS NULL) = (left_reason IS NULL)",
    },
    "objection": {
        "decision": "decision IN ('upheld', 'dismissed')",
        "decided_at": "(decision IS NULL) = (decided_at IS NULL)",
        "decided_by": "(decision IS NULL) = (decided_by IS NULL)",
        "reason": "(decision IS NULL) = (reason IS NULL)",
    },
    "whitelist_entry": {
        "state": "state IN ('listed', 'suspended', 'removed', 'expired')",
        "subject": SUBJECT,
        "serial": "serial >= 1",
        "valid": "valid_to > valid_from",
    },
    "entry_snapshot": {},
    "whitelist_event": {
        "account": "(action = 'expire') = (account_id IS NULL)",
        "document_number": "(action = 'expire') = (document_number IS NULL)",
        "from_none": "(number = 1) = (from_state = 'none')",
        "two_people": "action NOT IN ('reinstate', 'remove', 'renew') OR account_id <> previous_account_id",
        "first": "(number = 1) = (previous IS NULL)",
        "previous_account": "(previous IS NULL) = (previous_account_id IS NULL)",
        "number": "number >= 1",
        "previous": "previous = number - 1",
    },
}
# Of each table which column names a row of which other.
REFERENCES: dict[str, dict[str, str]] = {
    "batch": {"account": "abandoned_by announced_by drafted_by published_by"},
    "batch_row": {"account": "added_by", "batch": "batch_id", "nomination": "nomination_id"},
    "objection": {"account": "decided_by recorded_by", "batch": "batch_id", "nomination": "nomination_id"},
    "whitelist_entry": {name: f"{name}_id" for name in ("batch", "institution", "nomination", "project")},
    "entry_snapshot": {"whitelist_entry": "entry_id", "institution": "institution_id"},
    "whitelist_event": {"account": "account_id", "whitelist_entry": "entry_id"},
}
# What nobody changes once it is written; and, for SQLite, which row INSERT OR REPLACE would take away.
KEPT = {
    "entry_transition": "from_state = NEW.from_state AND action = NEW.action AND to_state = NEW.to_state",
    "entry_snapshot": "entry_id = NEW.entry_id",
    "whitelist_event": "(entry_id = NEW.entry_id AND number = NEW.number) OR sequence = NEW.sequence",
}
REFUSAL = "名单的记录只增不改"
# A published batch is amended by a further batch only.
CLOSED = "已发布的批次不再改变"


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')"


HERE = "yinqiao_in_region(region_code)"
BY_AN_OFFICE = f"{setting('institution')} IS NULL AND {setting('bank')} IS NULL"
OWN = f"({setting('institution')} IS NULL OR institution_id = {setting('institution')}::uuid)"
# The province keeps the list: no reach but its own holds the province's code.
BY_THE_PROVINCE = f"yinqiao_in_region('140000') AND {BY_AN_OFFICE}"
# What a caller sees of each table, and what he or she writes. What is announced or listed is public; the facts behind
# it are seen as those of their institution are.
SUBJECT_SEEN = "EXISTS (SELECT FROM institution i WHERE i.id = entry_snapshot.institution_id)"
ENTRY_SEEN = "EXISTS (SELECT FROM whitelist_entry e WHERE e.id = whitelist_event.entry_id)"
POLICIES = {
    "batch": (f"state IN ('on_notice', 'published') OR ({BY_THE_PROVINCE})", BY_THE_PROVINCE),
    "batch_row": (f"{HERE} AND {BY_AN_OFFICE}", BY_THE_PROVINCE),
    "objection": (f"{HERE} AND {BY_AN_OFFICE}", f"{HERE} AND {BY_AN_OFFICE}"),
    "whitelist_entry": (f"state = 'listed' OR ({HERE} AND {OWN})", BY_THE_PROVINCE),
    "entry_snapshot": (SUBJECT_SEEN, BY_THE_PROVINCE),
    "whitelist_event": (ENTRY_SEEN, BY_THE_PROVINCE),
}


def upgrade() -> None:
    """Only additions, so that the previous program still runs on the new schema."""
    transitions = _create_entry_transition()
    op.bulk_insert(transitions, [dict(zip(transitions.c.keys(), row, strict=True)) for row in TRANSITIONS])
    for create in (_create_batch, _create_batch_row, _create_objection, _create_whitelist_entry):
        create()
    _create_entry_snapshot()
    _create_whitelist_event()
    if op.get_context().dialect.name == "postgresql":
        op.create_foreign_key(*_last_event(), deferrable=True, initially="DEFERRED")
        _keep_on_postgresql()
        _secure()
    else:
        _keep_on_sqlite()


def downgrade() -> None:
    """Take everything away again, and with the tables their triggers and policies."""
    postgres = op.get_context().dialect.name == "postgresql"
    if postgres:
        op.drop_constraint("fk_whitelist_entry_last_event", "whitelist_entry")
    else:
        # Dropping a table deletes its rows, and the triggers refuse that.
        for table in (*KEPT, "batch", "batch_row"):
            op.execute(f"DROP TRIGGER {table}_delete")
    for table in (*reversed(TABLES), "entry_transition"):
        op.drop_table(table)
    if postgres:
        for function in ("list", "batch", "batch_row"):
            op.execute(f"DROP FUNCTION refuse_{function}_change()")


def _last_event() -> tuple[str, str, str, list[str], list[str]]:
    here, there = ["id", "step", "state"], ["entry_id", "number", "to_state"]
    return "fk_whitelist_entry_last_event", "whitelist_entry", "whitelist_event", here, there


def _needed(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def _optional(kind: Any, *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=True) for name in names]


def _create(table: str, *parts: sa.schema.SchemaItem) -> None:
    """A table with the checks and the references of its name."""
    checks = (sa.CheckConstraint(check, name=op.f(f"ck_{table}_{name}")) for name, check in CHECKS[table].items())
    references = (
        sa.ForeignKeyConstraint([column], [f"{there}.id"], name=op.f(f"fk_{table}_{column}_{there}"))
        for there, columns in REFERENCES[table].items()
        for column in columns.split()
    )
    op.create_table(table, *parts, *references, *checks)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create_entry_transition() -> sa.Table:
    return op.create_table(
        "entry_transition",
        *_needed(sa.String(length=16), "from_state", "action", "to_state"),
        sa.PrimaryKeyConstraint("from_state", "action", "to_state", name=op.f("pk_entry_transition")),
    )


def _create_batch() -> None:
    _create(
        "batch",
        *_needed(sa.Uuid(), "id"),
        *_needed(sa.String(length=6), "region_code"),
        *_needed(sa.Text(), "title"),
        *_needed(sa.String(length=16), "state"),
        *_optional(sa.Date(), "notice_from", "notice_to"),
        *_optional(sa.Uuid(), "announced_by"),
        *_optional(INSTANT, "announced_at"),
        *_optional(sa.String(length=40), "number"),
        *_optional(sa.Integer(), "year", "ordinal"),
        *_optional(sa.Text(), "document_number"),
        *_optional(INSTANT, "published_at"),
        *_optional(sa.Date(), "published_on"),
        *_optional(sa.Uuid(), "published_by"),
        *_optional(INSTANT, "abandoned_at"),
        *_optional(sa.Uuid(), "abandoned_by"),
        *_optional(sa.Text(), "abandon_reason"),
        *_needed(sa.Uuid(), "drafted_by"),
        *_needed(sa.Integer(), "version"),
        *_needed(INSTANT, "created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_batch_number")),
        sa.UniqueConstraint("year", "ordinal", name=op.f("uq_batch_year_ordinal")),
    )
    op.create_index(op.f("ix_batch_state"), "batch", ["state"])


def _create_batch_row() -> None:
    _create(
        "batch_row",
        *_needed(sa.Uuid(), "id", "batch_id", "nomination_id"),
        *_needed(sa.String(length=6), "region_code"),
        *_optional(sa.Integer(), "serial"),
        *_optional(JSON, "printed"),
        *_needed(sa.Uuid(), "added_by"),
        *_needed(INSTANT, "added_at"),
        *_optional(INSTANT, "left_at"),
        *_optional(sa.String(length=16), "left_reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_row")),
    )
    op.create_index(op.f("ix_batch_row_batch_id_nomination_id"), "batch_row", ["batch_id", "nomination_id"])
    op.create_index("uq_batch_row_nomination", "batch_row", ["nomination_id"], unique=True, **_where("left_at IS NULL"))


def _create_objection() -> None:
    _create(
        "objection",
        *_needed(sa.Uuid(), "id", "batch_id", "nomination_id"),
        *_needed(sa.String(length=6), "region_code"),
        *_needed(sa.Text(), "person", "grounds"),
        *_needed(sa.Uuid(), "recorded_by"),
        *_needed(INSTANT, "recorded_at"),
        *_optional(sa.String(length=16), "decision"),
        *_optional(sa.Text(), "reason"),
        *_optional(sa.Uuid(), "decided_by"),
        *_optional(INSTANT, "decided_at"),
        *_needed(sa.Integer(), "version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objection")),
    )
    op.create_index(op.f("ix_objection_batch_id_id"), "objection", ["batch_id", "id"])
    op.create_index("ix_objection_open", "objection", ["nomination_id"], **_where("decision IS NULL"))


def _create_whitelist_entry() -> None:
    name, _, event, here, there = _last_event()
    # SQLite takes a foreign key only with its table, even where the other one is still to come.
    inline = op.get_context().dialect.name == "sqlite"
    last_event = sa.ForeignKeyConstraint(
        here, [f"{event}.{column}" for column in there], name=name, deferrable=True, initially="DEFERRED"
    )
    _create(
        "whitelist_entry",
        *_needed(sa.Uuid(), "id"),
        *_needed(sa.String(length=6), "region_code"),
        *_needed(sa.Uuid(), "batch_id"),
        *_needed(sa.Integer(), "serial"),
        *_needed(sa.Uuid(), "nomination_id"),
        *_needed(sa.String(length=16), "subject_kind"),
        *_needed(sa.Uuid(), "institution_id"),
        *_optional(sa.Uuid(), "project_id"),
        *_optional(sa.BigInteger(), "kinds"),
        *_needed(JSON, "printed"),
        *_needed(sa.Text(), "search_key"),
        *_needed(sa.String(length=16), "state"),
        *_needed(sa.Integer(), "step"),
        *_needed(sa.Date(), "valid_from", "valid_to"),
        *_needed(sa.Integer(), "version"),
        *_needed(INSTANT, "created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_whitelist_entry")),
        sa.UniqueConstraint("batch_id", "serial", name=op.f("uq_whitelist_entry_batch_id_serial")),
        sa.UniqueConstraint("nomination_id", name=op.f("uq_whitelist_entry_nomination_id")),
        *([last_event] if inline else []),
    )
    op.create_index(op.f("ix_whitelist_entry_institution_id"), "whitelist_entry", ["institution_id"])
    op.create_index(op.f("ix_whitelist_entry_region_code_id"), "whitelist_entry", ["region_code", "id"])
    op.create_index(op.f("ix_whitelist_entry_state_valid_to"), "whitelist_entry", ["state", "valid_to"])
    for kind in ("institution", "project"):
        live = _where(f"subject_kind = '{kind}' AND state IN ('listed', 'suspended')")
        op.create_index(f"uq_whitelist_entry_{kind}", "whitelist_entry", [f"{kind}_id"], unique=True, **live)


def _create_entry_snapshot() -> None:
    _create(
        "entry_snapshot",
        *_needed(sa.Uuid(), "entry_id", "institution_id"),
        *_needed(JSON, "snapshot"),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_entry_snapshot")),
    )


def _create_whitelist_event() -> None:
    _create(
        "whitelist_event",
        *_needed(sa.Uuid(), "entry_id"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *_optional(sa.Integer(), "previous"),
        *_optional(sa.Uuid(), "previous_account_id"),
        *_needed(sa.String(length=16), "action", "from_state", "to_state"),
        *_needed(sa.Date(), "effective_on"),
        *_needed(INSTANT, "at"),
        *_optional(sa.Uuid(), "account_id"),
        *_optional(sa.String(length=32), "reason_code"),
        *_optional(sa.Text(), "note", "document_number"),
        *_needed(sa.Date(), "valid_to"),
        *_needed(sa.Integer(), "sequence"),
        sa.ForeignKeyConstraint(
            ["entry_id", "previous", "from_state"],
            ["whitelist_event.entry_id", "whitelist_event.number", "whitelist_event.to_state"],
            name="fk_whitelist_event_previous",
        ),
        sa.ForeignKeyConstraint(
            ["entry_id", "previous", "previous_account_id"],
            ["whitelist_event.entry_id", "whitelist_event.number", "whitelist_event.account_id"],
            name="fk_whitelist_event_previous_account",
        ),
        sa.ForeignKeyConstraint(
            ["from_state", "action", "to_state"],
            ["entry_transition.from_state", "entry_transition.action", "entry_transition.to_state"],
            name="fk_whitelist_event_transition",
        ),
        sa.PrimaryKeyConstraint("entry_id", "number", name=op.f("pk_whitelist_event")),
        sa.UniqueConstraint(
            "entry_id", "number", "account_id", name=op.f("uq_whitelist_event_entry_id_number_account_id")
        ),
        sa.UniqueConstraint("entry_id", "number", "to_state", name=op.f("uq_whitelist_event_entry_id_number_to_state")),
        sa.UniqueConstraint("sequence", name=op.f("uq_whitelist_event_sequence")),
    )


def _keep_on_postgresql() -> None:
    conditions = {
        "list": (REFUSAL, "true"),
        "batch": (CLOSED, "OLD.state = 'published'"),
        "batch_row": (CLOSED, "EXISTS (SELECT FROM batch b WHERE b.id = OLD.batch_id AND b.state = 'published')"),
    }
    for function, (refusal, when) in conditions.items():
        op.execute(
            f"CREATE FUNCTION refuse_{function}_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {when} THEN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'check_violation'; END IF; "
            "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
    functions = {**dict.fromkeys(KEPT, "list"), "batch": "batch", "batch_row": "batch_row"}
    for table, function in functions.items():
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_{function}_change()"
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
    conditions = {
        "batch": "OLD.state = 'published'",
        "batch_row": "EXISTS (SELECT 1 FROM batch b WHERE b.id = OLD.batch_id AND b.state = 'published')",
    }
    for table, when in conditions.items():
        for act in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_{act} BEFORE {act.upper()} ON {table} "
                f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{CLOSED}'); END"
            )


def _secure() -> None:
    """Grants to the role of the web process, and what of each table its caller sees and writes."""
    op.execute(f"GRANT SELECT ON entry_transition, {', '.join(TABLES)} TO {ROLE}")
    op.execute(f"GRANT INSERT ON {', '.join(TABLES)} TO {ROLE}")
    op.execute(f"GRANT UPDATE ON batch, batch_row, objection, whitelist_entry TO {ROLE}")
    for table, (seen, written) in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({seen})")
        op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({written})")
    for table in ("batch", "batch_row", "objection", "whitelist_entry"):
        written = POLICIES[table][1]
        changed = f"USING ({written}) WITH CHECK ({written})"
        op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {ROLE} {changed}")
