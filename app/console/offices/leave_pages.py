"""Work in other hands: somebody away for some days, work handed over, and the end of an account."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.check_step import incomplete
from app.console.filters import address, asked
from app.console.forms import Field, Form, FormError, Kind
from app.console.offices.people_pages import ONE, PEOPLE, USERS, colleagues
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_PAGE: Final = 50
# Instead of a colleague who takes over: that there is nothing to take, or that it was taken before.
NOTHING_OPEN: Final = "nothing_open"
HANDED_OVER: Final = "handed_over"
Choices = tuple[tuple[str, str], ...]
_REASON: Final = Field("reason", "事由", help="例如：外出培训；至少两个字", is_required=True)


@router.get(f"{PEOPLE}/handovers", operation_id="page_handovers")
@permits(Permission.HAND_OVER)
async def handovers(page: Opened) -> Response:
    """Hand-overs, the newest first."""
    values = asked(page, "on")
    cursor = page.request.query_params.get("cursor")
    on = today().isoformat() if values else None
    found = await page.get("/handovers", on=on, page_size=_PAGE, total=True, cursor=cursor)
    here = address(f"{PEOPLE}/handovers", values)
    return await page.show("people/handovers.html", found=found, is_today=bool(values), here=here, today=today())


@router.get(f"{ONE}/handover", operation_id="page_new_handover")
@permits(Permission.HAND_OVER)
async def new_handover(page: Opened, user_id: UUID) -> Response:
    """To whom, from which day until which."""
    return await _form(page, user_id, "people/handover.html", _handover_form)


@router.post(f"{ONE}/handover", operation_id="page_hand_over")
@permits(Permission.HAND_OVER)
@shown_by(new_handover)
async def hand_over(page: Opened, user_id: UUID) -> Response:
    """From that day on the open work is the colleague's."""
    body = _handover_form(()).read(page.typed) | {"from_user_id": str(user_id)}
    await page.send("POST", "/handovers", body)
    return page.go(f"{PEOPLE}/{user_id}", done="handed_over")


@router.get(f"{ONE}/absence", operation_id="page_absence")
@permits(Permission.HAND_OVER)
async def absence_page(page: Opened, user_id: UUID) -> Response:
    """From when until when, and who stands in."""
    return await _form(page, user_id, "people/absence.html", _absence_form)


@router.post(f"{ONE}/absence", operation_id="page_set_absence")
@permits(Permission.HAND_OVER)
@shown_by(absence_page)
async def set_absence(page: Opened, user_id: UUID) -> Response:
    """Or that somebody is back."""
    is_back = bool(page.typed.one("back"))
    nothing = dict.fromkeys(("away_from", "away_to", "deputy_id"))
    body = nothing if is_back else nothing | _absence_form(()).read(page.typed)
    await page.send("PUT", f"{USERS}/{user_id}/absence", body)
    return page.go(f"{PEOPLE}/{user_id}", done="absence_ended" if is_back else "absence_set")


@router.get(f"{ONE}/close", operation_id="page_close_person")
@permits(Permission.WRITE_ACCOUNTS)
async def close_page(page: Opened, user_id: UUID) -> Response:
    """What the end of an account means, who takes over, and why."""
    if page.problem is not None and page.problem.get("code") == "work_not_handed_over":
        missing = FormError("hand_over_to", "请选接手的人；确实没有未办结的工作，选最后一项")
        page = page.wrong(missing, page.problem)
    return await _form(page, user_id, "people/close.html", _closing_form)


@router.post(f"{ONE}/close/check", operation_id="page_check_close_person")
@permits(Permission.WRITE_ACCOUNTS)
async def check_close(page: Opened, user_id: UUID) -> Response:
    """What will happen, in words, before it does."""
    amiss = incomplete(page, _closing_form(()))
    if amiss is not None:
        return await close_page(amiss, user_id)
    return await _form(page, user_id, "people/check_close.html", _closing_form)


@router.post(f"{ONE}/close", operation_id="page_close_it")
@permits(Permission.WRITE_ACCOUNTS)
@shown_by(close_page)
async def close(page: Opened, user_id: UUID) -> Response:
    """It stays on record for ever, and nobody else gets its login."""
    body = _closing_form(()).read(page.typed)
    if body.get("hand_over_to") in (NOTHING_OPEN, HANDED_OVER):
        body["nothing_open"] = body.pop("hand_over_to") == NOTHING_OPEN
    await page.send("POST", f"{USERS}/{user_id}/actions/close", body)
    return page.go(f"{PEOPLE}/{user_id}", done="person_closed")


def _handover_form(choices: Choices) -> Form:
    return Form(
        Field("to_user_id", "交给谁", Kind.CHOICE, help="同单位、角色齐全的同事", choices=choices, is_required=True),
        Field("starts_on", "从哪一天起", Kind.DATE, help="今天或以后", is_required=True),
        Field("ends_on", "到哪一天（不含这一天）", Kind.DATE, help="不填就是长期"),
        _REASON,
    )


def _absence_form(choices: Choices) -> Form:
    return Form(
        Field("away_from", "从哪一天起不在", Kind.DATE, is_required=True),
        Field("away_to", "哪一天回来", Kind.DATE, help="这一天已经在岗", is_required=True),
        Field("deputy_id", "谁代理", Kind.CHOICE, help="同单位、角色齐全的同事", choices=choices, is_required=True),
    )


def _closing_form(choices: Choices) -> Form:
    others = ((NOTHING_OPEN, "没有未办结的工作，不用接手"), (HANDED_OVER, "以前已经登记过长期交接"))
    return Form(
        Field("hand_over_to", "未办结的工作由谁接手", Kind.CHOICE, choices=(*choices, *others), is_required=True),
        Field("reason", "停用的事由", help="例如：调离；至少两个字", is_required=True),
    )


async def _form(page: Page, user_id: UUID, template: str, made: Any) -> Response:
    answer = await page.read(f"{USERS}/{user_id}")
    form = made(await colleagues(page, answer.body))
    present = {name: answer.body[name] for name in ("away_from", "away_to", "deputy_id")}
    return await page.show(template, person=answer.body, version=answer.version, form=form, present=present)
