"""From rows of follow-up to answers, each side seeing what is its own."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app.access.caller import Caller
from app.access.permissions import Permission
from app.referrals.clock import STANDING_LABELS, ClockStanding, days_left, standing
from app.referrals.reasons import REASON_LABELS, DeclineReason
from app.referrals.referral_schemas import ReferralOut, ReferralRowOut, ReferralStepOut
from app.referrals.states import ACTION_LABELS, STATE_LABELS, ReferralAction, ReferralState, actions_from
from app.regions import region_names
from app.store.tables import Referral, ReferralStep
from app.whitelist.entry_states import STATE_LABELS as ENTRY_LABELS
from app.whitelist.entry_states import EntryState


def row_out(row: Any, caller: Caller, today: date, soon_days: int) -> ReferralRowOut:
    """A row of `select_referrals` as a line of the list."""
    return ReferralRowOut(**_row(row, caller, today, soon_days))


def referral_out(
    row: Any, steps: Sequence[tuple[ReferralStep, str]], caller: Caller, today: date, soon_days: int
) -> ReferralOut:
    """The same with its steps."""
    own = is_own(row[0], caller)
    return ReferralOut(**_row(row, caller, today, soon_days), steps=[_step(step, name, own) for step, name in steps])


def is_own(referral: Referral, caller: Caller) -> bool:
    """Whether the caller works for the bank."""
    return caller.scope.sees_drafts_of(referral.bank_id)


def _row(row: Any, caller: Caller, today: date, soon_days: int) -> dict[str, Any]:
    one: Referral = row[0]
    own, state = is_own(one, caller), ReferralState(one.state)
    may = own and caller.may(Permission.FOLLOW_UP)
    return {
        "id": one.id,
        "version": one.version,
        "bank": row.bank,
        "bank_name": row.bank_name,
        **_subject(one, row.entry_state),
        "delivery_number": row.delivery_number,
        "delivered_on": one.delivered_on,
        **_clock(one, today, soon_days),
        "state": state,
        "state_label": STATE_LABELS[state],
        "manager_id": one.manager_id if own else None,
        "manager_name": row.manager_name if own else None,
        **_result(one, shows_subsidy=caller.bank_id is None),
        "actions": list(actions_from(one.state)) if may else [],
    }


def _subject(one: Referral, entry_state: str | None) -> dict[str, Any]:
    state = None if entry_state is None else EntryState(entry_state)
    return {
        "entry_id": one.entry_id,
        "entry_state": state,
        "entry_state_label": None if state is None else ENTRY_LABELS[state],
        "subject_kind": one.subject_kind,
        "institution_id": one.institution_id,
        "project_id": one.project_id,
        "name": one.name,
        "region_code": one.region_code,
        "region_name": region_names().get(one.region_code, one.region_code),
    }


def _clock(one: Referral, today: date, soon_days: int) -> dict[str, Any]:
    stands = standing(one.state, one.due_on, today, soon_days)
    return {
        "due_on": one.due_on,
        "standing": stands,
        "standing_label": STANDING_LABELS[stands],
        "days_left": None if stands is ClockStanding.DECIDED else days_left(one.due_on, today),
    }


def _result(one: Referral, *, shows_subsidy: bool) -> dict[str, Any]:
    names = ("contacted_on", "granted_yuan", "granted_on", "disbursed_yuan", "disbursed_on", "rate_percent", "loan_id")
    return {
        **{name: getattr(one, name) for name in names},
        "declined_on": one.declined_on,
        **_reason(one.reason_code),
        "subsidy_programme": one.subsidy_programme if shows_subsidy else None,
        "subsidy_yuan": one.subsidy_yuan if shows_subsidy else None,
    }


def _reason(code: str | None) -> dict[str, Any]:
    reason = None if code is None else DeclineReason(code)
    return {"reason_code": reason, "reason_label": None if reason is None else REASON_LABELS[reason]}


def _step(step: ReferralStep, name: str, own: bool) -> ReferralStepOut:
    return ReferralStepOut(
        number=step.number,
        action=ReferralAction(step.action),
        action_label=ACTION_LABELS[ReferralAction(step.action)],
        from_state=step.from_state,
        to_state=ReferralState(step.to_state),
        to_state_label=STATE_LABELS[ReferralState(step.to_state)],
        happened_on=step.happened_on,
        at=step.at,
        by=name if own else None,
        manager_id=step.manager_id if own else None,
        amount_yuan=step.amount_yuan,
        rate_percent=step.rate_percent,
        **_reason(step.reason_code),
        note=step.internal_note if own else None,
    )
