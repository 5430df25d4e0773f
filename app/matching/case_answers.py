"""The whole answer to a case, made of what was read, and what names it."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Final

from pydantic import TypeAdapter

from app.cases.read import Case as RegistryCase
from app.cases.select import Moment
from app.matching import offers
from app.matching.answers import match_out
from app.matching.benefits import choices
from app.matching.build import Match, Outcome, S, match, match_product, ranked
from app.matching.bundle import best_bundle
from app.matching.case_schemas import CaseOut, MatchesOut
from app.matching.fetch import Library, case_to_match
from app.matching.routes import DISCLAIMER, remarks
from app.matching.subsidies import net_rates, quotes_of
from app.products.models import StoredProduct
from app.regions import region_names

_UNLISTED: Final = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE})
_WRITER: Final = TypeAdapter(MatchesOut)


class Asked:
    """A case at a moment, with the name of all that it is held against. Equal ones have the same summary."""

    def __init__(self, moment: Moment, case: RegistryCase, standing: str) -> None:
        whose = (getattr(case, field.name) for field in fields(case) if field.name != "facts")
        # Values and who vouches for them follow from what is stated.
        self._key = (moment, *whose, tuple(case.facts.stated.items()), standing)
        self._hash = hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asked) and self._key == other._key


def matches_out(
    found: RegistryCase,
    moment: Moment,
    library: Library,
    shelf: Sequence[StoredProduct],
    offer: str | None = None,
) -> MatchesOut:
    """Programmes and products, best first, with every condition, all advice and quotes.

    `offer` lists that one alone, whatever is said of it; counts and bundle are those of all.
    """
    case, parameters, names = case_to_match(found, moment.as_of), library.parameters, region_names()
    programmes = ranked(match(one, case, parameters, names) for one in library.programmes)
    products = ranked(match_product(one, case, parameters, names) for one in shelf)
    quotes, costs = quotes_of(programmes, case, library), net_rates(programmes, case, library)
    options, said = choices(programmes, case, quotes), remarks(library)
    shown, offered = listed(programmes, offer), listed(products, offer)
    return MatchesOut(
        case=case_out(found),
        as_of=moment.as_of,
        known_at=moment.known_at,
        programme_counts=offers.counted(programmes),
        product_counts=offers.counted(products),
        programmes=[match_out(one, library.citations, said, quotes.get(one.offer.slug)) for one in shown],
        products=[offers.product_out(one, library.citations, costs) for one in offered],
        bundle=offers.bundle_out(best_bundle(options), options, programmes),
        disclaimer=DISCLAIMER,
    )


def matches_written(
    found: RegistryCase, moment: Moment, library: Library, shelf: Sequence[StoredProduct], offer: str | None = None
) -> bytes:
    """The same as JSON."""
    return written(matches_out(found, moment, library, shelf, offer))


def written(answer: MatchesOut) -> bytes:
    """The answer as JSON."""
    return _WRITER.dump_json(answer, by_alias=True)


def listed(matches: Iterable[Match[S]], offer: str | None = None) -> list[Match[S]]:
    """Those that say something of the case, or the one that was asked for."""
    if offer is not None:
        return [one for one in matches if one.offer.slug == offer]
    return [one for one in matches if one.outcome not in _UNLISTED]


def case_out(case: RegistryCase) -> CaseOut:
    """Which case it is."""
    return CaseOut(
        kind=case.kind,
        id=case.id,
        institution_id=case.institution_id,
        project_id=case.project_id,
        name=case.name,
        region_code=case.region_code,
        region_name=region_names().get(case.region_code, case.region_code),
    )
