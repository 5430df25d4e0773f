"""What is typed into a form: numbers as people write them, and nothing taken for a number that is none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.console.forms import number, plain, whole
from app.console.words import wan, yuan

FULL_WIDTH = str.maketrans("0123456789.,-", "０１２３４５６７８９．，－")


@given(st.decimals(-(10**12), 10**12, places=2))
def test_an_amount_is_read_however_it_was_typed(amount: Decimal) -> None:
    assert number(f"{amount:f}") == amount
    assert number(f" {amount:,f} ") == amount
    assert number(f"{amount:,f}".translate(FULL_WIDTH)) == amount


@given(st.integers(-(10**17), 10**17))
def test_a_whole_number_is_read_however_it_was_typed(count: int) -> None:
    assert whole(f"{count:,}".translate(FULL_WIDTH)) == count


@given(st.text())
def test_whatever_is_typed_is_a_number_or_stays_as_it_was(text: str) -> None:
    read = whole(text)
    assert read == text if isinstance(read, str) else str(abs(read)) in plain(text).replace("-0", "0")
    assert abs(number(text) or Decimal(0)) < 10**18


@pytest.mark.parametrize("text", ["", "--5", "1e999999", "NaN", "Infinity", "0x10", "9" * 19, "1.2.3", "五"])
def test_no_number(text: str) -> None:
    assert number(text) is None
    assert whole(text) == text


@pytest.mark.parametrize("text", ["1e999999", "-1e999999", "NaN", "Infinity", "9" * 5_000])
def test_what_is_no_amount_is_not_written_out(text: str) -> None:
    assert yuan(text) == wan(text) == "—"
