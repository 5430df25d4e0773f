"""Laws of matching over random cases: what secondary sources, force and window may never do."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.config import PROJECT_ROOT
from app.matching.build import Match, Outcome, case_of, match, ranked
from app.matching.quotes import subsidy_terms
from app.programmes.models import Confidence, Force, StoredProgramme
from app.programmes.seeds import Seeds, read_seeds
from app.regions import region_names
from app.rules import given as given_facts
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType


@cache
def seeded() -> tuple[Seeds, list[StoredProgramme]]:
    seeds = read_seeds(PROJECT_ROOT / "seed")
    parameters = seeds.parameters
    programmes = [
        StoredProgramme(record, record.rules(parameters), file.document.slug, 1)
        for file in seeds.policies
        for record in file.programmes
    ]
    return seeds, programmes


@cache
def parameters() -> Any:
    return seeded()[0].parameters


def _values(fact: Fact) -> st.SearchStrategy[Any]:
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return st.booleans()
        case FactType.INT:
            return st.integers(int(fact.minimum or 0), min(int(fact.maximum or 100), 1_000))
        case FactType.DECIMAL:
            return st.sampled_from([Decimal(0), Decimal(1), Decimal(50), Decimal(100)])
        case FactType.DATE:
            return st.dates(date(2015, 1, 1), date(2027, 1, 1))
        case FactType.ENUM:
            return st.sampled_from(sorted(fact.codes))
        case FactType.SET:
            return st.lists(st.sampled_from(sorted(fact.codes) or ["xugou-other"]), max_size=3)
        case FactType.REGION:
            return st.sampled_from(["140000", "140105", "140300", "140302", "110101"])


AMOUNTS = st.sampled_from(["499999999.99", "500000000", "100000000", "0"])


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any facts of the catalogue, most of them known, with attestations for some programmes."""
    facts = {fact.key: draw(_values(fact)) for fact in CATALOGUE if not fact.per_programme and draw(st.booleans())}
    if draw(st.booleans()):
        facts["project.investment_yuan"] = draw(AMOUNTS)
    for subject in ("institution", "project"):
        for one in seeded()[1]:
            if draw(st.integers(0, 3)) == 0:
                facts[f"{subject}.meets_detailed_rules@{one.record.slug}"] = draw(st.booleans())
    return facts


def answers(facts: dict[str, Any], day: date, programmes: list[StoredProgramme]) -> dict[str, Match[StoredProgramme]]:
    case = case_of(given_facts(facts), day)
    return {
        one.stored.record.slug: one for one in ranked(match(p, case, parameters(), region_names()) for p in programmes)
    }


@settings(max_examples=25, deadline=None)
@given(facts=cases(), day=st.dates(date(2022, 1, 1), date(2027, 12, 31)))
def test_secondary_sources_never_change_an_original(facts: dict[str, Any], day: date) -> None:
    programmes = seeded()[1]
    originals = [one for one in programmes if one.record.confidence is Confidence.ORIGINAL]
    assert len(originals) < len(programmes)
    with_all, alone = answers(facts, day, programmes), answers(facts, day, originals)
    kept = {slug: one for slug, one in with_all.items() if one.stored.record.confidence is Confidence.ORIGINAL}
    assert list(kept) == list(alone)
    said = attrgetter("offer", "outcome", "window", "near_miss", "conditions", "advice")
    assert all(said(kept[slug]) == said(alone[slug]) for slug in alone)


def test_secondary_sources_never_change_the_subsidy_of_an_original() -> None:
    programmes = seeded()[1]
    originals = [one for one in programmes if one.record.confidence is Confidence.ORIGINAL]
    quoted = [one for one in _with_readings() if one.record.confidence is Confidence.ORIGINAL]
    assert quoted
    for one in quoted:
        terms, alone = subsidy_terms(one, programmes), subsidy_terms(one, originals)
        assert terms is not None
        assert alone is not None
        assert replace(terms, reported=frozenset()) == alone
        # What the press says is heard, and counts for nothing.
        assert terms.reported == {"secondary-wenlv-loan-subsidy"}
        assert not terms.excluding


def _with_readings() -> list[StoredProgramme]:
    return [one for one in seeded()[1] if one.record.readings is not None]


@settings(max_examples=25, deadline=None)
@given(facts=cases(), day=st.dates(date(2022, 1, 1), date(2027, 12, 31)))
def test_encouraging_is_never_eligible_and_informing_only_informs(facts: dict[str, Any], day: date) -> None:
    for one in answers(facts, day, seeded()[1]).values():
        match one.stored.record.force:
            case Force.INFORMS:
                assert one.outcome is Outcome.INFORMATIVE
            case Force.ENCOURAGES:
                assert one.outcome not in {Outcome.ELIGIBLE, Outcome.INFORMATIVE}
            case Force.OBLIGES:
                assert one.outcome not in {Outcome.IN_SCOPE, Outcome.INFORMATIVE}


@settings(max_examples=25, deadline=None)
@given(facts=cases(), day=st.dates(date(2022, 1, 1), date(2027, 12, 31)))
def test_a_near_miss_is_ineligible_with_nothing_left_to_find_out(facts: dict[str, Any], day: date) -> None:
    for one in answers(facts, day, seeded()[1]).values():
        if one.near_miss:
            assert one.outcome is Outcome.INELIGIBLE
            assert one.advice is not None
            assert any(len(steps) == 1 for steps in one.advice.changes)


@settings(max_examples=15, deadline=None)
@given(facts=cases())
def test_the_window_never_changes_an_outcome(facts: dict[str, Any]) -> None:
    # Dates are left out, so that no condition counts months from one; the parameters have one value since their issue.
    undated = {key: value for key, value in facts.items() if not isinstance(value, date)}
    outcomes = [
        {slug: one.outcome for slug, one in answers(undated, day, seeded()[1]).items()}
        for day in (date(2026, 3, 1), date(2027, 12, 31))
    ]
    assert outcomes[0] == outcomes[1]
