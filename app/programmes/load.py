"""Bringing the database to what the seeds say. Loading the same seeds twice changes nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from app.programmes.models import ClauseRecord, DocumentRecord, ParameterRecord, PolicyFile, ProgrammeRecord
from app.programmes.seeds import Seeds
from app.store.base import Base
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
from app.subsidy import RateSeries as PublishedSeries

R = TypeVar("R", bound=Base)
# The origin of what was entered by people over the API; all else comes from the seeds.
API: Final = "api"


@dataclass(slots=True)
class Loaded:
    """How many rows a load has added, changed, closed or removed, and left as they were entered over the API."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    kept: int = 0

    def __str__(self) -> str:
        done = f"新增 {self.added}，更新 {self.changed}，停用 {self.removed}"
        return f"{done}，保留在线发布的 {self.kept}" if self.kept else done


def load_seeds(session: Session, seeds: Seeds, now: datetime) -> Loaded:
    """Writes documents, clauses, departments, parameters and rates as they are seeded.

    A programme that reads differently becomes a new version from `now`; the old one is kept for replays. What was
    entered over the API is never taken back: a programme whose open version was published there stays as it is,
    whatever the seeds say of it, and so do rates and days of knowledge.
    """
    _wait_for_others(session)
    load = _Load(session, now)
    for department in seeds.departments:
        load.put(Department, {"name": department.name}, {"renamed": _json(department)["renamed"]})
    for file in seeds.policies:
        load.document(file)
    load.parameters([record for file in seeds.policies for record in file.parameters])
    for series in seeds.series:
        load.series(series)
    load.close_programmes({programme.slug for file in seeds.policies for programme in file.programmes})
    return load.loaded


def _wait_for_others(session: Session) -> None:
    """Two instances may start at once. On SQLite the writing transaction has waited already, as it began."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE policy_document IN SHARE ROW EXCLUSIVE MODE"))


def _json(record: Any) -> dict[str, Any]:
    dumped: dict[str, Any] = record.model_dump(mode="json", by_alias=True)
    return dumped


class _Load:
    def __init__(self, session: Session, now: datetime) -> None:
        self._session, self._now = session, now
        self.loaded = Loaded()

    def put(self, table: type[R], key: dict[str, Any], values: dict[str, Any]) -> R:
        """The row with this key, brought to these values; made where there is none."""
        row = self._session.scalars(select(table).filter_by(**key)).one_or_none()
        if row is None:
            row = table(**key, **values)
            self._session.add(row)
            # The foreign keys of the rows below are the ids of this one.
            self._session.flush()
            self.loaded.added += 1
        elif differing := {name: value for name, value in values.items() if getattr(row, name) != value}:
            for name, value in differing.items():
                setattr(row, name, value)
            self.loaded.changed += 1
        return row

    def document(self, file: PolicyFile) -> None:
        document = self.put(PolicyDocument, {"slug": file.document.slug}, _document_values(file.document))
        for ordinal, clause in enumerate(file.clauses, start=1):
            self.put(Clause, {"document_id": document.id, "key": clause.key}, _clause_values(clause, ordinal))
        kept = [clause.key for clause in file.clauses]
        gone = select(Clause.id).where(Clause.document_id == document.id, Clause.key.not_in(kept))
        self._session.execute(delete(ClauseText).where(ClauseText.clause_id.in_(gone)))
        self._remove(Clause, list(self._session.scalars(gone)))
        for programme in file.programmes:
            self.programme(programme, file.document.slug)

    def programme(self, record: ProgrammeRecord, document: str) -> None:
        row = self.put(Programme, {"slug": record.slug}, {})
        body = {**_json(record), "document": document}
        digest = content_hash(body)
        latest = self._latest(row)
        if latest is not None and latest.recorded_to is None:
            if latest.origin == API:
                self.loaded.kept += latest.content_hash != digest
                return
            if latest.content_hash == digest:
                return
            latest.recorded_to = self._now
            # At most one version is open; the new one must not meet the old one before it is closed.
            self._session.flush()
            self.loaded.changed += 1
        elif latest is not None:
            self.loaded.added += 1
        version = ProgrammeVersion(
            programme_id=row.id,
            version=latest.version + 1 if latest else 1,
            recorded_from=self._now,
            content_hash=digest,
            territory=record.territory,
            force=record.force.value,
            confidence=record.confidence.value,
            valid_from=record.valid_from,
            valid_to=record.valid_to,
            body=body,
        )
        self._session.add(version)

    def _latest(self, programme: Programme) -> ProgrammeVersion | None:
        versions = select(ProgrammeVersion).where(ProgrammeVersion.programme_id == programme.id)
        return self._session.scalars(versions.order_by(ProgrammeVersion.version.desc()).limit(1)).one_or_none()

    def close_programmes(self, kept: set[str]) -> None:
        open_versions = (
            select(ProgrammeVersion, Programme.slug).join(Programme).where(ProgrammeVersion.recorded_to.is_(None))
        )
        for version, slug in self._session.execute(open_versions):
            if slug not in kept and version.origin != API:
                version.recorded_to = self._now
                self.loaded.removed += 1

    def parameters(self, records: Sequence[ParameterRecord]) -> None:
        keep = set()
        for record in records:
            for dated in record.values:
                key = {"key": record.key, "valid_from": dated.valid_from}
                self.put(ParameterValue, key, _parameter_values(record, dated.valid_to, str(dated.value)))
                keep.add((record.key, dated.valid_from))
        rows = self._session.scalars(select(ParameterValue)).all()
        self._remove(ParameterValue, [row.id for row in rows if (row.key, row.valid_from) not in keep])

    def series(self, series: PublishedSeries) -> None:
        values = {"name": series.name, "source": series.source, "unit": series.unit, "citation": {"own": series.cite}}
        row = self._session.scalars(select(RateSeries).filter_by(code=series.code)).one_or_none()
        row_known = row.known_through if row else series.known_through
        known = max(series.known_through, row_known)
        stored = self.put(RateSeries, {"code": series.code}, {**values, "known_through": known})
        entered = select(RatePoint.valid_from).where(RatePoint.series_id == stored.id, RatePoint.origin == API)
        kept = set(self._session.scalars(entered))
        before = self.loaded.added + self.loaded.changed
        for point in series.points:
            if point.from_ not in kept:
                key = {"series_id": stored.id, "valid_from": point.from_}
                self.put(RatePoint, key, {"rate_percent": point.percent})
        if row is not None and (self.loaded.added + self.loaded.changed > before or known != row_known):
            # Whoever read the series before must read it again before changing it.
            stored.version += 1

    def _remove(self, table: type[Clause | ParameterValue], ids: Sequence[Any]) -> None:
        if ids:
            self._session.execute(delete(table).where(table.id.in_(ids)))
            self.loaded.removed += len(ids)


def content_hash(body: dict[str, Any]) -> str:
    """SHA-256 of the body as canonical JSON: the same content always has the same hash."""
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _document_values(document: DocumentRecord) -> dict[str, Any]:
    return {
        "number": document.number,
        "title": document.title,
        "issued_on": document.issued_on,
        "territory": document.territory,
        "issuers": list(document.issuers),
        "source_kind": document.source.value,
        "status_note": document.note,
    }


def _clause_values(clause: ClauseRecord, ordinal: int) -> dict[str, Any]:
    values = clause.model_dump(mode="json", exclude={"key"})
    return {**values, "ordinal": ordinal}


def _parameter_values(record: ParameterRecord, valid_to: Any, value: str) -> dict[str, Any]:
    return {
        "valid_to": valid_to,
        "type": record.type.value,
        "value": value,
        "unit": record.unit,
        "label": record.label,
        "citation": _json(record.cite),
    }
