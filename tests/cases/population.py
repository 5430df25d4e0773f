"""A random registry, all fictional, with gaps, provenance, history and attestations, and what was written of it.

Values stand at and beside the anchors around which the random rules draw their thresholds, so that they collide.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from itertools import pairwise
from random import Random
from typing import Any, Final

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.cases.read import Case, case_select, read_cases
from app.cases.select import CaseKind, Moment, case_source
from app.rules import Provenance, Stated
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject
from app.rules.values import read_value
from app.store.engine import Database, open_database
from app.store.fact_columns import CHECKED, REGISTRY, column_name, stored_facts
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
from app.store.types import new_key
from tests.databases import Databases, settings_for
from tests.rules.strategies import DAYS, PROGRAMME, anchors, near

# The instants of the versions, and the instants to look back from: now, just before a version, as it came, and after.
RECORDED: Final = tuple(datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7))
KNOWN_AT: Final = (None, RECORDED[1] - timedelta(microseconds=1), RECORDED[1], RECORDED[2] + timedelta(days=1))
_PROGRAMMES: Final = (PROGRAMME, "wenlv-incentive")
# The registry takes neither an institution nor a project without its region.
_ALWAYS: Final = frozenset({"institution.region_code", "project.region_code"})
_VERSIONS: Final[Mapping[Subject, Table]] = {
    Subject.INSTITUTION: institution_version,
    Subject.PROJECT: project_version,
    Subject.NEED: need_version,
    Subject.LOAN: loan_version,
}
_NOUNS: Final[Mapping[Subject, Any]] = {
    Subject.INSTITUTION: Institution,
    Subject.PROJECT: Project,
    Subject.NEED: Need,
    Subject.LOAN: Loan,
}
_PROVENANCES: Final = (Provenance.DECLARED, Provenance.CHECKED, Provenance.REGISTRY)
_LISTED: Final = {"list_status": "status", "listed_on": "listed_on"}
_ATTESTED: Final = [fact for fact in CATALOGUE if fact.type is FactType.ATTESTATION]

Written = dict[str, Stated]


@dataclass(frozen=True)
class Recorded:
    """What was on record of something from one instant until another (None: still)."""

    start: datetime
    end: datetime | None
    facts: Written
    listed: Written = field(default_factory=dict)
    name: str = ""

    def counts(self, known_at: datetime | None) -> bool:
        if known_at is None:
            return self.end is None
        return self.start <= known_at and (self.end is None or known_at < self.end)


@dataclass(frozen=True)
class Attested:
    """One version of an attestation of an institution or a project."""

    subject_id: uuid.UUID
    fact: str
    programme: str
    granted: bool
    on: date
    until: date | None
    start: datetime
    end: datetime | None

    @property
    def key(self) -> str:
        return f"{self.fact}@{self.programme}" if self.programme else self.fact

    def counts(self, moment: Moment) -> bool:
        on_record = Recorded(self.start, self.end, {}).counts(moment.known_at)
        return on_record and self.on <= moment.as_of and (self.until is None or moment.as_of < self.until)


@dataclass(frozen=True)
class Noun:
    """An institution, project, need or loan with its versions."""

    subject: Subject
    institution: "Noun | None" = None
    project: "Noun | None" = None
    versions: list[Recorded] = field(default_factory=list)
    id: uuid.UUID = field(default_factory=new_key)

    def on_record(self, known_at: datetime | None) -> Recorded | None:
        """What was on record of it at an instant; None before anything was."""
        return next((version for version in self.versions if version.counts(known_at)), None)

    def at(self, known_at: datetime | None) -> Written | None:
        """Its facts at an instant; None before it was recorded."""
        found = self.on_record(known_at)
        return None if found is None else found.facts

    def listed(self, known_at: datetime | None) -> Written:
        """What the white list said of it at an instant."""
        found = self.on_record(known_at)
        return {} if found is None else found.listed

    def place(self, known_at: datetime | None) -> tuple[str, str]:
        """Its region and its name at an instant: of money, those of its institution."""
        lies = self.institution if self.subject in {Subject.NEED, Subject.LOAN} else None
        if lies is not None:
            return lies.place(known_at)
        found = self.on_record(known_at)
        assert found is not None
        return str(found.facts[f"{self.subject}.region_code"].value), found.name

    @property
    def region_code(self) -> str:
        return self.place(None)[0]


@dataclass(frozen=True)
class Population:
    """All that was written."""

    nouns: list[Noun]
    attested: list[Attested]

    def facts(self, kind: CaseKind, moment: Moment) -> dict[uuid.UUID, Written]:
        """What each case of a kind states at a moment, put together one by one."""
        return {noun.id: facts for noun in self.of(kind) if (facts := self._case(noun, moment)) is not None}

    def of(self, kind: CaseKind) -> list[Noun]:
        return [noun for noun in self.nouns if noun.subject.value == kind.value]

    @cached_property
    def _attested_of(self) -> Mapping[uuid.UUID, list[Attested]]:
        found: defaultdict[uuid.UUID, list[Attested]] = defaultdict(list)
        for one in self.attested:
            found[one.subject_id].append(one)
        return found

    def _case(self, noun: Noun, moment: Moment) -> Written | None:
        parts = [noun.institution, noun.project, noun]
        own = noun.at(moment.known_at)
        if own is None or (noun.institution is not None and noun.institution.at(moment.known_at) is None):
            return None
        facts: Written = {}
        for part in filter(None, parts):
            facts |= (part.at(moment.known_at) or {}) | self._attestations(part, moment)
        lister = noun.project or (noun if noun.subject is Subject.PROJECT else noun.institution or noun)
        return facts | lister.listed(moment.known_at)

    def _attestations(self, noun: Noun, moment: Moment) -> Written:
        return {
            one.key: Stated(one.granted, Provenance.CHECKED, one.on)
            for one in self._attested_of.get(noun.id, ())
            if one.fact.startswith(f"{noun.subject}.") and one.counts(moment)
        }

    def insert(self, session: Session) -> None:
        """Write it to a database."""
        for subject, table in _NOUNS.items():
            nouns = [noun for noun in self.nouns if noun.subject is subject]
            session.execute(insert(table), [_noun_row(noun, at) for at, noun in enumerate(nouns)])
            rows = [_version_row(noun, version) for noun in nouns for version in noun.versions]
            session.execute(insert(_VERSIONS[subject]), rows)
        owners = {noun.id: noun for noun in self.nouns}
        session.execute(insert(Attestation), [_attestation_row(one, owners[one.subject_id]) for one in self.attested])


def populate(random: Random, size: int) -> Population:
    """`size` nouns of each kind: every other need and loan is for a project."""
    institutions = [_noun(random, Subject.INSTITUTION) for _ in range(size)]
    projects = [_noun(random, Subject.PROJECT, random.choice(institutions)) for _ in range(size)]
    nouns = [*institutions, *projects]
    for subject in (Subject.NEED, Subject.LOAN):
        for at in range(size):
            project = random.choice(projects) if at % 2 else None
            owner = project.institution if project else random.choice(institutions)
            nouns.append(_noun(random, subject, owner, project))
    attested = [one for noun in (*institutions, *projects) for one in _attestations(random, noun)]
    return Population(nouns, attested)


def _noun(random: Random, subject: Subject, owner: Noun | None = None, project: Noun | None = None) -> Noun:
    noun = Noun(subject, owner, project)
    for start, end in _intervals(random):
        name = f"虚构{start.month}月名{noun.id.hex[-6:]}号"
        noun.versions.append(Recorded(start, end, _facts(random, subject), _listed(random, subject), name))
    return noun


def _listed(random: Random, subject: Subject) -> Written:
    if subject not in {Subject.INSTITUTION, Subject.PROJECT}:
        return {}
    status, day = (random.choice(_values(f"whitelist.{name}")) for name in ("status", "listed_on"))
    listed = {"whitelist.status": Stated(status, Provenance.REGISTRY)}
    return listed if status == "none" else listed | {"whitelist.listed_on": Stated(day, Provenance.REGISTRY)}


def _intervals(random: Random) -> list[tuple[datetime, datetime | None]]:
    """One to three versions without a gap between them, the last one open."""
    starts = sorted(random.sample(RECORDED, random.randint(1, len(RECORDED))))
    return [*pairwise(starts), (starts[-1], None)]


@cache
def _values(key: str) -> list[Any]:
    fact = CATALOGUE[key]
    return [read_value(fact, value) for anchor in anchors(fact) for value in near(fact, anchor)]


def _facts(random: Random, subject: Subject) -> Written:
    """Every fact of a subject, a quarter of them unknown but for where it lies."""
    return {
        fact.key: Stated(_value(random, fact), random.choice(_PROVENANCES))
        for fact in stored_facts(subject)
        if fact.key in _ALWAYS or random.random() < 0.75
    }


def _value(random: Random, fact: Fact) -> Any:
    if fact.type is FactType.SET:
        codes = anchors(fact)
        return frozenset(random.sample(codes, random.randint(0, len(codes))))
    return random.choice(_values(fact.key))


def _attestations(random: Random, noun: Noun) -> Iterator[Attested]:
    for fact in _ATTESTED:
        # Now and then an attestation of a project's fact hangs on an institution: it must count for nothing.
        if fact.subject is noun.subject or random.random() < 0.1:
            for programme in _PROGRAMMES if fact.per_programme else ("",):
                if random.random() < 0.8:
                    yield from _attestation(random, noun, fact, programme)


def _attestation(random: Random, noun: Noun, fact: Fact, programme: str) -> Iterator[Attested]:
    for start, end in _intervals(random):
        on = random.choice(DAYS[:-1]) + timedelta(days=random.choice((-1, 0, 1)))
        ends = [None, *(later for day in DAYS for step in (0, 1) if (later := day + timedelta(days=step)) > on)]
        until = random.choice(ends) if random.random() < 0.5 else None
        yield Attested(noun.id, fact.key, programme, random.random() < 0.6, on, until, start, end)


def _noun_row(noun: Noun, at: int) -> dict[str, Any]:
    row: dict[str, Any] = {"id": noun.id, "region_code": noun.region_code, "created_at": RECORDED[0]}
    named = {"name": noun.place(None)[1], **_list_row(noun.listed(None))}
    if noun.institution is not None:
        row["institution_id"] = noun.institution.id
    if noun.subject is Subject.INSTITUTION:
        return row | named | {"provisional_number": f"虚构-{at}"}
    if noun.subject is Subject.PROJECT:
        return row | named
    lender = {"lender": "虚构银行"} if noun.subject is Subject.LOAN else {}
    return row | lender | {"project_id": noun.project.id if noun.project else None}


def _version_row(noun: Noun, version: Recorded) -> dict[str, Any]:
    facts = {column_name(fact): _stored(version.facts, fact) for fact in stored_facts(noun.subject)}
    masks = {
        name: [key.partition(".")[2] for key, stated in version.facts.items() if stated.provenance is provenance]
        for name, provenance in ((CHECKED, Provenance.CHECKED), (REGISTRY, Provenance.REGISTRY))
    }
    named = {"name": version.name, **_list_row(version.listed)} if version.listed else _money_row(noun)
    own = {f"{noun.subject}_id": noun.id, "recorded_from": version.start, "recorded_to": version.end}
    return named | own | facts | masks


def _list_row(listed: Written) -> dict[str, Any]:
    return {name: _stated(listed, f"whitelist.{fact}") for name, fact in _LISTED.items()}


def _money_row(noun: Noun) -> dict[str, Any]:
    status = {"status": "open"} if noun.subject is Subject.NEED else {}
    return status | {"project_id": noun.project.id if noun.project else None}


def _stored(facts: Written, fact: Fact) -> Any:
    value = _stated(facts, fact.key)
    return sorted(value) if isinstance(value, frozenset) else value


def _stated(facts: Written, key: str) -> Any:
    return facts[key].value if key in facts else None


def _attestation_row(one: Attested, noun: Noun) -> dict[str, Any]:
    return {
        "institution_id": (noun.institution or noun).id,
        "project_id": noun.id if noun.subject is Subject.PROJECT else None,
        "subject_id": one.subject_id,
        "fact": one.fact,
        "programme": one.programme,
        "granted": one.granted,
        "office": "虚构局",
        "person": "虚构人",
        "attested_on": one.on,
        "valid_until": one.until,
        "recorded_from": one.start,
        "recorded_to": one.end,
    }


@dataclass(frozen=True)
class Registry:
    """A database that holds a population and nothing else of the registry; tests only read it."""

    database: Database
    population: Population
    _read: dict[tuple[CaseKind, Moment], list[Case]] = field(default_factory=dict)

    def cases(self, kind: CaseKind, moment: Moment) -> list[Case]:
        """All cases of a kind at a moment as the service reads them; kept, since many rules ask them."""
        if (kind, moment) not in self._read:
            source = case_source(kind, moment, FULL)
            with self.database.reading() as session:
                self._read[kind, moment] = read_cases(session, source, case_select(source, FULL))
        return self._read[kind, moment]


@contextmanager
def registry_of(databases: Databases, population: Population) -> Iterator[Registry]:
    """A database of its own with this population."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        population.insert(session)
    yield Registry(database, population)
    database.dispose()
    databases.drop(url)
