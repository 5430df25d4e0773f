"""Cases read into facts: one query for any number of cases, and one for the attestations of every thousand."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Result, RowMapping, Select, bindparam, null, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.rules.facts import Subject
from app.rules.given import Facts, Provenance, Stated
from app.rules.values import Value
from app.store.fact_columns import CHECKED, REGISTRY
from app.store.tables import Attestation

# Both databases take more parameters than this in one statement.
_BATCH: Final = 1_000
_VOUCHED: Final = frozenset({Provenance.CHECKED, Provenance.REGISTRY})
# What is attested of each institution and project, under the keys that rules ask.
_Attested: TypeAlias = Mapping[UUID, Mapping[str, Stated]]


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
        source.place.label("region_code"),
        source.name.label("name"),
        *(column.label(_label(key)) for key, column in source.facts.stored.items()),
        *(column.label(_label(f"{subject}.{mask}")) for subject, mask, column in source.facts.masks()),
    ]
    in_scope = [scope.regions(source.region), scope.institutions(source.institution_id)]
    return select(*columns).select_from(source.rows).where(*in_scope)


def read_cases(
    session: Session, source: CaseSource, query: Select[Any], moment: Moment, bound: Mapping[str, Any] | None = None
) -> list[Case]:
    """The cases that a query made by `case_select` returns, in its order; `bound` are its parameters, if it has any."""
    rows = _executed(session, query, bound).mappings().all()
    subjects = {subject_id for row in rows for subject_id in _subjects(row).values()}
    attested = _attestations(session, list(subjects), moment)
    return [_case(source, row, attested) for row in rows]


def _executed(session: Session, query: Select[Any], bound: Mapping[str, Any] | None) -> Result[Any]:
    """Columns alone: the session would take as long to hand them over as the database to find them."""
    if session.autoflush:
        session.flush()
    return session.connection().execute(query, bound)


def find_case(session: Session, kind: CaseKind, case_id: UUID, moment: Moment, scope: Scope) -> Case | None:
    """One case in scope, or None."""
    source = case_source(kind, moment, scope)
    found = read_cases(session, source, case_select(source, scope).where(source.id == case_id), moment)
    return found[0] if found else None


def _label(key: str) -> str:
    # SQLite's driver cuts a column name at its dot.
    return key.replace(".", "__")


def _subjects(row: RowMapping) -> dict[Subject, UUID]:
    """Whom the attestations of a case are about."""
    subjects = {Subject.INSTITUTION: row["institution_id"], Subject.PROJECT: row["project_id"]}
    return {subject: subject_id for subject, subject_id in subjects.items() if subject_id is not None}


def _case(source: CaseSource, row: RowMapping, attested: _Attested) -> Case:
    stated = dict(_stored(source, row))
    for subject, subject_id in _subjects(row).items():
        about = attested.get(subject_id, {})
        # What is attested of an institution says nothing of its project, under whatever key it was written.
        stated |= {key: one for key, one in about.items() if key.startswith(f"{subject}.")}
    values = {key: cast(Value, one.value) for key, one in stated.items()}
    checked = frozenset(key for key, one in stated.items() if one.provenance in _VOUCHED)
    facts = Facts(values, checked, stated)
    owner = row["institution_id"], row["project_id"]
    return Case(source.kind, row["case_id"], *owner, row["region_code"], row["name"], facts)


def _stored(source: CaseSource, row: RowMapping) -> Iterator[tuple[str, Stated]]:
    """The known facts that stand in columns, with who vouches for each."""
    checked, registry = (_vouched_for(source, row, mask) for mask in (CHECKED, REGISTRY))
    for key in source.facts.stored:
        value = row[_label(key)]
        if value is not None:
            # Where both vouch for a value, the registry is the better source; the white list is one itself.
            by_registry = key in registry or key.startswith(f"{Subject.WHITELIST}.")
            vouched = Provenance.CHECKED if key in checked else Provenance.DECLARED
            provenance = Provenance.REGISTRY if by_registry else vouched
            yield key, Stated(frozenset(value) if isinstance(value, tuple | list) else value, provenance)


def _vouched_for(source: CaseSource, row: RowMapping, wanted: str) -> set[str]:
    """The keys of the facts in one of the two sets, which are NULL where a case has no project."""
    masks = [(subject, row[_label(f"{subject}.{mask}")]) for subject, mask, _ in source.facts.masks() if mask == wanted]
    return {f"{subject}.{name}" for subject, names in masks for name in names or ()}


_SUBJECTS: Final = "subjects_asked"


@lru_cache(maxsize=16)
def _attestation_query(moment: Moment) -> Select[Any]:
    """Put together once for a day, which takes longer than to read what it finds."""
    columns: list[Any] = [Attestation.subject_id, Attestation.fact, Attestation.programme, Attestation.granted]
    query = select(*columns, Attestation.attested_on).where(moment.attested())
    return query.where(Attestation.subject_id.in_(bindparam(_SUBJECTS, expanding=True)))


def _attestations(session: Session, subjects: Sequence[UUID], moment: Moment) -> _Attested:
    query = _attestation_query(moment)
    found: defaultdict[UUID, dict[str, Stated]] = defaultdict(dict)
    for start in range(0, len(subjects), _BATCH):
        batch = {_SUBJECTS: subjects[start : start + _BATCH]}
        for row in _executed(session, query, batch):
            key = f"{row.fact}@{row.programme}" if row.programme else row.fact
            found[row.subject_id][key] = Stated(row.granted, Provenance.CHECKED, row.attested_on)
    return found
