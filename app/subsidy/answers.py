"""The room's answers: one loan, several loans of one project, and the range over named readings."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from app.subsidy.account import Account, Gross
from app.subsidy.amounts import half_up, percent, yuan
from app.subsidy.calculate import Case, Circumstances, Settled, prepare, settle, year_amounts
from app.subsidy.checks import check_project
from app.subsidy.errors import SubsidyError
from app.subsidy.formula import formula
from app.subsidy.notes import notes
from app.subsidy.quotes import BalanceSpan, Cost, Quote, Range, RatePeriod, ReadingTotal, YearLine
from app.subsidy.rates import Rates
from app.subsidy.reading import NamedReading, Reading
from app.subsidy.returns import annual_rate_percent
from app.subsidy.spans import RateSpan, clip
from app.subsidy.terms import Loan, Window

# A project of more loans than this is a data error, and each costs a full quote.
MOST_LOANS = 100


def quote(
    loan: Loan,
    reading: Reading,
    rates: Rates,
    *,
    window: Window | None = None,
    application_date: date | None = None,
    project_first_drawn_on: date | None = None,
    excluding: Collection[str] | None = None,
) -> Quote:
    """The interest subsidy of one loan under one reading (晋政办发〔2022〕37号 三(八)).

    Amounts in yuan, rates in percent a year, all intervals half open: the drawdown day accrues, the due day
    does not. `window` is the programme's life, open where None. `project_first_drawn_on` is the first drawdown
    of the project's earliest loan, from which a reading with `longest_scope: project` counts. `excluding` names
    the programmes whose subsidy excludes this one under `stacking: exclude`; None: every other does.
    Month addition keeps within the month: 2024-01-31 + 1 month = 2024-02-29.

    Raises `SubsidyError` for terms that cannot be, a rate that is not known, or a missing application date.
    """
    around = Circumstances(window or Window(), application_date, project_first_drawn_on, excluding)
    return _quoted(_worked(_account(loan, rates, around), reading, around))


def cost(
    loan: Loan,
    reading: Reading,
    rates: Rates,
    *,
    window: Window | None = None,
    excluding: Collection[str] | None = None,
) -> Cost:
    """What `quote` says of the whole loan, without the years that it is made of. Raises what `quote` raises."""
    around = Circumstances(window or Window(), None, None, excluding)
    return _worked(_account(loan, rates, around), reading, around).cost


def quote_project(
    loans: Sequence[Loan],
    reading: Reading,
    rates: Rates,
    *,
    window: Window | None = None,
    application_date: date | None = None,
    excluding: Collection[str] | None = None,
) -> tuple[Quote, ...]:
    """One quote for each loan of one project, in the order given.

    Under `longest_scope: project` the longest period runs from the earliest drawdown of all, so that a later
    loan has what is left of it. Errors point below ``/loans/<n>``.
    """
    if len(loans) > MOST_LOANS:
        raise SubsidyError("too_many_loans", "/loans", f"一个项目最多 {MOST_LOANS} 笔贷款")
    first = min((loan.first_drawn_on for loan in loans), default=None)
    quotes = []
    for index, loan in enumerate(loans):
        try:
            quotes.append(
                quote(
                    loan,
                    reading,
                    rates,
                    window=window,
                    application_date=application_date,
                    project_first_drawn_on=first,
                    excluding=excluding,
                )
            )
        except SubsidyError as error:
            raise error.under(f"/loans/{index}") from error
    return tuple(quotes)


def quote_range(
    loan: Loan,
    readings: Iterable[NamedReading],
    rates: Rates,
    *,
    window: Window | None = None,
    application_date: date | None = None,
    project_first_drawn_on: date | None = None,
    excluding: Collection[str] | None = None,
) -> Range:
    """The total under each named reading, the lowest and the highest.

    A reading that lacks something (an application date, a rate before its series begins) stays in the list with
    the reason and no total; one whose total exceeds the interest it is for stays in the list and outside lowest
    and highest. A loan that is wrong raises `SubsidyError` as `quote` does. The loan is laid out once for all.
    """
    around = Circumstances(window or Window(), application_date, project_first_drawn_on, excluding)
    return _ranged(_account(loan, rates, around), readings, around)


def quote_with_range(
    loan: Loan,
    reading: Reading,
    readings: Iterable[NamedReading],
    rates: Rates,
    *,
    window: Window | None = None,
    application_date: date | None = None,
    project_first_drawn_on: date | None = None,
    excluding: Collection[str] | None = None,
) -> tuple[Quote, Range]:
    """What `quote` and `quote_range` answer, for the price of laying the loan out once."""
    around = Circumstances(window or Window(), application_date, project_first_drawn_on, excluding)
    account = _account(loan, rates, around)
    return _quoted(_worked(account, reading, around)), _ranged(account, readings, around)


@dataclass(frozen=True, slots=True)
class _Worked:
    """One loan under one reading, year by year."""

    case: Case
    years: Sequence[Settled]

    @property
    def subsidy(self) -> int:
        return sum(one.subsidy for one in self.years)

    @property
    def exceeds_interest(self) -> bool:
        """Whether more comes than is borne, each year rounded as the subsidy is."""
        return self.subsidy > sum(half_up(one.amount.own_interest) for one in self.years)

    @property
    def gross(self) -> Gross:
        return self.case.account.gross(self.case.year_days)

    @property
    def net_rate_percent(self) -> Decimal | None:
        """The return of the flows with each year's subsidy received on the day that year, or the loan, ends."""
        received = dict(self.gross.flows)
        ends = {date.fromordinal(end - 1).year: end for end, _ in self.gross.interest}
        for one in self.years:
            day = ends[one.amount.year]
            received[day] = received.get(day, 0) + one.subsidy
        return annual_rate_percent(received)

    @property
    def cost(self) -> Cost:
        return Cost(yuan(self.subsidy), self.net_rate_percent, self.gross.rate_percent)


def _account(loan: Loan, rates: Rates, around: Circumstances) -> Account:
    account = Account(loan, rates)
    check_project(loan, around.project_first_drawn_on)
    return account


def _worked(account: Account, reading: Reading, around: Circumstances) -> _Worked:
    case = prepare(account, reading, around)
    return _Worked(case, settle(case, list(year_amounts(case))))


def _quoted(worked: _Worked) -> Quote:
    case = worked.case
    return Quote(
        **worked.cost._asdict(),
        interest_yuan=yuan(sum(fen for _, fen in worked.gross.interest)),
        reading=case.reading,
        reference_series=case.series,
        years=tuple(_line(case, one) for one in worked.years),
        notes=notes(case, worked.years, exceeds_interest=worked.exceeds_interest),
    )


def _ranged(account: Account, readings: Iterable[NamedReading], around: Circumstances) -> Range:
    totals = tuple(_total(account, named, around) for named in readings)
    within = [
        total.subsidy_yuan for total in totals if total.subsidy_yuan is not None and total.exceeds_interest is not True
    ]
    return Range(low_yuan=min(within, default=None), high_yuan=max(within, default=None), readings=totals)


def _total(account: Account, named: NamedReading, around: Circumstances) -> ReadingTotal:
    """The loan is known to be right by now: what is still refused is only what this reading lacks."""
    try:
        worked, missing = _worked(account, named.reading, around), None
    except SubsidyError as error:
        worked, missing = None, error.message
    return ReadingTotal(
        slug=named.slug,
        name=named.name,
        reason=named.reason,
        subsidy_yuan=None if worked is None else yuan(worked.subsidy),
        exceeds_interest=None if worked is None else worked.exceeds_interest,
        net_rate_percent=None if worked is None else worked.net_rate_percent,
        missing=missing,
    )


def _line(case: Case, one: Settled) -> YearLine:
    amount = one.amount
    return YearLine(
        year=amount.year,
        from_=date.fromordinal(amount.start),
        to=date.fromordinal(amount.end),
        days=amount.end - amount.start,
        balances=tuple(
            BalanceSpan(from_=date.fromordinal(left), to=date.fromordinal(right), balance_yuan=yuan(fen))
            for left, right, fen in clip(case.course.balances, amount.start, amount.end)
        ),
        reference_rates=_periods(clip(case.reference, amount.start, amount.end)),
        contract_rates=_periods(clip(case.course.rates, amount.start, amount.end)),
        interest_yuan=yuan(half_up(amount.interest)),
        interest_paid_yuan=None if amount.paid is None else yuan(half_up(amount.paid)),
        reference_interest_yuan=yuan(half_up(amount.reference_interest)),
        cap_applied=amount.is_capped,
        subsidy_yuan=yuan(one.subsidy),
        formula=_formula(case, one),
    )


def _periods(spans: Sequence[RateSpan]) -> tuple[RatePeriod, ...]:
    return tuple(
        RatePeriod(
            from_=date.fromordinal(span.start),
            to=date.fromordinal(span.end),
            percent=percent(span.value),
            series=span.series,
            carried_forward=span.carried,
        )
        for span in spans
    )


def _formula(case: Case, one: Settled) -> str:
    uncapped = half_up(Fraction(one.amount.wanted))
    return formula(one.amount.terms, case.year_days, case.share, case.project_share, uncapped, one.bounds)
