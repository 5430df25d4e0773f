"""Appending to the trail: one event at the end of its chain, in the transaction of what it tells of.

Whoever appends locks its chain until the transaction ends, so that two writers of a city wait for each other and their
events have an order; writers of different cities do not meet. Append as the last act, and to one chain only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access.audit.chain import canonical, chain_of, event_hash, genesis
from app.http.clock import CHINA, now
from app.store.tables import AuditEvent, AuditHead
from app.store.types import new_key

# The row of a chain that holds no event: what its first event links to, and the lock of all its writers.
ROOT_DAY: Final = date(1900, 1, 1)
DONE: Final = "done"
REFUSED: Final = "refused"
_COLUMNS: Final = {"action": 80, "object_type": 40, "object_id": 120, "credential": 64, "request_id": 64, "address": 45}


@dataclass(frozen=True, slots=True)
class Source:
    """Who acts, for which organisation, and from where."""

    account_id: UUID | None
    account_name: str | None
    organisation_id: UUID | None
    organisation_name: str | None
    region_code: str
    credential: str
    request_id: str
    address: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done or tried. `changes` and `detail` hold JSON values without floats."""

    action: str
    outcome: str
    object_type: str | None = None
    object_id: str | None = None
    changes: list[dict[str, Any]] | None = None
    detail: Mapping[str, Any] | None = None


def append(session: Session, source: Source, deed: Deed) -> UUID:
    """Write one event. Raises what the database raises; then nothing of the transaction may be committed."""
    chain = chain_of(source.region_code)
    lock_chain(session, chain)
    # Read after the lock, so that instants grow with numbers.
    at = now()
    last = session.execute(_newest_of(chain)).one()
    # A writer that waited past midnight behind one of the new day follows it: days only grow.
    day = max(at.astimezone(CHINA).date(), last.day)
    number = last.number + 1 if last.day == day else 1
    values = {"id": new_key(), "chain": chain, "day": day, "number": number, "at": at, **_said(source, deed)}
    values["previous_hash"] = last.hash
    values["hash"] = event_hash(values)
    session.execute(insert(AuditEvent).values(values))
    _move_head(session, chain, day, number, values["hash"])
    key: UUID = values["id"]
    return key


def lock_chain(session: Session, chain: str) -> None:
    """Wait until every other writer of the chain is done. Makes the chain if nobody has written it before."""
    locked = select(AuditHead.hash).where(AuditHead.chain == chain, AuditHead.day == ROOT_DAY).with_for_update()
    if session.scalar(locked) is not None:
        return
    # Two first writers meet here: one inserts, the other waits for it and then finds its row.
    kind = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    root = kind(AuditHead).values(chain=chain, day=ROOT_DAY, number=0, hash=genesis(chain))
    session.execute(root.on_conflict_do_nothing())
    session.scalar(locked)


def _newest_of(chain: str) -> Any:
    columns = AuditHead.day, AuditHead.number, AuditHead.hash
    return select(*columns).where(AuditHead.chain == chain).order_by(AuditHead.day.desc()).limit(1)


def _move_head(session: Session, chain: str, day: date, number: int, digest: str) -> None:
    if number == 1:
        session.execute(insert(AuditHead).values(chain=chain, day=day, number=number, hash=digest))
        return
    mine = update(AuditHead).where(AuditHead.chain == chain, AuditHead.day == day)
    session.execute(
        mine.values(number=number, hash=digest).execution_options(synchronize_session=False),
    )


def _said(source: Source, deed: Deed) -> dict[str, Any]:
    said: dict[str, Any] = {
        "action": deed.action,
        "outcome": deed.outcome,
        "account_id": source.account_id,
        "account_name": source.account_name,
        "organisation_id": source.organisation_id,
        "organisation_name": source.organisation_name,
        "region_code": source.region_code,
        "credential": source.credential,
        "object_type": deed.object_type,
        "object_id": deed.object_id,
        "changes": _sorted(deed.changes),
        "detail": _sorted(deed.detail),
        "request_id": source.request_id,
        "address": source.address,
    }
    for name, length in _COLUMNS.items():
        said[name] = said[name] and said[name][:length]
    return said


def _sorted(value: Any) -> Any:
    """JSON with its keys in order, as it is hashed; nothing at all where it says nothing."""
    return json.loads(canonical(value)) if value else None
