"""The demonstration's list: what the sample says is listed goes through all reviews, and is pushed to the banks.

By the same program as anybody's, with the demonstration's fictional people: every step, number and message is there.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.caller import NOBODY, Caller
from app.access.offices import OfficeKind
from app.access.scope import FULL
from app.programmes.queries import read_parameters
from app.referrals.clock import ANSWER_DAYS
from app.referrals.pushes_service import Wanted, push
from app.regions import PROVINCE, regions
from app.rules.bind import region_prefix
from app.store.counters import take_numbers
from app.store.tables import Account, Bank, Institution, Organisation, Push
from app.whitelist.batches_rows import MOST_ROWS
from app.whitelist.batches_service import announce, draft, publish
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.parameters import NOTICE_DAYS, VALID_MONTHS
from app.whitelist.states import Action, Level

_COUNTER: Final = "nomination"
# A batch is on notice for a week; all of it lies behind the day of the push.
_BEGAN: Final = timedelta(days=9)
_WEEK: Final = timedelta(days=6)
_STEPS: Final = (
    (Action.SUBMIT, Level.APPLICANT, "county"),
    (Action.RECOMMEND, Level.COUNTY, "county-checker"),
    (Action.REVIEW, Level.CITY, "city"),
    (Action.APPROVE, Level.PROVINCE, "province"),
)
_MAKER, _CHECKER, _PUSHER = "province", "province-checker", "pboc"


def deliver_sample(session: Session, prefix: str, banks: Sequence[str], now: datetime, today: date) -> int:
    """List and push what the sample says is listed, once; how many entries. `prefix` begins the people's logins.

    Nothing where a push has been made, or where the people, the banks or the parameters are not there.
    """
    people = _people(session, prefix)
    there = list(session.scalars(select(Bank.code).where(Bank.code.in_(banks)).order_by(Bank.code)))
    if session.scalar(select(exists().where(Push.id.is_not(None)))) or not (there and _is_ready(session, people)):
        return 0
    listed = Institution.list_status == "listed"
    query = select(Institution).where(listed).order_by(Institution.region_code, Institution.id).limit(MOST_ROWS)
    found = session.scalars(query).all()
    if not found:
        return 0
    began, bureaux = now - _BEGAN, _bureaux(session)
    approved = [_approved(session, one, people, bureaux, began) for one in found]
    batch_id = _published(session, approved, people, now, today)
    push(session, Wanted(batch_id, there), people[_PUSHER], now, today)
    return len(approved)


def _people(session: Session, prefix: str) -> dict[str, Caller]:
    """Everybody by login; the province's and the central bank's act for the whole province."""
    query = select(Account).where(Account.login.startswith(prefix), Account.closed_at.is_(None))
    return {
        one.login.removeprefix(prefix): replace(
            NOBODY, account_id=one.id, organisation_id=one.organisation_id, scope=FULL, credential="demonstration"
        )
        for one in session.scalars(query)
    }


def _is_ready(session: Session, people: dict[str, Caller]) -> bool:
    """Whether everybody is there who takes part, and the parameters that batches and pushes go by."""
    wanted, known = {_MAKER, _CHECKER, _PUSHER, *(login for _, _, login in _STEPS)}, read_parameters(session)
    return wanted <= people.keys() and all(key in known for key in (NOTICE_DAYS, VALID_MONTHS, ANSWER_DAYS))


def _bureaux(session: Session) -> dict[str, UUID]:
    query = select(Organisation.region_code, Organisation.id).where(
        Organisation.kind == OfficeKind.CIVIL_AFFAIRS.value, Organisation.closed_at.is_(None)
    )
    return {row.region_code: row.id for row in session.execute(query)}


def _approved(
    session: Session, one: Institution, people: dict[str, Caller], bureaux: dict[str, UUID], at: datetime
) -> UUID:
    """A nomination that every level has agreed to: fictional clerks, at the bureaux that it belongs to."""
    county = one.region_code if one.region_code in bureaux else regions()[one.region_code].parent or PROVINCE
    city = f"{region_prefix(county)[:4]}00"
    offices = {
        Level.APPLICANT: bureaux[county],
        Level.COUNTY: bureaux[county],
        Level.CITY: bureaux.get(city, bureaux[county]),
        Level.PROVINCE: bureaux[PROVINCE],
    }
    actors = {level: _actor(people[login], offices[level], level) for _, level, login in _STEPS}
    number = take_numbers(session, _COUNTER, one.region_code, at.year)
    new = NewNomination(f"晋荐{one.region_code}-{at.year}-{number:04}", one.region_code, one.id, None)
    nomination = begin(session, new, actors[Level.APPLICANT], at)
    for action, level, _ in _STEPS:
        move(session, nomination, action, actors[level], at)
    return nomination.id


def _actor(caller: Caller, office: UUID, level: Level) -> Actor:
    if caller.account_id is None:
        raise TypeError("the demonstration's people have accounts")
    return Actor(caller.account_id, office, level)


def _published(
    session: Session, approved: Sequence[UUID], people: dict[str, Caller], now: datetime, today: date
) -> UUID:
    """The batch of all of them, announced a week ago and published yesterday by a second person."""
    began, first = now - _BEGAN, today - _BEGAN + timedelta(days=1)
    batch = draft(session, "虚构的第一批养老金融白名单", approved, people[_MAKER], began)
    period = first, first + _WEEK
    announce(session, batch.id, period, '"1"', people[_MAKER], began, first)
    yesterday = today - timedelta(days=1)
    publish(session, batch.id, "虚构民发〔2026〕1号", '"2"', people[_CHECKER], now - timedelta(days=1), yesterday)
    return batch.id
