"""The server is killed while it works, again and again: what it acknowledged is there, and nothing is there twice."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import func, select

from app.access.audit.stored import verify_stored
from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.http.idempotency import HEADER
from app.store.engine import Database
from app.store.tables import AuditEvent, Institution
from tests.access.people import Person, somebody

# `make chaos` asks for 50.
KILLS = int(os.environ.get("YINQIAO_KILLS", "1"))
CLIENTS = 2
# How long after it is ready a server may live, in seconds: from its first request to its hundredth.
LIFE = (0.01, 0.5)
SERVER = """
import sys, uvicorn
from app.main import create_app

class Announced(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("ready", flush=True)

Announced(uvicorn.Config(create_app(), port=int(sys.argv[1]), log_config=None)).run()
"""


@dataclass
class Sender:
    """Registers one institution after another, each under a key of its own, until the server is gone."""

    name: str
    headers: dict[str, str]
    acknowledged: dict[str, UUID] = field(default_factory=dict)
    serial: int = 0

    def work(self, port: int) -> None:
        """Begin with the request whose answer did not come the last time."""
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                while True:
                    self._send(client)
        except httpx2.TransportError:
            return

    def settle(self, client: httpx2.Client) -> None:
        """Ask once more for what was under way at the last kill, until there is an answer."""
        waiting = self.serial
        while self.serial == waiting:
            self._send(client)

    def _send(self, client: httpx2.Client) -> None:
        key = f"{self.name}-{self.serial}"
        body = {"name": f"虚构{key}养老院", "facts": {"institution.region_code": "140302"}}
        answer = client.post("/api/v1/institutions", json=body, headers={**self.headers, HEADER: key})
        if answer.status_code == 409:
            # Of the killed server's transaction PostgreSQL may still be learning that it is over.
            return
        assert answer.status_code == 201, answer.text
        self.acknowledged[key] = UUID(answer.json()["id"])
        self.serial += 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(url: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A real server in a process of its own, ready to answer."""
    port = free_port()
    environment = os.environ | {
        "YINQIAO_DATABASE_URL": url,
        "YINQIAO_REQUESTS_PER_MINUTE_AND_CALLER": "0",
        "YINQIAO_REQUESTS_PER_MINUTE_AND_ADDRESS": "0",
    }
    command = [sys.executable, "-c", SERVER, str(port)]
    with subprocess.Popen(command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        try:
            yield port, server
        finally:
            server.kill()


def killed_once(url: str, senders: list[Sender], life: float) -> None:
    with running(url) as (port, server):
        threads = [threading.Thread(target=one.work, args=(port,)) for one in senders]
        for thread in threads:
            thread.start()
        killer = threading.Timer(life, server.send_signal, (signal.SIGKILL,))
        killer.start()
        for thread in threads:
            thread.join()
        killer.join()
        assert server.wait() == -signal.SIGKILL


@pytest.fixture
def clerk(fresh_database: Database) -> Person:
    with fresh_database.writing() as session:
        return somebody(session, Role.CIVIL_AFFAIRS, "140302")


@pytest.mark.timeout(120 if KILLS <= 3 else 3_600)
def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(fresh_database: Database, clerk: Person) -> None:
    chance, url = random.Random(20261121), fresh_database.engine.url.render_as_string(hide_password=False)
    senders = [Sender(f"s{number}", clerk.headers) for number in range(CLIENTS)]
    for _ in range(KILLS):
        killed_once(url, senders, chance.uniform(*LIFE))
    with running(url) as (port, _), httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        for sender in senders:
            sender.settle(client)
    acknowledged = {key: one for sender in senders for key, one in sender.acknowledged.items()}
    with fresh_database.reading() as session:
        stored = set(session.scalars(select(Institution.id)))
        events = session.scalar(select(func.count()).where(AuditEvent.action == "register_institution"))
        report = verify_stored(session, None)
    assert len(acknowledged) >= len(senders)
    assert stored == set(acknowledged.values())
    assert len(stored) == len(acknowledged) == events
    assert report.findings == []
