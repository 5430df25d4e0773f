"""Programmes and products as summaries show them on a day: what no case changes, written once as the bytes to send."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.matching.build import Case, Offer, WindowState, product_offer, programme_offer, window_state
from app.matching.masks import Mask
from app.matching.net_rates import Pricing, pricing_of
from app.matching.offers import rate_out
from app.matching.schemas import LendingRateOut
from app.products.models import StoredProduct
from app.programmes.models import StoredProgramme
from app.rules.parameters import Parameters
from app.rules.predicates import Indexed, PredicateIndex
from app.store.kept import Kept
from app.subsidy import Rates

S = TypeVar("S")
# The last four of a card.
_Written: TypeAlias = tuple[bytes, bytes, Mask | None, Pricing | None]
_RATE: Final = TypeAdapter(LendingRateOut)


class Card(NamedTuple, Generic[S]):
    """An offer as cases of a kind meet it. `head` and `tail` are what its row begins and ends with.

    `rule` is its rule in the index of all; None where it sets no conditions for cases. `mask` is None where nothing of
    it is internal.
    """

    offer: Offer[S]
    window: WindowState
    rule: Indexed | None
    head: bytes
    tail: bytes
    mask: Mask | None
    pricing: Pricing | None


class Cards(NamedTuple, Generic[S]):
    """The cards by slug, and all that their rules demand."""

    by_slug: Mapping[str, Card[S]]
    predicates: PredicateIndex
    # What they were made of, which by being here keeps its identity, by which they are found again.
    made_of: tuple[object, ...]


# Today and a few other days, for each kind of case; a card takes about 2 kB.
_PROGRAMMES: Final[Kept[tuple[object, ...], Cards[StoredProgramme]]] = Kept(16)
_PRODUCTS: Final[Kept[tuple[object, ...], Cards[StoredProduct]]] = Kept(16)


def programme_cards(
    programmes: Sequence[StoredProgramme], case: Case, parameters: Parameters
) -> Cards[StoredProgramme]:
    """The programmes as such cases meet them; the same objects have the same cards."""

    def made() -> Cards[StoredProgramme]:
        offers = [programme_offer(one, case) for one in programmes]
        return _cards(offers, case.as_of, parameters, _programme, programmes)

    return _PROGRAMMES.get((id(programmes), id(parameters), case.subjects, case.as_of), made)


def product_cards(
    products: Sequence[StoredProduct], rates: Rates, case: Case, parameters: Parameters
) -> Cards[StoredProduct]:
    """The products as such cases meet them, with their rates on the day; the same objects have the same cards."""

    def made() -> Cards[StoredProduct]:
        offers = [product_offer(one, case) for one in products]
        return _cards(offers, case.as_of, parameters, partial(_product, case.as_of, rates), products, rates)

    return _PRODUCTS.get((id(products), id(rates), id(parameters), case.kinds, case.as_of), made)


def _cards(
    offers: Sequence[Offer[S]],
    day: date,
    parameters: Parameters,
    written: Callable[[Offer[S]], _Written],
    *made_of: object,
) -> Cards[S]:
    rules = [(offer.rule, offer.applies_count) for offer in offers if offer.rule is not None]
    index = PredicateIndex(rules, day, parameters)
    cards = {
        offer.slug: Card(
            offer,
            window_state(offer, day),
            None if offer.rule is None else index.indexed(offer.rule, offer.applies_count),
            *written(offer),
        )
        for offer in offers
    }
    return Cards(cards, index, (*made_of, parameters))


def _programme(offer: Offer[StoredProgramme]) -> _Written:
    return members({"slug": offer.slug, "name": offer.stored.record.name}), b"", None, None


def _product(day: date, rates: Rates, offer: Offer[StoredProduct]) -> _Written:
    product, record = offer.stored, offer.stored.record
    names = {"name": record.name, "bank_name": product.bank_name}
    head = members({"slug": record.slug, "product_id": str(product.product_id), **names})
    tail = b'"rate":' + _RATE.dump_json(rate_out(product, day, rates))
    return head, tail, Mask(product) if record.internal else None, pricing_of(record)


def members(fields: Mapping[str, Any]) -> bytes:
    """The fields of an object without its braces."""
    return to_json(fields)[1:-1]
