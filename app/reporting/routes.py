"""Statistics over HTTP: a table, the rows behind one of its figures, and the table as a file."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AfterValidator, StringConstraints, WithJsonSchema
from sqlalchemy.orm import Session

from app.access.audit.record import record
from app.access.caller import CalledBy, Caller
from app.access.permissions import Permission, permits
from app.access.scope import FEW
from app.errors import Forbidden
from app.http.clock import today
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads
from app.products.schemas import BankCode, ProductRegion
from app.reporting.answers import case_out, read_table, statistics_out
from app.reporting.asked import Asked, StatisticsRefused, check, period, refused
from app.reporting.build import Sight
from app.reporting.files import MEDIA_TYPES, FileFormat, written
from app.reporting.frame import KIND_LABELS
from app.reporting.measures import COLUMNS, COUNTED_BY, NOT_FOR_BANKS, TOTAL, By, Measure
from app.reporting.queries import is_bank, rows_order, select_rows
from app.reporting.schemas import StatisticsCaseListOut, StatisticsOut
from app.store.pages import CursorRefused, count_rows

router = APIRouter(route_class=StrictRoute, tags=["statistics"])

_KEYS: Final = {
    By.CITY: r"14[0-9]{2}00",
    By.COUNTY: r"14[0-9]{4}",
    By.KIND: "|".join(KIND_LABELS),
    By.BANK: r"[a-z0-9][a-z0-9-]{0,79}",
    By.MONTH: r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])",
}


def _one_of_the_kinds(value: str) -> str:
    if value not in KIND_LABELS:
        raise ValueError(f"没有这个类别，可写：{'、'.join(KIND_LABELS)}")
    return value


KindKey = Annotated[
    str, AfterValidator(_one_of_the_kinds), WithJsonSchema({"type": "string", "enum": list(KIND_LABELS)})
]
GroupedBy = Annotated[By, Query(description="按什么分行：市、县、机构类别、银行或月份")]
Since = Annotated[IsoDate | None, Query(alias="from", description="从这一天起（含），缺省为当年一月一日")]
Until = Annotated[IsoDate | None, Query(alias="to", description="到这一天止（含），缺省为今天")]
Region = Annotated[ProductRegion | None, Query(description="只计这个市、县及其以下，如 140300", examples=["140300"])]
Kinds = Annotated[
    list[KindKey] | None,
    Query(max_length=len(KIND_LABELS), description="只计这些类别，可写多次；project 为项目，unknown 为类别未登记"),
]
OfBank = Annotated[BankCode | None, Query(alias="bank", description="只计这家银行的对接，写银行代码；名单数不受影响")]
Cell = Annotated[
    str,
    StringConstraints(max_length=130, pattern=r"^[a-z_]{1,40}:[a-z0-9_-]{1,80}$"),
    Query(description="哪个数：列名:行代码，如 granted:140302；合计为 granted:total", examples=["granted:total"]),
]


def statistics_asked(
    caller: CalledBy,
    by: GroupedBy,
    begin: Since = None,
    end: Until = None,
    region: Region = None,
    kind: Kinds = None,
    bank: OfBank = None,
) -> Asked:
    """The question of a request. Raises StatisticsRefused."""
    exact = sees_cases(caller)
    first, last = period(begin, end, today(), exact=exact)
    return check(Asked(by, first, last, region, tuple(sorted(set(kind or ()))), bank), exact=exact)


Question = Annotated[Asked, Depends(statistics_asked)]


def sees_cases(caller: Caller) -> bool:
    """Whether single referrals are open to the caller; then no count tells more than they do."""
    return caller.may(Permission.READ_REFERRALS)


def case_reader(caller: CalledBy) -> Caller:
    """The caller, who may see single referrals. Raises Forbidden."""
    if not sees_cases(caller):
        raise Forbidden("逐条记录只向可查看单笔对接的单位开放，您可查看统计表")
    return caller


CaseReader = Annotated[Caller, Depends(case_reader)]


def sight_of(caller: Caller) -> Sight:
    """What the caller is to see of a table."""
    without = frozenset[str]() if caller.scope.bank_id is None else NOT_FOR_BANKS
    return Sight(None if sees_cases(caller) else FEW, without)


@router.get(
    "/statistics",
    operation_id="get_statistics",
    summary="名单、推送和融资对接的统计，按市、县、类别、银行或月份",
    responses=problem_responses(StatisticsRefused),
)
@permits(Permission.READ_STATISTICS)
@reads
def get_statistics(session: Session, caller: CalledBy, asked: Question) -> StatisticsOut:
    """Counts within the caller's region; a bank counts its own follow-up."""
    return _table(session, caller, asked)


@router.get(
    "/statistics/rows",
    operation_id="list_statistics_rows",
    summary="一个统计数背后的逐条记录",
    responses=problem_responses(StatisticsRefused, CursorRefused),
)
@permits(Permission.READ_STATISTICS)
@reads
def list_statistics_rows(
    session: Session, caller: CaseReader, paging: Paged, asked: Question, cell: Cell
) -> StatisticsCaseListOut:
    """As many rows as the figure counts, under the same filters."""
    measure, key = _meant(asked, cell)
    _check_bank(session, asked)
    query = select_rows(measure, key, asked, caller.scope)
    page = paging.pages.take(session, query, rows_order(measure), paging.asked(cell=cell, **asked.named()))
    paging.link(page.next_cursor)
    return StatisticsCaseListOut(
        cell=cell,
        measure=measure,
        items=[case_out(measure, row, caller.scope) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/exports/statistics",
    operation_id="export_statistics",
    summary="把统计表导出为 CSV 或工作簿；导出记入审计",
    response_class=Response,
    responses={
        **problem_responses(StatisticsRefused),
        200: {
            "description": "统计表文件，最后一行为合计，不含公式",
            "content": {
                MEDIA_TYPES[FileFormat.CSV]: {"schema": {"type": "string"}},
                MEDIA_TYPES[FileFormat.XLSX]: {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
)
@permits(Permission.READ_STATISTICS)
@reads
def export_statistics(
    session: Session,
    caller: CalledBy,
    asked: Question,
    file_format: Annotated[FileFormat, Query(alias="format", description="csv 或 xlsx")] = FileFormat.CSV,
) -> Response:
    """The same table as a file."""
    table = _table(session, caller, asked)
    record(session, object_type="statistics", detail={"format": file_format, "question": asked.named()})
    name = f"statistics-{asked.by}-{asked.begin}-{asked.end}.{file_format.value}"
    return Response(
        written(file_format, table),
        media_type=MEDIA_TYPES[file_format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _table(session: Session, caller: Caller, asked: Asked) -> StatisticsOut:
    _check_bank(session, asked)
    sight = sight_of(caller)
    return statistics_out(read_table(session, asked, caller.scope, sight), asked, caller.scope, sight)


def _check_bank(session: Session, asked: Asked) -> None:
    if asked.bank is not None and not is_bank(session, asked.bank):
        raise refused("bank", "bank_unknown", f"没有代码为 {asked.bank} 的银行，请从银行列表中选取")


def _meant(asked: Asked, cell: str) -> tuple[Measure, str]:
    """The measure and the key of a cell. Raises StatisticsRefused."""
    column, _, key = cell.partition(":")
    if column not in COUNTED_BY:
        raise refused("cell", "column_unknown", f"没有名为 {column} 的列，可写：{'、'.join(COLUMNS)}")
    if key != TOTAL and not re.fullmatch(_KEYS[asked.by], key):
        raise refused("cell", "row_unknown", f"这张表没有行 {key}，请写某行的 key，合计为 {TOTAL}")
    measure = COUNTED_BY[column]
    if measure is Measure.LISTED and asked.by is By.BANK and key != TOTAL:
        raise refused("cell", "row_unknown", f"名单不分银行，请写 {column}:{TOTAL}")
    return measure, key
