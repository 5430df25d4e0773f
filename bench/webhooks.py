"""What the outbox and the sender cost: beside them the same signed messages to the same receivers, without either.

The receivers stand in a process of their own, verify every signature and count; nothing may be lost or unsigned, or
there are no figures. Ten banks with fifty changes each, or as YINQIAO_BENCH_WEBHOOKS says: 100x1000.
"""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final
from uuid import UUID, uuid4

import anyio
import httpx

from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.http.clock import now
from app.referrals.outbox import Notice, append_all
from app.referrals.outbox_schemas import MEDIA_TYPE, an_event
from app.referrals.sender import Sender, World
from app.referrals.targets import Policy, system_resolver
from app.referrals.webhook_secrets import Cupboard, signed_headers
from app.store.engine import Database, open_database
from app.store.tables import WebhookEndpoint, WebhookLane
from app.store.types import new_key
from bench.agreement import Disagreement
from bench.table import Row
from bench.webhook_receiver import secret_of
from tests.access.house import a_bank
from tests.access.people import somebody
from tests.databases import Databases, SqliteDatabases, postgres_of_this_run, settings_for

_KIND: Final = "cn.yinqiao.push.delivered"
# A hundred banks with a thousand changes take minutes each time, which is long enough to be said once.
_ROUNDS, _MANY = 3, 10_000
_OURS, _BARE = "发件箱与发送进程", "同样的签名请求，不记账"
_SIZE: Final = tuple(map(int, os.environ.get("YINQIAO_BENCH_WEBHOOKS", "10x50").split("x")))


@dataclass
class Contest:
    """One database, its banks, and the receivers."""

    database: Database
    world: World
    banks: Sequence[UUID]
    receivers: str
    changes: int
    sent: int = 0
    times: dict[str, list[float]] = field(default_factory=lambda: {_OURS: [], _BARE: [], "写入事件": []})

    def round(self) -> None:
        """Each once: the events are written, sent by the sender, and as many are sent bare."""
        for name, work in (("写入事件", self._write), (_OURS, self._send), (_BARE, self._send_bare)):
            start = perf_counter()
            work()
            self.times[name].append(perf_counter() - start)
        self.sent += 2 * self.changes

    def _write(self) -> None:
        """A push is one unit of work that tells every bank of every entry."""
        notices = [
            Notice(bank, _KIND, str(change), {"entry_id": str(change)})
            for change in range(self.changes)
            for bank in self.banks
        ]
        with self.database.writing() as session:
            append_all(session, notices, now())

    def _send(self) -> None:
        async def work() -> None:
            await Sender(self.world).run(once=True)

        anyio.run(work)

    def _send_bare(self) -> None:
        anyio.run(_bare, self.receivers, len(self.banks), self.changes)

    def check(self) -> None:
        """Raises Disagreement where a message is missing, came twice, or is not signed as it should be."""
        counts: Mapping[str, list[int]] = httpx.get(self.receivers).json()
        wanted = {str(bank): [self.sent, self.sent, 0] for bank in range(len(self.banks))}
        if counts != wanted:
            raise Disagreement(f"推送：收到 {json.dumps(counts)[:500]}，应为每家 {self.sent}")


async def _bare(receivers: str, banks: int, changes: int) -> None:
    trust = ssl.create_default_context()  # Shared, as in the sender: making one takes as long as ten requests.
    async with anyio.create_task_group() as tasks:
        for bank in range(banks):
            tasks.start_soon(_to_one_bank, receivers, bank, changes, trust)


async def _to_one_bank(receivers: str, bank: int, changes: int, trust: ssl.SSLContext) -> None:
    """One connection a bank, one request after the other, as in the sender; the bodies are made and signed here too."""
    secret = [secret_of(bank)]
    async with httpx.AsyncClient(trust_env=False, verify=trust) as client:
        for change in range(changes):
            event = an_event(uuid4(), _KIND, str(change), change + 1, {"entry_id": str(change)}, now())
            body = event.model_dump_json().encode()
            headers = {"Content-Type": MEDIA_TYPE, **signed_headers(secret, str(event.id), now(), body)}
            (await client.post(f"{receivers}/{bank}", content=body, headers=headers)).raise_for_status()


def sections(banks: int = _SIZE[0], changes: int = _SIZE[1]) -> Iterator[tuple[str, list[list[str]]]]:
    """One section for each database. Raises Disagreement."""
    with TemporaryDirectory() as folder, postgres_of_this_run() as postgresql:
        kinds: dict[str, Databases] = {"SQLite": SqliteDatabases(Path(folder)), "PostgreSQL": postgresql}
        for name, databases in kinds.items():
            with a_contest(databases, banks, changes) as contest:
                for _ in range(_ROUNDS if banks * changes < _MANY else 1):
                    contest.round()
                contest.check()
                title = f"推送，{banks} 家银行 × {changes} 件事，{name}（每件；墙上时间；对照：{_BARE}；无一丢失）"
                yield title, list(_rows(contest))


def _rows(contest: Contest) -> Iterator[list[str]]:
    messages = len(contest.banks) * contest.changes
    for name in (_OURS, "写入事件"):
        yield Row(name, _BARE, contest.times, messages).cells()


@contextmanager
def a_contest(databases: Databases, banks: int, changes: int) -> Iterator[Contest]:
    """Banks with an endpoint each, at receivers that have just started."""
    url = databases.create()
    settings = settings_for(url, secret_key="k" * 40, webhook_allowed_networks="127.0.0.0/8")
    database = open_database(settings)
    with _receivers() as address:
        cupboard = Cupboard(settings)
        keys = _fill(database, cupboard, banks, address)
        policy = Policy(settings.allowed_networks)
        trust = ssl.create_default_context()
        world = World(database, cupboard, policy, system_resolver, trust, now)
        yield Contest(database, world, keys, address, changes)
    database.dispose()
    databases.drop(url)


def _fill(database: Database, cupboard: Cupboard, banks: int, address: str) -> list[UUID]:
    keys = []
    with database.writing() as session:
        for number in range(banks):
            bank_id = a_bank(session, f"xugou-{number}").id
            person = somebody(session, Role.BANK, bank_id=bank_id)
            key = new_key()
            own: dict[str, Any] = {"id": key, "bank_id": bank_id, "url": f"{address}/{number}"}
            sealed = cupboard.seal(secret_of(number), key)
            session.add(WebhookEndpoint(**own, current_secret=sealed, created_by=person.account_id, created_at=now()))
            session.flush()
            session.add(WebhookLane(endpoint_id=key, bank_id=bank_id, position=0, served_at=now()))
            keys.append(bank_id)
    return keys


@contextmanager
def _receivers() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.webhook_receiver"]
    # Our own interpreter and our own module.
    with subprocess.Popen(  # noqa: S603
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()
