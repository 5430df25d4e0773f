"""Asking the API from within the process, as whoever looks at the page.

    answer = await inside.ask(request, "GET", "/institutions", query={"region": "140105"})

The request goes the whole way, past the gate, the strict reading of its body and the trail; only the network is left
out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx
from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from app.access.credentials import COOKIE, ON_BEHALF
from app.http.idempotency import HEADER as IDEMPOTENCY_KEY

API: Final = "/api/v1"
_HOST: Final = "http://yinqiao.inside"
_PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said: its status, and its JSON as Python values, or the bytes of a file."""

    status: int
    body: Any
    content: bytes
    headers: Mapping[str, str] = field(repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether it is a problem document."""
        return self.status >= HTTPStatus.BAD_REQUEST

    @property
    def version(self) -> str:
        """The ETag, to be sent back with a change; empty where there is none."""
        return self.headers.get("etag", "")


class Inside:
    """The API of the running application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def ask(
        self,
        request: Request,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        version: str = "",
        key: str = "",
    ) -> Answer:
        """One request below `/api/v1`. `version` is an ETag, `key` an Idempotency-Key; both may be empty."""
        headers = {"user-agent": request.headers.get("user-agent", "")}
        headers |= {"if-match": version} if version else {}
        headers |= {IDEMPOTENCY_KEY: key} if key else {}
        params = {name: value for name, value in (query or {}).items() if value not in (None, "", [])}
        sent = httpx.Request(method, _HOST + API + path, params=params, headers=headers, json=body, content=content)
        transport = httpx.ASGITransport(app=self._on_behalf_of(request), raise_app_exceptions=False)
        answer = await transport.handle_async_request(sent)
        return _read(answer.status_code, await answer.aread(), answer.headers)

    def _on_behalf_of(self, request: Request) -> Any:
        cookie, client = request.cookies.get(COOKIE, ""), request.scope.get("client")

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app({**scope, "client": client, ON_BEHALF: cookie}, receive, send)

        return app


def _read(status: int, content: bytes, headers: httpx.Headers) -> Answer:
    media = headers.get("content-type", "").partition(";")[0]
    body = json.loads(content) if media in {"application/json", _PROBLEM} and content else None
    return Answer(status, body, content, headers)
