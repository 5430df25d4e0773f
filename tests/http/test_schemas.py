"""Shared schema types: exact decimals as text, ISO days, outputs without defaults."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.http.schemas import (
    MAX_YUAN,
    Citation,
    Flag,
    InputSchema,
    IsoDate,
    OutputSchema,
    Percent,
    PositiveYuan,
    SignedYuan,
    Text,
    Whole,
    Yuan,
)

yuan: TypeAdapter[Decimal] = TypeAdapter(Yuan)
signed_yuan: TypeAdapter[Decimal] = TypeAdapter(SignedYuan)
positive_yuan: TypeAdapter[Decimal] = TypeAdapter(PositiveYuan)
percent: TypeAdapter[Decimal] = TypeAdapter(Percent)
text_kind: TypeAdapter[str] = TypeAdapter(Text)
day: TypeAdapter[date] = TypeAdapter(IsoDate)


# Around both ends, and the kinds of leap year.
YEARS = (1, 1899, 1900, 1904, 1999, 2000, 2023, 2024, 2100, 2196, 2199, 2200)


def is_read(kind: TypeAdapter[Any], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True


@given(amount=st.decimals(0, MAX_YUAN, places=2))
def test_an_amount_survives_the_way_out_and_in(amount: Decimal) -> None:
    written = yuan.dump_python(amount, mode="json")
    assert written == f"{amount:.2f}"
    assert yuan.validate_python(written) == amount


@given(amount=st.decimals(-MAX_YUAN, MAX_YUAN, places=2))
def test_a_signed_amount_survives_too(amount: Decimal) -> None:
    assert signed_yuan.validate_python(signed_yuan.dump_python(amount, mode="json")) == amount


@pytest.mark.parametrize("given_as", ["1500", "1500.0", "1500.00", 1500, Decimal(1500), Decimal("1.5E+3")], ids=repr)
def test_text_and_numbers_say_the_same_amount(given_as: Any) -> None:
    assert yuan.dump_python(yuan.validate_python(given_as), mode="json") == "1500.00"


@pytest.mark.parametrize(
    "given_as",
    [
        "0.001", Decimal("0.001"), "-0.01", "10000000000000", Decimal("1E+30"), "", " 1", "1 ", "+1", "1.", ".5",
        "1e3", "1,000", "１００", "NaN", "Infinity", Decimal("NaN"), Decimal("Infinity"), True, False, None, [], 1.5,
        "1\n", "1" * 5_000, "007", "00",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_advice(given_as: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        yuan.validate_python(given_as)
    (error,) = refusal.value.errors()
    assert not error["msg"].isascii()


def test_a_positive_amount_begins_at_one_fen() -> None:
    assert positive_yuan.validate_python("0.01") == Decimal("0.01")
    with pytest.raises(ValidationError, match=r"0\.01"):
        positive_yuan.validate_python("0.00")


def test_minus_zero_is_zero() -> None:
    assert signed_yuan.dump_python(signed_yuan.validate_python("-0.00"), mode="json") == "0.00"


@pytest.mark.parametrize(
    ("value", "written"), [("4.750000", "4.75"), ("5", "5"), ("100", "100"), ("0.000001", "0.000001")]
)
def test_a_percentage_is_written_without_idle_zeros(value: str, written: str) -> None:
    assert percent.dump_python(Decimal(value), mode="json") == written


@pytest.mark.parametrize("given_as", ["2026-11-20", date(2026, 11, 20)], ids=repr)
def test_a_day_is_an_iso_date(given_as: Any) -> None:
    assert day.validate_python(given_as) == date(2026, 11, 20)


@pytest.mark.parametrize(
    "given_as",
    ["2023-02-29", "0001-01-01", "2200-01-01", "20261120", "2026-11-20T00:00:00", 0, 1.0, True, None, "今天"],
)
def test_what_is_no_day_is_refused_with_advice(given_as: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        day.validate_python(given_as)
    assert not refusal.value.errors()[0]["msg"].isascii()


@given(text=st.from_regex(r"\A-?[0-9]{0,3}(\.[0-9]{0,7})?\Z"))
@pytest.mark.parametrize(
    "kind", [yuan, signed_yuan, positive_yuan, percent], ids=["yuan", "signed", "positive", "percent"]
)
def test_the_declared_pattern_says_exactly_which_text_is_read(kind: TypeAdapter[Decimal], text: str) -> None:
    pattern = kind.json_schema(mode="validation")["anyOf"][0]["pattern"]
    assert is_read(kind, text) == (re.search(pattern, text) is not None)


def test_the_declared_pattern_says_exactly_which_days_are_read() -> None:
    pattern = re.compile(day.json_schema()["pattern"])
    texts = [f"{year:04}-{month:02}-{dom:02}" for year in YEARS for month in range(14) for dom in range(33)]
    assert [text for text in texts if is_read(day, text)] == [text for text in texts if pattern.search(text)]


def test_text_holds_anything_that_both_databases_can_store() -> None:
    assert is_read(text_kind, "养老\n\t💰")
    assert not is_read(text_kind, "\x00")
    assert not is_read(text_kind, "长" * 2_001)


def test_true_is_not_one_and_one_is_not_true() -> None:
    for kind, value in ((Flag, 1), (Flag, "yes"), (Whole, True), (Whole, "1"), (Whole, 1.0)):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


def test_an_output_field_with_a_default_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="summary"):
        type("LoanOut", (OutputSchema,), {"__annotations__": {"summary": "str | None"}, "summary": None})


def test_an_unknown_field_is_refused_on_the_way_in() -> None:
    class LoanIn(InputSchema):
        amount: Yuan

    with pytest.raises(ValidationError, match="extra"):
        LoanIn.model_validate({"amount": "1", "amuont": "2"})


def test_a_citation_names_document_and_clause() -> None:
    assert Citation.model_fields.keys() == {"document", "document_number", "clause", "label", "summary"}
