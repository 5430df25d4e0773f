"""Projects: where something is built, which may be another county than its owner's."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.institutions.checks import project_errors
from app.institutions.facts import Statements, fact_pointer, fact_row, merged, read_changes, recorded_facts, values_of
from app.institutions.history import PROJECT, UNLISTED, Recorded, begin
from app.institutions.own_words import own_words_errors
from app.institutions.parts import amend_part
from app.institutions.places import is_zone, place_errors
from app.institutions.queries import get_institution
from app.institutions.refusals import refuse
from app.institutions.register import beyond, day_of, trimmed
from app.institutions.schemas import ProjectIn, ProjectPatch
from app.rules.facts import Subject

REGION = "project.region_code"


def add_project(session: Session, institution_id: UUID, body: ProjectIn, scope: Scope, now: datetime) -> UUID:
    """Write a new project. Raises InstitutionNotFound or RegistryRefused."""
    get_institution(session, institution_id, scope)
    facts = merged({}, read_changes(Subject.PROJECT, body.facts, day_of(now)))
    _check({}, facts, body.zone, scope, now)
    name = trimmed(body.name)
    header = {"institution_id": institution_id, "name": name, "region_code": facts[REGION].value, **UNLISTED}
    return begin(session, PROJECT, header, {"name": name, **fact_row(Subject.PROJECT, facts)}, now)


def amend_project(session: Session, seen: Recorded, body: ProjectPatch, scope: Scope, now: datetime) -> None:
    """Record what changes. Raises RegistryRefused or VersionStale."""
    changes = read_changes(Subject.PROJECT, body.facts, day_of(now))
    before = recorded_facts(Subject.PROJECT, seen.facts)
    facts = merged(before, changes)
    moved = REGION in changes or body.zone is not None
    _check(before, facts, body.zone if moved else is_zone(seen.header["region_code"]), scope, now)
    name = trimmed(body.name) if body.name is not None else seen.facts["name"]
    header = {"name": name, "region_code": facts[REGION].value}
    amend_part(session, PROJECT, seen, header, {"name": name, **fact_row(Subject.PROJECT, facts)}, now)


def _check(before: Statements, facts: Statements, zone: bool | None, scope: Scope, now: datetime) -> None:
    values = values_of(facts)
    wrong_place = place_errors(values.get(REGION), zone, fact_pointer(REGION))
    limits = [*beyond(REGION, facts, scope), *own_words_errors(before, facts, scope)]
    refuse([*wrong_place, *project_errors(values, day_of(now)), *limits])
