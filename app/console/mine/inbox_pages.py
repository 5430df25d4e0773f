"""The inbox of whoever is signed in: what there is to know, what has been read, and where each thing is dealt with."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, Role, permits
from app.console.menus import role_of
from app.console.page import Opened, Page, PageRoute, local
from app.matching.quote_schemas import DEFAULT_PROGRAMME

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

_HERE: Final = "/inbox"
_PAGE: Final = 20
# Letters name addresses of the API for those who read them with programs; people get a link.
_ADDRESS: Final = re.compile(r"(?:；逐年明细)?[：:（(]?\s*(?:(?:GET|POST|PATCH)\s+)?/api/v1/[!-~]*[）)]?")
# Where each role deals with what a message is about, by the kind of its subject.
_PLACES: Final[Mapping[Role, Mapping[str, tuple[str, str]]]] = {
    Role.INSTITUTION: {
        "consent_request": ("/mine/consents/requests/{id}", "去答复"),
        "referral": ("/mine/referrals/{id}", "看办理情况"),
        "loan": (f"/mine/offers/programme/{DEFAULT_PROGRAMME}?loan={{id}}", "看每年贴多少"),
        "nomination": ("/mine/nomination/{id}", "看进度"),
        "institution": ("/mine/facts", "看我的档案"),
        "project": ("/mine/facts/projects/{id}", "看这个项目"),
    },
    Role.BANK: {
        "delivery": ("/bank/deliveries", "看收到的名单"),
        "referral": ("/bank/referrals/{id}", "去跟进"),
        "webhook_endpoint": ("/bank/webhooks/{id}", "看接收地址"),
    },
    Role.CIVIL_AFFAIRS: {
        "nomination": ("/affairs/nominations/{id}", "去办理"),
        "institution": ("/affairs/register/{id}", "看机构登记"),
    },
}


# Where what is to be done lies elsewhere than the subject.
_INSTEAD: Final[Mapping[tuple[Role, str], tuple[str, str]]] = {
    (Role.INSTITUTION, "reminder.list"): ("/mine/nomination", "看有效期"),
    (Role.BANK, "referral.due"): ("/bank/referrals", "去跟进"),
    (Role.BANK, "referral.overdue"): ("/bank/referrals", "去跟进"),
}


@router.get(_HERE, operation_id="page_inbox")
@permits(Permission.READ_INBOX)
async def inbox(page: Opened) -> Response:
    """Messages, the newest first; all of them, or those that nobody of the office has read."""
    query = page.request.query_params
    unread = "true" if query.get("unread") == "true" else None
    found = await page.get("/inbox", unread=unread, cursor=query.get("cursor"), page_size=_PAGE)
    return await page.show(
        "inbox.html",
        found=found,
        messages=[{**one, "text": plain(one["body"]), "place": place_of(page, one)} for one in found["items"]],
        only_unread=unread is not None,
        address=_HERE + ("?unread=true" if unread else ""),
        back=_HERE
        + (f"?{urlencode(kept)}" if (kept := {n: query[n] for n in ("unread", "cursor") if n in query}) else ""),
    )


@router.post("/inbox/{message_id:uuid}/read", operation_id="page_read_message")
@permits(Permission.READ_INBOX)
async def read(page: Opened, message_id: UUID) -> Response:
    """It has been read."""
    await page.send("POST", f"/inbox/{message_id}/actions/read")
    return page.go(local(page.typed.one("back")) or _HERE, done="message_read")


@router.post("/inbox/read-all", operation_id="page_read_inbox")
@permits(Permission.READ_INBOX)
async def read_all(page: Opened) -> Response:
    """All up to the newest one that was on the page; what has come in since stays unread."""
    up_to = page.typed.one("up_to")
    await page.send("POST", "/inbox/actions/read-all", {"up_to": up_to} if up_to else {})
    return page.go(_HERE, done="inbox_read")


def plain(text: str) -> str:
    """A letter without addresses of the API."""
    return _ADDRESS.sub("", text)


def place_of(page: Page, message: Json) -> tuple[str, str] | None:
    """Where the reader deals with it, and what the link says; None where no page of his or hers is about it."""
    role = role_of(page.caller)
    if role is None:
        return None
    found = _INSTEAD.get((role, message["kind"])) or _PLACES.get(role, {}).get(message["subject_kind"])
    return None if found is None else (found[0].format(id=message["subject_id"]), found[1])
