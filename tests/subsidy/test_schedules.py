"""Balances, contract rates and generated instalment schedules."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.subsidy import Loan, Window, quote
from app.subsidy.contract import contract_spans
from app.subsidy.course import Course
from app.subsidy.days import AFTER_LAST, calendar_years, months_after, year_start
from app.subsidy.instalments import level_instalment
from app.subsidy.schedule import course_of
from app.subsidy.spans import RateSpan, Span, accrued, clip
from tests.subsidy import naive
from tests.subsidy.samples import DEFAULT, RATES, ask, changed

INSTALMENTS = ["equal_instalment", "equal_principal"]


def course(**changes: object) -> Course:
    loan = changed(**changes)
    return course_of(loan, contract_spans(loan, RATES))


def in_dates(spans: Iterable[Span]) -> list[tuple[date, date, int]]:
    return [(date.fromordinal(start), date.fromordinal(end), value) for start, end, value in spans]


def agrees_with_the_day_loop(loan: Loan) -> None:
    expected = naive.quote(loan, DEFAULT, RATES, Window())
    answer = quote(loan, DEFAULT, RATES)
    assert answer.subsidy_yuan == naive.total(expected)
    assert [Fraction(line.interest_yuan) for line in answer.years] == [
        naive.fen(line.interest) for line in expected.values()
    ]


class TestMonths:
    @pytest.mark.parametrize(
        ("day", "months", "then"),
        [
            ("2024-01-31", 1, "2024-02-29"),
            ("2023-01-31", 1, "2023-02-28"),
            ("2024-02-29", 12, "2025-02-28"),
            ("2024-02-29", 48, "2028-02-29"),
            ("2022-12-31", 2, "2023-02-28"),
            ("2022-07-01", 36, "2025-07-01"),
            ("2022-07-01", 0, "2022-07-01"),
            ("1900-01-31", 1, "1900-02-28"),
            ("9999-11-30", 1, "9999-12-30"),
        ],
    )
    def test_addition_keeps_within_the_month(self, day: str, months: int, then: str) -> None:
        assert months_after(date.fromisoformat(day), months) == date.fromisoformat(then).toordinal()

    def test_beyond_the_calendar_is_later_than_every_date(self) -> None:
        assert months_after(date(9999, 12, 1), 1) == AFTER_LAST == date.max.toordinal() + 1
        assert year_start(10_000) == AFTER_LAST

    def test_years_are_cut_on_1_january(self) -> None:
        start, end = date(9998, 12, 31).toordinal(), AFTER_LAST
        cuts = list(calendar_years(start, end))
        assert cuts == [(9998, start, start + 1), (9999, start + 1, AFTER_LAST)]


class TestInstalments:
    def test_a_year_of_level_instalments_by_hand(self) -> None:
        """12,000 yuan at 12 %: one percent a month, 1,066.19 yuan each, as any annuity table says."""
        assert level_instalment(1_200_000, 12_000_000, 12) == 106_619
        found = course(
            principal_yuan="12000",
            drawn_on="2023-01-31",
            due_on="2024-01-31",
            contract_rate={"percent": "12"},
            repayment_style="equal_instalment",
        )
        assert in_dates(found.balances)[:3] == [
            (date(2023, 1, 31), date(2023, 2, 28), 1_200_000),
            (date(2023, 2, 28), date(2023, 3, 31), 1_105_381),
            (date(2023, 3, 31), date(2023, 4, 30), 1_009_816),
        ]
        assert found.charges is not None
        assert [charge.value for charge in found.charges][:3] == [12_000, 11_054, 10_098]

    def test_a_year_of_equal_principal_by_hand(self) -> None:
        found = course(
            principal_yuan="12000",
            drawn_on="2023-01-15",
            due_on="2024-01-15",
            contract_rate={"percent": "12"},
            repayment_style="equal_principal",
        )
        assert [span.value for span in found.balances] == [1_200_000 - 100_000 * n for n in range(12)]
        assert found.charges is not None
        assert [charge.value for charge in found.charges] == [12_000 - 1_000 * n for n in range(12)]

    def test_the_last_instalment_settles(self) -> None:
        """A hundred yuan in three parts: 33.33, 33.33, 33.34."""
        found = course(
            principal_yuan="100", drawn_on="2023-01-15", due_on="2023-04-15", repayment_style="equal_principal"
        )
        assert [span.value for span in found.balances] == [10_000, 6_667, 3_334]
        assert sum(found.principal_flows().values()) == 0

    @pytest.mark.parametrize("style", INSTALMENTS)
    def test_an_interest_free_loan_is_paid_in_equal_parts(self, style: str) -> None:
        found = course(
            principal_yuan="1200",
            drawn_on="2023-01-15",
            due_on="2024-01-15",
            contract_rate={"percent": "0"},
            repayment_style=style,
        )
        assert [span.value for span in found.balances] == [120_000 - 10_000 * n for n in range(12)]

    @pytest.mark.parametrize("style", INSTALMENTS)
    @pytest.mark.parametrize(
        "changes",
        [
            {},
            {"due_on": "2025-07-16"},
            {"drawn_on": "2022-08-31", "due_on": "2025-02-28"},
            {"contract_rate": {"lpr": "1y", "basis_points": "75", "reset": "year_start"}},
            {"contract_rate": {"lpr": "5y", "basis_points": "-20.5", "reset": ["2023-03-01", "2024-08-01"]}},
            {"repayments": [{"on": "2023-07-01", "amount_yuan": "3000000"}]},
            {"repayments": [{"on": "2023-07-10", "amount_yuan": "3000000"}]},
            {
                "drawdowns": [
                    {"on": "2022-07-01", "amount_yuan": "8000000"},
                    {"on": "2022-11-20", "amount_yuan": "12000000"},
                ]
            },
            {"project_share": "0.35", "contract_rate": {"percent": "1.5"}},
        ],
    )
    def test_worked_schedules_agree_with_the_day_loop(self, style: str, changes: dict[str, object]) -> None:
        agrees_with_the_day_loop(changed(repayment_style=style, **changes))

    def test_prepaid_in_full_a_schedule_ends(self) -> None:
        found = course(
            principal_yuan="12000",
            drawn_on="2023-01-15",
            due_on="2024-01-15",
            contract_rate={"percent": "12"},
            repayment_style="equal_principal",
            repayments=[{"on": "2023-02-20", "amount_yuan": "11000"}],
        )
        assert found.end == date(2023, 2, 20).toordinal()
        assert found.charges is not None
        # The second month's charge is for five of its 28 days alone: 11,000 yuan at one percent.
        assert [charge.value for charge in found.charges] == [12_000, 1_964]

    def test_the_notes_tell_the_convention(self) -> None:
        notes = ask(changed(repayment_style="equal_instalment")).notes
        assert any("等额本息按月生成还款计划" in note for note in notes)

    @settings(max_examples=60, deadline=None)
    @given(st.integers(1, 10**12), st.integers(1, 10**8), st.integers(1, 600))
    def test_the_level_instalment_is_the_annuity_within_half_a_fen(self, fen: int, rate: int, months: int) -> None:
        """Recomputed from the textbook formula with sixty digits, instead of integers."""
        with localcontext() as context:
            context.prec = 60
            monthly = Decimal(rate) / (12 * 10**8)
            level = fen * monthly / (1 - (1 + monthly) ** -months)
            assert abs(level_instalment(fen, rate, months) - level) <= Decimal("0.5000001")


class TestContractRate:
    def rates(self, reset: object, **changes: object) -> list[tuple[date, int]]:
        loan = changed(
            drawn_on="2021-12-01",
            due_on="2024-12-01",
            contract_rate={"lpr": "1y", "basis_points": "50", "reset": reset},
            **changes,
        )
        merged: list[tuple[date, int]] = []
        for span in contract_spans(loan, RATES):
            if not merged or merged[-1][1] != span.value:
                merged.append((date.fromordinal(span.start), span.value))
        return merged

    @pytest.mark.parametrize(
        ("reset", "expected"),
        [
            ("never", [("2021-12-01", 4_350_000)]),
            ("anniversary", [("2021-12-01", 4_350_000), ("2022-12-01", 4_150_000), ("2023-12-01", 3_950_000)]),
            ("year_start", [("2021-12-01", 4_350_000), ("2022-01-01", 4_300_000), ("2023-01-01", 4_150_000),
                            ("2024-01-01", 3_950_000)]),
            (["2022-01-19", "2022-01-20"], [("2021-12-01", 4_350_000), ("2022-01-19", 4_300_000),
                                            ("2022-01-20", 4_200_000)]),
            (["2020-01-01", "2024-12-01", "2030-01-01"], [("2021-12-01", 4_350_000)]),
            ("half_year", [("2021-12-01", 4_350_000), ("2022-06-01", 4_200_000), ("2022-12-01", 4_150_000),
                           ("2023-12-01", 3_950_000)]),
            ("quarter", [("2021-12-01", 4_350_000), ("2022-03-01", 4_200_000), ("2022-09-01", 4_150_000),
                         ("2023-09-01", 3_950_000), ("2024-09-01", 3_850_000)]),
            ("month", [("2021-12-01", 4_350_000), ("2022-01-01", 4_300_000), ("2022-02-01", 4_200_000),
                       ("2022-09-01", 4_150_000), ("2023-07-01", 4_050_000), ("2023-09-01", 3_950_000),
                       ("2024-08-01", 3_850_000), ("2024-11-01", 3_600_000)]),
        ],
    )  # fmt: skip
    def test_resets(self, reset: object, expected: list[tuple[str, int]]) -> None:
        assert self.rates(reset) == [(date.fromisoformat(day), value) for day, value in expected]

    def test_the_line_shows_the_contract_rate_and_its_series(self) -> None:
        terms = {"lpr": "5y", "basis_points": "-15", "reset": "year_start"}
        answer = ask(changed(contract_rate=terms), cap="lower_rate")
        (rate,) = answer.years[1].contract_rates
        assert (rate.percent, rate.series) == (Decimal("4.15"), "lpr_5y")
        assert answer.years[1].formula == "20,000,000.00 元 × 4.15% × 365 天 ÷ 360 × 50% = 420,763.89 元"
        agrees_with_the_day_loop(changed(contract_rate=terms))

    @pytest.mark.parametrize(
        ("drawn_on", "reset", "expected"),
        [
            # The LPR begins on 2019-08-20: a reset on that day takes it, one of the day before does not.
            ("2018-01-01", ["2019-08-19", "2020-03-01"], [("2018-01-01", 4_900_000), ("2020-03-01", 4_550_000)]),
            ("2018-01-01", ["2019-08-20"], [("2018-01-01", 4_900_000), ("2019-08-20", 4_750_000)]),
            ("2018-01-01", "never", [("2018-01-01", 4_900_000)]),
            ("2020-06-01", "year_start", [("2020-06-01", 4_900_000), ("2021-01-01", 4_350_000)]),
        ],
    )
    def test_an_initial_rate_holds_until_the_first_reset_that_finds_an_lpr(
        self, drawn_on: str, reset: object, expected: list[tuple[str, int]]
    ) -> None:
        terms = {"lpr": "1y", "basis_points": "50", "reset": reset, "initial_rate_percent": "4.9"}
        spans = contract_spans(changed(drawn_on=drawn_on, due_on="2021-12-01", contract_rate=terms), RATES)
        assert [(date.fromordinal(span.start), span.value) for span in spans] == [
            (date.fromisoformat(day), value) for day, value in expected
        ]
        assert spans[0].series is None
        assert spans[-1].end == date(2021, 12, 1).toordinal()

    def test_a_reset_past_what_is_known_says_so(self) -> None:
        terms = {"lpr": "1y", "basis_points": "0", "reset": "anniversary"}
        answer = ask(changed(drawn_on="2025-09-01", due_on="2027-09-01", contract_rate=terms))
        assert any("一年期贷款市场报价利率" in note for note in answer.notes)


class TestSpans:
    def test_the_worked_loan_as_spans(self) -> None:
        balances = [Span(0, 10, 100), Span(10, 30, 50)]
        rates = [RateSpan(0, 5, 7, "a", carried=False), RateSpan(5, 40, 3, "a", carried=False)]
        assert accrued(balances, rates) == 5 * 100 * 7 + 5 * 100 * 3 + 20 * 50 * 3

    @given(st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(-5, 80), st.integers(-5, 80))
    def test_clip_keeps_exactly_the_days_inside(self, lengths: list[int], start: int, end: int) -> None:
        spans, day = [], 0
        for value, length in enumerate(lengths):
            spans.append(Span(day, day + length, value))
            day += length
        kept = [(n, span.value) for span in clip(spans, start, end) for n in range(span.start, span.end)]
        assert kept == [(n, s.value) for s in spans for n in range(s.start, s.end) if start <= n < end]
