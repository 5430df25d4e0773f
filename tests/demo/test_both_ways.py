"""For every product of the sample province: whom the bank is shown are those whose own page shows the product."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.scope import FULL, Scope
from app.cases.select import CaseKind, Moment
from app.config import PROJECT_ROOT
from app.demo.models import Sample, read_sample
from app.matching.build import Outcome, match_product
from app.matching.candidates import Candidacy, Candidates, CandidatesAsked, Counts
from app.matching.fetch import CaseAsked, CaseNotFound, case_to_match, fetch_case, fetch_products
from app.products.models import StoredProduct
from app.programmes.queries import read_parameters
from app.programmes.seeds import Seeds
from app.regions import region_names
from app.store.engine import Database
from app.store.tables import Institution, Need, Project
from tests.databases import Databases
from tests.demo.conftest import seeded

# Each of the 117 counties has at least one.
SIZE: Final = 200
SLUGS: Final = [record.slug for record in read_sample(PROJECT_ROOT / "seed").products]
Found = dict[tuple[CaseKind, UUID], Candidacy]


@dataclass
class Sides:
    """Both sides of the market on one day and, for one scope, what every own page says."""

    session: Session
    moment: Moment
    scope: Scope
    products: dict[str, StoredProduct]
    pages: dict[str, Found]

    def own_pages(self, slug: str) -> Found:
        """The cases whose own page shows the product as something that may be had, with what it says."""
        return self.pages[slug]

    def candidates(self, slug: str, *outcomes: Candidacy) -> Found:
        """What the bank is shown, as SQL says it; of these outcomes, or of all."""
        query, _ = self._candidates(slug).select(CandidatesAsked(outcomes))
        rows = self.session.execute(query).all()
        found = {(CaseKind(row.kind), row.case_id): list(Candidacy)[row.rank] for row in rows}
        assert len(found) == len(rows)
        return found

    def counts(self, slug: str) -> dict[Candidacy, Counts]:
        return self._candidates(slug).count(self.session, CandidatesAsked())

    def _candidates(self, slug: str) -> Candidates:
        return Candidates(self.products[slug], self.moment, read_parameters(self.session), self.scope)


def sides_of(session: Session, day: date, scope: Scope) -> Sides:
    """Asks every case in scope as its own page does."""
    moment, parameters = Moment(day), read_parameters(session)
    products = {one.record.slug: one for one in fetch_products(session, day)}
    pages: dict[str, Found] = {slug: {} for slug in products}
    for asked in questions(session):
        try:
            found = fetch_case(session, asked, moment, scope)
        except CaseNotFound:
            continue
        case = case_to_match(found, day)
        for slug, product in products.items():
            said = match_product(product, case, parameters, region_names())
            if (word := candidacy(said.outcome, near_miss=said.near_miss)) is not None:
                pages[slug][found.kind, found.id] = word
    return Sides(session, moment, scope, products, pages)


def questions(session: Session) -> Iterator[CaseAsked]:
    """Every case that may be a candidate: institutions, their projects, and the needs that are open."""
    for owner in session.scalars(select(Institution.id)):
        yield CaseAsked(owner)
    for project in session.scalars(select(Project)):
        yield CaseAsked(project.institution_id, project=project.id)
    for need in session.scalars(select(Need).where(Need.status == "open")):
        yield CaseAsked(need.institution_id, need=need.id)


def candidacy(outcome: Outcome, *, near_miss: bool) -> Candidacy | None:
    if near_miss:
        return Candidacy.NEAR_MISS
    return {Outcome.ELIGIBLE: Candidacy.ELIGIBLE, Outcome.NEEDS_INFO: Candidacy.NEEDS_INFO}.get(outcome)


@pytest.fixture(scope="module")
def province_of_both(databases: Databases, seeds: Seeds, sample: Sample) -> Iterator[Database]:
    """The sample on each database in turn; the province of the other tests here is on SQLite alone."""
    yield from seeded(databases, seeds, sample, SIZE)


@pytest.fixture(scope="module")
def market(province_of_both: Database, sample: Sample) -> Iterator[Sides]:
    with province_of_both.reading() as session:
        yield sides_of(session, sample.province.recorded_on + timedelta(days=30), FULL)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_candidates_are_the_cases_whose_own_page_shows_the_product(market: Sides, slug: str) -> None:
    shown = market.own_pages(slug)
    assert market.candidates(slug) == shown
    for outcome in Candidacy:
        assert market.candidates(slug, outcome) == {case: said for case, said in shown.items() if said is outcome}


@pytest.mark.parametrize("slug", SLUGS)
def test_the_counts_are_those_of_the_own_pages(market: Sides, slug: str) -> None:
    owners = dict(market.session.execute(owners_of_cases()).all())
    for outcome, counts in market.counts(slug).items():
        mine = [case for case, said in market.own_pages(slug).items() if said is outcome]
        assert counts == Counts(len(mine), len({owners[case_id] for _, case_id in mine}))


def owners_of_cases() -> Any:
    """The owner of every case."""
    owned = (select(noun.id, noun.institution_id) for noun in (Project, Need))
    return select(Institution.id, Institution.id).union_all(*owned)


def test_every_verdict_occurs(market: Sides) -> None:
    """Sides that say the same of everybody would agree whatever the rules were."""
    said = Counter((kind, word) for slug in SLUGS for (kind, _), word in market.own_pages(slug).items())
    assert min(said[CaseKind.NEED, word] for word in Candidacy) >= 30
    # Whoever names no amount and no term is possible at best.
    assert said[CaseKind.INSTITUTION, Candidacy.NEEDS_INFO] >= 30
    assert said[CaseKind.PROJECT, Candidacy.NEEDS_INFO] >= 30
    # No product is for nobody or for everybody, and most divide their own cases three ways.
    everybody = len(list(questions(market.session)))
    assert all(0 < len(market.own_pages(slug)) < everybody for slug in SLUGS)
    divided = [slug for slug in SLUGS if len(set(market.own_pages(slug).values())) == len(Candidacy)]
    assert len(divided) > len(SLUGS) / 2


def test_both_sides_agree_within_a_county(market: Sides) -> None:
    county = busiest_county(market.session)
    here = sides_of(market.session, market.moment.as_of, Scope.of_region(county))
    for slug in SLUGS:
        assert here.candidates(slug) == here.own_pages(slug), slug
    everywhere = {case for slug in SLUGS for case in market.own_pages(slug)}
    seen = {case for slug in SLUGS for case in here.own_pages(slug)}
    assert 0 < len(seen) < len(everywhere)
    assert {case: market.own_pages(slug)[case] for slug in SLUGS for case in here.own_pages(slug)} == {
        case: word for slug in SLUGS for case, word in here.own_pages(slug).items()
    }


def busiest_county(session: Session) -> str:
    query = select(Institution.region_code).group_by(Institution.region_code)
    found = session.scalars(query.order_by(func.count().desc(), Institution.region_code).limit(1)).one()
    return str(found)
