"""The command line: `yinqiao serve`, `migrate`, `seed`, `demo` and `policies load-text`."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
import uvicorn
from sqlalchemy.exc import OperationalError, ProgrammingError
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from app.access.audit.events import writing_as_service
from app.access.audit.export import SealExport
from app.access.audit.seals import seals_after, take_seal
from app.access.audit.stored import read_seals, verify_stored
from app.access.audit.verify import Report
from app.access.bootstrap import bootstrap as first_people
from app.access.commands import told, users
from app.config import Settings, read_settings, secret_key_of
from app.demo.load import DEFAULT_SEED, DEFAULT_SIZE, MOST, holds_other, households_of, is_empty, load_sample
from app.demo.models import Sample, read_sample
from app.demo.people import PREFIX, holds_people, load_people, renew_keys, stage_of
from app.demo.to_try import to_try
from app.errors import AppError
from app.http.clock import now, today
from app.http.logs import configure_logs
from app.institutions.imports.commands import import_workbook
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import Loaded, load_seeds
from app.programmes.seeds import SeedRefused, read_seeds
from app.programmes.texts import TextRefused, load_texts
from app.referrals.deliver import deliver
from app.referrals.demonstration.year import live_through_the_year
from app.referrals.referral_reminders import remind_banks
from app.store.backup import back_up, restore
from app.store.engine import Database, open_database
from app.store.migrate import current_revision, head_revision, migrate
from app.store.tables import Institution
from app.whitelist.daily import run_daily
from app.whitelist.seeds import load_whitelist

# The frame of the help is English in the library, which offers these names to change it.
rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.DEFAULT_STRING = "[缺省为 {}]"
rich_utils.REQUIRED_LONG_STRING = "[必填]"
_OPTIONS: Final = "[选项]"


class _InChinese(TyperCommand):
    """A command whose usage and --help are Chinese."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _write_usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        return _in_chinese(super().get_help_option(ctx))


class _GroupInChinese(TyperGroup):
    """The same for a command that has commands."""

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        _write_usage(self, ctx, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        return _in_chinese(super().get_help_option(ctx))


def _write_usage(command: TyperCommand | TyperGroup, ctx: Any, formatter: Any) -> None:
    formatter.write_usage(ctx.command_path, " ".join(command.collect_usage_pieces(ctx)), prefix="用法：")


def _in_chinese(option: Any) -> Any:
    if option is not None:
        option.help = "显示本说明"
    return option


_GROUP: Final[dict[str, Any]] = {
    "cls": _GroupInChinese,
    "options_metavar": _OPTIONS,
    "subcommand_metavar": "命令 …",
    "no_args_is_help": True,
}
cli = typer.Typer(name="yinqiao", help="银桥：山西养老金融对接服务", add_completion=False, **_GROUP)
policies = typer.Typer(help="政策库", **_GROUP)
cli.add_typer(policies, name="policies")
cli.add_typer(users, name="user")
cli.command(name="import", cls=_InChinese, options_metavar=_OPTIONS)(import_workbook)
cli.command(cls=_InChinese, options_metavar=_OPTIONS)(deliver)

Host = Annotated[str, typer.Option(help="监听地址")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="监听端口")]
SampleSize = Annotated[
    int | None,
    typer.Option(
        "--institutions",
        min=0,
        max=MOST,
        help=f"虚构样本的机构数，0 为不要样本；不写则保留已有的，没有时为 {DEFAULT_SIZE}。与已有的不同时重建演示库",
    ),
]
SampleSeed = Annotated[
    int | None, typer.Option("--seed", help=f"样本的随机种子，同一种子得到同样的样本；缺省为 {DEFAULT_SEED}")
]

_DEMO_KEYS = Path("var/demo-keys.env")


def main() -> None:
    """Run the command line; what goes wrong is said in Chinese and ends with status 1, a slip of the pen with 2."""
    try:
        # The library would write its own English about what it cannot read.
        sys.exit(cli(prog_name="yinqiao", standalone_mode=False))
    except typer.TyperException as error:
        _refuse(error)
    except typer.Abort:
        _fail("已取消")
    except (AppError, SeedRefused, TextRefused) as error:
        _fail(error.detail if isinstance(error, AppError) else str(error))
    except (OperationalError, ProgrammingError) as error:
        # A table that is missing is the former on SQLite and the latter on PostgreSQL.
        _fail(f"数据库用不了：{error.orig}。请检查 YINQIAO_DATABASE_URL，并先运行 yinqiao migrate")
    except OSError as error:
        _fail(f"文件或端口用不了：{error}")


def _fail(message: str, status: int = 1) -> None:
    typer.echo(f"错误：{message}", err=True)
    sys.exit(status)


def _refuse(error: typer.TyperException) -> None:
    """Say what cannot be read. Where the error says nothing, nothing was asked, and the help is already written."""
    ctx = getattr(error, "ctx", None)
    where = "yinqiao" if ctx is None else ctx.command_path
    if isinstance(error, typer.BadParameter) and error.param is not None:
        _fail(f"{error.param.opts[0]} 没有写或写得不对，写法见 {where} --help", error.exit_code)
    if error.message:
        _fail(f"命令或选项没有写对，写法见 {where} --help", error.exit_code)
    sys.exit(error.exit_code)


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


@cli.command(cls=_InChinese, options_metavar=_OPTIONS)
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """启动服务（先运行 migrate 和 seed）"""
    settings = read_settings()
    secret_key_of(settings)  # Without one no administrator could sign in; better said now than then.
    with _database(settings) as database:
        _require_newest(database)
        _refuse_demonstration(settings, database)
    _serve(settings, host, port)


def _require_newest(database: Database) -> None:
    if current_revision(database.engine) != head_revision():
        _fail("数据库结构不是当前版本，请先运行 yinqiao migrate，再运行 yinqiao seed")


def _refuse_demonstration(settings: Settings, database: Database) -> None:
    with database.reading() as session:
        if holds_people(session) and not settings.demo:
            _fail("这是演示库，其中人员的密码是公开的，不能正式使用。请改 YINQIAO_DATABASE_URL，或运行 yinqiao demo")


def _serve(settings: Settings, host: str, port: int) -> None:
    configure_logs(settings.log_level)
    app = create_app(settings)
    # What was made so far lives to the end: no later collection need look through it for garbage.
    gc.freeze()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        # Whoever stops the service gives requests that are under way this long to end.
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


@cli.command(name="migrate", cls=_InChinese, options_metavar=_OPTIONS)
def migrate_command() -> None:
    """把数据库升级到最新结构"""
    settings = read_settings()
    with _database(settings) as database:
        migrate(database.engine, migrations=settings.migrations_path)
        typer.echo(f"数据库结构已是最新：{current_revision(database.engine)}")


@cli.command(cls=_InChinese, options_metavar=_OPTIONS)
def seed() -> None:
    """装入 seed/ 中的政策、条款、扶持政策、参数和利率；可反复运行"""
    settings = read_settings()
    with _database(settings) as database:
        typer.echo(f"政策库：{_seed(settings, database)}")


@cli.command()
def bootstrap(
    operator: Annotated[str, typer.Option("--operator", help="运行本系统的单位名称")] = "银桥运行单位",
) -> None:
    """在空库中建立运行单位、三名管理员和各级民政部门；首次登录的密码只显示这一次"""
    settings = read_settings()
    with _database(settings) as database, writing_as_service(database, "bootstrap") as session:
        made = first_people(session, operator, now(), settings)
    typer.echo(f"已建立 {operator} 和 {made.bureaux} 个民政部门。三名管理员须由三个人分别担任，首次登录须设第二因素：")
    for one in made.administrators:
        typer.echo(told(one.login, one.start))


def _seed(settings: Settings, database: Database) -> Loaded:
    seeds = read_seeds(settings.seed_path)
    with writing_as_service(database, "seed") as session:
        loaded = load_seeds(session, seeds, now())
        load_banks(session, settings.seed_path)
        load_whitelist(session, settings.seed_path)
        return loaded


@cli.command(cls=_InChinese, options_metavar=_OPTIONS)
def demo(host: Host = "127.0.0.1", port: Port = 8000, institutions: SampleSize = None, seed: SampleSeed = None) -> None:
    """建库、装入政策和虚构样本，并以 SQLite 提供服务；打印可以试的命令"""
    file = Path("var/demo.db").resolve()
    settings = read_settings().model_copy(update={"database_url": f"sqlite:///{file}", "demo": True})
    size = DEFAULT_SIZE if institutions is None else institutions
    wanted = DEFAULT_SEED if seed is None else seed
    sample = read_sample(settings.seed_path)
    if file.exists() and (institutions, seed) != (None, None) and _is_other(settings, sample, size, wanted):
        typer.echo("样本的规模或种子变了，重建演示库")
        _remove(file)
    shown = _fill_demo(settings, sample, size, wanted)
    program = Path(sys.argv[0]).absolute()
    typer.echo(to_try(f"{host}:{port}", file, _DEMO_KEYS.resolve(), program, shown))
    _serve(settings.model_copy(update={"log_level": "WARNING"}), host, port)


def _is_other(settings: Settings, sample: Sample, size: int, seed: int) -> bool:
    with _database(settings) as database:
        migrate(database.engine, migrations=settings.migrations_path)
        with database.reading() as session:
            return holds_other(session, sample, size, seed)


def _remove(file: Path) -> None:
    """The database with the two files that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _fill_demo(settings: Settings, sample: Sample, size: int, seed: int) -> UUID | None:
    """Bring the demonstration up to date; the sample's first institution, if the database holds this sample."""
    with _database(settings) as database:
        migrate(database.engine, migrations=settings.migrations_path)
        _seed(settings, database)
        shown = _fill_sample(database, sample, size, seed)
        with writing_as_service(database, "demo_people") as session:
            load_people(session, stage_of(session, sample.banks, shown), now(), settings)
            listed = live_through_the_year(session, PREFIX, [bank.code for bank in sample.banks], today())
            renew_keys(session, _DEMO_KEYS, now(), settings)
        if listed:
            run_daily(database, today(), now())
            remind_banks(database, today(), now())
        return shown


def _fill_sample(database: Database, sample: Sample, size: int, seed: int) -> UUID | None:
    with database.writing() as session:
        if size and is_empty(session):
            typer.echo(f"正在装入 {size:,} 家虚构机构……")
            typer.echo(f"样本：{load_sample(session, sample, size, seed)}")
        first = households_of(sample, seed).key(0)
        return first if session.get(Institution, first) else None


@policies.command("load-text", cls=_InChinese, options_metavar=_OPTIONS)
def load_text(
    folder: Annotated[Path, typer.Argument(help="放官方文本的文件夹，文件名为政策代码加 .txt")],
) -> None:
    """装入使用单位自有的官方文本，按条拆分；页面即可把原文与摘要并列"""
    with _database(read_settings()) as database, writing_as_service(database, "load_texts") as session:
        for report in load_texts(session, folder, now()):
            typer.echo(str(report))


@cli.command()
def daily(
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="按哪一天办理，如 2026-11-21；缺省为今天，不能晚于今天"),
    ] = None,
) -> None:
    """每天运行一次：名单到期的退出，发出到期和时限的提醒；可反复运行，几处同时运行也不会重复"""
    day = today() if on is None else on.date()
    if day > today():
        _fail(f"{day} 还没有到：到期的条目会提前退出名单。请写今天或过去的日期", 2)
    with _database(read_settings()) as database:
        typer.echo(f"{day} {run_daily(database, day, now())}，银行答复期限 {remind_banks(database, day, now())} 条")


@cli.command()
def backup(target: Annotated[Path, typer.Argument(help="备份文件，如 yinqiao-20261121.tar")]) -> None:
    """把数据库和附件备份成一个文件；服务可以照常运行"""
    made = back_up(read_settings(), target, now())
    typer.echo(f"已备份到 {target}：{sum(made.rows.values()):,} 行，{made.files:,} 个附件，结构版本 {made.revision}")


@cli.command(name="restore")
def restore_command(source: Annotated[Path, typer.Argument(help="backup 写成的文件", exists=True)]) -> None:
    """把备份恢复到空的数据库和空的附件文件夹，并逐项核对"""
    settings = read_settings()
    back = restore(settings, source)
    typer.echo(f"已恢复并核对：{sum(back.rows.values()):,} 行，{back.files:,} 个附件，备份于 {back.made_at}")
    with _database(settings) as database:
        if current_revision(database.engine) != head_revision():
            typer.echo("备份的结构版本较旧，请接着运行 yinqiao migrate")


@cli.command(name="seal-audit")
def seal_audit() -> None:
    """封存审计记录：固定各链的链头并导出到配置的文件、syslog 和网址；宜每小时运行一次"""
    settings = read_settings()
    export = SealExport.of(settings)
    with _database(settings) as database:
        with writing_as_service(database, "seal_audit") as session:
            seal = take_seal(session, now())
        with database.reading() as session:
            exports = export.send(seals_after(session, min(export.held(), seal.number - 1)))
    typer.echo(f"已封存第 {seal.number} 号，{len(seal.heads)} 条链。{seal.hash}")
    for one in exports:
        typer.echo(f"导出 {one.kind}：{'成功' if one.failure is None else f'失败，{one.failure}'}")
    if not exports:
        typer.echo("没有配置导出目标：只存在库中的封存防不住能改库的人，请设置 YINQIAO_AUDIT_SEAL_FILE 等")
    if any(one.failure is not None for one in exports):
        raise typer.Exit(1)


@cli.command(name="verify-audit")
def verify_audit(
    seals: Annotated[
        Path | None, typer.Option("--seals", help="导出的封存文件，每行一个；不写则用 YINQIAO_AUDIT_SEAL_FILE")
    ] = None,
) -> None:
    """核验审计记录：逐条指出被改、被删、被插、被截之处，并列出尚未封存的部分；有发现则以状态 1 退出"""
    settings = read_settings()
    file = seals or settings.audit_seal_file
    exported = None if file is None else read_seals(file.read_text(encoding="utf-8"))
    with _database(settings) as database, database.reading() as session:
        report = verify_stored(session, exported)
    for line in _told(report, file):
        typer.echo(line)
    if report.findings:
        raise typer.Exit(1)


def _told(report: Report, seals: Path | None) -> Iterator[str]:
    """What verifying found, in words."""
    yield from (str(finding) for finding in report.findings)
    yield f"共核验 {report.events} 条，发现 {len(report.findings)} 处"
    if seals is None:
        yield "没有导出的封存文件可对照，只用了库中的封存记录；能改库的人也能改它"
    if report.seal_number is None:
        yield "从未封存"
    else:
        yield f"最近一次封存：第 {report.seal_number} 号，{report.sealed_until}"
    for window in report.unsealed:
        first, last = (f"{day} 第 {number} 条" for day, number in (window.first, window.last))
        yield f"尚未封存：链 {window.chain} {first} 至 {last}，共 {window.events} 条"
