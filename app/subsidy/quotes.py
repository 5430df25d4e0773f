"""The answer: a quote with its year lines, and the range over readings. Output has no defaults."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pydantic import Field

from app.subsidy.reading import Reading
from app.subsidy.terms import Terms


class BalanceSpan(Terms):
    """The loan's balance on the days [from, to)."""

    from_: date = Field(alias="from")
    to: date
    balance_yuan: Decimal


class RatePeriod(Terms):
    """A percentage on the days [from, to).

    `series` is None for a fixed contract rate; `carried_forward` marks days later than the last known one.
    """

    from_: date = Field(alias="from")
    to: date
    percent: Decimal
    series: str | None
    carried_forward: bool


class YearLine(Terms):
    """The subsidised days [from, to) of one calendar year.

    `interest_yuan` is the contract interest and `reference_interest_yuan` the interest at the reference rate
    of these days, both on the whole loan. `interest_paid_yuan` is what receipts show, None without any.
    `cap_applied` says that the cap, by rate or by interest, lowered the amount. `formula` says in words and
    figures how `subsidy_yuan` comes about.
    """

    year: int
    from_: date = Field(alias="from")
    to: date
    days: int
    balances: tuple[BalanceSpan, ...]
    reference_rates: tuple[RatePeriod, ...]
    contract_rates: tuple[RatePeriod, ...]
    interest_yuan: Decimal
    interest_paid_yuan: Decimal | None
    reference_interest_yuan: Decimal
    cap_applied: bool
    subsidy_yuan: Decimal
    formula: str


class Quote(Terms):
    """What a loan gets under one reading.

    `subsidy_yuan` is the sum of the lines. `interest_yuan` is the contract interest of the loan's whole life,
    rounded once per calendar year like the subsidy. `net_rate_percent` is the internal rate of return of the
    borrower's dated flows after subsidy and `gross_rate_percent` before it, four decimals; None where the
    flows have none. `notes` are Chinese sentences, the reservation first.
    """

    subsidy_yuan: Decimal
    interest_yuan: Decimal
    net_rate_percent: Decimal | None
    gross_rate_percent: Decimal | None
    reading: Reading
    reference_series: str
    years: tuple[YearLine, ...]
    notes: tuple[str, ...]


class Cost(NamedTuple):
    """Of a quote what a loan costs, which is worked out for a third less than the whole of it."""

    subsidy_yuan: Decimal
    net_rate_percent: Decimal | None
    gross_rate_percent: Decimal | None


class ReadingTotal(Terms):
    """One reading's total; where it cannot be worked out, `subsidy_yuan` is None and `missing` says why.

    `exceeds_interest` marks a total above the interest of the subsidised days (paid, where receipts show less).
    """

    slug: str
    name: str
    reason: str
    subsidy_yuan: Decimal | None
    exceeds_interest: bool | None
    net_rate_percent: Decimal | None
    missing: str | None


class Range(Terms):
    """Each reading's total, and the lowest and the highest of those that do not exceed the interest."""

    low_yuan: Decimal | None
    high_yuan: Decimal | None
    readings: tuple[ReadingTotal, ...]
