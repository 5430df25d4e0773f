"""What follows from sums: rounded half up, nothing where nothing divides; and which days are meant."""

from datetime import date
from decimal import Decimal

import pytest

from app.reporting.asked import StatisticsRefused, period
from app.reporting.figures import Sums, added
from app.reporting.frame import month_days, month_key, month_number, months


@pytest.mark.parametrize(
    ("days", "decided", "shown"), [(5, 4, "1.3"), (49, 40, "1.2"), (0, 3, "0.0"), (30, 1, "30.0"), (1, 20, "0.1")]
)
def test_the_mean_is_rounded_half_up(days: int, decided: int, shown: str) -> None:
    assert Sums(days=days, decided=decided).columns()["days_to_decision"] == Decimal(shown)


def test_the_weighted_rate_is_that_of_all_loans_together() -> None:
    small = Sums(disbursed=1, disbursed_yuan=Decimal(1_000_000), weight=100_000_000 * 3_000_000)
    large = Sums(disbursed=1, disbursed_yuan=Decimal(2_000_000), weight=200_000_000 * 4_500_000)

    assert added([small, large]).columns()["weighted_rate_percent"] == Decimal(4)
    assert added([small, small]).columns()["weighted_rate_percent"] == Decimal(3)


def test_nothing_has_no_rate_no_conversion_and_no_days() -> None:
    columns = Sums().columns()

    assert {columns[name] for name in ("weighted_rate_percent", "conversion_percent", "days_to_decision")} == {None}
    assert columns["granted_yuan"] == 0


def test_a_month_is_found_by_its_number() -> None:
    assert month_key(month_number(date(2026, 12, 31))) == "2026-12"
    assert month_days("2026-12") == (date(2026, 12, 1), date(2027, 1, 1))
    assert list(months(date(2025, 12, 31), date(2026, 1, 1))) == ["2025-12", "2026-01"]


NOVEMBER, NEW_YEAR = date(2026, 11, 20), date(2026, 1, 15)


@pytest.mark.parametrize(
    ("begin", "end", "today", "meant"),
    [
        (None, None, NOVEMBER, ("2026-01-01", "2026-11-20")),
        (date(2025, 3, 1), None, NOVEMBER, ("2025-03-01", "2026-11-20")),
        (None, date(2025, 6, 30), NOVEMBER, ("2025-01-01", "2025-06-30")),
        (NOVEMBER, NOVEMBER, NOVEMBER, ("2026-11-20", "2026-11-20")),
    ],
)
def test_by_default_it_is_this_year_so_far(
    begin: date | None, end: date | None, today: date, meant: tuple[str, str]
) -> None:
    assert tuple(day.isoformat() for day in period(begin, end, today, exact=True)) == meant


@pytest.mark.parametrize(
    ("begin", "end", "today", "meant"),
    [
        (None, None, NOVEMBER, ("2026-01-01", "2026-10-31")),
        (None, None, NEW_YEAR, ("2025-01-01", "2025-12-31")),
        (date(2025, 1, 1), None, NOVEMBER, ("2025-01-01", "2025-12-31")),
        (date(2024, 1, 1), date(2024, 12, 31), NOVEMBER, ("2024-01-01", "2024-12-31")),
        (date(2026, 1, 1), NOVEMBER, NOVEMBER, None),
        (date(2025, 1, 1), date(2026, 10, 31), NOVEMBER, None),
        (date(2025, 1, 2), date(2025, 12, 31), NOVEMBER, None),
        (date(2026, 1, 1), None, NEW_YEAR, None),
        (date(2027, 1, 1), None, NOVEMBER, None),
    ],
)
def test_a_suppressed_table_is_of_one_year_up_to_the_last_month_that_is_over(
    begin: date | None, end: date | None, today: date, meant: tuple[str, str] | None
) -> None:
    if meant is None:
        with pytest.raises(StatisticsRefused):
            period(begin, end, today, exact=False)
    else:
        assert tuple(day.isoformat() for day in period(begin, end, today, exact=False)) == meant
