"""An import of a clerk's workbook beside the bare reader on the same file: read, checked and written as over HTTP.

The reader takes the cells from the file and no more. The import reads them in a process of its own, takes each for
what it means, looks at every row beside the registry, keeps what was found, looks again, and writes institutions with
their versions, search grams and trail. It runs in a fresh process, so that its memory is its own. On SQLite the time
is that of the processor, the parsing process included; PostgreSQL works in processes of others, so there it is the
clock's.
"""

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final, NamedTuple

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
from bench.measure import Clock, Times
from bench.table import Row
from tests.access.people import somebody
from tests.databases import Databases, SqliteDatabases, postgres_of_this_run, settings_for

SIZES: Final = (8_000, 50_000)
MOST: Final = 15.0
_WARM: Final = 300
_ROUNDS: Final = 3
_READER: Final = "calamine 只读单元格"
_MEGABYTE: Final = 1 << 20
_COUNTIES: Final = [region_names()[code] for code, region in regions().items() if region.level is Level.COUNTY]
_SYLLABLES: Final = (
    "福寿康宁安和松柏长青夕阳幸颐养春晖慈爱敬仁德善益乐享家园祥瑞祺悦馨怡静雅博泰永恒源泉溪山云月星辰林海"
)


class _Taken(NamedTuple):
    """What an import took: seconds, and bytes by which its process has grown at most."""

    seconds: float
    grown: int


def sections(sizes: Sequence[int] = SIZES) -> Iterator[tuple[str, list[list[str]]]]:
    """One section: every size on SQLite, the smallest on PostgreSQL too; the memory is told beside the sizes."""
    with TemporaryDirectory() as name, postgres_of_this_run() as postgresql:
        folder = Path(name)
        for rows in (_WARM, *sizes):
            _write(folder / f"{rows}.xlsx", rows)
        sqlite = SqliteDatabases(folder)
        contests: list[tuple[str, Databases, Clock, int]] = [("SQLite", sqlite, _processor, rows) for rows in sizes]
        contests.append(("PostgreSQL", postgresql, perf_counter, min(sizes)))
        found = [_contest(label, databases, clock, folder, rows) for label, databases, clock, rows in contests]
    memory = "，".join(f"{label} {rows:,} 行 {most // _MEGABYTE} MB" for label, rows, most, _ in found)
    title = f"工作簿导入，{len(columns())} 列（每次；对照：{_READER}；导入进程内存峰值增长：{memory}）"
    yield title, [cells for _, _, _, cells in found]


def _contest(
    label: str, databases: Databases, clock: Clock, folder: Path, rows: int
) -> tuple[str, int, int, list[str]]:
    ours = f"{label}：核对并写入 {rows:,} 行"
    times: Times = {ours: [], _READER: []}
    grown = []
    for _ in range(_ROUNDS):
        times[_READER].append(_timed(partial(_read, folder / f"{rows}.xlsx"), clock))
        taken = _in_a_process_of_its_own(databases, clock, folder, rows)
        times[ours].append(taken.seconds)
        grown.append(taken.grown)
    return label, rows, max(grown), Row(ours, _READER, times, 1, MOST if label == "SQLite" else None).cells()


def _in_a_process_of_its_own(databases: Databases, clock: Clock, folder: Path, rows: int) -> _Taken:
    urls = [databases.create() for _ in range(2)]
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        taken = process.submit(_imported, urls, clock, folder, rows).result()
    for url in urls:
        databases.drop(url)
    return taken


def _imported(urls: Sequence[str], clock: Clock, folder: Path, rows: int) -> _Taken:
    """As in a server that has run for a while: a small import has been before it."""
    warm, url = urls
    # As the server and the command line do.
    gc.freeze()
    _import(warm, folder, _WARM)
    before = _peak()
    return _Taken(_timed(partial(_import, url, folder, rows), clock), _peak() - before)


def _timed(run: Callable[[], None], clock: Clock) -> float:
    gc.collect()
    started = clock()
    run()
    return clock() - started


def _processor() -> float:
    """Seconds of the processor that this process and those it waited for have taken."""
    used = (getrusage(whose) for whose in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> int:
    """Of this program alone: what getrusage tells is inherited from the process that started it."""
    found = re.search(r"VmHWM:\s*([0-9]+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1_024 if found else 0


def _read(file: Path) -> None:
    with closing(CalamineWorkbook.from_path(file)) as book:
        assert len(book.get_sheet_by_index(0).to_python()) > 1


def _import(url: str, folder: Path, rows: int) -> None:
    database = open_database(settings_for(url, attachments_path=folder))
    with database.writing() as session:
        clerk = session.get_one(Account, somebody(session, Role.CIVIL_AFFAIRS).account_id).login
    desk = Desk(database, Folder(folder), now, timedelta(seconds=30))
    told = list(import_file(desk, folder / f"{rows}.xlsx", clerk, apply=True, partial=True))
    assert told == [f"新增 {rows:,} 行", "已写入"], told
    database.dispose()


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
