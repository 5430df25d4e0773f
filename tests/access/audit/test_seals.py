"""Seals: chained, exported after their commit, and what verifying says against them on the command line."""

import json
import socket
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text, update
from typer.testing import CliRunner

from app.access.audit.chain import SEAL_GENESIS
from app.access.audit.events import writing_as_service
from app.access.audit.export import SealExport
from app.access.audit.seals import SealedHeads, seals_after
from app.cli import cli
from app.http.clock import now
from app.store.engine import Database, open_database
from app.store.tables import AuditEvent, Organisation
from tests.access.audit.conftest import House
from tests.access.audit.trails import let_edit
from tests.databases import Databases, settings_for

SEALS = "/api/v1/audit-seals"


def a_seal(number: int = 1) -> SealedHeads:
    heads = [{"chain": "1403", "day": "2026-09-01", "hash": "a" * 64, "number": 1}]
    return SealedHeads(number, now(), heads, SEAL_GENESIS, "b" * 64)


def test_a_seal_covers_the_heads_links_to_the_seal_before_and_leaves_as_a_line(house: House) -> None:
    first, second = (house.client.post(SEALS, headers=house.audit_admin.headers).json() for _ in range(2))
    number = first["seal"]["number"]
    assert (second["seal"]["number"], second["seal"]["previous_hash"]) == (number + 1, first["seal"]["hash"])
    # The first sealing is an event itself, which the second covers.
    (event,) = house.events(action="seal_audit", object_id=str(number))
    (after,) = house.events(action="seal_audit", object_id=str(number + 1))
    newest: dict[str, tuple[int, str]] = {}
    for one in house.events():
        if one.id != after.id:
            newest[one.chain] = max(newest.get(one.chain, (0, "")), (one.number, one.hash))
    assert {one["chain"]: (one["number"], one["hash"]) for one in second["seal"]["heads"]} == newest
    assert newest[event.chain] == (event.number, event.hash)
    assert first["exports"] == [{"kind": "file", "delivered": True}]
    lines = [json.loads(line) for line in house.seal_file.read_text(encoding="utf-8").splitlines()]
    assert [line["hash"] for line in lines[-2:]] == [first["seal"]["hash"], second["seal"]["hash"]]
    listed = house.client.get(SEALS, headers=house.auditor.headers).json()["items"]
    assert listed[:2] == [second["seal"], first["seal"]]
    assert (listed[-1]["number"], listed[-1]["previous_hash"]) == (1, SEAL_GENESIS)


def test_a_file_gets_what_it_missed(house: House) -> None:
    house.client.post(SEALS, headers=house.audit_admin.headers)
    missed = house.seal_file.with_name("later.jsonl")
    with house.database.reading() as session:
        seals = seals_after(session, 0)
    export = SealExport(missed, None, None)
    assert [one.failure for one in export.send(seals[:1])] == [None]
    assert [one.failure for one in export.send(seals)] == [None]
    numbers = [json.loads(line)["number"] for line in missed.read_text(encoding="utf-8").splitlines()]
    assert numbers == [seal.number for seal in seals]


def test_a_target_that_fails_is_said_and_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(204)

    export = SealExport(in_the_way / "seals", None, "https://seals.example/", httpx.MockTransport(answer))
    failed, delivered = export.send([a_seal()])
    assert (failed.kind, delivered.kind, delivered.failure) == ("file", "webhook", None)
    assert failed.failure is not None
    assert json.loads(asked[0].content)["hash"] == "b" * 64


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_webhook_has_to_accept_and_is_not_followed_elsewhere(status: int) -> None:
    elsewhere = httpx.MockTransport(lambda _: httpx.Response(status, headers={"Location": "https://other.example/"}))
    (sent,) = SealExport(None, None, "https://seals.example/", elsewhere).send([a_seal()])
    assert f"{status}" in (sent.failure or "")


def test_syslog_gets_the_newest_seal_as_a_notice_of_the_audit() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        (sent,) = SealExport(None, f"127.0.0.1:{server.getsockname()[1]}", None).send([a_seal(1), a_seal(2)])
        message = server.recv(65_535).decode()
    assert sent.failure is None
    header, _, body = message.partition("audit-seal - ")
    assert header.startswith("<109>1 - ")
    assert json.loads(body)["number"] == 2


@pytest.fixture
def stored(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database with three events of the command line, two of them sealed into the file of the environment."""
    url = databases.create()
    monkeypatch.setenv("YINQIAO_DATABASE_URL", url)
    monkeypatch.setenv("YINQIAO_AUDIT_SEAL_FILE", str(tmp_path / "seals.jsonl"))
    database = open_database(settings_for(url))
    for number in range(3):
        with writing_as_service(database, f"xugou-{number}") as session:
            session.add(
                Organisation(code=f"x{number}", name="虚构", kind="audit", region_code="140000", created_at=now())
            )
        if number == 1:
            assert CliRunner().invoke(cli, ["seal-audit"]).exit_code == 0
    return database


def tamper(database: Database, statement: object) -> None:
    with database.engine.begin() as connection:
        let_edit(connection)
        connection.execute(statement)  # type: ignore[call-overload]
    database.dispose()


def test_the_command_line_verifies_names_the_place_and_the_unsealed_window(stored: Database) -> None:
    kept = CliRunner().invoke(cli, ["verify-audit"])
    assert (kept.exit_code, "发现 0 处" in kept.output) == (0, True)
    # Two events, the sealing itself, and one event after it.
    assert "尚未封存：链 00" in kept.output
    assert " 第 3 条 至 " in kept.output
    assert "共 2 条" in kept.output
    with stored.reading() as session:
        day = session.scalars(select(AuditEvent.day)).first()
    tamper(stored, update(AuditEvent.__table__).where(AuditEvent.number == 2).values(action="other"))  # type: ignore[arg-type]
    found = CliRunner().invoke(cli, ["verify-audit"])
    assert found.exit_code == 1
    assert f"链 00 {day} 第 2 条：内容被改" in found.output


def test_the_seals_may_be_given_as_a_file(stored: Database, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_text((tmp_path / "seals.jsonl").read_text(encoding="utf-8"), encoding="utf-8")
    tamper(stored, text("DELETE FROM audit_seal"))
    result = CliRunner().invoke(cli, ["verify-audit", "--seals", str(copy)])
    assert (result.exit_code, "封存第 1 号：封存记录不符" in result.output) == (1, True)


def test_an_unreadable_seal_file_is_a_finding(stored: Database, tmp_path: Path) -> None:
    stored.dispose()
    copy = tmp_path / "copy.jsonl"
    copy.write_text("{\n", encoding="utf-8")
    result = CliRunner().invoke(cli, ["verify-audit", "--seals", str(copy)])
    assert (result.exit_code, "封存记录不符" in result.output) == (1, True)
