"""Where a bank's own system is told of events: its addresses, their keys, and what arrived."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.checking import again, unanswered
from app.console.forms import Field, Form, Kind
from app.console.page import Opened, PageRoute, shown_by
from app.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/webhooks"
_ONE: Final = f"{PATH}/{{endpoint_id:uuid}}"
ENDPOINT: Final = Form(
    Field("url", "接收地址", help="https 开头，例如 https://hooks.xugou-bank.example/yinqiao", is_required=True),
    Field("description", "说明", help="例如：信贷系统"),
)
ROTATION: Final = Form(
    Field("overlap_hours", "旧密钥还用几小时", Kind.NUMBER, help="旧密钥泄露了就填 0", unit="小时", is_required=True)
)
# Why an address gets nothing, and where one delivery is.
BECAUSE: Final = {"by_bank": "本行停用", "gone": "对方答复已不存在（410）", "failing": "连续几天送不到，已自动停用"}
STATES: Final = {"waiting": ("info", "等待送达"), "delivered": ("ok", "已送达"), "dead": ("bad", "不再重试")}
# What a press does, and what is said afterwards.
_ACTIONS: Final[Mapping[str, tuple[str, str, str]]] = {
    "disable": ("DELETE", "", "endpoint_disabled"),
    "enable": ("POST", "/actions/enable", "endpoint_enabled"),
    "test": ("POST", "/actions/send-test", "endpoint_tested"),
}


@router.get(PATH, operation_id="page_webhooks")
@permits(Permission.WRITE_WEBHOOKS)
async def webhooks(page: Opened) -> Response:
    """The bank's addresses, and a form for one more."""
    found = await page.get("/webhook-endpoints", page_size=50)
    return await page.show("bank/webhooks.html", found=found, form=ENDPOINT, because=BECAUSE)


@router.post(PATH, operation_id="page_add_webhook")
@permits(Permission.WRITE_WEBHOOKS)
@shown_by(webhooks)
async def add(page: Opened) -> Response:
    """Its key is shown on the page that answers, and never again."""
    if missing := unanswered(ENDPOINT, page.typed):
        return await webhooks(again(page, missing))
    made = await page.send("POST", "/webhook-endpoints", ENDPOINT.read(page.typed))
    return await page.show("bank/webhook_secret.html", one=made.body, is_new=True)


@router.get(_ONE, operation_id="page_webhook")
@permits(Permission.WRITE_WEBHOOKS)
async def webhook(page: Opened, endpoint_id: UUID, action: str = "") -> Response:
    """One address: whether it works, what was sent last, and what may be done about it."""
    answer = await page.read(f"/webhook-endpoints/{endpoint_id}")
    return await page.show(
        "bank/webhook.html",
        one=answer.body,
        version=answer.version,
        sent=await page.get(f"/webhook-endpoints/{endpoint_id}/deliveries", page_size=20),
        rotation=ROTATION,
        because=BECAUSE,
        states=STATES,
    )


@router.post(f"{_ONE}/rotate", operation_id="page_rotate_webhook")
@permits(Permission.WRITE_WEBHOOKS)
@shown_by(webhook)
async def rotate(page: Opened, endpoint_id: UUID) -> Response:
    """Another key; for a while both sign."""
    if missing := unanswered(ROTATION, page.typed):
        return await webhook(again(page, missing), endpoint_id)
    path = f"/webhook-endpoints/{endpoint_id}/actions/rotate-secret"
    made = await page.send("POST", path, ROTATION.read(page.typed))
    return await page.show("bank/webhook_secret.html", one=made.body, is_new=False)


@router.post(f"{_ONE}/{{action}}", operation_id="page_act_on_webhook")
@permits(Permission.WRITE_WEBHOOKS)
@shown_by(webhook)
async def act(page: Opened, endpoint_id: UUID, action: str) -> Response:
    """Stop it, start it again, or send it a test."""
    if action not in _ACTIONS:
        raise NotFound("没有这个操作，请回到接收地址")
    method, below, done = _ACTIONS[action]
    await page.send(method, f"/webhook-endpoints/{endpoint_id}{below}")
    return page.go(f"{PATH}/{endpoint_id}", done=done)
