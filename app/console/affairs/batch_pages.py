"""Batches of the white list: drafted from approved nominations, announced, published by a second person, printed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.affairs_pages import keeps_list
from app.console.checking import Check, again, in_words, show_check, unanswered, worded
from app.console.filters import Labels, address, asked, chips, ways_on
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

PATH: Final = "/affairs/batches"
ONE: Final = PATH + "/{batch_id:uuid}"
_API: Final = "/whitelist/batches"
_PAGE: Final = 50
_LINES: Final = 200
STATES: Final = {"draft": "草稿", "on_notice": "公示中", "published": "已发布", "abandoned": "已放弃"}
TITLE: Final = Form(Field("title", "批次名称", help="例如：2026年第二批（虚构）", is_required=True))
NOTICE: Final = Form(
    Field("notice_from", "公示从哪天起", Kind.DATE, help="当天算第一天", is_required=True),
    Field("notice_to", "公示到哪天止", Kind.DATE, help="当天算在内", is_required=True),
)
PUBLISH: Final = Form(Field("document_number", "发文的文号", help="例如：晋民发〔2026〕88号", is_required=True))
ABANDON: Final = Form(Field("reason", "放弃的原因", Kind.LINES, is_required=True))


@router.get(PATH, operation_id="page_batches")
@permits(Permission.READ_BATCHES)
async def batches(page: Opened) -> Response:
    """The batches that the reader may know of, the latest first."""
    values = asked(page, "state", "year")
    cursor = page.request.query_params.get("cursor")
    found = await page.get(_API, page_size=_PAGE, total=True, cursor=cursor, **values)
    labels: Labels = {"state": lambda code: STATES.get(code, code), "year": lambda year: f"{year} 年"}
    labelled = chips(PATH, values, labels)
    return await page.show(
        "affairs/batches.html",
        found=found,
        values=values,
        chips=labelled,
        ways=[] if found["items"] else await ways_on(page, _API, labelled, dict),
        here=address(PATH, values),
        states=STATES if keeps_list(page) else {name: STATES[name] for name in ("on_notice", "published")},
        years=[(str(year), f"{year} 年") for year in range(today().year, today().year - 5, -1)],
        keeps=keeps_list(page),
    )


@router.get(f"{PATH}/new", operation_id="page_new_batch")
@permits(Permission.KEEP_LIST)
async def new_batch(page: Opened) -> Response:
    """A title, and which approved nominations come in."""
    return await worded(page, TITLE).show(
        "affairs/edit_batch.html", one=None, version="", form=TITLE, present={}, **await _free(page)
    )


async def _free(page: Page) -> dict[str, Any]:
    """Approved nominations that are in no batch; all of them ticked where the address says so."""
    found = await page.get("/whitelist/nominations", state="approved", batched=False, page_size=_LINES, total=True)
    return {"free": found, "all": page.request.query_params.get("all") == "1"}


@router.post(f"{PATH}/new", operation_id="page_draft_batch")
@permits(Permission.KEEP_LIST)
@shown_by(new_batch)
async def draft_batch(page: Opened) -> Response:
    """A draft of the province's own."""
    body = {**TITLE.read(page.typed), "nominations": list(page.typed.all("add"))}
    answer = await page.send("POST", _API, body)
    return page.go(f"{PATH}/{answer.body['id']}", done="batch_drafted")


@router.get(ONE, operation_id="page_batch")
@permits(Permission.READ_BATCHES)
async def batch(page: Opened, batch_id: UUID) -> Response:
    """Where it stands, what stands in its way, its lines as they are printed, and what may be done with it."""
    answer = await page.read(f"{_API}/{batch_id}")
    one = answer.body
    lines = await page.get(f"{_API}/{batch_id}/rows", page_size=_LINES, cursor=page.request.query_params.get("cursor"))
    return await page.show(
        "affairs/batch.html",
        one=one,
        version=answer.version,
        lines=lines,
        here=f"{PATH}/{batch_id}",
        keeps=keeps_list(page),
        own=one["drafted_by"] == str(page.caller.account_id),
        running=one["notice_to"] is not None and today().isoformat() <= one["notice_to"],
        notice=NOTICE,
        publish=PUBLISH,
        abandon=ABANDON,
        present={"notice_from": today().isoformat()},
        objections=await _objections(page, one),
    )


async def _objections(page: Page, one: Json) -> list[Json]:
    if one["state"] != "on_notice" or not page.caller.may(Permission.REVIEW_NOMINATIONS):
        return []
    found: Json = await page.get("/whitelist/objections", batch=one["id"], page_size=_LINES)
    return list(found["items"])


@router.get(ONE + "/edit", operation_id="page_edit_batch")
@permits(Permission.KEEP_LIST)
async def edit_batch(page: Opened, batch_id: UUID) -> Response:
    """Another title, and more nominations."""
    answer = await page.read(f"{_API}/{batch_id}")
    present = {"title": answer.body["title"]}
    return await worded(page, TITLE).show(
        "affairs/edit_batch.html",
        one=answer.body,
        version=answer.version,
        form=TITLE,
        present=present,
        **await _free(page),
    )


@router.post(ONE + "/edit", operation_id="page_change_batch")
@permits(Permission.KEEP_LIST)
@shown_by(edit_batch)
async def change_batch(page: Opened, batch_id: UUID) -> Response:
    """Whoever changes a draft last does not publish it."""
    body = {**TITLE.read(page.typed), "add": list(page.typed.all("add"))}
    await page.send("PATCH", f"{_API}/{batch_id}", body)
    return page.go(f"{PATH}/{batch_id}", done="batch_changed")


async def _checked(page: Page, batch_id: UUID, form: Form, path: str, words: Sequence[str], grave: bool) -> Response:
    """The check before something is done with a batch. `words` are title, what has not happened, and the effects."""
    if missing := unanswered(form, page.typed):
        return await batch(again(page, missing), batch_id)
    one = await page.get(f"{_API}/{batch_id}")
    title, not_yet, *effects = words
    check = Check(
        title=title,
        address=f"{PATH}/{batch_id}/{path}",
        button=title,
        not_yet=not_yet,
        answers=[
            ("批次", one["title"]),
            ("条目", f"{one['rows']:,} 条"),
            *((each.label, in_words(each, page.typed.one(each.name))) for each in form.fields),
        ],
        effects=effects,
        back=f"{PATH}/{batch_id}",
        is_grave=grave,
    )
    return await show_check(page, check)


@router.post(ONE + "/notice/check", operation_id="page_check_notice")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def check_notice(page: Opened, batch_id: UUID) -> Response:
    """From the notice on, lines are fixed."""
    effects = (
        "条目从现在起固定，公示期间只能移出，不能增加。",
        "公示期内谁都可以提出异议，由民政部门记录；没有处理完，整批不能发布。",
        "公示不等于列入名单：期满的次日起，由另一位同事发布，才列入。",
    )
    return await _checked(page, batch_id, NOTICE, "notice", ("开始公示", "公示", *effects), grave=False)


@router.post(ONE + "/notice", operation_id="page_announce_batch")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def announce(page: Opened, batch_id: UUID) -> Response:
    """Announce it."""
    await page.send("POST", f"{_API}/{batch_id}/actions/notice", NOTICE.read(page.typed))
    return page.go(f"{PATH}/{batch_id}", done="batch_announced")


@router.post(ONE + "/publish/check", operation_id="page_check_publish")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def check_publish(page: Opened, batch_id: UUID) -> Response:
    """What is published never changes."""
    effects = (
        "批次得到编号，每一条今天列入名单，当天的事实永久保存。",
        "发布以后批次不再改变，要改只能另发一批。",
        "人民银行可以把它推送给银行；列入名单不等于获得贷款。",
    )
    return await _checked(page, batch_id, PUBLISH, "publish", ("发布批次", "发布", *effects), grave=False)


@router.post(ONE + "/publish", operation_id="page_publish_batch")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def publish(page: Opened, batch_id: UUID) -> Response:
    """Publish it."""
    await page.send("POST", f"{_API}/{batch_id}/actions/publish", PUBLISH.read(page.typed))
    return page.go(f"{PATH}/{batch_id}", done="batch_published")


@router.post(ONE + "/abandon/check", operation_id="page_check_abandon")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def check_abandon(page: Opened, batch_id: UUID) -> Response:
    """Its nominations wait for another batch."""
    effects = ("批次放弃，不能恢复。", "其中的推荐回到“已批准”，等待编入下一批次。")
    return await _checked(page, batch_id, ABANDON, "abandon", ("放弃批次", "放弃", *effects), grave=True)


@router.post(ONE + "/abandon", operation_id="page_abandon_batch")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def abandon(page: Opened, batch_id: UUID) -> Response:
    """Give it up."""
    await page.send("POST", f"{_API}/{batch_id}/actions/abandon", ABANDON.read(page.typed))
    return page.go(f"{PATH}/{batch_id}", done="batch_abandoned")


@router.post(ONE + "/remove/check", operation_id="page_check_remove")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def check_remove(page: Opened, batch_id: UUID) -> Response:
    """Which lines leave the batch."""
    wanted = page.typed.all("remove")
    if not wanted:
        return await batch(again(page, [FormError("remove", "请先勾选要移出的条目")]), batch_id)
    one = await page.get(f"{_API}/{batch_id}")
    lines = await page.get(f"{_API}/{batch_id}/rows", page_size=_LINES)
    names = [each["line"]["name"] for each in lines["items"] if each["nomination_id"] in wanted]
    check = Check(
        title=f"移出 {len(wanted)} 条",
        address=f"{PATH}/{batch_id}/remove",
        button="移出本批次",
        not_yet="移出",
        answers=[("批次", one["title"]), ("移出", "\n".join(names) or f"{len(wanted)} 条")],
        effects=("移出的推荐回到“已批准”，可以编入别的批次。", "公示中的批次移出以后不能再加回来。"),
        back=f"{PATH}/{batch_id}",
    )
    return await show_check(page, check)


@router.post(ONE + "/remove", operation_id="page_remove_lines")
@permits(Permission.KEEP_LIST)
@shown_by(batch)
async def remove(page: Opened, batch_id: UUID) -> Response:
    """Take them out."""
    await page.send("PATCH", f"{_API}/{batch_id}", {"remove": list(page.typed.all("remove"))})
    return page.go(f"{PATH}/{batch_id}", done="batch_changed")


@router.get(ONE + "/list.{ending}", operation_id="page_printed_list")
@permits(Permission.READ_BATCHES)
async def printed(page: Opened, batch_id: UUID, ending: str) -> Response:
    """The list as it is printed: a page, a PDF or a sheet."""
    return page.file(await page.read(f"{_API}/{batch_id}/list.{ending}"))
