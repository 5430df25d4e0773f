"""What is left of a product's rate after the interest subsidy that the case has or may have. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from app.matching.build import Case, Outcome, ProgrammeMatch
from app.matching.quotes import SubsidyTerms
from app.products.models import AmountRange, FixedLendingRate, LendingRate, ProductRecord, TermRange
from app.rules.months import add_months
from app.subsidy import FixedRate, Loan, LprRate, Quote, Rates, RepaymentStyle, Reset, SubsidyError, quote

_POSSIBLE: Final = frozenset({Outcome.ELIGIBLE, Outcome.IN_SCOPE, Outcome.NEEDS_INFO})


class Subsidised(NamedTuple):
    """A programme that pays part of the interest, with what it says of the case."""

    match: ProgrammeMatch
    terms: SubsidyTerms


class NetRate(NamedTuple):
    """A loan of the product drawn whole on the day, under the programme's default reading, with its quote."""

    programme: ProgrammeMatch
    loan: Loan
    quote: Quote


@dataclass(frozen=True, slots=True)
class NetRates:
    """What products cost one case after subsidy. Products with one rate are quoted once."""

    case: Case
    rates: Rates
    subsidies: Sequence[Subsidised]
    _quotes: dict[tuple[str, Loan], Quote | None] = field(default_factory=dict)

    def of(self, product: ProductRecord) -> NetRate | None:
        """Under the subsidy that pays most, originals first; None without one, or without amount and term."""
        loan = self._loan(product)
        if loan is None:
            return None
        found = (NetRate(one.match, loan, answer) for one, answer in self._answers(loan))
        return max(found, key=lambda net: (net.programme.offer.is_original, net.quote.subsidy_yuan), default=None)

    def _answers(self, loan: Loan) -> Iterator[tuple[Subsidised, Quote]]:
        for one in self.subsidies:
            if one.match.outcome not in _POSSIBLE:
                continue
            key = (one.terms.slug, loan)
            if key not in self._quotes:
                self._quotes[key] = _quote(loan, one.terms, self.rates)
            if (answer := self._quotes[key]) is not None:
                yield one, answer

    def _loan(self, product: ProductRecord) -> Loan | None:
        """What the case wants, at the low end of the rate, repaid at the end unless the product says otherwise."""
        amount = self.case.facts.values.get("need.amount_yuan")
        months = self.case.facts.values.get("need.term_months")
        if not isinstance(amount, Decimal) or not isinstance(months, int) or not amount or not months:
            return None
        styles = product.repayment_styles
        return Loan(
            principal_yuan=amount,
            drawn_on=self.case.as_of,
            due_on=add_months(self.case.as_of, months),
            contract_rate=_low_end(_rate_for(product, amount, months)),
            repayment_style=RepaymentStyle.BULLET if RepaymentStyle.BULLET in styles else styles[0],
        )


def _rate_for(product: ProductRecord, amount: Decimal, months: int) -> LendingRate:
    """The rate of the first tier that the loan falls in, else the product's own."""
    fitting = (tier.rate for tier in product.tiers if _lies_in(tier.amount, tier.term, amount, months))
    return next(fitting, product.rate)


def _lies_in(amounts: AmountRange | None, terms: TermRange | None, amount: Decimal, months: int) -> bool:
    fits = amounts is None or amounts.low_yuan <= amount <= amounts.high_yuan
    return fits and (terms is None or terms.low_months <= months <= terms.high_months)


def _low_end(rate: LendingRate) -> FixedRate | LprRate:
    """An LPR contract keeps the LPR of its first day: what it will be later is not known on that day."""
    if isinstance(rate, FixedLendingRate):
        return FixedRate(percent=rate.low_percent)
    return LprRate(lpr=rate.tenor, basis_points=Decimal(rate.low_basis_points), reset=Reset.NEVER)


def _quote(loan: Loan, terms: SubsidyTerms, rates: Rates) -> Quote | None:
    """None where the arithmetic refuses: a term too long, or a rate that had not begun on the day."""
    reading = terms.readings.default.reading
    try:
        return quote(loan, reading, rates, window=terms.window, excluding=terms.excluding)
    except SubsidyError:
        return None
