"""The clerk's own sheet with what to change in it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.institutions.imports.refusals import ReportNotReady
from app.institutions.imports.sheet_rows import OPEN, ROWS
from app.institutions.storage import Storage
from app.institutions.workbook.marked import marked_copy
from app.institutions.workbook.rows import CellProblem

_READY: Final = frozenset({"checked", "applying", "applied", "undoing", "undone"})


def report_of(session: Session, job: Mapping[str, Any], storage: Storage) -> BinaryIO:
    """The marked copy as an open file that is gone once it is closed. Raises ReportNotReady."""
    if job["state"] not in _READY:
        raise ReportNotReady("还没有核对结果可下载；请等核对完成，文件读不出来的请先改正文件")
    problems: defaultdict[int, list[CellProblem]] = defaultdict(list)
    for number, problem in _problems(session, job["id"]):
        problems[number].append(problem)
    file = cast(BinaryIO, TemporaryFile())  # noqa: SIM115  whoever sends it closes it
    try:
        with storage.open(job["sha256"]) as source:
            marked_copy(Path(source.name), problems, file)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _problems(session: Session, import_id: UUID) -> Iterator[tuple[int, CellProblem]]:
    query = select(ROWS.c.number, ROWS.c.problems, ROWS.c.duplicates)
    for row in session.execute(query.where(ROWS.c.import_id == import_id, ROWS.c.outcome.in_(OPEN))):
        for one in row.problems or ():
            letter = None if one["cell"] is None else one["cell"].rstrip("0123456789")
            written = one["written"] or ""
            yield row.number, CellProblem(row.number, letter, one["heading"], written, one["detail"], one["code"])
        if not row.problems and row.duplicates:
            yield row.number, CellProblem(row.number, None, None, "", _namesakes(row.duplicates), "possible_duplicate")


def _namesakes(found: list[dict[str, Any]]) -> str:
    named = "、".join(f"“{one['name']}”{one['uscc'] or one['provisional_number']}" for one in found)
    same = "如是同一机构，请填它的统一社会信用代码和院点序号，没有代码的填它的临时编号"
    other = "确是另一机构，写入时选 duplicates=add"
    return f"可能与已登记的{named}重复；{same}；{other}"
