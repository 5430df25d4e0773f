"""Interest-subsidy quotes of a programme: its readings, its window and its exclusions applied to one loan."""

from collections.abc import Iterable, Sequence
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
    ParameterBasis,
    Quote,
    Range,
    Rates,
    Reading,
    ReadingSet,
    SubsidyError,
    Window,
    quote_with_range,
)

OTHER_SUBSIDY: Final = "loan.other_interest_subsidy"
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
    """What a programme says about its interest subsidy: its readings, its life, and the subsidies that exclude it.

    `reported` are those of which only the press says so: they are named and count for nothing.
    """

    slug: str
    readings: ReadingSet
    window: Window
    excluding: frozenset[str]
    reported: frozenset[str]


def subsidy_terms(programme: StoredProgramme, others: Iterable[StoredProgramme]) -> SubsidyTerms | None:
    """None where the programme gives no interest subsidy that could be worked out.

    What only the press says of another programme excludes nothing here: it never changes the answer of an original.
    """
    record = programme.record
    if record.readings is None:
        return None
    claims = [other.record for other in others if record.slug in other.record.relations.excludes]
    heard = {
        claim.slug
        for claim in claims
        if claim.confidence is Confidence.SECONDARY and record.confidence is Confidence.ORIGINAL
    }
    excluding = frozenset(claim.slug for claim in claims if claim.slug not in heard) | set(record.relations.excludes)
    window = Window(valid_from=record.valid_from, valid_to=record.valid_to, unconfirmed_from=record.unconfirmed_from)
    return SubsidyTerms(record.slug, record.readings, window, excluding, frozenset(heard - excluding))


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
            initial_rate_percent=floating.initial_rate_percent,
        )
    )
    return Loan.model_validate(content)


_LOAN_FIELDS: Final = set(Loan.model_fields) - {"contract_rate"}


def loan_of_facts(facts: Facts) -> Loan | None:
    """The loan that the facts of a case describe; None where principal, dates or rate are unknown.

    Other subsidies are not in it: facts give their slugs without amounts (see `other_subsidies_of`).
    """
    values = facts.values
    known = {name: values.get(f"{Subject.LOAN}.{name}") for name in ("principal_yuan", "drawn_on", "due_on")}
    rate, share = values.get("loan.contract_rate_percent"), values.get("loan.project_share_percent")
    if None in known.values() or not isinstance(rate, Decimal):
        return None
    part = share / _HUNDRED if isinstance(share, Decimal) else Decimal(1)
    return Loan.model_validate({**known, "contract_rate": FixedRate(percent=rate), "project_share": part})


def other_subsidies_of(facts: Facts, programme: str) -> list[str]:
    """The slugs of the subsidies, other than this programme's own, that the loan is said to receive."""
    received = facts.values.get(OTHER_SUBSIDY)
    return sorted(received - {programme}) if isinstance(received, frozenset) else []


def notes_of_facts(facts: Facts) -> list[str]:
    """What a quote from facts leaves out, or assumes because nobody has said it."""
    said = {
        "贷款已逾期：原到期日以后的逾期天数和罚息不计贴息。": facts.values.get("loan.overdue") is True,
        "贷款已展期：展期不增加贴息，请以原到期日填写到期日。": facts.values.get("loan.extended") is True,
        "没有填写是否已享受其他贴息，按没有享受测算。": OTHER_SUBSIDY not in facts.values,
    }
    return [note for note, holds in said.items() if holds]


def check_other_subsidies(loan: Loan, programme: str, programmes: Sequence[StoredProgramme]) -> None:
    """Raise LoanRefused for another subsidy that is no programme of the library, or this programme's own."""
    known = {one.record.slug for one in programmes}
    for index, other in enumerate(loan.other_subsidies):
        at = f"/other_subsidies/{index}/slug"
        if other.slug == programme:
            raise refused(SubsidyError("own_subsidy", at, f"“{programme}”就是所测算的政策，不是其他贴息，请删去"))
        if other.slug not in known:
            raise refused(SubsidyError("programme_not_found", at, unknown_programme(other.slug, programmes)))


def unknown_programme(slug: str, programmes: Iterable[StoredProgramme]) -> str:
    """The sentence that refuses a slug, with the programmes that give interest subsidy."""
    giving = sorted(one.record.slug for one in programmes if one.record.benefit.kind == "interest_subsidy")
    return f"没有代码为“{slug}”的扶持政策；给予贴息的有：{'、'.join(giving)}，全部代码见 /api/v1/programmes"


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
        answer, span = quote_with_range(loan, chosen, terms.readings.readings, rates, **options)
    except SubsidyError as error:
        raise refused(error) from None
    return _out(loan, answer, span, terms, citations)


def refused(error: SubsidyError) -> LoanRefused:
    """The room's error as an answer with a pointer."""
    return LoanRefused(error.message, errors=(FieldError(error.pointer, error.code, error.message),))


def _out(loan: Loan, answer: Quote, span: Range, terms: SubsidyTerms, citations: Citations) -> QuoteOut:
    content = answer.model_dump(by_alias=True)
    cited = citations.clause(terms.readings.cite.document, terms.readings.cite.clause)
    confirmed = [named.reading for named in terms.readings.readings if named.confirmed]
    return QuoteOut.model_validate(
        {
            **content,
            "reading": answer.reading.model_dump(mode="json"),
            "programme": terms.slug,
            "range": span.model_dump(),
            "reading_words": _words(answer.reading, terms),
            "reading_confirmed": answer.reading in confirmed,
            "notes": [*answer.notes, *_outside(answer, span), *_heard(loan, terms)],
            "citations": [cited, *_sources(answer, citations)],
        }
    )


def _outside(answer: Quote, span: Range) -> list[str]:
    """A chosen reading may lead past everything that is listed; that is its own affair, but it is said."""
    if span.low_yuan is None or span.high_yuan is None or span.low_yuan <= answer.subsidy_yuan <= span.high_yuan:
        return []
    return [f"所选口径的结果在所列各口径的区间（{span.low_yuan:,} 至 {span.high_yuan:,} 元）之外，仅供比较。"]


def _heard(loan: Loan, terms: SubsidyTerms) -> list[str]:
    """A received subsidy that only the press calls incompatible: it changes no figure, and is not passed over."""
    received = sorted({other.slug for other in loan.other_subsidies} & terms.reported)
    return [f"待核实：有报道称“{slug}”与本项不能同时享受；没有找到原文，未计入互斥清单。" for slug in received]


def _words(reading: Reading, terms: SubsidyTerms) -> list[ReadingWordsOut]:
    default = terms.readings.default.reading
    said = zip(terms.readings.parameters, reading.words(), strict=True)
    return [
        _chosen(basis.key, label, value)
        if getattr(reading, basis.key) != getattr(default, basis.key)
        else ReadingWordsOut(key=basis.key, label=label, value=value, basis=basis.basis, note=_note(basis, terms))
        for basis, (label, value) in said
    ]


def _chosen(key: str, label: str, value: str) -> ReadingWordsOut:
    return ReadingWordsOut(key=key, label=label, value=value, basis="chosen", note="按请求所选。")


def _note(basis: ParameterBasis, terms: SubsidyTerms) -> str:
    """Beside what excludes stands what is excluded: the list is data, and may be empty."""
    if basis.key != "stacking":
        return basis.note
    listed = f"互斥清单：{'、'.join(sorted(terms.excluding))}。" if terms.excluding else "互斥清单目前为空。"
    return f"{basis.note}{listed}"


def _sources(answer: Quote, citations: Citations) -> list[Citation]:
    """The published series that the quote stands on."""
    codes = dict.fromkeys(
        period.series
        for year in answer.years
        for period in (*year.reference_rates, *year.contract_rates)
        if period.series is not None
    )
    return [citations.series(code) for code in codes]
