"""`yinqiao import`: the same work as over HTTP, in this process, for a clerk who is named."""

import gc
import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from sqlalchemy import select

from app.access.audit.events import writing_for
from app.access.caller import Caller
from app.access.identify import identify_account
from app.access.permissions import Permission
from app.access.row_security import APP_ROLE, bind
from app.access.scope import FULL
from app.config import read_settings
from app.errors import AppError, Forbidden, NotFound
from app.http.clock import now
from app.institutions.imports.jobs import Sent, add_import
from app.institutions.imports.operations import Asker, get_operation
from app.institutions.imports.runner import Runner
from app.institutions.imports.sheet_rows import ROWS, counts
from app.institutions.imports.working import JOBS
from app.institutions.storage import Draft, Folder, Storage, draft_file
from app.store.engine import Database, open_database
from app.store.tables import Account
from app.store.types import new_key

_CREDENTIAL: Final = "command-line"
_MOST_TOLD: Final = 20
_LABELS: Final = {
    "added": "新增",
    "updated": "更新",
    "unchanged": "不变",
    "duplicate": "可能重复",
    "wrong": "有误",
    "changed": "核对后有变",
}


class ImportNotNamed(AppError):
    """Neither a file with whose name to import it in, nor the work that was left."""

    code = "import_not_named"
    title = "没有写明导入什么"


class NoSuchLogin(NotFound):
    code = "account_not_found"
    title = "没有这个账号"


@dataclass(frozen=True, slots=True)
class Desk:
    """What an import from the command line is done with."""

    database: Database
    storage: Storage
    clock: Callable[[], datetime]
    lease: timedelta

    @property
    def runner(self) -> Runner:
        return Runner(self.database, self.storage, self.clock, self.lease)


def import_file(desk: Desk, file: Path, login: str, *, apply: bool, partial: bool) -> Iterator[str]:
    """Send a file in somebody's name, do the work, and tell what came of it. Raises what the work ended with."""
    caller = _caller(desk, login)
    sent = Sent(file.name, not apply, "partial" if partial else "atomic", "hold")
    asker = Asker(caller.account_id or UUID(int=0), _CREDENTIAL, new_key().hex, "local")
    with draft_file(desk.storage) as draft:
        with file.open("rb") as source:
            shutil.copyfileobj(source, draft)
        draft.flush()
        kept = Draft(Path(draft.name), file.stat().st_size, _digest(file), None)
        with writing_for(desk.database, caller, "add_import", asker.request_id, asker.address) as session:
            import_id, operation = add_import(session, sent, kept, desk.storage, caller, asker, desk.clock())
    desk.runner.drain()
    yield from _told(desk, import_id, operation)


def import_workbook(
    file: Annotated[Path | None, typer.Argument(help="机构工作簿，xlsx 或 csv", exists=True, dir_okay=False)] = None,
    login: Annotated[str, typer.Option("--as", help="以哪个登录名的身份导入；只能导入其辖区的机构")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="核对后写入；不写则只核对")] = False,
    partial: Annotated[bool, typer.Option("--partial", help="只写能写的行；不写则有一行不能写入就全部不写")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="接着做中断了的导入，不需要文件")] = False,
) -> None:
    """核对或写入一个机构工作簿；服务可以照常运行"""
    settings = read_settings()
    # What was made so far lives to the end: no later collection need look through it for garbage.
    gc.freeze()
    # As the web process, so that row security holds for the clerk here too.
    database = open_database(settings, APP_ROLE)
    desk = Desk(database, Folder(settings.attachments_path), now, timedelta(seconds=settings.operation_lease_seconds))
    try:
        if resume:
            desk.runner.drain()
        elif file is None or not login:
            said = "请写文件和登录名：yinqiao import 养老机构.xlsx --as 登录名；接着做中断了的导入写 --resume"
            raise ImportNotNamed(said)
        else:
            for line in import_file(desk, file, login, apply=apply, partial=partial):
                typer.echo(line)
    finally:
        database.dispose()


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _caller(desk: Desk, login: str) -> Caller:
    with desk.database.reading() as session:
        account_id = session.scalar(select(Account.id).where(Account.login == login))
        if account_id is None:
            raise NoSuchLogin(f"没有登录名为“{login}”的账号")
        caller = identify_account(session, account_id, _CREDENTIAL, desk.clock())
    if not caller.may(Permission.IMPORT):
        raise Forbidden(f"账号“{login}”没有导入的权限；请用民政部门经办人的账号")
    return caller


class ImportEnded(AppError):
    """The work ended without its end; the words are those of the operation."""

    code = "import_ended"
    title = "导入没有完成"


def _told(desk: Desk, import_id: UUID, operation: UUID) -> Iterator[str]:
    with desk.database.reading() as session:
        bind(session, FULL)
        done = get_operation(session, operation, FULL)
        found = counts(session, import_id)
        state = session.execute(select(JOBS.c.state).where(JOBS.c.id == import_id)).scalar_one()
        query = select(ROWS.c.number, ROWS.c.problems).where(ROWS.c.import_id == import_id)
        bad: list[Any] = list(session.execute(query.where(ROWS.c.problems.is_not(None)).limit(_MOST_TOLD)))
    yield "，".join(f"{_LABELS[outcome]} {number:,} 行" for outcome, number in found.items() if number) or "没有数据行"
    for row in bad:
        for problem in row.problems:
            yield f"第 {row.number} 行 {problem['cell'] or ''} {problem['detail']}"
    if done["error_code"] is not None:
        raise ImportEnded(done["error_detail"])
    yield "已写入" if state == "applied" else f"只核对了，没有写入；确认后加 --apply 写入。导入编号 {import_id}"
