"""The summary of a case, written as the bytes that are sent.

What no case changes of a row is on its card, so that a summary costs what the case itself is asked, and little more.
Rows are `ProgrammeSummaryOut` and `ProductSummaryOut`, field by field.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.matching import offers
from app.matching.answers import OUTCOME_LABELS, WINDOW_LABELS, steps_out
from app.matching.benefits import choices
from app.matching.build import Match, Outcome, ProductMatch, ProgrammeMatch, WindowState, heard, ranked
from app.matching.bundle import best_bundle
from app.matching.cards import Card, Cards, members, product_cards, programme_cards
from app.matching.case_answers import case_out, listed, written
from app.matching.case_schemas import MatchesOut
from app.matching.fetch import Library, case_to_match
from app.matching.masks import Mask
from app.matching.net_rates import NetRates
from app.matching.offers import outcome_label
from app.matching.questions import Asked, Rest
from app.matching.routes import DISCLAIMER
from app.matching.schemas import NetRateOut
from app.matching.subsidies import net_rates, quotes_of
from app.products.models import StoredProduct
from app.programmes.models import StoredProgramme
from app.regions import region_names

S = TypeVar("S")
_NET_RATE: Final = TypeAdapter(NetRateOut | None)
# Where the rows go. Within a text the quotation marks would be escaped, and nothing else of an answer is called so.
_ROWS: Final = b'"programmes":[],"products":[]'
_NOTHING: Final = b"null"
_NONE: Final = b"[]"


def summary(
    found: RegistryCase, moment: Moment, library: Library, shelf: Sequence[StoredProduct], offer: str | None = None
) -> bytes:
    """Every programme and product that says something of the case, best first; or the one that was asked for."""
    case = case_to_match(found, moment.as_of)
    asked = case.asked(library.parameters, region_names())
    policies, products = programme_cards(library.programmes, case), product_cards(shelf, library.rates, case)
    programmes, fits = ranked(_heard(policies, asked)), _heard(products, asked)
    quotes, costs = quotes_of(programmes, case, library), net_rates(programmes, case, library)
    options = choices(programmes, case, quotes)
    frame = MatchesOut(
        case=case_out(found),
        as_of=moment.as_of,
        known_at=moment.known_at,
        programme_counts=offers.counted(programmes),
        product_counts=offers.counted(fits),
        programmes=[],
        products=[],
        bundle=offers.bundle_out(best_bundle(options), options, programmes),
        disclaimer=DISCLAIMER,
    )
    before, after = written(frame).split(_ROWS)
    rows = (
        b",".join([_programme_row(one, policies.by_slug[one.offer.slug]) for one in listed(programmes, offer)]),
        b",".join([_product_row(one, products.by_slug[one.offer.slug], costs) for one in ranked(listed(fits, offer))]),
    )
    return b'%b"programmes":[%b],"products":[%b]%b' % (before, *rows, after)


def _heard(cards: Cards[S], asked: Asked) -> list[Match[S]]:
    asked.verdicts.find(cards.demands)
    return [heard(card.offer, asked, card.window) for card in cards.by_slug.values()]


def _programme_row(match: ProgrammeMatch, card: Card[StoredProgramme]) -> bytes:
    return b"{%b,%b}" % (card.head, _verdict(match, card.mask, OUTCOME_LABELS[match.outcome]))


def _product_row(match: ProductMatch, card: Card[StoredProduct], costs: NetRates) -> bytes:
    said = _verdict(match, card.mask, outcome_label(match))
    net = _net_rate(match, costs) if costs.subsidies else _NOTHING
    return b'{%b,%b,%b,"net_rate":%b}' % (card.head, said, card.tail, net)


def _verdict(match: Match[S], mask: Mask | None, label: str) -> bytes:
    said, rest = _said(match.outcome, label, match.window, match.near_miss), match.rest
    if rest is None:
        return b'%b,"missing":[],"advice":null' % said
    missing = _missing(rest, mask) if match.outcome is Outcome.NEEDS_INFO else _NONE
    return b'%b,"missing":%b,"advice":%b' % (said, missing, _advice(rest, mask))


@lru_cache(maxsize=64)
def _said(outcome: Outcome, label: str, window: WindowState, near_miss: bool) -> bytes:
    """There are a few dozen of them."""
    return members(
        {
            "outcome": outcome,
            "outcome_label": label,
            "window": window,
            "window_label": WINDOW_LABELS[window],
            "near_miss": near_miss,
        }
    )


def _missing(rest: Rest, mask: Mask | None) -> bytes:
    keys = rest.missing
    return to_json(keys if mask is None else mask.keys(keys))


def _advice(rest: Rest, mask: Mask | None) -> bytes:
    if mask is None:
        return to_json(rest.sentence or None)
    steps = rest.nearest
    return _NOTHING if steps is None else to_json(mask.advice([steps_out(steps)])[0].sentence)


def _net_rate(match: ProductMatch, costs: NetRates) -> bytes:
    net = offers.net_rate_out(match, costs)
    return _NOTHING if net is None else _NET_RATE.dump_json(net)
