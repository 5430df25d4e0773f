"""Who gains and who loses, counted by the database, against the same cases evaluated one by one."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.scope import FULL, Scope
from app.cases.select import CaseKind, Moment
from app.products.impact import MOST_SAMPLED, Change, Impact, Side, Verdict, impact
from app.rules import Truth, evaluate
from app.rules.parameters import NO_PARAMETERS
from app.store.engine import Database, open_database
from app.store.tables import Need
from tests.cases.population import Population, populate
from tests.databases import Databases, settings_for
from tests.products.samples import BEDS, DAY, FILED, a_record, product_terms

POPULATION = populate(Random(20261121), 150)
NOW = Moment(DAY)
VERDICTS = {Truth.TRUE: Verdict.ELIGIBLE, Truth.UNKNOWN: Verdict.POSSIBLE, Truth.FALSE: Verdict.NO}
WENT = {Verdict.ELIGIBLE: Change.GAIN, Verdict.POSSIBLE: Change.UNDECIDED, Verdict.NO: Change.LOSE}
ALL = ["institution", "project", "need"]


@pytest.fixture(scope="module")
def crowd(databases: Databases) -> Iterator[Session]:
    """A database with the population, which the tests of this module only read."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        POPULATION.insert(session)
    with database.reading() as session:
        yield session
    database.dispose()
    databases.drop(url)


def side(**changes: Any) -> Side:
    record = a_record(**changes)
    return Side(record, record.rules())


LOOSE = side(subjects=ALL, amount={"low_yuan": "0.01", "high_yuan": "9999999999999.99"}, requires=FILED)
STRICT = side(subjects=["institution", "need"], requires={"op": "all", "of": [BEDS, FILED]}, regions=["140100"])
BEDS_ONLY = side(subjects=["need"], amount={"low_yuan": "1", "high_yuan": "999999999999"}, requires=BEDS)


def expected(
    population: Population, session: Session, new: Side, old: Side | None
) -> dict[UUID, tuple[Verdict, Verdict]]:
    """Every open case that either side looks at, with what each says of it."""
    kinds = {kind for one in (new, old) if one is not None for kind in one.terms.subjects}
    shut = set(session.scalars(select(Need.id).where(Need.status != "open")))
    return {
        case_id: (said(old, kind, facts), said(new, kind, facts))
        for kind in map(CaseKind, kinds)
        for case_id, facts in population.facts(kind, NOW).items()
        if case_id not in shut
    }


def said(one: Side | None, kind: CaseKind, facts: Any) -> Verdict:
    if one is None or kind.value not in [subject.value for subject in one.terms.subjects]:
        return Verdict.NO
    return VERDICTS[evaluate(one.rules.rule, facts, DAY)]


@pytest.mark.parametrize(
    ("new", "old"),
    [(LOOSE, None), (STRICT, None), (LOOSE, STRICT), (STRICT, LOOSE), (BEDS_ONLY, LOOSE), (LOOSE, LOOSE)],
    ids=["loose", "strict", "loosened", "tightened", "other", "same"],
)
def test_the_counts_are_those_of_each_case_by_itself(crowd: Session, new: Side, old: Side | None) -> None:
    found = impact(crowd, new, old, NOW, NO_PARAMETERS, FULL)
    pairs = expected(POPULATION, crowd, new, old)
    owners = {noun.id: (noun.institution or noun).id for noun in POPULATION.nouns}
    changed = {case_id: WENT[after] for case_id, (before, after) in pairs.items() if before is not after}
    assert found.cases == {change: list(changed.values()).count(change) for change in Change}
    assert found.institutions == {
        change: len({owners[case_id] for case_id, went in changed.items() if went is change}) for change in Change
    }
    assert found.unchanged == len(pairs) - len(changed)
    assert found.before == {verdict: [one for one, _ in pairs.values()].count(verdict) for verdict in Verdict}
    assert found.after == {verdict: [one for _, one in pairs.values()].count(verdict) for verdict in Verdict}
    assert len(found.sample) == min(MOST_SAMPLED, len(changed))
    for one in found.sample:
        assert (one.before, one.after) == pairs[one.case_id]
        assert (one.change, one.institution_id) == (changed[one.case_id], owners[one.case_id])
        assert one.name


def test_the_cases_of_these_tests_go_every_way(crowd: Session) -> None:
    # If they all stood still, or went one way, the counts above would agree by accident.
    ways: Counter[Change] = Counter()
    for new, old in ((LOOSE, STRICT), (STRICT, LOOSE), (BEDS_ONLY, LOOSE)):
        ways.update(impact(crowd, new, old, NOW, NO_PARAMETERS, FULL).cases)
    assert all(ways[change] > 0 for change in Change)


def test_every_change_is_sampled_however_rare(crowd: Session) -> None:
    found = impact(crowd, STRICT, LOOSE, NOW, NO_PARAMETERS, FULL)
    assert {one.change for one in found.sample} == {change for change, count in found.cases.items() if count}


def test_only_what_lies_in_scope_is_counted(crowd: Session) -> None:
    whole, part = (counted(impact(crowd, LOOSE, None, NOW, NO_PARAMETERS, scope)) for scope in (FULL, Scope("1401")))
    assert 0 < part < whole
    assert counted(impact(crowd, LOOSE, None, NOW, NO_PARAMETERS, Scope("99"))) == 0


def counted(found: Impact) -> int:
    return sum(found.after.values())


@pytest.fixture
def peopled(shop: Database) -> Database:
    """The shop with the population; it is written once."""
    with shop.writing() as session:
        if session.scalars(select(Need.id)).first() is None:
            POPULATION.insert(session)
    return shop


@pytest.mark.usefixtures("peopled")
def test_publishing_says_what_it_changes(api: TestClient, draft: Callable[..., dict[str, Any]]) -> None:
    product = draft(requires=BEDS)
    path = f"products/{product['id']}/versions"
    first = api.post(f"{path}/1/actions/publish", headers={"If-Match": '"1"'}).json()["impact"]
    assert (first["against"], first["before"]["eligible"], first["before"]["possible"]) == (None, 0, 0)
    assert first["cases"] == {
        "gain": first["after"]["eligible"],
        "undecided": first["after"]["possible"],
        "lose": 0,
    }
    assert sum(first["after"].values()) > 0
    api.post(path, json={"requires": None})
    second = api.post(f"{path}/2/actions/publish", headers={"If-Match": '"1"'}).json()["impact"]
    assert (second["against"], second["before"]) == (1, first["after"])


@pytest.mark.usefixtures("peopled")
def test_a_change_can_be_tried_before_it_is_written(api: TestClient, draft: Callable[..., dict[str, Any]]) -> None:
    product = draft(requires=BEDS)
    asked = {"product_id": product["id"]}
    of_draft = api.post("products/impact", json=asked).json()
    assert of_draft["against"] is None
    api.post(f"products/{product['id']}/versions/1/actions/publish", headers={"If-Match": '"1"'})
    unchanged = api.post("products/impact", json={**asked, "changes": {"requires": BEDS}}).json()
    assert (unchanged["against"], unchanged["cases"]) == (1, {"gain": 0, "lose": 0, "undecided": 0})
    assert unchanged["after"] == of_draft["after"]
    dropped = api.post("products/impact", json={**asked, "changes": {"requires": None}}).json()
    terms = api.post("products/impact", json={**asked, "terms": product_terms()}).json()
    assert dropped == terms
    by_itself = api.post("products/impact", json={"terms": product_terms(), "as_of": "2026-11-20"}).json()
    assert (by_itself["product_id"], by_itself["after"]) == (None, terms["after"])


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({}, "/terms"),
        ({"changes": {"requires": None}}, "/terms"),
        ({"terms": product_terms(), "changes": {}}, "/changes"),
        ({"terms": product_terms(requires={**BEDS, "op": "eg"})}, "/requires"),
    ],
)
def test_what_cannot_be_tried_says_why(api: TestClient, asked: dict[str, Any], pointer: str) -> None:
    response = api.post("products/impact", json=asked)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_day_moves_the_rule(crowd: Session) -> None:
    old_enough = {
        "op": "at_least_months_ago",
        "fact": "institution.filed_on",
        "months": 12,
        "id": "age",
    }
    aged = side(subjects=["institution"], requires=old_enough)
    early, late = (
        impact(crowd, aged, None, Moment(day), NO_PARAMETERS, FULL) for day in (date(2000, 1, 1), date(2190, 1, 1))
    )
    assert early.after[Verdict.NO] > late.after[Verdict.NO]
