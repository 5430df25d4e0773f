"""What may become of an entry: one plain table. It is also a table of the database and one of docs/white-list.md."""

from enum import StrEnum
from typing import Final, NamedTuple


class EntryState(StrEnum):
    """Where an entry stands; the words of `list_status`."""

    LISTED = "listed"
    SUSPENDED = "suspended"
    REMOVED = "removed"
    EXPIRED = "expired"


class EntryAction(StrEnum):
    """What is done to an entry."""

    LIST = "list"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REMOVE = "remove"
    RENEW = "renew"
    EXPIRE = "expire"


class EntryTransition(NamedTuple):
    """One line of the table."""

    from_state: str
    action: EntryAction
    to_state: EntryState


# Before the first event there is no entry.
NONE: Final = "none"
_S, _A = EntryState, EntryAction
TRANSITIONS: Final = (
    EntryTransition(NONE, _A.LIST, _S.LISTED),
    EntryTransition(_S.LISTED, _A.SUSPEND, _S.SUSPENDED),
    EntryTransition(_S.SUSPENDED, _A.REINSTATE, _S.LISTED),
    EntryTransition(_S.SUSPENDED, _A.REMOVE, _S.REMOVED),
    EntryTransition(_S.LISTED, _A.RENEW, _S.LISTED),
    EntryTransition(_S.LISTED, _A.EXPIRE, _S.EXPIRED),
    EntryTransition(_S.SUSPENDED, _A.EXPIRE, _S.EXPIRED),
)
# These need somebody else than whoever acted on the entry last. A suspension protects banks and waits for nobody.
SECOND_PERSON: Final = frozenset({_A.REINSTATE, _A.REMOVE, _A.RENEW})
# A removal begins with a suspension, so that two people stand behind it.
LIVE: Final = frozenset({_S.LISTED, _S.SUSPENDED})

STATE_LABELS: Final = {
    _S.LISTED: "在册",
    _S.SUSPENDED: "暂停",
    _S.REMOVED: "移出",
    _S.EXPIRED: "到期",
}
ACTION_LABELS: Final = {
    _A.LIST: "列入",
    _A.SUSPEND: "暂停",
    _A.REINSTATE: "恢复",
    _A.REMOVE: "移出",
    _A.RENEW: "续期",
    _A.EXPIRE: "到期",
}


def next_state(state: str, action: EntryAction) -> EntryState | None:
    """Where the action leads from a state; None where it is not allowed."""
    return next((one.to_state for one in TRANSITIONS if one.from_state == state and one.action is action), None)
