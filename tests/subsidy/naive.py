"""A second, deliberately naive calculation: one day at a time, in fractions, with nothing of the room's arithmetic.

It reads loans, readings and rates as data only. Amounts are fractions of a yuan.
"""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from app.subsidy import FixedRate, Loan, Rates, Reading, Window

DAY = timedelta(days=1)
MONTHS = {"anniversary": 12, "half_year": 6, "quarter": 3, "month": 1}


class NaiveYear(NamedTuple):
    days: int
    interest: Fraction
    wanted: Fraction
    exact: Fraction
    subsidy: Fraction


def fen(value: Fraction) -> Fraction:
    """Half up to the fen, by looking at the remainder."""
    whole = value * 100 // 1
    return Fraction(whole + (1 if value * 100 - whole >= Fraction(1, 2) else 0), 100)


def value_on(rates: Rates, code: str, day: date) -> Fraction | None:
    points = next(series.points for series in rates.series if series.code == code)
    found = [point.percent for point in points if point.from_ <= day]
    return Fraction(found[-1]) / 100 if found else None


def first_value(rates: Rates, code: str) -> Fraction:
    return Fraction(next(series.points[0].percent for series in rates.series if series.code == code)) / 100


def first_drawdown(loan: Loan) -> date:
    return min([drawdown.on for drawdown in loan.drawdowns] or [loan.drawn_on])


def movement(loan: Loan, day: date) -> Fraction:
    drawn = sum(Fraction(one.amount_yuan) for one in loan.drawdowns if one.on == day)
    if not loan.drawdowns and day == loan.drawn_on:
        drawn = Fraction(loan.principal_yuan)
    return Fraction(drawn) - sum(Fraction(one.amount_yuan) for one in loan.repayments if one.on == day)


def contract_rate(loan: Loan, rates: Rates, day: date) -> Fraction:
    terms = loan.contract_rate
    if isinstance(terms, FixedRate):
        return Fraction(terms.percent) / 100
    taken = first = first_drawdown(loan)
    if isinstance(terms.reset, tuple):
        taken = max([first, *(reset for reset in terms.reset if first < reset <= day)])
    elif terms.reset == "year_start":
        taken = max(first, date(day.year, 1, 1))
    elif terms.reset != "never":
        step = 1
        while first + relativedelta(months=MONTHS[terms.reset] * step) <= day:
            taken = first + relativedelta(months=MONTHS[terms.reset] * step)
            step += 1
    value = value_on(rates, f"lpr_{terms.lpr}", taken)
    assert value is not None
    return value + Fraction(terms.basis_points) / 10_000


def balances(loan: Loan) -> dict[date, Fraction]:
    """The balance of every day from the first drawdown to the due date, as drawn and repaid."""
    path, balance, day = {}, Fraction(0), first_drawdown(loan)
    while day < loan.due_on:
        balance += movement(loan, day)
        path[day] = balance
        day += DAY
    return path


def instalment_path(loan: Loan, rates: Rates) -> tuple[dict[date, Fraction], dict[date, Fraction]]:
    """Balance and interest of every day of 等额本息 or 等额本金; a month's interest falls evenly on its days."""
    first = first_drawdown(loan)
    starts = [first]
    while first + relativedelta(months=len(starts)) < loan.due_on:
        starts.append(first + relativedelta(months=len(starts)))
    path: dict[date, Fraction] = {}
    charges: list[tuple[date, date, Fraction]] = []
    balance, payment, rate, stale = Fraction(0), Fraction(0), Fraction(-1), True
    for number, start in enumerate(starts):
        month_end = first + relativedelta(months=number + 1)
        end, left = min(month_end, loan.due_on), len(starts) - number
        day, weighted = start, Fraction(0)
        while day < end:
            change = movement(loan, day)
            balance += change
            stale = stale or change != 0 or (day == start and contract_rate(loan, rates, start) != rate)
            if day == start and stale:
                rate = contract_rate(loan, rates, start)
                payment, stale = level(loan, balance, rate, left), False
            path[day] = balance
            weighted += balance
            day += DAY
        charge = fen(weighted * rate / 12 / (month_end - start).days)
        charges.append((start, end, charge))
        principal = payment - charge if loan.repayment_style == "equal_instalment" else payment
        balance -= balance if left == 1 else min(balance, max(principal, Fraction(0)))
    return path, spread(charges, max((day for day in path if path[day]), default=first))


def spread(charges: list[tuple[date, date, Fraction]], last_owed: date) -> dict[date, Fraction]:
    """Each month's interest evenly on its days; a loan prepaid within the month has no later days."""
    interest: dict[date, Fraction] = {}
    for start, end, charge in charges:
        days = [start + n * DAY for n in range((end - start).days) if start + n * DAY <= last_owed]
        interest |= {day: charge / len(days) for day in days}
    return interest


def level(loan: Loan, balance: Fraction, rate: Fraction, left: int) -> Fraction:
    if loan.repayment_style == "equal_principal" or rate == 0:
        return fen(balance / left)
    discount = sum(1 / (1 + rate / 12) ** month for month in range(1, left + 1))
    return fen(balance / discount)


def series_code(reading: Reading, loan: Loan) -> str:
    first = first_drawdown(loan)
    if reading.reference_rate == "benchmark_by_tenor":
        if loan.due_on <= first + relativedelta(months=12):
            return "benchmark_up_to_1y"
        return "benchmark_1y_to_5y" if loan.due_on <= first + relativedelta(months=60) else "benchmark_over_5y"
    if reading.reference_rate == "lpr_by_tenor":
        return "lpr_5y" if loan.due_on >= first + relativedelta(months=60) else "lpr_1y"
    return str(reading.reference_rate)


def reference_rate(reading: Reading, rates: Rates, loan: Loan, day: date, applied: date | None) -> Fraction:
    code = series_code(reading, loan)
    asked: date | None = day
    if reading.rate_day == "year_start":
        return value_on(rates, code, date(day.year, 1, 1)) or first_value(rates, code)
    if reading.rate_day == "first_drawdown":
        asked = first_drawdown(loan)
    elif reading.rate_day == "application_date":
        asked = applied
    assert asked is not None
    value = value_on(rates, code, asked)
    assert value is not None, "the case asks for a day before the series begins"
    return value


def counts(day: date, loan: Loan, reading: Reading, window: Window, project_first: date | None) -> bool:
    first = first_drawdown(loan)
    if reading.longest_scope == "project" and project_first is not None:
        first = min(first, project_first)
    early = window.valid_from is not None and day < window.valid_from and "before_effective" in reading.excluded
    late = window.valid_to is not None and day >= window.valid_to and "after_window" in reading.excluded
    return not early and not late and day < first + relativedelta(months=reading.longest_months)


def paid(loan: Loan, reading: Reading, year: int, charged: dict[date, Fraction]) -> Fraction | None:
    """What slips show for the days of a year, and the contract's charge of the days that none speaks of."""
    total: Fraction | None = None
    silent = set(charged)
    for receipt in loan.interest_paid:
        penalty = receipt.kind == "penalty"
        if penalty and "overdue_and_penalty" in reading.excluded:
            continue
        if receipt.from_ is None or receipt.to is None:
            if receipt.on.year == year and receipt.on <= loan.due_on:
                total = (total or Fraction(0)) + Fraction(receipt.amount_yuan)
                silent -= set() if penalty else silent
            continue
        days = {receipt.from_ + n * DAY for n in range((receipt.to - receipt.from_).days)}
        if days & set(charged):
            total = (total or Fraction(0)) + Fraction(receipt.amount_yuan) * len(days & set(charged)) / len(days)
            silent -= set() if penalty else days
    return None if total is None else total + sum(charged[day] for day in silent)


def quote(
    loan: Loan,
    reading: Reading,
    rates: Rates,
    window: Window,
    applied: date | None = None,
    project_first: date | None = None,
) -> dict[int, NaiveYear]:
    """Every calendar year with a counted day before full repayment. Other subsidies are left to their own tests."""
    if loan.repayment_style == "bullet":
        path, charges = balances(loan), None
    else:
        path, charges = instalment_path(loan, rates)
    owed = [day for day, balance in path.items() if balance]
    basis = {"actual_360": 360, "actual_365": 365}[reading.day_count]
    by_year: dict[int, list[date]] = {}
    for day in path:
        if owed and day <= max(owed) and counts(day, loan, reading, window, project_first):
            by_year.setdefault(day.year, []).append(day)
    result = {}
    for year, days in by_year.items():
        charged: dict[date, Fraction] = {}
        base = Fraction(0)
        for day in days:
            contract = contract_rate(loan, rates, day)
            charged[day] = path[day] * contract / basis if charges is None else charges[day]
            rate = reference_rate(reading, rates, loan, day, applied)
            base += path[day] * (min(rate, contract) if reading.cap == "lower_rate" else rate) / basis
        interest = sum(charged.values(), Fraction(0))
        wanted = base * Fraction(reading.share) * Fraction(loan.project_share)
        exact = wanted
        if reading.cap == "year_contract_interest":
            receipts = paid(loan, reading, year, charged)
            bound = interest if receipts is None else min(interest, receipts)
            exact = min(wanted, bound * Fraction(loan.project_share))
        result[year] = NaiveYear(len(days), interest, wanted, exact, fen(exact))
    return result


def total(lines: dict[int, NaiveYear]) -> Decimal:
    hundredths = sum((line.subsidy for line in lines.values()), Fraction(0)) * 100
    assert hundredths.denominator == 1
    return Decimal(f"{hundredths.numerator // 100}.{hundredths.numerator % 100:02d}")
