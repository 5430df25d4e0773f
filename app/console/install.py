"""The console as a part of the application: its pages, its files, and the API that it asks."""

import os
import re
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.credentials import API_PREFIX
from app.config import Settings
from app.console.affairs import (
    affairs_pages,
    batch_pages,
    entry_pages,
    import_pages,
    objection_pages,
    register_pages,
    register_papers_pages,
    register_parts_pages,
)
from app.console.bank import answer_pages as bank_answer_pages
from app.console.bank import borrower_pages as bank_borrower_pages
from app.console.bank import delivery_pages as bank_delivery_pages
from app.console.bank import pages as bank_pages
from app.console.bank import product_pages as bank_product_pages
from app.console.bank import referral_pages as bank_referral_pages
from app.console.bank import rule_pages as bank_rule_pages
from app.console.bank import webhook_pages as bank_webhook_pages
from app.console.door import demo_pages, first_time_pages, sign_in_pages
from app.console.drawing import STATIC
from app.console.inside import Inside
from app.console.mine import consent_pages, inbox_pages
from app.console.mine import facts_pages as institution_facts_pages
from app.console.mine import loans_pages as institution_loans_pages
from app.console.mine import nomination_pages as institution_nomination_pages
from app.console.mine import pages as institution_pages
from app.console.mine import parts_pages as institution_parts_pages
from app.console.mine import referrals_pages as institution_referrals_pages
from app.console.offices import (
    audit_pages,
    bank_registry_pages,
    key_pages,
    leave_pages,
    office_pages,
    people_pages,
    push_pages,
    rate_pages,
    statistics_pages,
)
from app.console.page import missing
from app.console.public import calculator_pages, check_pages, policy_pages, public_pages, whitelist_pages
from app.demo.codes import is_demonstration
from app.http.limits import LargerBody
from app.institutions.attachments import LARGER_BODY as ATTACHMENT
from app.institutions.imports.routes import LARGER_BODY as WORKBOOK
from app.referrals.referral_bulk_routes import LARGER_BODY as ANSWERS

ROOMS: Final = (
    affairs_pages,
    batch_pages,
    objection_pages,
    entry_pages,
    import_pages,
    register_pages,
    register_parts_pages,
    register_papers_pages,
    public_pages,
    check_pages,
    calculator_pages,
    policy_pages,
    whitelist_pages,
    sign_in_pages,
    first_time_pages,
    bank_pages,
    push_pages,
    bank_registry_pages,
    rate_pages,
    bank_borrower_pages,
    statistics_pages,
    bank_referral_pages,
    bank_answer_pages,
    audit_pages,
    institution_pages,
    institution_facts_pages,
    institution_parts_pages,
    institution_loans_pages,
    institution_nomination_pages,
    institution_referrals_pages,
    consent_pages,
    inbox_pages,
    people_pages,
    leave_pages,
    office_pages,
    key_pages,
    bank_product_pages,
    bank_rule_pages,
    bank_webhook_pages,
    bank_delivery_pages,
)
# A form has its other fields and its boundaries around the file that the API takes.
_ENVELOPE: Final = 64 << 10
_UPLOADS: Final = (
    (r"/affairs/imports", WORKBOOK),
    (r"/affairs/register/[^/]+/attachments", ATTACHMENT),
    (r"/mine/attachments", ATTACHMENT),
    (r"/bank/referrals/answers", ANSWERS),
)
LARGER_BODIES: Final = tuple(LargerBody("POST", re.compile(path), of.limit + _ENVELOPE) for path, of in _UPLOADS)
_YEAR: Final = "public, max-age=31536000, immutable"
_COMPRESSED_FROM: Final = 1_000


@cache
def _pages() -> Sequence[BaseRoute]:
    """The pages of every application, put together once."""
    console = APIRouter()
    for room in ROOMS:
        console.include_router(room.router)
    return tuple(console.routes)


def install_console(app: FastAPI, settings: Settings) -> None:
    """Give `app` its pages. Only the demonstration on its own SQLite file has a door without a password."""
    app.state.inside = Inside(app)
    app.mount(f"{STATIC}/htmx", KeptFiles(packages=[("js_lib_htmx", "static")]), name="htmx")
    app.mount(STATIC, KeptFiles(packages=[("app.console", "static")]), name="static")
    app.router.routes.extend(_pages())
    if is_demonstration(settings):
        app.include_router(demo_pages.router)
    app.add_middleware(CompressedPages)


def show_missing_pages(app: FastAPI) -> None:
    """Answer a browser that asks for an address that there is not with a page; call it after the problem handlers."""
    otherwise = app.exception_handlers[HTTPException]

    async def on_http_exception(request: Request, error: Exception) -> Response:
        is_page = not request.url.path.startswith(API_PREFIX) and "text/html" in request.headers.get("accept", "")
        if is_page and isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND:
            return await missing(request)
        answer: Response = await otherwise(request, error)  # type: ignore[misc]  # a handler of requests
        return answer

    app.add_exception_handler(HTTPException, on_http_exception)


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
