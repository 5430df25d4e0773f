"""What the pages of a bank ask about the bank itself: its code, and its own products."""

from collections.abc import Mapping
from typing import Any, Final

from app.console.page import Page
from app.errors import NotFound

Json = Mapping[str, Any]
_MOST: Final = 200


async def own_code(page: Page) -> str:
    """The code of the reader's bank. Raises NotFound for somebody who works for none."""
    cursor = None
    while True:
        found = await page.get("/banks", page_size=_MOST, cursor=cursor)
        for bank in found["items"]:
            if bank["id"] == str(page.caller.bank_id):
                return str(bank["code"])
        cursor = found["next_cursor"]
        if cursor is None:
            raise NotFound("您的单位还没有登记为银行，请联系人民银行登记")


async def own_products(page: Page, **filters: Any) -> list[Json]:
    """The products of the reader's bank, drafts included."""
    found = await page.get("/products", bank=await own_code(page), page_size=_MOST, **filters)
    return list(found["items"])


async def shown_product(page: Page, product_id: str) -> Json:
    """One product of the API's, whose `shown` version is the one that matching goes by. Raises Refused."""
    product: Json = await page.get(f"/products/{product_id}")
    return product
