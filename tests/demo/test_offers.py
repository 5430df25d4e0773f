"""Products that tell borrowers apart: each suits some and not others, and the law speaks where it must."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.cases.read import Case, case_select, read_cases
from app.cases.select import CaseKind, Moment, case_source
from app.config import PROJECT_ROOT
from app.demo.models import Sample, read_sample
from app.products.impact import Side, Verdict, impact
from app.products.models import StoredProduct
from app.products.queries import list_published
from app.products.terms import FACILITY_KINDS, SECURITY_LAW
from app.programmes.queries import read_parameters
from app.regions import regions
from app.rules.evaluate import evaluate
from app.rules.truth import Truth
from app.store.engine import Database


@dataclass(frozen=True)
class Market:
    session: Session
    moment: Moment
    products: dict[str, StoredProduct]


@pytest.fixture(scope="module")
def market(province: Database, sample: Sample) -> Iterator[Market]:
    day = sample.province.recorded_on + timedelta(days=30)
    with province.reading() as session:
        yield Market(session, Moment(day), {one.record.slug: one for one in list_published(session, day)})


def test_all_products_are_offered_by_banks_of_the_sample(market: Market, sample: Sample) -> None:
    assert len(sample.banks) == 12
    assert market.products.keys() == {record.slug for record in sample.products}
    assert len(market.products) == 40
    assert {record.bank for record in sample.products} == {bank.code for bank in sample.banks}
    assert all("虚构" in record.name for record in sample.products)


SLUGS = [record.slug for record in read_sample(PROJECT_ROOT / "seed").products]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_product_suits_some_and_not_others(market: Market, slug: str) -> None:
    product = market.products[slug]
    side = Side(product.record, product.rules)
    found = impact(market.session, side, None, market.moment, read_parameters(market.session), FULL)

    assert all(found.after[said] > 0 for said in Verdict), found.after


def test_the_terms_are_spread_as_in_the_market(sample: Sample) -> None:
    low = min(record.amount.low_yuan for record in sample.products)
    high = max(record.amount.high_yuan for record in sample.products)
    terms = [record.term for record in sample.products]
    asked = [str(record.applies) + str(record.requires) for record in sample.products]

    assert low <= 50_000
    assert high == 300_000_000
    assert min(term.low_months for term in terms) <= 12
    assert max(term.high_months for term in terms) == 240
    assert {record.rate.kind for record in sample.products} == {"lpr", "fixed"}
    for fact in (
        "institution.beds_total", "institution.filed_on", "whitelist.status", "institution.occupancy_percent",
        "institution.debt_ratio_percent", "institution.tax_credit_grade", "institution.stable_cash_flow",
    ):  # fmt: skip
        assert any(fact in one for one in asked), fact
    assert sum(bool(record.internal) for record in sample.products) >= 5
    assert {code for record in sample.products for code in record.regions} <= regions().keys()
    assert sum(bool(record.regions) for record in sample.products) >= 8


def test_two_products_take_only_what_a_non_profit_may_not_pledge(market: Market, sample: Sample) -> None:
    pledged = [one for one in sample.products if one.securities and FACILITY_KINDS.issuperset(one.securities)]

    assert len(pledged) >= 2
    source = case_source(CaseKind.NEED, market.moment, FULL)
    needs = read_cases(market.session, source, case_select(source, FULL).where(source.open))
    for record in pledged:
        verdicts = [(is_lawful(case), verdict(market, record.slug, case)) for case in needs]
        assert SECURITY_LAW in {leaf.id for _, leaf in market.products[record.slug].rules.rule.leaves}
        assert Truth.TRUE in {said for lawful, said in verdicts if lawful is True}
        assert {said for lawful, said in verdicts if lawful is False} == {Truth.FALSE}


def is_lawful(case: Case) -> bool | None:
    """Whether the borrower may pledge the property: for profit, or not the care facility; None where unknown."""
    values: Any = case.facts.values
    profit, facility = values.get("institution.for_profit"), values.get("need.security_property")
    if profit or facility == "other":
        return True
    return None if profit is None or facility is None else False


def verdict(market: Market, slug: str, case: Case) -> Truth:
    rule = market.products[slug].rules.rule
    return evaluate(rule, case.facts, market.moment.as_of, read_parameters(market.session))
