"""A fictional registry (虚构) of any size, written fast: every institution has one need, every second one a project.

Facts repeat after some thousand institutions; the revenue of each is its own, so that a rule can be met by exactly as
many cases as wanted. Search grams are left out: no rule reads them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session

from app.regions import Level, regions
from app.rules import given
from app.rules.facts import Subject
from app.store.bulk import insert_many
from app.store.fact_columns import CHECKED, REGISTRY, SOURCES, column_name, stored_facts
from app.store.tables import (
    Attestation,
    Institution,
    Need,
    Project,
    institution_version,
    need_version,
    project_version,
)
from app.store.types import new_key
from bench.workload import cases_as_json

# What every second institution has attested of it, all of it or nothing.
ATTESTED: Final = ("institution.stable_cash_flow", "institution.risk_controllable", "institution.lawful_compliant")
_DISTINCT: Final = 2_000
_CHUNK: Final = 4_000
_RECORDED: Final = datetime(2026, 1, 1, tzinfo=UTC)
_ATTESTED_ON: Final = date(2026, 1, 1)
# A need always says these; the unknown ones of its institution and project remain.
_NEED: Final = {"amount_yuan": Decimal(3_000_000), "term_months": 24, "purpose": "equipment", "securities": ["credit"]}
# Coprime to every size in use: neighbours in the registry are no neighbours in revenue.
_STRIDE: Final = 7_919
_COUNTIES: Final = tuple(code for code, region in regions().items() if region.level is Level.COUNTY)
Row = dict[str, Any]


def revenue(number: int, size: int) -> Decimal:
    """The revenue of institution `number` among `size`, in yuan: a whole number below `size`, and nobody else's."""
    return Decimal(number * _STRIDE % size)


def fill(session: Session, size: int) -> None:
    """Write `size` institutions with all that is theirs."""
    facts = [_columns(case) for case in cases_as_json(_DISTINCT)]
    for start in range(0, size, _CHUNK):
        numbers = range(start, min(start + _CHUNK, size))
        keys = [new_key() for _ in numbers]
        _institutions(session, numbers, keys, facts, size)
        projects = _projects(session, numbers, keys, facts)
        _needs(session, numbers, keys, facts, projects)
        insert_many(session, cast(Table, Attestation.__table__), [
            row for number, key in zip(numbers, keys, strict=True) if number % 2 for row in _attestations(key)
        ])  # fmt: skip


def _columns(case: Mapping[str, Any]) -> dict[Subject, Row]:
    """The facts of a case as columns of each noun; every third fact was checked by an office."""
    values = given(case).values
    columns: dict[Subject, Row] = {}
    for subject in (Subject.INSTITUTION, Subject.PROJECT, Subject.NEED):
        stored = {column_name(fact): values.get(fact.key) for fact in stored_facts(subject)}
        known = [name for name, value in stored.items() if value is not None]
        columns[subject] = {**stored, CHECKED: known[::3], REGISTRY: [], SOURCES: None}
    return columns


def _institutions(
    session: Session, numbers: range, keys: Sequence[UUID], facts: Sequence[dict[Subject, Row]], size: int
) -> None:
    headers, versions = [], []
    for number, key in zip(numbers, keys, strict=True):
        region, name = _region(number), f"虚构养老院{number}号"
        headers.append({**_header(key, region), "name": name, "provisional_number": f"虚构-{number}",
                        "site_number": 1, "search_key": "", "list_status": "none"})  # fmt: skip
        own = {"name": name, "region_code": region, "annual_revenue_yuan": revenue(number, size)}
        versions.append(_version("institution_id", key, facts[number % _DISTINCT][Subject.INSTITUTION], own))
    insert_many(session, cast(Table, Institution.__table__), headers)
    insert_many(session, institution_version, versions)


def _projects(
    session: Session, numbers: range, keys: Sequence[UUID], facts: Sequence[dict[Subject, Row]]
) -> dict[int, UUID]:
    made = {number: new_key() for number in numbers if number % 2 == 0}
    headers, versions = [], []
    for number, key in made.items():
        region, name = _region(number), f"虚构康养项目{number}号"
        owner = keys[number - numbers.start]
        headers.append({**_header(key, region), "institution_id": owner, "name": name, "list_status": "none"})
        own = {"name": name, "region_code": region}
        versions.append(_version("project_id", key, facts[number % _DISTINCT][Subject.PROJECT], own))
    insert_many(session, cast(Table, Project.__table__), headers)
    insert_many(session, project_version, versions)
    return made


def _needs(
    session: Session, numbers: range, keys: Sequence[UUID], facts: Sequence[dict[Subject, Row]],
    projects: Mapping[int, UUID],
) -> None:  # fmt: skip
    headers, versions = [], []
    for number, owner in zip(numbers, keys, strict=True):
        key = new_key()
        whose = {"institution_id": owner, "project_id": projects.get(number), "status": "open"}
        headers.append({**_header(key, _region(number)), **whose})
        own = {**_NEED, "amount_yuan": Decimal(1_000_000 + number)}
        versions.append(_version("need_id", key, facts[number % _DISTINCT][Subject.NEED], own))
    insert_many(session, cast(Table, Need.__table__), headers)
    insert_many(session, need_version, versions)


def _header(key: UUID, region: str) -> Row:
    return {"id": key, "region_code": region, "version": 1, "created_at": _RECORDED}


def _version(owner: str, key: UUID, facts: Row, own: Row) -> Row:
    return {"id": new_key(), owner: key, "recorded_from": _RECORDED, "recorded_to": None, **facts, **own}


def _region(number: int) -> str:
    return _COUNTIES[number * _STRIDE % len(_COUNTIES)]


def _attestations(owner: UUID) -> list[Row]:
    shared = {"institution_id": owner, "project_id": None, "subject_id": owner, "programme": "", "granted": True,
              "office": "虚构局", "person": "虚构人", "attested_on": _ATTESTED_ON, "valid_until": None,
              "recorded_from": _RECORDED, "recorded_to": None}  # fmt: skip
    return [{"id": new_key(), "fact": fact, **shared} for fact in ATTESTED]
