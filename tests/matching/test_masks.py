"""What a bank keeps to itself stands in no sentence, whichever way the sentence is made."""

from collections.abc import Sequence
from datetime import date
from uuid import uuid4

import pytest

from app.matching.answers import steps_out
from app.matching.masks import Mask
from app.products.internal import BY_THE_BANK
from app.products.models import StoredProduct
from app.rules.parameters import NO_PARAMETERS
from app.rules.steps import Step
from tests.matching.factories import AS_OF, products

BEDS = Step("institution.beds_total", "床位总数", 80, "80 张", "还差 30 张（达到 80 张）")
DEBT = Step("institution.debt_ratio_percent", "资产负债率", 60, "60%", "需减少 5%（降到 60%）")
REVENUE = Step("institution.annual_revenue_yuan", "年营业收入", 1, "1 元", "还差 1 元（达到 1 元）")
WAITING = Step("as_of", "时间", date(2027, 3, 1), "2027-03-01", "2027-03-01 起满足")


def _mask(*internal: str) -> Mask:
    record = next(one for one in products() if one.slug == "internal").model_copy(update={"internal": internal})
    product = StoredProduct(record, record.rules(NO_PARAMETERS), uuid4(), uuid4(), 1, "虚构银行", AS_OF, None, None)
    return Mask(product)


@pytest.mark.parametrize("steps", [(BEDS,), (DEBT,), (BEDS, DEBT), (DEBT, BEDS), (BEDS, WAITING), (DEBT, WAITING)])
def test_a_sentence_alone_says_what_the_advice_says(steps: Sequence[Step]) -> None:
    for mask in (_mask("debt"), _mask()):
        (advised,) = mask.advice([steps_out(tuple(steps))])
        assert mask.sentence(tuple(steps)) == advised.sentence


def test_a_step_on_what_is_internal_says_no_more_than_who_decides() -> None:
    assert _mask("debt").sentence((DEBT,)) == BY_THE_BANK
    assert _mask("debt").sentence((BEDS, DEBT)) == f"{BEDS.sentence}；{BY_THE_BANK}"
    assert _mask().sentence((DEBT,)) == DEBT.sentence


def test_waiting_is_hidden_with_it_since_it_moves_every_date() -> None:
    assert _mask("debt").sentence((DEBT, WAITING)) == BY_THE_BANK
    assert _mask().sentence((WAITING,)) == WAITING.sentence
