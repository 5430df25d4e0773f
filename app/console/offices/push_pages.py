"""The central bank's pushes: what was pushed and how it got to the banks; choosing, looking, checking, pushing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.filters import address, refused
from app.console.forms import FormError
from app.console.inside import Answer
from app.console.page import Opened, Page, PageRoute, shown_by
from app.whitelist.entry_states import STATE_LABELS

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PUSHES: Final = 20
_LINES: Final = 50
_MOST: Final = 200
# The choice of everything that has changed; nothing chosen is not the same.
ALL_CHANGES: Final = "all"
NEW: Final = "/pboc/pushes/new"
PREVIEW: Final = "/pboc/pushes/preview"


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody has chosen to push: a batch by id, all changes, or neither yet; the banks; a note for them."""

    batch: str
    banks: Sequence[str]
    note: str = ""

    @property
    def batch_id(self) -> str | None:
        """The batch as the API names it."""
        return None if self.batch == ALL_CHANGES else self.batch

    @property
    def query(self) -> dict[str, Any]:
        """The choice in the address of a page."""
        return {"batch": self.batch, "bank": list(self.banks)} if self.batch else {"bank": list(self.banks)}

    @property
    def body(self) -> dict[str, Any]:
        """The choice as the API takes it."""
        note = {"note": self.note} if self.note else {}
        return {"batch_id": self.batch_id, "banks": list(self.banks), **note}

    def without(self, banks: Sequence[str]) -> "Choice":
        """The choice with some banks left out."""
        return replace(self, banks=[one for one in self.banks if one not in banks])


def choice_of(page: Page) -> Choice:
    """The choice as it stands in a form that was sent, else in the address."""
    if page.typed:
        return Choice(page.typed.one("batch"), page.typed.all("bank"), page.typed.one("note").strip())
    asked = page.request.query_params
    return Choice(asked.get("batch", ""), list(dict.fromkeys(asked.getlist("bank"))))


@router.get("/pboc", operation_id="page_pushes")
@permits(Permission.READ_PUSHES)
async def pushes(page: Opened) -> Response:
    """Pushes, the newest first, with how many banks have each."""
    cursor = page.request.query_params.get("cursor")
    found = await page.get("/pushes", page_size=_PUSHES, total=True, cursor=cursor)
    return await page.show("pboc/pushes.html", found=found)


@router.get("/pboc/pushes/{push_id:uuid}", operation_id="page_push")
@permits(Permission.READ_PUSHES)
async def one_push(page: Opened, push_id: UUID) -> Response:
    """One push: to which banks, and by which way each got it."""
    return await page.show("pboc/push.html", push=await page.get(f"/pushes/{push_id}"))


@router.get("/pboc/pushes/{push_id:uuid}/deliveries/{delivery_id:uuid}", operation_id="page_pushed_delivery")
@permits(Permission.READ_PUSHES)
async def delivery(page: Opened, push_id: UUID, delivery_id: UUID) -> Response:
    """What one bank got, line by line, as it was on that day."""
    path = f"/pushes/{push_id}/deliveries/{delivery_id}"
    cursor = page.request.query_params.get("cursor")
    items = await page.get(f"{path}/items", page_size=_LINES, total=True, cursor=cursor)
    return await page.show("pboc/delivery.html", delivery=await page.get(path), items=items, states=STATE_LABELS)


@router.get(NEW, operation_id="page_new_push")
@permits(Permission.PUSH)
async def choose(page: Opened) -> Response:
    """What to push, and to whom."""
    batches = await page.get("/whitelist/batches", state="published", page_size=_MOST)
    banks = await _banks(page)
    choice = choice_of(page)
    if page.request.query_params.get("every_bank"):
        choice = replace(choice, banks=[one["code"] for one in banks])
    return await page.show("pboc/choose.html", batches=batches["items"], banks=banks, choice=choice)


@router.get(PREVIEW, operation_id="page_push_preview")
@permits(Permission.PUSH)
async def preview(page: Opened) -> Response:
    """What each bank would get. Nothing has been pushed yet."""
    choice = choice_of(page)
    answer = await _previewed(page, choice)
    if isinstance(answer, Page):
        return await choose(answer)
    shown = page.request.query_params.get("lines", "")
    lines = await _lines(page, choice, shown) if shown in choice.banks else None
    return await page.show("pboc/preview.html", found=answer.body, lines=lines, **_links(choice, answer.body, shown))


@router.post("/pboc/pushes/check", operation_id="page_check_push")
@permits(Permission.PUSH)
async def check(page: Opened) -> Response:
    """What will happen, in words, before it does."""
    choice = choice_of(page)
    answer = await _previewed(page, choice)
    if isinstance(answer, Page):
        return await choose(answer)
    return await page.show("pboc/check_push.html", found=answer.body, **_links(choice, answer.body, ""))


@router.post("/pboc/pushes", operation_id="page_push_it")
@permits(Permission.PUSH)
@shown_by(check)
async def push(page: Opened) -> Response:
    """Deliver it. What the banks have got is never taken back."""
    answer = await page.send("POST", "/pushes", choice_of(page).body)
    return page.go(f"/pboc/pushes/{answer.body['id']}", done="pushed")


async def _banks(page: Page) -> list[dict[str, Any]]:
    """All banks: somebody who chooses among them wants to see each."""
    banks: list[dict[str, Any]] = []
    cursor = None
    while True:
        found = await page.get("/banks", page_size=_MOST, cursor=cursor)
        banks += found["items"]
        cursor = found["next_cursor"]
        if cursor is None:
            return banks


async def _previewed(page: Page, choice: Choice) -> Answer | Page:
    """The API's preview, or the page on which the choice has to be mended."""
    missing = [
        FormError(name, detail)
        for name, detail, there in (
            ("batch", "请选推送哪个批次，或选“全部变化”", choice.batch),
            ("bank", "请至少选一家银行", choice.banks),
        )
        if not there
    ]
    if missing:
        problem = page.problem or {"status": HTTPStatus.UNPROCESSABLE_ENTITY}
        return replace(page, errors=tuple(missing), problem=problem)
    answer = await page.ask("GET", "/pushes/preview", bank=list(choice.banks), batch=choice.batch_id)
    return refused(page, answer) if answer.is_refusal else answer


async def _lines(page: Page, choice: Choice, bank: str) -> dict[str, Any]:
    cursor = page.request.query_params.get("cursor")
    query = {"bank": bank, "batch": choice.batch_id, "page_size": _LINES, "cursor": cursor}
    found: dict[str, Any] = await page.get("/pushes/preview/items", **query)
    return found


def _links(choice: Choice, found: dict[str, Any], shown: str) -> dict[str, Any]:
    """Where a preview leads: back to the choice, to one bank's lines, and to the same without banks that have all."""
    idle = [one["bank"] for one in found["banks"] if not one["items"]]
    lines = {one["bank"]: address(PREVIEW, choice.query | {"lines": one["bank"]}) for one in found["banks"]}
    return {
        "choice": choice,
        "back": address(NEW, choice.query),
        "lines_at": lines,
        "lines_of": next((one for one in found["banks"] if one["bank"] == shown), None),
        "idle": idle,
        "without_idle": address(PREVIEW, choice.without(idle).query),
    }
