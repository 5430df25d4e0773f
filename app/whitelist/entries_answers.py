"""From entries, their events and frozen facts to answers, with what the caller may see of them. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from app.access.consent_fields import FIELDS
from app.access.sight import Sight
from app.store.tables import WhitelistEntry, WhitelistEvent
from app.whitelist.batches_answers import line_out
from app.whitelist.entries_schemas import ChangeOut, EntryRowOut, EventOut, PublicEntryOut
from app.whitelist.entry_states import ACTION_LABELS, STATE_LABELS, EntryAction, EntryState
from app.whitelist.printing.lines import Line

_SAME: Final = ("id", "serial", "subject_kind", "institution_id", "project_id", "valid_from", "version")
_HAPPENED: Final = ("number", "from_state", "effective_on", "at", "reason_code", "document_number", "note", "valid_to")


def entry_row_out(entry: WhitelistEntry, batch_number: str, state: str, valid_to: date) -> EntryRowOut:
    """An entry in the state of a day."""
    return EntryRowOut(
        **{name: getattr(entry, name) for name in _SAME},
        batch_number=batch_number,
        line=line_out(Line.from_json(entry.printed)),
        state=EntryState(state),
        state_label=STATE_LABELS[EntryState(state)],
        valid_to=valid_to,
    )


def public_entry_out(entry: WhitelistEntry, batch_number: str) -> PublicEntryOut:
    """An entry for anybody."""
    same = ("serial", "subject_kind", "valid_from", "valid_to")
    return PublicEntryOut(
        **{name: getattr(entry, name) for name in same},
        batch_number=batch_number,
        line=line_out(Line.from_json(entry.printed)),
    )


def event_out(event: WhitelistEvent) -> EventOut:
    """One event."""
    return EventOut(
        **{name: getattr(event, name) for name in _HAPPENED},
        action=EntryAction(event.action),
        action_label=ACTION_LABELS[EntryAction(event.action)],
        to_state=EntryState(event.to_state),
        by=event.account_id,
    )


def change_out(event: WhitelistEvent, entry: WhitelistEntry) -> ChangeOut:
    """One increment."""
    line = Line.from_json(entry.printed)
    return ChangeOut(
        entry_id=entry.id,
        institution_id=entry.institution_id,
        project_id=entry.project_id,
        name=line.name,
        number=line.number,
        region_code=entry.region_code,
        action=EntryAction(event.action),
        action_label=ACTION_LABELS[EntryAction(event.action)],
        state=EntryState(event.to_state),
        effective_on=event.effective_on,
        valid_to=event.valid_to,
        reason_code=event.reason_code,
        document_number=event.document_number,
        at=event.at,
    )


def seen_snapshot(snapshot: Mapping[str, Any], sight: Sight) -> tuple[dict[str, Any], list[str], list[str]]:
    """The frozen facts that the caller may see, the keys of those shown, and the fields kept back, known or not."""
    shown: list[str] = []

    def open_facts(part: Mapping[str, Any]) -> dict[str, Any]:
        facts = {key: fact for key, fact in part["facts"].items() if not sight.hides(key)}
        shown.extend(facts)
        return {**part, "facts": facts}

    project = snapshot["project"]
    seen = {
        **snapshot,
        "institution": open_facts(snapshot["institution"]),
        "project": None if project is None else open_facts(project),
        "needs": [open_facts(need) for need in snapshot["needs"]],
    }
    return seen, shown, sorted(field for field in FIELDS if "." in field and sight.hides(field) and _is_fact(field))


def _is_fact(field: str) -> bool:
    return field.startswith(("institution.", "project.", "need."))
