"""`yinqiao import`: the same work from the command line, in a clerk's name and within the clerk's reach."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from app.access.permissions import Role
from app.cli import main
from app.store.engine import Database
from app.store.tables import Account, AuditEvent, Institution
from tests.access.people import somebody
from tests.institutions.imports.clerks import a_row, sheet

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", fresh_database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("YINQIAO_ATTACHMENTS_PATH", str(tmp_path / "files"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["yinqiao", "import", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, *capsys.readouterr()

    return run


def test_a_file_is_checked_then_written_in_somebodys_name(run: Run, fresh_database: Database, tmp_path: Path) -> None:
    with fresh_database.writing() as session:
        clerk = session.get_one(Account, somebody(session, Role.CIVIL_AFFAIRS, "140105").account_id).login
        auditor = session.get_one(Account, somebody(session, Role.AUDITOR).account_id).login
    file = tmp_path / "机构.csv"
    file.write_bytes(sheet([a_row("虚构松柏养老院"), a_row("虚构天龙护理院", 床位总数="很多")]))
    status, out, _ = run(str(file), "--as", clerk)
    assert (status, "新增 1 行，有误 1 行" in out, "第 3 行 E3" in out) == (0, True, True)
    assert "没有写入" in out
    status, _, err = run(str(file), "--as", clerk, "--apply")
    assert (status, "有 1 行有误" in err) == (1, True)
    assert run(str(file), "--as", clerk, "--apply", "--partial")[0] == 0
    with fresh_database.reading() as session:
        assert list(session.scalars(select(Institution.name))) == ["虚构松柏养老院"]
        actions = select(AuditEvent.credential).where(AuditEvent.action == "check_import").distinct()
        assert list(session.scalars(actions)) == ["command-line"]
    assert run(str(file), "--as", auditor)[0] == 1
    assert run(str(file), "--as", "nobody")[0] == 1
    assert run("--resume")[0] == 0
    assert run()[0] == 1
