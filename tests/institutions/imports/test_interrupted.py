"""Work that is cut short: by a kill, by another process, by another clerk's sheet. Nothing is lost, nothing doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.access.audit.stored import verify_stored
from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.config import PROJECT_ROOT
from app.http.clock import now
from app.institutions.imports.operations import LeaseLost, finish, renew, take
from app.institutions.imports.runner import Runner
from app.institutions.storage import Folder
from app.store.engine import Database, open_database
from app.store.tables import ImportRow, Institution, Operation, institution_version
from tests.access.house import House
from tests.access.people import somebody
from tests.databases import Databases, settings_for
from tests.institutions.imports.clerks import a_clerk, a_row, an_office, sheet

KILLS = int(os.environ.get("YINQIAO_KILLS", "1"))
ROWS = 60 + 40 * KILLS
CHUNK = 10
# How many statements a worker may execute before it is killed: a chunk takes some ten, the whole work hundreds.
LIFE = (5, 90)
WORKER = f"""
import sys
from datetime import timedelta
from sqlalchemy import Engine, event
from app.access.row_security import APP_ROLE
from app.config import read_settings
from app.http.clock import now
from app.institutions.imports.runner import Runner
from app.institutions.storage import Folder
from app.store.engine import open_database
settings = read_settings()
runner = Runner(
    open_database(settings, APP_ROLE), Folder(settings.attachments_path), now, timedelta(milliseconds=1), {CHUNK}
)
event.listen(Engine, "after_cursor_execute", lambda *_: print(flush=True))
runner.drain()
"""


def worker(url: str, folder: Path) -> "subprocess.Popen[str]":
    environment = os.environ | {"YINQIAO_DATABASE_URL": url, "YINQIAO_ATTACHMENTS_PATH": str(folder)}
    command = [sys.executable, "-c", WORKER]
    return subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)


def killed_once(url: str, folder: Path, life: int) -> int:
    """How it ended: killed after so many statements, or well before."""
    with worker(url, folder) as process:
        assert process.stdout is not None
        for _statement in zip(range(life), process.stdout, strict=False):
            pass
        process.send_signal(signal.SIGKILL)
        return process.wait()


@pytest.fixture
def idle(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """The service without a thread of its own: whatever is asked for waits for a process of the test."""
    monkeypatch.setattr(Runner, "wake", lambda _runner: None)
    yield from an_office(databases, tmp_path)


@pytest.mark.timeout(120 if KILLS <= 3 else 3_600)
@pytest.mark.parametrize("mode", ["atomic", "partial"])
def test_killed_again_and_again_nothing_is_lost_and_nothing_doubled(idle: House, tmp_path: Path, mode: str) -> None:
    chance = random.Random(f"2026-11-21 {mode}")
    url = idle.owner.engine.url.render_as_string(hide_password=False)
    clerk = a_clerk(idle)
    names = [f"虚构{number}号{chr(0x4E00 + number * 37)}院" for number in range(ROWS)]
    rows = [a_row(name, "new" if number % 3 else None) for number, name in enumerate(names)]
    accepted = clerk.send(sheet(rows), dry_run=False, mode=mode, duplicates="add").json()
    ends = [killed_once(url, tmp_path, chance.randint(*LIFE)) for _ in range(KILLS)]
    assert ends[0] == -signal.SIGKILL
    with worker(url, tmp_path) as process:
        process.communicate()
        assert process.returncode == 0
    found = clerk.house.get(clerk.person, accepted["result"].removeprefix("/api/v1"))
    assert (found["state"], found["operation"]["state"]) == ("applied", "done")
    assert (found["counts"]["total"], found["counts"]["written"]) == (ROWS, ROWS)
    with idle.owner.reading() as session:
        assert Counter(session.scalars(select(Institution.name))) == Counter(names)
        assert session.scalar(select(func.count()).select_from(institution_version)) == ROWS
        assert session.scalar(select(func.count()).where(ImportRow.given.is_not(None))) == 0
        assert verify_stored(session, None).findings == []


def test_whoever_was_overtaken_changes_nothing(idle: House) -> None:
    clerk = a_clerk(idle)
    clerk.send([a_row("虚构晨光养老院")])
    with idle.owner.writing() as session:
        slow = take(session, now(), timedelta(seconds=-1))
    with idle.owner.writing() as session:
        fast = take(session, now(), timedelta(seconds=30))
        assert take(session, now(), timedelta(seconds=30)) is None
    assert slow is not None
    assert fast is not None
    assert slow.id == fast.id
    with pytest.raises(LeaseLost), idle.owner.writing() as session:
        renew(session, slow, now(), done=7)
    with pytest.raises(LeaseLost), idle.owner.writing() as session:
        finish(session, replace(slow, id=UUID(int=0)), now())
    with idle.owner.reading() as session:
        row = session.scalars(select(Operation)).one()
        assert (row.done, row.state, row.lease) == (0, "running", fast.lease)


def test_a_worker_that_dies_again_and_again_gives_up(idle: House) -> None:
    clerk = a_clerk(idle)
    clerk.send([a_row("虚构晚霞养老院")])
    for _ in range(11):
        with idle.owner.writing() as session:
            take(session, now(), timedelta(seconds=-1))
    with idle.owner.reading() as session:
        assert session.scalars(select(Operation.error_code)).one() == "work_interrupted"


def test_work_of_somebody_who_may_no_longer_is_refused(idle: House, tmp_path: Path) -> None:
    clerk = a_clerk(idle)
    asked = clerk.send([a_row("虚构暮云养老院")], dry_run=False).json()
    with idle.owner.writing() as session:
        account = somebody(session, Role.AUDITOR)
        session.execute(Operation.__table__.update().values(account_id=account.account_id))  # type: ignore[attr-defined]
    drained(idle.served, tmp_path)
    assert clerk.followed(f"/operations/{asked['id']}")["error"]["code"] == "forbidden"
    assert clerk.named("虚构暮云") == []


def drained(database: Database, folder: Path, chunk: int = CHUNK) -> None:
    Runner(database, Folder(folder), now, timedelta(seconds=30), chunk).drain()


@pytest.mark.parametrize("mode", ["atomic", "partial"])
def test_two_clerks_with_overlapping_sheets_register_each_site_once(idle: House, tmp_path: Path, mode: str) -> None:
    first, second = a_clerk(idle), a_clerk(idle)
    rows = [a_row(f"虚构{number}号{chr(0x4E00 + number * 37)}院") for number in range(50)]
    asked = [first.send(rows[:40], dry_run=False, mode=mode, duplicates="add")]
    asked.append(second.send(rows[:9:-1], dry_run=False, mode=mode, duplicates="add"))
    url = idle.owner.engine.url.render_as_string(hide_password=False)
    bases = [open_database(settings_for(url), APP_ROLE) for _ in asked]
    threads = [threading.Thread(target=drained, args=(base, tmp_path)) for base in bases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for base in bases:
        base.dispose()
    found = [clerk.outcome(one) for clerk, one in zip((first, second), asked, strict=True)]
    assert [one["state"] for one in found] == ["applied", "applied"]
    assert sum(one["counts"]["written"] for one in found) == 50
    assert sum(one["counts"]["unchanged"] for one in found) == 30
    with idle.owner.reading() as session:
        assert session.scalar(select(func.count()).select_from(Institution)) == 50
