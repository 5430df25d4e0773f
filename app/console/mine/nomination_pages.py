"""The white list from the institution's side: what may be applied for, how far it has come, and what it says now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Permission, permits
from app.console.affairs.nomination_words import stages
from app.console.forms import Field, Form, FormError, Kind
from app.console.mine.own import CaseChoice, address_of_fact, amiss, own
from app.console.page import Opened, PageRoute, shown_by
from app.whitelist.entry_states import EntryState

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Json = Mapping[str, Any]
# What an applicant may do; each has an address of its own.
Step = Literal["submit", "withdraw", "appeal"]

_HERE: Final = "/mine/nomination"
_MOST: Final = 50
_SUBJECT: Final = "subject"
_NO_SUBJECT: Final = {"status": 422, "title": "没有选择", "detail": "请选择为谁申请", "code": "no_subject"}
_NO_NOTE: Final = {"status": 422, "title": "没有写理由", "detail": "请写明申诉的事实和理由", "code": "no_note"}
GROUNDS: Final = Form(
    Field(
        "note",
        "申诉的事实和理由",
        Kind.LINES,
        help="写明结论哪里与事实不符，例如：消防验收意见已于上月补办",
        is_required=True,
    )
)
REMARK: Final = Form(Field("note", "说明", Kind.LINES, help="经办的民政部门会看到；没有要说的不填"))
# What becomes of each, said before it is done.
_EFFECTS: Final = {
    "submit": (
        "交给所在县（市、区）民政局推荐，再经市级审核、省级批准；每一级的最后一天按工作日算好，写在进度里。",
        "民政部门按办理当天的档案逐条核对；申报以后再改档案，核对结果也会变。",
        "各级的意见您都看得到，列入名单以前可以撤回。",
        "这只是申报，还没有列入名单。",
    ),
    "withdraw": ("这份申请就此结束，不能恢复。", "以后还想申请，要重新起草，从头办理。"),
    "appeal": (
        "申诉交上一级处理（省级的结论由省级另一人处理）。",
        "这个结论只能申诉一次；提交以后不能再改理由。",
        "申诉成立的，从被否定的那一步接着往下走；驳回的，就此终结。",
    ),
}
_FORMS: Final = {"submit": REMARK, "withdraw": REMARK, "appeal": GROUNDS}
# Nothing more becomes of these, so that the subject may be nominated anew.
_ENDED: Final = frozenset({"rejected", "withdrawn", "listed"})
# What an applicant gets ready, by the first word of the facts that the conditions ask.
_TASKS: Final = {
    "institution": ("机构档案", "登记、证照、收费等情况"),
    "project": ("项目档案", "立项、投资主体、供地等情况"),
    "need": ("融资需求", "要多少、用在哪里"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to get ready before applying: how many of its conditions are not met, and not known."""

    title: str
    more: str
    address: str
    unmet: int
    unknown: int


@router.get(_HERE, operation_id="page_mine_nominations")
@permits(Permission.READ_WHITELIST)
async def nominations(page: Opened) -> Response:
    """Entries and their validity, nominations and how far they are, and for whom one may apply."""
    entries = await page.get("/whitelist/entries", state=[one.value for one in EntryState], page_size=_MOST)
    found = (await page.get("/whitelist/nominations", page_size=_MOST))["items"]
    one = await page.get(own(page))
    projects = (await page.get(f"{own(page)}/projects", page_size=_MOST))["items"]
    return await page.show(
        "institution/nominations.html",
        entries=entries["items"],
        found=found,
        subjects=_subjects(one, projects, found, entries["items"]),
    )


@router.post(_HERE, operation_id="page_nominate_mine")
@permits(Permission.NOMINATE)
@shown_by(nominations)
async def nominate(page: Opened) -> Response:
    """A draft, which nobody but the institution is asked about."""
    kind, _, key = page.typed.one(_SUBJECT).partition("/")
    if not key:
        return await nominations(page.wrong(FormError(_SUBJECT, "请选择为谁申请：机构本身，或一个项目"), _NO_SUBJECT))
    answer = await page.send("POST", "/whitelist/nominations", {"subject_kind": kind, "subject_id": key})
    return page.go(f"{_HERE}/{answer.body['id']}", done="nomination_draft")


@router.get(_HERE + "/entries/{entry_id:uuid}", operation_id="page_mine_entry")
@permits(Permission.READ_ENTRIES)
async def entry(page: Opened, entry_id: UUID) -> Response:
    """A line of the list, and all that became of it."""
    return await page.show("institution/entry.html", one=await page.get(f"/whitelist/entries/{entry_id}"))


@router.get(_HERE + "/{nomination_id:uuid}", operation_id="page_mine_nomination")
@permits(Permission.READ_WHITELIST)
async def nomination(page: Opened, nomination_id: UUID, action: str = "") -> Response:
    """How far it has come, every condition as it stands today, and what there is to do; also after a refused action."""
    answer = await page.read(f"/whitelist/nominations/{nomination_id}")
    return await page.show(
        "institution/nomination.html",
        one=answer.body,
        stages=stages(answer.body),
        tasks=_tasks(answer.body),
        forms={name: form for name, form in _FORMS.items() if name in answer.body["actions"]},
        mend=_mending(answer.body),
        version=answer.version,
    )


@router.post(_HERE + "/{nomination_id:uuid}/check", operation_id="page_check_mine_nomination")
@permits(Permission.NOMINATE)
async def check(page: Opened, nomination_id: UUID) -> Response:
    """What is about to happen, in words; nothing has happened yet."""
    action, note = page.typed.one("action"), page.typed.one("note").strip()
    if action == "appeal" and not note:
        return await nomination(page.wrong(FormError("note", "请写明申诉的事实和理由"), _NO_NOTE), nomination_id)
    answer = await page.read(f"/whitelist/nominations/{nomination_id}")
    if action not in _FORMS or action not in answer.body["actions"]:
        return page.go(f"{_HERE}/{nomination_id}")
    return await page.show(
        "institution/nomination_check.html",
        one=answer.body,
        action=action,
        effects=_EFFECTS[action],
        note=note,
        version=answer.version,
    )


@router.get(_HERE + "/{nomination_id:uuid}/{action}", operation_id="page_back_to_mine_nomination")
@permits(Permission.READ_WHITELIST)
async def back(page: Opened, nomination_id: UUID, action: str) -> Response:
    """Whoever comes back to a page that only a form opens finds the form."""
    return page.go(f"{_HERE}/{nomination_id}")


@router.post(_HERE + "/{nomination_id:uuid}/{action}", operation_id="page_move_mine_nomination")
@permits(Permission.NOMINATE)
@shown_by(nomination)
async def act(page: Opened, nomination_id: UUID, action: Step) -> Response:
    """Apply, withdraw or appeal."""
    form = _FORMS[action]
    await page.send("POST", f"/whitelist/nominations/{nomination_id}/actions/{action}", form.read(page.typed))
    return page.go(f"{_HERE}/{nomination_id}", done=f"nomination_{action}")


def _subjects(
    one: Json, projects: Iterable[Json], found: Iterable[Json], entries: Iterable[Json]
) -> list[tuple[str, str]]:
    """The institution and its projects, without those whose nomination is under way or that stand on the list."""
    taken = {each["project_id"] or each["institution_id"] for each in found if each["state"] not in _ENDED}
    taken |= {each["project_id"] or each["institution_id"] for each in entries if each["state"] in _LIVE}
    every = [(f"institution/{one['id']}", f"机构本身：{one['name']}")]
    every += [(f"project/{each['id']}", f"项目：{each['name']}") for each in projects]
    return [each for each in every if each[0].partition("/")[2] not in taken]


_LIVE: Final = frozenset({"listed", "suspended"})


def _tasks(one: Json) -> list[Task]:
    conditions = one["criteria"]["conditions"]
    asked = {_noun(each) for each in conditions}
    return [
        Task(title, more, _address(noun, one), *_counts(each for each in amiss(conditions) if _noun(each) == noun))
        for noun, (title, more) in _TASKS.items()
        if noun in asked
    ]


def _noun(condition: Json) -> str:
    return str(condition["fact"].partition(".")[0])


def _counts(conditions: Iterable[Json]) -> tuple[int, int]:
    truths = [one["truth"] for one in conditions]
    return truths.count("false"), truths.count("unknown")


def _address(noun: str, one: Json) -> str:
    if noun == "project" and one["project_id"]:
        return f"/mine/facts/projects/{one['project_id']}"
    return "/mine/facts/needs/new" if noun == "need" else "/mine/facts"


def _mending(one: Json) -> dict[str, str]:
    """Where each fact that is not filled in may be."""
    project = one["project_id"]
    case = CaseChoice("project", project, "") if project else CaseChoice("institution", "", "")
    return {
        each["fact"]: address_of_fact(each["fact"], case)
        for each in one["criteria"]["conditions"]
        if each["truth"] == "unknown"
    }
