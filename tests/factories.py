"""Rows for the tests, all fictional: keyword-only functions with fixed defaults."""

from datetime import UTC, date, datetime
from typing import Any

from app.store.tables import Clause, PolicyDocument, Programme, ProgrammeVersion, RateSeries


def a_document(**changes: Any) -> PolicyDocument:
    """A policy document of a province that does not exist."""
    row: dict[str, Any] = {
        "slug": "xugou-2026-1",
        "number": "虚构发〔2026〕1号",
        "title": "虚构的养老金融文件",
        "issued_on": date(2026, 1, 1),
        "territory": "140000",
        "issuers": ["虚构厅"],
        "source_kind": "original",
    }
    return PolicyDocument(**row | changes)


def a_clause(**changes: Any) -> Clause:
    """A clause; needs a `document_id`."""
    row: dict[str, Any] = {
        "key": "一(一)",
        "part": "一",
        "number": "(一)",
        "ordinal": 1,
        "title": "虚构条款",
        "summary": "虚构摘要",
        "departments": ["虚构厅"],
        "subject": "虚构机构",
        "force": "O",
        "decidability": "M",
    }
    return Clause(**row | changes)


def a_programme(**changes: Any) -> Programme:
    """A programme without versions."""
    return Programme(**{"slug": "xugou-subsidy"} | changes)


def a_version(**changes: Any) -> ProgrammeVersion:
    """The open first version of a programme; needs a `programme_id`."""
    row: dict[str, Any] = {
        "version": 1,
        "recorded_from": datetime(2026, 1, 1, tzinfo=UTC),
        "content_hash": "0" * 64,
        "territory": "140000",
        "force": "O",
        "confidence": "original",
        "body": {},
    }
    return ProgrammeVersion(**row | changes)


def a_series(**changes: Any) -> RateSeries:
    """A reference rate without points."""
    row: dict[str, Any] = {
        "code": "xugou-1y",
        "name": "虚构利率",
        "source": "虚构",
        "unit": "percent",
        "known_through": date(2026, 8, 20),
    }
    return RateSeries(**row | changes)
