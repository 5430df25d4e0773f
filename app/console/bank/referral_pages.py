"""Follow-up: what is due first, one entry with all its steps, and the next step."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.bank.own import Json
from app.console.bank.steps import ADDED, FORMS, GRAVE, TITLES, assignees, form_of, said, weight_of
from app.console.checking import again, show_check, unanswered
from app.console.filters import Chip, Labels, Values, address, asked, chips, one
from app.console.page import Opened, Page, PageRoute, shown_by
from app.errors import NotFound
from app.http.clock import today
from app.referrals.states import STATE_LABELS, UNDECIDED

router = APIRouter(route_class=PageRoute, include_in_schema=False)

PATH: Final = "/bank/referrals"
_ONE: Final = f"{PATH}/{{referral_id:uuid}}"
_STEP: Final = f"{_ONE}/{{step}}"
_PAGE: Final = 30
_SOON_DAYS: Final = 7
_FILTERS: Final = ("state", "who", "due", "region", "q")
_ALL: Final = "all"
STATES: Final = {"": "还没有结果的", _ALL: "全部", **{state.value: label for state, label in STATE_LABELS.items()}}
WHO: Final = {"mine": "我负责的", "unassigned": "还没有指定客户经理的"}
DUE: Final = {"overdue": "已超期", "soon": f"{_SOON_DAYS} 天内到期或已超期"}
# The way from the push to the money; whoever declines leaves it.
_WAY: Final = (
    *(("deliver", "推送"), ("contact", "联系机构"), ("investigate", "尽职调查")),
    *(("grant", "授信"), ("disburse", "放款")),
)


@router.get(PATH, operation_id="page_referrals")
@permits(Permission.FOLLOW_UP)
async def referrals(page: Opened) -> Response:
    """The earliest deadline first; unless asked for more, only what has no result yet."""
    values = asked(page, *_FILTERS)
    cursor = page.request.query_params.get("cursor")
    found = await page.get("/referrals", page_size=_PAGE, total="true", cursor=cursor, **_query(page, values))
    cities = (await page.get("/regions", level="city"))["items"]
    names = {city["code"]: city["name"] for city in cities}
    labels: Labels = {
        "state": lambda code: STATES.get(code, code),
        "who": lambda code: WHO.get(code, code),
        "due": lambda code: DUE.get(code, code),
        "region": lambda code: names.get(code, code),
        "q": lambda text: f"名称含“{text}”",
    }
    shown = chips(PATH, values, labels)
    return await page.show(
        "bank/referrals.html",
        found=found,
        values=values,
        chips=shown,
        ways=[] if found["items"] else await _ways_out(page, shown),
        tally=await _tally(page),
        cities=cities,
        states=STATES,
        who=WHO,
        due=DUE,
        here=address(PATH, values),
        everything=PATH,
    )


def _query(page: Page, values: Values) -> dict[str, Any]:
    """What the page's filters are called by the API."""
    state, who, due = (one(values, name) for name in ("state", "who", "due"))
    states = [each.value for each in UNDECIDED] if not state else [] if state == _ALL else [state]
    soon = (today() + timedelta(days=_SOON_DAYS)).isoformat()
    return {
        "state": states,
        "manager": str(page.caller.account_id) if who == "mine" else None,
        "unassigned": "true" if who == "unassigned" else None,
        "overdue": "true" if due == "overdue" else None,
        "due_by": soon if due == "soon" else None,
        "region": one(values, "region"),
        "q": one(values, "q"),
    }


async def _ways_out(page: Page, shown: Iterable[Chip]) -> list[tuple[Chip, int]]:
    """The filters whose loss would show anything, and how much."""
    counts = [(chip, await _count(page, chip.rest)) for chip in shown]
    return [(chip, many) for chip, many in counts if many]


async def _count(page: Page, values: Values) -> int:
    found = await page.get("/referrals", page_size=1, total="true", **_query(page, values))
    return int(found["total"])


async def _tally(page: Page) -> list[tuple[str, int, str, str]]:
    """Three numbers with their tint, their words and the address of the list behind each."""
    asked_for = (("bad", {"due": ["overdue"]}), ("warn", {"due": ["soon"]}), ("", {"state": ["not_contacted"]}))
    words = ("已超期", f"{_SOON_DAYS} 天内到期或已超期", "还没有联系")
    return [
        (tint, await _count(page, values), said_, address(PATH, values))
        for (tint, values), said_ in zip(asked_for, words, strict=True)
    ]


@router.get(_ONE, operation_id="page_referral")
@permits(Permission.FOLLOW_UP)
async def referral(page: Opened, referral_id: UUID) -> Response:
    """What has been done about one entry, and what may be done next."""
    shown: Json = await page.get(f"/referrals/{referral_id}")
    return await page.show("bank/referral.html", one=shown, way=way(shown), titles=TITLES, grave=GRAVE)


def way(shown: Json) -> list[tuple[str, Json | None]]:
    """What was done, step by step, and after it (without steps) what is still to come."""
    past = [(one["action_label"], one) for one in shown["steps"]]
    if shown["state"] in {"declined", "disbursed"}:
        return past
    done = {one["action"] for one in shown["steps"]}
    last = max((place for place, (name, _) in enumerate(_WAY) if name in done), default=0)
    return [*past, *((label, None) for _, label in _WAY[last + 1 :])]


@router.get(_STEP, operation_id="page_referral_step")
@permits(Permission.FOLLOW_UP)
async def step_form(page: Opened, referral_id: UUID, step: str) -> Response:
    """The form of one next step. Where it may not be taken now, the page says so instead."""
    _known(step)
    answer = await page.read(f"/referrals/{referral_id}")
    shown = answer.body
    people = await assignees(page) if step == "assign" else []
    return await page.show(
        "bank/step.html",
        one=shown,
        step=step,
        title=TITLES[step],
        form=form_of(step, people),
        version=answer.version,
        may=step in shown["actions"],
        now_={field.name: today().isoformat() for field in FORMS[step].fields if field.name.endswith(ADDED)},
        is_grave=step in GRAVE,
    )


@router.post(_STEP, operation_id="page_take_referral_step")
@permits(Permission.FOLLOW_UP)
@shown_by(step_form)
async def take_step(page: Opened, referral_id: UUID, step: str) -> Response:
    """Register it."""
    _known(step)
    if missing := unanswered(FORMS[step], page.typed):
        return await step_form(again(page, missing), referral_id, step)
    await page.send("POST", f"/referrals/{referral_id}/actions/{step}", FORMS[step].read(page.typed))
    return page.go(f"{PATH}/{referral_id}", done=GRAVE[step].done if step in GRAVE else _DONE[step])


_DONE: Final[Mapping[str, str]] = {
    "contact": "contact_noted",
    "investigate": "investigation_noted",
    "assign": "manager_assigned",
}


@router.post(f"{_STEP}/check", operation_id="page_check_referral_step")
@permits(Permission.FOLLOW_UP)
@shown_by(step_form)
async def check_step(page: Opened, referral_id: UUID, step: str) -> Response:
    """Before the institution and the offices are told: what was typed, and what will follow from it."""
    if step not in GRAVE:
        raise NotFound("这一步不用核对")
    if missing := unanswered(FORMS[step], page.typed):
        return await step_form(again(page, missing), referral_id, step)
    shown: Json = await page.get(f"/referrals/{referral_id}")
    place = f"{PATH}/{referral_id}"
    return await show_check(page, weight_of(step, shown["name"], said(FORMS[step], page.typed), place))


@router.get(f"{_STEP}/check", operation_id="page_referral_step_again")
@permits(Permission.FOLLOW_UP)
async def check_again(page: Opened, referral_id: UUID, step: str) -> Response:
    """Whoever comes back to the check without what was typed begins with the form."""
    _known(step)
    return page.go(f"{PATH}/{referral_id}/{step}")


def _known(step: str) -> None:
    if step not in FORMS:
        raise NotFound("没有这一步，请从跟进记录进入")
