"""Interest-subsidy quotes over HTTP: the worked figures to the fen, the readings, the range, and what is refused."""

import re
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.matching.asking import QUOTE, pointers, quote, refused

# What differs from the default reading, the total, and each calendar year's line.
WORKED: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "default": ({}, "1446111.11", ["242777.78", "481597.22", "482916.67", "238819.44"]),
    "actual-365": ({"day_count": "actual_365"}, "1426301.37", ["239452.05", "475000.00", "476301.37", "235547.95"]),
    "lpr-1y": ({"reference_rate": "lpr_1y"}, "1044152.77", ["187277.78", "360958.33", "341222.22", "154694.44"]),
    "lpr-5y": ({"reference_rate": "lpr_5y"}, "1227861.11", ["221944.44", "430555.56", "395527.78", "179833.33"]),
    "lower-rate": ({"cap": "lower_rate"}, "1354777.78", ["227444.44", "451180.56", "452416.67", "223736.11"]),
    "lpr-1y-first-drawdown": (
        {"reference_rate": "lpr_1y", "rate_day": "first_drawdown"},
        "1126444.45",
        ["189111.11", "375138.89", "376166.67", "186027.78"],
    ),
}


OTHER: dict[str, Any] = {"slug": "secondary-wenlv-loan-subsidy", "amount_yuan": "1000", "year": 2023}
SLIP: dict[str, Any] = {"on": "2023-04-01", "amount_yuan": "1", "from": "2023-01-01", "to": "2023-04-01"}
FLOATING: dict[str, Any] = {"lpr": "1y", "basis_points": 75, "reset": ["2020-03-01"]}


@pytest.mark.parametrize("slug", WORKED)
def test_the_worked_figures_come_out_to_the_fen(client: TestClient, slug: str) -> None:
    reading, total, lines = WORKED[slug]
    answer = quote(client, reading=reading)
    assert answer["subsidy_yuan"] == total
    assert [line["subsidy_yuan"] for line in answer["years"]] == lines
    assert sum(map(Decimal, lines)) == Decimal(total)
    listed = {one["slug"]: one["subsidy_yuan"] for one in answer["range"]["readings"]}
    assert listed[slug] == total


def test_a_year_shows_days_balances_rates_and_the_formula(client: TestClient) -> None:
    first, *_, last = quote(client)["years"]
    assert (first["year"], first["from"], first["to"], first["days"]) == (2022, "2022-07-01", "2023-01-01", 184)
    assert first["balances"] == [{"from": "2022-07-01", "to": "2023-01-01", "balance_yuan": "20000000.00"}]
    (rate,) = first["reference_rates"]
    assert (rate["percent"], rate["series"], rate["carried_forward"]) == ("4.75", "benchmark_1y_to_5y", False)
    assert first["formula"] == "20,000,000.00 元 × 4.75% × 184 天 ÷ 360 × 50% = 242,777.78 元"
    # The due day does not accrue.
    assert (last["to"], last["days"]) == ("2025-07-01", 181)


def test_the_range_spans_the_readings_and_names_them(client: TestClient) -> None:
    span = quote(client)["range"]
    totals = [Decimal(one["subsidy_yuan"]) for one in span["readings"] if one["subsidy_yuan"]]
    assert (span["low_yuan"], span["high_yuan"]) == ("1044152.77", "1446111.11")
    assert (Decimal(span["low_yuan"]), Decimal(span["high_yuan"])) == (min(totals), max(totals))
    assert [one["slug"] for one in span["readings"]][:2] == ["default", "lower-rate"]
    (without,) = [one for one in span["readings"] if one["subsidy_yuan"] is None]
    assert (without["slug"], without["missing"]) == ("lpr-1y-application-date", "按申请日利率测算时请填写申请日期")


def test_an_application_date_answers_the_reading_that_asks_for_it(client: TestClient) -> None:
    span = quote(client, application_date="2022-09-01")["range"]
    assert all(one["missing"] is None for one in span["readings"])


def test_a_quote_names_its_reading_in_code_and_words_and_reserves(client: TestClient) -> None:
    answer = quote(client, reading={"cap": "lower_rate", "share": "0.4"})
    assert (answer["reading"]["cap"], answer["reading"]["share"]) == ("lower_rate", "0.4")
    words = {one["key"]: one["value"] for one in answer["reading_words"]}
    assert (words["cap"], words["share"]) == ("参照利率与合同利率孰低", "40%")
    assert answer["reading_confirmed"] is False
    assert answer["notes"][0] == "测算，以财政部门审核为准。"
    assert answer["citations"][0]["clause"] == "三(八)"


def test_the_net_rate_is_below_the_contract_rate(client: TestClient) -> None:
    answer = quote(client)
    assert Decimal(answer["net_rate_percent"]) < Decimal("4.45") < Decimal(answer["gross_rate_percent"])


@pytest.mark.parametrize("floating", [{"lpr": "1y", "basis_points": 75, "reset": "never"}])
def test_a_floating_rate_that_never_resets_is_the_fixed_rate_of_its_first_day(
    client: TestClient, floating: dict[str, Any]
) -> None:
    # LPR 1Y of 2022-07-01 is 3.70 %, with 75 basis points 4.45 %.
    moving = quote(client, contract_rate_percent=None, contract_rate=floating)
    fixed = quote(client)
    assert moving["interest_yuan"] == fixed["interest_yuan"]
    assert moving["subsidy_yuan"] == fixed["subsidy_yuan"]
    assert moving["years"][0]["contract_rates"][0]["series"] == "lpr_1y"


def test_a_floating_rate_resets_on_its_dates(client: TestClient) -> None:
    yearly = {"lpr": "1y", "basis_points": 75, "reset": "anniversary"}
    dates = {"lpr": "1y", "basis_points": 75, "reset": ["2023-07-01", "2024-07-01"]}
    answers = [quote(client, contract_rate_percent=None, contract_rate=rate) for rate in (yearly, dates)]
    percents = [span["percent"] for year in answers[0]["years"] for span in year["contract_rates"]]
    assert list(dict.fromkeys(percents)) == ["4.45", "4.3", "4.2"]
    assert answers[0]["years"] == answers[1]["years"]


@pytest.mark.parametrize("rates", [{}, {"contract_rate": {"lpr": "1y", "basis_points": 0, "reset": "never"}}])
def test_exactly_one_contract_rate_is_wanted(client: TestClient, rates: dict[str, Any]) -> None:
    body = QUOTE | rates if rates else QUOTE | {"contract_rate_percent": None}
    problem = refused(client, "interest-subsidy-quotes", body)
    assert "写且只写一项" in problem["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"programme": "nobody"}, "/programme", "programme_not_found"),
        ({"programme": "kangyang-fast-track"}, "/programme", "no_readings"),
        ({"due_on": "2022-07-01"}, "/due_on", "due_before_drawn"),
        ({"due_on": "2022-06-30"}, "/due_on", "due_before_drawn"),
        ({"due_on": "2072-07-02"}, "/due_on", "too_long"),
        ({"drawn_on": "2023-02-29"}, "/drawn_on", "date_parsing"),
        ({"drawn_on": "0001-01-01"}, "/drawn_on", "date_range"),
        ({"due_on": "9999-12-31"}, "/due_on", "date_range"),
        ({"due_on": 20250701}, "/due_on", "date_parsing"),
        ({"principal_yuan": "0"}, "/principal_yuan", "decimal_range"),
        ({"principal_yuan": "-0"}, "/principal_yuan", "decimal_range"),
        ({"principal_yuan": "0.001"}, "/principal_yuan", "decimal_max_places"),
        ({"principal_yuan": "20000000.000000000000000001"}, "/principal_yuan", "decimal_max_places"),
        ({"principal_yuan": "1e9"}, "/principal_yuan", "decimal_text"),
        ({"principal_yuan": "NaN"}, "/principal_yuan", "decimal_text"),
        ({"principal_yuan": True}, "/principal_yuan", "decimal_text"),
        ({"principal_yuan": "1000000000000.01"}, "/principal_yuan", "decimal_range"),
        ({"principal_yuan": None}, "/principal_yuan", "missing"),
        ({"contract_rate_percent": "100.01"}, "/contract_rate_percent", "decimal_range"),
        ({"contract_rate_percent": "-0.01"}, "/contract_rate_percent", "decimal_range"),
        ({"project_share": "1.01"}, "/project_share", "decimal_range"),
        ({"project_share": "0.3333333"}, "/project_share", "decimal_max_places"),
        ({"repayment_style": "balloon"}, "/repayment_style", "enum"),
        (
            {"repayments": [{"on": "2023-07-01", "amount_yuan": "20000000.01"}]},
            "/repayments/0/amount_yuan",
            "repayment_above_balance",
        ),
        (
            {"repayments": [{"on": "2022-06-30", "amount_yuan": "1"}]},
            "/repayments/0/amount_yuan",
            "repayment_above_balance",
        ),
        (
            {"drawdowns": [{"on": "2022-07-01", "amount_yuan": "20000000.01"}]},
            "/drawdowns",
            "drawdowns_above_principal",
        ),
        ({"drawdowns": [{"on": "2022-06-30", "amount_yuan": "1"}]}, "/drawdowns/0/on", "drawdown_before_drawn"),
        ({"drawdowns": [{"on": "2025-07-01", "amount_yuan": "1"}]}, "/drawdowns/0/on", "drawdown_after_due"),
        ({"repayments": [{"on": "2023-07-01"}]}, "/repayments/0/amount_yuan", "missing"),
        ({"repayments": [{"on": "2023-07-01", "amount_yuan": "1"}] * 601}, "/repayments", "too_long"),
        (
            {
                "repayments": [{"on": "2023-07-01", "amount_yuan": "1"}] * 300,
                "interest_paid": [{"on": "2023-07-01", "amount_yuan": "1"}] * 301,
            },
            "",
            "too_many_events",
        ),
        ({"project_first_drawn_on": "2022-07-02"}, "/project_first_drawn_on", "project_drawn_after_loan"),
        ({"other_subsidies": [OTHER | {"slug": "xugou-other"}]}, "/other_subsidies/0/slug", "programme_not_found"),
        (
            {"other_subsidies": [OTHER, OTHER | {"slug": "kangyang-interest-subsidy"}]},
            "/other_subsidies/1/slug",
            "own_subsidy",
        ),
        ({"other_subsidies": [OTHER | {"year": 2021}]}, "/other_subsidies/0/year", "other_subsidy_year_outside"),
        ({"other_subsidies": [OTHER | {"year": 2026}]}, "/other_subsidies/0/year", "other_subsidy_year_outside"),
        (
            {"other_subsidies": [OTHER | {"amount_yuan": "1000000000000.01"}]},
            "/other_subsidies/0/amount_yuan",
            "decimal_range",
        ),
        ({"interest_paid": [SLIP, SLIP]}, "/interest_paid/1/from", "receipt_periods_overlap"),
        ({"extended_to": "2025-06-30"}, "/extended_to", "extension_before_due"),
        ({"interest_paid": [{"on": "2022-06-30", "amount_yuan": "1"}]}, "/interest_paid/0/on", "receipt_before_drawn"),
        (
            {"interest_paid": [{"on": "2023-06-30", "amount_yuan": "1", "from": "2023-01-01"}]},
            "/interest_paid/0/to",
            "receipt_period_incomplete",
        ),
        ({"reading": {"cap": "highest"}}, "/reading/cap", "enum"),
        ({"reading": {"share": "1.5"}}, "/reading/share", "decimal_range"),
        ({"reading": {"longest_months": 601}}, "/reading/longest_months", "less_than_equal"),
        ({"reading": {"longest_months": "36"}}, "/reading/longest_months", "int_type"),
        ({"reading": {"mood": "good"}}, "/reading/mood", "extra_forbidden"),
        ({"reading": {"excluded": ["after_window", "after_window"]}}, "/reading/excluded", "invalid_reading_value"),
        ({"reading": {"rate_day": "application_date"}}, "/application_date", "application_date_missing"),
        ({"colour": "red"}, "/colour", "extra_forbidden"),
    ],
)
def test_a_loan_that_cannot_be_is_refused_with_its_pointer(
    client: TestClient, changes: dict[str, Any], pointer: str, code: str
) -> None:
    problem = refused(client, "interest-subsidy-quotes", QUOTE | changes)
    assert pointers(problem) == {pointer}
    assert problem["errors"][0]["code"] == code


def test_a_floating_rate_below_zero_is_refused(client: TestClient) -> None:
    floating = {"lpr": "1y", "basis_points": -2000, "reset": "never"}
    body = QUOTE | {"contract_rate_percent": None, "contract_rate": floating}
    assert pointers(refused(client, "interest-subsidy-quotes", body)) == {"/contract_rate/basis_points"}


@pytest.mark.parametrize(
    "changes",
    [
        {"contract_rate_percent": "100"},
        {"contract_rate_percent": "100", "due_on": "2022-07-02"},
        {"contract_rate_percent": "100", "due_on": "2022-07-02", "repayment_style": "equal_instalment"},
        {"contract_rate_percent": "0"},
        {"principal_yuan": "0.01"},
        {"principal_yuan": "1000000000000", "contract_rate_percent": "100", "due_on": "2072-07-01"},
        {
            "principal_yuan": "1000000000000",
            "interest_paid": [{"on": "2023-06-30", "amount_yuan": "1000000000000"}] * 600,
        },
        {"drawn_on": "1900-01-01", "due_on": "1901-01-01"},
        {"drawn_on": "2150-01-01", "due_on": "2199-12-31", "repayment_style": "equal_principal"},
        {"reading": {"cap": "none", "share": "1", "longest_months": 600}, "contract_rate_percent": "0"},
        {"reading": {"longest_months": 0, "share": 0}},
    ],
)
def test_the_edges_of_what_may_be_asked_are_answered(client: TestClient, changes: dict[str, Any]) -> None:
    answer = quote(client, **changes)
    total = sum(Decimal(line["subsidy_yuan"]) for line in answer["years"])
    assert Decimal(answer["subsidy_yuan"]) == total


def test_a_day_past_the_published_rates_is_carried_forward_and_says_so(client: TestClient) -> None:
    answer = quote(client, drawn_on="2026-01-01", due_on="2027-01-01")
    assert [span["carried_forward"] for span in answer["years"][0]["reference_rates"]] == [False, True]
    assert any("2026-08-20" in note for note in answer["notes"])


@pytest.mark.parametrize("value", ["1000000000000", "999999999999.99", "0.01", "0", "1000000000000.01", "1e12"])
def test_the_document_and_the_arithmetic_have_one_bound_for_money(client: TestClient, value: str) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    text, number = schemas["InterestSubsidyQuoteIn"]["properties"]["principal_yuan"]["anyOf"]
    answered = client.post("/api/v1/interest-subsidy-quotes", json=QUOTE | {"principal_yuan": value}).status_code
    assert (answered == 200) is (re.search(text["pattern"], value) is not None)
    assert number["maximum"] == 10**12


def test_a_contract_older_than_the_lpr_gives_its_initial_rate(client: TestClient) -> None:
    old = {"contract_rate_percent": None, "drawn_on": "2018-01-01", "due_on": "2023-01-01"}
    problem = refused(client, "interest-subsidy-quotes", QUOTE | old | {"contract_rate": FLOATING})
    assert pointers(problem) == {"/contract_rate"}
    assert "initial_rate_percent" in problem["errors"][0]["detail"]
    answer = quote(client, **old, contract_rate=FLOATING | {"initial_rate_percent": "4.9"}, reading={"excluded": []})
    spans = [span for year in answer["years"] for span in year["contract_rates"]]
    # LPR 1Y of 2020-03-01 is 4.05 %, with 75 basis points 4.8 %.
    assert list(dict.fromkeys((span["percent"], span["series"]) for span in spans)) == [
        ("4.9", None),
        ("4.8", "lpr_1y"),
    ]


def test_a_changed_parameter_is_called_chosen_and_the_rest_keeps_its_basis(client: TestClient) -> None:
    plain, changed = quote(client), quote(client, reading={"cap": "lower_rate", "share": "0.5"})
    before = {one["key"]: (one["basis"], one["note"]) for one in plain["reading_words"]}
    after = {one["key"]: (one["basis"], one["note"]) for one in changed["reading_words"]}
    assert before["reference_rate"][0] == "assumed"
    assert after == before | {"cap": ("chosen", "按请求所选。")}


@pytest.mark.parametrize(("share", "outside"), [("0.5", False), ("0.6", True), ("0.3", True)])
def test_a_result_outside_the_listed_readings_is_said_to_be(client: TestClient, share: str, outside: bool) -> None:
    answer = quote(client, reading={"share": share})
    assert any("1,044,152.77 至 1,446,111.11 元）之外" in note for note in answer["notes"]) is outside


def test_a_reading_above_the_interest_is_listed_outside_the_range(client: TestClient) -> None:
    span = quote(client, contract_rate_percent="1")["range"]
    totals = {one["slug"]: one for one in span["readings"]}
    assert totals["uncapped"]["exceeds_interest"] is True
    assert Decimal(totals["uncapped"]["subsidy_yuan"]) > Decimal(span["high_yuan"])
    assert totals["default"]["exceeds_interest"] is False
    assert totals["lpr-1y-application-date"]["exceeds_interest"] is None
    assert not any(one["exceeds_interest"] for one in quote(client)["range"]["readings"])


def test_an_empty_exclusion_list_is_said_and_what_the_press_says_too(client: TestClient) -> None:
    answer = quote(client, other_subsidies=[OTHER])
    words = {one["key"]: one["note"] for one in answer["reading_words"]}
    assert words["stacking"].endswith("互斥清单目前为空。")
    assert any("互斥清单目前为空" in note for note in answer["notes"])
    assert any("待核实" in note and OTHER["slug"] in note for note in answer["notes"])
    assert not any("互斥清单" in note for note in quote(client)["notes"])


def test_slips_that_leave_days_open_or_do_not_count_are_told(client: TestClient) -> None:
    penalty = {"on": "2023-04-01", "amount_yuan": "5", "kind": "penalty"}
    late = {"on": "2025-07-02", "amount_yuan": "5"}
    notes = quote(client, interest_paid=[SLIP, penalty, late])["notes"]
    assert any("2023 年 275 天" in note for note in notes)
    assert any("罚息" in note for note in notes)
    assert any("2025-07-01 以后的利息不计入" in note for note in notes)
