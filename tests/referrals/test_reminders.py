"""Reminders of answers that are due: to whom, how often, and never twice."""

from datetime import date, timedelta

import pytest

from app.access.permissions import Role
from app.referrals.referral_reminders import remind_banks
from tests.access.deliveries import DAYS
from tests.access.people import Person
from tests.access.town import FAR, HOME, Town
from tests.referrals.scene import (
    BODIES,
    NOON,
    TODAY,
    Lender,
    a_borrower,
    a_lender,
    brought_to,
    deliver,
    did,
    letters,
)

pytestmark = pytest.mark.usefixtures("today")
DUE = TODAY + timedelta(days=DAYS)


def reminded(town: Town, person: Person, day: date) -> list[str]:
    """What somebody has in the inbox after the run of a day."""
    remind_banks(town.house.owner, day, NOON)
    return [one["title"] for kind in ("referral.due", "referral.overdue") for one in letters(town, person, kind)]


def a_case(town: Town, count: int = 1) -> Lender:
    lender = a_lender(town)
    deliver(town, lender, *(a_borrower(town) for _ in range(count)))
    return lender


@pytest.mark.parametrize(("left", "sent"), [(11, 0), (10, 1), (9, 1), (3, 1), (0, 1), (-1, 1), (-5, 1)])
def test_a_bank_is_reminded_before_the_last_day_and_after_it(town: Town, left: int, sent: int) -> None:
    lender = a_case(town, 2)
    titles = reminded(town, lender.manager, DUE - timedelta(days=left))
    assert len(titles) == sent
    assert all("2 条" in title and ("超期" in title) == (left < 0) for title in titles)


def test_each_reminder_comes_once_however_often_the_day_is_run(town: Town) -> None:
    lender = a_case(town)
    counts = [
        len(reminded(town, lender.manager, DUE - timedelta(days=left))) for left in (12, 10, 10, 8, 3, 3, 1, 0, -1, -2)
    ]
    assert counts == [0, 1, 1, 1, 2, 2, 2, 2, 3, 3]


def test_what_is_decided_is_not_reminded(town: Town) -> None:
    lender = a_lender(town)
    keys = deliver(town, lender, *(a_borrower(town) for _ in range(3)))
    brought_to(town, lender.manager, keys[0], "granted")
    brought_to(town, lender.manager, keys[1], "declined")
    (title,) = reminded(town, lender.manager, DUE)
    assert "1 条" in title
    did(town, lender.manager, keys[2], "decline", **BODIES["decline"])
    assert len(reminded(town, lender.manager, DUE + timedelta(days=1))) == 1


def test_it_goes_to_the_office_of_the_manager_or_to_those_of_the_region(town: Town) -> None:
    lender = a_lender(town)
    far_branch = town.house.somebody(Role.BANK, FAR, bank_id=lender.id)
    home_branch = town.house.somebody(Role.BANK, HOME, bank_id=lender.id)
    mine, others = deliver(town, lender, a_borrower(town, HOME), a_borrower(town, HOME))
    did(town, lender.manager, mine, "assign", manager_id=str(far_branch.account_id))
    assert others != mine
    assert len(reminded(town, far_branch, DUE)) == 1
    assert "1 条" in reminded(town, far_branch, DUE)[0]
    assert "1 条" in reminded(town, home_branch, DUE)[0]
    assert "1 条" in reminded(town, lender.manager, DUE)[0]
