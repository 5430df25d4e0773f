"""Who may take which step of a nomination: the level follows from the region of the caller's office.

The county's bureau recommends, the city's reviews, the province's approves. Where nobody of the county's bureau can act
on a nomination (no account is live, or the only one has acted for the institution), the city acts in its place.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, String, Uuid, exists, literal, or_, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.offices import OfficeKind
from app.access.permissions import Permission, Role
from app.errors import Forbidden
from app.regions import Level as RegionLevel
from app.regions import region_names, regions
from app.rules.bind import region_prefix
from app.store.tables import Account, Nomination, NominationActor, NominationStep, Organisation
from app.store.types import overlaps
from app.whitelist.moves import ActedAtAnotherLevel, Actor, acted_elsewhere, level_of
from app.whitelist.states import LEVEL_LABELS, Action, Level, State, Transition, actions_from

# The end of a city's code, which a development zone without a county's uses.
_CITY: Final = "00"
_LEVELS: Final = {
    RegionLevel.COUNTY: Level.COUNTY,
    RegionLevel.CITY: Level.CITY,
    RegionLevel.PROVINCE: Level.PROVINCE,
}
# Who decides on an appeal: the office above the one that refused; the province, by another person, over itself.
APPEALED_TO: Final = {
    Level.COUNTY_APPEAL: Level.CITY,
    Level.CITY_APPEAL: Level.PROVINCE,
    Level.PROVINCE_APPEAL: Level.PROVINCE,
}


class WrongLevel(Forbidden):
    """The step belongs to an office of another level or place."""

    code = "wrong_level"
    title = "这一步不由本级办理"


class NoAccount(Forbidden):
    """Steps are taken by people, each with an account of an organisation."""

    code = "no_account"
    title = "须由个人账号办理"


def office_level(caller: Caller) -> Level | None:
    """The level of a civil-affairs office; None for whoever is none."""
    region = regions().get(caller.region_code)
    if Role.CIVIL_AFFAIRS not in caller.roles or caller.institution_id is not None or region is None:
        return None
    return _LEVELS[region.level]


def county_vacant(region_code: Any = Nomination.region_code, nomination_id: Any = Nomination.id) -> ColumnElement[bool]:
    """SQL: nobody of the county's bureau can act on a nomination. A development zone has no bureau of its own."""
    elsewhere = exists().where(
        NominationActor.nomination_id == nomination_id,
        NominationActor.account_id == Account.id,
        NominationActor.level != Level.COUNTY.value,
    )
    clerk = (
        exists(Account.id)
        .where(
            Organisation.id == Account.organisation_id,
            Organisation.kind == OfficeKind.CIVIL_AFFAIRS.value,
            Organisation.region_code == region_code,
            Organisation.closed_at.is_(None),
            Account.closed_at.is_(None),
            overlaps(Account.roles, (Role.CIVIL_AFFAIRS.value,)),
            ~elsewhere,
        )
        .correlate(Nomination)
    )
    return or_(region_code.endswith(_CITY), ~clerk)


def is_county_vacant(session: Session, nomination: Nomination) -> bool:
    """The same for one nomination, which need not be written yet."""
    region, key = literal(nomination.region_code, String), literal(nomination.id, Uuid)
    return bool(session.scalar(select(county_vacant(region, key))))


def actor_for(session: Session, nomination: Nomination, step: Transition, caller: Caller) -> Actor:
    """The caller as the one who takes a step. Raises NoAccount, WrongLevel or ActedAtAnotherLevel."""
    if caller.account_id is None or caller.organisation_id is None:
        raise NoAccount("白名单的每一步都要由本人账号办理，请用单位内的个人账号登录")
    in_place_of = _seat(session, nomination, step, caller)
    acted = level_of(session, nomination.id, caller.account_id)
    if acted is not None and acted is not step.level:
        raise acted_elsewhere(acted)
    return Actor(caller.account_id, caller.organisation_id, step.level, in_place_of)


def _seat(session: Session, nomination: Nomination, step: Transition, caller: Caller) -> Level | None:
    """The level in whose place the caller acts, None for the own. Raises WrongLevel."""
    level = office_level(caller)
    match step.level:
        case Level.APPLICANT:
            if caller.institution_id != nomination.institution_id:
                _county_seat(session, nomination, caller, level, step)
                _check_drafted(session, nomination, step, caller)
            return None
        case Level.COUNTY:
            return _county_seat(session, nomination, caller, level, step)
        case _:
            wanted = APPEALED_TO.get(step.level, step.level)
    if level is not wanted or not _covers(caller, nomination):
        raise WrongLevel(f"这一步由{LEVEL_LABELS[wanted]}办理，您所在单位的层级或地区不符，请转请该级经办")
    return None


def _county_seat(
    session: Session, nomination: Nomination, caller: Caller, level: Level | None, step: Transition
) -> Level | None:
    if level is Level.COUNTY and caller.region_code == nomination.region_code:
        return None
    here = region_names().get(nomination.region_code, nomination.region_code)
    if level is not Level.CITY or not _covers(caller, nomination):
        who = "机构本身，或" if step.level is Level.APPLICANT else ""
        raise WrongLevel(f"这一步由{who}{here}的民政部门办理，您所在单位的层级或地区不符，请转请该单位经办")
    if not is_county_vacant(session, nomination):
        raise WrongLevel(f"{here}的民政部门有人可以经办，市级只在县级空缺时代为办理，请转请该单位经办")
    return Level.COUNTY


def _check_drafted(session: Session, nomination: Nomination, step: Transition, caller: Caller) -> None:
    """An office takes back what it drafted for an institution, and returns or refuses, with a reason, all else."""
    drafted = exists().where(
        NominationStep.nomination_id == nomination.id,
        NominationStep.number == 1,
        NominationStep.organisation_id == caller.organisation_id,
    )
    if step.action is Action.WITHDRAW and not session.scalar(select(drafted)):
        raise WrongLevel("这份推荐由机构自己提出，只能由机构撤回；有问题请退回补正或不予通过，并写明理由")


def _covers(caller: Caller, nomination: Nomination) -> bool:
    return nomination.region_code.startswith(region_prefix(caller.region_code))


def steps_open_to(session: Session, nomination: Nomination, caller: Caller) -> list[Action]:
    """What the caller may do with a nomination as it stands, as far as level and person decide it."""
    return [step.action for step in actions_from(State(nomination.state)) if _may(session, nomination, step, caller)]


def _may(session: Session, nomination: Nomination, step: Transition, caller: Caller) -> bool:
    needed = Permission.NOMINATE if step.level is Level.APPLICANT else Permission.REVIEW_NOMINATIONS
    if step.level is Level.BATCH or not caller.may(needed):
        return False
    try:
        actor_for(session, nomination, step, caller)
    except (Forbidden, ActedAtAnotherLevel):
        return False
    return True
