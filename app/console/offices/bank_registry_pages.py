"""The banks that offer products here, as the central bank registers them."""

from typing import Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.filters import address, asked, one
from app.console.forms import Field, Form, Kind
from app.console.page import Opened, PageRoute, shown_by
from app.products.models import BANK_KINDS
from app.regions import region_names

router = APIRouter(route_class=PageRoute, include_in_schema=False)

BANKS: Final = "/pboc/banks"
_PAGE: Final = 50
# Banks sit in cities; only one that is everywhere may be said to sit in the province.
_CITIES: Final = tuple((code, name) for code, name in region_names().items() if code.endswith("00"))
BANK: Final = Form(
    Field("name", "名称", help="全称，例如：虚构城市商业银行股份有限公司", is_required=True),
    Field("code", "代码", help="小写字母、数字和连字符，登记后不再改，例如：xugou-city-bank", is_required=True),
    Field("kind", "类别", Kind.CHOICE, choices=tuple(BANK_KINDS.items()), is_required=True),
    Field("region_code", "所在地", Kind.CHOICE, help="总部或本省分支机构所在的市", choices=_CITIES, is_required=True),
    Field(
        "national",
        "是否在全省都能办",
        Kind.CHOICE,
        choices=(("true", "是，全省都能办"), ("false", "否，只在所在地")),
        is_required=True,
    ),
)


@router.get(BANKS, operation_id="page_banks")
@permits(Permission.WRITE_BANKS)
async def banks(page: Opened) -> Response:
    """Banks by code, of one kind or of all."""
    narrowed = asked(page, "kind")
    cursor = page.request.query_params.get("cursor")
    found = await page.get("/banks", page_size=_PAGE, total=True, cursor=cursor, kind=one(narrowed, "kind"))
    return await page.show(
        "pboc/banks.html", found=found, kinds=BANK_KINDS, kind=one(narrowed, "kind"), here=address(BANKS, narrowed)
    )


@router.get(f"{BANKS}/new", operation_id="page_new_bank")
@permits(Permission.WRITE_BANKS)
async def new_bank(page: Opened) -> Response:
    """The form for a bank."""
    return await page.show("pboc/new_bank.html", form=BANK)


@router.post(f"{BANKS}/new", operation_id="page_add_bank")
@permits(Permission.WRITE_BANKS)
@shown_by(new_bank)
async def add_bank(page: Opened) -> Response:
    """Register it."""
    body = BANK.read(page.typed)
    body["national"] = {"true": True, "false": False}.get(str(body.get("national")))
    await page.send("POST", "/banks", {name: value for name, value in body.items() if value is not None})
    return page.go(BANKS, done="bank_added")
