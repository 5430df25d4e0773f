"""How the trail is shown: events, seals, and what became of a seal's export."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from app.access.audit.export import Exported
from app.access.audit.seals import SealedHeads
from app.http.schemas import OutputSchema
from app.store.tables import AuditEvent

Outcome = Literal["done", "refused"]


class AuditEventOut(OutputSchema):
    """One event. `changes` lists the rows that changed; `hidden` names columns whose values the trail does not keep."""

    id: UUID
    chain: str
    day: str
    number: int
    at: datetime
    action: str
    outcome: Outcome
    account_id: UUID | None
    account_name: str | None
    organisation_id: UUID | None
    organisation_name: str | None
    region_code: str
    credential: str
    object_type: str | None
    object_id: str | None
    changes: list[dict[str, Any]] | None
    detail: dict[str, Any] | None
    request_id: str
    address: str
    previous_hash: str
    hash: str


class AuditEventListOut(OutputSchema):
    """A page of events, newest first."""

    items: list[AuditEventOut]
    next_cursor: str | None
    total: int | None


class HeadOut(OutputSchema):
    """The newest event of a chain as it was sealed."""

    chain: str
    day: str
    number: int
    hash: str


class SealOut(OutputSchema):
    """All heads at one moment, chained to the seal before."""

    number: int
    sealed_at: datetime
    heads: list[HeadOut]
    previous_hash: str
    hash: str


class SealListOut(OutputSchema):
    """A page of seals, newest first."""

    items: list[SealOut]
    next_cursor: str | None
    total: int | None


class ExportedOut(OutputSchema):
    """Where a seal was sent. `delivered` False: see the log, and seal again once the target is back."""

    kind: Literal["file", "syslog", "webhook"]
    delivered: bool


class SealTakenOut(OutputSchema):
    """A new seal and where it went."""

    seal: SealOut
    exports: list[ExportedOut]


COLUMNS: Final = tuple(AuditEventOut.model_fields)


def event_out(event: AuditEvent) -> AuditEventOut:
    """One event as it is shown."""
    values = {name: getattr(event, name) for name in COLUMNS}
    return AuditEventOut(**{**values, "day": event.day.isoformat()})


def seal_out(seal: SealedHeads | Any) -> SealOut:
    """One seal as it is shown."""
    return SealOut(
        number=seal.number,
        sealed_at=seal.sealed_at,
        heads=[HeadOut(**head) for head in seal.heads],
        previous_hash=seal.previous_hash,
        hash=seal.hash,
    )


def exported_out(export: Exported) -> ExportedOut:
    """What became of one target; why it failed stands in the log alone, as it may name hosts."""
    return ExportedOut.model_validate({"kind": export.kind, "delivered": export.failure is None})
