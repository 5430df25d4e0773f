"""From batches, lines and objections to answers, and to what is printed. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.institutions.places import place_name
from app.regions import PROVINCE
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from app.store.tables import Batch, Objection
from app.whitelist.batches_problems import Problem
from app.whitelist.batches_queries import Row
from app.whitelist.batches_schemas import (
    BatchLineOut,
    BatchOut,
    BatchRowOut,
    BatchStatus,
    LineOut,
    ObjectionOut,
    ProblemOut,
)
from app.whitelist.batches_service import STATE_LABELS
from app.whitelist.printing.content import PrintedList, PrintedRow
from app.whitelist.printing.lines import Line, need_text
from app.whitelist.registry_lines import Admitted

_SAME = ("id", "title", "notice_from", "notice_to", "number", "document_number", "published_on", "version")


def batch_row_out(batch: Batch, rows: int) -> BatchRowOut:
    """A batch in a list."""
    return BatchRowOut(
        **{name: getattr(batch, name) for name in _SAME},
        state=BatchStatus(batch.state),
        state_label=STATE_LABELS[batch.state],
        rows=rows,
        created_at=batch.created_at,
    )


def batch_out(batch: Batch, rows: int, problems: Sequence[Problem]) -> BatchOut:
    """A batch with everything."""
    return BatchOut(
        **batch_row_out(batch, rows).model_dump(),
        drafted_by=batch.drafted_by,
        announced_by=batch.announced_by,
        published_by=batch.published_by,
        abandon_reason=batch.abandon_reason,
        problems=[ProblemOut(**{name: getattr(one, name) for name in ProblemOut.model_fields}) for one in problems],
    )


def line_of(one: Row, subject: Admitted) -> Line:
    """As announced; of a draft as it would be today."""
    return subject.line if one.row.printed is None else Line.from_json(one.row.printed)


def line_out(line: Line) -> LineOut:
    """The public part of a line."""
    return LineOut(**line.to_json())


def batch_line_out(one: Row, subject: Admitted) -> BatchLineOut:
    """A line of a batch."""
    return BatchLineOut(
        serial=one.row.serial,
        nomination_id=one.nomination.id,
        nomination_number=one.nomination.number,
        line=line_out(line_of(one, subject)),
    )


def objection_out(one: Objection, nomination_number: str) -> ObjectionOut:
    """An objection."""
    same = ("id", "batch_id", "nomination_id", "recorded_at", "decision", "reason", "decided_at", "version")
    return ObjectionOut(
        **{name: getattr(one, name) for name in same},
        nomination_number=nomination_number,
        who=one.person,
        text=one.grounds,
    )


def printed_list(
    batch: Batch,
    rows: Sequence[Row],
    subjects: Mapping[UUID, Admitted],
    needs: Mapping[UUID, Sequence[Mapping[str, Any]]],
    region_code: str,
) -> PrintedList:
    """The list to print. `needs` are the facts frozen at admission, by nomination; others are as they are today."""
    lines = [
        PrintedRow(
            one.row.serial or place,
            line_of(one, subjects[one.nomination.id]),
            _need(needs.get(one.nomination.id), subjects[one.nomination.id]),
        )
        for place, one in enumerate(rows, start=1)
    ]
    return PrintedList(
        state=batch.state,
        batch_title=batch.title,
        number=batch.number,
        document_number=batch.document_number,
        notice_from=batch.notice_from,
        notice_to=batch.notice_to,
        published_on=batch.published_on,
        part=None if region_code == PROVINCE else place_name(region_code),
        made_at=_made_at(batch),
        rows=lines,
    )


def _need(frozen: Sequence[Mapping[str, Any]] | None, subject: Admitted) -> str:
    if frozen is None:
        return subject.need
    return need_text({key: _read(key, fact["value"]) for key, fact in facts.items()} for facts in frozen)


def _read(key: str, value: Any) -> Any:
    """Frozen facts are JSON, where money is text."""
    return Decimal(value) if CATALOGUE[key].type is FactType.DECIMAL else value


def _made_at(batch: Batch) -> datetime:
    """The last instant of the batch itself: the same list is printed with the same date at any time."""
    last = batch.published_at or batch.abandoned_at or batch.announced_at or batch.created_at
    # Files carry whole seconds.
    return last.replace(microsecond=0)
