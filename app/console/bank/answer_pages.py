"""Answers by workbook: download, fill in, send for a report, then write. Nothing is kept between the two."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Final

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.bank.steps import TITLES
from app.console.checking import again
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.referrals.states import STATE_LABELS

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/referrals/answers"
FILE: Final = Form(
    Field("file", "填好的工作簿", Kind.FILE, help="从这里下载的 xlsx，填好后传回来", is_required=True),
)
# A form's text field holds a megabyte; a larger workbook has to be chosen once more to be written.
_MOST_CARRIED: Final = 700_000
_CARRIED: Final = "workbook"
_SHOWN: Final = 100


@router.get(PATH, operation_id="page_answers")
@permits(Permission.FOLLOW_UP)
async def answers(page: Opened) -> Response:
    """Download and upload."""
    return await page.show("bank/answers.html", form=FILE)


@router.get(f"{PATH}.xlsx", operation_id="page_answers_file")
@permits(Permission.FOLLOW_UP)
async def answers_file(page: Opened) -> Response:
    """The workbook to fill in, of everything that is open or of what the reader looks after."""
    mine = "true" if page.request.query_params.get("mine") else None
    return page.file(await page.read("/referrals/answers.xlsx", mine=mine))


@router.post(PATH, operation_id="page_answered")
@permits(Permission.FOLLOW_UP)
@shown_by(answers)
async def answered(page: Opened) -> Response:
    """Check a workbook and say what to mend; on the second press write what was checked."""
    content = await _content(page)
    if not content:
        return await answers(again(page, [FormError("file", "请选择填好的工作簿（xlsx 文件）")]))
    is_written = page.typed.one("do") == "write"
    dry_run = "false" if is_written else "true"
    found = (await page.send("POST", "/referrals/answers", content=content, dry_run=dry_run)).body
    if found["written"]:
        return page.go("/bank/referrals?state=all", done="answers_written")
    carried = b64encode(content).decode() if len(content) <= _MOST_CARRIED else ""
    return await page.show(
        "bank/answers_checked.html",
        found=found,
        cells=[(row, cell) for row in found["problems"] for cell in row["problems"]][:_SHOWN],
        ready=found["items"][:_SHOWN],
        carried=carried,
        form=FILE,
        titles=TITLES,
        states={state.value: label for state, label in STATE_LABELS.items()},
    )


async def _content(page: Page) -> bytes:
    """The file that was chosen, else the one that was checked before."""
    if (file := page.typed.file) is not None:
        content = await file.read()
        await file.close()
        return content
    try:
        return b64decode(page.typed.one(_CARRIED), validate=True)
    except NotBase64:
        return b""
