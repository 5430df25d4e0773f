"""The registry and the product of the benchmark are what it says of them, so that its ratios compare like with like."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.access.scope import FULL
from app.cases.select import CaseKind, Moment, case_source
from app.matching.candidates import Candidacy, CandidatesAsked, Sort
from app.store.engine import Database, open_database
from app.store.pages import DEFAULT_SIZE
from bench.candidates import SHARES, question
from bench.registry import fill, revenue
from bench.workload import AS_OF
from tests.databases import Databases, settings_for

SIZE = 500


@pytest.fixture(scope="module")
def registry(databases: Databases) -> Iterator[Database]:
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        fill(session, SIZE)
    yield database
    database.dispose()
    databases.drop(url)


def test_every_institution_has_a_need_and_a_revenue_of_its_own(registry: Database) -> None:
    with registry.reading() as session:
        for kind, wanted in ((CaseKind.INSTITUTION, SIZE), (CaseKind.NEED, SIZE), (CaseKind.PROJECT, SIZE / 2)):
            source = case_source(kind, Moment(AS_OF), FULL)
            assert session.scalar(select(func.count()).select_from(source.rows).where(source.open)) == wanted
    assert {revenue(number, SIZE) for number in range(SIZE)} == set(range(SIZE))


@pytest.mark.parametrize("is_attested", [False, True])
@pytest.mark.parametrize("share", SHARES.values())
def test_as_many_cases_are_candidates_as_the_select_by_hand_finds(
    registry: Database, share: Decimal, is_attested: bool
) -> None:
    wanted = max(1, round(SIZE * share))
    with registry.reading() as session:
        asked = question(session, SIZE, share, is_attested=is_attested)
        counts = asked.candidates.count(session, CandidatesAsked())
        assert sum(count.cases for count in counts.values()) == asked.wanted == wanted
        for sort in (Sort.OUTCOME, Sort.REGISTERED):
            query, order = asked.candidates.select(CandidatesAsked(), sort)
            page = query.order_by(*(key.ordered for key in order)).limit(DEFAULT_SIZE + 1)
            assert len(session.execute(page).all()) == len(session.execute(asked.by_hand.page(sort)).all())


def test_all_outcomes_are_common_among_the_candidates(registry: Database) -> None:
    with registry.reading() as session:
        asked = question(session, SIZE, SHARES["50%"], is_attested=True)
        counts = asked.candidates.count(session, CandidatesAsked())
    assert min(counts[one].cases for one in (Candidacy.ELIGIBLE, Candidacy.NEEDS_INFO)) > SIZE / 10
    assert counts[Candidacy.NEAR_MISS].cases > 0
