"""A bound on the body, announced or chunked. FastAPI's own limit answers in plain text, ours with a problem."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import PayloadTooLarge
from app.http.problems import problem_response


class BodyLimitMiddleware:
    """Answers 413 before a body of more than `limit` bytes is held in memory."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _announced(scope) > self.limit:
            await problem_response(self._refusal(), scope)(scope, receive, send)
            return
        read = 0

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limit:
                # FastAPI lets an HTTPException of the body through as it is; any other would become its 400.
                raise HTTPException(status_code=413, detail=self._refusal().detail)
            return message

        await self.app(scope, receive_counted, send)

    def _refusal(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"请求体最多 {self.limit} 字节，请拆分或删减后重试")


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    # A malformed length is the server's to refuse; the count below still holds.
    return int(length) if length.isascii() and length.isdigit() else 0
