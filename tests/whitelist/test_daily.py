"""`yinqiao daily`: what it says, that it may be run again, and that it does nothing ahead of its day."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.config import PROJECT_ROOT
from app.http.clock import now, today
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.store.engine import Database
from tests.whitelist.on_the_list import a_bureau, certified, in_days, listed

SAID = "到期退出名单 {} 个；新发提醒：白名单资格 {} 条，证照和等级 {} 条，办理时限 {} 条，银行答复期限 0 条"


@pytest.fixture
def runner(fresh_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    """The command line on a database of its own."""
    monkeypatch.chdir(tmp_path)
    url = fresh_database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("YINQIAO_DATABASE_URL", url)
    return CliRunner()


def test_a_day_is_done_once_and_said_in_chinese(runner: CliRunner, fresh_database: Database) -> None:
    with fresh_database.writing() as session:
        load_seeds(session, read_seeds(PROJECT_ROOT / "seed"), now())
        bureau = a_bureau(session)
        listed(session, certified(session, grade_until=in_days(7, today())), bureau, in_days(-1, today()))
        listed(session, certified(session), bureau, in_days(8, today()))
    first, again = (runner.invoke(cli, ["daily"]) for _ in range(2))
    assert first.output == f"{today()} {SAID.format(1, 2, 2, 0)}\n"
    assert again.output == f"{today()} {SAID.format(0, 0, 0, 0)}\n"
    assert runner.invoke(cli, ["daily", "--on", in_days(-40, today()).isoformat()]).exit_code == 0


def test_no_day_is_done_before_it_comes(runner: CliRunner) -> None:
    ended = runner.invoke(cli, ["daily", "--on", in_days(1, today()).isoformat()])
    assert ended.exit_code == 2
    assert "还没有到" in ended.output
