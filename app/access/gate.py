"""The gate of the house: finds out who calls, asks the route what it needs, and puts on record what was done.

It is the one place where the pieces of access meet: credentials and identification, permissions, row security, audit.
"""

from datetime import timedelta

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.access.caller import NOBODY, Caller
from app.access.credentials import Credential, shown_by
from app.access.identify import SessionLimits, identify
from app.access.permissions import Permission, needed_by
from app.config import Settings
from app.errors import AppError, Forbidden, Unauthenticated
from app.http.clock import now
from app.store.engine import Database


class AccessGate:
    """Stands at the door of the real application."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._limits = SessionLimits(
            timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        )

    async def admit(self, request: Request, route: APIRoute) -> None:
        """Set `request.state.caller`. Raises Unauthenticated, CredentialInAddress or Forbidden."""
        shown = shown_by(request)
        caller = NOBODY if shown is None else await run_in_threadpool(self._identify, shown)
        request.state.caller = caller
        structlog.contextvars.bind_contextvars(caller=caller.credential)
        needed = needed_by(route.endpoint)
        if needed is not None:
            check(caller, needed)

    def _identify(self, shown: Credential) -> Caller:
        with self._database.reading() as session:
            return identify(session, shown, now(), self._limits)

    def enter(self, session: Session, request: Request) -> None:
        """Nothing yet: row security binds the transaction to the caller here."""

    def leave(self, session: Session, request: Request) -> None:
        """Nothing yet: the trail is written here."""

    def left_reading(self, session: Session, request: Request) -> None:
        """Nothing yet: exports and unmaskings are put on record here."""

    def refused(self, request: Request, error: AppError) -> None:
        """Nothing yet: refused attempts are put on record here."""


def check(caller: Caller, needed: Permission) -> None:
    """Let the caller pass, or raise Unauthenticated or Forbidden."""
    if caller.may(needed):
        return
    if caller is NOBODY:
        raise Unauthenticated("请先登录，或在 Authorization 请求头中写 Bearer 加密钥")
    raise Forbidden(f"您的角色没有此项权限（{needed.value}）。确有需要，请向本单位的安全管理员申请")
