"""Keys of machines: issued and shown once, revoked, and never seen again."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, Role, permissions_of, permits
from app.console.filters import address, asked
from app.console.forms import Field, Form, FormError, Kind
from app.console.offices.key_words import PERMISSIONS
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import now

router = APIRouter(route_class=PageRoute, include_in_schema=False)

KEYS: Final = "/keys"
API: Final = "/api-keys"
_PAGE: Final = 50


@router.get(KEYS, operation_id="page_keys")
@permits(Permission.WRITE_KEYS)
async def keys(page: Opened) -> Response:
    """Those that work, unless all are asked for; a key itself is nowhere."""
    values = asked(page, "user_id", "all")
    user = values.get("user_id", [""])[0]
    query = {"user_id": user, "live": "all" not in values, "cursor": page.request.query_params.get("cursor")}
    found = await page.get(API, **query, page_size=_PAGE, total=True)
    return await page.show(
        "people/keys.html",
        found=found,
        is_all="all" in values,
        user_id=user,
        here=address(KEYS, values),
        words=PERMISSIONS,
        instant=now().isoformat(),
    )


@router.get(f"{KEYS}/new", operation_id="page_new_key")
@permits(Permission.WRITE_KEYS)
async def new_key(page: Opened) -> Response:
    """First whose it is, by login; then what it may do, which is never more than its account may."""
    login = page.request.query_params.get("login", "").strip()
    user_id = page.typed.one("user_id") or page.request.query_params.get("user_id", "")
    person = await page.get(f"/users/{user_id}") if user_id else await _by_login(page, login)
    if person is None and login:
        page = page.wrong(FormError("login", f"没有登录名为“{login}”的账号，请核对"), {"status": 422})
    form = None if person is None else _form(page, person)
    return await page.show("people/new_key.html", person=person, login=login, form=form)


@router.post(f"{KEYS}/new", operation_id="page_issue_key")
@permits(Permission.WRITE_KEYS)
@shown_by(new_key)
async def issue(page: Opened) -> Response:
    """The key is shown this once, and nowhere kept: not by the browser either."""
    person = await page.get(f"/users/{page.typed.one('user_id')}")
    answer = await page.send("POST", API, _form(page, person).read(page.typed) | {"user_id": person["id"]})
    response = await page.show("people/key_issued.html", made=answer.body, person=person, words=PERMISSIONS)
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(f"{KEYS}/{{key_id:uuid}}/check", operation_id="page_check_revoke_key")
@permits(Permission.WRITE_KEYS)
async def check_revoke(page: Opened, key_id: UUID) -> Response:
    """What stops working, before it does."""
    return await page.show("people/check_key.html", key_id=key_id)


@router.post(f"{KEYS}/{{key_id:uuid}}/revoke", operation_id="page_revoke_key")
@permits(Permission.WRITE_KEYS)
@shown_by(check_revoke)
async def revoke(page: Opened, key_id: UUID) -> Response:
    """The next request with it is refused."""
    await page.send("POST", f"{API}/{key_id}/actions/revoke")
    return page.go(KEYS, done="key_revoked")


async def _by_login(page: Page, login: str) -> dict[str, Any] | None:
    answer = await page.ask("GET", "/users", login=login) if login else None
    found = [] if answer is None or answer.is_refusal else answer.body["items"]
    return next(iter(found), None)


def _form(page: Page, person: dict[str, Any]) -> Form:
    """What an account may do, less what only a person may who is signed in."""
    allowed = permissions_of(Role(one) for one in person["roles"])
    choices = tuple((one.value, PERMISSIONS[one]) for one in Permission if one in allowed and one in PERMISSIONS)
    return Form(
        Field("name", "用在什么程序上", help="例如：虚构银行信贷系统；同名的最多两个有效", is_required=True),
        Field("permissions", "可以办什么", Kind.MANY, help="够用就好，不要多选", choices=choices, is_required=True),
        Field(
            "expires_on",
            "到哪一天失效",
            Kind.DATE,
            help=f"从这一天零点起失效，最长 {page.settings.api_key_days} 天",
            is_required=True,
        ),
    )
