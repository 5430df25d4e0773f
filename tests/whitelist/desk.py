"""The province's desk: approved nominations, batches made of them, and days that pass, over the real service."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID, uuid4

import time_machine
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.http.clock import CHINA
from app.institutions.bulk import NewNeed, NewProject, add_institutions, add_needs, add_projects
from app.institutions.facts import Statement
from app.institutions.register import NewInstitution
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.seeds import load_whitelist
from app.whitelist.states import Action, Level
from tests.access.house import CITY, COUNTY, House
from tests.access.people import Person, an_account, an_organisation
from tests.institutions.registry import a_uscc
from tests.seeded import SEEDED_AT

DAY: Final = date(2026, 11, 2)
DOCUMENT: Final = "晋民发〔2026〕88号（虚构）"
_NUMBERS: Final = count(1)
# Who decides at which level, in this order.
_STEPS: Final = (
    (Level.APPLICANT, Action.SUBMIT),
    (Level.COUNTY, Action.RECOMMEND),
    (Level.CITY, Action.REVIEW),
    (Level.PROVINCE, Action.APPROVE),
)


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day in China."""
    return datetime.combine(day, time(hour), CHINA).astimezone(UTC)


@contextmanager
def on(day: date, hour: int = 10) -> Iterator[None]:
    """Let it be that hour of that day."""
    with time_machine.travel(at(day, hour), tick=False):
        yield


@dataclass
class Reviewers:
    """One person for each level, and the applicant."""

    actors: dict[Level, Actor]

    @classmethod
    def made(cls, session: Session) -> "Reviewers":
        regions = {Level.APPLICANT: COUNTY, Level.COUNTY: COUNTY, Level.CITY: CITY, Level.PROVINCE: "140000"}
        offices = {level: an_organisation(session, region=region) for level, region in regions.items()}
        people = {level: an_account(session, office, Role.CIVIL_AFFAIRS) for level, office in offices.items()}
        return cls({level: Actor(people[level].id, offices[level].id, level) for level in regions})

    def approve(self, session: Session, institution: UUID, region: str, project: UUID | None, when: datetime) -> UUID:
        """A nomination that all levels have agreed to."""
        new = NewNomination(f"晋荐{region}-虚构-{next(_NUMBERS):05d}", region, institution, project)
        one = begin(session, new, self.actors[Level.APPLICANT], when)
        for level, action in _STEPS:
            move(session, one, action, self.actors[level], when)
        return one.id


def facts(region: str, **values: Any) -> dict[str, Statement]:
    """Facts of an institution by their short names."""
    return {f"institution.{name}": Statement(value) for name, value in {"region_code": region, **values}.items()}


def an_institution(session: Session, region: str, name: str | None, *, coded: bool = True) -> UUID:
    """A home with beds and a need."""
    known = facts(region, kinds=frozenset({"elderly_home"}), beds_total=120, annual_revenue_yuan=Decimal(3_000_000))
    new = NewInstitution(name or f"虚构康宁养老院{next(_NUMBERS)}号", known, a_uscc() if coded else None)
    (key,) = add_institutions(session, [new], SEEDED_AT)
    add_needs(session, [NewNeed(key, region, _need())], SEEDED_AT)
    return key


def a_project(session: Session, owner: UUID, region: str) -> UUID:
    """A project with beds and a need of its own."""
    known = {"project.region_code": Statement(region), "project.beds": Statement(300)}
    (key,) = add_projects(session, [NewProject(owner, f"虚构云溪康养小镇{next(_NUMBERS)}", known)], SEEDED_AT)
    add_needs(session, [NewNeed(owner, region, _need(), key)], SEEDED_AT)
    return key


def _need() -> dict[str, Statement]:
    return {"need.amount_yuan": Statement(Decimal(20_000_000)), "need.purpose": Statement("construction")}


@dataclass
class Desk:
    """Maker and checker are two clerks of the province; days pass from batch to batch."""

    house: House
    reviewers: Reviewers
    maker: Person
    checker: Person
    county: Person
    subjects: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    def opened(cls, house: House, seeds: Seeds) -> "Desk":
        with house.owner.writing() as session:
            load_seeds(session, seeds, SEEDED_AT)
            load_whitelist(session, PROJECT_ROOT / "seed")
            reviewers = Reviewers.made(session)
        maker = house.somebody(Role.CIVIL_AFFAIRS)
        county = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
        return cls(house, reviewers, maker, house.colleague(maker, Role.CIVIL_AFFAIRS), county)

    def nominate(
        self, region: str = COUNTY, name: str | None = None, *, project: bool = False, coded: bool = True
    ) -> str:
        """An approved nomination of a new institution, or of a new project of one."""
        with self.house.owner.writing() as session:
            owner = an_institution(session, region, name, coded=coded)
            subject = a_project(session, owner, region) if project else None
            key = str(self.reviewers.approve(session, owner, region, subject, at(DAY - timedelta(days=1))))
        self.subjects[key] = subject or owner
        return key

    def act(self, person: Person, path: str, body: Any, version: int | None, key: str | None = None) -> Any:
        """The answer to an action, whatever it is."""
        headers = {"Idempotency-Key": key or uuid4().hex}
        return self.house.call(person, "POST", path, json=body, version=version, headers=headers)

    def done(self, person: Person, path: str, body: Any, version: int | None) -> dict[str, Any]:
        """The answer to an action that succeeds."""
        answer = self.act(person, path, body, version)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def drafted(self, *nominations: str, day: date = DAY) -> dict[str, Any]:
        """A draft by the maker."""
        with on(day):
            body = {"title": "虚构批次", "nominations": list(nominations)}
            return self.house.post(self.maker, "/whitelist/batches", body)

    def announced(self, *nominations: str, day: date = DAY) -> dict[str, Any]:
        """A batch on notice for the seven days from this one."""
        batch = self.drafted(*nominations, day=day)
        period = {"notice_from": day.isoformat(), "notice_to": (day + timedelta(days=6)).isoformat()}
        with on(day):
            return self.done(self.maker, f"/whitelist/batches/{batch['id']}/actions/notice", period, batch["version"])

    def publish(self, batch: dict[str, Any], day: date, person: Person | None = None, key: str | None = None) -> Any:
        """The answer to publishing on a day."""
        path = f"/whitelist/batches/{batch['id']}/actions/publish"
        with on(day):
            return self.act(person or self.checker, path, {"document_number": DOCUMENT}, batch["version"], key)

    def published(self, *nominations: str, day: date = DAY) -> dict[str, Any]:
        """A batch published on the day after its notice."""
        answer = self.publish(self.announced(*nominations, day=day), day + timedelta(days=7))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def entries(self, day: date, **params: Any) -> list[dict[str, Any]]:
        """The list of a day as the maker reads it."""
        asked = {"as_of": day.isoformat(), "page_size": 200, **params}
        items: list[dict[str, Any]] = self.house.get(self.maker, "/whitelist/entries", **asked)["items"]
        return items

    def entry_of(self, nomination: str, day: date) -> dict[str, Any]:
        """The entry that a nomination led to."""
        states = ["listed", "suspended", "removed", "expired"]
        subject = str(self.subjects[nomination])
        found = self.entries(day, state=states)
        return next(one for one in found if subject in {one["institution_id"], one["project_id"]})

    def entry_act(self, person: Person, entry: str, action: str, reason: str, day: date) -> Any:
        """The answer to an action on an entry, of whatever version it is."""
        version = self.house.get(self.maker, f"/whitelist/entries/{entry}")["version"]
        body = {"reason_code": reason, "document_number": "晋民函〔2026〕9号（虚构）"}
        with on(day):
            return self.act(person, f"/whitelist/entries/{entry}/actions/{action}", body, version)
