"""An answer is kept for the same question only: other facts, another day or another voucher ask anew."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.matching.build import Outcome, case_of, match_product
from app.matching.questions import steps_away
from app.products.models import StoredProduct
from app.regions import region_names
from app.rules.given import Provenance, Stated, given
from app.rules.parameters import NO_PARAMETERS
from tests.matching.factories import AS_OF, BEDS, OLD, REVENUE, a_record

RECORD = a_record("kept", requires={"op": "all", "of": [BEDS, OLD, {**REVENUE, "checked": True}]})
PRODUCT = StoredProduct(RECORD, RECORD.rules(), UUID(int=1), UUID(int=2), 1, "虚构银行", date(2026, 1, 1), None, None)
FACTS: dict[str, Any] = {
    "institution.beds_total": 50,
    "institution.established_on": date(2025, 11, 20),
    "institution.annual_revenue_yuan": Stated(Decimal(2_000_000), Provenance.CHECKED),
    "need.amount_yuan": Decimal(200_000),
    "need.term_months": 12,
}


def outcome(as_of: date = AS_OF, **changes: Any) -> Outcome:
    facts = FACTS | {f"institution.{key}": value for key, value in changes.items()}
    return match_product(PRODUCT, case_of(given(facts), as_of), NO_PARAMETERS, region_names()).outcome


def test_the_same_rule_answers_other_questions_otherwise() -> None:
    for _ in range(2):
        assert outcome() is Outcome.ELIGIBLE
        assert outcome(beds_total=49) is Outcome.INELIGIBLE
        assert outcome(date(2026, 11, 19)) is Outcome.INELIGIBLE
        assert outcome(annual_revenue_yuan=Decimal(2_000_000)) is Outcome.NEEDS_INFO
        assert outcome(beds_total=None) is Outcome.NEEDS_INFO


def test_a_sentence_names_who_vouches_today() -> None:
    for provenance, word in ((Provenance.DECLARED, "填报为"), (Provenance.REGISTRY, "登记为")) * 2:
        facts = FACTS | {"institution.beds_total": Stated(50, provenance)}
        said = match_product(PRODUCT, case_of(given(facts), AS_OF), NO_PARAMETERS, region_names())
        assert said.conditions is not None
        assert any(word in str(part) for part in said.conditions.of)


def test_no_step_is_left_where_everything_is_met() -> None:
    said = match_product(PRODUCT, case_of(given(FACTS), AS_OF), NO_PARAMETERS, region_names())
    assert said.conditions is not None
    assert (steps_away(said.conditions), said.near_miss, said.advice) == (0, False, None)
