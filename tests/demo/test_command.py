"""`yinqiao demo` makes the sample once, keeps what is there, and begins anew for another size or seed."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from app import cli
from app.config import Settings
from app.demo.load import households_of
from app.demo.models import Sample
from app.programmes.seeds import Seeds
from app.store.engine import open_database
from app.store.tables import Institution
from tests.databases import settings_for


@pytest.fixture
def demo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seeds: Seeds, sample: Sample) -> Path:
    """A folder to run the command in, which then serves nothing."""

    def serve(_settings: Settings, _host: str, _port: int) -> None:
        return

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_serve", serve)
    # Reading half a megabyte of YAML takes longer than all the rest.
    monkeypatch.setattr(cli, "read_seeds", lambda _folder: seeds)
    monkeypatch.setattr(cli, "read_sample", lambda _folder: sample)
    return tmp_path


def run(*options: str) -> str:
    result = CliRunner().invoke(cli.cli, ["demo", *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def registered(folder: Path) -> int:
    database = open_database(settings_for(f"sqlite:///{folder / 'var' / 'demo.db'}"))
    with database.reading() as session:
        found = session.scalar(select(func.count()).select_from(Institution))
    database.dispose()
    return found or 0


def test_a_sample_is_loaded_once_and_kept_until_another_is_asked_for(demo_folder: Path, sample: Sample) -> None:
    first = households_of(sample, 5).key(0)
    loaded = run("--institutions", "30", "--seed", "5")

    assert "机构 30，" in loaded
    assert f"/api/v1/institutions/{first}" in loaded
    assert registered(demo_folder) == 30

    for kept in (run(), run("--institutions", "30", "--seed", "5")):
        assert "样本：" not in kept
    assert registered(demo_folder) == 30

    again = run("--institutions", "12", "--seed", "5")

    assert "重建演示库" in again
    assert registered(demo_folder) == 12


def test_none_means_none(demo_folder: Path) -> None:
    assert "/institutions/" not in run("--institutions", "0")
    assert registered(demo_folder) == 0


@pytest.mark.parametrize("size", ["-1", "400001", "many"])
def test_a_size_beyond_the_sample_is_refused(demo_folder: Path, size: str) -> None:
    result = CliRunner().invoke(cli.cli, ["demo", "--institutions", size])

    assert result.exit_code == 2
    assert not (demo_folder / "var").exists()
