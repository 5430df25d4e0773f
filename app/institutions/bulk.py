"""Many rows at once, for import and sample data, 2,000 at a time.

The rows have been checked by whoever makes them (`errors_of` for institutions, the checks of each noun, `read_terms`
for loans); the databases refuse only wrong types, missing owners and numbers given twice (IntegrityError). What is
derived (numbers, search grams, debt ratio, facts of loan terms) is derived here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.institutions.checks import with_debt_ratio
from app.institutions.facts import Statement, fact_row
from app.institutions.history import INSTITUTION, LOAN, NEED, PROJECT, UNLISTED, Noun
from app.institutions.loan_terms import stored_terms, with_terms
from app.institutions.numbers import provisional_numbers
from app.institutions.projects import REGION as PROJECT_REGION
from app.institutions.register import NewInstitution, day_of
from app.rules.facts import Subject
from app.store.bulk import insert_many
from app.store.search import add_grams
from app.store.types import new_key
from app.subsidy import Loan

ROWS: Final = 2_000
T = TypeVar("T")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project as it is to be recorded; its region is one of its facts."""

    institution_id: UUID
    name: str
    facts: Mapping[str, Statement]
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewNeed:
    """A need as it is to be recorded; `region_code` is its institution's."""

    institution_id: UUID
    region_code: str
    facts: Mapping[str, Statement]
    project_id: UUID | None = None
    status: str = "open"
    key: UUID | None = None


@dataclass(frozen=True, slots=True)
class NewLoan:
    """A loan as it is to be recorded; `region_code` is its institution's. With terms most facts follow from them."""

    institution_id: UUID
    region_code: str
    lender: str
    terms: Loan | None = None
    facts: Mapping[str, Statement] = field(default_factory=dict)
    contract_number: str | None = None
    project_id: UUID | None = None
    key: UUID | None = None


def add_institutions(session: Session, rows: Iterable[NewInstitution], now: datetime) -> list[UUID]:
    """Write institutions with their first versions and search grams; their keys in the order of the rows."""
    keys: list[UUID] = []
    for group in _groups(rows):
        numbers = _numbers(session, group, day_of(now).year)
        written: list[tuple[UUID, Row, Row]] = []
        for new in group:
            facts = with_debt_ratio(new.facts)
            rated = NewInstitution(new.name, facts, new.uscc, new.site_number, new.contact)
            number = None if new.uscc else next(numbers[new.region_code])
            header = {**rated.header_row(number), **UNLISTED}
            written.append((new.key or new_key(), header, rated.version_row()))
        keys += _write(session, INSTITUTION, written, now)
        add_grams(session, {key: header["name"] for key, header, _ in written})
    return keys


def _numbers(session: Session, group: Sequence[NewInstitution], year: int) -> dict[str, Iterator[str]]:
    """Provisional numbers by region. In the order of the codes, so that two imports never wait for each other."""
    wanted = Counter(new.region_code for new in group if new.uscc is None)
    return {code: iter(provisional_numbers(session, code, year, wanted[code])) for code in sorted(wanted)}


def add_projects(session: Session, rows: Iterable[NewProject], now: datetime) -> list[UUID]:
    """Write projects with their first versions."""
    keys: list[UUID] = []
    for group in _groups(rows):
        keys += _write(session, PROJECT, [_project(new) for new in group], now)
    return keys


def _project(new: NewProject) -> tuple[UUID, Row, Row]:
    header = {
        "institution_id": new.institution_id,
        "name": new.name,
        "region_code": new.facts[PROJECT_REGION].value,
        **UNLISTED,
    }
    return new.key or new_key(), header, {"name": new.name, **fact_row(Subject.PROJECT, new.facts)}


def add_needs(session: Session, rows: Iterable[NewNeed], now: datetime) -> list[UUID]:
    """Write needs with their first versions."""
    keys: list[UUID] = []
    for group in _groups(rows):
        keys += _write(session, NEED, [_need(new) for new in group], now)
    return keys


def _need(new: NewNeed) -> tuple[UUID, Row, Row]:
    header = {
        "institution_id": new.institution_id,
        "project_id": new.project_id,
        "region_code": new.region_code,
        "status": new.status,
    }
    return new.key or new_key(), header, fact_row(Subject.NEED, new.facts)


def add_loans(session: Session, rows: Iterable[NewLoan], now: datetime) -> list[UUID]:
    """Write loans with their first versions and the facts that follow from their terms."""
    keys: list[UUID] = []
    for group in _groups(rows):
        keys += _write(session, LOAN, [_loan(new, now) for new in group], now)
    return keys


def _loan(new: NewLoan, now: datetime) -> tuple[UUID, Row, Row]:
    facts = dict(new.facts)
    if new.terms is not None:
        facts, _ = with_terms(facts, {}, new.terms, day_of(now), renewed=False)
    header = {
        "institution_id": new.institution_id,
        "project_id": new.project_id,
        "region_code": new.region_code,
        "lender": new.lender,
        "contract_number": new.contract_number,
    }
    terms = None if new.terms is None else stored_terms(new.terms)
    return new.key or new_key(), header, {"terms": terms, **fact_row(Subject.LOAN, facts)}


def _groups(rows: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while group := list(islice(rest, ROWS)):
        yield group


def _write(session: Session, noun: Noun, rows: Sequence[tuple[UUID, Row, Row]], now: datetime) -> list[UUID]:
    """Headers, then versions; every row names every column, or the driver would prepare one statement per pattern."""
    headers = [{"id": key, "version": 1, "created_at": now, **header} for key, header, _ in rows]
    versions = [
        {
            "id": new_key(),
            noun.owner: key,
            "recorded_from": now,
            "recorded_to": None,
            **version,
            **{name: header[name] for name in noun.repeated},
        }
        for key, header, version in rows
    ]
    insert_many(session, noun.table, headers)
    insert_many(session, noun.versions, versions)
    return [key for key, _, _ in rows]
