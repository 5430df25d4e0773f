"""Coming in and going out: password, code, a new password, a second factor; and large type, which anybody may want."""

from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from app.access.caller import Carrier
from app.access.cookies import clear_cookie, set_cookie
from app.access.credentials import COOKIE
from app.access.password_profiles import profile_of
from app.access.permissions import Permission, permits
from app.access.same_origin import masked_token
from app.access.session_routes import entrance_of
from app.access.sessions import Opened as OpenedSession
from app.access.sessions import Owed, device_of
from app.access.sign_in import Entrance, sign_in
from app.config import Settings
from app.console.door.demonstration import code_for
from app.console.forms import Field, Form, FormError, Kind
from app.console.menus import home_of
from app.console.page import LARGE_COOKIE, Opened, Page, PageRoute, Refused, local, shown_by
from app.errors import AppError
from app.http.unit_of_work import database_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_CURRENT: Final = "/sessions/current"
_YEAR_SECONDS: Final = 366 * 24 * 3600
CODE: Final = Form(Field("code", "验证码", help="验证器应用里正在显示的 6 位数字", is_required=True))
_KEPT: Final = "kept/"
# Where each thing that is owed is given.
_OWED_AT: Final = {
    Owed.SECOND_FACTOR.value: "/sign-in/code",
    Owed.SECOND_FACTOR_ENROLMENT.value: "/account/second-factor",
    Owed.NEW_PASSWORD.value: "/account/password",
}


@router.get("/login", operation_id="page_sign_in")
async def sign_in_page(page: Opened) -> Response:
    """Login and password. Whoever was sent here comes back to where he or she wanted to go."""
    asked = page.typed.one("next") or page.request.query_params.get("next", "")
    return await page.show("sign_in.html", target=local(asked) or "", has_oidc=page.settings.oidc_issuer is not None)


@router.post("/sign-in/password", operation_id="page_give_password")
async def give_password(page: Opened) -> Response:
    """Open a session, and go on; what was typed before the last one ended is still there."""
    return await enter(page, page.typed.one("login").strip(), page.typed.one("password"))


async def enter(page: Page, login: str, password: str) -> Response:
    """Sign somebody in and go where he or she was going."""
    try:
        opened = await run_in_threadpool(_opened, page, await entrance(page), login, password)
    except AppError as error:
        return await _again(page, error)
    target = local(page.typed.one("next")) or ""
    kept = _kept(page)
    if kept and not opened.owed:
        response = await _resume(page, target, kept, opened.csrf_token)
    elif kept and opened.owed == (Owed.SECOND_FACTOR,):
        # What was typed goes along; the form is of the session that has just begun, whose cookie comes with this page.
        response = await page.show(
            "code.html", form=CODE, target=target, kept=kept, code_now=None, csrf_token=opened.csrf_token
        )
    else:
        response = page.go(_after(opened.owed, target))
    set_cookie(response, opened.token)
    return response


def _kept(page: Page) -> list[tuple[str, str]]:
    """What was typed into the form in which a session ended, by the names of its fields."""
    return [(name.removeprefix(_KEPT), value) for name, value in page.typed.kept() if name.startswith(_KEPT)]


async def entrance(page: Page) -> Entrance:
    """What signing in works on."""
    return await entrance_of(page.request, await database_of(page.request), page.settings)


def _opened(page: Page, at: Entrance, login: str, password: str) -> OpenedSession:
    return sign_in(at, device_of(page.request, Carrier.COOKIE), login, password, None, page.caller)


async def _again(page: Page, error: AppError) -> Response:
    problem = {"status": error.status, "title": error.title, "detail": error.detail, "code": error.code}
    kept, target = _kept(page), page.typed.one("next")
    shown = page.wrong(FormError("login", error.detail), problem)
    if kept:
        return await shown.show("resume_sign_in.html", target=local(target) or "/", kept=kept)
    return await sign_in_page(shown)


async def _resume(page: Page, target: str, kept: list[tuple[str, str]], token: str) -> Response:
    return await page.show("resume.html", target=target or "/", kept=kept, csrf_token=token)


def _after(owed: Any, target: str) -> str:
    """Where somebody goes who has just given something: to what is still owed, or to where he or she was going."""
    for one in owed:
        path = _OWED_AT[str(one)]
        return f"{path}?{urlencode({'next': target})}" if target else path
    return target or "/home"


@router.get("/home", operation_id="page_home")
@permits(Permission.SIGNED_IN)
async def home(page: Opened) -> Response:
    """To the first page of one's role, once nothing is owed."""
    me = await page.get(_CURRENT)
    return page.go(_after(me["owed"], "") if me["owed"] else home_of(page.caller))


@router.get("/sign-in/code", operation_id="page_code")
@permits(Permission.SIGNED_IN)
async def code_page(page: Opened) -> Response:
    """The second step for whoever has a second factor."""
    target = local(page.typed.one("next") or page.request.query_params.get("next")) or ""
    return await page.show("code.html", form=CODE, target=target, kept=_kept(page), code_now=await code_for(page))


@router.post("/sign-in/code", operation_id="page_give_code")
@permits(Permission.SIGNED_IN)
@shown_by(code_page)
async def give_code(page: Opened) -> Response:
    """Complete the session."""
    answer = await page.send("POST", f"{_CURRENT}/actions/verify", CODE.read(page.typed))
    target, kept = local(page.typed.one("next")) or "", _kept(page)
    if kept and not answer.body["owed"]:
        return await _resume(page, target, kept, masked_token(page.request.cookies[COOKIE]))
    return page.go(_after(answer.body["owed"], target))


@router.get("/account/second-factor", operation_id="page_second_factor")
@permits(Permission.SIGNED_IN)
async def second_factor(page: Opened) -> Response:
    """A secret for an authenticator application. It counts once a code of it was typed."""
    if page.typed.one("secret"):
        made = {"secret": page.typed.one("secret"), "otpauth_uri": page.typed.one("otpauth_uri")}
    else:
        answer = await page.ask("POST", "/me/totp")
        if answer.is_refusal:
            raise Refused(answer)
        made = answer.body
    code = segno.make(made["otpauth_uri"], error="m").svg_inline(
        scale=5, border=2, title="第二因素二维码", svgclass="qr"
    )
    return await page.show("second_factor.html", form=CODE, made=made, code=code, code_now=await code_for(page))


@router.post("/account/second-factor", operation_id="page_confirm_second_factor")
@permits(Permission.SIGNED_IN)
@shown_by(second_factor)
async def confirm_second_factor(page: Opened) -> Response:
    """From now on every sign-in needs a code."""
    answer = await page.send("POST", "/me/totp/actions/confirm", CODE.read(page.typed))
    if answer.body["owed"]:
        return page.go(_after(answer.body["owed"], ""))
    return page.go("/account", done="second_factor_set")


def new_password(name: str, label: str, settings: Settings) -> Field:
    """How long a password has to be is what the chosen profile says."""
    shortest = profile_of(settings).min_length
    told = f"至少 {shortest} 个字，长一些比复杂更安全，例如六七个不相干的词。请自己记住，别人都看不到"
    return Field(name, label, Kind.NEW_PASSWORD, help=told, is_required=True)


def password_form(settings: Settings) -> Form:
    """The present password and another one."""
    present = Field("current_password", "现在的密码", Kind.PASSWORD, is_required=True)
    return Form(present, new_password("new_password", "新密码", settings))


@router.get("/account/password", operation_id="page_password")
@permits(Permission.SIGNED_IN)
async def password_page(page: Opened) -> Response:
    """Another password."""
    return await page.show("password.html", form=password_form(page.settings))


@router.post("/account/password", operation_id="page_change_password")
@permits(Permission.SIGNED_IN)
@shown_by(password_page)
async def change_password(page: Opened) -> Response:
    """The session in which it is changed goes on; all others end."""
    answer = await page.send("POST", "/me/password", password_form(page.settings).read(page.typed))
    if answer.body["owed"]:
        return page.go(_after(answer.body["owed"], ""))
    return page.go("/account", done="password_changed")


@router.get("/account", operation_id="page_account")
@permits(Permission.SIGNED_IN)
async def account(page: Opened) -> Response:
    """Who one is here, what one may do, and where one is signed in."""
    me, sessions = await page.get(_CURRENT), await page.get("/sessions", page_size=50)
    return await page.show("account.html", me=me, sessions=sessions)


@router.post("/sign-out/confirmed", operation_id="page_sign_out")
@permits(Permission.SIGNED_IN)
async def sign_out(page: Opened) -> Response:
    """The session ends, and the browser forgets what it kept of it."""
    await page.send("DELETE", _CURRENT)
    response = page.go("/", done="signed_out")
    clear_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@router.post("/type-size", operation_id="page_type_size")
async def type_size(page: Opened) -> Response:
    """Large type or standard, kept by the browser for a year."""
    response = page.go(local(page.typed.one("back")) or "/")
    size = "large" if page.typed.one("size") == "large" else "standard"
    response.set_cookie(LARGE_COOKIE, size, max_age=_YEAR_SECONDS, path="/", httponly=True, samesite="lax")
    response.status_code = HTTPStatus.SEE_OTHER
    return response
