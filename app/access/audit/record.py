"""What a unit of work says of itself for the audit trail.

    record(session, action="export_candidates", object_type="product", object_id=str(key), detail={"rows": 120})

Whatever is written is put on record without this call. It is for what cannot be seen in the rows that changed: an
export, an unmasking, a sign-in, the reason of a refusal; or for a better name than the operation's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy.orm import Session

_KEY: Final = "audit.happenings"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that was said to happen. `action` None stands for the operation that runs."""

    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def record(
    session: Session,
    *,
    action: str | None = None,
    object_type: str | None = None,
    object_id: object = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Say what happens in this unit of work. A call without an `action` completes the one before.

    A unit that writes is one event: its first happening names it, later ones stand in the event's detail. A unit that
    reads is one event for each happening. Secrets and personal data have no place in `detail`.
    """
    said: list[Happening] = session.info.setdefault(_KEY, [])
    key = None if object_id is None else str(object_id)
    if action is None and said:
        before = said.pop()
        said.append(
            replace(
                before,
                object_type=object_type or before.object_type,
                object_id=key or before.object_id,
                detail={**before.detail, **(detail or {})},
            )
        )
    else:
        said.append(Happening(action, object_type, key, dict(detail or {})))


def happenings(session: Session) -> list[Happening]:
    """Everything that was said in this unit of work, in order."""
    return list(session.info.get(_KEY, ()))
