"""The demonstration's people: one for each role, and nowhere but in a demonstration."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access.permissions import Role
from app.config import Settings
from app.demo.load import households_of, load_sample
from app.demo.models import Sample
from app.demo.people import PASSWORD, PEOPLE, NoDemonstration, Stage, load_people, renew_keys, stage_of
from app.http.clock import now
from app.main import create_app
from app.store.engine import Database, open_database
from app.store.tables import Account, ApiKey, Organisation
from tests.databases import PostgresDatabases, SqliteDatabases, settings_for

SEED = 3
# So many that one of them is on the white list.
SIZE = 60


def demo_settings(url: str) -> Settings:
    return settings_for(url, demo=True, argon2_memory_kib=64, argon2_passes=1)


@pytest.fixture(scope="module")
def demo(sqlite: SqliteDatabases, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Demo"]:
    settings = demo_settings(sqlite.create())
    database = open_database(settings)
    file = tmp_path_factory.mktemp("demo") / "var" / "demo-keys.env"
    with database.writing() as session:
        load_sample(session, sample, SIZE, SEED)
        stage = stage_of(session, sample.banks, households_of(sample, SEED).key(0))
        assert load_people(session, stage, now(), settings) == len(PEOPLE)
        assert renew_keys(session, file, now(), settings)
    yield Demo(settings, database, file, stage)
    database.dispose()


class Demo:
    def __init__(self, settings: Settings, database: Database, file: Path, stage: Stage) -> None:
        self.settings, self.database, self.file, self.stage = settings, database, file, stage

    @property
    def keys(self) -> dict[str, str]:
        """As a shell reads them."""
        return dict(re.findall(r"^([A-Z_]+_KEY)=(yq_\S+)$", self.file.read_text(encoding="utf-8"), re.MULTILINE))


def test_there_is_somebody_for_every_role(demo: Demo) -> None:
    assert {one.role for one in PEOPLE} == set(Role)
    with demo.database.reading() as session:
        people = session.scalars(select(Account)).all()
        assert all("虚构" in one.name and one.login.startswith("demo-") for one in people)
        offices = session.scalars(select(Organisation.name).where(Organisation.code.startswith("demo-"))).all()
        assert all("虚构" in name for name in offices)


def test_their_keys_work_from_a_shell(demo: Demo) -> None:
    assert demo.keys.keys() == {one.variable for one in PEOPLE}
    assert stat.S_IMODE(demo.file.stat().st_mode) == 0o600
    client = TestClient(create_app(demo.settings, demo.database))

    def status(variable: str, path: str) -> int:
        return client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {demo.keys[variable]}"}).status_code

    own = f"/institutions/{demo.stage.institution_id}"
    assert [status(f"{name}_KEY", own) for name in ("COUNTY", "CITY", "PROVINCE", "INSTITUTION")] == [200] * 4
    assert status("INSTITUTION_KEY", f"{own}/matches") == 200
    assert status("SYSTEM_ADMIN_KEY", own) == 403
    assert status("SYSTEM_ADMIN_KEY", "/users") == 200


def test_keys_that_work_are_kept_and_lost_ones_replaced(demo: Demo) -> None:
    before = demo.keys
    with demo.database.writing() as session:
        assert load_people(session, demo.stage, now(), demo.settings) == 0
        assert not renew_keys(session, demo.file, now(), demo.settings)
    assert demo.keys == before
    demo.file.unlink()
    with demo.database.writing() as session:
        assert renew_keys(session, demo.file, now(), demo.settings)
        live = session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None))).all()
    assert len(live) == len(PEOPLE)
    assert not set(demo.keys.values()) & set(before.values())


def test_without_a_sample_there_is_neither_institution_nor_bank(sqlite: SqliteDatabases, sample: Sample) -> None:
    settings = demo_settings(sqlite.create())
    database = open_database(settings)
    with database.writing() as session:
        load_people(session, stage_of(session, sample.banks, None), now(), settings)
        roles = {role for one in session.scalars(select(Account)) for role in one.roles}
    database.dispose()
    assert roles == {role.value for role in Role} - {"bank", "institution"}


def test_they_are_made_in_no_other_service(sqlite: SqliteDatabases, postgresql: PostgresDatabases) -> None:
    for settings in (settings_for(sqlite.create()), settings_for(postgresql.create(), demo=True)):
        database = open_database(settings)
        with database.writing() as session:
            with pytest.raises(NoDemonstration):
                load_people(session, Stage(None, None, ()), now(), settings)
            assert session.scalar(select(Account.id)) is None
        database.dispose()


def test_their_password_is_documented_and_opens_nothing_else(demo: Demo) -> None:
    with demo.database.reading() as session:
        stored = set(session.scalars(select(Account.password_hash)))
    assert len(stored) == 1
    assert PASSWORD not in str(stored)
