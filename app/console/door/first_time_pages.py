"""An institution's first time: with the code from its bureau it makes its account, and is signed in."""

from typing import Final

from fastapi import APIRouter, Response

from app.config import Settings
from app.console.checking import worded
from app.console.door.sign_in_pages import enter, new_password
from app.console.forms import Field, Form, plain
from app.console.page import Opened, PageRoute, shown_by

router = APIRouter(route_class=PageRoute, include_in_schema=False)

HERE: Final = "/sign-in/institution"


def account_form(settings: Settings) -> Form:
    """The code and the account that its holder wants."""
    return Form(
        Field(
            "code",
            "开通代码",
            help="县（市、区）民政局给的，例如 7KQ2M-0XV3B-R9TDA-4HJ8C；不分大小写，可以不写连字符",
            is_required=True,
        ),
        Field("login", "登录名", help="小写字母或数字，例如 kangning.li，不能有大写和空格", is_required=True),
        Field("name", "您的姓名", help="办理记录上写的名字", is_required=True),
        new_password("password", "密码", settings),
    )


@router.get(HERE, operation_id="page_first_time")
async def first_time(page: Opened) -> Response:
    """Who has a code from the bureau and no account yet."""
    form = account_form(page.settings)
    return await worded(page, form).show("first_time.html", form=form)


@router.post(HERE, operation_id="page_make_account")
@shown_by(first_time)
async def make_account(page: Opened) -> Response:
    """The code is spent, and whoever spent it is signed in."""
    body = account_form(page.settings).read(page.typed)
    # Copied from paper with a Chinese keyboard.
    body["code"] = plain(body.get("code", ""))
    made = (await page.send("POST", "/institution-codes/actions/redeem", body)).body
    return await enter(page, made["login"], page.typed.one("password"))
