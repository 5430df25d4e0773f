"""The list itself: its entries as they stand, what became of each, and what the province does to one."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.affairs_pages import keeps_list
from app.console.affairs.batch_pages import PATH as BATCHES
from app.console.affairs.registry_facts import Choices, parts, regions, shown
from app.console.checking import Check, again, show_check, unanswered
from app.console.fact_forms import catalogue_of
from app.console.filters import Values, address, asked, chips, ways_on
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.rules import codes

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

PATH: Final = f"{BATCHES}/entries"
ONE: Final = PATH + "/{entry_id:uuid}"
_API: Final = "/whitelist/entries"
_PAGE: Final = 50
_FILTERS: Final = ("q", "state", "region", "kind", "as_of")
STATES: Final = {"listed": "在册", "suspended": "暂停", "removed": "移出", "expired": "到期"}
# What may be done with an entry in each state, with its words: title, more, effects.
ACTIONS: Final = {
    "listed": ("renew", "suspend"),
    "suspended": ("reinstate", "remove"),
}
WORDS: Final = {
    "suspend": (
        "暂停",
        "立即生效，银行随即看不到；一个人就可以办。",
        ("即时生效，银行随即看不到它。", "恢复或移出，须由另一位同事办理。"),
    ),
    "renew": ("续期", "到期前才能办，接着原来的有效期；须由上次办理人以外的人办。", ("有效期接着原来的往后延。",)),
    "reinstate": ("恢复", "须由暂停人以外的人办。", ("即时生效，银行重新看得到它。",)),
    "remove": ("移出名单", "须由暂停人以外的人办。", ("即时移出名单，要再列入须重新推荐。",)),
}


@router.get(PATH, operation_id="page_entries")
@permits(Permission.READ_ENTRIES)
async def entries(page: Opened) -> Response:
    """Who stands on the list today, or stood on it on a day."""
    values, here = asked(page, *_FILTERS), await regions(page)
    cursor = page.request.query_params.get("cursor")
    found = await page.get(_API, page_size=_PAGE, total=True, cursor=cursor, **values)
    labelled = chips(PATH, values, _labels(here))
    return await page.show(
        "affairs/entries.html",
        found=found,
        values=values,
        places=here,
        chips=labelled,
        ways=[] if found["items"] else await ways_on(page, _API, labelled, _query),
        here=address(PATH, values),
        states=STATES,
        codes=codes,
    )


def _query(values: Values) -> dict[str, Any]:
    return dict(values)


def _labels(here: Choices) -> dict[str, Any]:
    names = dict(here)
    return {
        "q": lambda text: f"查找：{text}",
        "state": lambda code: STATES.get(code, code),
        "region": lambda code: names.get(code, code),
        "kind": lambda code: codes.KINDS.get(code, code),
        "as_of": lambda text: f"{text} 这一天",
    }


@router.get(ONE, operation_id="page_entry")
@permits(Permission.READ_ENTRIES)
async def entry(page: Opened, entry_id: UUID) -> Response:
    """What became of an entry, the facts with which it was admitted, and what may be done with it."""
    answer = await page.read(f"{_API}/{entry_id}")
    one = answer.body
    may = ACTIONS.get(one["state"], ()) if keeps_list(page) else ()
    reasons = (await page.get("/whitelist/reasons"))["items"] if page.caller.may(Permission.READ_WHITELIST) else []
    return await page.show(
        "affairs/entry.html",
        one=one,
        version=answer.version,
        frozen=await _frozen(page, one),
        may=[(action, WORDS[action]) for action in may],
        reasons=[(WORDS[action][0], [each for each in reasons if action in each["used_for"]]) for action in may],
        labels={each["code"]: each["label"] for each in reasons},
        own=one["events"][-1]["by"] == str(page.caller.account_id),
    )


async def _frozen(page: Page, one: Json) -> list[Any]:
    if one["snapshot"] is None:
        return []
    recorded = one["snapshot"]["institution"]["facts"]
    place = f"{one['line']['city']}{one['line']['county']}"
    found = parts(await catalogue_of(page, "institution"))
    known = [(part, [fact for fact in part.facts if fact["key"] in recorded]) for part in found]
    return [(part, shown(facts, recorded, place)) for part, facts in known if facts]


@router.post(ONE + "/check", operation_id="page_check_act")
@permits(Permission.KEEP_LIST)
@shown_by(entry)
async def check_act(page: Opened, entry_id: UUID) -> Response:
    """What will happen, before it does."""
    words = WORDS.get(page.typed.one("action"))
    if words is None:
        return await entry(again(page, [FormError("action", "请先选一项，再往下走")]), entry_id)
    if missing := unanswered(ACT, page.typed):
        return await entry(again(page, missing), entry_id)
    one = await page.get(f"{_API}/{entry_id}")
    labels = {each["code"]: each["label"] for each in (await page.get("/whitelist/reasons"))["items"]}
    check = Check(
        title=f"核对：{words[0]}",
        address=f"{PATH}/{entry_id}",
        button=f"确认{words[0]}",
        not_yet="办理",
        answers=[
            ("条目", f"{one['line']['name']}（{one['batch_number']}第 {one['serial']} 号）"),
            ("办理", words[0]),
            ("理由", labels.get(page.typed.one("reason_code"), "")),
            ("文号", page.typed.one("document_number")),
            ("说明", page.typed.one("note")),
        ],
        effects=words[2],
        back=f"{PATH}/{entry_id}",
        is_grave=page.typed.one("action") in {"suspend", "remove"},
    )
    return await show_check(page, check)


ACT: Final = Form(
    Field("reason_code", "理由", Kind.CHOICE, is_required=True),
    Field("document_number", "文号", help="例如：晋民函〔2026〕9号", is_required=True),
    Field("note", "说明", Kind.LINES),
)


@router.post(ONE, operation_id="page_act_on_entry")
@permits(Permission.KEEP_LIST)
@shown_by(entry)
async def act(page: Opened, entry_id: UUID) -> Response:
    """It takes effect today."""
    action = page.typed.one("action")
    if action not in WORDS:
        return await entry(again(page, [FormError("action", "请先选一项，再往下走")]), entry_id)
    await page.send("POST", f"{_API}/{entry_id}/actions/{action}", ACT.read(page.typed))
    return page.go(f"{PATH}/{entry_id}", done=f"entry_{action}")
