"""The arithmetic of the trail, pure: what is hashed, which chain an office writes, what the first event links to.

    genesis(chain) ─▶ event 1 ─▶ event 2 ─▶ … (day 1) ─▶ event 1 ─▶ … (day 2) ─▶ …

A day's first event links to the newest event of the chain's day before, so that a day that is taken away leaves a gap
that the next one shows; numbers begin again every day. The hash is SHA-256 over canonical JSON: sorted keys, no
blanks, UTF-8, instants in UTC with microseconds.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

# Every column of an event but its hash. A column that is added later needs a new prefix, or old events would break.
FIELDS: Final = (
    "id",
    "chain",
    "day",
    "number",
    "at",
    "action",
    "outcome",
    "account_id",
    "account_name",
    "organisation_id",
    "organisation_name",
    "region_code",
    "credential",
    "object_type",
    "object_id",
    "changes",
    "detail",
    "request_id",
    "address",
    "previous_hash",
)
SEAL_FIELDS: Final = ("number", "sealed_at", "heads", "previous_hash")
# The service itself, and whoever has not signed in.
SERVICE: Final = "00"
# What is hashed begins with its kind, so that no event passes for a seal, nor one kind of seal for another.
_EVENT: Final = b"yinqiao audit event 1\n"
_SEAL: Final = b"yinqiao audit seal 1\n"
_GENESIS: Final = b"yinqiao audit genesis 1\n"


def chain_of(region_code: str) -> str:
    """The chain that an office of the region writes: its city's (1403), the province's (14), or the service's (00)."""
    province, city = region_code[:2], region_code[2:4]
    return province if province == SERVICE or city == "00" else province + city


def genesis(chain: str) -> str:
    """What the first event of a chain links to."""
    return _digest(_GENESIS, chain.encode())


def event_hash(values: Mapping[str, Any]) -> str:
    """The hash of an event, from all its other columns."""
    return _digest(_EVENT, canonical({name: values[name] for name in FIELDS}).encode())


SEAL_GENESIS: Final = hashlib.sha256(_GENESIS + b"seals").hexdigest()


def seal_hash(values: Mapping[str, Any]) -> str:
    """The hash of a seal, from its number, instant, heads and the seal before."""
    return _digest(_SEAL, canonical({name: values[name] for name in SEAL_FIELDS}).encode())


def canonical(value: Any) -> str:
    """The one way to write a value as JSON. Raises TypeError for a float, of which the databases write two kinds."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """The value in terms of JSON."""
    match value:
        case None | bool() | int() | str():
            return value
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [plain(one) for one in value]
        case _:
            raise TypeError(f"{type(value).__name__} stands in no event")


def _digest(kind: bytes, content: bytes) -> str:
    return hashlib.sha256(kind + content).hexdigest()
