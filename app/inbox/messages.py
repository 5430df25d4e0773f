"""Sending: a letter to offices and institutions, each of which gets it once, however often it is sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.store.tables import Message, Organisation
from app.store.types import new_key

# A statement names so many messages: far below the number of values that either database takes in one.
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Recipient:
    """An office (of a bank, too) or an institution, and where it is; one of the two ids is set."""

    region_code: str
    organisation_id: UUID | None = None
    institution_id: UUID | None = None

    @classmethod
    def office(cls, organisation: Organisation) -> Self:
        """The people of an office; an institution's own office stands for the institution."""
        if organisation.institution_id is not None:
            return cls(organisation.region_code, institution_id=organisation.institution_id)
        return cls(organisation.region_code, organisation_id=organisation.id)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is said: `kind` is a stable code, title and body are Chinese, the subject is the row that it is about.

    `key` tells this letter from all others to the same recipient; `due_on` is the last day for what is to be done.
    """

    kind: str
    title: str
    body: str
    subject_kind: str
    subject_id: UUID
    key: str
    due_on: date | None = None


Posting = tuple[Recipient, Letter]


def send(session: Session, recipients: Iterable[Recipient], letter: Letter, at: datetime) -> int:
    """Send a letter to each of some recipients; to how many it was new."""
    return send_all(session, [(one, letter) for one in recipients], at)


def send_all(session: Session, postings: Iterable[Posting], at: datetime) -> int:
    """Send many letters; how many of them were new to their recipients.

    The database keeps a recipient from getting two with one key, also of two that send at the same time.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    sent, left = 0, iter(postings)
    while some := list(islice(left, _AT_ONCE)):
        rows = [_row(recipient, letter, at) for recipient, letter in some]
        added = insert(Message).values(rows).on_conflict_do_nothing()
        result = session.execute(added, execution_options={"preserve_rowcount": True})
        if not isinstance(result, CursorResult):
            raise TypeError("an INSERT says how many rows it made")
        sent += result.rowcount
    return sent


def unsent(session: Session, postings: Sequence[Posting]) -> list[Posting]:
    """Those of some postings that their recipients do not have yet, for whoever reads all inboxes.

    Whoever asks this first writes nothing in vain, and puts nothing on record that did not happen.
    """
    there: set[tuple[UUID | None, UUID | None, str]] = set()
    for start in range(0, len(postings), _AT_ONCE):
        same = (_is_same(recipient, letter) for recipient, letter in postings[start : start + _AT_ONCE])
        rows = session.execute(select(Message.organisation_id, Message.institution_id, Message.key).where(or_(*same)))
        there.update((row[0], row[1], row[2]) for row in rows)
    return [
        (recipient, letter)
        for recipient, letter in postings
        if (recipient.organisation_id, recipient.institution_id, letter.key) not in there
    ]


def _is_same(recipient: Recipient, letter: Letter) -> ColumnElement[bool]:
    """SQL: the message is this letter to this recipient; the unique constraint of either column serves."""
    if recipient.institution_id is not None:
        return and_(Message.institution_id == recipient.institution_id, Message.key == letter.key)
    return and_(Message.organisation_id == recipient.organisation_id, Message.key == letter.key)


def _row(recipient: Recipient, letter: Letter, at: datetime) -> dict[str, Any]:
    return {
        "id": new_key(),
        "region_code": recipient.region_code,
        "organisation_id": recipient.organisation_id,
        "institution_id": recipient.institution_id,
        "kind": letter.kind,
        "title": letter.title,
        "body": letter.body,
        "subject_kind": letter.subject_kind,
        "subject_id": letter.subject_id,
        "due_on": letter.due_on,
        "key": letter.key,
        "created_at": at,
    }
