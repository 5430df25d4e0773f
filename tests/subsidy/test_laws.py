"""Laws of the subsidy, over generated loans."""

import decimal
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from dateutil.relativedelta import relativedelta
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.subsidy import Cost, Drawdown, FixedRate, Loan, Quote, Reading, SubsidyError, Window, cost, quote
from app.subsidy.account import Account
from app.subsidy.calculate import Circumstances, prepare, year_amounts
from tests.subsidy import loans
from tests.subsidy.samples import DEFAULT, NAMED, RATES, reading

APPLIED = date(2023, 5, 1)
many = settings(max_examples=60, deadline=None)


def ask(loan: Loan, chosen: Reading, window: Window | None = None) -> Quote:
    return quote(loan, chosen, RATES, window=window, application_date=APPLIED)


def exact(loan: Loan, chosen: Reading, window: Window) -> dict[int, Fraction]:
    """Each year's amount in fen before it is rounded."""
    case = prepare(Account(loan, RATES), chosen, Circumstances(window, APPLIED, None, None))
    return {one.year: one.allowed for one in year_amounts(case)}


def by_year(answer: Quote) -> dict[int, Decimal]:
    return {line.year: line.subsidy_yuan for line in answer.years}


def times(loan: Loan, factor: int) -> Loan:
    """The same loan with every amount multiplied."""
    amounts = {
        name: tuple(one.model_copy(update={"amount_yuan": one.amount_yuan * factor}) for one in getattr(loan, name))
        for name in ("drawdowns", "repayments", "interest_paid")
    }
    return loan.model_copy(update={"principal_yuan": loan.principal_yuan * factor, **amounts})


def drawn(loan: Loan, fens: list[int]) -> Loan:
    """The loan with these fen drawn on the days of its drawdowns, and no repayments."""
    drawdowns = tuple(
        Drawdown(on=one.on, amount_yuan=Decimal(fen).scaleb(-2)) for one, fen in zip(loan.drawdowns, fens, strict=True)
    )
    total = sum((one.amount_yuan for one in drawdowns), Decimal(0))
    return loan.model_copy(update={"principal_yuan": total, "drawdowns": drawdowns, "repayments": ()})


@many
@given(
    loans.loans().flatmap(loans.receipts),
    st.integers(1, 20),
    st.integers(1, 20),
    loans.readings(),
    loans.windows,
)
def test_additive_over_a_split_of_the_loan(loan: Loan, a: int, b: int, chosen: Reading, window: Window) -> None:
    """Exact before rounding; after it within 0.015 yuan, three halves of a fen, per calendar year."""
    parts = times(loan, a + b), times(loan, a), times(loan, b)
    whole, left, right = (exact(part, chosen, window) for part in parts)
    assert whole == {year: left[year] + right[year] for year in whole}
    rounded = [by_year(ask(part, chosen, window)) for part in parts]
    for year, amount in rounded[0].items():
        assert abs(amount - rounded[1][year] - rounded[2][year]) <= Decimal("0.015")


@many
@given(loans.loans().filter(lambda loan: loan.drawdowns), st.data(), loans.readings(), loans.windows)
def test_an_uneven_split_gains_nothing(loan: Loan, data: st.DataObject, chosen: Reading, window: Window) -> None:
    """Split drawdown by drawdown it is exact too, but for the year's cap: two loans cannot share one's room."""
    fens = [int(one.amount_yuan * 100) for one in loan.drawdowns]
    assume(min(fens) > 1)
    part = [data.draw(st.integers(1, fen - 1)) for fen in fens]
    rest = [fen - taken for fen, taken in zip(fens, part, strict=True)]
    whole, left, right = (exact(drawn(loan, amounts), chosen, window) for amounts in (fens, part, rest))
    for year, amount in whole.items():
        together = left[year] + right[year]
        assert together <= amount if chosen.cap == "year_contract_interest" else together == amount


@many
@given(loans.loans(), st.integers(2, 50), loans.readings(), loans.windows)
def test_monotone_in_the_principal(loan: Loan, times_over: int, chosen: Reading, window: Window) -> None:
    """More of everything, drawn and repaid in proportion, is never less in any year."""
    more = times(loan, times_over)
    small, large = by_year(ask(loan, chosen, window)), by_year(ask(more, chosen, window))
    assert all(small[year] <= large[year] for year in small)


@many
@given(
    loans.yuan(1, 10**9),
    loans.yuan(1, 10**9),
    st.dates(loans.EARLIEST, loans.LATEST),
    st.integers(1, 2000),
    loans.percents(),
    loans.readings(),
)
def test_monotone_in_any_added_principal(
    smaller: Decimal, added: Decimal, drawn_on: date, days: int, percent: Decimal, chosen: Reading
) -> None:
    small = Loan(
        principal_yuan=smaller,
        drawn_on=drawn_on,
        due_on=drawn_on + timedelta(days=days),
        contract_rate=FixedRate(percent=percent),
    )
    large = small.model_copy(update={"principal_yuan": smaller + added})
    assert ask(small, chosen).subsidy_yuan <= ask(large, chosen).subsidy_yuan


@many
@given(loans.loans(), loans.readings(), loans.shares(), loans.shares())
def test_monotone_in_the_share(loan: Loan, chosen: Reading, one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    less, more = by_year(ask(loan, chosen.with_({"share": low}))), by_year(ask(loan, chosen.with_({"share": high})))
    assert all(less[year] <= more[year] for year in more)


@many
@given(loans.loans().flatmap(loans.receipts), loans.readings())
def test_never_above_the_cap(loan: Loan, chosen: Reading) -> None:
    """Not above the year's contract interest or what is known to be paid, and not above the lower rate's share."""
    slips = [slip for slip in loan.interest_paid if slip.kind == "regular" and slip.on <= loan.due_on]
    whole = {slip.on.year for slip in slips if slip.from_ is None}
    for line in ask(loan, chosen.with_({"cap": "year_contract_interest"})).years:
        assert line.subsidy_yuan <= line.interest_yuan
        if line.interest_paid_yuan is not None and line.year in whole:
            assert line.subsidy_yuan <= line.interest_paid_yuan
    for line in ask(loan, chosen.with_({"cap": "lower_rate"})).years:
        assert line.subsidy_yuan <= min(line.interest_yuan, line.reference_interest_yuan)


@many
@given(loans.loans(), loans.readings())
def test_each_cap_only_lowers(loan: Loan, chosen: Reading) -> None:
    none, yearly, lower = (
        by_year(ask(loan, chosen.with_({"cap": cap}))) for cap in ("none", "year_contract_interest", "lower_rate")
    )
    assert all(yearly[year] <= none[year] and lower[year] <= none[year] for year in none)


@many
@given(st.dates(date(2019, 9, 1), date(2026, 1, 1)), st.integers(37, 60), loans.percents(), loans.yuan())
def test_accrual_stops_at_month_36(drawn_on: date, months: int, percent: Decimal, principal: Decimal) -> None:
    """On an unchanged balance path and tenor band, what lies beyond 36 months changes no line."""
    loan = Loan(
        principal_yuan=principal,
        drawn_on=drawn_on,
        due_on=drawn_on + relativedelta(months=36),
        contract_rate=FixedRate(percent=percent),
    )
    longer = loan.model_copy(update={"due_on": drawn_on + relativedelta(months=months)})
    assert ask(longer, DEFAULT).years == ask(loan, DEFAULT).years
    assert ask(longer, DEFAULT).reference_series == ask(loan, DEFAULT).reference_series


@many
@given(loans.loans(), loans.readings(), loans.windows)
def test_the_sum_of_the_years_is_the_total(loan: Loan, chosen: Reading, window: Window) -> None:
    answer = ask(loan, chosen, window)
    assert answer.subsidy_yuan == sum((line.subsidy_yuan for line in answer.years), Decimal("0.00"))
    assert [line.year for line in answer.years] == sorted({line.year for line in answer.years})


@many
@given(loans.loans(), loans.readings(), loans.windows)
def test_the_lines_cover_the_counted_days_without_gap_or_overlap(loan: Loan, chosen: Reading, window: Window) -> None:
    answer = ask(loan, chosen, window)
    for line in answer.years:
        assert line.days == (line.to - line.from_).days > 0
        assert line.year == line.from_.year
        for spans in (line.balances, line.reference_rates, line.contract_rates):
            edges = [line.from_, *(span.to for span in spans)]
            assert [span.from_ for span in spans] == edges[:-1]
            assert edges[-1] == line.to
    for before, after in pairwise(answer.years):
        assert before.to == after.from_ == date(after.year, 1, 1)


@many
@given(st.integers(2020, 2040), loans.yuan(100), loans.percents(), st.sampled_from(["actual_360", "actual_365"]))
def test_a_leap_year_is_one_day_longer(year: int, principal: Decimal, percent: Decimal, day_count: str) -> None:
    loan = Loan(
        principal_yuan=principal,
        drawn_on=date(year, 1, 1),
        due_on=date(year + 1, 1, 1),
        contract_rate=FixedRate(percent=percent),
    )
    days = 366 if year % 4 == 0 else 365
    (line,) = ask(loan, reading(day_count=day_count)).years
    basis = int(day_count[-3:])
    assert line.days == days
    assert abs(Fraction(line.interest_yuan) - Fraction(principal * percent) / 100 * days / basis) <= Fraction(1, 200)


@many
@given(loans.loans().flatmap(loans.receipts), loans.readings(), loans.windows)
def test_the_callers_decimal_context_never_matters(loan: Loan, chosen: Reading, window: Window) -> None:
    expected = ask(loan, chosen, window)
    with decimal.localcontext() as context:
        context.prec = 3
        context.rounding = decimal.ROUND_DOWN
        assert ask(loan, chosen, window) == expected


@many
@given(loans.loans(), st.sampled_from(sorted(NAMED)), loans.windows)
def test_an_extension_and_late_repayments_change_no_line(loan: Loan, slug: str, window: Window) -> None:
    extended = loan.model_copy(update={"extended_to": loan.due_on + timedelta(days=400)})
    assert ask(extended, NAMED[slug], window).years == ask(loan, NAMED[slug], window).years


@many
@given(loans.loans(), loans.readings(), st.dates(loans.EARLIEST, loans.LATEST))
def test_a_window_cut_in_two_gives_the_same_days(loan: Loan, chosen: Reading, cut: date) -> None:
    """[a, c) and [c, b) are [a, b): no day is lost or counted twice where the window is half open."""
    chosen = chosen.with_({"cap": "none", "excluded": ["before_effective", "after_window", "overdue_and_penalty"]})
    before, after = Window(valid_to=cut), Window(valid_from=cut)
    whole = exact(loan, chosen, Window())
    parts = exact(loan, chosen, before), exact(loan, chosen, after)
    assert whole == {year: parts[0].get(year, Fraction(0)) + parts[1].get(year, Fraction(0)) for year in whole}


@many
@given(loans.loans(), loans.readings())
def test_the_loans_own_first_drawdown_is_the_latest_start_of_its_project(loan: Loan, chosen: Reading) -> None:
    alone = ask(loan, chosen)
    same = quote(loan, chosen, RATES, application_date=APPLIED, project_first_drawn_on=loan.first_drawn_on)
    earlier = quote(
        loan, chosen, RATES, application_date=APPLIED, project_first_drawn_on=loan.drawn_on - timedelta(days=90)
    )
    assert same == alone
    assert earlier.subsidy_yuan <= alone.subsidy_yuan


@many
@given(loans.loans(), loans.readings(), loans.windows)
def test_the_cost_is_the_quotes_without_its_years(loan: Loan, chosen: Reading, window: Window) -> None:
    def answer(ask: Callable[..., Quote | Cost]) -> tuple[object, ...]:
        try:
            found = ask(loan, chosen, RATES, window=window, excluding=("wenlv-incentive",))
        except SubsidyError as error:
            # No application has a date here.
            return (error.code, error.pointer)
        return found.subsidy_yuan, found.net_rate_percent, found.gross_rate_percent

    assert answer(cost) == answer(quote)
