"""Needs: money that is wanted, until it is there or no longer wanted. A need lies where its institution does."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.institutions.checks import need_errors
from app.institutions.facts import fact_row, merged, read_changes, recorded_facts, values_of
from app.institutions.history import NEED, Recorded, begin, change_state
from app.institutions.own_words import own_words_errors
from app.institutions.parts import amend_part, project_errors_of
from app.institutions.queries import get_institution
from app.institutions.refusals import NeedNotOpen, refuse
from app.institutions.register import day_of
from app.institutions.schemas import NeedIn, NeedPatch
from app.rules.facts import Subject


class NeedAction(StrEnum):
    """What ends a need, and what takes it up again."""

    MEET = "meet"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"


_LABEL: Final = {"open": "待解决", "met": "已满足", "withdrawn": "已撤回"}
_STEPS: Final[dict[NeedAction, tuple[frozenset[str], str]]] = {
    NeedAction.MEET: (frozenset({"open"}), "met"),
    NeedAction.WITHDRAW: (frozenset({"open"}), "withdrawn"),
    NeedAction.REOPEN: (frozenset({"met", "withdrawn"}), "open"),
}


def add_need(session: Session, institution_id: UUID, body: NeedIn, scope: Scope, now: datetime) -> UUID:
    """Write a new, open need. Raises InstitutionNotFound or RegistryRefused."""
    owner = get_institution(session, institution_id, scope)
    facts = merged({}, read_changes(Subject.NEED, body.facts, day_of(now)))
    wrong_project = project_errors_of(session, institution_id, body.project_id, scope)
    refuse([*wrong_project, *need_errors(values_of(facts), day_of(now)), *own_words_errors({}, facts, scope)])
    header: dict[str, Any] = {
        "institution_id": institution_id,
        "project_id": body.project_id,
        "region_code": owner.header["region_code"],
        "status": "open",
    }
    return begin(session, NEED, header, fact_row(Subject.NEED, facts), now)


def amend_need(session: Session, seen: Recorded, body: NeedPatch, scope: Scope, now: datetime) -> None:
    """Record what changes of an open need. Raises NeedNotOpen, RegistryRefused or VersionStale."""
    if seen.header["status"] != "open":
        raise NeedNotOpen(f"该需求{_LABEL[seen.header['status']]}，不能再改；请先用 reopen 重新打开")
    before = recorded_facts(Subject.NEED, seen.facts)
    facts = merged(before, read_changes(Subject.NEED, body.facts, day_of(now)))
    project_id = body.project_id if "project_id" in body.model_fields_set else seen.header["project_id"]
    # What is not written stays, even a project that lies beyond the caller's region.
    wrong_project = project_errors_of(session, seen.header["institution_id"], body.project_id, scope)
    refuse([*wrong_project, *need_errors(values_of(facts), day_of(now)), *own_words_errors(before, facts, scope)])
    amend_part(session, NEED, seen, {"project_id": project_id}, fact_row(Subject.NEED, facts), now)


def act_on_need(session: Session, seen: Recorded, action: NeedAction, now: datetime) -> None:
    """Change the status of a need. Raises NeedNotOpen or VersionStale."""
    allowed, after = _STEPS[action]
    if seen.header["status"] not in allowed:
        expected = "、".join(_LABEL[status] for status in sorted(allowed))
        raise NeedNotOpen(f"该需求{_LABEL[seen.header['status']]}，此操作只用于{expected}的需求")
    change_state(session, NEED, seen, {"status": after}, now)
