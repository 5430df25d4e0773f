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
from app.institutions.facts import Statement, fact_lists
from app.institutions.history import INSTITUTION, LOAN, NEED, PROJECT, UNLISTED, Noun
from app.institutions.loan_terms import stored_terms, with_terms
from app.institutions.numbers import provisional_numbers
from app.institutions.projects import REGION as PROJECT_REGION
from app.institutions.register import NewInstitution, day_of
from app.store.bulk import insert_columns
from app.store.search import add_grams
from app.store.types import new_key
from app.subsidy import Loan

ROWS: Final = 2_000
T = TypeVar("T")
Row = dict[str, Any]
Columns = dict[str, list[Any]]


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
        written = [_institution(new, None if new.uscc else next(numbers[new.region_code])) for new in group]
        keys += _write(session, INSTITUTION, written, now)
        add_grams(session, {one.key: one.header["name"] for one in written})
    return keys


def _institution(new: NewInstitution, number: str | None) -> "_First":
    header = {**new.header_row(number), **UNLISTED}
    return _First(new.key or new_key(), header, new.own_row(), with_debt_ratio(new.facts))


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


def _project(new: NewProject) -> "_First":
    header = {
        "institution_id": new.institution_id,
        "name": new.name,
        "region_code": new.facts[PROJECT_REGION].value,
        **UNLISTED,
    }
    return _First(new.key or new_key(), header, {"name": new.name}, new.facts)


def add_needs(session: Session, rows: Iterable[NewNeed], now: datetime) -> list[UUID]:
    """Write needs with their first versions."""
    keys: list[UUID] = []
    for group in _groups(rows):
        keys += _write(session, NEED, [_need(new) for new in group], now)
    return keys


def _need(new: NewNeed) -> "_First":
    header = {
        "institution_id": new.institution_id,
        "project_id": new.project_id,
        "region_code": new.region_code,
        "status": new.status,
    }
    return _First(new.key or new_key(), header, {}, new.facts)


def add_loans(session: Session, rows: Iterable[NewLoan], now: datetime) -> list[UUID]:
    """Write loans with their first versions and the facts that follow from their terms."""
    keys: list[UUID] = []
    for group in _groups(rows):
        keys += _write(session, LOAN, [_loan(new, now) for new in group], now)
    return keys


def _loan(new: NewLoan, now: datetime) -> "_First":
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
    return _First(new.key or new_key(), header, {"terms": terms}, facts)


def _groups(rows: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while group := list(islice(rest, ROWS)):
        yield group


def _write(session: Session, noun: Noun, first: Sequence["_First"], now: datetime) -> list[UUID]:
    """Headers, then versions; every row names every column, or the driver would prepare one statement per pattern."""
    keys, count = [one.key for one in first], len(first)
    headers = _lists([one.header for one in first])
    header: Columns = {"id": keys, "version": [1] * count, "created_at": [now] * count, **headers}
    version: Columns = {
        "id": [new_key() for _ in first],
        noun.owner: keys,
        "recorded_from": [now] * count,
        "recorded_to": [None] * count,
        **_lists([one.own for one in first]),
        **fact_lists(noun.subject, [one.facts for one in first]),
        **{name: header[name] for name in noun.repeated},
    }
    insert_columns(session, noun.table, header)
    insert_columns(session, noun.versions, version)
    return keys


def _lists(rows: Sequence[Row]) -> Columns:
    """Rows of the same names, column by column."""
    return {name: [row[name] for row in rows] for name in rows[0]}


@dataclass(frozen=True, slots=True)
class _First:
    """Something new: its header, and its first version, which is what it says of its own and its facts."""

    key: UUID
    header: Row
    own: Row
    facts: Mapping[str, Statement]
