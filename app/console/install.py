"""The console as a part of the application: its pages, its files, and the API that it asks."""

import os
from typing import Final

from fastapi import FastAPI, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.credentials import API_PREFIX
from app.config import Settings
from app.console import demo_pages, public_pages, sign_in_pages
from app.console.drawing import STATIC
from app.console.inside import Inside

ROOMS: Final = (public_pages, sign_in_pages)
_YEAR: Final = "public, max-age=31536000, immutable"
_COMPRESSED_FROM: Final = 1_000


def install_console(app: FastAPI, settings: Settings) -> None:
    """Give `app` its pages. Only the demonstration on its own SQLite file has a door without a password."""
    app.state.inside = Inside(app)
    app.mount(f"{STATIC}/htmx", KeptFiles(packages=[("js_lib_htmx", "static")]), name="htmx")
    app.mount(STATIC, KeptFiles(packages=[("app.console", "static")]), name="static")
    for room in ROOMS:
        app.include_router(room.router)
    if is_demonstration(settings):
        app.include_router(demo_pages.router)
    app.add_middleware(CompressedPages)


def is_demonstration(settings: Settings) -> bool:
    """Whether this is what `yinqiao demo` serves, and nothing else."""
    return settings.demo and settings.database_url.startswith("sqlite:")


class KeptFiles(StaticFiles):
    """Files whose address changes with their content: browsers keep them for a year."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file with word of how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = _YEAR
        return response


class CompressedPages:
    """Compresses pages and their files; the API's answers leave as they are, for a proxy in front to deal with."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = GZipMiddleware(app, minimum_size=_COMPRESSED_FROM)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request either way."""
        is_page = scope["type"] == "http" and not scope["path"].startswith(API_PREFIX)
        await (self._compressed if is_page else self._plain)(scope, receive, send)
