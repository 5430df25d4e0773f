"""One log line for each request: what was asked, by whom, and how it ended. No value of it, and no secret."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.metrics import operation_of

_log = structlog.get_logger("yinqiao.requests")


class AccessLogMiddleware:
    """Logs the operation and never the address, which holds ids, and might hold a key that does not belong there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                operation=operation_of(scope),
                status=status,
                milliseconds=round((time.perf_counter() - started) * 1_000, 1),
                caller=scope.get("state", {}).get("caller_name", "nobody"),
            )
