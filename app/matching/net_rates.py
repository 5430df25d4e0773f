"""What is left of a product's rate after the interest subsidy that the case has or may have. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from app.matching.build import Case, Outcome, ProgrammeMatch
from app.matching.quotes import SubsidyTerms
from app.products.models import FixedLendingRate, LendingRate, ProductRecord, RateTier
from app.rules.months import add_months
from app.subsidy import Cost, FixedRate, Loan, LprRate, Rates, RepaymentStyle, Reset, SubsidyError, cost

_POSSIBLE: Final = frozenset({Outcome.ELIGIBLE, Outcome.IN_SCOPE, Outcome.NEEDS_INFO})


class Subsidised(NamedTuple):
    """A programme that pays part of the interest, with what it says of the case."""

    match: ProgrammeMatch
    terms: SubsidyTerms


class NetRate(NamedTuple):
    """A loan of the product drawn whole on the day, under the programme's default reading, and what it costs."""

    programme: ProgrammeMatch
    loan: Loan
    cost: Cost


@dataclass(frozen=True, slots=True, eq=False)
class Price:
    """What the arithmetic of a loan takes from its product; nearly always the same object for the same price."""

    contract_rate: FixedRate | LprRate
    repayment_style: RepaymentStyle


class Pricing(NamedTuple):
    """A product's prices: those of its tiers, and that of a loan which falls in none of them."""

    tiers: Sequence[tuple[RateTier, Price]]
    otherwise: Price


def pricing_of(product: ProductRecord) -> Pricing:
    """At the low end of each rate, repaid at the end unless the product says otherwise."""
    styles = product.repayment_styles
    style = RepaymentStyle.BULLET if RepaymentStyle.BULLET in styles else styles[0]
    tiers = tuple((tier, _price(_low_end(tier.rate), style)) for tier in product.tiers)
    return Pricing(tiers, _price(_low_end(product.rate), style))


class NetRates:
    """What products cost one case after subsidy. Products of one price are reckoned once."""

    def __init__(self, case: Case, rates: Rates, subsidies: Sequence[Subsidised]) -> None:
        self.case, self.rates = case, rates
        self._subsidies = [one for one in subsidies if one.match.outcome in _POSSIBLE]
        self._found: dict[Price, NetRate | None] = {}
        self._wanted = _wanted(case) if self._subsidies else None

    def price(self, pricing: Pricing) -> Price | None:
        """What a loan as the case wants it would have: that of the first tier that it falls in. None without a subsidy,
        an amount or a term.
        """
        if self._wanted is None:
            return None
        fitting = (price for tier, price in pricing.tiers if _lies_in(tier, *self._wanted))
        return next(fitting, pricing.otherwise)

    def of(self, price: Price) -> NetRate | None:
        """Under the subsidy that pays most, originals first."""
        if self._wanted is None:
            return None
        if price not in self._found:
            loan = _loan(price, self.case.as_of, *self._wanted)
            found = filter(None, (self._under(one, loan) for one in self._subsidies))
            best = max(found, key=lambda net: (net.programme.offer.is_original, net.cost.subsidy_yuan), default=None)
            self._found[price] = best
        return self._found[price]

    def _under(self, one: Subsidised, loan: Loan) -> NetRate | None:
        """None where the arithmetic refuses: a term too long, or a rate that had not begun on the day."""
        terms, reading = one.terms, one.terms.readings.default.reading
        try:
            found = cost(loan, reading, self.rates, window=terms.window, excluding=terms.excluding)
        except SubsidyError:
            return None
        return NetRate(one.match, loan, found)


def _wanted(case: Case) -> tuple[Decimal, int] | None:
    """Amount and months; None where one of them is not known."""
    amount, months = (case.facts.values.get(key) for key in ("need.amount_yuan", "need.term_months"))
    if not isinstance(amount, Decimal) or not isinstance(months, int) or not amount or not months:
        return None
    return amount, months


def _loan(price: Price, day: date, amount: Decimal, months: int) -> Loan:
    return Loan(
        principal_yuan=amount,
        drawn_on=day,
        due_on=add_months(day, months),
        contract_rate=price.contract_rate,
        repayment_style=price.repayment_style,
    )


@lru_cache(maxsize=1024)
def _price(contract_rate: FixedRate | LprRate, style: RepaymentStyle) -> Price:
    return Price(contract_rate, style)


def _lies_in(tier: RateTier, amount: Decimal, months: int) -> bool:
    amounts, terms = tier.amount, tier.term
    fits = amounts is None or amounts.low_yuan <= amount <= amounts.high_yuan
    return fits and (terms is None or terms.low_months <= months <= terms.high_months)


def _low_end(rate: LendingRate) -> FixedRate | LprRate:
    """An LPR contract keeps the LPR of its first day: what it will be later is not known on that day."""
    if isinstance(rate, FixedLendingRate):
        return FixedRate(percent=rate.low_percent)
    return LprRate(lpr=rate.tenor, basis_points=Decimal(rate.low_basis_points), reset=Reset.NEVER)
