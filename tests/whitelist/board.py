"""A county, its city and the province with the people who nominate and review, and what they do over HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID, uuid4

import httpx2
from sqlalchemy import select, update

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.http.clock import now
from app.http.idempotency import HEADER
from app.main import create_app
from app.programmes.seeds import Seeds
from app.store.engine import open_database
from app.store.tables import Account, Organisation
from tests.access.house import House
from tests.access.people import Person
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.institutions.registry import a_uscc
from tests.seeded import a_seeded

COUNTY, SIBLING, CITY, OTHER_CITY, PROVINCE = "140105", "140106", "140100", "140300", "140000"
LIST: Final = "/whitelist/nominations"
# Everything that the criteria ask of an institution, as it should be.
GOOD: Final = {
    "legal_form": "private_non_enterprise",
    "kinds": ["elderly_home"],
    "filed": True,
    "filed_on": "2024-01-15",
    "fire_safety_passed": True,
    "food_licensed": True,
    "prepaid_fee_compliant": True,
    "dishonest_debtor": False,
    "illegal_fundraising": False,
    "serious_violation": False,
    "abnormal_operation": False,
    "loan_overdue": False,
}
BUILT: Final = {"approval_filed": True, "investor": "social", "land_supply": "leased", "is_kangyang": True}
WHY: Final = {"reason_code": "incomplete_file", "note": "虚构的说明：缺消防意见"}
REFUSED: Final = {"reason_code": "criteria_not_met", "note": "虚构的说明：不符合条件"}
DISMISSED: Final = {"reason_code": "refusal_stands", "note": "虚构的说明：原结论有据"}


class Board:
    """The house with its people: two at each level, and what is nominated."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.clerk = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
        self.county = house.colleague(self.clerk, Role.CIVIL_AFFAIRS)
        self.sibling = house.somebody(Role.CIVIL_AFFAIRS, SIBLING)
        self.city = house.somebody(Role.CIVIL_AFFAIRS, CITY)
        self.city_second = house.colleague(self.city, Role.CIVIL_AFFAIRS)
        self.other_city = house.somebody(Role.CIVIL_AFFAIRS, OTHER_CITY)
        self.province = house.somebody(Role.CIVIL_AFFAIRS, PROVINCE)
        self.province_second = house.colleague(self.province, Role.CIVIL_AFFAIRS)

    def institution(self, region: str = COUNTY, *, amount: str | None = "3000000.00", **facts: Any) -> str:
        """An institution that meets the criteria, unless told otherwise; None takes a fact away. Its id."""
        stated = {"region_code": region} | GOOD | facts
        body = {
            "name": "虚构康宁养老院",
            "uscc": a_uscc(),
            "facts": {f"institution.{name}": value for name, value in stated.items() if value is not None},
        }
        key: str = self.house.post(self.province, "/institutions", body)["id"]
        if amount is not None:
            self.need(key, amount)
        return key

    def need(self, institution: str, amount: str, project: str | None = None) -> None:
        body = {"project_id": project, "facts": {"need.amount_yuan": amount, "need.term_months": 24}}
        self.house.post(self.province, f"/institutions/{institution}/needs", body)

    def project(
        self, institution: str, region: str = COUNTY, *, amount: str | None = "9000000.00", **facts: Any
    ) -> str:
        stated = {"region_code": region} | BUILT | facts
        body = {
            "name": "虚构康养园",
            "facts": {f"project.{name}": value for name, value in stated.items() if value is not None},
        }
        key: str = self.house.post(self.province, f"/institutions/{institution}/projects", body)["id"]
        if amount is not None:
            self.need(institution, amount, key)
        return key

    def speaker(self, institution: str) -> Person:
        """Somebody who speaks for the institution."""
        return self.house.somebody(Role.INSTITUTION, COUNTY, institution_id=UUID(institution))

    def draft(self, person: Person, subject: str, kind: str = "institution") -> dict[str, Any]:
        return self.house.post(person, LIST, {"subject_kind": kind, "subject_id": subject})

    def ask(
        self, person: Person, one: Mapping[str, Any], action: str, body: Any = None, **headers: str
    ) -> httpx2.Response:
        """A step on the version that `one` shows."""
        sent = {HEADER: uuid4().hex} | headers
        path = f"{LIST}/{one['id']}/actions/{action}"
        return self.house.call(person, "POST", path, version=one["version"], json=body or {}, headers=sent)

    def act(self, person: Person, one: Mapping[str, Any], action: str, body: Any = None) -> dict[str, Any]:
        """A step that succeeds: the nomination after it."""
        answer = self.ask(person, one, action, body)
        assert answer.status_code == 200, answer.text
        after: dict[str, Any] = answer.json()
        return after

    def submitted(self, subject: str | None = None, kind: str = "institution") -> dict[str, Any]:
        """A nomination that waits for the county, drafted by its clerk."""
        one = self.draft(self.clerk, subject or self.institution(), kind)
        return self.act(self.clerk, one, "submit")

    def read(self, person: Person, one: Mapping[str, Any]) -> dict[str, Any]:
        return self.house.get(person, f"{LIST}/{one['id']}")

    @contextmanager
    def alone_in_county(self, person: Person) -> Iterator[None]:
        """Everybody else of the county's bureau has left, for a while."""
        here = select(Organisation.id).where(Organisation.kind == "civil_affairs", Organisation.region_code == COUNTY)
        others = update(Account).where(Account.organisation_id.in_(here), Account.id != person.account_id)
        with self.house.owner.writing() as session:
            session.execute(others.values(closed_at=now()))
        yield
        with self.house.owner.writing() as session:
            session.execute(others.values(closed_at=None))


@contextmanager
def a_board(databases: Databases, seeds: Seeds) -> Iterator[Board]:
    """The whole service on its seeds, on PostgreSQL as the role that owns nothing."""
    url = a_seeded(databases, seeds)
    settings = settings_for(url, argon2_memory_kib=64, argon2_passes=1)
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    with documented_client(create_app(settings, served)) as client:
        yield Board(House(client, owner, served))
    served.dispose()
    owner.dispose()
    databases.drop(url)
