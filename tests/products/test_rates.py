"""A product's rate on a day: LPR ± basis points with the day's LPR and its date."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.products.models import FixedLendingRate, LprLendingRate
from app.products.rates import rate_on
from app.programmes.seeds import Seeds
from app.subsidy import Rates

LPR = LprLendingRate(kind="lpr", tenor="5y", low_basis_points=-20, high_basis_points=65)


@pytest.fixture(scope="module")
def rates(seeds: Seeds) -> Rates:
    return Rates.of(seeds.series)


@pytest.mark.parametrize(
    ("day", "low", "high", "since"),
    [
        (date(2025, 5, 19), "3.40", "4.25", date(2024, 10, 21)),
        (date(2025, 5, 20), "3.30", "4.15", date(2025, 5, 20)),
        (date(2026, 8, 20), "3.30", "4.15", date(2025, 5, 20)),
    ],
)
def test_lpr_and_margin_move_with_the_day(rates: Rates, day: date, low: str, high: str, since: date) -> None:
    found = rate_on(LPR, day, rates)
    assert (found.low_percent, found.high_percent) == (Decimal(low), Decimal(high))
    assert found.lpr is not None
    assert (found.lpr.series, found.lpr.since, found.lpr.carried_forward, found.note) == ("lpr_5y", since, False, None)


def test_a_day_after_the_last_one_known_says_so(rates: Rates) -> None:
    found = rate_on(LPR, date(2026, 8, 21), rates)
    assert found.low_percent == Decimal("3.30")
    assert found.lpr is not None
    assert found.lpr.carried_forward
    assert found.note is not None
    assert "2026-08-20" in found.note


def test_a_day_before_the_series_has_no_rate(rates: Rates) -> None:
    found = rate_on(LPR, date(2019, 8, 19), rates)
    assert (found.low_percent, found.high_percent, found.lpr) == (None, None, None)
    assert found.note is not None
    assert "2019-08-20" in found.note


def test_a_fixed_rate_is_what_it_is(rates: Rates) -> None:
    fixed = FixedLendingRate(kind="fixed", low_percent=Decimal("3.1"), high_percent=Decimal("4.35"))
    found = rate_on(fixed, date(1999, 1, 1), rates)
    assert (found.low_percent, found.high_percent, found.lpr, found.note) == (
        Decimal("3.1"),
        Decimal("4.35"),
        None,
        None,
    )


def test_the_answer_shows_todays_rate(api: TestClient, draft: Callable[..., dict[str, Any]]) -> None:
    tier = {
        "name": "一年以内",
        "term": {"low_months": 12, "high_months": 12},
        "rate": {"kind": "lpr", "tenor": "1y", "low_basis_points": 0, "high_basis_points": 30},
    }
    shown = draft(rate=LPR.model_dump(), tiers=[tier])["shown"]
    rate = shown["rate"]
    assert (rate["low_percent"], rate["high_percent"], rate["low_basis_points"]) == ("3.3", "4.15", -20)
    assert rate["lpr"] == {
        "series": "lpr_5y",
        "name": "五年期以上贷款市场报价利率（LPR）",
        "on": "2026-11-20",
        "percent": "3.5",
        "since": "2025-05-20",
        "known_through": "2026-08-20",
        "carried_forward": True,
    }
    assert "沿用" in rate["note"]
    assert (shown["tiers"][0]["rate"]["low_percent"], shown["tiers"][0]["amount"]) == ("3", None)
