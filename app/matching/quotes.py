"""Interest-subsidy quotes of a programme: its readings, its window and its exclusions applied to one loan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from app.errors import FieldError, Unprocessable
from app.http.schemas import Citation
from app.matching.citations import Citations
from app.matching.quote_schemas import InterestSubsidyQuoteIn, QuoteOut, ReadingWordsOut
from app.programmes.models import Confidence, StoredProgramme
from app.rules.facts import Subject
from app.rules.given import Facts
from app.subsidy import (
    FixedRate,
    Loan,
    LprRate,
    Quote,
    Range,
    Rates,
    Reading,
    ReadingSet,
    SubsidyError,
    Window,
    quote,
    quote_range,
)

_HUNDRED: Final = Decimal(100)


class LoanRefused(Unprocessable):
    """The arithmetic refuses a value of the loan or of the reading."""

    code = "loan_refused"
    title = "贷款信息不能测算"


class NoReadings(Unprocessable):
    """The programme gives no interest subsidy, or its readings were never seeded."""

    code = "no_readings"
    title = "该政策不能测算贴息"


@dataclass(frozen=True, slots=True)
class SubsidyTerms:
    """What a programme says about its interest subsidy: its readings, its life, and the subsidies that exclude it."""

    slug: str
    readings: ReadingSet
    window: Window
    excluding: frozenset[str]


def subsidy_terms(programme: StoredProgramme, others: Iterable[StoredProgramme]) -> SubsidyTerms | None:
    """None where the programme gives no interest subsidy that could be worked out.

    What only the press says of another programme excludes nothing here: it never changes the answer of an original.
    """
    record = programme.record
    if record.readings is None:
        return None
    excluding = {
        other.record.slug
        for other in others
        if record.slug in other.record.relations.excludes
        and (other.record.confidence is Confidence.ORIGINAL or record.confidence is Confidence.SECONDARY)
    }
    window = Window(valid_from=record.valid_from, valid_to=record.valid_to, unconfirmed_from=record.unconfirmed_from)
    return SubsidyTerms(record.slug, record.readings, window, frozenset(excluding) | set(record.relations.excludes))


def loan_of(asked: InterestSubsidyQuoteIn) -> Loan:
    """The loan that a request describes."""
    floating = asked.contract_rate
    content = asked.model_dump(include=_LOAN_FIELDS, by_alias=True)
    content["contract_rate"] = (
        FixedRate(percent=asked.contract_rate_percent or Decimal(0))
        if floating is None
        else LprRate(
            lpr=floating.lpr,
            basis_points=Decimal(floating.basis_points),
            reset=tuple(floating.reset) if isinstance(floating.reset, list) else floating.reset,
        )
    )
    return Loan.model_validate(content)


_LOAN_FIELDS: Final = set(Loan.model_fields) - {"contract_rate"}


def loan_of_facts(facts: Facts) -> Loan | None:
    """The loan that the facts of a case describe; None where principal, dates or rate are unknown.

    Another subsidy is known by its slug alone: an amount of 0 stands for the one that nobody has told us.
    """
    values = facts.values
    known = {name: values.get(f"{Subject.LOAN}.{name}") for name in ("principal_yuan", "drawn_on", "due_on")}
    rate, share = values.get("loan.contract_rate_percent"), values.get("loan.project_share_percent")
    if None in known.values() or not isinstance(rate, Decimal):
        return None
    part = share / _HUNDRED if isinstance(share, Decimal) else Decimal(1)
    others = values.get("loan.other_interest_subsidy", frozenset())
    received = [{"slug": slug, "amount_yuan": 0} for slug in sorted(others)] if isinstance(others, frozenset) else []
    terms = {"contract_rate": FixedRate(percent=rate), "project_share": part, "other_subsidies": received}
    return Loan.model_validate({**known, **terms})


def quoted(
    loan: Loan,
    terms: SubsidyTerms,
    rates: Rates,
    citations: Citations,
    *,
    reading: Reading | None = None,
    application_date: date | None = None,
    project_first_drawn_on: date | None = None,
) -> QuoteOut:
    """The quote under one reading (the programme's default if None) and the range over all its readings.

    Raises LoanRefused with a pointer into the request.
    """
    chosen = reading or terms.readings.default.reading
    options: dict[str, Any] = {
        "window": terms.window,
        "application_date": application_date,
        "project_first_drawn_on": project_first_drawn_on,
        "excluding": terms.excluding,
    }
    try:
        answer = quote(loan, chosen, rates, **options)
        span = quote_range(loan, terms.readings.readings, rates, **options)
    except SubsidyError as error:
        raise refused(error) from None
    return _out(answer, span, terms, citations)


def refused(error: SubsidyError) -> LoanRefused:
    """The room's error as an answer with a pointer."""
    return LoanRefused(error.message, errors=(FieldError(error.pointer, error.code, error.message),))


def _out(answer: Quote, span: Range, terms: SubsidyTerms, citations: Citations) -> QuoteOut:
    content = answer.model_dump(by_alias=True)
    cited = citations.clause(terms.readings.cite.document, terms.readings.cite.clause)
    confirmed = [named.reading for named in terms.readings.readings if named.confirmed]
    return QuoteOut.model_validate(
        {
            **content,
            "reading": answer.reading.model_dump(mode="json"),
            "programme": terms.slug,
            "range": span.model_dump(),
            "reading_words": _words(answer.reading, terms.readings),
            "reading_confirmed": answer.reading in confirmed,
            "notes": list(answer.notes),
            "citations": [cited, *_sources(answer, citations)],
        }
    )


def _words(reading: Reading, readings: ReadingSet) -> list[ReadingWordsOut]:
    bases: Mapping[str, Any] = {basis.key: basis for basis in readings.parameters}
    return [
        ReadingWordsOut(key=key, label=label, value=value, basis=bases[key].basis, note=bases[key].note)
        for key, (label, value) in zip(bases, reading.words(), strict=True)
    ]


def _sources(answer: Quote, citations: Citations) -> list[Citation]:
    """The published series that the quote stands on."""
    codes = dict.fromkeys(
        period.series
        for year in answer.years
        for period in (*year.reference_rates, *year.contract_rates)
        if period.series is not None
    )
    return [citations.series(code) for code in codes]
