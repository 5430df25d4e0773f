"""Thirty calendar days from the delivery: the day before the last one, the last one, and the day after."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.referrals.clock import ClockStanding, days_left, last_day, reminder_step, standing
from app.referrals.referral_reminders import Due, reminder
from app.referrals.states import OPEN, UNDECIDED, ReferralState
from app.store.types import new_key

DELIVERED = date(2026, 11, 20)
DUE = date(2026, 12, 20)
STEPS = (10, 3)
DAYS = st.dates(date(2020, 1, 1), date(2090, 1, 1))


def test_thirty_days_end_on_the_thirtieth_day_after_the_delivery() -> None:
    assert last_day(DELIVERED, 30) == DUE
    assert last_day(date(2028, 2, 1), 30) == date(2028, 3, 2)


@pytest.mark.parametrize(
    ("day", "stands"),
    [
        (DELIVERED, ClockStanding.RUNNING),
        (DUE - timedelta(days=11), ClockStanding.RUNNING),
        (DUE - timedelta(days=10), ClockStanding.DUE_SOON),
        (DUE - timedelta(days=1), ClockStanding.DUE_SOON),
        (DUE, ClockStanding.DUE_SOON),
        (DUE + timedelta(days=1), ClockStanding.OVERDUE),
    ],
)
@pytest.mark.parametrize("state", UNDECIDED)
def test_it_is_overdue_from_the_day_after_the_last_one(state: ReferralState, day: date, stands: ClockStanding) -> None:
    assert standing(state, DUE, day, STEPS[0]) is stands


@given(DAYS)
def test_a_decision_stops_the_clock_for_good(day: date) -> None:
    for state in set(ReferralState) - set(UNDECIDED):
        assert standing(state, DUE, day, STEPS[0]) is ClockStanding.DECIDED
    assert ReferralState.GRANTED in OPEN


@pytest.mark.parametrize(
    ("left", "step"), [(11, None), (10, 10), (4, 10), (3, 3), (1, 3), (0, 3), (-1, -1), (-400, -1)]
)
def test_it_is_reminded_ten_and_three_days_before_and_once_when_it_is_over(left: int, step: int | None) -> None:
    assert reminder_step(DUE, DUE - timedelta(days=left), STEPS) == step


@given(DAYS, DAYS)
def test_nobody_is_reminded_before_the_first_step_and_everybody_from_then_on(due: date, today: date) -> None:
    assert (reminder_step(due, today, STEPS) is None) == (days_left(due, today) > max(STEPS))


@given(st.integers(-40, 40))
def test_each_step_has_one_letter_whatever_the_day(left: int) -> None:
    due = Due(new_key(), "晋推2026-0001-01", DUE, ["虚构甲", "虚构乙"])
    today = DUE - timedelta(days=left)
    letter = reminder(due, today, STEPS)
    step = reminder_step(DUE, today, STEPS)
    assert (letter is None) == (step is None)
    if letter is not None:
        assert letter.key.endswith(f":{DUE}:{step}")
        assert (letter.kind == "referral.overdue") == (left < 0)
        assert "2 条" in letter.title
