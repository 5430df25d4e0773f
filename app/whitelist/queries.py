"""Reading nominations within a scope: one with its steps, a filtered list, and what waits for the caller."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, and_, exists, false, func, literal, or_, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope, in_region
from app.errors import NotFound
from app.http.clock import CHINA
from app.rules.bind import region_prefix
from app.store.pages import Key
from app.store.tables import (
    Account,
    BatchRow,
    Institution,
    Nomination,
    NominationActor,
    NominationStep,
    Organisation,
    Project,
    WhitelistReason,
)
from app.whitelist.rights import county_vacant, office_level
from app.whitelist.states import Level, State

LIST_ORDER: Final = (Key(Nomination.created_at, descending=True), Key(Nomination.id, descending=True))
# What has no deadline comes last.
_NEVER: Final = literal(date(9999, 12, 31), Date)
TO_DO_ORDER: Final = (Key(func.coalesce(Nomination.due_on, _NEVER, type_=Date)), Key(Nomination.id))
REJECTED: Final = (State.COUNTY_REJECTED, State.CITY_REJECTED, State.PROVINCE_REJECTED)


class NominationNotFound(NotFound):
    """No such nomination, or none in scope."""

    code = "nomination_not_found"
    title = "没有这份推荐"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of nominations is narrowed by; None and empty leave a dimension alone. `due_by` includes its day."""

    state: tuple[str, ...] = ()
    region: str | None = None
    kind: str | None = None
    due_by: date | None = None
    institution: UUID | None = None
    batched: bool | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """SQL, one condition for each dimension that is narrowed."""
        found: list[ColumnElement[bool]] = []
        if self.state:
            found.append(Nomination.state.in_(self.state))
        if self.region is not None:
            found.append(in_region(Nomination.region_code, region_prefix(self.region)))
        if self.kind is not None:
            found.append(Nomination.subject_kind == self.kind)
        if self.due_by is not None:
            found.append(Nomination.due_on <= self.due_by)
        if self.institution is not None:
            found.append(Nomination.institution_id == self.institution)
        if self.batched is not None:
            found.append(_in_a_batch() if self.batched else ~_in_a_batch())
        return found


def _in_a_batch() -> ColumnElement[bool]:
    return exists().where(BatchRow.nomination_id == Nomination.id, BatchRow.left_at.is_(None))


EVERYTHING: Final = Filters()


def _in_scope(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """Offices see what lies in their region, an institution its own. Banks learn of nominations by the list alone."""
    if scope.bank_id is not None:
        return (false(),)
    return scope.regions(Nomination.region_code), scope.institutions(Nomination.institution_id)


def list_nominations(filters: Filters, scope: Scope) -> Select[Nomination, str, str]:
    """The rows of a list, unordered: each nomination with the names of institution and project."""
    named = (
        select(Nomination, Institution.name.label("institution_name"), Project.name.label("project_name"))
        .join(Institution, Institution.id == Nomination.institution_id)
        .outerjoin(Project, Project.id == Nomination.project_id)
    )
    return named.where(*_in_scope(scope), *filters.conditions())


def get_nomination(session: Session, nomination_id: UUID, scope: Scope) -> Nomination:
    """A nomination in scope. Raises NominationNotFound."""
    found = session.scalars(select(Nomination).where(Nomination.id == nomination_id, *_in_scope(scope))).one_or_none()
    if found is None:
        raise NominationNotFound(f"没有编号为 {nomination_id} 的推荐")
    return found


def names_of(session: Session, nomination: Nomination) -> tuple[str, str | None]:
    """The names of the institution and of the project."""
    institution = session.scalars(select(Institution.name).where(Institution.id == nomination.institution_id)).one()
    project = session.scalar(select(Project.name).where(Project.id == nomination.project_id))
    return institution, project


def steps_of(session: Session, nomination_id: UUID) -> list[Mapping[str, Any]]:
    """The steps of a nomination in order, with the names of office, person and reason."""
    step = NominationStep.__table__.c
    columns = [step[name] for name in _STEP]
    query = (
        select(
            *columns,
            Organisation.name.label("organisation_name"),
            Account.name.label("person_name"),
            WhitelistReason.label.label("reason_label"),
        )
        .outerjoin(Organisation, Organisation.id == NominationStep.organisation_id)
        .outerjoin(Account, Account.id == NominationStep.account_id)
        .outerjoin(WhitelistReason, WhitelistReason.code == NominationStep.reason_code)
        .where(NominationStep.nomination_id == nomination_id)
        .order_by(NominationStep.number)
    )
    return [dict(row) for row in session.execute(query).mappings()]


_STEP: Final = (
    *("number", "from_state", "action", "to_state", "level", "at", "reason_code", "note", "in_place_of", "checks"),
)


def last_step_days(session: Session, nomination_ids: Collection[UUID]) -> dict[UUID, date]:
    """The day in China of the last step of each of some nominations."""
    last = and_(NominationStep.nomination_id == Nomination.id, NominationStep.number == Nomination.step)
    query = select(Nomination.id, NominationStep.at).join(NominationStep, last)
    rows = session.execute(query.where(Nomination.id.in_(nomination_ids)))
    return {key: at.astimezone(CHINA).date() for key, at in rows}


def list_to_do(
    caller: Caller, scope: Scope, today: date, filters: Filters = EVERYTHING
) -> Select[Nomination, str, str]:
    """What the caller can act on now, unordered: what waits at the own level and was not acted on at another."""
    waits = [and_(condition, ~_acted_but_at(caller, level)) for level, condition in _waiting(caller, today)]
    return list_nominations(filters, scope).where(or_(false(), *waits))


def _waiting(caller: Caller, today: date) -> list[tuple[Level, ColumnElement[bool]]]:
    """By level, the nominations that wait there for somebody like the caller."""
    mine = (Level.APPLICANT, and_(_drafted_by(caller), _waits_for_applicant(today)))
    match office_level(caller):
        case None:
            return [mine] if caller.institution_id is not None else []
        case Level.COUNTY:
            here = Nomination.region_code == caller.region_code
            return [mine, (Level.COUNTY, and_(here, _state(State.SUBMITTED)))]
        case Level.CITY:
            vacant = and_(_state(State.SUBMITTED), county_vacant())
            appeals = (Level.COUNTY_APPEAL, _state(State.COUNTY_APPEALED))
            return [mine, (Level.COUNTY, vacant), (Level.CITY, _state(State.RECOMMENDED)), appeals]
        case _:
            return [
                mine,
                (Level.PROVINCE, _state(State.REVIEWED)),
                (Level.CITY_APPEAL, _state(State.CITY_APPEALED)),
                (Level.PROVINCE_APPEAL, _state(State.PROVINCE_APPEALED)),
            ]


def _state(*states: State) -> ColumnElement[bool]:
    return Nomination.state.in_([state.value for state in states])


def _waits_for_applicant(today: date) -> ColumnElement[bool]:
    return or_(_state(State.DRAFT, State.RETURNED), and_(_state(*REJECTED), Nomination.due_on >= today))


def _drafted_by(caller: Caller) -> ColumnElement[bool]:
    """An institution answers for all that is its own, an office for what its people drafted."""
    if caller.institution_id is not None:
        return Nomination.institution_id == caller.institution_id
    return exists().where(
        NominationStep.nomination_id == Nomination.id,
        NominationStep.number == 1,
        NominationStep.organisation_id == caller.organisation_id,
    )


def _acted_but_at(caller: Caller, level: Level) -> ColumnElement[bool]:
    return exists().where(
        NominationActor.nomination_id == Nomination.id,
        NominationActor.account_id == caller.account_id,
        NominationActor.level != level.value,
    )


def reasons_on(session: Session, day: date) -> list[WhitelistReason]:
    """The reasons in use on a day, in the order of the list."""
    later = or_(WhitelistReason.valid_to.is_(None), WhitelistReason.valid_to > day)
    query = select(WhitelistReason).where(WhitelistReason.valid_from <= day, later)
    return list(session.scalars(query.order_by(WhitelistReason.ordinal, WhitelistReason.code)))
