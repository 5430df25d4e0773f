"""Nominating and reviewing: who may, whether the criteria allow it, until when, and then the one writer of steps."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope
from app.errors import Conflict, FieldError, Unprocessable
from app.http.clock import CHINA
from app.http.etags import VersionStale, check_version
from app.institutions.refusals import InstitutionNotFound, ProjectNotFound
from app.rules.explain import Finding
from app.rules.truth import Truth
from app.store.counters import take_numbers
from app.store.tables import Institution, Nomination, Project
from app.whitelist.calendar import CALENDAR
from app.whitelist.criteria import Assessed, Effect, Standing, assess
from app.whitelist.moves import Actor, NewNomination, Said, begin, move, not_allowed, stale
from app.whitelist.nomination_answers import criteria_out
from app.whitelist.parameters import APPEAL_WORKING_DAYS, STEP_WORKING_DAYS, whole_number
from app.whitelist.queries import REJECTED, get_nomination, reasons_on
from app.whitelist.rights import actor_for
from app.whitelist.states import ACTION_LABELS, OPEN, Action, Level, State, Transition, find_transition
from app.whitelist.working_days import deadline

_COUNTER: Final = "nomination"
_DRAFT: Final = Transition(State.NONE, Action.DRAFT, State.DRAFT, Level.APPLICANT)
# Each of these says that every condition is met, so it is refused where one is not or is still unknown.
_FORWARD: Final = frozenset({Action.RECOMMEND, Action.REVIEW, Action.APPROVE, Action.ALLOW})
_AWAITED: Final = frozenset(
    {
        *(State.SUBMITTED, State.RECOMMENDED, State.REVIEWED),
        *(State.COUNTY_APPEALED, State.CITY_APPEALED, State.PROVINCE_APPEALED),
    }
)


class AlreadyNominated(Conflict):
    """A subject has at most one open nomination."""

    code = "already_nominated"
    title = "已有在办的推荐"


class AlreadyListed(Conflict):
    """What stands on the list is renewed, not nominated again."""

    code = "already_listed"
    title = "已在白名单上"


class CriteriaNotMet(Conflict):
    """A condition is not met, or nobody knows yet; `errors` names each."""

    code = "criteria_not_met"
    title = "准入条件尚未全部满足"


class AppealTooLate(Conflict):
    """The time for an appeal is over."""

    code = "appeal_too_late"
    title = "申诉期限已过"


class ReasonRefused(Unprocessable):
    """The reason is none of the list, or none for this action."""

    code = "reason_refused"
    title = "理由代码不能用"


def day_of(now: datetime) -> date:
    """The day in China."""
    return now.astimezone(CHINA).date()


def draft(
    session: Session, subject_kind: str, subject_id: UUID, caller: Caller, scope: Scope, now: datetime
) -> Nomination:
    """Draft the nomination of an institution or a project in scope.

    Raises InstitutionNotFound, ProjectNotFound, AlreadyListed, AlreadyNominated, NoAccount or WrongLevel.
    """
    institution_id, region, status = _subject(session, subject_kind, subject_id, scope)
    if status in {"listed", "suspended"}:
        raise AlreadyListed("该主体已在白名单上，到期前请办理续期，不需要重新推荐")
    _refuse_second(session, subject_id)
    year = day_of(now).year
    ordinal = take_numbers(session, _COUNTER, region, year)
    project_id = subject_id if subject_kind == "project" else None
    new = NewNomination(f"晋荐{region}-{year}-{ordinal:04d}", region, institution_id, project_id)
    # The rights ask where a nomination lies and whether its county is vacant, so it is asked of one not yet written.
    unwritten = Nomination(id=UUID(int=0), region_code=region, institution_id=institution_id, state=State.NONE.value)
    by = actor_for(session, unwritten, _DRAFT, caller)
    try:
        return begin(session, new, by, now)
    except IntegrityError:
        # Somebody nominated it a moment ago.
        raise _already(None) from None


def _subject(session: Session, kind: str, subject_id: UUID, scope: Scope) -> tuple[UUID, str, str]:
    """Owner, region and list status of what is nominated."""
    if kind == "project":
        where = (scope.regions(Project.region_code), scope.institutions(Project.institution_id))
        query = select(Project.institution_id, Project.region_code, Project.list_status)
        row = session.execute(query.where(Project.id == subject_id, *where)).one_or_none()
        if row is None:
            raise ProjectNotFound(f"没有编号为 {subject_id} 的项目")
        return row[0], row[1], row[2]
    where = (scope.regions(Institution.region_code), scope.institutions(Institution.id))
    found = select(Institution.id, Institution.region_code, Institution.list_status)
    one = session.execute(found.where(Institution.id == subject_id, *where)).one_or_none()
    if one is None:
        raise InstitutionNotFound(f"没有编号为 {subject_id} 的机构")
    return one[0], one[1], one[2]


def _refuse_second(session: Session, subject_id: UUID) -> None:
    states = [state.value for state in OPEN]
    query = select(Nomination.number).where(Nomination.subject_id == subject_id, Nomination.state.in_(states))
    number = session.scalar(query)
    if number is not None:
        raise _already(number)


def _already(number: str | None) -> AlreadyNominated:
    which = f"推荐 {number}" if number else "推荐"
    return AlreadyNominated(f"该主体已有在办的{which}，请在原件上继续办理，或先撤回它")


def act(
    session: Session,
    nomination_id: UUID,
    action: Action,
    caller: Caller,
    scope: Scope,
    if_match: str | None,
    said: Said,
    now: datetime,
) -> Nomination:
    """Take a step with a nomination in scope.

    Raises, in this order: NominationNotFound, VersionRequired, VersionStale, ActionNotAllowed, NoAccount, WrongLevel,
    ActedAtAnotherLevel, AppealTooLate, ReasonRefused, CriteriaNotMet.
    """
    nomination = get_nomination(session, nomination_id, scope)
    _check_version(if_match, nomination)
    step = find_transition(State(nomination.state), action)
    if step is None:
        raise not_allowed(nomination, action)
    by = actor_for(session, nomination, step, caller)
    today = day_of(now)
    if action is Action.APPEAL:
        _check_in_time(nomination, today)
    _check_reason(session, action, said, today)
    said = replace(said, checks=_checked(session, nomination, step, scope, today))
    return _moved(session, nomination, step, by, now, said)


def _check_version(if_match: str | None, nomination: Nomination) -> None:
    try:
        check_version(if_match, nomination.version)
    except VersionStale:
        raise stale(nomination) from None


def _moved(
    session: Session, nomination: Nomination, step: Transition, by: Actor, now: datetime, said: Said
) -> Nomination:
    due_on = due_after(session, step.to_state, day_of(now))
    try:
        return move(session, nomination, step.action, by, now, due_on=due_on, said=said)
    except IntegrityError:
        # The one constraint that a checked step can break: an appeal reopens it while a later nomination is open.
        raise _already(None) from None


def due_after(session: Session, state: State, today: date) -> date | None:
    """The last day for what comes after a step: the next decision, or an appeal against a refusal."""
    if state in _AWAITED:
        return deadline(today, whole_number(session, STEP_WORKING_DAYS, today), CALENDAR).on
    if state in REJECTED:
        return deadline(today, whole_number(session, APPEAL_WORKING_DAYS, today), CALENDAR).on
    return None


def _check_in_time(nomination: Nomination, today: date) -> None:
    if nomination.due_on is not None and today > nomination.due_on:
        detail = f"对该结论的申诉期限至 {nomination.due_on}，已经过期；情况有变化的，可以重新推荐"
        raise AppealTooLate(detail)


def _check_reason(session: Session, action: Action, said: Said, today: date) -> None:
    if said.reason_code is None:
        return
    usable = {one.code: one.label for one in reasons_on(session, today) if action.value in one.used_for}
    if said.reason_code not in usable:
        listed = "、".join(f"{code}（{label}）" for code, label in usable.items())
        detail = f"“{ACTION_LABELS[action]}”的理由代码只能用：{listed}"
        raise ReasonRefused(detail, errors=(FieldError("/reason_code", ReasonRefused.code, detail),))


def _checked(
    session: Session, nomination: Nomination, step: Transition, scope: Scope, today: date
) -> dict[str, object] | None:
    """The conditions as whoever decides sees them. Raises CriteriaNotMet where a step forward is not allowed."""
    if step.level is Level.APPLICANT:
        return None
    assessed = assess(session, nomination, scope, today)
    if step.action in _FORWARD and assessed.standing is not Standing.MET:
        raise _not_met(assessed)
    return criteria_out(session, assessed).model_dump(mode="json")


def _not_met(assessed: Assessed) -> CriteriaNotMet:
    errors = tuple(_wanting(assessed))
    said = {
        Standing.EXCLUDED: "存在排除情形，不能推荐",
        Standing.NOT_MET: "有准入条件不符合",
        Standing.UNKNOWN: "有条件尚未填写，既不能算符合，也不能算不符合",
    }[assessed.standing]
    detail = f"{said}：{'；'.join(one.detail for one in errors)}。可以退回补正，或不予通过"
    return CriteriaNotMet(detail, errors=errors)


def _wanting(assessed: Assessed) -> Iterator[FieldError]:
    for effect, finding in assessed.wanting():
        yield FieldError(f"/criteria/{finding.id}", _word(effect, finding), finding.sentence)


def _word(effect: Effect, finding: Finding) -> str:
    if finding.truth is Truth.UNKNOWN:
        return Standing.UNKNOWN.value
    return (Standing.EXCLUDED if effect is Effect.EXCLUSION else Standing.NOT_MET).value
