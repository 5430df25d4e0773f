"""A bank at work: a bank of a test's own with borrowers on its list, and its two managers' browsers."""

from itertools import count
from typing import Any, Final
from uuid import UUID

from app.http.clock import today
from tests.access.town import Town, terms
from tests.console.desk import Desk, Shown, sign_in
from tests.referrals.scene import Borrower, Lender, a_borrower, a_lender, deliver

_SERIALS: Final = count(1)


def a_slug() -> str:
    """A code that no other product has."""
    return f"xugou-console-{next(_SERIALS)}"


class Counter:
    """A bank of a test's own with some borrowers on its list, and the browsers of its two managers."""

    def __init__(self, town: Town, borrowers: int = 2, **facts: Any) -> None:
        self.town: Town = town
        self.lender: Lender = a_lender(town)
        self.borrowers: list[Borrower] = [a_borrower(town, **facts) for _ in range(borrowers)]
        self.referrals: list[UUID] = deliver(town, self.lender, *self.borrowers, day=today())
        self.desk: Desk = sign_in(town, self.lender.manager)
        self.mate: Desk = sign_in(town, self.lender.mate)

    def api(self, path: str, **query: Any) -> dict[str, Any]:
        return self.town.house.get(self.lender.manager, path, **query)

    def product(self, *, is_published: bool = True, **changes: Any) -> str:
        body = {"slug": a_slug(), "bank": self.lender.code, **terms(**changes)}
        made = self.town.house.post(self.lender.manager, "/products", body)
        key: str = made["id"]
        if is_published:
            path = f"/products/{key}/versions/1/actions/publish"
            self.town.house.post(self.lender.mate, path, status=200, version=1)
        return key


def wording(shown: Shown) -> str:
    """What stands on a page without any space, which the layout puts where it likes."""
    return "".join(shown.text.split())
