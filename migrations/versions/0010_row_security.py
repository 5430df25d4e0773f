"""Row security: on PostgreSQL the web process works as a role that owns nothing and sees what its caller may see.

Every transaction names its caller's reach in settings of its own (`yinqiao.region_from` …); one that names none sees
no row of the registry. Migrations and the command line work as the owner, whom a policy of his own lets through.
SQLite knows no roles: there the query layer alone holds the scope.

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Roles belong to the server, so that the name is the same in every database of it.
ROLE = "yinqiao_app"

# Who reads everything and changes little: what the web process does beside reading. A table that stands nowhere here
# is only read. Nothing is ever truncated, and of the trail nothing is changed or deleted.
INSERTED = (
    *("account", "api_key", "assessment", "attachment", "attestation", "audit_event", "audit_head", "audit_seal"),
    *("bank", "consent", "consent_field", "counter", "failed_sign_in", "handover", "idempotent_answer"),
    *("institution", "institution_code", "institution_version", "loan", "loan_version", "need", "need_version"),
    *("organisation", "password_history", "pending_oidc", "product", "product_version", "programme"),
    *("programme_draft", "programme_version", "project", "project_version", "rate_point", "rate_series"),
    *("search_gram", "sign_in_session"),
)
UPDATED = (
    *("account", "api_key", "attestation", "audit_head", "bank", "consent", "counter", "failed_sign_in", "handover"),
    *("institution", "institution_code", "institution_version", "loan", "loan_version", "need", "need_version"),
    *("organisation", "product", "product_version", "programme", "programme_draft", "programme_version", "project"),
    *("project_version", "rate_point", "rate_series", "sign_in_session"),
)
DELETED = ("failed_sign_in", "idempotent_answer", "password_history", "pending_oidc", "search_gram")


def setting(name: str) -> str:
    """A setting of the transaction as SQL. Where it was once set in a session, it is empty text ever after."""
    return f"nullif(current_setting('yinqiao.{name}', true), '')"


# A plain expression in a function of SQL is inlined, so an index on a region serves.
IN_REGION = f"""
CREATE FUNCTION yinqiao_in_region(code text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT code BETWEEN {setting("region_from")} AND {setting("region_to")} $$
"""
# These two look past the policies of the tables they read, as the owner, or two policies would ask each other for ever.
REACHED = f"""
CREATE FUNCTION yinqiao_reached() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM institution WHERE list_status = 'listed'
    UNION SELECT institution_id FROM project WHERE list_status = 'listed'
    UNION SELECT institution_id FROM consent
          WHERE bank_id = {setting("bank")}::uuid AND withdrawn_at IS NULL
            AND valid_from <= {setting("today")}::date AND valid_to > {setting("today")}::date
$$
"""
# An office sees the owner of a project that is built in its region, wherever the owner sits.
OWNERS = """
CREATE FUNCTION yinqiao_owners() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT institution_id FROM project WHERE yinqiao_in_region(region_code)
$$
"""


def whose(column: str) -> str:
    """The institution is the caller's own, and within the bank's reach, where the caller is either."""
    own = f"({setting('institution')} IS NULL OR {column} = {setting('institution')}::uuid)"
    reached = f"({setting('bank')} IS NULL OR {column} IN (SELECT yinqiao_reached()))"
    return f"{own} AND {reached}"


HERE = "yinqiao_in_region(region_code)"
MY_BANK = f"bank_id = {setting('bank')}::uuid"

# What of each table a caller sees, and may write where the table is written at all.
VISIBLE = {
    "institution": f"({HERE} OR id IN (SELECT yinqiao_owners())) AND {whose('id')}",
    **{table: f"{HERE} AND {whose('institution_id')}" for table in ("project", "need", "loan", "assessment")},
    **{
        table: f"EXISTS (SELECT FROM institution i WHERE i.id = {table}.institution_id)"
        for table in ("institution_version", "search_gram", "attestation", "attachment")
    },
    **{
        f"{noun}_version": f"EXISTS (SELECT FROM {noun} n WHERE n.id = {noun}_version.{noun}_id)"
        for noun in ("project", "need", "loan")
    },
    "consent": f"{HERE} AND {whose('institution_id')} AND ({setting('bank')} IS NULL OR {MY_BANK})",
    "consent_field": "EXISTS (SELECT FROM consent c WHERE c.id = consent_field.consent_id)",
}
# A draft is its bank's own; what was published is everybody's.
PRODUCT_OF_MINE = f"EXISTS (SELECT FROM product p WHERE p.id = product_version.product_id AND p.{MY_BANK})"
PRODUCTS = {
    "product": ("true", MY_BANK),
    "product_version": (f"published_at IS NOT NULL OR {PRODUCT_OF_MINE}", PRODUCT_OF_MINE),
}
# Everybody writes the trail; offices read it within their region, the province also what was done by nobody or by the
# service itself. Institutions and banks read none of it.
BY_THE_SERVICE = "region_code = '000000' AND yinqiao_in_region('140000')"
BY_AN_OFFICE = f"{setting('institution')} IS NULL AND {setting('bank')} IS NULL"
TRAIL = {"audit_event": (f"({HERE} OR {BY_THE_SERVICE}) AND {BY_AN_OFFICE}", "true")}


def upgrade() -> None:
    """Only additions: the owner goes on seeing everything."""
    if op.get_context().dialect.name != "postgresql":
        return
    _make_role()
    _grant()
    for function in (IN_REGION, REACHED, OWNERS):
        op.execute(function)
    for table, seen in VISIBLE.items():
        _secure(table, seen, seen)
    for table, (seen, written) in (PRODUCTS | TRAIL).items():
        _secure(table, seen, written)


def downgrade() -> None:
    """Lift the policies. The role stays, because other databases of the server may use it."""
    if op.get_context().dialect.name != "postgresql":
        return
    for table in (*VISIBLE, *PRODUCTS, *TRAIL):
        for policy in ("read", "insert", "update", "delete", "owner"):
            op.execute(f"DROP POLICY {table}_{policy} ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for function in ("yinqiao_owners()", "yinqiao_reached()", "yinqiao_in_region(text)"):
        op.execute(f"DROP FUNCTION {function}")
    op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {ROLE}")
    op.execute(f"REVOKE ALL ON SCHEMA public FROM {ROLE}")


def _make_role() -> None:
    """Make the role, unless another database of the server has, perhaps at this moment."""
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN
                CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$
        """
    )
    # Whoever migrates has to be able to work as the role; a superuser is a member of every role.
    op.execute(
        f"""
        DO $$ BEGIN
            IF NOT pg_has_role(current_user, '{ROLE}', 'MEMBER') THEN
                EXECUTE format('GRANT {ROLE} TO %I', current_user);
            END IF;
        END $$
        """
    )


def _grant() -> None:
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {ROLE}")
    for right, tables in (("INSERT", INSERTED), ("UPDATE", UPDATED), ("DELETE", DELETED)):
        op.execute(f"GRANT {right} ON {', '.join(tables)} TO {ROLE}")


def _secure(table: str, seen: str, written: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {table}_owner ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY {table}_read ON {table} FOR SELECT TO {ROLE} USING ({seen})")
    op.execute(f"CREATE POLICY {table}_insert ON {table} FOR INSERT TO {ROLE} WITH CHECK ({written})")
    changed = f"USING ({seen}) WITH CHECK ({written})"
    op.execute(f"CREATE POLICY {table}_update ON {table} FOR UPDATE TO {ROLE} {changed}")
    op.execute(f"CREATE POLICY {table}_delete ON {table} FOR DELETE TO {ROLE} USING ({written})")
