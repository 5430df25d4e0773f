"""Settings: what the environment may say, and the advice a wrong value gets."""

from pathlib import Path

import pytest

from app.config import SettingsRefused, read_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YINQIAO_DATABASE_URL", raising=False)


def test_without_an_environment_the_database_is_a_file_under_var() -> None:
    settings = read_settings()
    assert settings.database_url == "sqlite:///var/yinqiao.db"
    assert (settings.migrations_path / "env.py").is_file()
    assert settings.seed_path.parent == settings.root_path == Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_psycopg(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", f"{scheme}://yinqiao@db/yinqiao")
    assert read_settings().database_url == "postgresql+psycopg://yinqiao@db/yinqiao"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("YINQIAO_DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("YINQIAO_DATABASE_URL", "sqlite://"),
        ("YINQIAO_DATABASE_URL", "sqlite:///:memory:"),
        ("YINQIAO_POOL_SIZE", "many"),
        ("YINQIAO_BODY_LIMIT_BYTES", "0"),
        ("YINQIAO_LOG_LEVEL", "loud"),
        ("YINQIAO_WEBHOOK_ALLOWED_NETWORKS", "10.20.0.0/16, intranet"),
        ("YINQIAO_WEBHOOK_ALLOWED_NETWORKS", "10.20.0.1/16"),
    ],
)
def test_a_wrong_value_is_refused_by_name_with_advice(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsRefused) as refusal:
        read_settings()
    assert name in refusal.value.detail
    assert "应为" in refusal.value.detail
    assert "hunter2" not in refusal.value.detail


def test_threads_without_a_connection_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_POOL_SIZE", "5")
    with pytest.raises(SettingsRefused, match="YINQIAO_WORKER_THREADS"):
        read_settings()


def test_a_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_DATABASE_URL", "postgresql://yinqiao:hunter2@db/yinqiao")
    assert "hunter2" not in repr(read_settings())
