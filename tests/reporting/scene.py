"""Two banks, four entries in three counties, and what became of them; and the questions that are asked about it."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import httpx2

from app.access.permissions import Role
from tests.access.people import Person
from tests.access.town import CITY, FAR, HOME, SIBLING, Town
from tests.referrals.scene import Lender, a_borrower, a_lender, brought_to, deliver, on

PERIOD: Final = {"from": "2026-01-01", "to": "2026-12-31"}
PUSHED_ON: Final = date(2026, 10, 31)

__all__ = ["CITY", "FAR", "HOME", "PERIOD", "SIBLING", "Scene", "a_scene"]


@dataclass(frozen=True)
class Scene:
    """`lender` has four entries: one paid out, one granted, one declined, one untouched; `other` has the first."""

    town: Town
    lender: Lender
    other: Lender
    finance: Person
    auditor: Person

    def ask(self, person: Person | None, path: str = "/statistics", **params: Any) -> httpx2.Response:
        """One question about the whole of 2026, unless another period is named."""
        with on(date(2026, 11, 20)):
            return self.town.house.call(person, "GET", path, params=PERIOD | params)

    def table(self, person: Person, **params: Any) -> dict[str, Any]:
        answer = self.ask(person, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rows(self, person: Person, cell: str, **params: Any) -> dict[str, Any]:
        """The rows behind a figure, with their number."""
        answer = self.ask(person, "/statistics/rows", cell=cell, total=True, **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def a_scene(town: Town) -> Scene:
    lender, other = a_lender(town), a_lender(town)
    borrowers = [a_borrower(town, region) for region in (HOME, HOME, SIBLING, FAR)]
    with on(date(2026, 11, 20)):
        talks = deliver(town, lender, *borrowers, day=PUSHED_ON)
        deliver(town, other, borrowers[0], day=PUSHED_ON)
        for talk, state in zip(talks, ("disbursed", "granted", "declined", "not_contacted"), strict=True):
            brought_to(town, lender.manager, talk, state)
    finance = town.house.somebody(Role.FINANCE)
    return Scene(town, lender, other, finance, town.house.somebody(Role.AUDITOR))
