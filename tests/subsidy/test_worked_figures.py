"""The worked figures: 20,000,000 yuan, 2022-07-01 to 2025-07-01, 4.45 %, bullet, half of the reference rate."""

from decimal import Decimal

import pytest

from app.subsidy import Reading, quote, quote_range
from tests.subsidy import naive
from tests.subsidy.samples import NAMED, RATES, READINGS, SAMPLE, WINDOW, ask, reading, years

BENCHMARK = {2022: "242777.78", 2023: "481597.22", 2024: "482916.67", 2025: "238819.44"}
LPR_1Y = {2022: "187277.78", 2023: "360958.33", 2024: "341222.22", 2025: "154694.44"}
LPR_5Y = {2022: "221944.44", 2023: "430555.56", 2024: "395527.78", 2025: "179833.33"}
LOWER = {2022: "227444.44", 2023: "451180.56", 2024: "452416.67", 2025: "223736.11"}
BENCHMARK_365 = {2022: "239452.05", 2023: "475000.00", 2024: "476301.37", 2025: "235547.95"}
AT_DRAWDOWN = {2022: "189111.11", 2023: "375138.89", 2024: "376166.67", 2025: "186027.78"}

FIGURES = [
    pytest.param("default", "1446111.11", BENCHMARK, id="benchmark"),
    pytest.param("actual-365", "1426301.37", BENCHMARK_365, id="actual-365"),
    pytest.param("lpr-1y", "1044152.77", LPR_1Y, id="lpr-1y"),
    pytest.param("lpr-5y", "1227861.11", LPR_5Y, id="lpr-5y"),
    pytest.param("lower-rate", "1354777.78", LOWER, id="lower-rate"),
    pytest.param("lpr-1y-first-drawdown", "1126444.45", AT_DRAWDOWN, id="lpr-at-drawdown"),
]


@pytest.mark.parametrize(("slug", "total", "lines"), FIGURES)
def test_to_the_fen(slug: str, total: str, lines: dict[int, str]) -> None:
    answer = quote(SAMPLE, NAMED[slug], RATES, window=WINDOW)
    assert answer.subsidy_yuan == Decimal(total)
    assert years(answer) == {year: Decimal(amount) for year, amount in lines.items()}


@pytest.mark.parametrize(("slug", "total", "lines"), FIGURES)
def test_the_day_loop_agrees(slug: str, total: str, lines: dict[int, str]) -> None:
    expected = naive.quote(SAMPLE, NAMED[slug], RATES, WINDOW)
    assert naive.total(expected) == Decimal(total)
    assert {year: naive.total({year: line}) for year, line in expected.items()} == {
        year: Decimal(amount) for year, amount in lines.items()
    }


def test_the_days_and_the_sentence_of_each_line() -> None:
    answer = ask()
    assert [(line.year, line.days) for line in answer.years] == [(2022, 184), (2023, 365), (2024, 366), (2025, 181)]
    assert answer.years[0].formula == "20,000,000.00 元 × 4.75% × 184 天 ÷ 360 × 50% = 242,777.78 元"


def test_contract_interest_is_rounded_once_per_year_too() -> None:
    answer = ask()
    assert [line.interest_yuan for line in answer.years] == [
        Decimal("454888.89"),
        Decimal("902361.11"),
        Decimal("904833.33"),
        Decimal("447472.22"),
    ]
    assert answer.interest_yuan == Decimal("2709555.55")


def test_the_range_runs_from_the_one_year_lpr_to_the_benchmark() -> None:
    """The reading moves the answer by 38.5 %, which is why people see the range."""
    found = quote_range(SAMPLE, READINGS.readings, RATES, window=WINDOW)
    assert (found.low_yuan, found.high_yuan) == (Decimal("1044152.77"), Decimal("1446111.11"))
    assert [total.slug for total in found.readings][:2] == ["default", "lower-rate"]
    assert found.high_yuan is not None
    assert found.low_yuan is not None
    assert round(found.high_yuan / found.low_yuan * 100 - 100, 1) == Decimal("38.5")


def test_every_quote_carries_the_reservation() -> None:
    assert ask().notes[0] == "测算，以财政部门审核为准。"


def test_the_answer_names_its_reading() -> None:
    chosen: Reading = reading(cap="lower_rate")
    assert quote(SAMPLE, chosen, RATES).reading == chosen
