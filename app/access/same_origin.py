"""Unsafe requests that a cookie vouches for have to come from our own pages: Fetch-Metadata, Origin, and a token.

    @router.post("/tasks/{task_id}/close", dependencies=[SameOrigin], …)

Browsers attach the cookie to requests of foreign pages too. Sec-Fetch-Site and Origin are written by the browser and
by no page; the token is made of the session's own, so that one of another session fits no other.
"""

import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.access.credentials import COOKIE
from app.access.sessions import csrf_token_of
from app.errors import Forbidden, Unauthenticated, UnsupportedMediaType
from app.http.gate import gate_of
from app.http.installation import settings_of

CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf_token"
FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 200
# What a form, a script's fetch and htmx send. An image or a plug-in has no business here.
_MODES: Final = frozenset({"navigate", "same-origin", "cors"})


class ForeignOrigin(Forbidden):
    """The request was made by another site's page, or by something that does not say by which."""

    code = "foreign_origin"
    title = "请求来自其他网站"


class CsrfTokenWrong(Forbidden):
    """The form does not belong to this session."""

    code = "csrf_token_wrong"
    title = "表单已失效"


@asynccontextmanager
async def _on_record(request: Request) -> AsyncIterator[None]:
    """What is refused here is refused before the endpoint and its unit of work, which would put it on record."""
    try:
        yield
    except Forbidden as error:
        if (gate := gate_of(request)) is not None:
            await run_in_threadpool(gate.refused, request, error)
        raise


async def from_same_origin(request: Request) -> None:
    """Raise ForeignOrigin unless the browser says that our own page sent it. For signing in, which has no token."""
    async with _on_record(request):
        await check_origin(request)


async def check_origin(request: Request) -> None:
    site, mode = request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-mode")
    origin = request.headers.get("origin")
    # Old browsers write no Fetch-Metadata, but all write an Origin; a request with neither is nobody's page.
    said = site is not None or origin is not None
    fits = (
        site in {None, "same-origin"}
        and mode in {None, *_MODES}
        and (origin is None or await _is_ours(request, origin))
    )
    if not (said and fits):
        raise ForeignOrigin("请从本系统的页面提交；如在本系统页面仍见此提示，请系统管理员核对 YINQIAO_PUBLIC_ORIGIN")


async def same_origin(request: Request) -> None:
    """The same, and the session's token in the header X-CSRF-Token or the form's field csrf_token.

    Raises Unauthenticated, ForeignOrigin or CsrfTokenWrong.
    """
    async with _on_record(request):
        await check_origin(request)
        await _check_token(request)


async def _check_token(request: Request) -> None:
    check_token(request, request.headers.get(CSRF_HEADER) or await _field(request))


def check_token(request: Request, given: str) -> None:
    """The session's token as it is, or as a page has it. Raises Unauthenticated or CsrfTokenWrong."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise Unauthenticated("请先登录")
    wanted = csrf_token_of(cookie)
    if not any(hmac.compare_digest(one.encode(), wanted.encode()) for one in (given, _unmasked(given))):
        raise CsrfTokenWrong("页面已过期，请刷新后重新提交")


def masked_token(cookie: str) -> str:
    """The token of a session for one page: never twice the same text, or compressed pages would give it away."""
    token = csrf_token_of(cookie).encode()
    mask = secrets.token_bytes(len(token))
    return (mask + _xor(mask, token)).hex()


def _unmasked(given: str) -> str:
    try:
        both = bytes.fromhex(given)
    except ValueError:
        return ""
    half = len(both) // 2
    return _xor(both[:half], both[half:]).decode("ascii", errors="replace")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=False))


async def fields_of(request: Request) -> dict[str, Any]:
    """The body of a console request, JSON or form, as one mapping. A field that stands twice is refused, like a key."""
    if not _is_form(request):
        body = await request.json()
        return body if isinstance(body, dict) else {"": body}
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise UnsupportedMediaType("表单无法读取，须为 UTF-8 编码的 application/x-www-form-urlencoded") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or any("\x00" in value for value in fields.values()):
        raise UnsupportedMediaType("表单中每个字段只能写一次，且不能含有空字符")
    return fields


SameOrigin: Final = Depends(same_origin)
FromSameOrigin: Final = Depends(from_same_origin)


async def _is_ours(request: Request, origin: str) -> bool:
    ours = (await settings_of(request)).public_origin
    if ours is not None:
        return origin.lower() == ours.lower()
    # Behind a proxy the scheme is the proxy's, but the host is the browser's own.
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""


async def _field(request: Request) -> str:
    return str((await fields_of(request)).get(CSRF_FIELD, "")) if _is_form(request) else ""


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM
