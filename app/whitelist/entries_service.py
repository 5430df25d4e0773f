"""What is done to entries of the list: suspend, reinstate, remove, renew, and what ends by itself.

An act takes effect on the day on which it is done, never earlier or later: the list of a past day stays what it was.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope, require_province
from app.errors import FieldError
from app.http.etags import VersionStale, check_version
from app.rules.months import add_months
from app.store.tables import WhitelistEntry
from app.whitelist.batches_rows import person_of
from app.whitelist.entries_events import Event, last_event, record
from app.whitelist.entries_queries import get_entry
from app.whitelist.entry_states import (
    ACTION_LABELS,
    LIVE,
    SECOND_PERSON,
    STATE_LABELS,
    EntryAction,
    EntryState,
    next_state,
)
from app.whitelist.parameters import VALID_MONTHS, whole_number
from app.whitelist.reasons import check_reason
from app.whitelist.refusals import EntryStands, SamePerson, TooEarlyToRenew
from app.whitelist.reminders import STEPS

_LIVE: Final = tuple(state.value for state in LIVE)
_EXPIRED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants done to an entry, why, and by which document."""

    action: EntryAction
    reason_code: str
    document_number: str
    note: str | None = None


def check_keeper(scope: Scope) -> None:
    """Raise Forbidden unless the province itself acts: it keeps the list."""
    require_province(scope, "名单的批次和条目由省级民政部门办理，请由省民政厅的账号操作")


def act_on(
    session: Session, entry_id: UUID, act: Act, if_match: str | None, caller: Caller, now: datetime, today: date
) -> WhitelistEntry:
    """Do it today. Raises EntryStands, SamePerson, TooEarlyToRenew or ReasonRefused."""
    # Whoever may not know of the entry is told so, and not what would be needed to act on it.
    get_entry(session, entry_id, caller.scope)
    check_keeper(caller.scope)
    entry = get_entry(session, entry_id, caller.scope, lock=True)
    _check_version(if_match, entry)
    to_state = _next(entry, act.action, today)
    if act.action in SECOND_PERSON and last_event(session, entry).account_id == caller.account_id:
        detail = f"上一次办理本条目的就是您，{ACTION_LABELS[act.action]}须由另一位同事办理"
        raise SamePerson(detail)
    check_reason(session, act.reason_code, act.action.value, today)
    until = _renewed(session, entry, today) if act.action is EntryAction.RENEW else entry.valid_to
    event = Event(act.action, to_state, today, until, person_of(caller), act.document_number, act.reason_code, act.note)
    record(session, entry, event, now)
    return entry


def expire_due(session: Session, today: date, now: datetime, *, only: Collection[UUID] | None = None) -> int:
    """Mark the entries whose validity has ended by today; how many. `only` names subjects, where not all are meant.

    What is asked of the list on a day never waits for this: an entry that has ended counts as ended at once.
    """
    ended = select(WhitelistEntry).where(WhitelistEntry.state.in_(_LIVE), WhitelistEntry.valid_to <= today)
    if only is not None:
        subject = func.coalesce(WhitelistEntry.project_id, WhitelistEntry.institution_id)
        ended = ended.where(subject.in_(only))
    count = 0
    while True:
        # Whoever acts on one of them at this moment is waited for; what became of it is read after that.
        query = ended.order_by(WhitelistEntry.id).limit(_EXPIRED_AT_ONCE).with_for_update()
        entries = session.scalars(query.execution_options(populate_existing=True)).all()
        for entry in entries:
            event = Event(EntryAction.EXPIRE, EntryState.EXPIRED, entry.valid_to, entry.valid_to)
            record(session, entry, event, now)
        count += len(entries)
        if len(entries) < _EXPIRED_AT_ONCE:
            return count


def _check_version(if_match: str | None, entry: WhitelistEntry) -> None:
    try:
        check_version(if_match, entry.version)
    except VersionStale:
        label = STATE_LABELS[EntryState(entry.state)]
        detail = f"条目已被他人办理，现在是“{label}”（版本 {entry.version}），请重新读取后再办"
        raise VersionStale(detail, errors=(_state_of(entry),)) from None


def _state_of(entry: WhitelistEntry) -> FieldError:
    return FieldError("/state", entry.state, f"现在的状态：{STATE_LABELS[EntryState(entry.state)]}")


def _next(entry: WhitelistEntry, action: EntryAction, today: date) -> EntryState:
    """The state after it. An entry that has ended has ended, whether or not it was marked so."""
    if entry.state in _LIVE and entry.valid_to <= today:
        detail = f"条目已于 {entry.valid_to} 到期，须重新推荐，经下一批次列入"
        raise EntryStands(detail, errors=(FieldError("/state", "expired", detail),))
    found = next_state(entry.state, action)
    if found is None:
        label = STATE_LABELS[EntryState(entry.state)]
        first = "；请先暂停，再由另一位同事移出" if action is EntryAction.REMOVE and entry.state == "listed" else ""
        raise EntryStands(f"条目现在是“{label}”，不能{ACTION_LABELS[action]}{first}", errors=(_state_of(entry),))
    return found


def _renewed(session: Session, entry: WhitelistEntry, today: date) -> date:
    """The end after another period, which follows the present one without a gap."""
    opens = entry.valid_to - timedelta(days=whole_number(session, STEPS[0], today))
    if today < opens:
        raise TooEarlyToRenew(f"有效期到 {entry.valid_to}（不含当日），{opens} 起才能办理续期")
    return add_months(entry.valid_to, whole_number(session, VALID_MONTHS, today))
