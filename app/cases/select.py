"""The select of cases: for each kind of case, which rows it is and in which column each fact stands.

A case of an institution is the institution itself; of a project, the project and its owner; of a need or a loan,
that and its owner, with its project if it has one. Facts that a kind does not have are unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Table, and_, case, literal, or_, select, true

from app.access.scope import Scope
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject, Visibility
from app.store.fact_columns import CHECKED, REGISTRY, column_name, stored_facts
from app.store.one_text import as_text
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
from app.store.types import overlaps

# How a granted attestation is written in a text of rows.
GRANTED: Final = "1"


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

    def said(self, header: Any, version: Table) -> ColumnElement[Any]:
        """SQL: what a header says now, or what the version of that instant repeats of it."""
        column: ColumnElement[Any] = header.expression if self.known_at is None else version.c[header.key]
        return column

    def attested(self) -> ColumnElement[bool]:
        """SQL: the attestation was on record at that instant, and holds on the day: until `valid_until`, without it."""
        lasts = or_(Attestation.valid_until.is_(None), Attestation.valid_until > self.as_of)
        return and_(self.recorded(Attestation), Attestation.attested_on <= self.as_of, lasts)


@dataclass(frozen=True, slots=True)
class CaseSource:
    """One kind of case at one moment: where its rows come from, who and where they are, and its facts as SQL.

    `project_id` is NULL where the case has no project. `open` holds for the cases that want something.
    `region` is where the case lies today, which decides who may see it whatever the moment; `place` is where it lay.
    """

    kind: CaseKind
    rows: FromClause
    id: ColumnElement[UUID]
    institution_id: ColumnElement[UUID]
    project_id: ColumnElement[UUID] | None
    region: ColumnElement[str]
    place: ColumnElement[str]
    name: ColumnElement[str]
    open: ColumnElement[bool]
    facts: "CaseColumns"


def case_source(kind: CaseKind, moment: Moment, scope: Scope) -> CaseSource:
    """The source of a kind of case, with its facts as the caller may know them. Which rows lie in scope is not said."""
    match kind:
        case CaseKind.INSTITUTION:
            return _institutions(moment, scope)
        case CaseKind.PROJECT:
            return _projects(moment, scope)
        case CaseKind.NEED:
            status = moment.said(Need.status, need_version)
            return _money(kind, moment, scope, Need, need_version, status == "open")
        case CaseKind.LOAN:
            return _money(kind, moment, scope, Loan, loan_version, true())


def _c(column: Any) -> Any:
    """A mapped attribute as the plain column that expressions are typed with."""
    return column.expression


def _with_institution(rows: FromClause, moment: Moment) -> FromClause:
    version = institution_version
    return rows.join(version, and_(version.c.institution_id == Institution.id, moment.recorded(version)))


def _institutions(moment: Moment, scope: Scope) -> CaseSource:
    rows = _with_institution(Institution.__table__, moment)
    facts = CaseColumns(moment, scope, {Subject.INSTITUTION: institution_version}, _c(Institution.id), None)
    return CaseSource(
        CaseKind.INSTITUTION,
        rows,
        _c(Institution.id),
        _c(Institution.id),
        None,
        _c(Institution.region_code),
        moment.said(Institution.region_code, institution_version),
        moment.said(Institution.name, institution_version),
        true(),
        facts,
    )


def _projects(moment: Moment, scope: Scope) -> CaseSource:
    versions = {Subject.INSTITUTION: institution_version, Subject.PROJECT: project_version}
    owned = Project.__table__.join(Institution, Institution.id == Project.institution_id)
    mine = and_(project_version.c.project_id == Project.id, moment.recorded(project_version))
    rows = _with_institution(owned, moment).join(project_version, mine)
    facts = CaseColumns(moment, scope, versions, _c(Institution.id), _c(Project.id))
    return CaseSource(
        CaseKind.PROJECT,
        rows,
        _c(Project.id),
        _c(Institution.id),
        _c(Project.id),
        _c(Project.region_code),
        moment.said(Project.region_code, project_version),
        moment.said(Project.name, project_version),
        true(),
        facts,
    )


def _money(
    kind: CaseKind,
    moment: Moment,
    scope: Scope,
    noun: type[Need] | type[Loan],
    version: Table,
    is_open: ColumnElement[bool],
) -> CaseSource:
    """A need or a loan with its owner and, where it is for one, its project."""
    subject = Subject(kind.value)
    versions = {Subject.INSTITUTION: institution_version, Subject.PROJECT: project_version, subject: version}
    mine = and_(version.c[f"{kind}_id"] == noun.id, moment.recorded(version))
    owned = noun.__table__.join(version, mine).join(Institution, Institution.id == noun.institution_id)
    of_project = and_(project_version.c.project_id == Project.id, moment.recorded(project_version))
    for_project = Project.id == moment.said(noun.project_id, version)
    rows = _with_institution(owned, moment).outerjoin(Project, for_project)
    facts = CaseColumns(moment, scope, versions, _c(Institution.id), _c(Project.id))
    return CaseSource(
        kind,
        rows.outerjoin(project_version, of_project),
        _c(noun.id),
        _c(Institution.id),
        _c(Project.id),
        _c(noun.region_code),
        # Money is wanted, and was lent, where its institution lies.
        _c(noun.region_code) if moment.known_at is None else institution_version.c.region_code,
        moment.said(Institution.name, institution_version),
        is_open,
        facts,
    )


class CaseColumns(Mapping[str, FactColumn]):
    """The facts of a kind of case by key, attestations included. A key that it lacks is unknown for every case.

    For a bank, a fact that needs consent is NULL, and so unknown, where it has none: whatever reads these columns
    (verdicts, explanations, counts, orders) can then say nothing of it, and the unknown and the hidden look the same.
    """

    def __init__(
        self,
        moment: Moment,
        scope: Scope,
        versions: Mapping[Subject, Table],
        institution_id: ColumnElement[UUID],
        project_id: ColumnElement[UUID] | None,
    ) -> None:
        self._moment = moment
        self._versions = versions
        self._subjects = {Subject.INSTITUTION: institution_id, Subject.PROJECT: project_id}
        self.stored: dict[str, ColumnElement[Any]] = {
            fact.key: _as_seen(version.c[column_name(fact)], fact, institution_id, scope)
            for subject, version in versions.items()
            for fact in stored_facts(subject)
        }
        self.stored["whitelist.status"] = _list_column(moment, "list_status", project_id)
        self.stored["whitelist.listed_on"] = _list_column(moment, "listed_on", project_id)

    def __getitem__(self, key: str) -> FactColumn:
        fact = CATALOGUE[key]
        if key in self.stored:
            version = self._versions.get(fact.subject)
            # The white list is a registry of its own.
            return FactColumn(self.stored[key], true() if version is None else _vouched(version, column_name(fact)))
        subject_id = self._subjects.get(fact.subject)
        if fact.type is not FactType.ATTESTATION or subject_id is None:
            raise KeyError(key)
        return FactColumn(_attested(self._moment, subject_id, fact.key, key.partition("@")[2]), true())

    def masks(self) -> Iterator[tuple[Subject, str, ColumnElement[Any]]]:
        """For each subject the sets of its facts that an office has checked and that a registry supplies."""
        for subject, version in self._versions.items():
            for mask in (CHECKED, REGISTRY):
                yield subject, mask, version.c[mask]

    def attested(self) -> ColumnElement[str]:
        """All that is attested of the case's institution and project, as a text of rows: subject, fact, programme,
        granted or not, day. One by one they would be a dozen queries for each case.
        """
        about = {subject: Attestation.subject_id == one for subject, one in self._subjects.items() if one is not None}
        return as_text(
            case(*((asked, literal(subject.value)) for subject, asked in about.items())),
            Attestation.fact,
            Attestation.programme,
            case((Attestation.granted, GRANTED), else_=""),
            Attestation.attested_on,
            where=and_(or_(*about.values()), self._moment.attested()),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.stored)

    def __len__(self) -> int:
        return len(self.stored)


def _as_seen(
    column: ColumnElement[Any], fact: Fact, institution_id: ColumnElement[UUID], scope: Scope
) -> ColumnElement[Any]:
    if scope.bank_id is None or fact.visibility is not Visibility.CONSENT:
        return column
    return case((scope.consented(institution_id, fact.key), column))


@cache
def _vouched(version: Table, name: str) -> ColumnElement[bool]:
    """An office has checked the fact, or a registry supplies it. Made once: few rules ask, but every column has it."""
    return or_(*(overlaps(version.c[mask], (name,)) for mask in (CHECKED, REGISTRY)))


def _list_column(moment: Moment, name: str, project_id: ColumnElement[UUID] | None) -> ColumnElement[Any]:
    """The list knows institutions and projects: a case with a project stands on the list as that project."""
    own = moment.said(getattr(Institution, name), institution_version)
    if project_id is None:
        return own
    return case((project_id.is_not(None), moment.said(getattr(Project, name), project_version)), else_=own)


def _attested(moment: Moment, subject_id: ColumnElement[UUID], fact: str, programme: str) -> ColumnElement[bool]:
    """Granted or refused; NULL where there is none, or none that holds on the day."""
    one = and_(Attestation.subject_id == subject_id, Attestation.fact == fact, Attestation.programme == programme)
    return select(Attestation.granted).where(one, moment.attested()).scalar_subquery()
