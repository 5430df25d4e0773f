"""Who takes part in the demonstration's year: its fictional people, at the offices where they act."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import NOBODY, Caller
from app.access.offices import OfficeKind
from app.access.scope import FULL, Scope
from app.http.clock import CHINA
from app.regions import PROVINCE, regions
from app.rules.bind import region_prefix
from app.store.counters import take_numbers
from app.store.tables import Account, Institution, Nomination, Organisation
from app.whitelist.calendar import CALENDAR
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.parameters import STEP_WORKING_DAYS, whole_number
from app.whitelist.states import Action, Level
from app.whitelist.working_days import deadline

MAKER, CHECKER, PUSHER = "province", "province-checker", "pboc"
_SHOWN, _LISTED = "institution", "listed-institution"
BANKS: Final = ("bank", "other-bank")
_COUNTER: Final = "nomination"
_MORNING: Final = time(9, 30)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a nomination: what is done, at which level, and by whom."""

    action: Action
    level: Level
    login: str


WAY: Final = (
    Step(Action.SUBMIT, Level.APPLICANT, "county"),
    Step(Action.RECOMMEND, Level.COUNTY, "county-checker"),
    Step(Action.REVIEW, Level.CITY, "city"),
    Step(Action.APPROVE, Level.PROVINCE, "province"),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody by login, the bureaux by region, and the day on which the demonstration is shown."""

    people: Mapping[str, Caller]
    bureaux: Mapping[str, UUID]
    today: date

    @property
    def shown(self) -> UUID | None:
        """The institution of the demonstration, which is not on the list."""
        return self.people[_SHOWN].institution_id if _SHOWN in self.people else None

    @property
    def listed(self) -> UUID | None:
        """One that is, and whose people are there."""
        return self.people[_LISTED].institution_id if _LISTED in self.people else None

    def on(self, days_ago: int) -> datetime:
        """The morning of a day before today."""
        return datetime.combine(self.today - timedelta(days=days_ago), _MORNING, CHINA)

    def nominate(
        self, session: Session, one: Institution, way: Sequence[Step], days_ago: int, *, in_one_day: bool = False
    ) -> Nomination:
        """A nomination that has come this far: a step a day since, or all of them at once."""
        began = self.on(days_ago)
        number = take_numbers(session, _COUNTER, one.region_code, began.year)
        new = NewNomination(f"晋荐{one.region_code}-{began.year}-{number:04}", one.region_code, one.id, None)
        nomination = begin(session, new, self._actor(one, way[0]), began)
        for days, step in enumerate(way):
            at = began if in_one_day else began + timedelta(days=days)
            due_on = deadline(at.date(), whole_number(session, STEP_WORKING_DAYS, at.date()), CALENDAR).on
            is_decided = step.action is Action.APPROVE
            move(session, nomination, step.action, self._actor(one, step), at, due_on=None if is_decided else due_on)
        return nomination

    def _actor(self, one: Institution, step: Step) -> Actor:
        person = self.people[step.login].account_id
        if person is None:
            raise TypeError("the demonstration's people have accounts")
        return Actor(person, self._office(one.region_code, step.level), step.level)

    def _office(self, region: str, level: Level) -> UUID:
        """The bureau of a level: what has no county of its own belongs to its city, or to the province."""
        county = region if region in self.bureaux else regions()[region].parent or PROVINCE
        match level:
            case Level.PROVINCE:
                return self.bureaux[PROVINCE]
            case Level.CITY:
                return self.bureaux.get(f"{region_prefix(county)[:4]}00", self.bureaux[county])
            case _:
                return self.bureaux[county]


def cast_of(session: Session, prefix: str, today: date) -> Cast | None:
    """All of them; None where somebody is missing who takes part. `prefix` begins their logins."""
    query = (
        select(Account.id, Account.login, Account.organisation_id, Organisation.bank_id)
        .add_columns(Organisation.institution_id)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(Account.login.startswith(prefix), Account.closed_at.is_(None))
    )
    people = {
        row.login.removeprefix(prefix): replace(
            NOBODY,
            account_id=row.id,
            organisation_id=row.organisation_id,
            bank_id=row.bank_id,
            institution_id=row.institution_id,
            # The province's and the central bank's act for the whole province.
            scope=FULL if row.bank_id is None else Scope("", bank_id=row.bank_id, on=today),
            credential="demonstration",
        )
        for row in session.execute(query)
    }
    bureaux = select(Organisation.region_code, Organisation.id).where(
        Organisation.kind == OfficeKind.CIVIL_AFFAIRS.value, Organisation.closed_at.is_(None)
    )
    wanted = {MAKER, CHECKER, PUSHER, *BANKS, *(step.login for step in WAY)}
    if not wanted <= people.keys():
        return None
    return Cast(people, {row.region_code: row.id for row in session.execute(bureaux)}, today)
