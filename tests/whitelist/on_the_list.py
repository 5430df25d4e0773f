"""Rows for tests of what ends and what is due: entries, certificates and nominations of fictional institutions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.store.tables import Batch, Institution, Project, WhitelistEntry, WhitelistEvent, institution_version
from app.store.types import new_key
from app.whitelist.moves import Actor, NewNomination, begin, move
from app.whitelist.states import Action, Level
from tests.access.house import COUNTY, an_institution
from tests.access.people import an_account, an_organisation

AT: Final = datetime(2026, 11, 21, 1, tzinfo=UTC)
TODAY: Final = date(2026, 11, 21)
_NUMBERS: Final = count(1)


@dataclass(frozen=True)
class Bureau:
    """An office of civil affairs where somebody works."""

    id: UUID
    account: UUID


def a_bureau(session: Session, region: str = COUNTY) -> Bureau:
    office = an_organisation(session, region=region)
    return Bureau(office.id, an_account(session, office, Role.CIVIL_AFFAIRS).id)


def in_days(days: int, today: date = TODAY) -> date:
    """So many days from today."""
    return today + timedelta(days=days)


def certified(session: Session, region: str = COUNTY, **facts: Any) -> Institution:
    """An institution with facts on record, such as the last days of its certificates."""
    made = an_institution(session, region, name=f"虚构康宁养老院{next(_NUMBERS)}号")
    row = {"institution_id": made.id, "name": made.name, "recorded_from": AT, "checked": (), "registry": ()}
    session.execute(insert(institution_version).values(id=new_key(), **row, **facts))
    return made


def a_project(session: Session, owner: Institution, region: str = COUNTY) -> Project:
    made = Project(region_code=region, institution_id=owner.id, name=f"虚构康养项目{next(_NUMBERS)}", created_at=AT)
    session.add(made)
    session.flush()
    return made


def nominated(
    session: Session, owner: Institution, by: Bureau, project: Project | None = None, due_on: date | None = None
) -> UUID:
    """A nomination that was submitted, and waits for its county until a day."""
    number, region = f"晋荐虚构-{next(_NUMBERS):04}", owner.region_code if project is None else project.region_code
    new = NewNomination(number, region, owner.id, None if project is None else project.id)
    actor = Actor(by.account, by.id, Level.APPLICANT)
    one = begin(session, new, actor, AT)
    move(session, one, Action.SUBMIT, actor, AT, due_on=due_on)
    return one.id


def listed(
    session: Session, owner: Institution, by: Bureau, valid_to: date, project: Project | None = None
) -> WhitelistEntry:
    """An entry of the list that is valid until a day (exclusive)."""
    nomination = nominated(session, owner, by, project)
    batch = Batch(region_code="140000", title="虚构批次", state="draft", drafted_by=by.account, created_at=AT)
    session.add(batch)
    session.flush()
    entry = WhitelistEntry(
        id=new_key(),
        region_code=owner.region_code if project is None else project.region_code,
        batch_id=batch.id,
        serial=1,
        nomination_id=nomination,
        subject_kind="institution" if project is None else "project",
        institution_id=owner.id,
        project_id=None if project is None else project.id,
        printed={"name": owner.name},
        search_key="",
        state="listed",
        step=1,
        valid_from=date(2026, 1, 1),
        valid_to=valid_to,
        created_at=AT,
    )
    session.add(entry)
    session.flush()
    session.add(
        WhitelistEvent(
            entry_id=entry.id,
            number=1,
            action="list",
            from_state="none",
            to_state="listed",
            effective_on=date(2026, 1, 1),
            at=AT,
            account_id=by.account,
            document_number="虚构发〔2026〕1号",
            valid_to=valid_to,
            sequence=next(_NUMBERS),
        )
    )
    session.flush()
    return entry


def became(session: Session, entry: WhitelistEntry, action: str, state: str, by: Bureau) -> None:
    """The next event of an entry."""
    last = session.get_one(WhitelistEvent, (entry.id, entry.step))
    session.add(
        WhitelistEvent(
            entry_id=entry.id,
            number=entry.step + 1,
            previous=entry.step,
            previous_account_id=last.account_id,
            action=action,
            from_state=entry.state,
            to_state=state,
            effective_on=TODAY,
            at=AT,
            account_id=by.account,
            reason_code="xugou",
            document_number="虚构发〔2026〕2号",
            valid_to=entry.valid_to,
            sequence=next(_NUMBERS),
        )
    )
    entry.state, entry.step = state, entry.step + 1
    session.flush()
