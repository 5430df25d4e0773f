"""`yinqiao bootstrap` and `yinqiao user`: the first people, and help from the host."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import func, select

from app.access.permissions import Role
from app.cli import main
from app.regions import regions
from app.store.engine import Database, open_database
from app.store.tables import Account, ApiKey, AuditEvent, Organisation
from tests.access.people import a_key
from tests.databases import Databases, settings_for

ADMINISTRATORS = {"system-admin": "system_admin", "security-admin": "security_admin", "audit-admin": "audit_admin"}


class Ended(NamedTuple):
    status: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def database(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database, which the command line works on."""
    url = databases.create()
    monkeypatch.setenv("YINQIAO_DATABASE_URL", url)
    made = open_database(settings_for(url))
    yield made
    made.dispose()
    databases.drop(url)


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

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


def account(database: Database, login: str) -> Account:
    with database.reading() as session:
        found = session.scalars(select(Account).where(Account.login == login)).one()
        session.expunge(found)
        return found


def test_it_makes_the_operator_three_administrators_and_the_bureaux_once(run: Run, database: Database) -> None:
    first = run("bootstrap", "--operator", "虚构运行中心")
    assert first.status == 0, first.err
    with database.reading() as session:
        people = {one.login: one for one in session.scalars(select(Account))}
        assert {login: one.roles for login, one in people.items()} == {
            login: (role,) for login, role in ADMINISTRATORS.items()
        }
        # They owe a password of their own, and with it the second factor of administrators.
        assert all(one.must_change_password and one.totp_confirmed_at is None for one in people.values())
        operator = session.scalars(select(Organisation).where(Organisation.kind == "operator")).one()
        assert operator.name == "虚构运行中心"
        assert {one.organisation_id for one in people.values()} == {operator.id}
        bureaux = select(func.count()).where(Organisation.kind == "civil_affairs")
        assert session.scalar(bureaux) == len(regions())
        hashes = [one.password_hash or "" for one in people.values()]
    passwords = re.findall(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b", first.out)
    assert len(set(passwords)) == 3
    assert not any(password in stored for password in passwords for stored in hashes)

    second = run("bootstrap")
    assert (second.status, second.out) == (1, "")
    assert "已有单位或账号" in second.err
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 3


def test_the_trail_says_that_the_command_line_did_it_and_no_password(run: Run, database: Database) -> None:
    out = run("bootstrap").out
    with database.reading() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "bootstrap")).one()
        told = str([event.changes, event.detail])
        assert (event.credential, event.account_id) == ("command-line", None)
    assert not any(password in told for password in re.findall(r"[0-9A-Z]{5}-[0-9A-Z-]{17}", out))


def test_whoever_is_locked_out_gets_a_new_start_from_the_host(run: Run, database: Database) -> None:
    run("bootstrap")
    before = account(database, "security-admin")
    shown = run("user", "reset-password", "security-admin")
    after = account(database, "security-admin")
    assert re.search(r"^security-admin\t[0-9A-Z]{5}-", shown.out)
    assert after.password_hash != before.password_hash
    assert after.role_stamp > before.role_stamp
    run("user", "reset-second-factor", "security-admin")
    assert account(database, "security-admin").role_stamp > after.role_stamp
    assert run("user", "unlock", "security-admin").status == 0


def test_an_account_that_was_taken_over_is_closed_from_the_host(run: Run, database: Database) -> None:
    run("bootstrap")
    with database.writing() as session:
        operator = session.scalars(select(Organisation).where(Organisation.kind == "operator")).one()
        stolen = Account(
            organisation_id=operator.id,
            login="xugou.stolen",
            name="虚构人员",
            roles=(Role.SYSTEM_ADMIN.value,),
            created_at=operator.created_at,
        )
        session.add(stolen)
        session.flush()
        a_key(session, stolen.id)
    assert run("user", "close", "xugou.stolen").status == 0
    closed = account(database, "xugou.stolen")
    assert closed.closed_at is not None
    with database.reading() as session:
        assert session.scalars(select(ApiKey.revoked_at).where(ApiKey.account_id == closed.id)).one() is not None
    assert "xugou.stolen" not in run("user", "list").out
    # Not even from the host is the last one of a kind closed.
    last = run("user", "close", "system-admin")
    assert last.status == 1
    assert "唯一的系统管理员" in last.err


def test_the_list_names_people_offices_and_roles(run: Run) -> None:
    run("bootstrap", "--operator", "虚构运行中心")
    lines = run("user", "list").out.splitlines()
    assert lines == sorted(lines)
    assert "security-admin\t安全管理员\t虚构运行中心\t安全管理员" in lines


@pytest.mark.parametrize("command", ["reset-password", "reset-second-factor", "unlock", "close"])
def test_an_unknown_login_is_said_to_be_so(run: Run, command: str) -> None:
    ended = run("user", command, "nobody")
    assert ended.status == 1
    assert "没有登录名为“nobody”的账号" in ended.err
