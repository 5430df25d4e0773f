"""The select of cases: for each kind of case, which rows it is and in which column each fact stands.

A case of an institution is the institution itself; of a project, the project and its owner; of a need or a loan,
that and its owner, with its project if it has one. Facts that a kind does not have are unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Table, and_, case, or_, select, true, type_coerce
from sqlalchemy.types import BigInteger

from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject
from app.store.fact_columns import CHECKED, REGISTRY, column_name, stored_facts
from app.store.rule_sql import FactColumn
from app.store.tables import (
    Attestation,
    Institution,
    Loan,
    Need,
    Project,
    institution_version,
    loan_version,
    need_version,
    project_version,
)
from app.store.types import EnumSet


class CaseKind(StrEnum):
    """What a case is."""

    INSTITUTION = "institution"
    PROJECT = "project"
    NEED = "need"
    LOAN = "loan"


@dataclass(frozen=True, slots=True)
class Moment:
    """The day of the question, and the instant whose recorded facts count (None: now)."""

    as_of: date
    known_at: datetime | None = None

    def recorded(self, table: Table | type[Attestation]) -> ColumnElement[bool]:
        """SQL: the version that was on record at that instant."""
        columns = table.c if isinstance(table, Table) else table.__table__.c
        if self.known_at is None:
            return columns.recorded_to.is_(None)
        later = or_(columns.recorded_to.is_(None), columns.recorded_to > self.known_at)
        return and_(columns.recorded_from <= self.known_at, later)


@dataclass(frozen=True, slots=True)
class CaseSource:
    """One kind of case at one moment: where its rows come from, who and where they are, and its facts as SQL.

    `project_id` is NULL where the case has no project. `open` holds for the cases that want something now.
    """

    kind: CaseKind
    rows: FromClause
    id: ColumnElement[UUID]
    institution_id: ColumnElement[UUID]
    project_id: ColumnElement[UUID] | None
    region: ColumnElement[str]
    name: ColumnElement[str]
    open: ColumnElement[bool]
    facts: "CaseColumns"


def case_source(kind: CaseKind, moment: Moment) -> CaseSource:
    """The source of a kind of case."""
    match kind:
        case CaseKind.INSTITUTION:
            return _institutions(moment)
        case CaseKind.PROJECT:
            return _projects(moment)
        case CaseKind.NEED:
            return _money(kind, moment, Need, need_version, Need.status == "open")
        case CaseKind.LOAN:
            return _money(kind, moment, Loan, loan_version, true())


def _c(column: Any) -> Any:
    """A mapped attribute as the plain column that expressions are typed with."""
    return column.expression


def _with_institution(rows: FromClause, moment: Moment) -> FromClause:
    version = institution_version
    return rows.join(version, and_(version.c.institution_id == Institution.id, moment.recorded(version)))


def _institutions(moment: Moment) -> CaseSource:
    rows = _with_institution(Institution.__table__, moment)
    facts = CaseColumns(moment, {Subject.INSTITUTION: institution_version}, _c(Institution.id), None)
    return CaseSource(
        CaseKind.INSTITUTION,
        rows,
        _c(Institution.id),
        _c(Institution.id),
        None,
        _c(Institution.region_code),
        _c(Institution.name),
        true(),
        facts,
    )


def _projects(moment: Moment) -> CaseSource:
    versions = {Subject.INSTITUTION: institution_version, Subject.PROJECT: project_version}
    owned = Project.__table__.join(Institution, Institution.id == Project.institution_id)
    mine = and_(project_version.c.project_id == Project.id, moment.recorded(project_version))
    rows = _with_institution(owned, moment).join(project_version, mine)
    facts = CaseColumns(moment, versions, _c(Institution.id), _c(Project.id))
    return CaseSource(
        CaseKind.PROJECT,
        rows,
        _c(Project.id),
        _c(Institution.id),
        _c(Project.id),
        _c(Project.region_code),
        _c(Project.name),
        true(),
        facts,
    )


def _money(
    kind: CaseKind, moment: Moment, noun: type[Need] | type[Loan], version: Table, is_open: ColumnElement[bool]
) -> CaseSource:
    """A need or a loan with its owner and, where it is for one, its project."""
    subject = Subject(kind.value)
    versions = {Subject.INSTITUTION: institution_version, Subject.PROJECT: project_version, subject: version}
    mine = and_(version.c[f"{kind}_id"] == noun.id, moment.recorded(version))
    owned = noun.__table__.join(version, mine).join(Institution, Institution.id == noun.institution_id)
    of_project = and_(project_version.c.project_id == Project.id, moment.recorded(project_version))
    rows = _with_institution(owned, moment).outerjoin(Project, Project.id == noun.project_id)
    facts = CaseColumns(moment, versions, _c(Institution.id), _c(Project.id))
    return CaseSource(
        kind,
        rows.outerjoin(project_version, of_project),
        _c(noun.id),
        _c(Institution.id),
        _c(Project.id),
        _c(noun.region_code),
        _c(Institution.name),
        is_open,
        facts,
    )


class CaseColumns(Mapping[str, FactColumn]):
    """The facts of a kind of case by key, attestations included. A key that it lacks is unknown for every case."""

    def __init__(
        self,
        moment: Moment,
        versions: Mapping[Subject, Table],
        institution_id: ColumnElement[UUID],
        project_id: ColumnElement[UUID] | None,
    ) -> None:
        self._moment = moment
        self._versions = versions
        self._subjects = {Subject.INSTITUTION: institution_id, Subject.PROJECT: project_id}
        self.stored = {
            fact.key: _stored(versions[subject], column_name(fact))
            for subject in versions
            for fact in stored_facts(subject)
        }
        self.stored["whitelist.status"] = FactColumn(_list_column("list_status", project_id), true())
        self.stored["whitelist.listed_on"] = FactColumn(_list_column("listed_on", project_id), true())

    def __getitem__(self, key: str) -> FactColumn:
        if key in self.stored:
            return self.stored[key]
        fact = CATALOGUE[key]
        subject_id = self._subjects.get(fact.subject)
        if fact.type is not FactType.ATTESTATION or subject_id is None:
            raise KeyError(key)
        return FactColumn(_attested(self._moment, subject_id, fact.key, key.partition("@")[2]), true())

    def masks(self) -> Iterator[tuple[Subject, str, ColumnElement[Any]]]:
        """For each subject the sets of its facts that an office has checked and that a registry supplies."""
        for subject, version in self._versions.items():
            for mask in (CHECKED, REGISTRY):
                yield subject, mask, version.c[mask]

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


def _stored(version: Table, name: str) -> FactColumn:
    mask_type = version.c[CHECKED].type
    bit = mask_type.mask((name,)) if isinstance(mask_type, EnumSet) else 0
    masks = (type_coerce(version.c[mask], BigInteger) for mask in (CHECKED, REGISTRY))
    return FactColumn(version.c[name], or_(*(mask.bitwise_and(bit) != 0 for mask in masks)))


def _list_column(name: str, project_id: ColumnElement[UUID] | None) -> ColumnElement[Any]:
    """The list knows institutions and projects: a case with a project stands on the list as that project."""
    own = _c(getattr(Institution, name))
    return own if project_id is None else case((project_id.is_not(None), _c(getattr(Project, name))), else_=own)


def _attested(moment: Moment, subject_id: ColumnElement[UUID], fact: str, programme: str) -> ColumnElement[bool]:
    """Granted or refused; NULL where there is none, or none that holds on the day."""
    holds = or_(Attestation.valid_until.is_(None), Attestation.valid_until > moment.as_of)
    found = select(Attestation.granted).where(
        Attestation.subject_id == subject_id,
        Attestation.fact == fact,
        Attestation.programme == programme,
        moment.recorded(Attestation),
        Attestation.attested_on <= moment.as_of,
        holds,
    )
    return found.scalar_subquery()
