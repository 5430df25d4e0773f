"""The summary of a case, written as the bytes that are sent.

What no case changes about a product is written once a day, for every summary to come; so a summary costs what the case
itself is asked, and little more. Rows of products are `ProductSummaryOut`, field by field.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.matching import offers
from app.matching.answers import WINDOW_LABELS
from app.matching.benefits import choices
from app.matching.build import (
    Case,
    Offer,
    Outcome,
    ProductMatch,
    WindowState,
    heard,
    match,
    product_offer,
    ranked,
    window_state,
)
from app.matching.bundle import best_bundle
from app.matching.case_answers import case_out, listed, written
from app.matching.case_schemas import MatchesOut
from app.matching.fetch import Library, case_to_match
from app.matching.masks import Mask
from app.matching.net_rates import NetRates
from app.matching.questions import Rest
from app.matching.routes import DISCLAIMER
from app.matching.schemas import LendingRateOut, NetRateOut
from app.matching.subsidies import net_rates, quotes_of
from app.products.models import StoredProduct
from app.regions import region_names
from app.subsidy import Rates

_RATE: Final = TypeAdapter(LendingRateOut)
_NET_RATE: Final = TypeAdapter(NetRateOut | None)
# Where the rows of products go. Within a text the quotation marks would be escaped, and a bundle has no products.
_ROWS: Final = b'"products":[]'
_NOTHING: Final = b"null"


class Card(NamedTuple):
    """A product as it stands on a day, whatever the case; `mask` is None where nothing of it is internal."""

    offer: Offer[StoredProduct]
    window: WindowState
    head: bytes
    rate: bytes
    mask: Mask | None


class _Shelf:
    """What cards are made of. By identity: the same products and the same rates are the same objects."""

    def __init__(self, products: Sequence[StoredProduct], case: Case, rates: Rates) -> None:
        self.products, self.case, self.rates = products, case, rates

    def __hash__(self) -> int:
        return hash((id(self.products), id(self.rates), self.case.kinds, self.case.as_of))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Shelf) and self._is_same(other)

    def _is_same(self, other: "_Shelf") -> bool:
        mine, theirs = self.case, other.case
        are_same = self.products is other.products and self.rates is other.rates
        return are_same and (mine.kinds, mine.as_of) == (theirs.kinds, theirs.as_of)


def summary(
    found: RegistryCase, moment: Moment, library: Library, shelf: Sequence[StoredProduct], offer: str | None = None
) -> bytes:
    """Every programme and product that says something of the case, best first; or the one that was asked for."""
    case, parameters, names = case_to_match(found, moment.as_of), library.parameters, region_names()
    programmes = ranked(match(one, case, parameters, names) for one in library.programmes)
    quotes, costs = quotes_of(programmes, case, library), net_rates(programmes, case, library)
    options = choices(programmes, case, quotes)
    cards = {card.offer.slug: card for card in _cards(_Shelf(shelf, case, library.rates))}
    asked = case.asked(parameters, names)
    products = [heard(card.offer, asked, card.window) for card in cards.values()]
    frame = MatchesOut(
        case=case_out(found),
        as_of=moment.as_of,
        known_at=moment.known_at,
        programme_counts=offers.counted(programmes),
        product_counts=offers.counted(products),
        programmes=[offers.programme_summary(one) for one in listed(programmes, offer)],
        products=[],
        bundle=offers.bundle_out(best_bundle(options), options, programmes),
        disclaimer=DISCLAIMER,
    )
    before, after = written(frame).split(_ROWS)
    rows = b",".join(_row(one, cards[one.offer.slug], costs) for one in ranked(listed(products, offer)))
    return b'%b"products":[%b]%b' % (before, rows, after)


# Today and a few other days, for each of the kinds that banks lend to; a card takes about 1 kB.
@lru_cache(maxsize=16)
def _cards(shelf: _Shelf) -> tuple[Card, ...]:
    return tuple(_card(one, shelf) for one in shelf.products)


def _card(product: StoredProduct, shelf: _Shelf) -> Card:
    record = product.record
    head = {
        "slug": record.slug,
        "product_id": str(product.product_id),
        "name": record.name,
        "bank_name": product.bank_name,
    }
    rate = _RATE.dump_json(offers.rate_out(product, shelf.case.as_of, shelf.rates))
    offer, mask = product_offer(product, shelf.case), Mask(product) if record.internal else None
    return Card(offer, window_state(offer, shelf.case.as_of), _members(head), rate, mask)


def _row(match: ProductMatch, card: Card, costs: NetRates) -> bytes:
    said, rest = _said(match.outcome, match.window, match.near_miss), match.rest
    missing = _missing(rest, card) if rest and match.outcome is Outcome.NEEDS_INFO else b"[]"
    advice = _advice(rest, card) if rest else _NOTHING
    net = _net_rate(match, costs) if costs.subsidies else _NOTHING
    return b'{%b,%b,"missing":%b,"advice":%b,"rate":%b,"net_rate":%b}' % (
        card.head,
        said,
        missing,
        advice,
        card.rate,
        net,
    )


@lru_cache(maxsize=64)
def _said(outcome: Outcome, window: WindowState, near_miss: bool) -> bytes:
    """There are a few dozen of them."""
    return _members(
        {
            "outcome": outcome,
            "outcome_label": offers.product_label(outcome),
            "window": window,
            "window_label": WINDOW_LABELS[window],
            "near_miss": near_miss,
        }
    )


def _missing(rest: Rest, card: Card) -> bytes:
    keys = rest.missing
    return to_json(keys if card.mask is None else card.mask.keys(keys))


def _advice(rest: Rest, card: Card) -> bytes:
    steps = rest.nearest
    return _NOTHING if steps is None else to_json(offers.sentence_of(steps, card.mask))


def _net_rate(match: ProductMatch, costs: NetRates) -> bytes:
    net = offers.net_rate_out(match, costs)
    return _NOTHING if net is None else _NET_RATE.dump_json(net)


def _members(fields: Mapping[str, Any]) -> bytes:
    """The fields of an object without its braces."""
    return to_json(fields)[1:-1]
