"""Letters for the tests."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.inbox.messages import Letter, Recipient, send
from app.store.types import new_key
from tests.access.house import COUNTY, House
from tests.access.people import Person

AT: Final = datetime(2026, 11, 21, 1, tzinfo=UTC)
SUBJECT: Final = UUID("01990000-0000-7000-8000-000000000001")


def a_letter(**changes: Any) -> Letter:
    """A letter with a key of its own."""
    content: dict[str, Any] = {
        "kind": "reminder.list",
        "title": "虚构的提醒",
        "body": "虚构康宁养老院的白名单有效期将满。",
        "subject_kind": "whitelist_entry",
        "subject_id": SUBJECT,
        "key": f"letter:{new_key()}",
    }
    return Letter(**content | changes)


def to(person: Person, institution_id: UUID | None = None, region: str = COUNTY) -> Recipient:
    """The office of somebody, or an institution."""
    if institution_id is not None:
        return Recipient(region, institution_id=institution_id)
    return Recipient(region, organisation_id=person.organisation_id)


def deliver(house: House, recipient: Recipient, count: int = 1, **changes: Any) -> list[Letter]:
    """Letters to one recipient, the oldest first."""
    letters = [a_letter(**changes) for _ in range(count)]
    for letter in letters:
        with house.owner.writing() as session:
            send(session, [recipient], letter, AT)
    return letters
