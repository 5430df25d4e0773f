"""What a loan may not say: each refusal with its code and place, and the nearest value that is accepted."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.subsidy import Loan, SubsidyError, quote, quote_project
from tests.subsidy.samples import DEFAULT, RATES, SAMPLE, changed


def refusal(**changes: object) -> tuple[str, str]:
    with pytest.raises(SubsidyError) as refused:
        quote(changed(**changes), DEFAULT, RATES)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in refused.value.message)
    return refused.value.code, refused.value.pointer


def on(day: str, amount: str) -> dict[str, str]:
    return {"on": day, "amount_yuan": amount}


def other(year: int | None) -> dict[str, object]:
    return {"slug": "xugou", "amount_yuan": "1", "year": year}


def slip(begins: str, ends: str, **more: str) -> dict[str, str]:
    return {**on(ends, "1"), "from": begins, "to": ends, **more}


CASES = [
    ({"due_on": "2022-07-01"}, "due_before_drawn", "/due_on"),
    ({"due_on": "2022-06-30"}, "due_before_drawn", "/due_on"),
    ({"due_on": "2072-07-02"}, "too_long", "/due_on"),
    ({"due_on": "9999-12-31"}, "too_long", "/due_on"),
    ({"extended_to": "2025-07-01"}, "extension_before_due", "/extended_to"),
    ({"principal_yuan": "0"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "-0"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "-0.01"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "1000000000000.01"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "1e400"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "1e999999"}, "amount_out_of_range", "/principal_yuan"),
    ({"principal_yuan": "1e-999999"}, "too_many_decimals", "/principal_yuan"),
    ({"principal_yuan": "0.001"}, "too_many_decimals", "/principal_yuan"),
    ({"principal_yuan": "1.000000000000000001"}, "too_many_decimals", "/principal_yuan"),
    ({"contract_rate": {"percent": "-0.01"}}, "rate_out_of_range", "/contract_rate/percent"),
    ({"contract_rate": {"percent": "100.01"}}, "rate_out_of_range", "/contract_rate/percent"),
    ({"contract_rate": {"percent": "4.4500001"}}, "too_many_decimals", "/contract_rate/percent"),
    ({"project_share": "1.01"}, "share_out_of_range", "/project_share"),
    ({"project_share": "-0.1"}, "share_out_of_range", "/project_share"),
    ({"project_share": "0.0000001"}, "too_many_decimals", "/project_share"),
    ({"drawdowns": [on("2022-06-30", "1")]}, "drawdown_before_drawn", "/drawdowns/0/on"),
    ({"drawdowns": [on("2022-07-01", "1"), on("2025-07-01", "1")]}, "drawdown_after_due", "/drawdowns/1/on"),
    ({"drawdowns": [on("2022-07-01", "20000000.01")]}, "drawdowns_above_principal", "/drawdowns"),
    ({"drawdowns": [on("2022-07-01", "0")]}, "amount_out_of_range", "/drawdowns/0/amount_yuan"),
    ({"repayments": [on("2023-07-01", "20000000.01")]}, "repayment_above_balance", "/repayments/0/amount_yuan"),
    (
        {"repayments": [on("2023-07-01", "20000000"), on("2026-01-01", "0.01")]},
        "repayment_above_balance",
        "/repayments/1/amount_yuan",
    ),
    ({"repayments": [on("2022-06-30", "1")]}, "repayment_above_balance", "/repayments/0/amount_yuan"),
    ({"repayments": [on("2023-07-01", "-1")]}, "amount_out_of_range", "/repayments/0/amount_yuan"),
    ({"interest_paid": [on("2022-06-30", "1")]}, "receipt_before_drawn", "/interest_paid/0/on"),
    ({"interest_paid": [on("2023-01-01", "-1")]}, "amount_out_of_range", "/interest_paid/0/amount_yuan"),
    (
        {"interest_paid": [{**on("2023-01-01", "1"), "from": "2022-12-01"}]},
        "receipt_period_incomplete",
        "/interest_paid/0/to",
    ),
    (
        {"interest_paid": [{**on("2023-01-01", "1"), "from": "2023-01-01", "to": "2023-01-01"}]},
        "receipt_period_reversed",
        "/interest_paid/0/to",
    ),
    (
        {"other_subsidies": [{"slug": "a", "amount_yuan": "-1"}]},
        "amount_out_of_range",
        "/other_subsidies/0/amount_yuan",
    ),
    ({"other_subsidies": [other(2021)]}, "other_subsidy_year_outside", "/other_subsidies/0/year"),
    ({"other_subsidies": [other(2022), other(2026)]}, "other_subsidy_year_outside", "/other_subsidies/1/year"),
    (
        {"interest_paid": [slip("2023-01-01", "2023-04-01"), slip("2022-10-01", "2023-01-02")]},
        "receipt_periods_overlap",
        "/interest_paid/0/from",
    ),
    (
        {"interest_paid": [slip("2023-01-01", "2023-04-01")] * 2},
        "receipt_periods_overlap",
        "/interest_paid/1/from",
    ),
    ({"repayments": [on("2023-07-01", "1")] * 601}, "too_many_events", ""),
    ({"repayments": [on("2023-07-01", "1")] * 600, "interest_paid": [on("2023-07-01", "1")]}, "too_many_events", ""),
]


@pytest.mark.parametrize(("changes", "code", "pointer"), CASES)
def test_refused(changes: dict[str, object], code: str, pointer: str) -> None:
    assert refusal(**changes) == (code, pointer)


@pytest.mark.parametrize(
    "changes",
    [
        {"due_on": "2022-07-02"},
        {"due_on": "2072-07-01"},
        {"extended_to": "2025-07-02"},
        {"principal_yuan": "0.01"},
        {"principal_yuan": "1000000000000.00"},
        {"principal_yuan": "1.000000000000000000"},
        {"contract_rate": {"percent": "0"}},
        {"contract_rate": {"percent": "-0"}},
        {"contract_rate": {"percent": "100"}},
        {"project_share": "0"},
        {"drawdowns": [on("2022-07-01", "10000000"), on("2025-06-30", "10000000")]},
        {"repayments": [on("2023-07-01", "20000000")]},
        {"repayments": [on("2023-07-01", "1")] * 600},
        {"other_subsidies": [other(2022), other(2025), other(None)]},
        {"interest_paid": [slip("2023-01-01", "2023-04-01"), slip("2022-10-01", "2023-01-01")]},
        {"interest_paid": [slip("2023-01-01", "2023-04-01"), slip("2023-01-01", "2023-04-01", kind="penalty")]},
        {"interest_paid": [on("2022-07-01", "0")]},
    ],
)
def test_accepted_at_the_edge(changes: dict[str, object]) -> None:
    assert quote(changed(**changes), DEFAULT, RATES).subsidy_yuan >= 0


@pytest.mark.parametrize(
    ("terms", "code", "pointer"),
    [
        ({"lpr": "1y", "basis_points": "-371", "reset": "never"}, "rate_out_of_range", "/contract_rate/basis_points"),
        ({"lpr": "1y", "basis_points": "10001", "reset": "never"}, "rate_out_of_range", "/contract_rate/basis_points"),
        (
            {"lpr": "1y", "basis_points": "0.00001", "reset": "never"},
            "too_many_decimals",
            "/contract_rate/basis_points",
        ),
        (
            {"lpr": "1y", "basis_points": "0", "reset": ["2023-01-01"] * 601},
            "too_many_events",
            "",
        ),
    ],
)
def test_lpr_contracts_refused(terms: dict[str, object], code: str, pointer: str) -> None:
    assert refusal(contract_rate=terms) == (code, pointer)


def test_an_lpr_contract_before_there_was_an_lpr() -> None:
    terms = {"lpr": "5y", "basis_points": "0", "reset": "anniversary"}
    assert refusal(drawn_on="2019-08-19", contract_rate=terms) == ("rate_not_known", "/contract_rate")
    with pytest.raises(SubsidyError, match="initial_rate_percent"):
        quote(changed(drawn_on="2019-08-19", contract_rate=terms), DEFAULT, RATES)


def test_an_initial_rate_is_a_rate() -> None:
    terms = {"lpr": "5y", "basis_points": "0", "reset": "anniversary", "initial_rate_percent": "100.01"}
    assert refusal(contract_rate=terms) == ("rate_out_of_range", "/contract_rate/initial_rate_percent")


@pytest.mark.parametrize("drawdowns", [[], [on("2022-08-01", "20000000")]])
def test_a_project_begins_with_its_earliest_loan(drawdowns: list[dict[str, str]]) -> None:
    loan = changed(drawdowns=drawdowns)
    for late in (loan.first_drawn_on + timedelta(days=1), loan.due_on):
        with pytest.raises(SubsidyError, match=f"不应晚于本笔贷款的首次放款日 {loan.first_drawn_on}") as refused:
            quote(loan, DEFAULT, RATES, project_first_drawn_on=late)
        assert refused.value.pointer == "/project_first_drawn_on"
    assert quote(loan, DEFAULT, RATES, project_first_drawn_on=loan.first_drawn_on) == quote(loan, DEFAULT, RATES)


def test_a_missing_series_names_itself() -> None:
    with pytest.raises(SubsidyError) as refused:
        quote(SAMPLE, DEFAULT, RATES.of(()))
    assert refused.value.code == "series_missing"
    assert "benchmark_1y_to_5y" in refused.value.message


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN", "1,000", "二千万", True, [], {}])
def test_what_is_no_amount_never_becomes_a_loan(value: object) -> None:
    with pytest.raises(ValidationError):
        changed(principal_yuan=value)


@pytest.mark.parametrize("field", ["drawn_on", "due_on"])
@pytest.mark.parametrize("value", ["2023-02-29", "0000-01-01", "10000-01-01", "yesterday", None])
def test_what_is_no_date_never_becomes_a_loan(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        changed(**{field: value})


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        changed(repayment=[])


def test_one_wrong_loan_of_a_project_is_named() -> None:
    with pytest.raises(SubsidyError) as refused:
        quote_project([SAMPLE, changed(due_on="2022-07-01")], DEFAULT, RATES)
    assert (refused.value.code, refused.value.pointer) == ("due_before_drawn", "/loans/1/due_on")


def test_too_many_loans() -> None:
    with pytest.raises(SubsidyError) as refused:
        quote_project([SAMPLE] * 101, DEFAULT, RATES)
    assert refused.value.code == "too_many_loans"


def test_a_project_without_loans_has_no_quotes() -> None:
    assert quote_project([], DEFAULT, RATES) == ()


@settings(max_examples=150, deadline=None)
@given(
    st.dates(),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(["bullet", "equal_instalment", "equal_principal"]),
    st.sampled_from(["accrual_day", "year_start", "first_drawdown"]),
)
def test_any_dates_and_amounts_give_a_quote_or_a_typed_refusal(
    drawn_on: date, due_on: date, amount: Decimal, style: str, rate_day: str
) -> None:
    loan = changed(drawn_on=drawn_on, due_on=due_on, principal_yuan=amount, repayment_style=style)
    with suppress(SubsidyError):
        assert quote(loan, DEFAULT.with_({"rate_day": rate_day}), RATES).subsidy_yuan >= 0


@pytest.mark.parametrize("style", ["bullet", "equal_instalment", "equal_principal"])
@pytest.mark.parametrize(("drawn_on", "due_on"), [("0001-01-01", "0050-12-31"), ("9950-01-01", "9999-12-31")])
@pytest.mark.parametrize("reference", ["benchmark_by_tenor", "lpr_by_tenor"])
def test_the_ends_of_the_calendar_do_not_overflow(style: str, drawn_on: str, due_on: str, reference: str) -> None:
    loan = changed(drawn_on=drawn_on, due_on=due_on, repayment_style=style)
    chosen = DEFAULT.with_({"rate_day": "year_start", "reference_rate": reference, "longest_months": 600})
    answer = quote(loan, chosen, RATES)
    assert answer.years[-1].to == date.fromisoformat(due_on)
    assert len(answer.years) == 50


def test_the_last_day_of_the_calendar_is_no_whole_term() -> None:
    """9996-01-01 + 60 months lies beyond the calendar: the loan is shorter than that."""
    loan = changed(drawn_on="9996-01-01", due_on="9999-12-31")
    assert quote(loan, DEFAULT.with_({"reference_rate": "lpr_by_tenor"}), RATES).reference_series == "lpr_1y"


def test_a_loan_reads_back_from_its_own_json() -> None:
    loan = changed(
        interest_paid=[{**on("2023-01-01", "1"), "from": "2022-12-01", "to": "2023-01-01"}],
        contract_rate={"lpr": "5y", "basis_points": "-20", "reset": ["2023-07-01"]},
    )
    assert Loan.model_validate_json(loan.model_dump_json()) == loan
