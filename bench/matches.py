"""One case against 300 products over HTTP, on both databases, beside a bare FastAPI route with the same bytes prebuilt.

Both run in this process, behind the same client. PostgreSQL answers in another process, so that it is measured by the
clock on the wall and only SQLite by CPU time.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, Final, NamedTuple

import httpx
from fastapi import FastAPI, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import read_settings
from app.demo.load import DEFAULT_SEED, load_sample
from app.demo.models import Sample, read_sample
from app.main import API, create_app
from app.products.models import ProductRecord
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.store.engine import Database, open_database
from app.store.tables import Bank, Need
from bench.agreement import Disagreement
from bench.asking import Asking
from bench.measure import Clock, in_turns
from bench.statistics import settle
from bench.table import Row
from bench.workload import AS_OF
from tests.callers import OpenGate
from tests.databases import Databases, SqliteDatabases, postgres_of_this_run, settings_for
from tests.matching.factories import publish

PRODUCTS: Final = 300
HTTP: Final = 8.0
_INSTITUTIONS: Final = 1200
# In the first rounds the process has been asked hardly anything; then so many more, as one that is up for minutes.
_OTHERS: Final = 150
_AGAIN: Final = 5
_ROUNDS: Final = 24
_BARE: Final = "裸的 FastAPI 路由"
# What makes the variants of one sample product differ from each other, in yuan.
_STEP: Final = 10_000


def sections() -> Iterator[tuple[str, list[list[str]]]]:
    """One section for each database. Raises Disagreement where the two routes do not answer the same bytes.

    Asked again, a case finds its summary kept if nothing has changed; asked for the first time, every outcome, all
    advice and every byte is made.
    """
    with TemporaryDirectory() as folder, postgres_of_this_run() as postgresql:
        kinds: dict[str, tuple[Databases, Clock]] = {
            "SQLite": (SqliteDatabases(Path(folder)), process_time),
            "PostgreSQL": (postgresql, perf_counter),
        }
        for name, (databases, clock) in kinds.items():
            with _province(databases) as database, _Clients(database) as clients:
                yield (
                    f"一项资金需求对 {PRODUCTS} 个产品，HTTP，{name}（每次；对照：{_BARE}）",
                    list(_rows(clients, clock)),
                )


class Wanted(NamedTuple):
    """The address of one need's matches."""

    path: str
    query: dict[str, str]


class _Clients:
    """The service and the bare route, each behind a client; the bare route has the bytes that the service answered."""

    def __init__(self, database: Database) -> None:
        self._prebuilt: dict[str, bytes] = {}
        url = database.engine.url.render_as_string(hide_password=False)
        # What the gate costs is measured apart, in bench/access.py.
        self._ours = Asking(create_app(settings_for(url, log_level="WARNING"), database, OpenGate()))
        self._bare = Asking(_bare_app(self._prebuilt))
        with database.reading() as session:
            self.needs = [_wanted(need) for need in session.scalars(select(Need).order_by(Need.id))]

    def __enter__(self) -> "_Clients":
        # As `yinqiao serve` does once the application is made: no collection looks through it any more.
        gc.collect()
        gc.freeze()
        return self

    def __exit__(self, *_: object) -> None:
        for client in (self._ours, self._bare):
            client.__exit__()

    def ask(self, asked: Sequence[Wanted], **more: str) -> None:
        """What the service answers."""
        for one in asked:
            self._get(self._ours, one, more)

    def ask_bare(self, asked: Sequence[Wanted]) -> None:
        """What was answered before, prebuilt."""
        for one in asked:
            self._get(self._bare, one, {})

    def prebuild(self, asked: Sequence[Wanted], **more: str) -> None:
        """Take over the answers to these. Raises Disagreement if a product is missing or a byte differs."""
        for one in asked:
            answer = self._get(self._ours, one, more)
            counted = sum(answer.json()["product_counts"].values())
            self._prebuilt[one.query["need"]] = answer.content
            if counted != PRODUCTS or self._get(self._bare, one, {}).content != answer.content:
                raise Disagreement(f"{one.path}：{counted} 个产品，或两条路由的答复不同")

    def _get(self, client: Asking, one: Wanted, more: Mapping[str, str]) -> httpx.Response:
        return client("GET", one.path, params={**one.query, **more})


def _bare_app(prebuilt: Mapping[str, bytes]) -> FastAPI:
    app = FastAPI()

    @app.get(f"{API}/institutions/{{institution_id}}/matches")
    def matches(institution_id: str, need: str) -> Response:
        return Response(prebuilt[need], media_type="application/json")

    return app


def _wanted(need: Need) -> Wanted:
    query = {"need": str(need.id), "as_of": AS_OF.isoformat()}
    return Wanted(f"{API}/institutions/{need.institution_id}/matches", query)


def _rows(clients: _Clients, clock: Clock) -> Iterator[list[str]]:
    again, others = clients.needs[:_AGAIN], iter(clients.needs[_AGAIN:])
    measure = partial(_measured, clients, clock, again)
    clients.prebuild(again)
    yield measure(f"初次：进程里问过的案不到 {_OTHERS} 个", lambda: clients.ask([next(others) for _ in again]), None)
    clients.ask(list(islice(others, _OTHERS)))
    yield measure("初次：没有人问过的案", lambda: clients.ask([next(others) for _ in again]), HTTP)
    yield measure("再问：什么都没有变", lambda: clients.ask(again), HTTP)
    clients.prebuild(again, expand="conditions")
    yield measure("expand=conditions：全部条件", lambda: clients.ask(again, expand="conditions"), None)


def _measured(
    clients: _Clients, clock: Clock, again: Sequence[Wanted], name: str, ask: Callable[[], Any], most: float | None
) -> list[str]:
    times = in_turns({name: ask, _BARE: partial(clients.ask_bare, again)}, _ROUNDS, clock)
    return Row(name, _BARE, times, len(again), most).cells()


@contextmanager
def _province(databases: Databases) -> Iterator[Database]:
    """The seeds, the sample's institutions, and its products in as many variants as it takes."""
    url, seeds = databases.create(), read_settings().seed_path
    database, sample = open_database(settings_for(url)), read_sample(seeds)
    try:
        with database.writing() as session:
            load_seeds(session, read_seeds(seeds), sample.province.recorded_at)
            load_sample(session, sample._replace(products=()), _INSTITUTIONS, DEFAULT_SEED)
            _publish(session, sample)
        settle(database)
        yield database
    finally:
        database.dispose()
        databases.drop(url)


def _publish(session: Session, sample: Sample) -> None:
    """Without the impact of each publication, which would take longer than all that is measured."""
    banks = {bank.code: bank.id for bank in session.scalars(select(Bank))}
    for record in islice(_variants(sample), PRODUCTS):
        publish(session, banks[record.bank], record)


def _variants(sample: Sample) -> Iterator[ProductRecord]:
    """Each product again and again, every time with another slug and another highest amount."""
    number = 0
    while True:
        for record in sample.products:
            high = record.amount.high_yuan + number * _STEP
            changed = {"slug": f"{record.slug}-{number}", "amount": {**record.amount.model_dump(), "high_yuan": high}}
            yield ProductRecord.model_validate(record.model_dump(mode="json") | changed)
        number += 1
