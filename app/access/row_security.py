"""Scope a second time, in PostgreSQL itself: each transaction tells the database how far its caller's reach goes.

The policies stand in the migrations. A transaction that was not bound sees no row of the registry, and the settings end
with it, so that a connection which is used again carries nothing over. On SQLite there is nothing to do.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.scope import Scope

# The role as which the web process works; the migrations make it.
APP_ROLE: Final = "yinqiao_app"


def bind(session: Session, scope: Scope, organisation_id: UUID | None = None) -> None:
    """Tell the database the scope of a transaction that has just begun, and the office whose messages it may read."""
    if session.get_bind().dialect.name == "postgresql":
        settings = [*_reach(scope), ("organisation", "" if organisation_id is None else str(organisation_id))]
        session.execute(select(*(func.set_config(f"yinqiao.{name}", text, True) for name, text in settings)))


def _reach(scope: Scope) -> list[tuple[str, str]]:
    """The settings; empty text is nothing, which for the region is nothing to see."""
    lowest, highest = ("", "") if scope.sees_nothing else (scope.region_prefix.ljust(6, end) for end in "09")
    return [
        ("region_from", lowest),
        ("region_to", highest),
        ("institution", "" if scope.institution_id is None else str(scope.institution_id)),
        ("bank", "" if scope.bank_id is None else str(scope.bank_id)),
        ("today", "" if scope.on is None else scope.on.isoformat()),
    ]
