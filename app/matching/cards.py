"""Programmes and products as summaries show them on a day: what no case changes, written once as the bytes to send."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Any, Final, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.matching.build import Case, Offer, WindowState, product_offer, programme_offer, window_state
from app.matching.masks import Mask
from app.matching.offers import rate_out
from app.matching.schemas import LendingRateOut
from app.products.models import StoredProduct
from app.programmes.models import StoredProgramme
from app.rules.check import Rule
from app.rules.conjuncts import conjuncts
from app.store.kept import Kept
from app.subsidy import Rates

S = TypeVar("S")
_RATE: Final = TypeAdapter(LendingRateOut)


class Card(NamedTuple, Generic[S]):
    """An offer as cases of a kind meet it. `head` and `tail` are what its row begins and ends with.

    `mask` is None where nothing of it is internal.
    """

    offer: Offer[S]
    window: WindowState
    head: bytes
    tail: bytes
    mask: Mask | None


class Cards(NamedTuple, Generic[S]):
    """The cards by slug, and all that their rules demand: each demand once, however many make it."""

    by_slug: Mapping[str, Card[S]]
    demands: Sequence[Rule]
    # What they were made of, which by being here keeps its identity, by which they are found again.
    made_of: tuple[object, ...]


# Today and a few other days, for each kind of case; a card takes about 1 kB.
_PROGRAMMES: Final[Kept[tuple[object, ...], Cards[StoredProgramme]]] = Kept(16)
_PRODUCTS: Final[Kept[tuple[object, ...], Cards[StoredProduct]]] = Kept(16)


def programme_cards(programmes: Sequence[StoredProgramme], case: Case) -> Cards[StoredProgramme]:
    """The programmes as such cases meet them; the same objects have the same cards."""

    def made() -> Cards[StoredProgramme]:
        return _cards((_programme(programme_offer(one, case), case.as_of) for one in programmes), programmes)

    return _PROGRAMMES.get((id(programmes), case.subjects, case.as_of), made)


def product_cards(products: Sequence[StoredProduct], rates: Rates, case: Case) -> Cards[StoredProduct]:
    """The products as such cases meet them, with their rates on the day; the same objects have the same cards."""

    def made() -> Cards[StoredProduct]:
        return _cards((_product(product_offer(one, case), case.as_of, rates) for one in products), products, rates)

    return _PRODUCTS.get((id(products), id(rates), case.kinds, case.as_of), made)


def _cards(cards: Iterable[Card[S]], *made_of: object) -> Cards[S]:
    by_slug = {card.offer.slug: card for card in cards}
    rules = ((card.offer.rule, card.offer.applies_count) for card in by_slug.values())
    demanded = (conjuncts(rule, first) for rule, first in rules if rule is not None)
    return Cards(by_slug, list(dict.fromkeys(chain.from_iterable(chain.from_iterable(demanded)))), made_of)


def _programme(offer: Offer[StoredProgramme], day: date) -> Card[StoredProgramme]:
    head = members({"slug": offer.slug, "name": offer.stored.record.name})
    return Card(offer, window_state(offer, day), head, b"", None)


def _product(offer: Offer[StoredProduct], day: date, rates: Rates) -> Card[StoredProduct]:
    product, record = offer.stored, offer.stored.record
    names = {"name": record.name, "bank_name": product.bank_name}
    head = members({"slug": record.slug, "product_id": str(product.product_id), **names})
    tail = b'"rate":' + _RATE.dump_json(rate_out(product, day, rates))
    return Card(offer, window_state(offer, day), head, tail, Mask(product) if record.internal else None)


def members(fields: Mapping[str, Any]) -> bytes:
    """The fields of an object without its braces."""
    return to_json(fields)[1:-1]
