"""Numbers: the unified social credit code with its check digit, several sites of one, provisional local numbers."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.institutions.numbers import LEGAL_FORM_OF, legal_form_error, provisional_numbers, read_uscc
from app.institutions.refusals import RegistryRefused
from app.rules.codes import LEGAL_FORM
from app.store.engine import Database
from tests.institutions.registry import COUNTY, Registry, a_uscc, pointers

VALID = a_uscc()


@pytest.mark.parametrize(
    "written",
    [
        VALID,
        VALID.lower(),
        f" {VALID[:2]} {VALID[2:8]}-{VALID[8:]} ",
        "".join(chr(ord(sign) + 0xFEE0) for sign in VALID),
    ],
    ids=["plain", "lower case", "blanks and hyphens", "full width"],
)
def test_a_code_is_read_as_people_write_it(written: str) -> None:
    assert read_uscc(written) == VALID


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (VALID[:-1], "uscc_length"),
        (VALID + "0", "uscc_length"),
        ("N2" + VALID[2:], "uscc_village_collective"),
        (VALID[:9] + "I" + VALID[10:], "uscc_letters"),
        ("5A" + VALID[2:], "uscc_characters"),
        (VALID[:9] + "和" + VALID[10:], "uscc_characters"),
        (VALID[:-1] + ("0" if VALID[-1] != "0" else "1"), "uscc_check_digit"),
        (VALID[1] + VALID[0] + VALID[2:], "uscc_check_digit"),
    ],
)
def test_a_wrong_code_is_refused_with_what_is_wrong(written: str, code: str) -> None:
    with pytest.raises(RegistryRefused) as refusal:
        read_uscc(written)
    assert [(error.pointer, error.code) for error in refusal.value.errors] == [("/uscc", code)]


@pytest.mark.parametrize("prefix", [*LEGAL_FORM_OF, "11"])
@pytest.mark.parametrize("form", LEGAL_FORM)
def test_the_legal_form_is_the_one_that_the_code_begins_with(prefix: str, form: str) -> None:
    error = legal_form_error(prefix + VALID[2:], form)
    assert (error is None) is (LEGAL_FORM_OF.get(prefix) == form)


def test_every_legal_form_has_a_prefix_of_its_own() -> None:
    assert sorted(LEGAL_FORM_OF.values()) == sorted(LEGAL_FORM)


def test_an_unknown_code_or_form_contradicts_nothing() -> None:
    assert legal_form_error(None, "enterprise") is None
    assert legal_form_error(VALID, None) is None


def test_the_same_number_is_refused_and_the_next_site_is_named(registry: Registry) -> None:
    uscc = a_uscc()
    registry.add("虚构第一处养老院", uscc=uscc)
    again = registry.post("虚构另一家养老院", uscc=uscc.lower())
    assert (again.status_code, pointers(again)) == (409, {"/uscc": "already_registered"})
    assert "虚构第一处养老院" in again.json()["detail"]
    assert "site_number: 2" in again.json()["detail"]
    second = registry.add("虚构第二处养老院", uscc=uscc, site_number=2)
    assert (second["uscc"], second["site_number"], second["provisional_number"]) == (uscc, 2, None)


def test_a_site_without_a_code_gets_a_local_number_until_it_has_one(registry: Registry) -> None:
    facts = {"region_code": "140221"}
    first, second = registry.add(facts=facts), registry.add(facts=facts)
    numbers = [one["provisional_number"] for one in (first, second)]
    year = first["created_at"][:4]
    assert [number[:11] for number in numbers] == [f"P140221{year}"] * 2
    assert int(numbers[1][11:]) == int(numbers[0][11:]) + 1
    uscc = a_uscc()
    amended = registry.amend(first["id"], 1, uscc=uscc).json()
    assert (amended["uscc"], amended["provisional_number"]) == (uscc, None)


def test_a_legal_form_is_checked_when_either_changes(registry: Registry) -> None:
    one = registry.add(facts={"legal_form": "enterprise"})
    refused = registry.amend(one["id"], 1, uscc=a_uscc("52"))
    assert pointers(refused) == {"/facts/institution.legal_form": "legal_form_contradicts_uscc"}
    assert registry.amend(one["id"], 1, uscc=a_uscc("91")).status_code == 200


def test_local_numbers_have_neither_gaps_nor_twins_under_a_rush(fresh_database: Database) -> None:
    def take(_: int) -> str:
        with fresh_database.writing() as session:
            return provisional_numbers(session, COUNTY, 2026)[0]

    with ThreadPoolExecutor(8) as pool:
        taken = sorted(pool.map(take, range(80)))
    assert taken == [f"P1401052026{serial:04d}" for serial in range(1, 81)]
    with fresh_database.writing() as session:
        assert provisional_numbers(session, COUNTY, 2027) == ["P14010520270001"]
        assert provisional_numbers(session, "140106", 2026, 3)[-1] == "P14010620260003"
