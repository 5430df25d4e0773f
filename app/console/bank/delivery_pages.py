"""The lists that a bank has received: what is in each, that it arrived, signing for it, and the whole as a file."""

import csv
from io import StringIO
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.bank.own import Json
from app.console.page import Opened, Page, PageRoute, shown_by

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/deliveries"
_ONE: Final = f"{PATH}/{{push_id:uuid}}/{{delivery_id:uuid}}"
_PAGE: Final = 50
_MOST: Final = 200
CHANGES: Final = {"new": "ok", "changed": "info", "suspended": "warn", "removed": "bad", "expired": "mute"}
_COLUMNS: Final = (
    *("序号", "变化", "名称", "所在地", "类别", "批次", "批次内序号"),
    *("有效期起", "有效期止（不含）", "交付时状态"),
)
KINDS: Final = {"institution": "机构", "project": "项目"}
# Spreadsheets would run a cell that begins with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


@router.get(PATH, operation_id="page_deliveries")
@permits(Permission.FOLLOW_UP)
async def deliveries(page: Opened) -> Response:
    """The latest first; what nobody has signed for yet says so."""
    found = await page.get("/pushes", page_size=20, total="true", cursor=page.request.query_params.get("cursor"))
    rows = [(push, delivery) for push in found["items"] for delivery in push["deliveries"]]
    return await page.show("bank/deliveries.html", found=found, rows=rows, changes=CHANGES)


@router.get(_ONE, operation_id="page_delivery")
@permits(Permission.FOLLOW_UP)
async def delivery(page: Opened, push_id: UUID, delivery_id: UUID) -> Response:
    """One list, line by line, as it was delivered."""
    push, place = await page.get(f"/pushes/{push_id}"), f"/pushes/{push_id}/deliveries/{delivery_id}"
    cursor = page.request.query_params.get("cursor")
    return await page.show(
        "bank/delivery.html",
        push=push,
        one=await page.get(place),
        found=await page.get(f"{place}/items", page_size=_PAGE, total="true", cursor=cursor),
        here=f"{PATH}/{push_id}/{delivery_id}",
        changes=CHANGES,
        kinds=KINDS,
    )


@router.post(f"{_ONE}/receive", operation_id="page_receive_delivery")
@permits(Permission.FOLLOW_UP)
@shown_by(delivery)
async def receive(page: Opened, push_id: UUID, delivery_id: UUID) -> Response:
    """Sign for it."""
    await page.send("POST", f"/pushes/{push_id}/deliveries/{delivery_id}/actions/receive")
    return page.go(f"{PATH}/{push_id}/{delivery_id}", done="delivery_received")


@router.get(f"{_ONE}/file", operation_id="page_delivery_file")
@permits(Permission.FOLLOW_UP)
async def delivery_file(page: Opened, push_id: UUID, delivery_id: UUID) -> Response:
    """All lines as CSV."""
    place = f"/pushes/{push_id}/deliveries/{delivery_id}"
    one = await page.get(place)
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([_inert(cell) for cell in _cells(row)] for row in await _all(page, place))
    # Without the mark, spreadsheets take UTF-8 for the encoding of the machine.
    content = ("\ufeff" + text.getvalue()).encode()
    headers = {
        "Content-Disposition": f'attachment; filename="delivery-{one["delivered_on"]}-{delivery_id}.csv"',
        "Cache-Control": "private, no-store",
    }
    return Response(content, media_type="text/csv", headers=headers)


async def _all(page: Page, place: str) -> list[Json]:
    rows: list[Json] = []
    cursor = None
    while True:
        found = await page.get(f"{place}/items", page_size=_MOST, cursor=cursor)
        rows += found["items"]
        cursor = found["next_cursor"]
        if cursor is None:
            return rows


def _cells(row: Json) -> list[str]:
    said = (row["change_label"], row["name"], row["region_name"], KINDS.get(row["subject_kind"], row["subject_kind"]))
    period = (row["valid_from"], row["valid_to"], row["state_label"])
    return [str(one) for one in (row["ordinal"], *said, row["batch_number"], row["serial"], *period)]


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
