"""Readings: their words and overrides, the range over the listed ones, and what they share of a loan."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from app.subsidy import (
    LABELS,
    OPTIONS,
    Loan,
    Reading,
    ReadingSet,
    SubsidyError,
    Window,
    account,
    in_full,
    quote,
    quote_range,
    quote_with_range,
)
from tests.subsidy import loans
from tests.subsidy.samples import DEFAULT, NAMED, RATES, READINGS, SAMPLE, SEED, WINDOW, changed, reading


def counted(calls: Counter[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, each call of it counted under `name`."""

    @wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(*args, **kwargs)

    return calling


class TestReading:
    def test_every_parameter_has_a_label_and_every_option_too(self) -> None:
        assert list(LABELS) == list(Reading.model_fields)
        assert {*OPTIONS, "share", "longest_months"} == set(LABELS)
        assert all(option.label for options in OPTIONS.values() for option in options)
        assert [label for label, _ in DEFAULT.words()] == list(LABELS.values())
        assert ("贴息比例", "50%") in DEFAULT.words()
        assert ("最长月数", "36 个月") in DEFAULT.words()
        assert ("不计的部分", "无") in reading(excluded=[]).words()

    @given(loans.readings())
    def test_json_there_and_back(self, chosen: Reading) -> None:
        assert Reading.model_validate_json(chosen.model_dump_json()) == chosen
        assert Reading.model_validate(chosen.model_dump(mode="json")) == chosen

    @pytest.mark.parametrize("key", list(LABELS))
    def test_no_parameter_has_a_default(self, key: str) -> None:
        partial = {name: value for name, value in DEFAULT.model_dump().items() if name != key}
        with pytest.raises(ValidationError):
            Reading.model_validate(partial)

    def test_the_guide_lists_every_parameter_and_every_code(self) -> None:
        guide = (SEED.parent / "docs" / "self-check.md").read_text(encoding="utf-8")
        assert all(f"| `{key}` {label} |" in guide for key, label in LABELS.items())
        assert all(f"`{option.value}` {option.label}" in guide for options in OPTIONS.values() for option in options)

    def test_overrides_leave_the_rest(self) -> None:
        assert DEFAULT.with_({}) == DEFAULT
        assert DEFAULT.with_({"cap": "none"}).model_dump() == {**DEFAULT.model_dump(), "cap": "none"}

    @pytest.mark.parametrize(
        ("overrides", "code", "pointer"),
        [
            ({"rate": "lpr_1y"}, "unknown_reading_parameter", "/reading/rate"),
            ({"a/b~c": 1}, "unknown_reading_parameter", "/reading/a~1b~0c"),
            ({"reference_rate": "libor"}, "invalid_reading_value", "/reading/reference_rate"),
            ({"reference_rate": None}, "invalid_reading_value", "/reading/reference_rate"),
            ({"share": "1.000001"}, "invalid_reading_value", "/reading/share"),
            ({"share": "-0.1"}, "invalid_reading_value", "/reading/share"),
            ({"share": "NaN"}, "invalid_reading_value", "/reading/share"),
            ({"share": "0.1234567"}, "invalid_reading_value", "/reading/share"),
            ({"share": True}, "invalid_reading_value", "/reading/share"),
            ({"longest_months": 601}, "invalid_reading_value", "/reading/longest_months"),
            ({"longest_months": -1}, "invalid_reading_value", "/reading/longest_months"),
            ({"longest_months": "36"}, "invalid_reading_value", "/reading/longest_months"),
            ({"longest_months": 36.5}, "invalid_reading_value", "/reading/longest_months"),
            ({"longest_months": True}, "invalid_reading_value", "/reading/longest_months"),
            ({"excluded": ["after_window", "after_window"]}, "invalid_reading_value", "/reading/excluded"),
            ({"excluded": "after_window"}, "invalid_reading_value", "/reading/excluded"),
            ({"excluded": ["sundays"]}, "invalid_reading_value", "/reading/excluded"),
        ],
    )
    def test_refused_overrides(self, overrides: dict[str, object], code: str, pointer: str) -> None:
        with pytest.raises(SubsidyError) as refused:
            DEFAULT.with_(overrides)
        assert (refused.value.code, refused.value.pointer) == (code, pointer)

    @pytest.mark.parametrize("share", ["0", "1", "0.000001", 0.5])
    def test_shares_at_the_edge(self, share: object) -> None:
        assert DEFAULT.with_({"share": share}).share == Decimal(str(share))

    def test_a_refusal_lists_the_options(self) -> None:
        with pytest.raises(SubsidyError, match="year_contract_interest") as refused:
            DEFAULT.with_({"cap": "half"})
        assert "孰低" in refused.value.message


class TestRange:
    def test_low_and_high_are_among_the_totals(self) -> None:
        found = quote_range(SAMPLE, READINGS.readings, RATES, window=WINDOW, application_date=date(2022, 9, 1))
        totals = [total.subsidy_yuan for total in found.readings if total.subsidy_yuan is not None]
        assert len(totals) == len(READINGS.readings)
        assert (found.low_yuan, found.high_yuan) == (min(totals), max(totals))

    def test_a_total_above_the_interest_is_listed_outside_the_range(self) -> None:
        """At 1 % the interest is 608,888.89 yuan; half the benchmark alone would be more."""
        cheap = changed(contract_rate={"percent": "1"})
        found = quote_range(cheap, READINGS.readings, RATES, window=WINDOW, application_date=date(2022, 9, 1))
        totals = {total.slug: total for total in found.readings}
        assert [slug for slug, total in totals.items() if total.exceeds_interest] == ["uncapped"]
        assert totals["uncapped"].subsidy_yuan == Decimal("1446111.11")
        assert found.high_yuan == totals["default"].subsidy_yuan == quote(cheap, DEFAULT, RATES).interest_yuan
        uncapped = quote(cheap, NAMED["uncapped"], RATES, window=WINDOW)
        assert any("高于所计日子的利息" in note for note in uncapped.notes)

    @settings(max_examples=40, deadline=None)
    @given(loans.loans().flatmap(loans.receipts), loans.readings(), loans.windows)
    def test_a_quote_and_a_range_together_are_the_two_apart(self, loan: Loan, chosen: Reading, window: Window) -> None:
        day, readings = date(2023, 1, 1), READINGS.readings
        apart = (
            quote(loan, chosen, RATES, window=window, application_date=day),
            quote_range(loan, readings, RATES, window=window, application_date=day),
        )
        assert quote_with_range(loan, chosen, readings, RATES, window=window, application_date=day) == apart

    def test_a_loan_is_laid_out_once_for_all_readings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The schedule and the returns before subsidy, the dear parts, do not depend on how many readings there are."""
        calls: Counter[str] = Counter()
        for name in ("course_of", "check_loan", "annual_rate_percent"):
            monkeypatch.setattr(account, name, counted(calls, name, getattr(account, name)))
        loan = changed(repayment_style="equal_instalment")
        quote_with_range(loan, DEFAULT, READINGS.readings, RATES, application_date=date(2022, 9, 1))
        day_counts = {named.reading.day_count for named in READINGS.readings}
        assert calls == {"course_of": 1, "check_loan": 1, "annual_rate_percent": len(day_counts)}

    def test_the_first_drawdown_is_not_sought_for_every_event(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Six hundred drawdowns and as many months: seeking it for each would be 360,000 comparisons a reading."""
        drawdowns = [{"on": date(2022, 7, 1) + n * timedelta(days=30), "amount_yuan": "1"} for n in range(500)]
        slips = [{"on": "2023-07-01", "amount_yuan": "1"}] * 100
        terms = {"lpr": "1y", "basis_points": "0", "reset": "month"}
        loan = changed(
            due_on="2072-07-01",
            contract_rate=terms,
            repayment_style="equal_instalment",
            drawdowns=drawdowns,
            interest_paid=slips,
        )
        calls: Counter[str] = Counter()
        sought = counted(calls, "sought", vars(Loan)["first_drawn_on"].fget)
        monkeypatch.setattr(Loan, "first_drawn_on", property(sought))
        quote_with_range(loan, DEFAULT, READINGS.readings, RATES, application_date=date(2022, 9, 1))
        assert calls["sought"] < 20 * len(READINGS.readings)

    def test_without_any_reading_there_is_no_range(self) -> None:
        found = quote_range(SAMPLE, [], RATES)
        assert (found.low_yuan, found.high_yuan, found.readings) == (None, None, ())

    def test_a_rate_unknown_before_its_series_leaves_the_others(self) -> None:
        early = changed(drawn_on="2018-07-01", due_on="2020-07-01")
        found = quote_range(early, READINGS.readings, RATES)
        missing = {total.slug for total in found.readings if total.missing is not None}
        assert {"lpr-1y", "lpr-5y", "lpr-by-tenor", "lpr-1y-first-drawdown"} <= missing
        assert found.high_yuan is not None

    def test_a_wrong_loan_is_refused_whole(self) -> None:
        with pytest.raises(SubsidyError) as refused:
            quote_range(changed(due_on="2022-07-01"), READINGS.readings, RATES)
        assert refused.value.code == "due_before_drawn"
        floating = changed(drawn_on="2018-07-01", contract_rate={"lpr": "1y", "basis_points": "0", "reset": "never"})
        with pytest.raises(SubsidyError) as unknown:
            quote_range(floating, READINGS.readings, RATES)
        assert unknown.value.pointer == "/contract_rate"

    @pytest.mark.parametrize("key", ["reference_rate"])
    def test_what_the_clause_does_not_name_is_assumed(self, key: str) -> None:
        assert {basis.key: basis.basis for basis in READINGS.parameters}[key] == "assumed"

    def test_a_reading_states_what_differs_from_the_default(self) -> None:
        whole = READINGS.model_dump(mode="json")
        named = {"slug": "xugou", "name": "虚构口径", "reason": "虚构", "confirmed": None}
        short = {**whole, "readings": [whole["readings"][0], {**named, "differs": {"cap": "none"}}]}
        assert ReadingSet.model_validate(in_full(short)).readings[1].reading == DEFAULT.with_({"cap": "none"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"differs": {"mood": "good"}},
            {"differs": None},
            {"differs": {"cap": "half"}},
            {},
            {"differs": {}, "reading": {}},
        ],
    )
    def test_a_reading_that_differs_in_nothing_known_is_refused(self, wrong: dict[str, object]) -> None:
        whole = READINGS.model_dump(mode="json")
        named = {"slug": "xugou", "name": "虚构口径", "reason": "虚构", "confirmed": None}
        with pytest.raises(ValidationError):
            ReadingSet.model_validate(in_full({**whole, "readings": [whole["readings"][0], {**named, **wrong}]}))
