"""The store: one code path over SQLite (embedded) and PostgreSQL (production)."""
