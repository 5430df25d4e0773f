"""The days in which a bank answers, counted from the delivery, and when it is reminded. Nothing here reads the clock.

Calendar days: what is delivered on the 1st and has thirty days is due on the 31st, that day included.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.referrals.states import UNDECIDED, ReferralState

# Parameters (seed/): how many days a bank has, and how many days before the last one it is reminded.
ANSWER_DAYS: Final = "referral.answer_days"
STEPS: Final = ("referral.first_reminder_days", "referral.last_reminder_days")


class ClockStanding(StrEnum):
    """Where the clock stands: it stops for good with the decision."""

    RUNNING = "running"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    DECIDED = "decided"


STANDING_LABELS: Final = {
    ClockStanding.RUNNING: "办理中",
    ClockStanding.DUE_SOON: "即将到期",
    ClockStanding.OVERDUE: "已超期",
    ClockStanding.DECIDED: "已有结果",
}


def last_day(delivered_on: date, days: int) -> date:
    """The last day for the answer."""
    return delivered_on + timedelta(days=days)


def days_left(due_on: date, today: date) -> int:
    """Days until the last one: 0 on it, negative afterwards."""
    return (due_on - today).days


def standing(state: str, due_on: date, today: date, soon_days: int) -> ClockStanding:
    """Where the clock stands on a day; `soon_days` before the last day it is near."""
    if ReferralState(state) not in UNDECIDED:
        return ClockStanding.DECIDED
    left = days_left(due_on, today)
    if left < 0:
        return ClockStanding.OVERDUE
    return ClockStanding.DUE_SOON if left <= soon_days else ClockStanding.RUNNING


def reminder_step(due_on: date, today: date, steps: Iterable[int]) -> int | None:
    """The shortest of the steps that has been reached, -1 once the last day is over; None before the first of them."""
    left = days_left(due_on, today)
    if left < 0:
        return -1
    return min((step for step in steps if left <= step), default=None)
