"""Batches made by the program itself, on any day, without the service around it."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import NOBODY, Caller
from app.access.scope import FULL
from app.store.tables import Batch, WhitelistEntry
from app.whitelist import batches_service as service
from tests.whitelist.desk import at

WEEK = timedelta(days=7)


def clerk(account_id: UUID, organisation_id: UUID) -> Caller:
    """Somebody of the province."""
    return replace(NOBODY, account_id=account_id, organisation_id=organisation_id, scope=FULL)


def announce(session: Session, nomination: UUID, maker: Caller, begins: date) -> Batch:
    """A batch of one, on notice for the seven days from `begins`."""
    batch = service.draft(session, "虚构批次", [nomination], maker, at(begins))
    period = begins, begins + WEEK - timedelta(days=1)
    return service.announce(session, batch.id, period, '"1"', maker, at(begins), begins)


def put_on_the_list(session: Session, nomination: UUID, maker: Caller, checker: Caller, day: date) -> WhitelistEntry:
    """The entry of a batch of one, published on a day."""
    batch = announce(session, nomination, maker, day - WEEK)
    service.publish(session, batch.id, "虚构文号", '"2"', checker, at(day), day)
    return session.scalars(select(WhitelistEntry).where(WhitelistEntry.batch_id == batch.id)).one()
