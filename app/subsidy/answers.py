"""The room's answers: one loan, several loans of one project, and the range over named readings."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from fractions import Fraction

from app.subsidy.amounts import half_up, percent, yuan
from app.subsidy.calculate import Case, Settled, excluders, prepare, settle, year_amounts
from app.subsidy.days import calendar_years
from app.subsidy.errors import SubsidyError
from app.subsidy.formula import formula
from app.subsidy.notes import notes
from app.subsidy.quotes import BalanceSpan, Quote, Range, RatePeriod, ReadingTotal, YearLine
from app.subsidy.rates import Rates
from app.subsidy.reading import NamedReading, Reading
from app.subsidy.returns import annual_rate_percent
from app.subsidy.spans import RateSpan, clip
from app.subsidy.terms import Loan, Window

# A project of more loans than this is a data error, and each costs a full quote.
MOST_LOANS = 100
# What makes one reading impossible without making the loan wrong: the others can still be worked out.
_READING_GAPS = frozenset({"application_date_missing", "rate_not_known", "series_missing"})


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
    window = window or Window()
    case = prepare(loan, reading, rates, window, application_date, project_first_drawn_on)
    settled = settle(case, list(year_amounts(case)), excluding)
    interest = _interest_by_year(case)
    flows = _flows(case, interest)
    return Quote(
        subsidy_yuan=yuan(sum(one.subsidy for one in settled)),
        interest_yuan=yuan(sum(fen for _, fen in interest)),
        net_rate_percent=annual_rate_percent(_with_subsidy(case, flows, settled)),
        gross_rate_percent=annual_rate_percent(flows),
        reading=reading,
        reference_series=case.series,
        years=tuple(_line(case, one) for one in settled),
        notes=notes(case, rates, window, settled, excluders(case, excluding)),
    )


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
    the reason and no total; a loan that is wrong raises `SubsidyError` as `quote` does.
    """
    totals = []
    for named in readings:
        try:
            answer = quote(
                loan,
                named.reading,
                rates,
                window=window,
                application_date=application_date,
                project_first_drawn_on=project_first_drawn_on,
                excluding=excluding,
            )
        except SubsidyError as error:
            if error.code not in _READING_GAPS or error.pointer.startswith("/contract_rate"):
                raise
            totals.append(_total(named, None, error.message))
        else:
            totals.append(_total(named, answer, None))
    known = [total.subsidy_yuan for total in totals if total.subsidy_yuan is not None]
    return Range(low_yuan=min(known, default=None), high_yuan=max(known, default=None), readings=tuple(totals))


def _total(named: NamedReading, answer: Quote | None, missing: str | None) -> ReadingTotal:
    return ReadingTotal(
        slug=named.slug,
        name=named.name,
        reason=named.reason,
        subsidy_yuan=None if answer is None else answer.subsidy_yuan,
        net_rate_percent=None if answer is None else answer.net_rate_percent,
        missing=missing,
    )


def _interest_by_year(case: Case) -> list[tuple[int, int]]:
    """The contract interest of the whole loan by calendar year: (the day the year or the loan ends, fen)."""
    years = calendar_years(case.course.start, case.course.end)
    return [(end, half_up(case.course.interest(start, end, case.year_days))) for _, start, end in years]


def _flows(case: Case, interest: Sequence[tuple[int, int]]) -> dict[int, int]:
    """The borrower's flows before subsidy: principal, and interest.

    Interest is dated at each month's end for the instalment styles. Otherwise the contract's interest days are
    not among its terms, so that it is dated once a year, at the year's or the loan's end.
    """
    flows = case.course.principal_flows()
    charges = interest if case.course.charges is None else [(one.end, one.value) for one in case.course.charges]
    for day, fen in charges:
        flows[day] = flows.get(day, 0) - fen
    return flows


def _with_subsidy(case: Case, flows: dict[int, int], settled: Sequence[Settled]) -> dict[int, int]:
    """The same flows with each year's subsidy received on the day that year, or the loan, ends."""
    received = dict(flows)
    ends = {date.fromordinal(start).year: end for _, start, end in calendar_years(case.course.start, case.course.end)}
    for one in settled:
        day = ends[one.amount.year]
        received[day] = received.get(day, 0) + one.subsidy
    return received


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
