"""The one writer of a nomination's state: a step, and with it the state.

The UPDATE names the version that the step was decided on and is the lock: of two who decide at once the later one
changes no row and is told the present state (412).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldError
from app.http.etags import VersionStale
from app.store.tables import Nomination, NominationActor, NominationStep
from app.store.types import new_key
from app.whitelist.states import ACTION_LABELS, LEVEL_LABELS, STATE_LABELS, Action, Level, State, find_transition

FIRST_STEP: Final = 1


class ActionNotAllowed(Conflict):
    """No row of the table of transitions has this action in this state."""

    code = "action_not_allowed"
    title = "当前状态不允许此操作"


class ActedAtAnotherLevel(Conflict):
    """Nobody acts at two levels of one nomination."""

    code = "acted_at_another_level"
    title = "同一推荐不能由一人经办两级"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person who takes a step at a level, for an office or an institution; `in_place_of` a level that is vacant."""

    account_id: UUID
    organisation_id: UUID
    level: Level
    in_place_of: Level | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that moves its nominations; the office that acts for it, where one does."""

    id: UUID
    organisation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What goes with a step: why (code and text), and the conditions as whoever decides sees them."""

    reason_code: str | None = None
    note: str | None = None
    checks: dict[str, Any] | None = None


NOTHING: Final = Said()


@dataclass(frozen=True, slots=True)
class NewNomination:
    """What is nominated, where it lies, and under which number."""

    number: str
    region_code: str
    institution_id: UUID
    project_id: UUID | None


def begin(session: Session, new: NewNomination, by: Actor, now: datetime) -> Nomination:
    """Write a draft with its first step."""
    one = Nomination(
        id=new_key(),
        number=new.number,
        region_code=new.region_code,
        subject_kind="institution" if new.project_id is None else "project",
        subject_id=new.project_id or new.institution_id,
        institution_id=new.institution_id,
        project_id=new.project_id,
        state=State.DRAFT.value,
        step=FIRST_STEP,
        due_on=None,
        batch_id=None,
        version=1,
        created_at=now,
    )
    session.add(one)
    # Actor and step refer to it, and no relationship tells the session in which order to write them.
    session.flush()
    _write_step(session, one, State.NONE, Action.DRAFT, by, now, NOTHING)
    return one


def move(
    session: Session,
    nomination: Nomination,
    action: Action,
    by: Actor | Batch,
    now: datetime,
    *,
    due_on: date | None = None,
    said: Said = NOTHING,
) -> Nomination:
    """Take a step and return the nomination after it.

    `due_on` is the last day for whoever decides next. Raises ActionNotAllowed, ActedAtAnotherLevel, or VersionStale
    where somebody else has moved it since it was read.
    """
    before = State(nomination.state)
    transition = find_transition(before, action)
    level = by.level if isinstance(by, Actor) else Level.BATCH
    if transition is None or transition.level is not level:
        raise not_allowed(nomination, action)
    values: dict[str, Any] = {"state": transition.to_state.value, "step": nomination.step + 1, "due_on": due_on}
    if isinstance(by, Batch):
        values["batch_id"] = None if action is Action.RECALL else by.id
    _advance(session, nomination, values)
    _write_step(session, nomination, before, action, by, now, said)
    return nomination


def not_allowed(nomination: Nomination, action: Action) -> ActionNotAllowed:
    """What to answer to an action that the present state does not know."""
    state = STATE_LABELS[State(nomination.state)]
    detail = f"推荐 {nomination.number} 现在是“{state}”，不能{ACTION_LABELS[action]}"
    return ActionNotAllowed(detail, errors=(state_of(nomination),))


def stale(nomination: Nomination) -> VersionStale:
    """What to answer to a step that was decided on an older version: where it stands now."""
    state = STATE_LABELS[State(nomination.state)]
    detail = f"推荐 {nomination.number} 已被他人处理，现在是“{state}”（版本 {nomination.version}），请重新读取后再办"
    return VersionStale(detail, errors=(state_of(nomination),))


def state_of(nomination: Nomination) -> FieldError:
    """The present state as a problem's detail; its code is the state's."""
    return FieldError("/state", nomination.state, f"现在的状态：{STATE_LABELS[State(nomination.state)]}")


def _advance(session: Session, nomination: Nomination, values: dict[str, Any]) -> None:
    mine = (Nomination.id == nomination.id) & (Nomination.version == nomination.version)
    moved = update(Nomination).where(mine).values(version=nomination.version + 1, **values)
    changed = session.execute(
        moved.returning(Nomination.version).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.refresh(nomination)
    if changed is None:
        raise stale(nomination)


def _write_step(
    session: Session,
    nomination: Nomination,
    before: State,
    action: Action,
    by: Actor | Batch,
    now: datetime,
    said: Said,
) -> None:
    if isinstance(by, Actor):
        _take_part(session, nomination, by)
    first = nomination.step == FIRST_STEP
    session.add(
        NominationStep(
            nomination_id=nomination.id,
            number=nomination.step,
            previous=None if first else nomination.step - 1,
            from_state=before.value,
            action=action.value,
            to_state=nomination.state,
            level=(by.level if isinstance(by, Actor) else Level.BATCH).value,
            account_id=by.account_id if isinstance(by, Actor) else None,
            organisation_id=by.organisation_id,
            at=now,
            reason_code=said.reason_code,
            note=said.note,
            in_place_of=by.in_place_of.value if isinstance(by, Actor) and by.in_place_of else None,
            checks=said.checks,
        )
    )
    # So that a refusal of the database comes here and not with somebody else's statement.
    session.flush()


def level_of(session: Session, nomination_id: UUID, account_id: UUID) -> Level | None:
    """The level at which somebody has acted on a nomination; None for whoever has not."""
    query = select(NominationActor.level).where(
        NominationActor.nomination_id == nomination_id, NominationActor.account_id == account_id
    )
    found = session.scalar(query)
    return None if found is None else Level(found)


def _take_part(session: Session, nomination: Nomination, by: Actor) -> None:
    """Write down the level at which somebody acts, the first time. Raises ActedAtAnotherLevel."""
    acted = level_of(session, nomination.id, by.account_id)
    if acted is None:
        session.add(NominationActor(nomination_id=nomination.id, account_id=by.account_id, level=by.level.value))
        session.flush()
    elif acted is not by.level:
        raise acted_elsewhere(acted)


def acted_elsewhere(acted: Level) -> ActedAtAnotherLevel:
    """What to answer to somebody who already acted at another level."""
    return ActedAtAnotherLevel(
        f"您已在“{LEVEL_LABELS[acted]}”环节经办过这份推荐，同一人不能经办两个环节，请由另一位同事办理"
    )
