"""Questions to the trail, each bounded by the caller's region."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import NotFound
from app.store.pages import Key
from app.store.tables import AuditEvent, AuditSeal

NEWEST_FIRST: Final = (Key(AuditEvent.at, descending=True), Key(AuditEvent.id, descending=True))
NEWEST_SEAL_FIRST: Final = (Key(AuditSeal.number, descending=True),)
_SERVICE_REGION: Final = "000000"
_PROVINCE_DIGITS: Final = 2


class EventNotFound(NotFound):
    """No such event, or none of this caller's region."""

    code = "audit_event_not_found"
    title = "没有这条审计记录"


@dataclass(frozen=True, slots=True)
class EventsAsked:
    """What a caller wants to see; None asks for everything. `begin` inclusive, `end` exclusive."""

    begin: datetime | None = None
    end: datetime | None = None
    account_id: UUID | None = None
    organisation_id: UUID | None = None
    action: str | None = None
    object_type: str | None = None
    object_id: str | None = None
    outcome: str | None = None
    request_id: str | None = None

    def named(self) -> dict[str, str]:
        """The filters that were set, as text."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: str(value) for name, value in given.items() if value is not None}

    def where(self) -> list[ColumnElement[bool]]:
        """SQL of the filters that were set."""
        bounds = [
            None if self.begin is None else AuditEvent.at >= self.begin,
            None if self.end is None else AuditEvent.at < self.end,
        ]
        same = {name: getattr(self, name) for name in self.__slots__[2:]}
        equal = [getattr(AuditEvent, name) == value for name, value in same.items() if value is not None]
        return [*(bound for bound in bounds if bound is not None), *equal]


def select_events(scope: Scope, asked: EventsAsked) -> Select[Any]:
    """The events of the caller's region that fit."""
    return select(AuditEvent).where(_in_scope(scope), *asked.where())


def get_event(session: Session, scope: Scope, event_id: UUID) -> AuditEvent:
    """One event. Raises EventNotFound."""
    found = session.scalars(select(AuditEvent).where(AuditEvent.id == event_id, _in_scope(scope))).one_or_none()
    if found is None:
        raise EventNotFound("没有这条审计记录，或不在您的辖区内，请核对编号")
    return found


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    """What nobody in particular did (strangers, the command line) is the province's to look at."""
    mine = scope.regions(AuditEvent.region_code)
    if scope.sees_nothing or len(scope.region_prefix) > _PROVINCE_DIGITS:
        return mine
    return or_(mine, AuditEvent.region_code == _SERVICE_REGION)
