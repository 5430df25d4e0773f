"""Importing a clerk's workbook: sent, checked, looked at, written, and taken back within a day.

The work goes on while nobody looks, and is found again in the list of imports.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.checking import Check, again, show_check
from app.console.filters import address
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import now

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

PATH: Final = "/affairs/imports"
ONE: Final = PATH + "/{import_id:uuid}"
_API: Final = "/imports"
_PAGE: Final = 20
_ROWS: Final = 50
FILE: Final = Form(
    Field("file", "工作簿", Kind.FILE, help=".xlsx 或 .csv，最多 32 MB；用模板的表头，列的次序不限", is_required=True)
)
# What becomes of a row, in the order in which a clerk looks at it: first what has to be mended.
OUTCOMES: Final = {
    "wrong": ("bad", "填错了"),
    "duplicate": ("warn", "可能重复"),
    "changed": ("warn", "核对后有变"),
    "added": ("ok", "新增"),
    "updated": ("ok", "更新"),
    "unchanged": ("mute", "不变"),
}
STATES: Final = {
    "checking": ("info", "正在核对"),
    "checked": ("warn", "核对完了，还没有写入"),
    "unreadable": ("bad", "文件没能读完"),
    "applying": ("info", "正在写入"),
    "applied": ("ok", "已写入"),
    "undoing": ("info", "正在撤销"),
    "undone": ("mute", "已撤销"),
}
_RUNNING: Final = frozenset({"checking", "applying", "undoing"})
# How to write what was checked: which rows, and what becomes of those that may be registered already.
_WAYS: Final = {
    "all": ("atomic", "hold", "全部写入"),
    "part": ("partial", "hold", "只写能写的行，其余的不写"),
    "part_add": ("partial", "add", "只写能写的行，可能重复的也作为新机构写入"),
    "all_add": ("atomic", "add", "全部写入，可能重复的作为新机构"),
}


@router.get(PATH, operation_id="page_imports")
@permits(Permission.IMPORT)
async def imports(page: Opened) -> Response:
    """Send a workbook; those sent before stand below, finished or not."""
    cursor = page.request.query_params.get("cursor")
    found = await page.get(_API, page_size=_PAGE, cursor=cursor, total=True)
    named = tuple(FormError("file", _mended(error)) for error in page.errors)
    return await replace(page, errors=named).show("affairs/imports.html", found=found, form=FILE, states=STATES)


def _mended(error: FormError) -> str:
    """The name of a file is written by whoever saved it."""
    return (
        "文件名要以 .xlsx 或 .csv 结尾，不含斜杠等符号，请改名后重新选择"
        if error.name == "query/name"
        else error.detail
    )


@router.get(f"{PATH}/template.xlsx", operation_id="page_import_template")
@permits(Permission.IMPORT)
async def template(page: Opened) -> Response:
    """The workbook to fill in, with the reader's own counties in its lists."""
    return page.file(await page.read(f"{_API}/template.xlsx"))


@router.post(PATH, operation_id="page_send_import")
@permits(Permission.IMPORT)
@shown_by(imports)
async def send_import(page: Opened) -> Response:
    """A dry run: it is read and compared, and nothing is written."""
    file = page.typed.file
    if file is None:
        return await imports(again(page, [FormError("file", "请先选择要上传的工作簿")]))
    answer = await page.send("POST", _API, content=await file.read(), name=file.filename, dry_run="true")
    return page.go(f"{PATH}/{answer.body['result'].rpartition('/')[2]}")


@router.get(ONE, operation_id="page_import")
@permits(Permission.IMPORT)
async def one_import(page: Opened, import_id: UUID) -> Response:
    """Where it stands: under way, with what was found, written, or taken back."""
    answer = await page.read(f"{_API}/{import_id}")
    one = answer.body
    if one["state"] in _RUNNING:
        # Whoever asks after work that stands still sets it going again.
        operation = await page.get(f"/operations/{one['operation']['id']}")
        return await page.show("affairs/import_running.html", one=one, operation=operation, states=STATES)
    outcome = _outcome(page, one["counts"])
    query = {"outcome": outcome, "page_size": _ROWS, "cursor": page.request.query_params.get("cursor")}
    return await page.show(
        "affairs/import.html",
        one=one,
        version=answer.version,
        rows=None if outcome is None else await page.get(f"{_API}/{import_id}/rows", **query),
        place=place,
        outcome=outcome,
        here=address(f"{PATH}/{import_id}", {} if outcome is None else {"outcome": outcome}),
        outcomes=OUTCOMES,
        states=STATES,
        ways=_ways(one["counts"]),
        can_undo=one["undo_until"] is not None and now() < datetime.fromisoformat(one["undo_until"]),
    )


def _outcome(page: Page, counts: Json) -> str | None:
    """The rows that are shown: those that were asked for, else the first sort that there is."""
    asked = page.request.query_params.get("outcome", "")
    return asked if asked in OUTCOMES else next((name for name in OUTCOMES if counts[name]), None)


def place(row: Json, cell: str | None) -> str:
    """Where something stands in the sheet, as people say it: 第 37 行 F 列."""
    column = "" if cell is None else cell.rstrip("0123456789")
    return f"第 {row['number']} 行" + (f" {column} 列" if column else "")


def _ways(counts: Json) -> list[tuple[str, str]]:
    """The ways of writing that make a difference with these counts."""
    if not counts["added"] + counts["updated"] + counts["duplicate"]:
        return []
    wrong, twins = counts["wrong"], counts["duplicate"]
    names = (
        ["part", "part_add"] if wrong and twins else ["part"] if wrong else ["part", "all_add"] if twins else ["all"]
    )
    return [(name, _WAYS[name][2]) for name in names]


@router.post(ONE + "/apply/check", operation_id="page_check_import")
@permits(Permission.IMPORT)
@shown_by(one_import)
async def check_apply(page: Opened, import_id: UUID) -> Response:
    """What will be written, before it is."""
    way = _WAYS.get(page.typed.one("way"))
    if way is None:
        return await one_import(again(page, [FormError("way", "请选择怎样写入")]), import_id)
    one = await page.get(f"{_API}/{import_id}")
    counts = one["counts"]
    added = counts["added"] + (counts["duplicate"] if way[1] == "add" else 0)
    check = Check(
        title=f"写入 {added + counts['updated']:,} 行",
        address=f"{PATH}/{import_id}/apply",
        button="写入机构登记",
        not_yet="写入",
        answers=[
            ("文件", one["file_name"]),
            ("怎样写入", way[2]),
            ("新增", f"{added:,} 家"),
            ("更新", f"{counts['updated']:,} 家"),
        ],
        effects=(
            "新增的机构进入登记；更新的另存一版，旧记录保留。",
            "逐行再核对一次，核对以后登记有变的行不写。",
            "写入后 24 小时内可以整批撤销。",
        ),
        back=f"{PATH}/{import_id}",
    )
    return await show_check(page, check)


@router.post(ONE + "/apply", operation_id="page_apply_import")
@permits(Permission.IMPORT)
@shown_by(one_import)
async def apply(page: Opened, import_id: UUID) -> Response:
    """Begin to write it."""
    mode, duplicates, _ = _WAYS.get(page.typed.one("way"), _WAYS["all"])
    await page.send("POST", f"{_API}/{import_id}/actions/apply", {"mode": mode, "duplicates": duplicates})
    return page.go(f"{PATH}/{import_id}")


@router.post(ONE + "/undo/check", operation_id="page_check_undo")
@permits(Permission.IMPORT)
@shown_by(one_import)
async def check_undo(page: Opened, import_id: UUID) -> Response:
    """What will be taken back, before it is."""
    one = await page.get(f"{_API}/{import_id}")
    check = Check(
        title="撤销这次导入",
        address=f"{PATH}/{import_id}/undo",
        button="整批撤销",
        not_yet="撤销",
        answers=[("文件", one["file_name"]), ("已写入", f"{one['counts']['written']:,} 行")],
        effects=(
            "这次新增的机构撤下，更新的恢复原值，另存一版。",
            "导入之后又有人改过或用到其中一行的，整批不能撤销，会列出是哪些行。",
            "撤销以后要再写入，须重新上传。",
        ),
        back=f"{PATH}/{import_id}",
        is_grave=True,
    )
    return await show_check(page, check)


@router.post(ONE + "/undo", operation_id="page_undo_import")
@permits(Permission.IMPORT)
@shown_by(one_import)
async def undo(page: Opened, import_id: UUID) -> Response:
    """Begin to take it back."""
    await page.send("POST", f"{_API}/{import_id}/actions/undo")
    return page.go(f"{PATH}/{import_id}")


@router.get(ONE + "/report.xlsx", operation_id="page_import_report")
@permits(Permission.IMPORT)
async def report(page: Opened, import_id: UUID) -> Response:
    """The clerk's own sheet with what has to be mended marked in it."""
    return page.file(await page.read(f"{_API}/{import_id}/report.xlsx"))
