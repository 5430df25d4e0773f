"""Nobody acts at two levels of one nomination, and none is approved without the people that it needs.

Asked of the service by random people in a random order, and of the database alone by whoever may write any row of it.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.caller import NOBODY, Caller
from app.access.permissions import Role, permissions_of
from app.access.scope import FULL, Scope
from app.errors import AppError
from app.http.etags import VersionStale, etag_of
from app.institutions.needs import add_need
from app.institutions.register import register
from app.institutions.schemas import InstitutionIn, NeedIn
from app.programmes.seeds import Seeds
from app.rules.bind import region_prefix
from app.store.base import Base
from app.store.engine import Database
from app.store.tables import Nomination, NominationStep, Organisation
from app.store.types import new_key
from app.whitelist.moves import Said
from app.whitelist.nominations import act, draft
from app.whitelist.states import TRANSITIONS, Action, Level, State, Transition
from tests.access.people import an_account, an_organisation
from tests.conftest import a_library
from tests.databases import Databases
from tests.whitelist.board import CITY, COUNTY, GOOD, PROVINCE

NOW: Final = datetime(2026, 11, 20, 2, tzinfo=UTC)
META: Final = Base.metadata.tables
# The steps that a nomination needs on its way, each by a person of its own.
SLOTS: Final = (State.RECOMMENDED, State.REVIEWED, State.APPROVED)
PASSED: Final = {State.APPROVED, State.ON_NOTICE, State.LISTED}
WHY: Final = {Action.RETURN: "incomplete_file", Action.REJECT: "criteria_not_met", Action.DISMISS: "refusal_stands"}
PEOPLE: Final = 7
# Who belongs at a level, by the place among the people: two each of county, city and province, then the institution's.
AT: Final = {
    Level.APPLICANT: (0, 6),
    Level.COUNTY: (0, 1),
    Level.CITY: (2, 3),
    Level.PROVINCE: (4, 5),
    Level.COUNTY_APPEAL: (2, 3),
    Level.CITY_APPEAL: (4, 5),
    Level.PROVINCE_APPEAL: (4, 5),
    Level.BATCH: (4,),
}
FORWARD: Final = {State.DRAFT, State.SUBMITTED, *SLOTS}
# Most of what is tried is what should be done, or nothing would ever go through and the law would be kept by that.
SENSIBLE: Final = st.sampled_from([True] * 19 + [False])


@dataclass(frozen=True)
class Village:
    """A database with an institution that meets the criteria, and two people at each office."""

    database: Database
    institution_id: UUID
    people: Sequence[Caller]


@pytest.fixture(scope="module")
def village(databases: Databases, seeds: Seeds) -> Iterator[Village]:
    for database in a_library(databases, seeds):
        with database.writing() as session:
            key = an_admissible(session)
            people = [person for office in offices(session, key) for person in staff(session, office)]
        yield Village(database, key, people)


def an_admissible(session: Session) -> UUID:
    stated = {"region_code": COUNTY} | GOOD
    facts = {f"institution.{name}": value for name, value in stated.items()}
    key = register(session, InstitutionIn(name="虚构康宁养老院", facts=facts), FULL, NOW)
    add_need(session, key, NeedIn(facts={"need.amount_yuan": "3000000.00"}), FULL, NOW)
    return key


def offices(session: Session, institution_id: UUID) -> Iterator[Organisation]:
    for region in (COUNTY, CITY, PROVINCE):
        yield an_organisation(session, region=region)
    yield an_organisation(session, "institution", COUNTY, institution_id=institution_id)


def staff(session: Session, office: Organisation) -> Iterator[Caller]:
    role = Role.CIVIL_AFFAIRS if office.institution_id is None else Role.INSTITUTION
    for _ in range(1 if office.institution_id else 2):
        yield replace(
            NOBODY,
            account_id=an_account(session, office, role).id,
            organisation_id=office.id,
            region_code=office.region_code,
            institution_id=office.institution_id,
            roles=frozenset({role}),
            permissions=permissions_of([role]),
            scope=Scope("" if office.institution_id else region_prefix(office.region_code), office.institution_id),
        )


@contextmanager
def undone(database: Database) -> Iterator[Session]:
    """A unit of work of which nothing lasts; what fails within it is undone alone."""
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


def people_of(steps: Sequence[Any]) -> None:
    """The law, over the steps of one nomination in order."""
    levels: dict[UUID, set[str]] = {}
    for step in steps:
        if step.account_id is not None:
            levels.setdefault(step.account_id, set()).add(step.level)
    assert all(len(acted) == 1 for acted in levels.values())
    if steps and steps[-1].to_state in PASSED:
        taken = [[step for step in steps if step.to_state == slot and step.level != "batch"][-1] for slot in SLOTS]
        applicants = {account for account, acted in levels.items() if acted == {"applicant"}}
        assert len({step.account_id for step in taken} - applicants) == len(SLOTS)


def a_way(data: st.DataObject, state: State) -> Transition:
    leading = [one for one in TRANSITIONS if one.from_state is state]
    forward = [one for one in leading if one.to_state in FORWARD or one.action is Action.APPEAL]
    sensible = bool(leading) and data.draw(SENSIBLE)
    return data.draw(st.sampled_from(forward * 8 + leading if sensible else list(TRANSITIONS)))


def a_person(data: st.DataObject, level: Level) -> int:
    return data.draw(st.sampled_from(AT[level] if data.draw(SENSIBLE) else range(PEOPLE)))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_no_sequence_of_actions_goes_through_without_its_people(village: Village, data: st.DataObject) -> None:
    with undone(village.database) as session:
        drafted_by = data.draw(st.sampled_from([village.people[0], village.people[-1]]))
        one = draft(session, "institution", village.institution_id, drafted_by, drafted_by.scope, NOW)
        for _ in range(data.draw(st.integers(5, 10))):
            way = a_way(data, State(one.state))
            if way.level is Level.BATCH:
                continue
            caller = village.people[a_person(data, way.level)]
            action = way.action
            said = Said(WHY.get(action), "虚构的说明")
            with suppress(AppError), session.begin_nested():
                act(session, one.id, action, caller, caller.scope, etag_of(one.version), said, NOW)
            session.refresh(one)
            steps = session.scalars(
                select(NominationStep).where(NominationStep.nomination_id == one.id).order_by(NominationStep.number)
            ).all()
            assert (steps[-1].number, steps[-1].to_state) == (one.step, one.state)
            people_of(steps)
        event("went through" if one.state in PASSED else "stopped")


def test_the_straight_way_goes_through(village: Village) -> None:
    """So that the property above is not kept by refusing everything."""
    clerk, county, city, _, province, *_ = village.people
    with undone(village.database) as session:
        one = draft(session, "institution", village.institution_id, clerk, clerk.scope, NOW)
        way = ((clerk, Action.SUBMIT), (county, Action.RECOMMEND), (city, Action.REVIEW), (province, Action.APPROVE))
        for caller, action in way:
            act(session, one.id, action, caller, caller.scope, etag_of(one.version), Said(), NOW)
        assert one.state == State.APPROVED


class Writer:
    """Somebody who writes rows as he or she likes; each attempt stands or falls alone."""

    def __init__(self, connection: Connection, village: Village) -> None:
        self.connection, self.village, self.id = connection, village, new_key()

    def attempt(self, *statements: Any) -> bool:
        try:
            with self.connection.begin_nested():
                for statement in statements:
                    self.connection.execute(statement)
        except DBAPIError:
            return False
        return True

    def nomination(self, state: str = "draft", step: int = 1) -> bool:
        row = {"state": state, "step": step, "region_code": COUNTY, "number": str(self.id)[:32], "version": 1}
        subject = {"subject_kind": "institution", "subject_id": self.village.institution_id}
        owner = {"institution_id": self.village.institution_id, "created_at": NOW}
        return self.attempt(insert(META["nomination"]).values(id=self.id, **row, **subject, **owner))

    def step(self, number: int, way: Sequence[Any], person: int | None, level: str | None = None, **row: Any) -> bool:
        """A step with its actor, whatever it is; and the nomination moved to it."""
        from_state, action, to_state, own_level = map(str, way)
        caller = None if person is None else self.village.people[person]
        level = level or own_level
        actor = {"nomination_id": self.id, "account_id": caller and caller.account_id, "level": level}
        if caller is not None:
            self.attempt(insert(META["nomination_actor"]).values(actor))
        written = {
            **actor,
            "number": number,
            "previous": None if number == 1 else number - 1,
            "organisation_id": caller and caller.organisation_id,
            "from_state": from_state,
            "action": action,
            "to_state": to_state,
            "at": NOW,
            "reason_code": WHY.get(Action(action), "objection_upheld"),
            "note": "虚构",
        } | row
        moved = update(META["nomination"]).where(META["nomination"].c.id == self.id)
        return self.attempt(insert(META["nomination_step"]).values(written), moved.values(state=to_state, step=number))

    def steps(self) -> Sequence[Any]:
        step = META["nomination_step"]
        return self.connection.execute(
            select(step).where(step.c.nomination_id == self.id).order_by(step.c.number)
        ).all()

    def is_consistent(self) -> bool:
        """Whether the transaction could be committed: every deferred reference holds."""
        if self.connection.dialect.name == "postgresql":
            return self.attempt(text("SET CONSTRAINTS ALL IMMEDIATE"), text("SET CONSTRAINTS ALL DEFERRED"))
        return not self.connection.execute(text("PRAGMA foreign_key_check")).all()


@contextmanager
def a_writer(village: Village) -> Iterator[Writer]:
    with village.database.engine.connect() as connection, connection.begin() as transaction:
        yield Writer(connection, village)
        transaction.rollback()


WAY: Final = [
    ("none", "draft", "draft", "applicant"),
    ("draft", "submit", "submitted", "applicant"),
    ("submitted", "recommend", "recommended", "county"),
    ("recommended", "review", "reviewed", "city"),
    ("reviewed", "approve", "approved", "province"),
]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_database_alone_keeps_the_law(village: Village, data: st.DataObject) -> None:
    with a_writer(village) as writer:
        assert writer.nomination()
        number, state = 0, State.NONE
        for _ in range(data.draw(st.integers(6, 12))):
            way = a_way(data, state)
            person = None if way.level is Level.BATCH and data.draw(SENSIBLE) else a_person(data, way.level)
            level = None if data.draw(SENSIBLE) else data.draw(st.sampled_from([one.value for one in Level]))
            at = data.draw(st.sampled_from([number + 1] * 9 + [number, number + 2]))
            if writer.step(at, way, person, level):
                number, state = at, way.to_state
            people_of(writer.steps())
        steps = writer.steps()
        event("went through" if state in PASSED else "stopped")
        assert [step.number for step in steps] == list(range(1, len(steps) + 1))
        assert all(after.from_state == before.to_state for before, after in pairwise(steps))
        assert writer.is_consistent() is bool(steps)


class TestConstraints:
    """Each way around the people, tried by itself."""

    @pytest.fixture
    def writer(self, village: Village) -> Iterator[Writer]:
        with a_writer(village) as writer:
            writer.nomination()
            yield writer

    def go(self, writer: Writer, steps: int, people: Sequence[int] = (0, 0, 1, 2, 4)) -> None:
        for number, (way, person) in enumerate(zip(WAY[:steps], people, strict=False), start=1):
            assert writer.step(number, way, person)

    def test_the_straight_way_is_open(self, writer: Writer) -> None:
        self.go(writer, 5)
        assert writer.is_consistent()
        people_of(writer.steps())

    @pytest.mark.parametrize("again", [0, 1, 2])
    def test_one_person_at_two_levels(self, writer: Writer, again: int) -> None:
        self.go(writer, 4)
        assert not writer.step(5, WAY[4], again)

    def test_a_step_left_out(self, writer: Writer) -> None:
        self.go(writer, 2)
        assert not writer.step(3, WAY[3], 2)
        assert not writer.step(3, ("submitted", "approve", "approved", "province"), 4)
        assert not writer.step(4, WAY[3], 2)

    def test_a_level_of_its_own_choice(self, writer: Writer) -> None:
        self.go(writer, 2)
        assert not writer.step(3, WAY[2], 4, "province")

    def test_a_person_who_is_nobody(self, writer: Writer) -> None:
        self.go(writer, 2)
        assert not writer.step(3, WAY[2], None)

    def test_a_second_beginning(self, writer: Writer) -> None:
        self.go(writer, 2)
        assert not writer.step(3, WAY[0], 0, previous=None)
        assert not writer.step(3, WAY[2], 1, previous=None)

    def test_a_refusal_without_a_reason(self, writer: Writer) -> None:
        self.go(writer, 2)
        assert not writer.step(3, ("submitted", "return", "returned", "county"), 1, note=None)
        assert not writer.step(3, ("submitted", "reject", "county_rejected", "county"), 1, reason_code=None)

    def test_in_place_of_somebody_elsewhere(self, writer: Writer) -> None:
        self.go(writer, 3)
        assert not writer.step(4, WAY[3], 2, in_place_of="county")

    def test_a_state_that_is_not_that_of_the_last_step(self, writer: Writer) -> None:
        self.go(writer, 3)
        nomination = META["nomination"]
        assert writer.attempt(update(nomination).where(nomination.c.id == writer.id).values(state="approved"))
        assert not writer.is_consistent()

    def test_a_nomination_without_a_step(self, village: Village) -> None:
        with a_writer(village) as writer:
            writer.nomination(state="approved", step=5)
            assert not writer.is_consistent()

    def test_what_was_done_is_neither_changed_nor_taken_away(self, writer: Writer) -> None:
        self.go(writer, 3)
        step, actor, table = (META[f"nomination_{name}"] for name in ("step", "actor", "transition"))
        nomination = META["nomination"]
        assert not writer.attempt(update(step).values(note="改过"))
        assert not writer.attempt(step.delete())
        assert not writer.attempt(update(actor).values(level="city"))
        assert not writer.attempt(actor.delete())
        assert not writer.attempt(update(table).values(level="county"))
        assert not writer.attempt(update(nomination).where(nomination.c.id == writer.id).values(step=1, state="draft"))

    def test_two_open_nominations_of_one_subject(self, writer: Writer, village: Village) -> None:
        self.go(writer, 2)
        other = Writer(writer.connection, village)
        assert not other.nomination()


def test_of_a_crowd_that_decides_at_once_one_wins(village: Village) -> None:
    clerk, county, *_ = village.people
    with village.database.writing() as session:
        one = draft(session, "institution", village.institution_id, clerk, clerk.scope, NOW)
        act(session, one.id, Action.SUBMIT, clerk, clerk.scope, etag_of(1), Said(), NOW)
        key = one.id

    def decide(number: int) -> str:
        action = Action.RECOMMEND if number % 2 else Action.RETURN
        try:
            with village.database.writing() as session:
                act(session, key, action, county, county.scope, etag_of(2), Said(WHY.get(action), "虚构"), NOW)
        except VersionStale as error:
            return error.errors[0].code
        return "done"

    with ThreadPoolExecutor(8) as crowd:
        told = list(crowd.map(decide, range(16)))
    with village.database.reading() as session:
        state = session.scalars(select(Nomination.state).where(Nomination.id == key)).one()
    assert told.count("done") == 1
    # The others are told what it has become.
    assert set(told) == {"done", state}
    with village.database.writing() as session:
        version = session.get_one(Nomination, key).version
        act(session, key, Action.WITHDRAW, clerk, clerk.scope, etag_of(version), Said(), NOW)
