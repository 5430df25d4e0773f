"""Every clause, just below, at and above its threshold, as sentences in the YAML files beside this one."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import PROJECT_ROOT
from app.matching.build import Match, case_of, match
from app.programmes.models import Decidability, Force, StoredProgramme
from app.programmes.seeds import read_seeds
from app.regions import region_names
from app.rules import given

SEEDS = read_seeds(PROJECT_ROOT / "seed")
PARAMETERS = SEEDS.parameters
PROGRAMMES = {
    record.slug: StoredProgramme(record, record.rules(PARAMETERS), file.document.slug, 1)
    for file in SEEDS.policies
    for record in file.programmes
}
CASES = [
    pytest.param(case, id=f"{case['programme']}-{number}")
    for path in sorted(Path(__file__).parent.glob("*.yaml"))
    for number, case in enumerate(yaml.safe_load(path.read_text(encoding="utf-8")))
]


def answer(case: dict[str, Any]) -> Match[StoredProgramme]:
    as_of = case["as_of"]
    assert isinstance(as_of, date)
    return match(PROGRAMMES[case["programme"]], case_of(given(case["facts"]), as_of), PARAMETERS, region_names())


@pytest.mark.parametrize("case", CASES)
def test_clause(case: dict[str, Any]) -> None:
    said = answer(case)
    assert said.outcome == case["outcome"], case["case"]
    for name in ("window", "near_miss"):
        if name in case:
            assert getattr(said, name) == case[name], case["case"]
    if "missing" in case:
        assert set(said.advice.missing if said.advice else ()) == set(case["missing"]), case["case"]
    if "advice" in case:
        sets = [{step.fact for step in steps} for steps in (said.advice.changes if said.advice else ())]
        assert sets == [set(keys) for keys in case["advice"]], case["case"]


def test_every_programme_that_decides_has_a_positive_and_a_negative_case() -> None:
    seen: dict[str, set[str]] = {}
    for case in (param.values[0] for param in CASES):
        assert isinstance(case, dict)
        seen.setdefault(case["programme"], set()).add(case["outcome"])
    for slug, programme in PROGRAMMES.items():
        if programme.record.force is Force.INFORMS:
            continue
        best = "eligible" if programme.record.force is Force.OBLIGES else "in_scope"
        assert {best, "needs_info", "not_applicable"} <= seen.get(slug, set()), slug
        if programme.record.decidability is Decidability.PARTLY:
            assert "ineligible" in seen[slug], slug


def test_no_encouraging_clause_is_called_eligible() -> None:
    outcomes = {case["outcome"] for case in _cases_of(Force.ENCOURAGES)}
    assert "in_scope" in outcomes
    assert "eligible" not in outcomes


def test_informing_clauses_only_inform() -> None:
    assert {case["outcome"] for case in _cases_of(Force.INFORMS)} == {"informative"}


def _cases_of(force: Force) -> list[dict[str, Any]]:
    cases = [param.values[0] for param in CASES]
    return [c for c in cases if isinstance(c, dict) and PROGRAMMES[c["programme"]].record.force is force]
