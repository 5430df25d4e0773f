"""The command line: `yinqiao serve`, `migrate`, `seed`, `demo` and `policies load-text`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
import uvicorn
from sqlalchemy.exc import OperationalError, ProgrammingError
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from app.config import Settings, read_settings
from app.demo.load import DEFAULT_SEED, DEFAULT_SIZE, MOST, holds_other, households_of, is_empty, load_sample
from app.demo.models import Sample, read_sample
from app.errors import AppError
from app.http.clock import now
from app.http.logs import configure_logs
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import Loaded, load_seeds
from app.programmes.seeds import SeedRefused, read_seeds
from app.programmes.texts import TextRefused, load_texts
from app.store.engine import Database, open_database
from app.store.migrate import current_revision, head_revision, migrate
from app.store.tables import Institution

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

_TRY = """
银桥已在 http://{host}:{port} 启动（SQLite：{file}）。另开一个终端试试：

  1. 一个康养项目能得到什么？每个条件的数值、结论和条款：
     curl -s http://{host}:{port}/api/v1/eligibility-checks -H 'Content-Type: application/json' \\
       -d '{{"facts": {{"project.is_kangyang": true, "project.region_code": "140105", "project.investor": "social", "project.investment_yuan": "480000000"}}}}'

  2. 一笔贷款逐年能贴多少息，各种口径相差多少：
     curl -s http://{host}:{port}/api/v1/interest-subsidy-quotes -H 'Content-Type: application/json' \\
       -d '{{"principal_yuan": "20000000", "drawn_on": "2022-07-01", "due_on": "2025-07-01", "contract_rate_percent": "4.45"}}'

  3. 政策、条款和全部接口：
     curl -s http://{host}:{port}/api/v1/policies
     浏览器打开 http://{host}:{port}/docs

{sample}按 Ctrl+C 停止。
"""  # noqa: E501  a command that somebody copies must not be broken

_TRY_SAMPLE = """  4. 一家虚构机构适合哪些政策和贷款产品、差在哪里；全部虚构产品：
     curl -s http://{host}:{port}/api/v1/institutions/{institution}/matches
     curl -s http://{host}:{port}/api/v1/products

"""


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
    with _database(settings) as database:
        _require_newest(database)
    _serve(settings, host, port)


def _require_newest(database: Database) -> None:
    if current_revision(database.engine) != head_revision():
        _fail("数据库结构不是当前版本，请先运行 yinqiao migrate，再运行 yinqiao seed")


def _serve(settings: Settings, host: str, port: int) -> None:
    configure_logs(settings.log_level)
    uvicorn.run(create_app(settings), host=host, port=port, log_config=None, access_log=False)


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


def _seed(settings: Settings, database: Database) -> Loaded:
    seeds = read_seeds(settings.seed_path)
    with database.writing() as session:
        loaded = load_seeds(session, seeds, now())
        load_banks(session, settings.seed_path)
        return loaded


@cli.command(cls=_InChinese, options_metavar=_OPTIONS)
def demo(host: Host = "127.0.0.1", port: Port = 8000, institutions: SampleSize = None, seed: SampleSeed = None) -> None:
    """建库、装入政策和虚构样本，并以 SQLite 提供服务；打印可以试的命令"""
    file = Path("var/demo.db").resolve()
    settings = read_settings().model_copy(update={"database_url": f"sqlite:///{file}"})
    size = DEFAULT_SIZE if institutions is None else institutions
    wanted = DEFAULT_SEED if seed is None else seed
    sample = read_sample(settings.seed_path)
    if file.exists() and (institutions, seed) != (None, None) and _is_other(settings, sample, size, wanted):
        typer.echo("样本的规模或种子变了，重建演示库")
        _remove(file)
    shown = _fill_demo(settings, sample, size, wanted)
    example = _TRY_SAMPLE.format(host=host, port=port, institution=shown) if shown else ""
    typer.echo(_TRY.format(host=host, port=port, file=file, sample=example))
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
    with _database(read_settings()) as database, database.writing() as session:
        for report in load_texts(session, folder, now()):
            typer.echo(str(report))
