"""What may be done with a nomination, in a clerk's words: what it is called, what becomes of it, what it asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. `effects` say what happens; `asks_reason` and `asks_note` what has to be written."""

    title: str
    more: str
    effects: Sequence[str]
    asks_reason: bool = False
    asks_note: bool = False
    is_forward: bool = False
    is_grave: bool = False


_NEXT: Final = "报送以后您不能再改；上一级可以退回。"
_OTHERS: Final = "您在这份推荐里只能经办这一级：办了这一步，就不能再办它的其他环节。"
_SEEN: Final = "您写的理由和说明，机构会原样看到。"
CHOICES: Final[dict[str, Choice]] = {
    "submit": Choice(
        "申报，交县级推荐",
        "替机构申报的人，不能再办县级推荐。",
        ("推荐交给县级民政部门办理，开始计算办理时限。", _OTHERS),
    ),
    "recommend": Choice(
        "同意推荐，报市民政局",
        _NEXT,
        ("推荐报市级民政部门审核，今天的逐条核对结果随这一步永久保存。", _OTHERS, "还不是列入名单。"),
        is_forward=True,
    ),
    "review": Choice(
        "审核通过，报省民政厅",
        _NEXT,
        ("推荐报省民政厅批准，今天的逐条核对结果随这一步永久保存。", _OTHERS, "还不是列入名单。"),
        is_forward=True,
    ),
    "approve": Choice(
        "批准，等待编入批次",
        "公示期满并发布以后，才列入名单。",
        ("推荐进入“已批准”，等待编入批次、公示和发布。", _OTHERS, "还不是列入名单。"),
        is_forward=True,
    ),
    "return": Choice(
        "退回补正",
        "补齐后重新申报，从县级推荐开始，已填的内容不用重填。",
        ("推荐退给申报人补正，补正后重新申报，从县级推荐重新开始。", _SEEN, _OTHERS),
        asks_reason=True,
        asks_note=True,
    ),
    "reject": Choice(
        "不予通过",
        "机构会看到理由，可以在期限内申诉一次。",
        ("推荐以不予通过结束；机构可以在期限内申诉一次，由上一级或另一人处理。", _SEEN, _OTHERS),
        asks_reason=True,
        asks_note=True,
        is_grave=True,
    ),
    "appeal": Choice(
        "申诉",
        "对不予通过的结论只能申诉一次。",
        ("申诉交上一级（省级结论由省级另一人）处理，只有这一次。",),
        asks_note=True,
    ),
    "allow": Choice(
        "申诉成立",
        "原结论撤销，从被否定的那一步接着往下走。",
        ("原来的不予通过结论撤销，推荐进入下一环节。", _OTHERS),
        is_forward=True,
    ),
    "dismiss": Choice(
        "驳回申诉",
        "这份推荐就此终结；情况变了可以重新推荐。",
        ("申诉驳回，这份推荐终结，不能再申诉。", _SEEN, _OTHERS),
        asks_reason=True,
        asks_note=True,
        is_grave=True,
    ),
    "withdraw": Choice(
        "撤回推荐",
        "撤回以后要重新起草，列入名单以后不能撤回。",
        ("这份推荐撤回并结束；以后可以重新起草一份。",),
        is_grave=True,
    ),
}
# What a row of the list waits for, by the first of these that the reader may do.
_WAITS: Final = (
    ("recommend", "县级推荐"),
    ("review", "市级审核"),
    ("approve", "省级批准"),
    ("allow", "处理申诉"),
    ("submit", "申报"),
    ("appeal", "可以申诉"),
    ("withdraw", "可以撤回"),
)
# States as the filter of the list names them, in the order of the way.
STATES: Final = {
    "draft": "草稿",
    "submitted": "待县级推荐",
    "recommended": "待市级审核",
    "reviewed": "待省级批准",
    "approved": "待编入批次",
    "on_notice": "公示中",
    "listed": "已列入",
    "returned": "已退回，待补正",
    "county_rejected": "县级不予推荐",
    "city_rejected": "市级不通过",
    "province_rejected": "省级不批准",
    "county_appealed": "申诉中（县级结论）",
    "city_appealed": "申诉中（市级结论）",
    "province_appealed": "申诉中（省级结论）",
    "rejected": "终结，不予列入",
    "withdrawn": "已撤回",
}
# The way of a nomination that nobody stops: the state in which each step waits, and the step.
_WAY: Final = (
    ("draft", "申报", "机构，或代办的县级民政局"),
    ("submitted", "县级推荐", "县级民政局"),
    ("recommended", "市级审核", "市民政局"),
    ("reviewed", "省级批准", "省民政厅"),
    ("approved", "编入批次公示", "省民政厅"),
    ("on_notice", "期满发布，列入名单", "省民政厅另一人"),
)
_STOPPED: Final = {"return": "warn", "reject": "bad", "dismiss": "bad", "withdraw": "mute", "uphold": "bad"}
_APPEALED: Final = frozenset({"county_appealed", "city_appealed", "province_appealed"})


@dataclass(frozen=True, slots=True)
class Stage:
    """A line of the timeline. `when` is past, present or future; `mark` an icon."""

    when: str
    mark: str
    title: str
    step: Json | None = None
    whose: str = ""


def waits_for(row: Json) -> str:
    """What the reader is asked to do with a nomination of the list."""
    if row["state"] == "returned" and "submit" in row["actions"]:
        return "补正后重新申报"
    return next((words for action, words in _WAITS if action in row["actions"]), "")


def stages(nomination: Json) -> list[Stage]:
    """What has been done, where it stands, and what is still to come."""
    past = [_past(step) for step in nomination["steps"] if step["action"] != "draft"]
    state = "draft" if nomination["state"] == "returned" else nomination["state"]
    if state in _APPEALED:
        return [*past, Stage("present", "now", "处理申诉", whose=nomination["state_label"])]
    place = next((place for place, one in enumerate(_WAY) if one[0] == state), None)
    if place is None:
        return past
    here, *later = (Stage("future", "todo", title, whose=whose) for _, title, whose in _WAY[place:])
    title = "补正后重新申报" if nomination["state"] == "returned" else here.title
    return [*past, Stage("present", "now", title, whose=here.whose), *later]


def _past(step: Json) -> Stage:
    level = "" if step["level"] in {"applicant", "batch"} else f"{step['level_label']}："
    return Stage("past", _STOPPED.get(step["action"], "ok"), f"{level}{step['action_label']}", step)
