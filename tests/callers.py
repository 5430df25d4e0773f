"""Callers for tests: a gate that lets everybody do everything, for tests of what lies behind the real one."""

from dataclasses import replace

from fastapi import Request
from fastapi.routing import APIRoute
from sqlalchemy.orm import Session

from app.access.caller import NOBODY, Caller
from app.access.permissions import Permission, needed_by
from app.access.scope import FULL
from app.errors import AppError, Unauthenticated

ONE_KEY = f"yqs_{'k' * 43}"
ANYBODY = replace(NOBODY, credential="test", permissions=frozenset(Permission), scope=FULL)


class OpenGate:
    """Admits everybody as `caller`, keeps no record. `tests/access` tests the real gate."""

    def __init__(self, caller: Caller = ANYBODY) -> None:
        self.caller = caller

    async def admit(self, request: Request, route: APIRoute) -> None:
        request.state.caller = self.caller

    def enter(self, session: Session, request: Request) -> None:
        """Bind nothing."""

    def leave(self, session: Session, request: Request) -> None:
        """Record nothing."""

    def left_reading(self, session: Session, request: Request) -> None:
        """Record nothing."""

    def refused(self, request: Request, error: AppError) -> None:
        """Record nothing."""


class OneKeyGate(OpenGate):
    """Admits whoever shows the one key, to everything, and nobody else to anything that is not public."""

    async def admit(self, request: Request, route: APIRoute) -> None:
        shown = request.headers.get("authorization")
        if shown is None and needed_by(route.endpoint) is None:
            request.state.caller = NOBODY
            return
        if shown != f"Bearer {ONE_KEY}":
            raise Unauthenticated("请出示钥匙")
        await super().admit(request, route)
