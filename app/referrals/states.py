"""What a bank may do about an entry of the list: one plain table. The database and docs/referrals.md have the same.

A test says that the three are equal.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple


class ReferralState(StrEnum):
    """How far a bank has come with an entry that was delivered to it."""

    NOT_CONTACTED = "not_contacted"
    CONTACTED = "contacted"
    DUE_DILIGENCE = "due_diligence"
    GRANTED = "granted"
    DISBURSED = "disbursed"
    DECLINED = "declined"


class ReferralAction(StrEnum):
    """What is done. `deliver` is the push itself; the others are the bank's."""

    DELIVER = "deliver"
    CONTACT = "contact"
    INVESTIGATE = "investigate"
    GRANT = "grant"
    DISBURSE = "disburse"
    DECLINE = "decline"
    ASSIGN = "assign"


class Transition(NamedTuple):
    """One line of the table."""

    from_state: str
    action: ReferralAction
    to_state: ReferralState


# Before the first delivery there is nothing to follow up.
NONE: Final = "none"
_S, _A = ReferralState, ReferralAction
TRANSITIONS: Final = (
    Transition(NONE, _A.DELIVER, _S.NOT_CONTACTED),
    Transition(_S.NOT_CONTACTED, _A.CONTACT, _S.CONTACTED),
    Transition(_S.NOT_CONTACTED, _A.DECLINE, _S.DECLINED),
    Transition(_S.NOT_CONTACTED, _A.ASSIGN, _S.NOT_CONTACTED),
    Transition(_S.CONTACTED, _A.INVESTIGATE, _S.DUE_DILIGENCE),
    Transition(_S.CONTACTED, _A.DECLINE, _S.DECLINED),
    Transition(_S.CONTACTED, _A.ASSIGN, _S.CONTACTED),
    Transition(_S.DUE_DILIGENCE, _A.GRANT, _S.GRANTED),
    Transition(_S.DUE_DILIGENCE, _A.DECLINE, _S.DECLINED),
    Transition(_S.DUE_DILIGENCE, _A.ASSIGN, _S.DUE_DILIGENCE),
    Transition(_S.GRANTED, _A.DISBURSE, _S.DISBURSED),
    # The borrower walks away from what was granted, or a condition of it is not met.
    Transition(_S.GRANTED, _A.DECLINE, _S.DECLINED),
    Transition(_S.GRANTED, _A.ASSIGN, _S.GRANTED),
    Transition(_S.DISBURSED, _A.ASSIGN, _S.DISBURSED),
)
# The bank has not decided yet: for these the clock runs.
UNDECIDED: Final = (_S.NOT_CONTACTED, _S.CONTACTED, _S.DUE_DILIGENCE)
# What is still in hand, for the bulk answers: everything but the two ends.
OPEN: Final = (*UNDECIDED, _S.GRANTED)
STATE_LABELS: Final = {
    _S.NOT_CONTACTED: "未联系",
    _S.CONTACTED: "已联系",
    _S.DUE_DILIGENCE: "尽职调查中",
    _S.GRANTED: "已授信",
    _S.DISBURSED: "已放款",
    _S.DECLINED: "不予办理",
}
ACTION_LABELS: Final = {
    _A.DELIVER: "推送",
    _A.CONTACT: "登记联系",
    _A.INVESTIGATE: "开始尽职调查",
    _A.GRANT: "授信",
    _A.DISBURSE: "放款",
    _A.DECLINE: "不予办理",
    _A.ASSIGN: "指定客户经理",
}
_FORWARD: Final = {_A.CONTACT, _A.INVESTIGATE, _A.GRANT, _A.DISBURSE}


def next_state(state: str, action: ReferralAction) -> ReferralState | None:
    """Where the action leads from a state; None where it is not allowed."""
    return next((one.to_state for one in TRANSITIONS if one.from_state == state and one.action is action), None)


def actions_from(state: str) -> tuple[ReferralAction, ...]:
    """What may be done in a state, in the order of the table."""
    return tuple(one.action for one in TRANSITIONS if one.from_state == state)


def path_to(state: ReferralState, wanted: ReferralState) -> Sequence[ReferralAction] | None:
    """The actions that lead from a state to another one, none for itself; None where no way leads there."""
    if wanted is ReferralState.DECLINED and state in OPEN:
        return (_A.DECLINE,)
    steps: list[ReferralAction] = []
    while state is not wanted:
        found = next((one for one in TRANSITIONS if one.from_state == state and one.action in _FORWARD), None)
        if found is None:
            return None
        steps.append(found.action)
        state = found.to_state
    return steps
