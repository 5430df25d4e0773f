"""Reading the policy library: documents, programmes on a day as known at an instant, parameters and rates."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.programmes.models import ClauseLabel, ParameterRecord, ProgrammeRecord, ProgrammeRules, StoredProgramme
from app.programmes.models import Department as DepartmentRecord
from app.rules.parameters import Parameters
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


class _Body:
    """A stored body that is equal to another with the same hash, so that parsing it once serves every request."""

    __slots__ = ("content", "digest")

    def __init__(self, digest: str, content: dict[str, Any]) -> None:
        self.digest, self.content = digest, content

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Body) and self.digest == other.digest


@lru_cache(maxsize=4096)
def _parsed(body: _Body) -> tuple[ProgrammeRecord, ProgrammeRules | None, str]:
    content = dict(body.content)
    document = content.pop("document")
    record = ProgrammeRecord.model_validate(content)
    return record, record.rules(), document


def list_programmes(session: Session, known_at: datetime | None = None) -> list[StoredProgramme]:
    """All programmes by slug as they were recorded at an instant (None: now), whatever their validity."""
    query = select(ProgrammeVersion).join(Programme).order_by(Programme.slug)
    if known_at is None:
        query = query.where(ProgrammeVersion.recorded_to.is_(None))
    else:
        later = or_(ProgrammeVersion.recorded_to.is_(None), ProgrammeVersion.recorded_to > known_at)
        query = query.where(ProgrammeVersion.recorded_from <= known_at, later)
    return [_stored(version) for version in session.scalars(query)]


def get_programme(session: Session, slug: str) -> StoredProgramme:
    """The open version of a programme. Raises ProgrammeNotFound."""
    query = select(ProgrammeVersion).join(Programme).where(Programme.slug == slug)
    version = session.scalars(query.where(ProgrammeVersion.recorded_to.is_(None))).one_or_none()
    if version is None:
        raise ProgrammeNotFound(f"没有代码为“{slug}”的扶持政策，可先查看政策列表")
    return _stored(version)


def _stored(version: ProgrammeVersion) -> StoredProgramme:
    record, rules, document = _parsed(_Body(version.content_hash, version.body))
    return StoredProgramme(record, rules, document, version.version)


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


def list_series(session: Session) -> list[PublishedSeries]:
    """All reference-rate series with their points."""
    points: dict[Any, list[PublishedPoint]] = {}
    for point in session.scalars(select(RatePoint).order_by(RatePoint.valid_from)):
        published = PublishedPoint.model_validate({"from": point.valid_from, "percent": point.rate_percent})
        points.setdefault(point.series_id, []).append(published)
    return [
        PublishedSeries(
            code=row.code,
            name=row.name,
            unit="percent",
            source=row.source,
            cite=(row.citation or {}).get("own", row.source),
            known_through=row.known_through,
            points=tuple(points.get(row.id, ())),
        )
        for row in session.scalars(select(RateSeries).order_by(RateSeries.code))
    ]


def read_rates(session: Session) -> Rates:
    """All series, ready for quotes."""
    return Rates.of(list_series(session))
