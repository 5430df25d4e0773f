"""What stands in the way of a batch, line by line. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.whitelist.batches_queries import Row
from app.whitelist.printing.lines import UNKNOWN, Line
from app.whitelist.registry_lines import Admitted


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing about a line; a `blocking` one has to be settled before the batch is announced or published."""

    nomination_id: UUID
    nomination_number: str
    name: str
    code: str
    detail: str
    blocking: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the lines of a batch: their subjects, which of those are listed, what is objected to."""

    subjects: Mapping[UUID, Admitted]
    listed: Collection[UUID]
    objected: Collection[UUID]


def problems_of(rows: Iterable[Row], known: Known) -> list[Problem]:
    """The problems of all lines, in their order."""
    return [problem for one in rows for problem in _of_row(one, known)]


def fallen_out(rows: Iterable[Row]) -> list[Problem]:
    """Withdrawn nominations leave the batch by themselves; it is only said."""
    detail = "申报人已撤回推荐，本条不再列入本批次"
    return [
        Problem(one.nomination.id, one.nomination.number, one.nomination.number, "withdrawn", detail, blocking=False)
        for one in rows
    ]


def _of_row(one: Row, known: Known) -> Iterator[Problem]:
    nomination, subject = one.nomination, known.subjects[one.nomination.id]
    line = subject.line

    def problem(code: str, detail: str, *, blocking: bool = True) -> Problem:
        return Problem(nomination.id, nomination.number, line.name, code, detail, blocking)

    if nomination.subject_id in known.listed:
        yield problem("already_listed", "已在名单上，请从本批次移出；需要延长的，办理续期")
    if nomination.id in known.objected:
        yield problem("open_objection", "公示期内有异议尚未处理，请先处理异议，或把本条移出本批次")
    if one.row.printed is not None and (changed := _changed(Line.from_json(one.row.printed), line)):
        detail = f"公示后{'、'.join(changed)}有变动，所公示的已不符，请把本条移出本批次，改后另行公示"
        yield problem("changed_since_notice", detail)
    if subject.need == UNKNOWN:
        yield problem("no_open_need", "没有未解决的融资需求，打印的名单上资金需求为空", blocking=False)


def _changed(announced: Line, now: Line) -> list[str]:
    """What identifies the subject has to be what was announced; beds and kinds are printed as announced."""
    names = {"name": "名称", "owner": "项目单位", "number": "信用代码", "region_code": "所在地"}
    return [label for name, label in names.items() if getattr(announced, name) != getattr(now, name)]
