"""Settings: read once from the environment (`YINQIAO_…`) and passed down; nothing below reads the environment."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.errors import AppError

ENV_PREFIX = "YINQIAO_"
# The checkout, or the folder an image copies the project into: seed/ and migrations/ stand beside the package.
PROJECT_ROOT = Path(__file__).resolve().parent.parent

_DEMO_KEY = "demonstration-only-known-to-everybody"
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
    # Whoever has it and the database can make second factors; it never stands in the database.
    secret_key: str | None = Field(
        default=None,
        min_length=32,
        max_length=200,
        repr=False,
        description="加密第二因素的密钥，32 到 200 个随机字符；各进程须一致，更换后所有第二因素须重设",
    )
    password_profile: Literal["nist", "djbh3"] = Field(default="nist", description="nist 或 djbh3（等保三级）")
    argon2_passes: int = Field(default=2, ge=1, le=20, description="口令散列的遍数，1 到 20 的整数")
    argon2_memory_kib: int = Field(
        default=19_456, ge=64, le=1_048_576, description="口令散列的内存 KiB 数，64 到 1048576 的整数"
    )
    argon2_lanes: int = Field(default=1, ge=1, le=8, description="口令散列的并行度，1 到 8 的整数")
    public_origin: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.\[\]:-]+$",
        description="浏览器看到的网址，如 https://yinqiao.example.cn，末尾不带斜线；单点登录必须设置",
    )
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^(https://|http://(localhost|127\.0\.0\.1)(:[0-9]+)?(/|$))[^\s?#]*$",
        description="单点登录的签发者网址，以 https:// 开头，与其 issuer 逐字相同；"
        "不写则不启用，写了还须设置 YINQIAO_OIDC_CLIENT_ID、YINQIAO_OIDC_CLIENT_SECRET 和 YINQIAO_PUBLIC_ORIGIN",
    )
    oidc_client_id: str | None = Field(default=None, min_length=1, description="在签发者处登记的 client_id")
    oidc_client_secret: str | None = Field(
        default=None, min_length=1, repr=False, description="在签发者处登记的 client_secret"
    )
    start_password_hours: int = Field(
        default=72, ge=1, le=720, description="首次登录用的密码多少小时内有效，1 到 720 的整数"
    )
    api_key_days: int = Field(default=366, ge=1, le=1_100, description="密钥最长有效天数，1 到 1100 的整数")
    institution_code_days: int = Field(
        default=14, ge=1, le=90, description="发给机构的代码多少天内有效，1 到 90 的整数"
    )
    # Set by `yinqiao demo` for itself; it lets everybody in who has read the documentation.
    demo: bool = Field(
        default=False, description="true 或 false；只有 yinqiao demo 用 true，仅限 SQLite，正式使用请勿设置"
    )
    requests_per_minute_and_caller: int = Field(
        default=600, ge=0, le=1_000_000, description="每个账号每分钟的请求上限，0 为不限"
    )
    requests_per_minute_and_address: int = Field(
        default=1_200, ge=0, le=1_000_000, description="每个网络地址每分钟的请求上限，0 为不限"
    )
    rate_limit_storage: str = Field(
        default="memory://", repr=False, description="memory:// 或 redis://主机:6379（多进程共用时），见 limits 库"
    )
    operation_lease_seconds: int = Field(
        default=30, ge=1, le=3_600, description="后台工作无进展多少秒后由别的进程接手，1 到 3600 的整数"
    )
    shutdown_seconds: int = Field(default=30, ge=1, le=600, description="停止服务时等待未完请求的秒数，1 到 600 的整数")
    body_seconds: int = Field(default=60, ge=1, le=3_600, description="收完一个请求体的秒数上限，1 到 3600 的整数")
    postgres_tools_path: Path | None = Field(
        default=None, description="pg_dump 和 pg_restore 所在的文件夹；不写则在 PATH 中找"
    )
    attachments_path: Path = Field(default=Path("var/attachments"), description="存放附件的文件夹")
    audit_seal_file: Path | None = Field(
        default=None, description="审计封存记录追加写入的文件，应放在数据库管理员改不到的地方；不写则不导出"
    )
    audit_syslog: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_.:\[\]-]+?(:[0-9]{1,5})?$",
        description="接收审计封存记录的 syslog 服务器（UDP），写作 主机 或 主机:端口",
    )
    audit_webhook: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        repr=False,
        description="接收审计封存记录的地址，以 https:// 或 http:// 开头",
    )
    # Read once as the service starts; whoever sets it lets the sender reach into these networks, over http too.
    webhook_allowed_networks: str = Field(
        default="",
        max_length=2_000,
        description="推送可以到达的内部网段，写作 10.20.0.0/16,192.168.7.0/24，逗号分隔；不写则只到公网地址",
    )
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

    @field_validator("webhook_allowed_networks")
    @classmethod
    def _networks(cls, written: str) -> str:
        for one in filter(None, map(str.strip, written.split(","))):
            ip_network(one)
        return written

    @model_validator(mode="after")
    def _a_connection_for_each_thread(self) -> Self:
        # A thread without a connection would queue behind the others and, in the end, answer 503.
        if self.worker_threads > self.pool_size:
            raise ValueError("worker_threads exceeds pool_size")
        return self

    @model_validator(mode="after")
    def _all_of_oidc(self) -> Self:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret and self.public_origin):
            raise ValueError("oidc_issuer without client or origin")
        return self

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks that webhooks may reach although they are nobody's on the open network."""
        return tuple(ip_network(one) for one in filter(None, map(str.strip, self.webhook_allowed_networks.split(","))))

    @property
    def seed_path(self) -> Path:
        """The folder of dated values with their citations."""
        return self.root_path / "seed"

    @property
    def migrations_path(self) -> Path:
        """The folder of Alembic's environment and revisions."""
        return self.root_path / "migrations"


def secret_key_of(settings: Settings) -> str:
    """The secret key; the demonstration, which is open to everybody, has one that everybody knows.

    Raises SettingsRefused. Whatever serves asks for it as it starts, not when somebody needs it.
    """
    if settings.secret_key is not None:
        return settings.secret_key
    if settings.demo:
        return _DEMO_KEY
    raise SettingsRefused(
        f"请设置环境变量 {ENV_PREFIX}SECRET_KEY：{Settings.model_fields['secret_key'].description}。"
        '可用 python -c "import secrets; print(secrets.token_urlsafe(48))" 生成'
    )


def read_settings() -> Settings:
    """Settings of this process. Raises SettingsRefused, in Chinese and without the values, which may be secrets."""
    try:
        return Settings()
    except ValidationError as refusal:
        raise SettingsRefused(_advice(refusal)) from None


def _advice(refusal: ValidationError) -> str:
    # A refusal of several settings together begins with the name of the one to look at.
    named = [str(error["loc"][0] if error["loc"] else error["ctx"]["error"]).split()[0] for error in refusal.errors()]
    return "\n".join(
        f"环境变量 {ENV_PREFIX}{name.upper()} 无效，应为：{Settings.model_fields[name].description}" for name in named
    )
