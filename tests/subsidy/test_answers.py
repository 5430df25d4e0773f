"""Sentences, returns, readings and seeds: what stands around the sums."""

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from app.subsidy import (
    OPTIONS,
    Loan,
    Quote,
    Rates,
    RateSeries,
    Reading,
    ReadingSet,
    Window,
    in_full,
    quote,
)
from app.subsidy.amounts import decimals, percent, share_words, yuan
from app.subsidy.returns import annual_rate_percent
from tests.subsidy import loans
from tests.subsidy.samples import DEFAULT, NAMED, RATES, READINGS, SAMPLE, WINDOW, ask, changed, reading


def calculator(formula: str) -> Decimal:
    """Key in a formula as a clerk would: the products, the divisor, the shares; then the last bound, if any."""
    if formula.startswith("当年没有计息余额"):
        return Decimal("0.00")
    head, *bounds = formula.split("；")
    left, result = head.split(" = ")
    products = re.findall(r"([\d,]+\.\d\d) 元 × ([\d.]+)% × (\d+) 天", left)
    total = sum(Fraction(a.replace(",", "")) * Fraction(b) / 100 * int(c) for a, b, c in products)
    value = Fraction(total) / int(left.split(" ÷ ")[1].split(" ")[0])
    for share in re.findall(r"([\d.]+)%(?! × \d+ 天)", left.split(" ÷ ")[1]):
        value *= Fraction(share) / 100
    hundredths = (value * 100 + Fraction(1, 2)) // 1
    assert Fraction(result.removesuffix(" 元").replace(",", "")) * 100 == hundredths
    if bounds:
        found = re.search(r"按 ([\d,]+\.\d\d) 元计$", bounds[-1])
        assert found is not None
        return Decimal(found[1].replace(",", ""))
    return Decimal(result.removesuffix(" 元").replace(",", ""))


class TestFormula:
    @settings(max_examples=80, deadline=None)
    @given(loans.loans().flatmap(loans.receipts), loans.readings(), loans.windows)
    def test_a_calculator_gets_every_line(self, loan: Loan, chosen: Reading, window: Window) -> None:
        answer = quote(loan, chosen, RATES, window=window, application_date=date(2023, 1, 1))
        for line in answer.years:
            assert calculator(line.formula) == line.subsidy_yuan

    def test_several_balances_are_summed(self) -> None:
        answer = ask(changed(repayments=[{"on": "2023-07-01", "amount_yuan": "5000000"}]))
        assert answer.years[1].formula == (
            "(20,000,000.00 元 × 4.75% × 181 天 + 15,000,000.00 元 × 4.75% × 184 天) ÷ 360 × 50% = 420,902.78 元"
        )

    def test_figures_in_words(self) -> None:
        assert [share_words(n) for n in (500_000, 333_333, 1_000_000, 0, 125_000)] == [
            "50%",
            "33.3333%",
            "100%",
            "0%",
            "12.5%",
        ]
        assert [str(percent(n)) for n in (4_350_000, 4_000_000, 4_125_000, 1)] == ["4.35", "4.00", "4.125", "0.000001"]
        assert [str(yuan(n)) for n in (0, 5, 123_456, -5)] == ["0.00", "0.05", "1234.56", "-0.05"]

    @pytest.mark.parametrize(
        ("value", "used"), [("1", 0), ("1.50", 1), ("0.000", 0), ("100", 0), ("1e5", 0), ("1.20e1", 0), ("1e-7", 7)]
    )
    def test_trailing_zeros_are_no_decimals(self, value: str, used: int) -> None:
        assert decimals(Decimal(value)) == used


class TestReturns:
    def test_one_year_by_365_returns_the_contract_rate(self) -> None:
        loan = changed(drawn_on="2023-01-01", due_on="2024-01-01")
        answer = ask(loan, day_count="actual_365")
        assert answer.gross_rate_percent == Decimal("4.4500")
        # Half of 4.35 % comes back.
        assert answer.net_rate_percent == Decimal("2.2750")

    def test_whole_calendar_years_return_the_contract_rate(self) -> None:
        loan = changed(drawn_on="2021-01-01", due_on="2024-01-01")
        answer = quote(loan, reading(day_count="actual_365"), RATES)
        assert answer.gross_rate_percent == Decimal("4.4500")
        assert answer.net_rate_percent == Decimal("2.0750")

    def test_the_worked_loan(self) -> None:
        answer = ask()
        assert (answer.gross_rate_percent, answer.net_rate_percent) == (Decimal("4.5285"), Decimal("2.1075"))

    STEP = Decimal("0.0001")

    @pytest.mark.parametrize("slug", sorted(NAMED))
    def test_the_rate_makes_the_flows_worth_nothing(self, slug: str) -> None:
        """Recomputed with plain powers from the answer's own lines: the sign changes around the rate."""
        answer = quote(SAMPLE, NAMED[slug], RATES, window=WINDOW, application_date=date(2022, 9, 1))
        assert answer.net_rate_percent is not None
        below, above = (self.worth(answer, answer.net_rate_percent + step) for step in (-self.STEP, self.STEP))
        assert below < 0 < above

    @staticmethod
    def worth(answer: Quote, rate: Decimal) -> Decimal:
        yearly = 1 + rate / 100
        start = SAMPLE.drawn_on
        flows = [(start, SAMPLE.principal_yuan), (SAMPLE.due_on, -SAMPLE.principal_yuan)]
        flows += [(line.to, line.subsidy_yuan - line.interest_yuan) for line in answer.years]
        worths = (amount * yearly ** (Decimal((start - day).days) / 365) for day, amount in flows)
        return sum(worths, Decimal(0))

    @pytest.mark.parametrize(
        ("flows", "expected"),
        [
            ({0: 100, 365: -100}, "0.0000"),
            ({0: 10_000, 365: -11_000}, "10.0000"),
            ({0: 10_000, 365: -9_000}, "-10.0000"),
            ({0: 10_000, 730: -12_100}, "10.0000"),
            ({0: 10_000, 365: -1_000, 730: -11_000}, "10.0000"),
            ({}, None),
            ({0: 100}, None),
            ({0: 100, 365: 5}, None),
            ({0: 100, 1: -100_000_000}, None),
        ],
    )
    def test_by_hand(self, flows: dict[int, int], expected: str | None) -> None:
        assert annual_rate_percent(flows) == (None if expected is None else Decimal(expected))

    @settings(max_examples=60, deadline=None)
    @given(loans.loans(styles=("bullet",)), loans.readings())
    def test_a_subsidy_never_makes_a_loan_dearer(self, loan: Loan, chosen: Reading) -> None:
        answer = quote(loan, chosen, RATES, application_date=date(2023, 1, 1))
        if answer.net_rate_percent is not None and answer.gross_rate_percent is not None:
            assert answer.net_rate_percent <= answer.gross_rate_percent

    @pytest.mark.parametrize("style", ["equal_instalment", "equal_principal"])
    def test_instalments_return_the_effective_monthly_rate(self, style: str) -> None:
        """4.45 % in twelve monthly parts is 4.54 % a year."""
        answer = ask(changed(repayment_style=style, drawn_on="2023-01-01", due_on="2033-01-01"))
        assert answer.gross_rate_percent is not None
        assert abs(answer.gross_rate_percent - Decimal("4.5418")) < Decimal("0.01")


class TestSeeds:
    def test_each_series_says_where_it_comes_from(self) -> None:
        assert [series.code for series in RATES.series] == [
            "lpr_1y",
            "lpr_5y",
            "benchmark_up_to_1y",
            "benchmark_1y_to_5y",
            "benchmark_over_5y",
        ]
        for series in RATES.series:
            assert series.known_through == date(2026, 8, 20)
            assert series.source
            assert series.cite
            assert "http" not in series.source + series.cite

    @pytest.mark.parametrize(
        ("day", "expected"),
        [
            ("2015-06-28", ["4.85", "5.25", "5.40"]),
            ("2015-08-25", ["4.85", "5.25", "5.40"]),
            ("2015-08-26", ["4.60", "5.00", "5.15"]),
            ("2015-10-23", ["4.60", "5.00", "5.15"]),
            ("2015-10-24", ["4.35", "4.75", "4.90"]),
            ("2022-07-01", ["4.35", "4.75", "4.90"]),
        ],
    )
    def test_the_benchmark(self, day: str, expected: list[str]) -> None:
        codes = ("benchmark_up_to_1y", "benchmark_1y_to_5y", "benchmark_over_5y")
        assert [str(RATES.get(code).on(date.fromisoformat(day)).percent) for code in codes] == expected

    @pytest.mark.parametrize(
        ("day", "one", "five"),
        [
            ("2019-08-20", "4.25", "4.85"),
            ("2019-09-20", "4.20", "4.85"),
            ("2019-11-20", "4.15", "4.80"),
            ("2020-02-20", "4.05", "4.75"),
            ("2020-04-20", "3.85", "4.65"),
            ("2021-12-20", "3.80", "4.65"),
            ("2022-01-20", "3.70", "4.60"),
            ("2022-05-20", "3.70", "4.45"),
            ("2022-08-22", "3.65", "4.30"),
            ("2023-06-20", "3.55", "4.20"),
            ("2023-08-21", "3.45", "4.20"),
            ("2024-02-20", "3.45", "3.95"),
            ("2024-07-22", "3.35", "3.85"),
            ("2024-10-21", "3.10", "3.60"),
            ("2025-05-20", "3.00", "3.50"),
            ("2026-08-20", "3.00", "3.50"),
        ],
    )
    def test_the_lpr(self, day: str, one: str, five: str) -> None:
        found = [RATES.get(code).on(date.fromisoformat(day)) for code in ("lpr_1y", "lpr_5y")]
        assert [str(rate.percent) for rate in found] == [one, five]
        assert not any(rate.carried_forward for rate in found)

    def test_a_day_past_what_is_known_is_marked(self) -> None:
        assert RATES.get("lpr_1y").on(date(2026, 8, 21)) == (Decimal("3.00"), True)

    def test_the_readings_cite_the_clause_and_begin_with_the_default(self) -> None:
        assert READINGS.programme == "kangyang-interest-subsidy"
        assert (READINGS.cite.document, READINGS.cite.clause) == ("jinzhengbanfa-2022-37", "三(八)")
        assert READINGS.default.slug == "default"
        assert (DEFAULT.share, DEFAULT.longest_months) == (Decimal("0.5"), 36)
        assert all(named.reason and named.confirmed is None for named in READINGS.readings)

    def test_the_readings_between_them_show_every_open_option(self) -> None:
        """Each reference rate, rate day, cap, day count, scope and stacking rule stands in some listed reading."""
        for key in ("reference_rate", "rate_day", "cap", "day_count", "longest_scope", "stacking"):
            assert {getattr(named.reading, key) for named in READINGS.readings} == set(OPTIONS[key])

    def test_no_two_listed_readings_are_the_same(self) -> None:
        assert len({named.reading.model_dump_json() for named in READINGS.readings}) == len(READINGS.readings)

    def test_a_set_that_leaves_a_parameter_without_its_basis_is_refused(self) -> None:
        broken = READINGS.model_dump(mode="json")
        broken["parameters"] = broken["parameters"][1:]
        with pytest.raises(ValidationError, match="依据"):
            ReadingSet.model_validate(in_full(broken))

    def test_a_set_with_a_repeated_slug_is_refused(self) -> None:
        broken = READINGS.model_dump(mode="json")
        broken["readings"].append(broken["readings"][0])
        with pytest.raises(ValidationError, match="不应重复"):
            ReadingSet.model_validate(in_full(broken))

    @pytest.mark.parametrize(
        "changes",
        [
            {"points": []},
            {"points": [{"from": "2020-01-01", "percent": "4"}, {"from": "2020-01-01", "percent": "5"}]},
            {"points": [{"from": "2020-01-02", "percent": "4"}, {"from": "2020-01-01", "percent": "5"}]},
            {"points": [{"from": "2026-08-21", "percent": "4"}]},
            {"points": [{"from": "2020-01-01", "percent": "-1"}]},
            {"points": [{"from": "2020-01-01", "percent": "NaN"}]},
            {"points": [{"from": "2020-01-01", "percent": "4.1234567"}]},
            {"unit": "basis_points"},
            {"name": None},
        ],
    )
    def test_a_broken_series_is_refused(self, changes: dict[str, object]) -> None:
        good = RATES.get("lpr_1y").model_dump(mode="json")
        assert RateSeries.model_validate(good) == RATES.get("lpr_1y")
        with pytest.raises(ValidationError):
            RateSeries.model_validate({**good, **changes})

    def test_a_series_given_twice_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="不应重复"):
            Rates.of([RATES.get("lpr_1y"), RATES.get("lpr_1y")])


class TestShape:
    def test_the_answer_is_json_with_decimal_strings_and_iso_dates(self) -> None:
        document = ask().model_dump(mode="json")
        assert document["subsidy_yuan"] == "1446111.11"
        line = document["years"][0]
        assert (line["from"], line["to"], line["days"]) == ("2022-07-01", "2023-01-01", 184)
        assert line["balances"] == [{"from": "2022-07-01", "to": "2023-01-01", "balance_yuan": "20000000.00"}]
        assert line["reference_rates"][0]["percent"] == "4.75"

    def test_output_has_no_defaults(self) -> None:
        for model in (Quote, *(type(part) for part in (ask().years[0], ask().years[0].balances[0]))):
            assert all(field.is_required() for field in model.model_fields.values())
