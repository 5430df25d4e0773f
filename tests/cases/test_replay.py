"""What was known is read as it stood: name and place, list status, whether money was wanted, and what for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import FULL, Scope
from app.cases.read import Case, case_select, find_case, read_cases
from app.cases.select import CaseKind, Moment, case_source
from app.institutions.history import INSTITUTION, LOAN, NEED, PROJECT, Noun, change_state
from app.institutions.loans import add_loan, amend_loan
from app.institutions.needs import NeedAction, act_on_need, add_need, amend_need
from app.institutions.parts import get_part
from app.institutions.projects import add_project, amend_project
from app.institutions.queries import get_institution
from app.institutions.register import amend, register
from app.institutions.schemas import (
    InstitutionIn,
    InstitutionPatch,
    LoanIn,
    LoanPatch,
    NeedIn,
    NeedPatch,
    ProjectIn,
    ProjectPatch,
)
from tests.cases.population import KNOWN_AT, Registry, populate, registry_of
from tests.databases import Databases

AS_OF: Final = date(2026, 11, 20)
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOUNS: Final = (INSTITUTION, PROJECT, NEED, LOAN)


def at(day: int) -> datetime:
    """The instant of the day's change; nothing else happens within the day."""
    return START + timedelta(days=day)


@pytest.fixture(scope="module")
def registry(databases: Databases) -> Iterator[Registry]:
    with registry_of(databases, populate(Random(11), 40)) as registry:
        yield registry


@pytest.mark.parametrize("kind", CaseKind)
def test_cases_bear_the_name_and_the_region_of_then(registry: Registry, kind: CaseKind) -> None:
    seen = set()
    for known_at in KNOWN_AT:
        for case in registry.cases(kind, Moment(AS_OF, known_at)):
            noun = next(one for one in registry.population.of(kind) if one.id == case.id)
            assert (case.region_code, case.name) == noun.place(known_at)
            seen.add((case.id, case.region_code, case.name))
    # Somebody was renamed and somebody moved, or nothing would be shown about the past.
    assert len({(one, name) for one, _, name in seen}) > len({one for one, *_ in seen})
    assert len({(one, region) for one, region, _ in seen}) > len({one for one, *_ in seen})


class Story:
    """An institution that moves, is renamed, listed and suspended; its need changes its project and is met."""

    def __init__(self, session: Session) -> None:
        self.session = session
        body = InstitutionIn(name="虚构旧名养老院", facts={"institution.region_code": "140105"})
        self.owner = register(session, body, FULL, at(0))
        self.projects = [self._project(f"虚构康养项目{name}", at(day)) for name, day in (("甲", 1), ("乙", 2))]
        wanted = {"need.amount_yuan": "1000000", "need.term_months": 12}
        self.need = add_need(session, self.owner, NeedIn(project_id=self.projects[0], facts=wanted), FULL, at(3))
        lent = LoanIn(lender="虚构银行", project_id=None, facts={"loan.principal_yuan": "500000"})
        self.loan = add_loan(session, self.owner, lent, FULL, at(3))
        self._list(INSTITUTION, self.owner, "listed", date(2026, 1, 5), at(4))
        self._list(PROJECT, self.projects[1], "listed", date(2026, 1, 6), at(5))
        amend_need(session, self._seen(NEED, self.need), NeedPatch(project_id=self.projects[1]), FULL, at(6))
        amend_loan(session, self._seen(LOAN, self.loan), LoanPatch(project_id=self.projects[0]), FULL, at(6))
        moved = InstitutionPatch(name="虚构新名养老院", facts={"institution.region_code": "140302"})
        amend(session, get_institution(session, self.owner, FULL), moved, FULL, at(7))
        renamed = ProjectPatch(name="虚构康养项目丙", facts={"project.region_code": "140302"})
        amend_project(session, self._seen(PROJECT, self.projects[1]), renamed, FULL, at(8))
        act_on_need(session, self._seen(NEED, self.need), NeedAction.MEET, at(9))
        self._list(INSTITUTION, self.owner, "suspended", date(2026, 1, 5), at(10))
        act_on_need(session, self._seen(NEED, self.need), NeedAction.REOPEN, at(11))

    def _project(self, name: str, now: datetime) -> UUID:
        return add_project(
            self.session, self.owner, ProjectIn(name=name, facts={"project.region_code": "140105"}), FULL, now
        )

    def _seen(self, noun: Noun, key: UUID) -> Any:
        return get_part(self.session, noun, self.owner, key, FULL)

    def _list(self, noun: Noun, key: UUID, status: str, day: date, now: datetime) -> None:
        seen = get_institution(self.session, key, FULL) if noun is INSTITUTION else self._seen(noun, key)
        change_state(self.session, noun, seen, {"list_status": status, "listed_on": day}, now)

    def case(self, kind: CaseKind, key: UUID, day: int | None) -> Case:
        """A case as it was known just before the end of a day; None: now."""
        known_at = None if day is None else at(day) + timedelta(hours=12)
        found = find_case(self.session, kind, key, Moment(AS_OF, known_at), FULL)
        assert found is not None
        return found


@pytest.fixture
def story(session: Session) -> Story:
    return Story(session)


def said(case: Case) -> tuple[Any, ...]:
    values = case.facts.values
    return values.get("whitelist.status"), values.get("whitelist.listed_on")


def test_an_institution_stands_on_the_list_as_it_stood(story: Story) -> None:
    told = {day: said(story.case(CaseKind.INSTITUTION, story.owner, day)) for day in (0, 3, 4, 9, 10, None)}
    listed = date(2026, 1, 5)
    assert told == {
        0: ("none", None),
        3: ("none", None),
        4: ("listed", listed),
        9: ("listed", listed),
        10: ("suspended", listed),
        None: ("suspended", listed),
    }


def test_money_stands_on_the_list_as_the_project_that_it_was_for(story: Story) -> None:
    needs = {day: story.case(CaseKind.NEED, story.need, day) for day in (3, 5, 6, 11, None)}
    first, second = story.projects
    assert {day: one.project_id for day, one in needs.items()} == {
        3: first, 5: first, 6: second, 11: second, None: second,
    }  # fmt: skip
    listed = ("listed", date(2026, 1, 6))
    assert [said(one) for one in needs.values()] == [("none", None), ("none", None), listed, listed, listed]
    loans = {day: story.case(CaseKind.LOAN, story.loan, day) for day in (3, 4, 6)}
    assert [one.project_id for one in loans.values()] == [None, None, first]
    # Before it was for a project, the loan stood on the list as its institution did.
    assert [said(one)[0] for one in loans.values()] == ["none", "listed", "none"]


def test_a_need_was_open_until_it_was_met_and_again_once_it_was_reopened(story: Story) -> None:
    def is_open(day: int | None) -> bool:
        source = case_source(CaseKind.NEED, Moment(AS_OF, None if day is None else at(day)), FULL)
        query = case_select(source, FULL).where(source.open, source.id == story.need)
        return len(read_cases(story.session, source, query)) == 1

    assert {day: is_open(day) for day in (2, 3, 8, 9, 10, 11, None)} == {
        2: False, 3: True, 8: True, 9: False, 10: False, 11: True, None: True,
    }  # fmt: skip


@pytest.mark.parametrize("kind", [CaseKind.INSTITUTION, CaseKind.NEED, CaseKind.LOAN])
def test_names_and_places_are_those_of_then(story: Story, kind: CaseKind) -> None:
    key = {CaseKind.INSTITUTION: story.owner, CaseKind.NEED: story.need, CaseKind.LOAN: story.loan}[kind]
    cases = [story.case(kind, key, day) for day in (6, 7, None)]
    old, new = ("140105", "虚构旧名养老院"), ("140302", "虚构新名养老院")
    assert [(one.region_code, one.name) for one in cases] == [old, new, new]


def test_a_project_bears_the_name_of_then(story: Story) -> None:
    cases = [story.case(CaseKind.PROJECT, story.projects[1], day) for day in (7, 8, None)]
    old, new = ("140105", "虚构康养项目乙"), ("140302", "虚构康养项目丙")
    assert [(one.region_code, one.name) for one in cases] == [old, new, new]


def test_the_past_is_shown_to_those_who_may_see_the_present(story: Story) -> None:
    """The office that is in charge today reads the whole history; the one that was in charge no longer does."""
    for kind, key in ((CaseKind.INSTITUTION, story.owner), (CaseKind.NEED, story.need)):
        moment = Moment(AS_OF, at(6))
        assert find_case(story.session, kind, key, moment, Scope.of_region("140302")) is not None
        assert find_case(story.session, kind, key, moment, Scope.of_region("140105")) is None


def test_the_open_version_says_what_the_header_says(story: Story) -> None:
    for noun in NOUNS:
        assert noun.repeated
        columns = [*(noun.table.c[name] for name in noun.repeated), *(noun.versions.c[name] for name in noun.repeated)]
        is_open = (noun.versions.c[noun.owner] == noun.table.c.id) & noun.versions.c.recorded_to.is_(None)
        rows = story.session.execute(select(*columns).join(noun.versions, is_open)).all()
        assert rows
        half = len(noun.repeated)
        assert all(tuple(row[:half]) == tuple(row[half:]) for row in rows)


def test_a_state_that_changes_leaves_the_facts_as_they_were(story: Story) -> None:
    before, after = (story.case(CaseKind.NEED, story.need, day).facts.values for day in (8, 9))
    assert before == after
    assert before["need.term_months"] == 12


def test_the_registry_itself_shows_the_state_of_then(story: Story) -> None:
    shown = [get_institution(story.session, story.owner, FULL, at(day)).facts for day in (3, 4, 10)]
    assert [(one["list_status"], one["listed_on"]) for one in shown] == [
        ("none", None), ("listed", date(2026, 1, 5)), ("suspended", date(2026, 1, 5)),
    ]  # fmt: skip
    needs = [get_part(story.session, NEED, story.owner, story.need, FULL, at(day)).facts for day in (8, 9, 11)]
    assert [one["status"] for one in needs] == ["open", "met", "open"]
