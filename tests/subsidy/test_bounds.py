"""What bounds the subsidy: caps, receipts, rounding, exclusions, partial use, stacking and the balance path."""

from datetime import date
from decimal import Decimal

import pytest

from app.subsidy import (
    Loan,
    Window,
    quote,
)
from tests.subsidy.samples import EFFECTIVE, RATES, ask, changed, reading, years
from tests.subsidy.worked import loan_of, worked


class TestCap:
    """36,000,000 yuan over ten days at 2 %: contract interest 20,000 yuan, half the benchmark 21,750."""

    LOW = loan_of("2023-03-01", "2023-03-11", contract_rate={"percent": "2"})

    def test_the_years_contract_interest(self) -> None:
        answer = worked(self.LOW, reading(), "20000.00")
        assert answer.years[0].cap_applied
        assert answer.years[0].formula.endswith("= 21,750.00 元；高于当年合同利息，按 20,000.00 元计")

    def test_the_lower_rate(self) -> None:
        answer = worked(self.LOW, reading(cap="lower_rate"), "10000.00")
        assert answer.years[0].cap_applied

    def test_none(self) -> None:
        assert not worked(self.LOW, reading(cap="none"), "21750.00").years[0].cap_applied

    @pytest.mark.parametrize(("percent", "applied"), [("2.174999", True), ("2.175", False), ("2.175001", False)])
    def test_the_cap_begins_below_half_the_reference_rate(self, percent: str, applied: bool) -> None:
        loan = loan_of("2023-03-01", "2023-03-11", contract_rate={"percent": percent})
        assert ask(loan).years[0].cap_applied is applied

    def test_a_year_below_the_cap_does_not_lend_its_room_to_another(self) -> None:
        """From 2024 the contract charges 1 %: its cap is its own, although 2023 had room."""
        terms = {"lpr": "1y", "basis_points": "-245", "reset": ["2024-01-01"]}
        loan = loan_of("2023-01-02", "2024-12-31", contract_rate=terms)
        answer = ask(loan)
        assert [line.cap_applied for line in answer.years] == [True, True]
        assert [line.subsidy_yuan for line in answer.years] == [line.interest_yuan for line in answer.years]

    def test_only_the_interest_of_the_counted_days_bounds(self) -> None:
        """Days before the programme took effect lend no room either."""
        loan = loan_of("2022-04-12", "2022-05-02", contract_rate={"percent": "2"})
        worked(loan, reading(), "20000.00")


class TestReceipts:
    def with_paid(self, *slips: dict[str, str]) -> Loan:
        return loan_of("2023-03-01", "2023-03-11", interest_paid=list(slips))

    def test_interest_actually_paid_bounds_the_year(self) -> None:
        answer = worked(self.with_paid({"on": "2023-03-11", "amount_yuan": "12345.67"}), reading(), "12345.67")
        assert answer.years[0].formula.endswith("；高于当年实付利息，按 12,345.67 元计")
        assert answer.years[0].interest_paid_yuan == Decimal("12345.67")

    def test_paying_more_than_the_contract_charges_does_not_lift_the_bound(self) -> None:
        loan = loan_of(
            "2023-03-01",
            "2023-03-11",
            contract_rate={"percent": "2"},
            interest_paid=[{"on": "2023-03-11", "amount_yuan": "30000"}],
        )
        worked(loan, reading(), "20000.00")

    def test_a_period_is_spread_over_its_days(self) -> None:
        """30 days paid with 30,000 yuan, of which ten belong to the loan's subsidised days."""
        slip = {"on": "2023-03-31", "amount_yuan": "30000", "from": "2023-03-01", "to": "2023-03-31"}
        worked(self.with_paid(slip), reading(), "10000.00")

    def test_without_a_period_the_day_of_payment_decides_the_year(self) -> None:
        loan = loan_of("2023-12-22", "2024-01-11", interest_paid=[{"on": "2024-01-11", "amount_yuan": "5000"}])
        answer = worked(loan, reading(), "26750.00")
        assert years(answer) == {2023: Decimal("21750.00"), 2024: Decimal("5000.00")}
        assert any("2023 年没有付息回单" in note for note in answer.notes)

    def test_penalty_interest_is_not_interest_paid(self) -> None:
        slips = (
            {"on": "2023-03-11", "amount_yuan": "1000"},
            {"on": "2023-03-11", "amount_yuan": "7000", "kind": "penalty"},
        )
        worked(self.with_paid(*slips), reading(), "1000.00")
        worked(self.with_paid(*slips), reading(excluded=["before_effective", "after_window"]), "8000.00")

    def test_days_of_no_slip_are_taken_at_the_contract(self) -> None:
        """Six of ten days were paid with 1,000 yuan each; the other four cost 4,450 yuan a day by the contract."""
        slips = (
            {"on": "2023-03-04", "amount_yuan": "3000", "from": "2023-03-01", "to": "2023-03-04"},
            {"on": "2023-03-09", "amount_yuan": "3000", "from": "2023-03-06", "to": "2023-03-09"},
        )
        loan = self.with_paid(*slips)
        answer = worked(loan, reading(share="1"), "23800.00")
        assert answer.years[0].interest_paid_yuan == Decimal("6000.00")
        assert "没有回单的日子（2023 年 4 天）按合同利息计。" in answer.notes
        assert "高于当年实付利息（没有回单的 4 天按合同利息），按 23,800.00 元计" in answer.years[0].formula

    def test_a_slip_without_a_period_speaks_of_the_whole_year(self) -> None:
        slips = (
            {"on": "2023-03-04", "amount_yuan": "3000", "from": "2023-03-01", "to": "2023-03-04"},
            {"on": "2023-03-09", "amount_yuan": "2000"},
        )
        answer = worked(self.with_paid(*slips), reading(), "5000.00")
        assert any("视为该年全年的利息" in note for note in answer.notes)
        assert not any("没有回单的日子" in note for note in answer.notes)

    def test_a_penalty_slip_speaks_of_no_day(self) -> None:
        penalty = {"on": "2023-03-11", "amount_yuan": "7000", "kind": "penalty"}
        spread = {**penalty, "from": "2023-03-01", "to": "2023-03-11"}
        for slip in (penalty, spread):
            worked(self.with_paid(slip), reading(excluded=["before_effective"]), "21750.00")
            answer = worked(self.with_paid(slip), reading(), "21750.00")
            assert "逾期利息、罚息或复利的回单不计入。" in answer.notes

    @pytest.mark.parametrize(("on", "total"), [("2023-03-11", "5000.00"), ("2023-03-12", "21750.00")])
    def test_what_is_paid_after_the_due_date_counts_nowhere(self, on: str, total: str) -> None:
        answer = worked(self.with_paid({"on": on, "amount_yuan": "5000"}), reading(), total)
        assert any("2023-03-11 以后的利息不计入" in note for note in answer.notes) is (on > "2023-03-11")

    def test_a_period_paid_late_counts_by_its_days(self) -> None:
        slip = {"on": "2023-05-01", "amount_yuan": "5000", "from": "2023-03-01", "to": "2023-03-11"}
        answer = worked(self.with_paid(slip), reading(), "5000.00")
        assert not any("以后的利息不计入" in note for note in answer.notes)

    def test_nothing_paid_nothing_given(self) -> None:
        worked(self.with_paid({"on": "2023-03-11", "amount_yuan": "0"}), reading(), "0.00")

    def test_other_caps_do_not_ask_for_receipts(self) -> None:
        paid = self.with_paid({"on": "2023-03-11", "amount_yuan": "1"})
        worked(paid, reading(cap="none"), "21750.00")
        worked(paid, reading(cap="lower_rate"), "21750.00")


class TestDayCount:
    def test_a_leap_year_has_366_days_over_a_fixed_divisor(self) -> None:
        loan = changed(principal_yuan="36500000", drawn_on="2024-01-01", due_on="2025-01-01")
        worked(loan, reading(day_count="actual_365"), "796050.00")
        worked(changed(loan, drawn_on="2023-01-01", due_on="2024-01-01"), reading(day_count="actual_365"), "793875.00")

    def test_reference_and_contract_interest_share_it(self) -> None:
        line = ask(loan_of("2023-03-01", "2023-03-11", contract_rate={"percent": "7.3"}), day_count="actual_365").years[
            0
        ]
        assert (line.interest_yuan, line.reference_interest_yuan) == (Decimal("72000.00"), Decimal("42904.11"))


class TestRounding:
    @pytest.mark.parametrize(
        ("principal", "total"), [("0.82", "0.00"), ("0.83", "0.01"), ("2.48", "0.01"), ("2.49", "0.02")]
    )
    def test_half_a_fen_goes_up(self, principal: str, total: str) -> None:
        """100 days at half of 4.35 % by 360: 0.604 %, so that 0.005 yuan needs 0.8276 yuan of principal."""
        loan = changed(principal_yuan=principal, drawn_on="2023-01-01", due_on="2023-04-11")
        worked(loan, reading(), total)

    def test_exactly_half_goes_up(self) -> None:
        """4.35 % of 120 yuan over 10 days is 0.145 yuan; of a fen less it is below the half."""
        loan = changed(principal_yuan="120", drawn_on="2023-03-01", due_on="2023-03-11", contract_rate={"percent": "9"})
        worked(loan, reading(share="1"), "0.15")
        worked(changed(loan, principal_yuan="119.99"), reading(share="1"), "0.14")

    def test_each_year_is_rounded_and_the_total_is_their_sum(self) -> None:
        """Two halves of half a fen each round up in their own years; their sum is a fen, not half a one."""
        loan = changed(principal_yuan="120", drawn_on="2023-12-22", due_on="2024-01-11", contract_rate={"percent": "9"})
        answer = worked(loan, reading(share="1"), "0.30")
        assert years(answer) == {2023: Decimal("0.15"), 2024: Decimal("0.15")}


class TestExcludedDays:
    @pytest.mark.parametrize(("drawn_on", "days"), [("2022-04-21", 9), ("2022-04-22", 9), ("2022-04-23", 8)])
    def test_the_day_before_of_and_after_the_effective_date(self, drawn_on: str, days: int) -> None:
        answer = worked(loan_of(drawn_on, "2022-05-01"), reading(), f"{days * 2175}.00")
        assert answer.years[0].days == days
        assert any("2022-04-22" in note for note in answer.notes) is (drawn_on < "2022-04-22")

    def test_the_36_months_still_count_from_the_drawdown(self) -> None:
        answer = ask(changed(drawn_on="2021-04-22", due_on="2026-04-22"))
        assert (answer.years[0].from_, answer.years[-1].to) == (EFFECTIVE, date(2024, 4, 22))
        assert any("365 天不计" in note for note in answer.notes)

    def test_a_reading_may_count_the_days_before(self) -> None:
        chosen = reading(excluded=["overdue_and_penalty"])
        worked(loan_of("2022-04-12", "2022-05-02"), chosen, "43500.00")

    @pytest.mark.parametrize(("due_on", "days"), [("2025-12-31", 10), ("2026-01-01", 11), ("2026-01-02", 11)])
    def test_the_windows_end_is_half_open(self, due_on: str, days: int) -> None:
        """A window closed with 2025 ends before 2026-01-01, which does not count."""
        window = Window(valid_from=EFFECTIVE, valid_to=date(2026, 1, 1))
        answer = worked(loan_of("2025-12-21", due_on), reading(), f"{days * 2175}.00", window=window)
        assert any("截止" in note for note in answer.notes) is (due_on > "2026-01-01")

    def test_a_reading_may_count_the_days_after(self) -> None:
        window = Window(valid_from=EFFECTIVE, valid_to=date(2026, 1, 1))
        chosen = reading(excluded=["overdue_and_penalty", "before_effective"])
        worked(loan_of("2025-12-21", "2026-01-10"), chosen, "43500.00", window=window)

    @pytest.mark.parametrize(("due_on", "said"), [("2026-01-01", False), ("2026-01-02", True)])
    def test_an_unconfirmed_continuation_is_counted_and_said(self, due_on: str, said: bool) -> None:
        window = Window(valid_from=EFFECTIVE, unconfirmed_from=date(2026, 1, 1))
        answer = quote(loan_of("2025-12-21", due_on), reading(), RATES, window=window)
        assert any("尚未确认" in note for note in answer.notes) is said

    def test_a_loan_before_the_programme_gets_nothing(self) -> None:
        answer = ask(loan_of("2021-01-01", "2022-04-22"))
        assert (answer.subsidy_yuan, answer.years) == (Decimal("0.00"), ())


class TestPartialUse:
    @pytest.mark.parametrize(("share", "total"), [("0", "0.00"), ("0.6", "13050.00"), ("1", "21750.00")])
    def test_only_the_projects_part(self, share: str, total: str) -> None:
        answer = worked(loan_of("2023-03-01", "2023-03-11", project_share=share), reading(), total)
        assert any("用于项目" in note for note in answer.notes) is (share != "1")

    def test_the_cap_is_the_projects_part_too(self) -> None:
        loan = loan_of("2023-03-01", "2023-03-11", project_share="0.6", contract_rate={"percent": "2"})
        answer = worked(loan, reading(), "12000.00")
        assert answer.years[0].formula == (
            "36,000,000.00 元 × 4.35% × 10 天 ÷ 360 × 50% × 项目使用比例 60% = 13,050.00 元"
            "；高于当年项目部分的合同利息，按 12,000.00 元计"
        )


class TestStacking:
    """Ten days of 2023 and ten of 2024 at a contract rate of 4.45 %: 44,500 yuan of interest in each year."""

    def with_other(self, *others: dict[str, object]) -> Loan:
        return loan_of("2023-12-22", "2024-01-11", other_subsidies=list(others))

    def test_another_subsidy_excludes(self) -> None:
        answer = ask(self.with_other({"slug": "wenlv-incentive", "amount_yuan": "1"}))
        assert answer.subsidy_yuan == 0
        assert [line.subsidy_yuan for line in answer.years] == [0, 0]
        assert any("互斥" in note and "wenlv-incentive" in note for note in answer.notes)

    @pytest.mark.parametrize(("excluding", "said"), [([], True), (["wenlv-incentive"], False), (None, False)])
    def test_an_empty_list_is_said_to_be_empty(self, excluding: list[str] | None, said: bool) -> None:
        loan = self.with_other({"slug": "other", "amount_yuan": "30000", "year": 2023})
        answer = quote(loan, reading(), RATES, excluding=excluding)
        assert any("互斥清单目前为空" in note for note in answer.notes) is said

    def test_only_those_on_the_list_exclude(self) -> None:
        loan = self.with_other({"slug": "other", "amount_yuan": "30000", "year": 2023})
        listed = quote(loan, reading(), RATES, excluding=["other"])
        unlisted = quote(loan, reading(), RATES, excluding=["wenlv-incentive"])
        assert (listed.subsidy_yuan, unlisted.subsidy_yuan) == (Decimal("0.00"), Decimal("36250.00"))

    @pytest.mark.parametrize(
        ("amount", "left"),
        [("22749.99", "21750.00"), ("22750", "21750.00"), ("22750.01", "21749.99"), ("50000", "0.00")],
    )
    def test_a_dated_subsidy_leaves_the_rest_of_its_year(self, amount: str, left: str) -> None:
        loan = self.with_other({"slug": "other", "amount_yuan": amount, "year": 2023})
        assert years(ask(loan, stacking="remainder")) == {2023: Decimal(left), 2024: Decimal("21750.00")}

    def test_an_undated_subsidy_leaves_the_rest_of_the_total(self) -> None:
        """89,000 yuan of interest less 60,000 leaves 29,000: 2023 whole, 2024 what is left."""
        loan = self.with_other({"slug": "other", "amount_yuan": "60000"})
        answer = ask(loan, stacking="remainder")
        assert years(answer) == {2023: Decimal("21750.00"), 2024: Decimal("7250.00")}
        assert answer.years[1].formula.endswith("；超过扣除其他贴息后剩余的合同利息，按 7,250.00 元计")

    def test_dated_and_undated_together(self) -> None:
        """2023 is full of its own other subsidy; of the 44,500 yuan of 2024, 40,000 are taken."""
        loan = self.with_other(
            {"slug": "a", "amount_yuan": "60000", "year": 2023}, {"slug": "b", "amount_yuan": "40000"}
        )
        assert years(ask(loan, stacking="remainder")) == {2023: Decimal("0.00"), 2024: Decimal("4500.00")}

    def test_a_fraction_of_a_fen_is_never_given_beyond_the_total(self) -> None:
        loan = changed(
            principal_yuan="100.01",
            drawn_on="2023-12-22",
            due_on="2024-01-11",
            other_subsidies=[{"slug": "a", "amount_yuan": "0.2"}],
        )
        answer = ask(loan, stacking="remainder")
        # The interest is 0.24725 yuan; 0.04725 are left, of which 0.04 whole fen can be paid.
        assert answer.subsidy_yuan == Decimal("0.04")


class TestBalancePath:
    def test_a_drawdown_and_a_repayment_of_one_day_net_out(self) -> None:
        both = loan_of(
            "2023-03-01",
            "2023-03-11",
            drawdowns=[{"on": "2023-03-01", "amount_yuan": "18000000"}, {"on": "2023-03-06", "amount_yuan": "9000000"}],
            repayments=[{"on": "2023-03-06", "amount_yuan": "9000000"}],
        )
        answer = worked(both, reading(), "10875.00")
        assert [balance.balance_yuan for balance in answer.years[0].balances] == [Decimal(18_000_000)]

    def test_undrawn_principal_does_not_accrue(self) -> None:
        loan = loan_of("2023-03-01", "2023-03-11", drawdowns=[{"on": "2023-03-01", "amount_yuan": "18000000"}])
        worked(loan, reading(), "10875.00")

    def test_the_drawdown_day_accrues_and_the_due_day_does_not(self) -> None:
        answer = worked(loan_of("2023-03-01", "2023-03-02"), reading(), "2175.00")
        assert answer.years[0].days == 1

    def test_a_gap_at_zero_does_not_end_the_loan(self) -> None:
        loan = loan_of(
            "2023-03-01",
            "2023-03-11",
            drawdowns=[
                {"on": "2023-03-01", "amount_yuan": "18000000"},
                {"on": "2023-03-09", "amount_yuan": "18000000"},
            ],
            repayments=[{"on": "2023-03-03", "amount_yuan": "18000000"}],
        )
        answer = worked(loan, reading(), "4350.00")
        assert answer.years[0].days == 10

    def test_drawn_and_repaid_on_one_day_is_no_loan_at_all(self) -> None:
        loan = loan_of("2023-03-01", "2023-03-11", repayments=[{"on": "2023-03-01", "amount_yuan": "36000000"}])
        answer = ask(loan)
        assert answer.subsidy_yuan == answer.interest_yuan == 0
        assert (answer.years, answer.net_rate_percent) == ((), None)
