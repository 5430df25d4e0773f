"""The room against the naive day loop, over generated loans, readings and windows."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from app.subsidy import Loan, Quote, Reading, Window, quote
from tests.subsidy import loans, naive
from tests.subsidy.samples import DEFAULT, RATES

APPLIED = st.dates(date(2020, 1, 1), date(2027, 1, 1))
EARLIER = st.one_of(st.none(), st.integers(0, 1500).map(lambda days: timedelta(days=days)))


def agrees(answer: Quote, expected: dict[int, naive.NaiveYear]) -> None:
    assert {line.year: (line.days, line.subsidy_yuan) for line in answer.years} == {
        year: (line.days, naive.total({year: line})) for year, line in expected.items()
    }
    assert answer.subsidy_yuan == naive.total(expected)
    for line in answer.years:
        assert Fraction(line.interest_yuan) == naive.fen(expected[line.year].interest)


@settings(max_examples=100, deadline=None)
@given(loans.loans().flatmap(loans.receipts), loans.readings(), loans.windows, APPLIED, EARLIER)
def test_dated_events(loan: Loan, reading: Reading, window: Window, applied: date, earlier: timedelta | None) -> None:
    first = None if earlier is None else loan.first_drawn_on - earlier
    answer = quote(loan, reading, RATES, window=window, application_date=applied, project_first_drawn_on=first)
    agrees(answer, naive.quote(loan, reading, RATES, window, applied, first))


@settings(max_examples=60, deadline=None)
@given(
    loans.loans(styles=("equal_instalment", "equal_principal"), most_days=1500),
    loans.readings(),
    loans.windows,
    APPLIED,
)
def test_instalments(loan: Loan, reading: Reading, window: Window, applied: date) -> None:
    answer = quote(loan, reading, RATES, window=window, application_date=applied)
    agrees(answer, naive.quote(loan, reading, RATES, window, applied))


@settings(max_examples=40, deadline=None)
@given(
    loans.loans(styles=("equal_instalment", "equal_principal"), most_days=1200),
    st.integers(0, 1200),
    st.integers(1, 100),
)
def test_a_prepayment_reworks_the_instalments(loan: Loan, after: int, hundredths: int) -> None:
    """Part of what is owed on a day is prepaid; the rest is spread over the periods left."""
    path, _ = naive.instalment_path(loan, RATES)
    day = sorted(path)[after % len(path)]
    amount = path[day] * hundredths // 1 / 100
    if not amount:
        return
    prepaid = loan.model_copy(
        update={"repayments": ({"on": day, "amount_yuan": Decimal(int(amount * 100)).scaleb(-2)},)}
    )
    checked = Loan.model_validate(prepaid.model_dump(by_alias=True, warnings=False))
    agrees(quote(checked, DEFAULT, RATES), naive.quote(checked, DEFAULT, RATES, Window()))
