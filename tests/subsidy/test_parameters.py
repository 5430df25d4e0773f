"""Each parameter of the table: worked cases by hand, and the naive day loop beside them."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from app.subsidy import (
    SubsidyError,
    Window,
    quote,
    quote_project,
    quote_range,
)
from tests.subsidy.samples import EFFECTIVE, ONE_DAY, RATES, READINGS, SAMPLE, WINDOW, ask, changed, reading, years
from tests.subsidy.worked import loan_of, worked


class TestReferenceRate:
    @pytest.mark.parametrize(
        ("due_on", "series", "percent"),
        [
            ("2023-06-30", "benchmark_up_to_1y", "4.35"),
            ("2023-07-01", "benchmark_up_to_1y", "4.35"),
            ("2023-07-02", "benchmark_1y_to_5y", "4.75"),
            ("2027-06-30", "benchmark_1y_to_5y", "4.75"),
            ("2027-07-01", "benchmark_1y_to_5y", "4.75"),
            ("2027-07-02", "benchmark_over_5y", "4.90"),
        ],
    )
    def test_exactly_12_or_60_months_belong_to_the_shorter_benchmark_band(
        self, due_on: str, series: str, percent: str
    ) -> None:
        answer = ask(changed(due_on=due_on))
        assert answer.reference_series == series
        assert {rate.percent for line in answer.years for rate in line.reference_rates} == {Decimal(percent)}

    @pytest.mark.parametrize(
        ("due_on", "series"), [("2027-06-30", "lpr_1y"), ("2027-07-01", "lpr_5y"), ("2027-07-02", "lpr_5y")]
    )
    def test_lpr_by_tenor_takes_the_longer_one_from_60_months(self, due_on: str, series: str) -> None:
        assert ask(changed(due_on=due_on), reference_rate="lpr_by_tenor").reference_series == series

    def test_a_month_end_term_counts_whole_months(self) -> None:
        """2024-02-29 + 12 months = 2025-02-28: one day more is a longer band."""
        at = ask(changed(drawn_on="2024-02-29", due_on="2025-02-28"))
        above = ask(changed(drawn_on="2024-02-29", due_on="2025-03-01"))
        assert (at.reference_series, above.reference_series) == ("benchmark_up_to_1y", "benchmark_1y_to_5y")

    def test_each_option_is_worked_on_ten_days(self) -> None:
        """Ten days of 2023-03 at half of 4.35, 3.65, 4.30 and 3.65 percent."""
        loan = loan_of("2023-03-01", "2023-03-11")
        worked(loan, reading(), "21750.00")
        worked(loan, reading(reference_rate="lpr_1y"), "18250.00")
        worked(loan, reading(reference_rate="lpr_5y"), "21500.00")
        worked(loan, reading(reference_rate="lpr_by_tenor"), "18250.00")


class TestRateDay:
    @pytest.mark.parametrize(
        ("drawn_on", "total"),
        [("2024-10-19", "3350.00"), ("2024-10-20", "3225.00"), ("2024-10-21", "3100.00")],
    )
    def test_the_days_before_of_and_after_a_change(self, drawn_on: str, total: str) -> None:
        """The one-year LPR falls from 3.35 to 3.10 on 2024-10-21; two days at half of it."""
        due = date.fromisoformat(drawn_on) + 2 * ONE_DAY
        worked(loan_of(drawn_on, due.isoformat()), reading(reference_rate="lpr_1y"), total)

    def test_every_change_of_every_series_takes_effect_on_its_own_day(self) -> None:
        for series in RATES.series:
            for before, after in pairwise(series.points):
                found = [series.on(after.from_ + n * ONE_DAY).percent for n in (-1, 0, 1)]
                assert found == [before.percent, after.percent, after.percent]

    def test_year_start_holds_one_value_all_year(self) -> None:
        """2024 began at 3.45, which holds through two cuts; 2025 began at 3.10."""
        loan = loan_of("2024-12-30", "2025-01-03")
        answer = worked(loan, reading(reference_rate="lpr_1y", rate_day="year_start"), "6550.00")
        assert years(answer) == {2024: Decimal("3450.00"), 2025: Decimal("3100.00")}

    def test_a_year_that_began_before_the_series_takes_its_first_value(self) -> None:
        loan = loan_of("2019-12-30", "2020-01-02")
        answer = worked(loan, reading(reference_rate="lpr_1y", rate_day="year_start"), "6325.00", window=Window())
        # 4.25 is the series' first value, of 2019-08-20; by then the rate of the day was 4.15.
        assert years(answer) == {2019: Decimal("4250.00"), 2020: Decimal("2075.00")}
        assert any("按首个数值计" in note for note in answer.notes)

    def test_year_start_reaches_even_years_before_the_series(self) -> None:
        chosen = reading(reference_rate="lpr_5y", rate_day="year_start")
        worked(loan_of("2017-01-01", "2017-01-03"), chosen, "4850.00", window=Window())

    def test_first_drawdown_holds_for_the_whole_loan(self) -> None:
        drawdowns = [
            {"on": "2024-07-21", "amount_yuan": "18000000"},
            {"on": "2024-10-21", "amount_yuan": "18000000"},
        ]
        loan = loan_of("2024-07-21", "2024-10-22", drawdowns=drawdowns)
        # 93 days of the first half, one of the second, all at half of 3.45, the rate of 2024-07-21.
        worked(loan, reading(reference_rate="lpr_1y", rate_day="first_drawdown"), "81075.00")

    def test_application_date(self) -> None:
        chosen = reading(reference_rate="lpr_1y", rate_day="application_date")
        loan = loan_of("2024-07-01", "2024-07-03")
        worked(loan, chosen, "3100.00", applied=date(2024, 10, 21))
        worked(loan, chosen, "3350.00", applied=date(2024, 10, 20))

    def test_a_missing_application_date_is_refused_but_leaves_the_range(self) -> None:
        with pytest.raises(SubsidyError) as refused:
            quote(SAMPLE, reading(rate_day="application_date"), RATES)
        assert (refused.value.code, refused.value.pointer) == ("application_date_missing", "/application_date")
        found = quote_range(SAMPLE, READINGS.readings, RATES, window=WINDOW)
        missing = [total for total in found.readings if total.subsidy_yuan is None]
        assert [(total.slug, total.missing) for total in missing] == [
            ("lpr-1y-application-date", "按申请日利率测算时请填写申请日期")
        ]

    def test_a_day_before_the_series_is_refused(self) -> None:
        with pytest.raises(SubsidyError) as refused:
            quote(loan_of("2019-08-19", "2019-08-25"), reading(reference_rate="lpr_1y"), RATES)
        assert (refused.value.code, refused.value.pointer) == ("rate_not_known", "/drawn_on")
        quote(loan_of("2019-08-20", "2019-08-25"), reading(reference_rate="lpr_1y"), RATES)

    def test_a_day_before_the_series_that_does_not_count_does_no_harm(self) -> None:
        """The programme began in 2022: what the LPR was before it existed is nobody's question."""
        answer = ask(loan_of("2019-08-01", "2022-08-01"), reference_rate="lpr_1y")
        assert answer.years[0].from_ == EFFECTIVE


class TestCarriedForward:
    def test_the_last_known_value_is_carried_and_said(self) -> None:
        answer = ask(loan_of("2026-08-19", "2026-08-23"), reference_rate="lpr_1y")
        rates = [(rate.from_, rate.percent, rate.carried_forward) for rate in answer.years[0].reference_rates]
        assert rates == [
            (date(2026, 8, 19), Decimal("3.00"), False),
            (date(2026, 8, 21), Decimal("3.00"), True),
        ]
        assert any("一年期贷款市场报价利率" in note and "2026-08-20" in note for note in answer.notes)
        assert answer.years[0].formula.startswith("36,000,000.00 元 × 3.00% × 4 天 ÷")

    @pytest.mark.parametrize(
        ("applied", "carried"), [("2026-08-19", False), ("2026-08-20", False), ("2026-08-21", True)]
    )
    def test_one_days_rate_is_known_through_its_last_day(self, applied: str, carried: bool) -> None:
        chosen = reading(reference_rate="lpr_1y", rate_day="application_date")
        answer = quote(SAMPLE, chosen, RATES, application_date=date.fromisoformat(applied))
        assert {rate.carried_forward for line in answer.years for rate in line.reference_rates} == {carried}
        assert any("沿用" in note for note in answer.notes) is carried

    @pytest.mark.parametrize(("due_on", "said"), [("2026-08-20", False), ("2026-08-21", False), ("2026-08-22", True)])
    def test_the_note_begins_with_the_first_unknown_day(self, due_on: str, said: bool) -> None:
        answer = ask(loan_of("2026-08-01", due_on), reference_rate="lpr_1y")
        assert any("沿用" in note for note in answer.notes) is said


class TestTenorAndShorterLoan:
    def test_early_repayment_does_not_change_the_tenor(self) -> None:
        """Repaid after ten months, a three-year loan still takes the band of one to five years."""
        early = changed(repayments=[{"on": "2023-05-01", "amount_yuan": "20000000"}])
        answer = ask(early)
        assert answer.reference_series == "benchmark_1y_to_5y"
        assert answer.years[-1].to == date(2023, 5, 1)

    def test_the_subsidy_ends_with_full_repayment(self) -> None:
        early = loan_of("2023-03-01", "2024-03-01", repayments=[{"on": "2023-03-11", "amount_yuan": "36000000"}])
        worked(early, reading(), "21750.00")

    def test_an_extension_adds_nothing(self) -> None:
        extended = ask(changed(extended_to="2027-07-01"))
        assert extended.years == ask().years
        assert any("展期" in note for note in extended.notes)

    def test_a_late_repayment_adds_nothing(self) -> None:
        late = ask(changed(repayments=[{"on": "2025-12-01", "amount_yuan": "20000000"}]))
        assert late.years == ask().years
        assert any("逾期" in note for note in late.notes)

    def test_the_first_drawdown_begins_every_count(self) -> None:
        drawdowns = [{"on": "2022-08-01", "amount_yuan": "36000000"}]
        answer = ask(loan_of("2022-07-01", "2027-08-01", drawdowns=drawdowns))
        assert answer.reference_series == "benchmark_1y_to_5y"
        assert (answer.years[0].from_, answer.years[-1].to) == (date(2022, 8, 1), date(2025, 8, 1))
        assert any("2022-08-01" in note for note in answer.notes)


class TestShare:
    @pytest.mark.parametrize(("share", "total"), [("0", "0.00"), ("0.333333", "14499.99"), ("1", "43500.00")])
    def test_share(self, share: str, total: str) -> None:
        worked(loan_of("2023-03-01", "2023-03-11", contract_rate={"percent": "9"}), reading(share=share), total)


class TestLongest:
    @pytest.mark.parametrize(
        ("due_on", "last"),
        [("2025-06-30", "2025-06-30"), ("2025-07-01", "2025-07-01"), ("2025-07-02", "2025-07-01")],
    )
    def test_36_months_from_the_first_drawdown(self, due_on: str, last: str) -> None:
        answer = ask(changed(due_on=due_on))
        assert answer.years[-1].to == date.fromisoformat(last)
        assert any("最长 36 个月" in note for note in answer.notes) is (due_on > "2025-07-01")

    def test_a_month_that_lacks_the_day_ends_on_its_last(self) -> None:
        """2024-01-31 + 1 month = 2024-02-29: 29 days, and the note says so."""
        loan = loan_of("2024-01-31", "2024-12-31")
        answer = worked(loan, reading(longest_months=1), "63075.00")
        assert (answer.years[0].to, answer.years[0].days) == (date(2024, 2, 29), 29)
        assert any("取月末 2024-02-29" in note for note in answer.notes)
        whole = ask(loan_of("2024-01-29", "2024-12-31"), longest_months=1)
        assert whole.years[0].to == date(2024, 2, 29)
        assert not any("取月末" in note for note in whole.notes)

    def test_a_second_loan_of_the_project_has_what_is_left(self) -> None:
        second = changed(drawn_on="2024-07-01", due_on="2027-07-01")
        one, two = quote_project([SAMPLE, second], reading(), RATES, window=WINDOW)
        assert one.years == ask().years
        assert two.years[-1].to == date(2025, 7, 1)
        assert any("同一项目" in note for note in two.notes)

    def test_per_loan_every_loan_has_36_months(self) -> None:
        second = changed(drawn_on="2024-07-01", due_on="2027-07-01")
        _, two = quote_project([SAMPLE, second], reading(longest_scope="loan"), RATES, window=WINDOW)
        assert two.years[-1].to == date(2027, 7, 1)

    def test_a_loan_drawn_after_the_36_months_gets_nothing(self) -> None:
        late = changed(drawn_on="2025-07-01", due_on="2026-07-01")
        _, two = quote_project([SAMPLE, late], reading(), RATES, window=WINDOW)
        assert (two.subsidy_yuan, two.years) == (Decimal("0.00"), ())
        assert two.interest_yuan == Decimal("902361.11")

    def test_the_order_of_the_loans_does_not_matter(self) -> None:
        second = changed(drawn_on="2024-07-01", due_on="2027-07-01")
        assert (
            quote_project([second, SAMPLE], reading(), RATES) == quote_project([SAMPLE, second], reading(), RATES)[::-1]
        )
