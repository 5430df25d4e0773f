"""Codes that check, in a range that no registry gives out."""

import pytest
from stdnum.cn import uscc

from app.demo.numbers import MOST, RESERVED, sample_uscc
from app.institutions.numbers import LEGAL_FORM_OF, legal_form_error, read_uscc


@pytest.mark.parametrize("legal_form", LEGAL_FORM_OF.values())
def test_a_code_is_valid_reserved_and_of_its_legal_form(legal_form: str) -> None:
    for serial in (0, 1, 9, 61_728, MOST - 1):
        code = sample_uscc(legal_form, "140105", serial)
        assert uscc.is_valid(code)
        assert read_uscc(code) == code
        assert RESERVED.fullmatch(code)
        assert legal_form_error(code, legal_form) is None


def test_codes_differ_by_serial_and_carry_the_place() -> None:
    codes = {sample_uscc("enterprise", "140321", serial) for serial in range(2_000)}

    assert len(codes) == 2_000
    assert {code[2:8] for code in codes} == {"140321"}
    # Each of the eleven check digits of an organisation code occurs, the letter among them.
    assert {code[16] for code in codes} == set("0123456789X")


def test_the_organisation_code_carries_its_own_check_digit() -> None:
    # GB 11714 by hand: X = 33, G = 16; 33·3 + 16·7 = 211 = 11·19 + 2; 11 − 2 = 9.
    assert sample_uscc("enterprise", "140105", 0)[8:17] == "XG0000009"


@pytest.mark.parametrize("serial", [-1, MOST])
def test_a_serial_outside_the_range_is_refused(serial: int) -> None:
    with pytest.raises(ValueError, match="six digits"):
        sample_uscc("enterprise", "140105", serial)


@pytest.mark.parametrize("code", ["91140105MA0KXXXX1X", "52140000MJ00000000", "911401051234567890"])
def test_codes_of_real_registries_are_outside_the_reserved_range(code: str) -> None:
    assert RESERVED.fullmatch(code) is None
