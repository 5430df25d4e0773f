"""A client of an application in this process, which asks one thing after the other."""

import asyncio
from typing import Any, Self

import httpx
from fastapi import FastAPI


class Asking:
    """Sends requests through the ASGI app and takes nothing but success."""

    def __init__(self, app: FastAPI, headers: dict[str, str] | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        transport = httpx.ASGITransport(app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://bench", headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def __call__(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = self._loop.run_until_complete(self._client.request(method, path, **request))
        return answer.raise_for_status()
