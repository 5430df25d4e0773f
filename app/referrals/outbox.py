"""What a bank is told is written with the change itself: either both are there after a crash, or neither.

    append(session, bank_id, "cn.yinqiao.push.delivered", str(entry_id), {"push_id": …, "entry_id": …}, now)

The events of a bank are numbered from 1 without gaps. Whoever appends holds the bank's head until the commit, so that
numbers become visible in their order: who goes on from the last number he saw misses nothing. The price is that
two changes for one bank commit one after the other; append late in a unit of work.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import OutboxEvent, OutboxHead
from app.store.types import new_key

_KIND: Final = re.compile(r"cn\.yinqiao(\.[a-z][a-z_]*)+")
_LONGEST: Final = 80
# Ids and codes; whatever needs more room is a fact, which the receiver asks for over the API with its own key.
_MOST_DATA: Final = 20
_MOST_CHARACTERS: Final = 80


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell one bank. `subject` is the key of what stays in order; `body` holds ids and codes."""

    bank_id: UUID
    kind: str
    subject: str
    body: Mapping[str, str]

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind) or len(self.kind) > _LONGEST:
            raise ValueError(f"not a kind of event: {self.kind}")
        if not 0 < len(self.subject) <= _LONGEST:
            raise ValueError("a subject has 1 to 80 characters")
        texts = [*self.body, *self.body.values()]
        if len(self.body) > _MOST_DATA or any(len(one) > _MOST_CHARACTERS for one in texts):
            raise ValueError("an event names ids and codes and tells no facts")


def append(session: Session, bank_id: UUID, kind: str, subject: str, body: Mapping[str, str], at: datetime) -> UUID:
    """Tell one bank one thing; the id of the event. Whoever tells several banks uses `append_all`.

    Raises ValueError for a kind, subject or body that is none.
    """
    (key,) = append_all(session, [Notice(bank_id, kind, subject, body)], at)
    return key


def append_all(session: Session, notices: Iterable[Notice], at: datetime) -> list[UUID]:
    """Tell each bank its things, in the order given; the ids in that order.

    The heads are taken in the order of the banks' keys, so that two that tell the same banks never wait for each other.
    """
    told = list(notices)
    keys = [new_key() for _ in told]
    of_bank: defaultdict[UUID, list[tuple[UUID, Notice]]] = defaultdict(list)
    for key, notice in zip(keys, told, strict=True):
        of_bank[notice.bank_id].append((key, notice))
    rows: list[dict[str, Any]] = []
    for bank_id in sorted(of_bank):
        first = _take(session, bank_id, len(of_bank[bank_id]))
        rows += [_row(key, notice, first + place, at) for place, (key, notice) in enumerate(of_bank[bank_id])]
    if rows:
        session.execute(insert(OutboxEvent), rows)
    return keys


def _take(session: Session, bank_id: UUID, count: int) -> int:
    """The first of `count` numbers of a bank, whose head stays locked until the unit of work ends."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    added = dialect.insert(OutboxHead).values(bank_id=bank_id, number=count)
    statement = added.on_conflict_do_update(
        index_elements=[OutboxHead.bank_id], set_={"number": OutboxHead.number + count}
    ).returning(OutboxHead.number)
    last: int = session.execute(statement).scalar_one()
    return last - count + 1


def _row(key: UUID, notice: Notice, number: int, at: datetime) -> dict[str, Any]:
    return {
        "id": key,
        "bank_id": notice.bank_id,
        "number": number,
        "kind": notice.kind,
        "subject": notice.subject,
        "data": dict(notice.body),
        "at": at,
    }
