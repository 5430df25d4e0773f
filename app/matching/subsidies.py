"""The interest subsidies that a case has or may have: its own loan quoted, and what products cost after them."""

from collections.abc import Iterable, Mapping
from typing import Final

from app.matching.build import Case, Outcome, ProgrammeMatch
from app.matching.fetch import Library
from app.matching.net_rates import NetRates, Subsidised
from app.matching.quote_schemas import QuoteOut
from app.matching.quotes import LoanRefused, loan_of_facts, notes_of_facts, other_subsidies_of, quoted, subsidy_terms

_HOPELESS: Final = frozenset({Outcome.NOT_APPLICABLE, Outcome.INFORMATIVE, Outcome.INELIGIBLE})


def quotes_of(matches: Iterable[ProgrammeMatch], case: Case, library: Library) -> Mapping[str, QuoteOut]:
    """Quotes of the interest subsidies that the case has or may have, where its loan is known."""
    loan = loan_of_facts(case.facts)
    quotes: dict[str, QuoteOut] = {}
    for one in matches:
        terms = None if one.outcome in _HOPELESS else subsidy_terms(one.stored, library.programmes)
        # Another subsidy of unknown amount leaves anything between nothing and all.
        if loan is None or terms is None or other_subsidies_of(case.facts, terms.slug):
            continue
        try:
            quote = quoted(loan, terms, library.rates, library.citations)
            notes = [*quote.notes, *notes_of_facts(case.facts)]
            quotes[one.offer.slug] = quote.model_copy(update={"notes": notes})
        except LoanRefused:
            # What the registry holds of a loan may not suffice for the arithmetic; the match stands without it.
            continue
    return quotes


def net_rates(matches: Iterable[ProgrammeMatch], case: Case, library: Library) -> NetRates:
    """What products cost the case after the subsidies that it has or may have."""
    subsidies = [
        Subsidised(one, terms)
        for one in matches
        if one.outcome not in _HOPELESS and (terms := subsidy_terms(one.stored, library.programmes)) is not None
    ]
    return NetRates(case, library.rates, subsidies)
