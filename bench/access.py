"""What the gate costs: the same requests with sign-in, scope, row security and audit, beside a gate that lets all pass.

Both applications serve the same database. With the gate the web process works, on PostgreSQL, as the role that owns
nothing, and every write puts an event into the hash chain; without it, as the owner and without a trail.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.config import Settings, read_settings
from app.demo.load import DEFAULT_SEED, load_sample
from app.demo.models import read_sample
from app.institutions.schemas import EXAMPLE_NEED
from app.main import API, create_app
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.store.engine import Database, open_database
from app.store.tables import Institution
from bench.asking import Asking
from bench.measure import Clock, in_turns
from bench.table import Row
from tests.access.people import somebody
from tests.callers import OpenGate
from tests.databases import Databases, SqliteDatabases, postgres_of_this_run, settings_for

_INSTITUTIONS: Final = 200
_REQUESTS: Final = 20
_ROUNDS: Final = 12
_GATE, _OPEN = "有门禁", "同一接口，门敞开"


def sections() -> Iterator[tuple[str, list[list[str]]]]:
    """One section for each database."""
    with TemporaryDirectory() as folder, postgres_of_this_run() as postgresql:
        kinds: dict[str, tuple[Databases, Clock]] = {
            "SQLite": (SqliteDatabases(Path(folder)), process_time),
            "PostgreSQL": (postgresql, perf_counter),
        }
        for name, (databases, clock) in kinds.items():
            with _both_doors(databases) as (guarded, opened, institution_id):
                title = f"身份、范围、行级权限与审计，{name}（每次请求；对照：{_OPEN}）"
                yield title, list(_rows(guarded, opened, institution_id, clock))


def _rows(guarded: Asking, opened: Asking, institution_id: UUID, clock: Clock) -> Iterator[list[str]]:
    one = f"{API}/institutions/{institution_id}"
    asked: dict[str, Callable[[Asking], Any]] = {
        "读一家机构": lambda ask: ask("GET", one),
        "一页 50 家机构": lambda ask: ask("GET", f"{API}/institutions", params={"page_size": 50}),
        "登记一项资金需求（写，并记入审计）": lambda ask: ask("POST", f"{one}/needs", json=EXAMPLE_NEED),
    }
    for name, send in asked.items():
        contenders = {_GATE: partial(_often, send, guarded), _OPEN: partial(_often, send, opened)}
        _, *others = Row(_GATE, _OPEN, in_turns(contenders, _ROUNDS, clock), _REQUESTS).cells()
        yield [name, *others]


def _often(send: Callable[[Asking], Any], ask: Asking) -> None:
    for _ in range(_REQUESTS):
        send(ask)


@contextmanager
def _both_doors(databases: Databases) -> Iterator[tuple[Asking, Asking, UUID]]:
    """Clients of the guarded application, as a clerk of the province, and of the open one; and an institution."""
    url = databases.create()
    # Whoever measures asks more often than anybody may.
    unlimited = {"requests_per_minute_and_address": 0, "requests_per_minute_and_caller": 0}
    settings = settings_for(url, log_level="WARNING", **unlimited)
    with ExitStack() as stack:
        stack.callback(databases.drop, url)
        owner, served = (_opened(stack, settings, role) for role in (None, APP_ROLE))
        with owner.writing() as session:
            institution_id = _fill(session)
            clerk = somebody(session, Role.CIVIL_AFFAIRS)
        guarded = stack.enter_context(Asking(create_app(settings, served), clerk.headers))
        yield guarded, stack.enter_context(Asking(create_app(settings, owner, OpenGate()))), institution_id


def _opened(stack: ExitStack, settings: Settings, role: str | None) -> Database:
    database = open_database(settings, role)
    stack.callback(database.dispose)
    return database


def _fill(session: Session) -> UUID:
    """The seeds and a sample of the province; the key of an institution."""
    seeds = read_settings().seed_path
    sample = read_sample(seeds)
    load_seeds(session, read_seeds(seeds), sample.province.recorded_at)
    load_sample(session, sample._replace(products=()), _INSTITUTIONS, DEFAULT_SEED)
    return session.scalars(select(Institution.id).order_by(Institution.id)).first() or UUID(int=0)
