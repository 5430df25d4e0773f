"""Reading the policy library: documents, programmes on a day as known at an instant, parameters and rates."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.programmes.models import ClauseLabel, ParameterRecord, ProgrammeRecord, ProgrammeRules, StoredProgramme
from app.programmes.models import Department as DepartmentRecord
from app.rules.parameters import Parameters
from app.store.kept import Kept
from app.store.tables import (
    Clause,
    ClauseText,
    Department,
    ParameterValue,
    PolicyDocument,
    Programme,
    ProgrammeVersion,
    RatePoint,
    RateSeries,
)
from app.subsidy import RatePoint as PublishedPoint
from app.subsidy import Rates
from app.subsidy import RateSeries as PublishedSeries


class PolicyNotFound(NotFound):
    code = "policy_not_found"
    title = "没有这份政策文件"


class ProgrammeNotFound(NotFound):
    code = "programme_not_found"
    title = "没有这项扶持政策"


class SeriesNotFound(NotFound):
    code = "series_not_found"
    title = "没有这个利率序列"


_Parsed: TypeAlias = tuple[ProgrammeRecord, ProgrammeRules | None, str]
# Content names itself: a record and its rules serve every request that finds the same hash.
_PARSED: Final[Kept[str, _Parsed]] = Kept(4096)


def _parse(body: dict[str, Any]) -> _Parsed:
    content = dict(body)
    document = content.pop("document")
    record = ProgrammeRecord.model_validate(content)
    return record, record.rules(), document


class RecordedProgramme(NamedTuple):
    """A version of a programme without its content, which `content_hash` names."""

    content_hash: str
    version: int


def recorded_programmes(session: Session, known_at: datetime | None = None) -> tuple[RecordedProgramme, ...]:
    """Every programme by slug as it was recorded at an instant (None: now)."""
    columns = select(ProgrammeVersion.content_hash, ProgrammeVersion.version)
    query = columns.join(Programme).order_by(Programme.slug)
    if known_at is None:
        query = query.where(ProgrammeVersion.recorded_to.is_(None))
    else:
        later = or_(ProgrammeVersion.recorded_to.is_(None), ProgrammeVersion.recorded_to > known_at)
        query = query.where(ProgrammeVersion.recorded_from <= known_at, later)
    return tuple(RecordedProgramme._make(row) for row in session.execute(query))


def list_programmes(session: Session, known_at: datetime | None = None) -> list[StoredProgramme]:
    """All programmes by slug as they were recorded at an instant (None: now), whatever their validity."""
    return stored_programmes(session, recorded_programmes(session, known_at))


def stored_programmes(session: Session, recorded: Iterable[RecordedProgramme]) -> list[StoredProgramme]:
    """These programmes with their content, of which only what was never seen before is read."""
    asked = list(recorded)
    contents = _contents(session, (one.content_hash for one in asked))
    return [StoredProgramme(*contents[one.content_hash], one.version) for one in asked]


def _contents(session: Session, hashes: Iterable[str]) -> dict[str, _Parsed]:
    """Records and rules by content hash; those that nobody has parsed yet are read in one statement."""
    return _PARSED.get_all(hashes, partial(_read_contents, session))


def _read_contents(session: Session, hashes: Sequence[str]) -> Iterator[tuple[str, _Parsed]]:
    bodies = select(ProgrammeVersion.content_hash, ProgrammeVersion.body).where(
        ProgrammeVersion.content_hash.in_(hashes)
    )
    for digest, body in session.execute(bodies):
        yield digest, _parse(body)


def get_programme(session: Session, slug: str) -> StoredProgramme:
    """The open version of a programme. Raises ProgrammeNotFound."""
    query = select(ProgrammeVersion).join(Programme).where(Programme.slug == slug)
    version = session.scalars(query.where(ProgrammeVersion.recorded_to.is_(None))).one_or_none()
    if version is None:
        raise ProgrammeNotFound(f"没有代码为“{slug}”的扶持政策，可先查看政策列表")
    return StoredProgramme(*_PARSED.get(version.content_hash, lambda: _parse(version.body)), version.version)


def list_documents(session: Session) -> Sequence[PolicyDocument]:
    """All documents, newest first."""
    return session.scalars(select(PolicyDocument).order_by(PolicyDocument.issued_on.desc(), PolicyDocument.slug)).all()


def clause_counts(session: Session) -> dict[Any, int]:
    """How many clauses each document has, by its id."""
    counts = select(Clause.document_id, func.count()).group_by(Clause.document_id)
    return dict(session.execute(counts).all())


def get_document(session: Session, slug: str) -> PolicyDocument:
    """One document. Raises PolicyNotFound."""
    document = session.scalars(select(PolicyDocument).where(PolicyDocument.slug == slug)).one_or_none()
    if document is None:
        raise PolicyNotFound(f"没有代码为“{slug}”的政策文件，可先查看文件列表")
    return document


def list_clauses(session: Session, document: PolicyDocument) -> list[tuple[Clause, ClauseText | None]]:
    """The clauses of a document in order, each with the official text that the operator loaded, if any."""
    query = select(Clause, ClauseText).outerjoin(ClauseText).where(Clause.document_id == document.id)
    return [(clause, text) for clause, text in session.execute(query.order_by(Clause.ordinal))]


def clause_labels(session: Session) -> dict[tuple[str, str], ClauseLabel]:
    """Every clause by document slug and clause key."""
    query = select(PolicyDocument, Clause).join(Clause, Clause.document_id == PolicyDocument.id)
    return {
        (document.slug, clause.key): ClauseLabel(
            document.slug, document.number, document.title, clause.key, clause.summary
        )
        for document, clause in session.execute(query)
    }


def department_names(session: Session, day: date) -> dict[str, str]:
    """What each office is called on a day, by the name that a document gives it; only where that differs."""
    rows = session.scalars(select(Department)).all()
    records = [DepartmentRecord.model_validate({"name": row.name, "renamed": row.renamed}) for row in rows]
    return {record.name: record.name_on(day) for record in records if record.name_on(day) != record.name}


def read_parameters(session: Session) -> Parameters:
    """All parameters. The same rows give the same object, so that rules bound to it are found again."""
    columns = (
        ParameterValue.key, ParameterValue.label, ParameterValue.type, ParameterValue.unit,
        ParameterValue.valid_from, ParameterValue.valid_to, ParameterValue.value,
    )  # fmt: skip
    rows = session.execute(select(*columns).order_by(ParameterValue.key, ParameterValue.valid_from)).all()
    return _parameters(tuple(tuple(row) for row in rows))


@lru_cache(maxsize=16)
def _parameters(rows: tuple[tuple[Any, ...], ...]) -> Parameters:
    dated: dict[str, dict[str, Any]] = {}
    for key, label, kind, unit, valid_from, valid_to, value in rows:
        record = dated.setdefault(key, {"key": key, "label": label, "type": kind, "unit": unit or "", "values": []})
        record["values"].append({"from": valid_from, "to": valid_to, "value": value})
    stored = {"cite": {"own": "已入库参数"}}
    return Parameters(ParameterRecord.model_validate({**record, **stored}).parameter() for record in dated.values())


class _SeriesRow(NamedTuple):
    """A series as it is stored."""

    id: Any
    code: str
    name: str
    source: str
    cite: str
    known_through: date


class RecordedRates(NamedTuple):
    """All series of reference rates with their points as they are stored: series id, first day, percent."""

    series: tuple[_SeriesRow, ...]
    points: tuple[tuple[Any, ...], ...]


# Put together once, which takes as long as reading the rows.
_SERIES: Final = select(
    RateSeries.id, RateSeries.code, RateSeries.name, RateSeries.source, RateSeries.citation, RateSeries.known_through
).order_by(RateSeries.code)
_POINTS: Final = select(RatePoint.series_id, RatePoint.valid_from, RatePoint.rate_percent).order_by(
    RatePoint.valid_from
)


def recorded_rates(session: Session) -> RecordedRates:
    """The rates as they are recorded now."""
    series = tuple(
        _SeriesRow(key, code, name, source, (citation or {}).get("own", source), known_through)
        for key, code, name, source, citation, known_through in session.execute(_SERIES)
    )
    return RecordedRates(series, tuple(map(tuple, session.execute(_POINTS))))


@lru_cache(maxsize=16)
def rates_of(recorded: RecordedRates) -> Rates:
    """The same rates ready for quotes; the same rows give the same object."""
    points: dict[Any, list[PublishedPoint]] = {}
    for series_id, valid_from, percent in recorded.points:
        published = PublishedPoint.model_validate({"from": valid_from, "percent": percent})
        points.setdefault(series_id, []).append(published)
    return Rates.of(
        PublishedSeries(
            code=row.code,
            name=row.name,
            unit="percent",
            source=row.source,
            cite=row.cite,
            known_through=row.known_through,
            points=tuple(points.get(row.id, ())),
        )
        for row in recorded.series
    )


def list_series(session: Session) -> list[PublishedSeries]:
    """All reference-rate series with their points."""
    return list(read_rates(session).series)


def read_rates(session: Session) -> Rates:
    """All series, ready for quotes."""
    return rates_of(recorded_rates(session))
