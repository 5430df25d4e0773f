"""Each request has a trace id, in its answer, its problems and its log lines; every answer has the common headers."""

import re
import uuid

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.headers import write_security_headers
from app.http.rate_limits import write_standing

TRACE_HEADER = "X-Request-ID"
# A caller's own id is kept when it is harmless in a log line and in a header.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_STATE_KEY = "trace_id"


class TraceMiddleware:
    """Outermost middleware: takes or makes the trace id, binds it to the log, writes the common headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its trace id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        trace_id = _given(scope) or uuid.uuid4().hex
        scope.setdefault("state", {})[_STATE_KEY] = trace_id

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                mark(headers, trace_id)
                write_standing(headers, scope)
            await send(message)

        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            await self.app(scope, receive, send_marked)


def mark(headers: MutableHeaders, trace_id: str) -> None:
    """Write the headers that every answer has."""
    headers[TRACE_HEADER] = trace_id
    write_security_headers(headers)


def trace_id_of(scope: Scope) -> str:
    """The trace id of a request; a new one where the middleware was not reached."""
    state = scope.setdefault("state", {})
    trace_id: str = state.setdefault(_STATE_KEY, uuid.uuid4().hex)
    return trace_id


def _given(scope: Scope) -> str | None:
    given = Headers(scope=scope).get(TRACE_HEADER, "")
    return given if _WELL_FORMED.fullmatch(given) else None
