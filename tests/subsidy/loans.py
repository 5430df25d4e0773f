"""Hypothesis strategies: loans as banks write them, and readings over every option."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from app.subsidy import OPTIONS, Drawdown, FixedRate, InterestPaid, Loan, LprRate, Reading, Repayment, Window
from tests.subsidy.samples import DEFAULT, EFFECTIVE

# Every series has begun by then, so that no option of the reading is refused for want of a rate.
EARLIEST = date(2019, 9, 1)
LATEST = date(2027, 6, 1)


def yuan(least_fen: int = 1, most_fen: int = 10**11) -> st.SearchStrategy[Decimal]:
    return st.integers(least_fen, most_fen).map(lambda fen: Decimal(fen).scaleb(-2))


def percents(most: int = 12) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, most, places=4)


def shares() -> st.SearchStrategy[Decimal]:
    return st.decimals(0, 1, places=6)


contract_rates: st.SearchStrategy[FixedRate | LprRate] = st.one_of(
    st.builds(FixedRate, percent=percents()),
    st.builds(
        LprRate,
        lpr=st.sampled_from(["1y", "5y"]),
        basis_points=st.decimals(-250, 300, places=2),
        reset=st.one_of(
            st.sampled_from(["never", "anniversary", "year_start", "half_year", "quarter", "month"]),
            st.lists(st.dates(EARLIEST, LATEST), max_size=4).map(tuple),
        ),
    ),
)


@st.composite
def loans(draw: st.DrawFn, styles: tuple[str, ...] = ("bullet",), most_days: int = 2400) -> Loan:
    """A loan with up to three drawdowns and three repayments that never exceed the balance."""
    drawn_on = draw(st.dates(EARLIEST, LATEST))
    due_on = drawn_on + timedelta(days=draw(st.integers(1, most_days)))
    drawdowns = draw(_drawdowns(drawn_on, due_on))
    principal = sum((one.amount_yuan for one in drawdowns), Decimal(0)) or draw(yuan(1_000))
    owed = drawdowns or [Drawdown(on=drawn_on, amount_yuan=principal)]
    return Loan.model_validate(
        {
            "principal_yuan": principal,
            "drawn_on": drawn_on,
            "due_on": due_on,
            "contract_rate": draw(contract_rates),
            "repayment_style": draw(st.sampled_from(styles)),
            "drawdowns": drawdowns,
            "repayments": draw(_repayments(owed, due_on)) if styles == ("bullet",) else (),
            "project_share": draw(st.one_of(st.just(Decimal(1)), shares())),
        }
    )


@st.composite
def _drawdowns(draw: st.DrawFn, drawn_on: date, due_on: date) -> list[Drawdown]:
    days = draw(st.lists(st.integers(0, (due_on - drawn_on).days - 1), max_size=3))
    return [Drawdown(on=drawn_on + timedelta(days=day), amount_yuan=draw(yuan(100))) for day in days]


@st.composite
def _repayments(draw: st.DrawFn, owed: list[Drawdown], due_on: date) -> list[Repayment]:
    """Parts of each drawdown, returned on or after its day: whatever the order, the balance stays above zero."""
    found = []
    for one in owed:
        if draw(st.booleans()):
            day = one.on + timedelta(days=draw(st.integers(0, (due_on - one.on).days)))
            found.append(Repayment(on=day, amount_yuan=draw(yuan(1, int(one.amount_yuan * 100)))))
    return found


@st.composite
def receipts(draw: st.DrawFn, loan: Loan) -> Loan:
    """The loan with a few interest slips, without periods or with periods that follow each other with gaps."""
    slips, day = [], loan.first_drawn_on - timedelta(days=draw(st.integers(0, 200)))
    for _ in range(draw(st.integers(0, 4))):
        slip: dict[str, object] = {"on": loan.first_drawn_on + timedelta(days=draw(st.integers(0, 1200)))}
        if draw(st.booleans()):
            begins = day + timedelta(days=draw(st.sampled_from([0, 0, 1, 90])))
            day = begins + timedelta(days=draw(st.integers(1, 400)))
            slip = {"on": max(day, loan.first_drawn_on), "from": begins, "to": day}
        kind = draw(st.sampled_from(["regular", "regular", "penalty"]))
        slips.append(InterestPaid.model_validate({**slip, "amount_yuan": draw(yuan(0, 10**8)), "kind": kind}))
    return loan.model_copy(update={"interest_paid": tuple(slips)})


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any option of every parameter, any share, any longest period up to five years."""
    chosen: dict[str, object] = {
        key: draw(st.sampled_from(list(options))) for key, options in OPTIONS.items() if key != "excluded"
    }
    chosen["excluded"] = draw(st.lists(st.sampled_from(list(OPTIONS["excluded"])), unique=True))
    chosen["share"] = draw(shares())
    chosen["longest_months"] = draw(st.integers(0, 60))
    return DEFAULT.with_(chosen)


windows: st.SearchStrategy[Window] = st.builds(
    Window,
    valid_from=st.one_of(st.none(), st.just(EFFECTIVE), st.dates(EARLIEST, LATEST)),
    valid_to=st.one_of(st.none(), st.dates(EARLIEST, LATEST)),
    unconfirmed_from=st.just(date(2026, 1, 1)),
)
