"""Values: what may be written for a fact, what it becomes, and how it is shown."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from app.rules import FactsRefused, given
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType
from app.rules.values import Value, ValueRefused, read_value, write_amount, write_value
from tests.rules.strategies import key_of, values

_BEDS, _GRADE, _YUAN = "institution.beds_total", "institution.grade", "project.investment_yuan"
_FLOW, _PERCENT = "institution.operating_cash_flow_yuan", "project.social_capital_percent"
_FILED, _FILED_ON, _REGION = "institution.filed", "institution.filed_on", "institution.region_code"
_OWNERSHIP, _KINDS, _OTHER = "institution.ownership", "institution.kinds", "loan.other_interest_subsidy"
_SAFE = "institution.building_safe"


def _id(value: object) -> str:
    return repr(value)[:60]


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        (_BEDS, 120, 120),
        (_BEDS, "120", 120),
        (_BEDS, " 120 ", 120),
        (_BEDS, "１２０", 120),
        (_BEDS, "1,200", 1200),
        (_BEDS, "１，２００", 1200),
        (_BEDS, "120.0", 120),
        (_BEDS, 120.0, 120),
        (_BEDS, "-0", 0),
        (_BEDS, 2_000_000_000, 2_000_000_000),
        (_YUAN, "500000000", Decimal("500000000.00")),
        (_YUAN, "499,999,999.99", Decimal("499999999.99")),
        (_YUAN, "1.1000", Decimal("1.10")),
        (_YUAN, 0.1, Decimal("0.10")),
        (_YUAN, Decimal("1E+3"), Decimal("1000.00")),
        (_YUAN, "-0.00", Decimal("0.00")),
        (_YUAN, -0.0, Decimal("0.00")),
        (_FLOW, "-12.5", Decimal("-12.50")),
        (_PERCENT, "100", Decimal("100.00")),
        (_FILED, True, True),
        (_SAFE, False, False),
        (_FILED_ON, "2024-02-29", date(2024, 2, 29)),
        (_FILED_ON, "0001-01-01", date.min),
        (_FILED_ON, "9999-12-31", date.max),
        (_FILED_ON, date(2024, 2, 29), date(2024, 2, 29)),
        (_OWNERSHIP, "public", "public"),
        (_KINDS, ["hospice", "hospice"], frozenset({"hospice"})),
        (_KINDS, [], frozenset()),
        (_OTHER, ["wenlv-2022"], frozenset({"wenlv-2022"})),
        (_REGION, "140300", "140300"),
        (_REGION, "１４０３００", "140300"),
    ],
    ids=_id,
)
def test_a_value_is_read_as_people_write_it(key: str, raw: object, value: Value) -> None:
    read = read_value(CATALOGUE[key], raw)
    assert read == value
    assert type(read) is type(value)
    assert str(read) == str(value)


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        (_BEDS, True),
        (_BEDS, "12o"),
        (_BEDS, "12.5"),
        (_BEDS, -1),
        (_BEDS, "2000000001"),
        (_BEDS, ""),
        (_BEDS, "一百二十"),
        (_BEDS, "1,5"),
        (_BEDS, "1,2,3"),
        (_BEDS, "12,00"),
        (_BEDS, ",120"),
        (_BEDS, "0x10"),
        (_BEDS, "1_000"),
        (_BEDS, "0" * 70),
        (_BEDS, "0,000" + ",000" * 20),
        (_BEDS, [120]),
        (_GRADE, 0),
        (_GRADE, 6),
        (_YUAN, "NaN"),
        (_YUAN, "Infinity"),
        (_YUAN, "1e400"),
        (_YUAN, "1e5"),
        (_YUAN, "0.001"),
        (_YUAN, "1.123456789012345678"),
        (_YUAN, "-0.01"),
        (_YUAN, "10000000000000.01"),
        (_YUAN, "9" * 20),
        (_YUAN, 0.1 + 0.2),
        (_PERCENT, "100.01"),
        (_PERCENT, "50%"),
        (_FILED, 1),
        (_FILED, "true"),
        (_FILED, "是"),
        (_SAFE, 0),
        (_FILED_ON, "2023-02-29"),
        (_FILED_ON, "2024-2-29"),
        (_FILED_ON, "0000-01-01"),
        (_FILED_ON, "20240229"),
        (_FILED_ON, "2024-02-29T00:00:00"),
        (_FILED_ON, 20240229),
        (_FILED_ON, datetime(2024, 2, 29)),  # noqa: DTZ001
        (_OWNERSHIP, "公办"),
        (_OWNERSHIP, "PUBLIC"),
        (_OWNERSHIP, ["public"]),
        (_OWNERSHIP, "p" * 1000),
        (_KINDS, "hospice"),
        (_KINDS, ["hospice", "公办"]),
        (_KINDS, [["hospice"]]),
        (_KINDS, {"hospice": True}),
        (_KINDS, ["hospice"] * 65),
        (_OTHER, ["Wenlv"]),
        (_REGION, "14030"),
        (_REGION, "040300"),
        (_REGION, 140300),
    ],
    ids=_id,
)
def test_any_other_value_is_refused_by_name_and_in_chinese(key: str, raw: object) -> None:
    with pytest.raises(ValueRefused, match=f"“{CATALOGUE[key].label}”") as refused:
        read_value(CATALOGUE[key], raw)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("key", [_BEDS, _YUAN])
def test_floats_that_are_no_numbers_are_refused(key: str, raw: float) -> None:
    with pytest.raises(ValueRefused):
        read_value(CATALOGUE[key], raw)


@pytest.mark.parametrize("raw", ["NaN", "sNaN", "Infinity", "1E+400", "1E+1000000", "1E-400", "1E-1000000"])
@pytest.mark.parametrize("key", [_BEDS, _YUAN])
def test_decimals_that_are_no_numbers_or_far_too_large_or_fine_are_refused(key: str, raw: str) -> None:
    with pytest.raises(ValueRefused):
        read_value(CATALOGUE[key], Decimal(raw))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@drawn(st.sampled_from(list(CATALOGUE)), _JSON)
def test_whatever_is_given_is_read_or_refused_and_what_is_read_can_be_written(fact: Fact, raw: object) -> None:
    try:
        value = read_value(fact, raw)
    except ValueRefused:
        return
    assert write_value(fact, value)
    assert read_value(fact, value) == value


@drawn(st.sampled_from(list(CATALOGUE)), st.data())
def test_a_value_written_in_words_tells_itself_from_its_neighbours(fact: Fact, data: st.DataObject) -> None:
    one, other = (read_value(fact, data.draw(values(fact.key))) for _ in range(2))
    assert (write_value(fact, one) == write_value(fact, other)) == (one == other)


@pytest.mark.parametrize(
    ("unit", "number", "text"),
    [
        ("元", "20000000", "2,000 万元"),
        ("元", "500000000", "5 亿元"),
        ("元", "499999999.99", "499,999,999.99 元"),
        ("元", "500000000.01", "500,000,000.01 元"),
        ("元", "510000000", "5.1 亿元"),
        ("元", "10000", "1 万元"),
        ("元", "9999.99", "9,999.99 元"),
        ("元", "12345600", "1,234.56 万元"),
        ("元", "12345678", "12,345,678 元"),
        ("元", "0", "0 元"),
        ("元", "0.10", "0.1 元"),
        ("元", "-20000000", "-2,000 万元"),
        ("元", "10000000000000", "100,000 亿元"),
        ("%", "4.50", "4.5%"),
        ("张", "1200", "1,200 张"),
        ("", "5", "5"),
    ],
)
def test_amounts_are_written_as_people_say_them_and_lose_no_digit(unit: str, number: str, text: str) -> None:
    assert write_amount(unit, Decimal(number)) == text


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        (_FILED, False, "否"),
        (_SAFE, True, "已认定"),
        (_SAFE, False, "未获认定"),
        (_FILED_ON, date(2026, 11, 20), "2026-11-20"),
        (_OWNERSHIP, "public_built_private_run", "公建民营"),
        (_KINDS, frozenset({"nursing_home", "elderly_home"}), "养老院、护理院"),
        (_KINDS, frozenset(), "无"),
        (_OTHER, frozenset({"b", "a"}), "a、b"),
        (_REGION, "140300", "140300"),
    ],
)
def test_values_are_written_with_their_labels(key: str, value: Value, text: str) -> None:
    assert write_value(CATALOGUE[key], value) == text


def test_facts_are_read_once_and_given_again_unchanged() -> None:
    facts = given({_BEDS: "120", _FILED: None})
    assert given(facts) is facts
    assert facts.values == {_BEDS: 120}


def test_every_fact_of_the_catalogue_takes_the_values_of_the_random_cases() -> None:
    for fact in CATALOGUE:
        assert fact.type in FactType
        with pytest.raises(FactsRefused):
            given({key_of(fact): object()})
