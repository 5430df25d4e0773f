"""The summary of a case, written as the bytes that are sent.

What no case changes of a row is on its card, so that a summary costs what the case itself is asked, and little more.
Rows are `ProgrammeSummaryOut` and `ProductSummaryOut`, field by field.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Generic, TypeVar

from pydantic import TypeAdapter
from pydantic_core import to_json

from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.matching import offers
from app.matching.answers import OUTCOME_LABELS, WINDOW_LABELS
from app.matching.benefits import choices
from app.matching.build import (
    ADVISED,
    Match,
    Outcome,
    ProductMatch,
    ProgrammeMatch,
    WindowState,
    heard,
    informative,
    ranked,
)
from app.matching.bundle import best_bundle
from app.matching.cards import Card, Cards, members, product_cards, programme_cards
from app.matching.case_answers import case_out, listed, written
from app.matching.case_schemas import MatchesOut
from app.matching.fetch import Library, case_to_match
from app.matching.masks import Mask
from app.matching.net_rates import NetRates, Price, Pricing
from app.matching.offers import WITHOUT_NET_RATE, outcome_label
from app.matching.questions import Asked, Rest
from app.matching.routes import DISCLAIMER
from app.matching.schemas import NetRateOut
from app.matching.subsidies import net_rates, quotes_of
from app.products.models import StoredProduct
from app.programmes.models import StoredProgramme
from app.regions import region_names
from app.rules.predicates import PredicateIndex
from app.rules.truth import Truth

S = TypeVar("S")
_NET_RATE: Final = TypeAdapter(NetRateOut | None)
# Where the rows go. Within a text the quotation marks would be escaped, and nothing else of an answer is called so.
_ROWS: Final = b'"programmes":[],"products":[]'
_NOTHING: Final = b"null"
_NOTHING_TOLD: Final = b',"missing":[],"advice":null'


def summary(
    found: RegistryCase, moment: Moment, library: Library, shelf: Sequence[StoredProduct], offer: str | None = None
) -> bytes:
    """Every programme and product that says something of the case, best first; or the one that was asked for."""
    case = case_to_match(found, moment.as_of)
    asked = case.asked(library.parameters, region_names())
    policies = programme_cards(library.programmes, case, library.parameters)
    products = product_cards(shelf, library.rates, case, library.parameters)
    policies_heard, products_heard = _Heard(policies, asked), _Heard(products, asked)
    programmes, fits = ranked(policies_heard.matches), products_heard.matches
    quotes, costs = quotes_of(programmes, case, library), _NetRatesWritten(net_rates(programmes, case, library))
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
        b",".join([_programme_row(one, policies_heard) for one in listed(programmes, offer)]),
        b",".join([_product_row(one, products_heard, costs) for one in ranked(listed(fits, offer))]),
    )
    return b'%b"programmes":[%b],"products":[%b]%b' % (before, *rows, after)


class _Heard(Generic[S]):
    """What the offers of some cards say of one case."""

    def __init__(self, cards: Cards[S], asked: Asked) -> None:
        self.cards, self._asked = cards.by_slug, asked
        self._answers = cards.predicates.ask(asked.verdicts.facts)
        self.matches = [self._match(card, cards.predicates) for card in cards.by_slug.values()]
        # Of many offers the same is open.
        self._told: dict[tuple[Rest, bool], bytes] = {}

    def _match(self, card: Card[S], index: PredicateIndex) -> Match[S]:
        rule, answers = card.rule, self._answers
        if rule is None:
            return informative(card.offer, card.window)
        fits, met = answers.all_of(rule.front), answers.all_of(rule.others)
        only_unmet = index.only_unmet(answers, rule) if met is Truth.FALSE else None
        return heard(card.offer, self._asked, card.window, fits=fits, met=met, only_unmet=only_unmet)

    def verdict(self, match: Match[S], card: Card[S], label: str) -> bytes:
        """The middle of a row: the outcome, what is missing, and what would help first."""
        said = _said(match.outcome, label, match.window, match.near_miss)
        still, is_asked = self._answers.open, match.outcome is Outcome.NEEDS_INFO
        if card.rule is None or match.outcome not in ADVISED:
            return said + _NOTHING_TOLD
        if not is_asked and self._answers.is_hopeless(card.rule):
            return said + _NOTHING_TOLD
        rest = self._asked.rest_of(tuple([part for part, bit in card.rule.parts if still & bit]))
        if card.mask is not None:
            return said + _told(rest, is_asked, card.mask)
        told = self._told.get((rest, is_asked))
        if told is None:
            told = self._told[rest, is_asked] = _told(rest, is_asked, None)
        return said + told


def _programme_row(match: ProgrammeMatch, shelf: _Heard[StoredProgramme]) -> bytes:
    card = shelf.cards[match.offer.slug]
    return b"{%b,%b}" % (card.head, shelf.verdict(match, card, OUTCOME_LABELS[match.outcome]))


def _product_row(match: ProductMatch, shelf: _Heard[StoredProduct], costs: "_NetRatesWritten") -> bytes:
    card = shelf.cards[match.offer.slug]
    said = shelf.verdict(match, card, outcome_label(match.outcome))
    return b'{%b,%b,%b,"net_rate":%b}' % (card.head, said, card.tail, costs.written(match.outcome, card.pricing))


class _NetRatesWritten:
    """Net rates as they are written, each price once."""

    def __init__(self, net_rates: NetRates) -> None:
        self._net_rates = net_rates
        self._written: dict[Price, bytes] = {}

    def written(self, outcome: Outcome, pricing: Pricing | None) -> bytes:
        """What a product with this outcome costs."""
        if pricing is None or outcome in WITHOUT_NET_RATE:
            return _NOTHING
        price = self._net_rates.price(pricing)
        if price is None:
            return _NOTHING
        found = self._written.get(price)
        if found is None:
            found = self._written[price] = _NET_RATE.dump_json(offers.net_rate_out(price, self._net_rates))
        return found


def _told(rest: Rest, is_asked: bool, mask: Mask | None) -> bytes:
    """What is missing is said where facts are what is wanting."""
    missing = rest.missing if is_asked else ()
    if mask is None:
        return b',"missing":%b,"advice":%b' % (to_json(missing), to_json(rest.sentence or None))
    sentence = mask.sentence(rest.nearest or ())
    return b',"missing":%b,"advice":%b' % (to_json(mask.keys(missing)), to_json(sentence or None))


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
