"""What the programmes that a case may have would pay it, and which of them stand in each other's way. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.matching.build import Case, Outcome, ProgrammeMatch, WindowState
from app.matching.bundle import Amount, Choice
from app.matching.quote_schemas import QuoteOut
from app.programmes.models import Benefit, StoredProgramme
from app.rules.facts import Subject

_INTEREST: Final = "interest_subsidy"
_OPEN: Final = frozenset({WindowState.OPEN, WindowState.UNCONFIRMED})
_GRANTED: Final = frozenset({Outcome.ELIGIBLE, Outcome.IN_SCOPE})
# The fact that counts what an amount is paid for; what is counted otherwise has no amount that we could know.
_BEDS: Final = {Subject.PROJECT: "project.beds", Subject.INSTITUTION: "institution.beds_total"}
_TRAINED: Final = "institution.staff_trained_this_year"


def choices(matches: Iterable[ProgrammeMatch], case: Case, quotes: Mapping[str, QuoteOut]) -> list[Choice]:
    """What the case may have on that day, each with its amount and what it excludes; in the order of the matches."""
    had = [one for one in matches if one.outcome in _GRANTED and one.window in _OPEN]
    subsidies = [one.stored for one in had if one.stored.record.benefit.kind == _INTEREST]
    return [
        Choice(
            one.offer.slug,
            amount_of(one, case, quotes.get(one.offer.slug)),
            one.offer.is_original,
            _excluded(one.stored, subsidies, case.as_of),
        )
        for one in had
    ]


def amount_of(match: ProgrammeMatch, case: Case, quote: QuoteOut | None) -> Amount | None:
    """The interest subsidy as quoted, with the range over its readings, or so much for each bed, person or project."""
    if quote is not None:
        low, high = quote.range.low_yuan, quote.range.high_yuan
        return Amount(
            quote.subsidy_yuan,
            quote.subsidy_yuan if low is None else min(low, quote.subsidy_yuan),
            quote.subsidy_yuan if high is None else max(high, quote.subsidy_yuan),
        )
    benefit = match.stored.record.benefit
    count = _count(benefit, match.stored, case)
    if benefit.amount_yuan is None or count is None:
        return None
    whole = benefit.amount_yuan * count
    return Amount.exactly(whole if benefit.ceiling_yuan is None else min(whole, benefit.ceiling_yuan))


def _count(benefit: Benefit, programme: StoredProgramme, case: Case) -> Decimal | None:
    match benefit.per:
        case None | "project":
            return Decimal(1)
        case "bed":
            noun = Subject.PROJECT if _is_for_project(programme, case) else Subject.INSTITUTION
            return _known(case, _BEDS[noun])
        case "person" if benefit.kind == "training_subsidy":
            return _known(case, _TRAINED)
        case _:
            return None


def _is_for_project(programme: StoredProgramme, case: Case) -> bool:
    return Subject.PROJECT in case.subjects & set(programme.record.subjects)


def _known(case: Case, key: str) -> Decimal | None:
    value = case.facts.values.get(key)
    return Decimal(value) if isinstance(value, int | Decimal) else None


def _excluded(programme: StoredProgramme, subsidies: Iterable[StoredProgramme], day: date) -> frozenset[str]:
    """Whom its text names, its successor, and any other subsidy of the same interest that it does not stack with.

    The reading of the interest subsidy has other subsidies of the same loan exclude it unless a text says otherwise.
    """
    relations = programme.record.relations
    named = set(relations.excludes)
    if relations.superseded_by and relations.superseded_on and relations.superseded_on <= day:
        named.add(relations.superseded_by)
    if programme.record.benefit.kind == _INTEREST:
        named.update(other.record.slug for other in subsidies if not _stack(programme, other))
    return frozenset(named - {programme.record.slug})


def _stack(one: StoredProgramme, other: StoredProgramme) -> bool:
    return other.record.slug in one.record.relations.stacks or one.record.slug in other.record.relations.stacks
