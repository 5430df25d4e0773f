"""The one writer of a referral's state: a step, and with it the state.

The UPDATE names the version that the step was decided on and is the lock: of two managers who answer at once the later
one changes no row and is told the present state (412).
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.errors import FieldError
from app.http.etags import VersionStale
from app.referrals.refusals import ReferralStands
from app.referrals.states import ACTION_LABELS, STATE_LABELS, ReferralAction, ReferralState, next_state
from app.store.tables import Referral, ReferralStep


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step, and for which office of the bank."""

    account_id: UUID
    organisation_id: UUID


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, on which day, and what goes with it."""

    action: ReferralAction
    happened_on: date
    manager_id: UUID | None = None
    amount_yuan: Decimal | None = None
    rate_percent: Decimal | None = None
    reason_code: str | None = None
    internal_note: str | None = None


def move(
    session: Session, referral: Referral, step: Step, by: By, now: datetime, values: dict[str, Any] | None = None
) -> Referral:
    """Take a step and return the referral after it; `values` are what else changes of it.

    Raises ReferralStands, or VersionStale where somebody else has moved it since it was read.
    """
    before = referral.state
    after = allowed(referral, step.action)
    _advance(session, referral, {"state": after.value, "step": referral.step + 1, **(values or {})})
    session.add(
        ReferralStep(
            referral_id=referral.id,
            number=referral.step,
            previous=referral.step - 1,
            action=step.action.value,
            from_state=before,
            to_state=after.value,
            happened_on=step.happened_on,
            at=now,
            account_id=by.account_id,
            organisation_id=by.organisation_id,
            manager_id=step.manager_id,
            amount_yuan=step.amount_yuan,
            rate_percent=step.rate_percent,
            reason_code=step.reason_code,
            internal_note=step.internal_note,
        )
    )
    # So that a refusal of the database comes here and not with somebody else's statement.
    session.flush()
    return referral


def allowed(referral: Referral, action: ReferralAction) -> ReferralState:
    """The state after an action. Raises ReferralStands where the table has no such line."""
    after = next_state(referral.state, action)
    if after is None:
        label = STATE_LABELS[ReferralState(referral.state)]
        detail = f"“{referral.name}”现在是“{label}”，不能{ACTION_LABELS[action]}"
        raise ReferralStands(detail, errors=(state_of(referral),))
    return after


def stale(referral: Referral) -> VersionStale:
    """What to answer to a step that was decided on an older version: where it stands now."""
    label = STATE_LABELS[ReferralState(referral.state)]
    detail = f"“{referral.name}”已被同事办理，现在是“{label}”（版本 {referral.version}），请重新读取后再办"
    return VersionStale(detail, errors=(state_of(referral),))


def state_of(referral: Referral) -> FieldError:
    """The present state as a problem's detail; its code is the state's."""
    return FieldError("/state", referral.state, f"现在的状态：{STATE_LABELS[ReferralState(referral.state)]}")


def last_day_of(session: Session, referral: Referral) -> date:
    """The day of the last thing that was done; whose it is does not count."""
    query = select(func.max(ReferralStep.happened_on)).where(
        ReferralStep.referral_id == referral.id, ReferralStep.action != ReferralAction.ASSIGN.value
    )
    return session.scalar(query) or referral.delivered_on


def _advance(session: Session, referral: Referral, values: dict[str, Any]) -> None:
    mine = (Referral.id == referral.id) & (Referral.version == referral.version)
    moved = update(Referral).where(mine).values(version=referral.version + 1, **values)
    changed = session.execute(
        moved.returning(Referral.version).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.refresh(referral)
    if changed is None:
        raise stale(referral)
