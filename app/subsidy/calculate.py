"""The subsidy of each calendar year: exact amounts first, then caps, other subsidies and one rounding."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from app.subsidy.account import Account, Paid
from app.subsidy.amounts import RATE_UNIT, SHARE_UNIT, half_up, money, share
from app.subsidy.course import Course
from app.subsidy.days import calendar_years
from app.subsidy.formula import Bound, Term
from app.subsidy.reading import Cap, Exclusion, Reading, Stacking, reference_series
from app.subsidy.reference import Counted, counted_days, reference_spans
from app.subsidy.spans import RateSpan, Span, accrued, clip, join
from app.subsidy.terms import Loan, OtherSubsidy, Window


class Circumstances(NamedTuple):
    """What stands beside the loan: the programme's life, the dates of project and application, the exclusion list.

    `excluding` None means that every other subsidy excludes under `Stacking.EXCLUDE`.
    """

    window: Window
    application_date: date | None
    project_first_drawn_on: date | None
    excluding: Collection[str] | None


@dataclass(frozen=True, slots=True)
class Case:
    """A loan under one reading, ready to be summed: everything a year's line needs."""

    account: Account
    reading: Reading
    around: Circumstances
    days: Counted
    series: str
    reference: Sequence[RateSpan]

    @property
    def loan(self) -> Loan:
        """The loan itself."""
        return self.account.loan

    @property
    def course(self) -> Course:
        """How the loan runs."""
        return self.account.course

    @property
    def project_share(self) -> int:
        """The part of the loan used for the project, in millionths."""
        return self.account.project_share

    @property
    def share(self) -> int:
        """The part of the reference interest that is paid, in millionths."""
        return share(self.reading.share, "/reading/share")

    @property
    def year_days(self) -> int:
        """The divisor of the day count."""
        return self.reading.day_count.year_days

    @property
    def counts_penalty(self) -> bool:
        """Whether the reading counts slips of penalty interest."""
        return Exclusion.OVERDUE_AND_PENALTY not in self.reading.excluded


@dataclass(frozen=True, slots=True)
class YearAmount:
    """One calendar year's counted days [start, end), amounts in fen and exact before rounding.

    `interest` (contract), `reference_interest` and `base_interest` (the lower of both where the reading caps
    by rate, else the reference) are the whole loan's; `paid` is what receipts show, None without any, and
    `uncovered` the number of days that they do not speak of. `borne` is the contract interest, or less where
    receipts, with the contract interest of the uncovered days, show less. `wanted` is share x project share x
    base interest, `own_interest` the project's part of `borne`, and `allowed` is `wanted` under the reading's cap.
    """

    year: int
    start: int
    end: int
    terms: tuple[Term, ...]
    interest: Fraction
    paid: Fraction | None
    uncovered: int
    borne: Fraction
    reference_interest: Fraction
    base_interest: Fraction
    wanted: Fraction
    own_interest: Fraction
    allowed: Fraction

    @property
    def is_capped(self) -> bool:
        """Whether the cap, by rate or by the year's interest, lowered the amount."""
        return self.allowed < self.wanted or self.base_interest < self.reference_interest


@dataclass(frozen=True, slots=True)
class Settled:
    """A year's rounded subsidy in fen and the bounds that lowered it."""

    amount: YearAmount
    subsidy: int
    bounds: tuple[Bound, ...]


def prepare(account: Account, reading: Reading, around: Circumstances) -> Case:
    """Lay out the counted days and the reference rates on them. Raises `SubsidyError`."""
    loan = account.loan
    days = counted_days(loan, account.course, reading, around.window, around.project_first_drawn_on)
    code = reference_series(reading.reference_rate, loan.first_drawn_on, loan.due_on)
    reference = reference_spans(account.rates.get(code), reading, loan, around.application_date, days)
    return Case(account, reading, around, days, code, reference)


def year_amounts(case: Case) -> Iterator[YearAmount]:
    """The exact amounts of each calendar year with counted days."""
    if not case.days.is_empty:
        for year, start, end in calendar_years(case.days.start, case.days.end):
            yield _year_amount(case, year, start, end)


def _year_amount(case: Case, year: int, start: int, end: int) -> YearAmount:
    terms = tuple(_terms(case, start, end))
    unit = RATE_UNIT * case.year_days
    base = Fraction(sum(term.balance * term.rate * term.days for term in terms), unit)
    reference = Fraction(accrued(clip(case.course.balances, start, end), clip(case.reference, start, end)), unit)
    wanted = base * Fraction(case.share * case.project_share, SHARE_UNIT**2)
    interest = case.course.interest(start, end, case.year_days)
    paid = case.account.paid(start, end, penalty=case.counts_penalty)
    borne = interest if paid is None else min(interest, _known(case, paid))
    own = borne * Fraction(case.project_share, SHARE_UNIT)
    allowed = min(wanted, own) if case.reading.cap is Cap.YEAR_CONTRACT_INTEREST else wanted
    fen, uncovered = (None, 0) if paid is None else (paid.fen, sum(right - left for left, right in paid.uncovered))
    return YearAmount(year, start, end, terms, interest, fen, uncovered, borne, reference, base, wanted, own, allowed)


def _known(case: Case, paid: Paid) -> Fraction:
    """Paid interest, with the contract's for the days of no slip: taking them as unpaid would be an invention.

    Receipts can only lower the bound: interest paid early, late or for uncounted days is not this year's.
    """
    uncovered = (case.course.interest(left, right, case.year_days) for left, right in paid.uncovered)
    return sum(uncovered, paid.fen)


def _terms(case: Case, start: int, end: int) -> Iterator[Term]:
    """Balance x base rate x days of each stretch; the base is the lower rate where the cap says so."""
    joined: Sequence[tuple[int, int, Span, RateSpan]] = tuple(
        join(clip(case.course.balances, start, end), clip(case.reference, start, end))
    )
    if case.reading.cap is not Cap.LOWER_RATE:
        yield from (Term(balance.value, rate.value, right - left) for left, right, balance, rate in joined)
        return
    for left, right, balance, rate in joined:
        for contract in clip(case.course.rates, left, right):
            yield Term(balance.value, min(rate.value, contract.value), contract.end - contract.start)


def settle(case: Case, amounts: Sequence[YearAmount]) -> list[Settled]:
    """Apply other subsidies and round each year once."""
    if excluders(case):
        return [Settled(amount, 0, (Bound("与已享受的其他贴息互斥", 0),)) for amount in amounts]
    left = _total_left(case, amounts)
    settled = []
    for amount in amounts:
        one = _settled(case, amount, left)
        left = None if left is None else left - one.subsidy
        settled.append(one)
    return settled


def excluders(case: Case) -> list[OtherSubsidy]:
    """The other subsidies that leave nothing for this one."""
    excluding = case.around.excluding
    if case.reading.stacking is not Stacking.EXCLUDE:
        return []
    return [other for other in case.loan.other_subsidies if excluding is None or other.slug in excluding]


def _total_left(case: Case, amounts: Sequence[YearAmount]) -> int | None:
    """Whole fen of contract interest left in total after subsidies of no named year; None without any.

    Earlier years draw on it first, so that what has been paid out stands and the last years are cut.
    """
    undated = [other for other in case.loan.other_subsidies if other.year is None]
    if not undated:
        return None
    rooms = (_room(case, amount) for amount in amounts)
    return max(int((sum(rooms, Fraction(0)) - _fen(undated)) // 1), 0)


def _room(case: Case, amount: YearAmount) -> Fraction:
    """The contract interest of a year's counted days that the other subsidies of that year leave."""
    return max(amount.own_interest - _fen(_of_year(case, amount.year)), Fraction(0))


def _of_year(case: Case, year: int) -> list[OtherSubsidy]:
    return [other for other in case.loan.other_subsidies if other.year == year]


def _fen(others: Collection[OtherSubsidy]) -> int:
    return sum(money(other.amount_yuan, "", zero=True) for other in others)


def _settled(case: Case, amount: YearAmount, left: int | None) -> Settled:
    bounds: list[Bound] = []
    value = amount.allowed
    if amount.allowed < amount.wanted:
        bounds.append(Bound(_cap_words(case, amount), half_up(value)))
    if _of_year(case, amount.year) and (room := _room(case, amount)) < value:
        value = room
        bounds.append(Bound("超过扣除其他贴息后当年剩余的合同利息", half_up(value)))
    if left is not None and left < value:
        value = Fraction(left)
        bounds.append(Bound("超过扣除其他贴息后剩余的合同利息", left))
    return Settled(amount, half_up(value), tuple(bounds))


def _cap_words(case: Case, amount: YearAmount) -> str:
    kind = "实付利息" if amount.borne < amount.interest else "合同利息"
    if amount.borne < amount.interest and amount.uncovered:
        kind += f"（没有回单的 {amount.uncovered} 天按合同利息）"
    return f"高于当年{kind}" if case.project_share == SHARE_UNIT else f"高于当年项目部分的{kind}"
