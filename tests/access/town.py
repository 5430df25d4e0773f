"""A small province behind the real gate: institutions near and far, two banks, and one person of each role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.main import create_app
from app.programmes.seeds import Seeds
from app.store.engine import open_database
from app.store.tables import Institution, institution_version
from tests.access.deliveries import delivered
from tests.access.house import House, a_bank
from tests.access.people import Person, colleague, somebody
from tests.contract import documented_client
from tests.databases import Databases, settings_for
from tests.matching.factories import Registry
from tests.seeded import a_seeded

HOME, SIBLING, CITY, FAR = "140105", "140107", "140100", "140302"
REVENUE: Final = "institution.annual_revenue_yuan"
# So many institutions stand on the list beside those with names: with `home` and `neighbour` more than ten.
SECRET_KEY: Final = "k" * 32
CROWD: Final = 9


@dataclass(frozen=True)
class People:
    """One of each; the banks have a second person, who checks."""

    county: Person
    sibling: Person
    city: Person
    province: Person
    pboc: Person
    finance: Person
    auditor: Person
    bank: Person
    bank_checker: Person
    bank_branch: Person
    other_bank: Person
    home: Person
    neighbour: Person
    system_admin: Person

    def all(self) -> dict[str, Person]:
        """Everybody by what he or she is."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


@dataclass(frozen=True)
class Town:
    """The service and what stands in it. `home` is listed and has one of everything; `hermit` is on no list."""

    house: House
    people: People
    bank_id: UUID
    other_bank_id: UUID
    home: UUID
    neighbour: UUID
    hermit: UUID
    project: UUID
    need: UUID
    loan: UUID

    @property
    def path(self) -> str:
        return f"/institutions/{self.home}"


def listed(session: Session, *ids: UUID) -> None:
    """Put institutions on the white list."""
    session.execute(update(Institution).where(Institution.id.in_(ids)).values(list_status="listed"))


def build(session: Session, house: House) -> Town:
    """Write it all down."""
    registry = Registry(session)
    money: dict[str, Any] = {"annual_revenue_yuan": Decimal(3_000_000), "loan_overdue": False, "beds_total": 120}
    home = registry.institution(region=HOME, name="虚构康宁养老院", **money, grade=3, checked=["grade"])
    neighbour = registry.institution(region=SIBLING, name="虚构安和养老院", **money)
    hermit = registry.institution(region=HOME, name="虚构隐居养老院", **money)
    crowd = [registry.institution(region=FAR, **money, grade=number % 5 + 1) for number in range(CROWD)]
    listed(session, home, neighbour, *crowd)
    contact = {"contact_person": "虚构联系人", "telephone": "0351-0000001", "address": "虚构路 1 号"}
    version = institution_version
    session.execute(update(version).where(version.c.institution_id == home).values(**contact))
    wanted: dict[str, Any] = {"amount_yuan": Decimal(1_000_000), "term_months": 24}
    for other in (neighbour, *crowd):
        registry.need(other, **wanted)
    project = registry.project(home, region=HOME, beds=200)
    need = registry.need(home, project, **wanted)
    loan = registry.loan(home, None, balance_yuan=Decimal(500_000), overdue=False)
    registry.attest(home, "institution.stable_cash_flow")
    bank, other = a_bank(session, "xugou-bank").id, a_bank(session, "xugou-other-bank").id
    delivered(session, (bank, other), [home, neighbour, *crowd])
    return Town(
        house,
        the_people(session, bank, other, home, neighbour),
        bank,
        other,
        home,
        neighbour,
        hermit,
        project,
        need,
        loan,
    )


def the_people(session: Session, bank: UUID, other: UUID, home: UUID, neighbour: UUID) -> People:
    """One person of each kind with a key."""
    lender = somebody(session, Role.BANK, bank_id=bank)
    return People(
        county=somebody(session, Role.CIVIL_AFFAIRS, HOME),
        sibling=somebody(session, Role.CIVIL_AFFAIRS, SIBLING),
        city=somebody(session, Role.CIVIL_AFFAIRS, CITY),
        province=somebody(session, Role.CIVIL_AFFAIRS),
        pboc=somebody(session, Role.PBOC),
        finance=somebody(session, Role.FINANCE),
        auditor=somebody(session, Role.AUDITOR),
        bank=lender,
        bank_checker=colleague(session, lender, Role.BANK),
        bank_branch=somebody(session, Role.BANK, FAR, bank_id=bank),
        other_bank=somebody(session, Role.BANK, bank_id=other),
        home=somebody(session, Role.INSTITUTION, HOME, institution_id=home),
        neighbour=somebody(session, Role.INSTITUTION, SIBLING, institution_id=neighbour),
        system_admin=somebody(session, Role.SYSTEM_ADMIN),
    )


@contextmanager
def a_town(databases: Databases, seeds: Seeds, folder: Path, **more: object) -> Iterator[Town]:
    """On PostgreSQL the service works as the role that owns nothing. Nobody counts requests."""
    url = a_seeded(databases, seeds)
    unlimited = {"requests_per_minute_and_caller": 0, "requests_per_minute_and_address": 0}
    settings = settings_for(url, attachments_path=folder, secret_key=SECRET_KEY, **unlimited, **more)
    owner, served = open_database(settings), open_database(settings, APP_ROLE)
    with documented_client(create_app(settings, served)) as client:
        house = House(client, owner, served)
        with owner.writing() as session:
            town = build(session, house)
        yield town
    served.dispose()
    owner.dispose()
    databases.drop(url)


def terms(**changes: Any) -> dict[str, Any]:
    """The terms of a product for institutions themselves, which asks nothing unless told to."""
    return {
        "name": "虚构机构贷",
        "summary": "虚构的产品",
        "subjects": ["institution"],
        "amount": {"low_yuan": "100000.00", "high_yuan": "5000000.00"},
        "term": {"low_months": 1, "high_months": 36},
        "rate": {"kind": "fixed", "low_percent": "3.1", "high_percent": "4.35"},
        "repayment_styles": ["bullet"],
        "valid_from": date(2026, 1, 1).isoformat(),
        **changes,
    }


def leaf(name: str, op: str, fact: str, **operands: Any) -> dict[str, Any]:
    """One condition of a bank's own."""
    return {"op": op, "fact": fact, **operands, "id": name, "cite": {"own": f"第 {name} 条"}}


def offer(town: Town, slug: str, **changes: Any) -> str:
    """A product of the first bank, drafted by one person and published by another; its id."""
    written = town.house.post(town.people.bank, "/products", {"slug": slug, "bank": "xugou-bank", **terms(**changes)})
    key: str = written["id"]
    path = f"/products/{key}/versions/1/actions/publish"
    town.house.post(town.people.bank_checker, path, status=200, version=1)
    return key
