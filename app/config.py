"""Settings: read once from the environment (`YINQIAO_…`) and passed down; nothing below reads the environment."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import AppError

ENV_PREFIX = "YINQIAO_"
# The checkout, or the folder an image copies the project into: seed/ and migrations/ stand beside the package.
PROJECT_ROOT = Path(__file__).resolve().parent.parent

_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


class SettingsRefused(AppError):
    """An environment variable holds a value that the service cannot run on."""

    code = "settings_refused"
    title = "配置无效"


class Settings(BaseSettings):
    """All that differs between two installations. Each field's description is the advice a refused value gets."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore")

    database_url: str = Field(
        default="sqlite:///var/yinqiao.db",
        repr=False,
        description="sqlite:///相对路径、sqlite:////绝对路径 或 postgresql://用户:密码@主机/库名；不支持内存数据库",
    )
    pool_size: int = Field(default=20, ge=1, le=500, description="连接池大小，1 到 500 的整数")
    worker_threads: int = Field(
        default=20, ge=1, le=500, description="处理请求的线程数，1 到 500 的整数，不得大于 YINQIAO_POOL_SIZE"
    )
    pool_timeout_seconds: int = Field(default=30, ge=1, le=600, description="等待空闲连接的秒数，1 到 600 的整数")
    busy_timeout_ms: int = Field(
        default=15_000, ge=1, le=600_000, description="SQLite 等待写锁的毫秒数，1 到 600000 的整数"
    )
    statement_timeout_ms: int = Field(
        default=30_000, ge=1, le=3_600_000, description="PostgreSQL 单条语句的毫秒上限，1 到 3600000 的整数"
    )
    lock_timeout_ms: int = Field(
        default=10_000, ge=1, le=600_000, description="PostgreSQL 等待锁的毫秒上限，1 到 600000 的整数"
    )
    body_limit_bytes: int = Field(
        default=1_048_576, ge=1_024, le=104_857_600, description="请求体字节上限，1024 到 104857600 的整数"
    )
    # The same in every worker, or a page begun at one could not go on at another. Knowing it lets a caller write a
    # cursor of his own and no more: the scope is applied to every page, whatever the cursor says.
    cursor_secret: str = Field(
        default="yinqiao-cursor",
        min_length=8,
        max_length=200,
        repr=False,
        description="翻页游标的签名密钥，8 到 200 个字符；各进程须一致，生产环境请自行设置",
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, le=1_440, description="登录后多少分钟没有操作即失效，1 到 1440 的整数"
    )
    session_hours: int = Field(default=12, ge=1, le=168, description="登录最长有效小时数，1 到 168 的整数")
    attachments_path: Path = Field(default=Path("var/attachments"), description="存放附件的文件夹")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG、INFO、WARNING、ERROR 之一"
    )
    root_path: Path = Field(default=PROJECT_ROOT, description="含有 seed 与 migrations 两个目录的文件夹")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        if not separator or scheme not in _DRIVERS:
            raise ValueError("unknown database")
        if scheme == "sqlite" and (":memory:" in rest or "mode=memory" in rest or rest.strip("/") == ""):
            raise ValueError("no file named")
        return f"{_DRIVERS[scheme]}://{rest}"

    @model_validator(mode="after")
    def _a_connection_for_each_thread(self) -> Self:
        # A thread without a connection would queue behind the others and, in the end, answer 503.
        if self.worker_threads > self.pool_size:
            raise ValueError("worker_threads exceeds pool_size")
        return self

    @property
    def seed_path(self) -> Path:
        """The folder of dated values with their citations."""
        return self.root_path / "seed"

    @property
    def migrations_path(self) -> Path:
        """The folder of Alembic's environment and revisions."""
        return self.root_path / "migrations"


def read_settings() -> Settings:
    """Settings of this process. Raises SettingsRefused, in Chinese and without the values, which may be secrets."""
    try:
        return Settings()
    except ValidationError as refusal:
        raise SettingsRefused(_advice(refusal)) from None


def _advice(refusal: ValidationError) -> str:
    named = [str(error["loc"][0]) if error["loc"] else "worker_threads" for error in refusal.errors()]
    return "\n".join(
        f"环境变量 {ENV_PREFIX}{name.upper()} 无效，应为：{Settings.model_fields[name].description}" for name in named
    )
