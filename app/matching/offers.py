"""Products and summaries of offers as the answers of the API, and the bundle of programmes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final

from app.matching.answers import (
    OUTCOME_LABELS,
    WINDOW_LABELS,
    advice_out,
    conditions_out,
    missing_out,
)
from app.matching.build import Match, Outcome, ProductMatch, ProgrammeMatch
from app.matching.bundle import Bundle, Choice
from app.matching.case_schemas import BundledOut, BundleOut, LeftOutOut
from app.matching.citations import Citations
from app.matching.masks import Mask
from app.matching.net_rates import NetRate, NetRates, Price, pricing_of
from app.matching.schemas import LendingRateOut, NetRateOut, ProductMatchOut
from app.products.models import StoredProduct
from app.products.rates import rate_on
from app.subsidy import Rates

_ESTIMATE = "按期初一次提款、产品利率下限和默认口径测算，以银行和财政部门审核为准。"
_IF_GRANTED = "该政策还缺信息，暂不能判断；此处按可以获得贴息测算。"


def product_out(match: ProductMatch, citations: Citations, costs: NetRates) -> ProductMatchOut:
    """One product with its conditions and advice; what the bank keeps to itself is masked."""
    product, mask = match.stored, Mask(match.stored)
    missing = mask.missing(missing_out(match))
    return ProductMatchOut(
        slug=product.record.slug,
        product_id=product.product_id,
        version=product.version,
        name=product.record.name,
        bank=product.record.bank,
        bank_name=product.bank_name,
        outcome=match.outcome,
        outcome_label=outcome_label(match.outcome),
        window=match.window,
        window_label=WINDOW_LABELS[match.window],
        near_miss=match.near_miss,
        conditions=mask.conditions(conditions_out(match, citations, "")),
        missing=[one.fact for one in missing],
        missing_labels=missing,
        advice=mask.advice(advice_out(match.advice)),
        notes=list(product.record.notes),
        rate=rate_out(product, costs.case.as_of, costs.rates),
        net_rate=None
        if match.outcome in WITHOUT_NET_RATE
        else net_rate_out(costs.price(pricing_of(product.record)), costs),
    )


def outcome_label(outcome: Outcome) -> str:
    """A product's outcome in words: it is the bank that decides."""
    return _DECIDED_BY_BANK.get(outcome, OUTCOME_LABELS[outcome])


_DECIDED_BY_BANK = {
    Outcome.ELIGIBLE: "符合公布条件，由银行决定",
    Outcome.NOT_APPLICABLE: "不是这个产品的对象",
}


def rate_out(product: StoredProduct, day: date, rates: Rates) -> LendingRateOut:
    """The product's rate on the day of the question."""
    rate = rate_on(product.record.rate, day, rates)
    series = None if rate.lpr is None else rate.lpr.series
    return LendingRateOut(
        low_percent=rate.low_percent, high_percent=rate.high_percent, series=series, on=day, note=rate.note
    )


# Where the product may not be had.
WITHOUT_NET_RATE: Final = frozenset({Outcome.NOT_APPLICABLE, Outcome.INELIGIBLE})


def net_rate_out(price: Price | None, net_rates: NetRates) -> NetRateOut | None:
    """What the interest subsidy leaves of the rate."""
    net = None if price is None else net_rates.of(price)
    return None if net is None else _net_rate_out(net)


def _net_rate_out(net: NetRate) -> NetRateOut:
    programme = net.programme
    undecided = programme.outcome is Outcome.NEEDS_INFO
    return NetRateOut(
        programme=programme.offer.slug,
        programme_name=programme.stored.record.name,
        programme_outcome=programme.outcome,
        principal_yuan=net.loan.principal_yuan,
        due_on=net.loan.due_on,
        repayment_style=net.loan.repayment_style,
        gross_rate_percent=net.cost.gross_rate_percent,
        net_rate_percent=net.cost.net_rate_percent,
        subsidy_yuan=net.cost.subsidy_yuan,
        note=_IF_GRANTED + _ESTIMATE if undecided else _ESTIMATE,
    )


def counted(matches: Iterable[Match[Any]]) -> dict[Outcome, int]:
    """How many offers have each outcome, those not listed included."""
    counts = Counter(one.outcome for one in matches)
    return {outcome: counts[outcome] for outcome in Outcome}


def bundle_out(bundle: Bundle, choices: Sequence[Choice], matches: Iterable[ProgrammeMatch]) -> BundleOut:
    """The bundle with names and amounts, and whom it leaves out because of whom."""
    named = {one.offer.slug: one for one in matches}
    by_slug = {choice.slug: choice for choice in choices}
    return BundleOut(
        programmes=[_bundled(by_slug[slug], named[slug]) for slug in bundle.chosen],
        left_out=[
            LeftOutOut(
                slug=slug,
                name=named[slug].stored.record.name,
                excluded_by=list(by),
                sentence=f"不能与{'、'.join(f'“{named[other].stored.record.name}”' for other in by)}同时享受",
            )
            for slug, by in bundle.left_out.items()
        ],
        total_yuan=bundle.total.yuan,
        low_yuan=bundle.total.low_yuan,
        high_yuan=bundle.total.high_yuan,
        has_unknown_amounts=bundle.has_unknown_amounts,
    )


def _bundled(choice: Choice, match: ProgrammeMatch) -> BundledOut:
    amount = choice.amount
    return BundledOut(
        slug=choice.slug,
        name=match.stored.record.name,
        outcome=match.outcome,
        amount_yuan=None if amount is None else amount.yuan,
        low_yuan=None if amount is None else amount.low_yuan,
        high_yuan=None if amount is None else amount.high_yuan,
        counted=choice.is_original and amount is not None,
    )
