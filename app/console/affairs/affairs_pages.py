"""The desk of civil affairs: what waits for the reader by deadline, all nominations, and one of them to decide."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.nomination_words import CHOICES, STATES, Choice, stages, waits_for
from app.console.affairs.registry_facts import Choices, regions
from app.console.checking import Check, again, show_check, unanswered
from app.console.filters import Values, address, asked, chips, one, ways_on
from app.console.forms import Field, Form, FormError, Kind
from app.console.page import Opened, Page, PageRoute, shown_by
from app.http.clock import today

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]

HOME: Final = "/affairs"
NOMINATIONS: Final = f"{HOME}/nominations"
ONE: Final = NOMINATIONS + "/{nomination_id:uuid}"
_API: Final = "/whitelist/nominations"
_TO_DO: Final = "/whitelist/to-do"
_PAGE: Final = 50
_FILTERS: Final = ("due", "state", "region", "kind")
DUE: Final = {"overdue": "已逾期", "week": "七天内到期"}
KINDS: Final = {"institution": "机构", "project": "项目"}
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


@router.get(HOME, operation_id="page_affairs")
@permits(Permission.REVIEW_NOMINATIONS)
async def to_do(page: Opened) -> Response:
    """What waits for the reader, overdue first; and what the batches wait for."""
    values, here = asked(page, "due", "region", "kind"), await regions(page)
    found = await page.get(_TO_DO, **_query(values), page_size=_PAGE, total=True, cursor=_cursor(page))
    labelled = chips(HOME, values, _labels(here))
    return await page.show(
        "affairs/to_do.html",
        found=found,
        rows=[(row, waits_for(row)) for row in found["items"]],
        waiting=await _waiting(page, values, found),
        places=here,
        ways=[] if found["items"] else await ways_on(page, _TO_DO, labelled, _query),
        **_shown(HOME, values, labelled),
    )


async def _waiting(page: Page, values: Values, found: Json) -> dict[str, int]:
    """How much there is to do, as far as this page says it: in all, overdue, and about batches."""
    counts = {"overdue": await _total(page, _TO_DO, due_by=_yesterday())}
    counts["all"] = await _total(page, _TO_DO) if values else found["total"]
    counts["on_notice"] = await _total(page, "/whitelist/batches", state="on_notice")
    counts["objections"] = await _total(page, "/whitelist/objections", undecided=True)
    if keeps_list(page):
        counts["approved"] = await _total(page, _API, state="approved", batched=False)
    return counts


async def _total(page: Page, path: str, **query: Any) -> int:
    return int((await page.get(path, page_size=1, total=True, **query))["total"])


def keeps_list(page: Page) -> bool:
    """Whether the reader sits at the province, which makes batches and keeps the list."""
    return page.caller.region_code.endswith("0000")


@router.get(NOMINATIONS, operation_id="page_nominations")
@permits(Permission.READ_WHITELIST)
async def nominations(page: Opened) -> Response:
    """All nominations of the region, the latest first."""
    values, here = asked(page, *_FILTERS), await regions(page)
    found = await page.get(_API, **_query(values), page_size=_PAGE, total=True, cursor=_cursor(page))
    labelled = chips(NOMINATIONS, values, _labels(here))
    return await page.show(
        "affairs/nominations.html",
        found=found,
        places=here,
        ways=[] if found["items"] else await ways_on(page, _API, labelled, _query),
        **_shown(NOMINATIONS, values, labelled),
    )


def _cursor(page: Page) -> str | None:
    return page.request.query_params.get("cursor")


def _query(values: Values) -> dict[str, Any]:
    """The filters of the page as the API's."""
    due = {"overdue": _yesterday(), "week": (today() + _WEEK).isoformat()}
    names = {name: several for name, several in values.items() if name != "due"}
    return {**names, "due_by": due.get(one(values, "due"))}


def _yesterday() -> str:
    return (today() - _DAY).isoformat()


def _labels(here: Choices) -> dict[str, Any]:
    names = dict(here)
    return {
        "due": lambda code: DUE.get(code, code),
        "state": lambda code: STATES.get(code, code),
        "region": lambda code: names.get(code, code),
        "kind": lambda code: KINDS.get(code, code),
    }


def _shown(path: str, values: Values, labelled: Sequence[Any]) -> dict[str, Any]:
    return {
        "values": values,
        "chips": labelled,
        "here": address(path, values),
        "everything": path,
        "due": DUE,
        "kinds": KINDS,
        "states": STATES,
    }


@router.get(ONE, operation_id="page_nomination")
@permits(Permission.READ_WHITELIST)
async def nomination(page: Opened, nomination_id: UUID) -> Response:
    """One case: contradictions first, every condition, the papers, and what the reader may do with it."""
    answer = await page.read(f"{_API}/{nomination_id}")
    one_ = answer.body
    files = await page.get(f"/institutions/{one_['institution_id']}/attachments", page_size=_PAGE)
    may = [(action, CHOICES[action]) for action in one_["actions"] if action in CHOICES]
    return await page.show(
        "affairs/nomination.html",
        one=one_,
        version=answer.version,
        files=files["items"],
        stages=stages(one_),
        may=may,
        reasons=await _reasons(page, [action for action, choice in may if choice.asks_reason]),
        acted=_acted(page, one_),
    )


async def _reasons(page: Page, actions: Sequence[str]) -> list[tuple[str, list[Json]]]:
    """The reasons that may be given, under the title of what they are for."""
    if not actions:
        return []
    found = (await page.get("/whitelist/reasons"))["items"]
    return [(CHOICES[action].title, [each for each in found if action in each["used_for"]]) for action in actions]


def _acted(page: Page, one_: Json) -> list[str]:
    """What the reader has done with it already; a person is told by name and office, which is all that steps say."""
    me = page.caller.organisation_name, page.caller.account_name
    return [step["action_label"] for step in one_["steps"] if (step["organisation"], step["person"]) == me]


@router.post(ONE + "/check", operation_id="page_check_step")
@permits(Permission.REVIEW_NOMINATIONS)
@shown_by(nomination)
async def check_step(page: Opened, nomination_id: UUID) -> Response:
    """What will happen, before it does."""
    choice = CHOICES.get(page.typed.one("action"))
    if choice is None:
        return await nomination(again(page, [FormError("action", "请先选一项，再往下走")]), nomination_id)
    if missing := unanswered(_form(choice), page.typed):
        return await nomination(again(page, missing), nomination_id)
    one_ = await page.get(f"{_API}/{nomination_id}")
    check = Check(
        title=f"核对：{choice.title}",
        address=f"{NOMINATIONS}/{nomination_id}",
        button=f"确认{choice.title.partition('，')[0]}",
        not_yet="提交",
        answers=await _answers(page, one_, choice),
        effects=choice.effects,
        back=f"{NOMINATIONS}/{nomination_id}",
        is_grave=choice.is_grave,
    )
    return await show_check(page, check)


async def _answers(page: Page, one_: Json, choice: Choice) -> list[tuple[str, str]]:
    said = [
        ("推荐", f"{one_['number']} {one_['project_name'] or one_['institution_name']}"),
        ("您选的是", choice.title),
    ]
    if choice.asks_reason:
        found = (await page.get("/whitelist/reasons"))["items"]
        labels = {each["code"]: each["label"] for each in found}
        said.append(("理由", labels.get(page.typed.one("reason_code"), "")))
    return [*said, ("说明", page.typed.one("note"))]


@router.post(ONE, operation_id="page_take_step")
@permits(Permission.REVIEW_NOMINATIONS)
@shown_by(nomination)
async def take_step(page: Opened, nomination_id: UUID) -> Response:
    """Do it."""
    action = page.typed.one("action")
    choice = CHOICES.get(action)
    if choice is None:
        return await nomination(again(page, [FormError("action", "请先选一项，再往下走")]), nomination_id)
    await page.send("POST", f"{_API}/{nomination_id}/actions/{action}", _form(choice).read(page.typed))
    return page.go(f"{NOMINATIONS}/{nomination_id}", done=f"nomination_{action}")


def _form(choice: Choice) -> Form:
    """What a step asks for: a reason where it needs one, and words."""
    note = Field("note", "说明", Kind.LINES, is_required=choice.asks_note)
    reason = Field("reason_code", "理由", Kind.CHOICE, is_required=True)
    return Form(reason, note) if choice.asks_reason else Form(note)


NOMINATE: Final = "/affairs/register/{institution_id:uuid}/nominate"


@router.get(NOMINATE, operation_id="page_nominate")
@permits(Permission.NOMINATE)
async def nominate_page(page: Opened, institution_id: UUID) -> Response:
    """What to nominate: the institution itself, or one of its projects."""
    institution = await page.get(f"/institutions/{institution_id}")
    projects = await page.get(f"/institutions/{institution_id}/projects", page_size=_PAGE)
    return await page.show(
        "affairs/nominate.html", institution=institution, form=_subjects(institution, projects["items"])
    )


@router.post(NOMINATE, operation_id="page_draft_nomination")
@permits(Permission.NOMINATE)
@shown_by(nominate_page)
async def nominate(page: Opened, institution_id: UUID) -> Response:
    """A draft, which nobody acts on before it is submitted."""
    kind, _, subject = page.typed.one("subject").partition(":")
    if not subject:
        return await nominate_page(again(page, [FormError("subject", "请选择推荐哪一个")]), institution_id)
    answer = await page.send("POST", _API, {"subject_kind": kind, "subject_id": subject})
    return page.go(f"{NOMINATIONS}/{answer.body['id']}", done="nomination_draft")


def _subjects(institution: Json, projects: Sequence[Json]) -> Form:
    choices = [(f"institution:{institution['id']}", f"机构：{institution['name']}")]
    choices += [(f"project:{each['id']}", f"项目：{each['name']}（{each['region_name']}）") for each in projects]
    return Form(Field("subject", "推荐哪一个", Kind.CHOICE, choices=tuple(choices), is_required=True))
