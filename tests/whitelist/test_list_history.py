"""The list of any past day is reproduced exactly, whatever was done afterwards: the service against a model of it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.permissions import Role
from app.access.scope import FULL
from app.config import PROJECT_ROOT
from app.errors import Conflict
from app.institutions.history import INSTITUTION, recorded_at
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.regions import PROVINCE
from app.store.engine import Database, open_database
from app.store.tables import Institution, WhitelistEntry, WhitelistEvent
from app.whitelist.entries_queries import Filters, select_entries
from app.whitelist.entries_service import Act, act_on, expire_due
from app.whitelist.entry_states import EntryAction
from app.whitelist.seeds import load_whitelist
from tests.access.house import COUNTY
from tests.access.people import an_account, an_organisation
from tests.databases import Databases, settings_for
from tests.seeded import SEEDED_AT
from tests.whitelist.desk import DAY, Reviewers, an_institution, at
from tests.whitelist.list_model import ListModel
from tests.whitelist.listing import WEEK, clerk, put_on_the_list

# So many actions for each database, in examples of fifty.
EXAMPLES, STEPS = 20, 50
REASONS = {"suspend": "risk_reported", "reinstate": "cleared", "remove": "risk_confirmed", "renew": "still_met"}
ALL = ("listed", "suspended", "removed", "expired")
PEOPLE = ("maker", "checker", "third")


@dataclass(frozen=True)
class Desk:
    """A database with seeds, reviewers and three clerks of the province."""

    database: Database
    reviewers: Reviewers
    clerks: dict[str, Caller]


@pytest.fixture(scope="module")
def desk(databases: Databases, seeds: Seeds) -> Iterator[Desk]:
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
        load_whitelist(session, PROJECT_ROOT / "seed")
        office = an_organisation(session, region=PROVINCE)
        accounts = {name: an_account(session, office, Role.CIVIL_AFFAIRS).id for name in PEOPLE}
        clerks = {name: clerk(key, office.id) for name, key in accounts.items()}
        made = Desk(database, Reviewers.made(session), clerks)
    yield made
    database.dispose()
    databases.drop(url)


def publish(session: Session, desk: Desk, day: date, checker: str) -> str:
    """A new institution on the list, published on a day; the key of its entry."""
    maker = desk.clerks["maker" if checker != "maker" else "third"]
    owner = an_institution(session, COUNTY, None)
    nomination = desk.reviewers.approve(session, owner, COUNTY, None, at(day - WEEK))
    return str(put_on_the_list(session, nomination, maker, desk.clerks[checker], day).id)


def list_on(session: Session, day: date, known_at: Any = None) -> dict[str, str]:
    """The list of a day as the service answers."""
    query = select_entries(FULL, day, known_at, ALL, Filters())
    return {str(row[0].id): row[2] for row in map(tuple, session.execute(query))}


class TheList(RuleBasedStateMachine):
    """Clerks act, days pass; what was said of a day stays said."""

    desk: Desk
    entries = Bundle("entries")

    def __init__(self) -> None:
        super().__init__()
        self.model = ListModel(DAY)
        self.said: dict[date, dict[str, str]] = {}
        self.stack = ExitStack()
        connection = self.stack.enter_context(self.desk.database.engine.connect())
        transaction = self.stack.enter_context(connection.begin())
        self.session = self.stack.enter_context(Session(connection, join_transaction_mode="create_savepoint"))
        self.stack.callback(transaction.rollback)

    def teardown(self) -> None:
        try:
            for day, said in self.said.items():
                assert list_on(self.session, day) == said == self.model.on(day)
            events = select(WhitelistEvent).order_by(WhitelistEvent.sequence)
            assert [(str(one.entry_id), one.action) for one in self.session.scalars(events)] == self.model.events
        finally:
            self.session.rollback()
            self.stack.close()

    @initialize(target=entries, checkers=st.lists(st.sampled_from(PEOPLE), min_size=3, max_size=3))
    def begin(self, checkers: list[str]) -> Any:
        return multiple(*(self._publish(checker) for checker in checkers))

    @rule(target=entries, checker=st.sampled_from(PEOPLE))
    def publish(self, checker: str) -> str:
        return self._publish(checker)

    def _publish(self, checker: str) -> str:
        key = publish(self.session, self.desk, self.model.today, checker)
        self.model.publish(key, checker)
        return key

    @rule(entry=entries, action=st.sampled_from(sorted(REASONS)), by=st.sampled_from(PEOPLE))
    def act(self, entry: str, action: str, by: str) -> None:
        self._act(entry, action, by)

    @rule(entry=consumes(entries), by=st.permutations(PEOPLE))
    def drop(self, entry: str, by: list[str]) -> None:
        """What people do when something is wrong: two of them, one after the other."""
        self._act(entry, "suspend", by[0])
        self._act(entry, "remove", by[1])

    def _act(self, entry: str, action: str, by: str) -> None:
        row = self.session.get_one(WhitelistEntry, UUID(entry))
        wanted, caller = Act(EntryAction(action), REASONS[action], "虚构文号"), self.desk.clerks[by]
        today = self.model.today
        try:
            act_on(self.session, row.id, wanted, f'"{row.version}"', caller, at(today), today)
        except Conflict:
            assert not self.model.try_act(entry, action, by)
        else:
            assert self.model.try_act(entry, action, by)

    @rule(days=st.sampled_from((1, 7, 30, 89, 91, 200)))
    def days_pass(self, days: int) -> None:
        self._go_to(self.model.today + timedelta(days=days))

    @rule(entry=entries, days=st.sampled_from((91, 90, 1, 0)))
    def an_end_comes_near(self, entry: str, days: int) -> None:
        """The days on which something begins or ends are not left to chance."""
        self._go_to(max(self.model.today, self.model.entries[entry].until - timedelta(days=days)))

    def _go_to(self, day: date) -> None:
        if day > self.model.today:
            self.said[self.model.today] = list_on(self.session, self.model.today)
            self.model.today = day

    @rule()
    def expire(self) -> None:
        today = self.model.today
        assert expire_due(self.session, today, at(today)) == self.model.expire()
        assert expire_due(self.session, today, at(today)) == 0

    @precondition(lambda self: self.said)
    @rule(choice=st.data())
    def look_back(self, choice: st.DataObject) -> None:
        day = choice.draw(st.sampled_from(sorted(self.said)))
        assert list_on(self.session, day) == self.said[day]
        assert list_on(self.session, day, known_at=at(day, 23)) == self.said[day]

    @invariant()
    def the_registry_says_the_same(self) -> None:
        """What has ended and was not yet marked is the one difference."""
        query = select(WhitelistEntry.id, WhitelistEntry.state, Institution.list_status)
        for key, state, status in self.session.execute(query.join(Institution)):
            assert state == status == self.model.entries[str(key)].became[-1][1]


# Twenty examples of fifty steps, on a busy machine too.
@pytest.mark.timeout(300)
def test_the_list_of_any_past_day_is_reproduced(desk: Desk) -> None:
    machine = type("TheListHere", (TheList,), {"desk": desk})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            # Fifty actions read well enough, and making them fewer takes longer than the test may.
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_version_of_the_registry_says_when_it_was_listed(desk: Desk) -> None:
    with desk.database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            entry = session.get_one(WhitelistEntry, UUID(publish(session, desk, DAY, "checker")))
            versions = INSTITUTION.versions
            mine = versions.c.institution_id == entry.institution_id
            status = select(versions.c.list_status).where(mine)
            assert session.scalar(status.where(recorded_at(versions, at(DAY, 9)))) == "none"
            assert session.scalar(status.where(recorded_at(versions, at(DAY, 11)))) == "listed"
        transaction.rollback()
