"""Objections to what is on notice: an office records them, the province decides them."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.affairs_pages import NOMINATIONS, keeps_list
from app.console.affairs.affairs_pages import ONE as NOMINATION
from app.console.affairs.batch_pages import PATH as BATCHES
from app.console.checking import Check, again, show_check, unanswered
from app.console.filters import address, asked, chips, ways_on
from app.console.forms import Field, Form, Kind
from app.console.page import Opened, PageRoute, shown_by

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

PATH: Final = f"{BATCHES}/objections"
ONE: Final = PATH + "/{objection_id:uuid}"
RECORD: Final = NOMINATION + "/object"
_API: Final = "/whitelist/objections"
_PAGE: Final = 50
UNDECIDED: Final = {"true": "还没有处理", "false": "已处理"}
DECISIONS: Final = {"upheld": ("bad", "异议成立"), "dismissed": ("ok", "异议不成立")}
OBJECTION: Final = Form(
    Field("who", "谁提出的", help="姓名和联系方式，只给经办的民政部门看", is_required=True),
    Field("text", "异议的内容", Kind.LINES, help="写明事实和依据", is_required=True),
)
DECISION: Final = Form(
    Field(
        "decision",
        "处理结论",
        Kind.CHOICE,
        choices=(("dismiss", "异议不成立，留在批次里"), ("uphold", "异议成立，移出批次，不予列入")),
        is_required=True,
    ),
    Field("reason", "理由", Kind.LINES, help="写明核查的情况", is_required=True),
)
_EFFECTS: Final = {
    "uphold": ("这份推荐移出批次，不予列入，就此终结；情况变了可以重新推荐。", "处理结论不能再改。"),
    "dismiss": ("这份推荐留在批次里，公示期满可以发布。", "处理结论不能再改。"),
}


@router.get(PATH, operation_id="page_objections")
@permits(Permission.REVIEW_NOMINATIONS)
async def objections(page: Opened) -> Response:
    """In the order in which they were recorded."""
    values = asked(page, "undecided")
    cursor = page.request.query_params.get("cursor")
    found = await page.get(_API, page_size=_PAGE, total=True, cursor=cursor, **values)
    labelled = chips(PATH, values, {"undecided": lambda code: UNDECIDED.get(code, code)})
    return await page.show(
        "affairs/objections.html",
        found=found,
        values=values,
        chips=labelled,
        ways=[] if found["items"] else await ways_on(page, _API, labelled, dict),
        here=address(PATH, values),
        undecided=UNDECIDED,
        decisions=DECISIONS,
    )


@router.get(RECORD, operation_id="page_new_objection")
@permits(Permission.REVIEW_NOMINATIONS)
async def new_objection(page: Opened, nomination_id: UUID) -> Response:
    """Who objects, and on what grounds."""
    one = await page.get(f"/whitelist/nominations/{nomination_id}")
    return await page.show("affairs/new_objection.html", one=one, form=OBJECTION)


@router.post(RECORD + "/check", operation_id="page_check_objection")
@permits(Permission.REVIEW_NOMINATIONS)
@shown_by(new_objection)
async def check_objection(page: Opened, nomination_id: UUID) -> Response:
    """What is recorded stops its batch until it is decided."""
    if missing := unanswered(OBJECTION, page.typed):
        return await new_objection(again(page, missing), nomination_id)
    one = await page.get(f"/whitelist/nominations/{nomination_id}")
    check = Check(
        title="记录异议",
        address=f"{NOMINATIONS}/{nomination_id}/object",
        button="记录异议",
        not_yet="记录",
        answers=[
            ("推荐", f"{one['number']} {one['project_name'] or one['institution_name']}"),
            *((each.label, page.typed.one(each.name)) for each in OBJECTION.fields),
        ],
        effects=("由省里认定成立或不成立；处理以前，整批不能发布。", "记录以后不能删改。"),
        back=f"{NOMINATIONS}/{nomination_id}",
    )
    return await show_check(page, check)


@router.post(RECORD, operation_id="page_record_objection")
@permits(Permission.REVIEW_NOMINATIONS)
@shown_by(new_objection)
async def record_objection(page: Opened, nomination_id: UUID) -> Response:
    """Record it."""
    at = f"/whitelist/nominations/{nomination_id}/actions/object"
    answer = await page.send("POST", at, OBJECTION.read(page.typed))
    return page.go(f"{PATH}/{answer.body['id']}", done="objection_recorded")


@router.get(ONE, operation_id="page_objection")
@permits(Permission.REVIEW_NOMINATIONS)
async def objection(page: Opened, objection_id: UUID) -> Response:
    """One objection; the province decides it."""
    answer = await page.read(f"{_API}/{objection_id}")
    one = answer.body
    return await page.show(
        "affairs/objection.html",
        one=one,
        version=answer.version,
        nomination=await page.get(f"/whitelist/nominations/{one['nomination_id']}"),
        form=DECISION,
        decisions=DECISIONS,
        keeps=keeps_list(page),
    )


@router.post(ONE + "/check", operation_id="page_check_decision")
@permits(Permission.KEEP_LIST)
@shown_by(objection)
async def check_decision(page: Opened, objection_id: UUID) -> Response:
    """An objection is decided once."""
    if missing := unanswered(DECISION, page.typed):
        return await objection(again(page, missing), objection_id)
    one = await page.get(f"{_API}/{objection_id}")
    decision = page.typed.one("decision")
    title = dict(DECISION.fields[0].choices).get(decision, "处理异议")
    check = Check(
        title=f"核对：{title.partition('，')[0]}",
        address=f"{PATH}/{objection_id}",
        button=f"确认{title.partition('，')[0]}",
        not_yet="处理",
        answers=[
            ("推荐", one["nomination_number"]),
            ("异议", one["text"]),
            ("处理结论", title),
            ("理由", page.typed.one("reason")),
        ],
        effects=_EFFECTS.get(decision, ()),
        back=f"{PATH}/{objection_id}",
        is_grave=decision == "uphold",
    )
    return await show_check(page, check)


@router.post(ONE, operation_id="page_decide_objection")
@permits(Permission.KEEP_LIST)
@shown_by(objection)
async def decide(page: Opened, objection_id: UUID) -> Response:
    """Decide it."""
    if missing := unanswered(DECISION, page.typed):
        return await objection(again(page, missing), objection_id)
    decision = "uphold" if page.typed.one("decision") == "uphold" else "dismiss"
    await page.send("POST", f"{_API}/{objection_id}/actions/{decision}", {"reason": page.typed.one("reason")})
    done = "objection_upheld" if decision == "uphold" else "objection_dismissed"
    return page.go(f"{PATH}/{objection_id}", done=done)
