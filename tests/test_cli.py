"""The command line: what it does, and how it says in Chinese what went wrong."""

import logging
import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from app.cli import main
from app.config import PROJECT_ROOT
from app.store.migrate import head_revision
from tests.programmes.folder import POLICY, write_folder


class Ended(NamedTuple):
    """How a command ended: its status and what it wrote."""

    status: int
    out: str
    err: str


Run = Callable[..., Ended]


WHITELIST = """
criteria:
  - slug: xugou-admission
    name: 虚构准入
    subject: institution
    effect: admission
    from: 2026-01-01
    document: xugou-2026-1
    rule: {op: eq, fact: institution.filed, value: true, id: filed, cite: {own: 虚构口径}}
reasons:
  - {code: xugou_reason, label: 虚构理由, for: [return], from: 2026-01-01}
"""


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """`serve` configures the logs of its process, which here is everybody's."""
    before, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command line with these arguments, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YINQIAO_SECRET_KEY", "k" * 40)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["yinqiao", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        written = capsys.readouterr()
        return Ended(status, written.out, written.err)

    return run


@pytest.fixture
def on_empty(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", empty_url)


@pytest.fixture
def on_small_seeds(on_empty: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose seed folder is the small fictional one."""
    root = tmp_path / "installation"
    write_folder(root / "seed")
    (root / "seed" / "banks.yaml").write_text("relending: []\n", encoding="utf-8")
    (root / "seed" / "whitelist.yaml").write_text(WHITELIST, encoding="utf-8")
    shutil.copytree(PROJECT_ROOT / "seed" / "sample", root / "seed" / "sample")
    shutil.copytree(PROJECT_ROOT / "seed" / "passwords", root / "seed" / "passwords")
    shutil.copytree(PROJECT_ROOT / "migrations", root / "migrations")
    monkeypatch.setenv("YINQIAO_ROOT_PATH", str(root))
    return root


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[FastAPI, dict[str, Any]]]:
    """What would have been served."""
    calls: list[tuple[FastAPI, dict[str, Any]]] = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: calls.append((app, options)))
    return calls


@pytest.mark.usefixtures("on_small_seeds")
def test_migrate_and_seed_can_be_run_again_and_again(run: Run) -> None:
    for _ in range(2):
        assert run("migrate") == Ended(0, f"数据库结构已是最新：{head_revision()}\n", "")
    assert run("seed").out == "政策库：新增 11，更新 0，停用 0\n"
    assert run("seed") == Ended(0, "政策库：新增 0，更新 0，停用 0\n", "")


@pytest.mark.usefixtures("on_empty")
@pytest.mark.parametrize("command", [["seed"], ["serve"], ["policies", "load-text", "."]])
def test_without_tables_a_command_says_to_migrate_first(run: Run, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "any.txt").write_text("（一）虚构。", encoding="utf-8")
    ended = run(*command)
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("错误：")
    assert "yinqiao migrate" in ended.err
    assert "Traceback" not in ended.err


def test_a_refused_seed_file_is_named_with_its_line(run: Run, on_small_seeds: Path) -> None:
    run("migrate")
    (on_small_seeds / "seed" / "policies" / "xugou.yaml").write_text(
        POLICY.replace("force: O", "force: X", 1), encoding="utf-8"
    )
    ended = run("seed")
    line = POLICY[: POLICY.index("force: O")].count("\n") + 1
    assert ended.status == 1
    assert ended.err.startswith(f"错误：xugou.yaml 第 {line} 行：/clauses/0/force 应为下列之一")


def test_a_refused_seed_folder_changes_nothing(run: Run, on_small_seeds: Path) -> None:
    run("migrate")
    second = POLICY.replace("slug: xugou-2026-1", "slug: xugou-2026-2")
    (on_small_seeds / "seed" / "policies" / "yugou.yaml").write_text(second, encoding="utf-8")
    assert run("seed").status == 1
    (on_small_seeds / "seed" / "policies" / "yugou.yaml").unlink()
    assert run("seed").out == "政策库：新增 11，更新 0，停用 0\n"


@pytest.mark.usefixtures("on_small_seeds")
def test_official_texts_are_loaded_and_loaded_again(run: Run, tmp_path: Path) -> None:
    run("migrate")
    run("seed")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "xugou-2026-1.txt").write_text("一、虚构\n（一）给星星。\n", encoding="utf-8")
    for _ in range(2):
        ended = run("policies", "load-text", "texts")
        assert ended == Ended(0, "虚构发〔2026〕1号：装入 1 条，没有找到 一(二)\n", "")


@pytest.mark.usefixtures("on_small_seeds")
@pytest.mark.parametrize(("name", "reason"), [("nobody.txt", "认不出 nobody.txt"), ("a.doc", "没有 .txt 文件")])
def test_texts_that_cannot_be_loaded_end_with_status_1(run: Run, tmp_path: Path, name: str, reason: str) -> None:
    run("migrate")
    run("seed")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / name).write_text("一、虚构\n（一）给星星。\n", encoding="utf-8")
    ended = run("policies", "load-text", "texts")
    assert (ended.status, ended.out) == (1, "")
    assert reason in ended.err


def test_a_bad_setting_is_named_in_chinese(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", "mysql://root:hunter2@db/x")
    ended = run("migrate")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("错误：环境变量 YINQIAO_DATABASE_URL 无效")
    assert "hunter2" not in ended.err


def test_a_database_that_cannot_be_opened_is_told_in_chinese(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("YINQIAO_DATABASE_URL", f"sqlite:///{tmp_path}/file/yinqiao.db")
    ended = run("migrate")
    assert ended.status == 1
    assert ended.err.startswith("错误：")


def test_a_server_that_is_away_is_told_in_chinese(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("YINQIAO_DATABASE_URL", f"postgresql://nobody:hunter2@127.0.0.1:{port}/nothing")
    ended = run("migrate")
    assert ended.status == 1
    assert ended.err.startswith("错误：数据库用不了")
    assert "hunter2" not in ended.err


@pytest.mark.usefixtures("on_small_seeds")
def test_serve_takes_its_address_and_serves_the_database(
    run: Run, served: list[tuple[FastAPI, dict[str, Any]]]
) -> None:
    run("migrate")
    run("seed")
    assert run("serve", "--host", "0.0.0.0", "--port", "8123").status == 0  # noqa: S104  nothing listens here
    ((app, options),) = served
    assert (options["host"], options["port"]) == ("0.0.0.0", 8123)  # noqa: S104
    with TestClient(app) as client:
        assert client.get("/readyz").json()["revision"] == head_revision()


def test_demo_makes_its_own_database_and_can_be_run_twice(
    run: Run, on_small_seeds: Path, served: list[tuple[FastAPI, dict[str, Any]]], tmp_path: Path
) -> None:
    for _ in range(2):
        ended = run("demo", "--port", "8124")
        assert ended.status == 0
        assert "http://127.0.0.1:8124/api/v1/eligibility-checks" in ended.out
    app, _ = served[-1]
    assert make_url(str(app.state.database.engine.url)).database == str(tmp_path / "var" / "demo.db")
    with TestClient(app) as client:
        assert len(client.get("/api/v1/programmes").json()["items"]) == 2


ENGLISH = re.compile(r"\b(Usage|Options?|Commands?|Arguments?|Error|Missing|No such|Try|Show|default|required)\b")


@pytest.mark.parametrize(
    "asked", [[], ["policies"], ["--help"], ["serve", "--help"], ["policies", "load-text", "--help"]]
)
def test_the_help_is_chinese_throughout(run: Run, asked: list[str]) -> None:
    ended = run(*asked)
    assert (ended.status, ended.err) == (0 if "--help" in asked else 2, "")
    assert "用法：yinqiao" in ended.out
    assert "显示本说明" in ended.out
    assert not ENGLISH.search(ended.out), ended.out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["fly"], "命令或选项没有写对，写法见 yinqiao --help"),
        (["serve", "--fly"], "命令或选项没有写对，写法见 yinqiao serve --help"),
        (["serve", "8000"], "命令或选项没有写对，写法见 yinqiao serve --help"),
        (["serve", "--port", "x"], "--port 没有写或写得不对，写法见 yinqiao serve --help"),
        (["serve", "--port", "65536"], "--port 没有写或写得不对，写法见 yinqiao serve --help"),
        (["serve", "--port"], "命令或选项没有写对，写法见 yinqiao --help"),
        (["policies", "fly"], "命令或选项没有写对，写法见 yinqiao policies --help"),
        (["policies", "load-text"], "folder 没有写或写得不对，写法见 yinqiao policies load-text --help"),
    ],
)
def test_a_command_that_cannot_be_read_is_told_in_chinese(run: Run, asked: list[str], said: str) -> None:
    assert run(*asked) == Ended(2, "", f"错误：{said}\n")
