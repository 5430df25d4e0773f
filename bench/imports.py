"""An import of a clerk's workbook beside the bare reader on the same file: read, checked and written as over HTTP.

The reader takes the cells from the file and no more. The import reads them in a process of its own, takes each for
what it means, looks at every row beside the registry, keeps what was found, looks again, and writes institutions with
their versions, search grams and trail. Measured is the time of the processor, that of the parsing process included.
"""

import resource
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from python_calamine import CalamineWorkbook
from stdnum.cn import uscc
from xlsxwriter import Workbook

from app.access.permissions import Role
from app.http.clock import now
from app.institutions.imports.commands import Desk, import_file
from app.institutions.storage import Folder
from app.institutions.workbook.columns import columns
from app.institutions.workbook.examples import example
from app.regions import Level, region_names, regions
from app.store.engine import open_database
from app.store.tables import Account
from bench.measure import Times
from bench.table import Row
from tests.access.people import somebody
from tests.databases import SqliteDatabases, settings_for

ROWS: Final = 50_000
MOST: Final = 15.0
_ROUNDS: Final = 2
_READER: Final = "calamine 只读单元格"
_MEGABYTE: Final = 1 << 20
_COUNTIES: Final = [region_names()[code] for code, region in regions().items() if region.level is Level.COUNTY]
_SYLLABLES: Final = (
    "福寿康宁安和松柏长青夕阳幸颐养春晖慈爱敬仁德善益乐享家园祥瑞祺悦馨怡静雅博泰永恒源泉溪山云月星辰林海"
)


def sections(rows: int = ROWS) -> Iterator[tuple[str, list[list[str]]]]:
    """One section for the size. The memory of this process is told beside it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "机构.xlsx"
        _write(file, rows)
        databases = SqliteDatabases(folder)
        ours = f"SQLite：核对并写入 {rows:,} 行（{len(columns())} 列）"
        times: Times = {ours: [], _READER: []}
        before = _peak()
        for number in range(_ROUNDS):
            times[_READER].append(_timed(partial(_read, file)))
            times[ours].append(_timed(partial(_import, databases, folder / str(number), file, rows)))
        grown = (_peak() - before) / _MEGABYTE
        row = Row(ours, _READER, times, 1, MOST).cells()
    yield f"工作簿导入（每次；对照：{_READER}；本进程内存峰值增长 {grown:.0f} MB）", [row]


def _timed(run: Any) -> float:
    started = _processor()
    run()
    return _processor() - started


def _processor() -> float:
    """Seconds of the processor that this process and those it waited for have taken."""
    used = (resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024


def _read(file: Path) -> None:
    assert len(CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()) > 1


def _import(databases: SqliteDatabases, folder: Path, file: Path, rows: int) -> None:
    url = databases.create()
    settings = settings_for(url, attachments_path=folder)
    database = open_database(settings)
    with database.writing() as session:
        clerk = session.get_one(Account, somebody(session, Role.CIVIL_AFFAIRS).account_id).login
    desk = Desk(database, Folder(folder), now, timedelta(seconds=30))
    told = list(import_file(desk, file, clerk, apply=True, partial=True))
    assert told == [f"新增 {rows:,} 行", "已写入"], told
    database.dispose()
    databases.drop(url)


def _write(file: Path, rows: int) -> None:
    """A sheet as the template asks for it, every column filled in every row."""
    offered = [column for column in columns() if column.offered]
    with Workbook(str(file), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("机构")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, [column.heading for column in offered])
        for number in range(rows):
            for at, column in enumerate(offered):
                own = _own(column.key, number)
                value: Any = example(column) if own is None else own
                if hasattr(value, "isoformat"):
                    sheet.write_datetime(number + 1, at, value, day)
                elif isinstance(value, str):
                    sheet.write_string(number + 1, at, value)
                elif value is not None:
                    sheet.write_number(number + 1, at, value)


def _own(key: str, number: int) -> str | int | None:
    """What tells one row from another; names have nothing in common but being fictional."""
    match key:
        case "name":
            drawn = [_SYLLABLES[number // len(_SYLLABLES) ** at % len(_SYLLABLES)] for at in range(3)]
            return f"虚构{''.join(reversed(drawn))}{number}养老院"
        case "uscc":
            body = f"52140000X{number:08d}"
            return body + uscc.calc_check_digit(body)
        case "site_number":
            return 1
        case "institution.region_code":
            return _COUNTIES[number % len(_COUNTIES)]
        case "institution.legal_form":
            return "民办非企业单位"
        case _:
            return None
