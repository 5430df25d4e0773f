"""Which reminder is due on a day, and what it says. Nothing here reads the clock or the database.

A certificate, or a place on the list, ends on a day. Some days before it (parameters, see STEPS) its owner and the
office in charge are reminded. Whoever looks again later gets no reminder twice, and one that was missed is made up for
until the next, shorter one is due. Another last day is another reminder.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.inbox.messages import Letter

# Parameters: the days before the end at which is reminded, and the working days before a due.
STEPS: Final = ("whitelist.first_reminder_days", "whitelist.second_reminder_days", "whitelist.last_reminder_days")
DEADLINE: Final = "whitelist.deadline_reminder_working_days"


class Ending(StrEnum):
    """What ends. The certificates are facts of institutions that name their last day."""

    LIST = "list"
    FIRE_SAFETY = "fire_safety"
    FOOD_LICENCE = "food_licence"
    REGISTRATION = "registration"
    GRADE = "grade"


LABELS: Final = {
    Ending.LIST: "白名单资格",
    Ending.FIRE_SAFETY: "消防合格证明",
    Ending.FOOD_LICENCE: "食品经营许可",
    Ending.REGISTRATION: "登记证书",
    Ending.GRADE: "等级评定",
}
# What to do about it.
ADVICE: Final = {
    Ending.LIST: "需要继续列入的，请在到期前申请续期；到期后自动退出名单。",
    Ending.FIRE_SAFETY: "请在到期前重新办理，并更新登记的有效期。",
    Ending.FOOD_LICENCE: "请在到期前办理延续，并更新登记的有效期。",
    Ending.REGISTRATION: "请在到期前办理换证，并更新登记的有效期。",
    Ending.GRADE: "请在到期前申请复评，并更新登记的有效期。",
}
CERTIFICATES: Final = {
    Ending.FIRE_SAFETY: "institution.fire_safety_until",
    Ending.FOOD_LICENCE: "institution.food_licence_until",
    Ending.REGISTRATION: "institution.registration_until",
    Ending.GRADE: "institution.grade_until",
}


@dataclass(frozen=True, slots=True)
class Ends:
    """One thing that ends: whose (as people know it), and the last day on which it still holds."""

    what: Ending
    subject_kind: str
    subject_id: UUID
    name: str
    last_day: date


@dataclass(frozen=True, slots=True)
class StepDue:
    """The last day for the next step of a nomination, which is its `step`-th and is named by what is awaited."""

    nomination_id: UUID
    number: str
    name: str
    awaited: str
    step: int
    due_on: date


def last_day_reminded(today: date, steps: Iterable[int]) -> date:
    """The latest end of which anybody is reminded today."""
    return today + timedelta(days=max(steps))


def step_due(last_day: date, today: date, steps: Iterable[int]) -> int | None:
    """The shortest of the steps that has been reached; None before the first of them, and after the last day."""
    left = (last_day - today).days
    return min((step for step in steps if left <= step), default=None) if left >= 0 else None


def reminder(ends: Ends, today: date, steps: Iterable[int]) -> Letter | None:
    """The reminder that is due today, if one is. Its key holds the last day and the step."""
    step = step_due(ends.last_day, today, steps)
    if step is None:
        return None
    left, label = (ends.last_day - today).days, LABELS[ends.what]
    when = f"还有 {left} 天" if left else "今天是最后一天"
    kind = f"reminder.{ends.what.value}"
    return Letter(
        kind=kind,
        title=f"{label}将到期：{ends.name}",
        body=f"{ends.name}的{label}有效至 {ends.last_day}，{when}。{ADVICE[ends.what]}",
        subject_kind=ends.subject_kind,
        subject_id=ends.subject_id,
        key=f"{kind}:{ends.subject_id}:{ends.last_day}:{step}",
        due_on=ends.last_day,
    )


def deadline_letter(due: StepDue, today: date, soon: date) -> Letter | None:
    """What the office whose turn it is has to know: that the deadline is no later than `soon`, or has passed."""
    if due.due_on > soon:
        return None
    is_over = due.due_on < today
    kind = "deadline.overdue" if is_over else "deadline.soon"
    said = f"已超过办理时限 {due.due_on}，请尽快办理" if is_over else f"最迟 {due.due_on} 办结"
    return Letter(
        kind=kind,
        title=f"{'已超期' if is_over else '即将到期'}：{due.name}的推荐",
        body=f"推荐 {due.number}（{due.name}）{due.awaited}，{said}。",
        subject_kind="nomination",
        subject_id=due.nomination_id,
        key=f"{kind}:{due.nomination_id}:{due.step}:{due.due_on}",
        due_on=due.due_on,
    )
