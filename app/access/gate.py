"""The gate of the house: finds out who calls, asks the route what it needs, and puts on record what was done.

It is the one place where the pieces of access meet: credentials and identification, permissions, row security, audit.
"""

import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from app.access.audit.capture import watch
from app.access.audit.events import is_recorded, put_done, put_refused, put_shown
from app.access.caller import NOBODY, Caller, Carrier
from app.access.credentials import ON_BEHALF, Credential, CredentialInAddress, CredentialRefused, shown_by
from app.access.identify import recognise
from app.access.keys import KeyUse
from app.access.permissions import UNCOUNTED, Permission, needed_by
from app.access.row_security import bind
from app.access.sessions import limits_of
from app.config import Settings
from app.errors import AppError, Forbidden, Unauthenticated
from app.http.clock import now, today
from app.http.rate_limits import RateLimits
from app.store.engine import Database


class AccessGate:
    """Stands at the door of the real application."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        watch(database)
        self._key_use = KeyUse(database)
        self._rates = RateLimits(
            per_address=settings.requests_per_minute_and_address,
            per_caller=settings.requests_per_minute_and_caller,
            storage=settings.rate_limit_storage,
        )
        self._limits = limits_of(settings)

    async def admit(self, request: Request, route: APIRoute) -> None:
        """Set `request.state.caller`. Raises TooManyRequests, Unauthenticated, CredentialInAddress or Forbidden."""
        request.state.caller = NOBODY
        # Before anything is looked up or put on record, so that guessing keys is slow and fills no trail.
        if not _is_uncounted(request, route):
            self._rates.count_address(request.scope)
        try:
            await self._admit(request, route)
        except (CredentialInAddress, CredentialRefused, Forbidden) as error:
            await run_in_threadpool(put_refused, self._database, request, error)
            raise

    async def _admit(self, request: Request, route: APIRoute) -> None:
        needed = needed_by(route.endpoint)
        shown = shown_by(request)
        caller = NOBODY if shown is None else await run_in_threadpool(self._identify, shown, needed)
        request.state.caller = caller
        request.state.caller_key = str(caller.account_id)
        request.state.caller_name = caller.credential
        if caller is not NOBODY and ON_BEHALF not in request.scope:
            self._rates.count_caller(request.scope, str(caller.account_id))
        structlog.contextvars.bind_contextvars(caller=caller.credential)
        if needed is not None:
            check(caller, needed)

    def _identify(self, shown: Credential, needed: Permission | None) -> Caller:
        try:
            caller = recognise(self._database, shown, now(), self._limits)
        except CredentialRefused:
            # Browsers send a dead cookie along by themselves, to the page where one signs in again too.
            if shown.carrier is Carrier.COOKIE and needed is None:
                return NOBODY
            raise
        if caller.carrier is Carrier.API_KEY:
            self._key_use.note(caller, today())
        return caller

    def enter(self, session: Session, request: Request) -> None:
        """Tell the database how far the caller's reach goes."""
        caller: Caller = request.state.caller
        bind(session, caller.scope, caller.organisation_id)

    def leave(self, session: Session, request: Request) -> None:
        """Write what was done into the trail, as one event."""
        put_done(session, request)

    def left_reading(self, session: Session, request: Request) -> None:
        """Write what was said of exports and unmaskings into the trail."""
        put_shown(self._database, session, request)

    def refused(self, request: Request, error: AppError) -> None:
        """Write the attempt into the trail, if it counts as one."""
        if is_recorded(request, error):
            put_refused(self._database, request, error)


def _is_uncounted(request: Request, route: APIRoute) -> bool:
    """What watches the service; and what a page asks in its reader's name, for the page itself was counted."""
    return route.operation_id in UNCOUNTED or ON_BEHALF in request.scope


def check(caller: Caller, needed: Permission) -> None:
    """Let the caller pass, or raise Unauthenticated or Forbidden."""
    if caller.may(needed):
        return
    if caller is NOBODY:
        raise Unauthenticated("请先登录，或在 Authorization 请求头中写 Bearer 加密钥")
    raise Forbidden(f"您的角色没有此项权限（{needed.value}）。确有需要，请向本单位的安全管理员申请")
