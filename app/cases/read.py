"""Cases read into facts: one query for any number of cases, one more for their attestations."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, null, or_, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.rules.facts import Subject
from app.rules.given import Facts, Provenance, Stated
from app.rules.values import Value
from app.store.fact_columns import CHECKED, REGISTRY
from app.store.tables import Attestation


@dataclass(frozen=True, slots=True)
class Case:
    """One case with its facts and whose it is."""

    kind: CaseKind
    id: UUID
    institution_id: UUID
    project_id: UUID | None
    region_code: str
    name: str
    facts: Facts


def case_select(source: CaseSource, scope: Scope) -> Select[Any]:
    """All cases of a source that lie in scope, with everything that `read_cases` needs of them."""
    columns: list[ColumnElement[Any]] = [
        source.id.label("case_id"),
        source.institution_id.label("institution_id"),
        (null() if source.project_id is None else source.project_id).label("project_id"),
        source.region.label("region_code"),
        source.name.label("name"),
        *(column.value.label(_label(key)) for key, column in source.facts.stored.items()),
        *(column.label(f"{mask}__{subject}") for subject, mask, column in source.facts.masks()),
    ]
    in_scope = [scope.regions(source.region), scope.institutions(source.institution_id)]
    return select(*columns).select_from(source.rows).where(*in_scope)


def read_cases(session: Session, source: CaseSource, query: Select[Any], moment: Moment) -> list[Case]:
    """The cases that a query made by `case_select` returns, in its order."""
    rows = session.execute(query).mappings().all()
    subjects = {row["institution_id"] for row in rows} | {row["project_id"] for row in rows if row["project_id"]}
    attested = _attestations(session, subjects, moment)
    return [_case(source, row, attested) for row in rows]


def find_case(session: Session, kind: CaseKind, case_id: UUID, moment: Moment, scope: Scope) -> Case | None:
    """One case in scope, or None."""
    source = case_source(kind, moment)
    found = read_cases(session, source, case_select(source, scope).where(source.id == case_id), moment)
    return found[0] if found else None


def _label(key: str) -> str:
    # SQLite's driver cuts a column name at its dot.
    return key.replace(".", "__")


def _case(source: CaseSource, row: RowMapping, attested: Mapping[UUID, Sequence[Attestation]]) -> Case:
    values = {key: _value(row[_label(key)]) for key in source.facts.stored if row[_label(key)] is not None}
    stated = {key: Stated(value, _provenance(row, key)) for key, value in values.items()}
    for subject_id in filter(None, (row["institution_id"], row["project_id"])):
        for attestation in attested.get(subject_id, ()):
            key = f"{attestation.fact}@{attestation.programme}" if attestation.programme else attestation.fact
            values[key] = attestation.granted
            stated[key] = Stated(attestation.granted, Provenance.CHECKED, attestation.attested_on)
    vouched = {Provenance.CHECKED, Provenance.REGISTRY}
    checked = frozenset(key for key, statement in stated.items() if statement.provenance in vouched)
    return Case(
        source.kind,
        row["case_id"],
        row["institution_id"],
        row["project_id"],
        row["region_code"],
        row["name"],
        Facts(values, checked, stated),
    )


def _value(stored: Any) -> Value:
    value: Value = frozenset(stored) if isinstance(stored, tuple | list) else stored
    return value


def _provenance(row: RowMapping, key: str) -> Provenance:
    subject, _, name = key.partition(".")
    if subject == Subject.WHITELIST or name in (row[f"{REGISTRY}__{subject}"] or ()):
        return Provenance.REGISTRY
    return Provenance.CHECKED if name in (row[f"{CHECKED}__{subject}"] or ()) else Provenance.DECLARED


def _attestations(session: Session, subjects: Iterable[UUID], moment: Moment) -> dict[UUID, list[Attestation]]:
    holds = or_(Attestation.valid_until.is_(None), Attestation.valid_until > moment.as_of)
    query = select(Attestation).where(
        Attestation.subject_id.in_(list(subjects)),
        moment.recorded(Attestation),
        Attestation.attested_on <= moment.as_of,
        holds,
    )
    found: defaultdict[UUID, list[Attestation]] = defaultdict(list)
    for attestation in session.scalars(query):
        found[attestation.subject_id].append(attestation)
    return found
