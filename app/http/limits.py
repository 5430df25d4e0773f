"""Bounds on the body, announced or chunked: its size, and how long it takes to arrive. Both answer with a problem."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import PayloadTooLarge
from app.http.problems import problem_response

_TOO_SLOW = "请求体没有在规定时间内收完，请检查网络后重试"


@dataclass(frozen=True, slots=True)
class LargerBody:
    """One operation that takes more than the common limit, because it streams its body to a disk."""

    method: str
    path: re.Pattern[str]
    limit: int

    def allows(self, scope: Scope) -> bool:
        """Whether the request is for this operation."""
        return bool(scope["method"] == self.method and self.path.fullmatch(scope["path"]))


class BodyLimitMiddleware:
    """Answers 413 before a body of more than `limit` bytes, or of what `larger` allows, is held in memory.

    A body that is not complete after `seconds` is answered 408: whoever sends one byte a minute holds no place.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Sequence[LargerBody] = (), seconds: float = 60) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = next((one.limit for one in self.larger if one.allows(scope)), self.limit)
        if _announced(scope) > limit:
            await problem_response(_refusal(limit), scope)(scope, receive, send)
            return
        read, until = 0, anyio.current_time() + self.seconds
        is_complete = False

        async def receive_counted() -> Message:
            nonlocal read, is_complete
            # What follows the body is the news of a client that went away, for which there is no hurry.
            with anyio.CancelScope(deadline=inf if is_complete else until) as waiting:
                message = await receive()
            if waiting.cancelled_caught:
                raise HTTPException(status_code=408, detail=_TOO_SLOW)
            is_complete = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > limit:
                # FastAPI lets an HTTPException of the body through as it is; any other would become its 400.
                raise HTTPException(status_code=413, detail=_refusal(limit).detail)
            return message

        await self.app(scope, receive_counted, send)


def _refusal(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"请求体最多 {limit} 字节，请拆分或删减后重试")


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    # A malformed length is the server's to refuse; the count below still holds.
    return int(length) if length.isascii() and length.isdigit() else 0
