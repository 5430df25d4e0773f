"""A backup is one file: the database at one moment, every attachment that it names, and what both have to look like.

    backup.tar ─┬ manifest.json   kind of database, revision, rows of each table, SHA-256 of the database
                ├ database        SQLite: a copy by its backup interface; PostgreSQL: pg_dump's own format
                └ attachments/<SHA-256> …

The tools of each database copy it while others write. Attachments are copied after it: they are stored under their hash
and never change, so that whatever the copy names is there. A restore is checked against all of it before it counts.
"""

import hashlib
import json
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from sqlalchemy import Connection, Engine, func, inspect, make_url, select, text

from app.config import Settings
from app.errors import AppError
from app.store.base import Base
from app.store.engine import make_engine, read_only
from app.store.migrate import revision_of
from app.store.tables import Attachment, ImportJob

FORMAT: Final = 1
_MANIFEST, _DATABASE, _ATTACHMENTS = "manifest.json", "database", "attachments"
_CHUNK: Final = 1_048_576
_DEFINER_ROLE: Final = "yinqiao_app"


class BackupRefused(AppError):
    """The backup cannot be made, is damaged, or would be restored over something."""

    code = "backup_refused"
    title = "备份或恢复未能完成"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `rows` counts each table, `files` the attachments."""

    made_at: str
    dialect: str
    revision: str
    rows: Mapping[str, int]
    files: int
    database_sha256: str

    def written(self) -> bytes:
        """As JSON."""
        fields = {name: getattr(self, name) for name in Manifest.__slots__}
        return json.dumps({"format": FORMAT, **fields}, ensure_ascii=False, indent=1, sort_keys=True).encode()

    @classmethod
    def read(cls, content: bytes) -> "Manifest":
        """From JSON. Raises BackupRefused."""
        fields: dict[str, Any] = json.loads(content)
        if fields.pop("format", None) != FORMAT:
            raise BackupRefused("这个备份由别的版本的程序写成，请用那个版本恢复")
        return cls(**fields)


def back_up(settings: Settings, target: Path, at: datetime) -> Manifest:
    """Write a backup to `target`, which appears when it is complete. Raises BackupRefused."""
    if target.exists():
        raise BackupRefused(f"{target} 已存在，请换一个文件名")
    engine = make_engine(settings)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            copy, draft = Path(folder) / _DATABASE, Path(folder) / "backup.tar"
            manifest = _copied(engine, settings, copy, at)
            with tarfile.open(draft, "w") as archive:
                _add(archive, _MANIFEST, manifest.written(), folder)
                archive.add(copy, _DATABASE)
                for sha256 in _hashes(engine):
                    archive.add(_place(settings.attachments_path, sha256), f"{_ATTACHMENTS}/{sha256}")
            draft.replace(target)
            return manifest
    except FileNotFoundError as missing:
        raise BackupRefused(f"缺少文件 {missing.filename}：附件不全的备份没有用处，请先找回它") from None
    finally:
        engine.dispose()


def restore(settings: Settings, source: Path) -> Manifest:
    """Bring a backup back into an empty database and an empty folder, and check it. Raises BackupRefused."""
    engine = make_engine(settings)
    try:
        _require_empty(engine, settings)
        with tempfile.TemporaryDirectory() as folder, tarfile.open(source, "r") as archive:
            manifest = Manifest.read(_member(archive, _MANIFEST).read())
            _require_same_kind(engine, manifest)
            copy = Path(folder) / _DATABASE
            if _written(_member(archive, _DATABASE), copy) != manifest.database_sha256:
                raise BackupRefused("备份中的数据库已损坏（校验和不符），请换一份备份")
            _bring_back(engine, settings, copy)
            files = _restore_attachments(archive, settings.attachments_path)
        engine.dispose()
        _check(engine, manifest, files)
        return manifest
    except (tarfile.TarError, KeyError, json.JSONDecodeError, TypeError):
        raise BackupRefused(f"{source} 不是本程序的备份，或已损坏") from None
    finally:
        engine.dispose()


def _copied(engine: Engine, settings: Settings, copy: Path, at: datetime) -> Manifest:
    """Copy the database and say what the copy holds."""
    if engine.dialect.name == "sqlite":
        _copy_sqlite(engine, copy)
        seen = make_engine(settings.model_copy(update={"database_url": f"sqlite:///{copy}"}))
        with read_only(seen).connect() as connection:
            revision, rows, files = _contents(connection)
        seen.dispose()
    else:
        with read_only(engine).execution_options(isolation_level="REPEATABLE READ").connect() as connection:
            revision, rows, files = _contents(connection)
            _dump(connection, settings, copy)
    return Manifest(at.isoformat(), engine.dialect.name, revision, rows, files, _sha256(copy))


def _contents(connection: Connection) -> tuple[str, dict[str, int], int]:
    revision = revision_of(connection)
    if revision is None:
        raise BackupRefused("数据库里还没有表，没有可备份的内容")
    tables = inspect(connection).get_table_names()
    known = [table for table in Base.metadata.sorted_tables if table.name in tables]
    rows = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in known}
    return revision, rows, connection.scalar(select(func.count(Attachment.sha256.distinct()))) or 0


def _copy_sqlite(engine: Engine, copy: Path) -> None:
    """SQLite's own backup: consistent, beside writers. Then leave WAL, so that one file is all there is."""
    with engine.connect() as source:
        target = sqlite3.connect(copy)
        connection = source.connection.driver_connection
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError("an SQLite engine has SQLite connections")
        connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
        target.close()


def _dump(connection: Connection, settings: Settings, copy: Path) -> None:
    """pg_dump of the very snapshot in which the rows were counted.

    Under row security pg_dump refuses to run unless it is told to obey; the owner's policy then shows it every row.
    """
    owns = text("SELECT pg_has_role(current_user, tableowner, 'USAGE') FROM pg_tables WHERE tablename = 'institution'")
    if not connection.scalar(owns):
        raise BackupRefused("请用数据库的属主账号备份：别的账号受行级权限约束，备份会不完整")
    snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
    options = ["--format=custom", "--enable-row-security", "--no-owner", f"--snapshot={snapshot}", f"--file={copy}"]
    _run(settings, "pg_dump", *options)


def _bring_back(engine: Engine, settings: Settings, copy: Path) -> None:
    if engine.dialect.name == "sqlite":
        target = Path(str(make_url(settings.database_url).database))
        engine.dispose()
        for suffix in ("", "-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(copy, target)
        return
    with engine.begin() as connection:
        # The dump grants rights to the role, which belongs to the server and is therefore in no dump.
        connection.execute(
            text(
                f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{_DEFINER_ROLE}') "
                f"THEN CREATE ROLE {_DEFINER_ROLE} NOLOGIN; END IF; END $$"
            )
        )
    database = make_url(settings.database_url).database
    _run(settings, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={database}", copy)


def _run(settings: Settings, tool: str, *arguments: str | Path) -> None:
    """One of PostgreSQL's tools, its access data in the environment and never on the command line."""
    found = shutil.which(tool, path=settings.postgres_tools_path and str(settings.postgres_tools_path))
    if found is None:
        raise BackupRefused(f"找不到 {tool}：请安装 PostgreSQL 客户端工具，或设置 YINQIAO_POSTGRES_TOOLS_PATH")
    url = make_url(settings.database_url)
    access = {"PGHOST": url.host or url.query.get("host"), "PGPORT": url.port, "PGUSER": url.username}
    access |= {"PGPASSWORD": url.password, "PGDATABASE": url.database}
    environment = {name: str(value) for name, value in access.items() if value is not None}
    command = [found, *map(str, arguments)]
    # S603: our own list of arguments, without a shell.
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise BackupRefused(f"{tool} 失败：{done.stderr.strip()[:500]}")


def _require_empty(engine: Engine, settings: Settings) -> None:
    if inspect(engine).get_table_names():
        raise BackupRefused("目标数据库不是空的：恢复不会覆盖已有数据，请指定一个空库")
    folder = settings.attachments_path
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"附件文件夹 {folder} 不是空的，请指定一个空文件夹")


def _require_same_kind(engine: Engine, manifest: Manifest) -> None:
    if engine.dialect.name != manifest.dialect:
        raise BackupRefused(f"这是 {manifest.dialect} 的备份，不能恢复到 {engine.dialect.name}")


def _check(engine: Engine, manifest: Manifest, files: set[str]) -> None:
    """The restored database holds what the manifest says, and every attachment that it names."""
    with read_only(engine).connect() as connection:
        revision, rows, _ = _contents(connection)
    differing = [name for name in manifest.rows if rows.get(name) != manifest.rows[name]]
    if revision != manifest.revision or differing:
        raise BackupRefused(f"恢复后的数据库与备份清单不符：{'、'.join(differing) or revision}")
    missing = set(_hashes(engine)) - files
    if missing:
        raise BackupRefused(f"备份中缺少 {len(missing)} 个附件，第一个是 {min(missing)}")


def _restore_attachments(archive: tarfile.TarFile, folder: Path) -> set[str]:
    """Write each attachment under its hash, by which it is checked."""
    restored: set[str] = set()
    for member in archive.getmembers():
        kind, _, sha256 = member.name.partition("/")
        if kind != _ATTACHMENTS:
            continue
        place = _place(folder, sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _written(_member(archive, member.name), place) != sha256:
            place.unlink()
            raise BackupRefused(f"备份中的附件 {sha256} 已损坏（内容与校验和不符），请换一份备份")
        restored.add(sha256)
    return restored


def _hashes(engine: Engine) -> list[str]:
    with read_only(engine).connect() as connection:
        kept = select(Attachment.sha256).union(select(ImportJob.sha256))
        return sorted(connection.scalars(kept))


def _place(folder: Path, sha256: str) -> Path:
    """As `app.institutions.storage.Folder` lays them. Raises BackupRefused for what is no hash, such as a path."""
    if len(sha256) != hashlib.sha256().digest_size * 2 or not set(sha256) <= set("0123456789abcdef"):
        raise BackupRefused("备份中有名称不是校验和的附件，已停止恢复")
    return folder / sha256[:2] / sha256


def _add(archive: tarfile.TarFile, name: str, content: bytes, folder: str) -> None:
    file = Path(folder) / name
    file.write_bytes(content)
    archive.add(file, name)


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _written(source: IO[bytes], target: Path) -> str:
    """Copy a stream into a file; its SHA-256."""
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in _chunks(source):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk
