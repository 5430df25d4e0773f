"""The whole service in this process: a request through the ASGI app, and the pure build that it contains."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import httpx

from app.config import Settings, read_settings
from app.http.clock import now
from app.main import API, create_app
from app.matching.build import ProgrammeMatch, case_of, match, ranked
from app.matching.fetch import Library, fetch_library
from app.programmes.load import load_seeds
from app.programmes.seeds import read_seeds
from app.regions import region_names
from app.rules import Facts
from app.store.engine import Database, open_database
from app.store.migrate import migrate
from bench.workload import AS_OF


class Service:
    """The app over a seeded SQLite file of its own."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._loop = asyncio.new_event_loop()
        self._database = database
        transport = httpx.ASGITransport(create_app(settings, database))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://bench")
        self.library = self.fetch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def fetch(self) -> Library:
        """What a request reads from the database before it builds."""
        with self._database.reading() as session:
            return fetch_library(session)

    def build(self, facts: Facts) -> list[ProgrammeMatch]:
        """Every programme's outcome with reasons and advice."""
        case = case_of(facts, AS_OF)
        return ranked(match(one, case, self.library.parameters, region_names()) for one in self.library.programmes)

    def request(self, facts: dict[str, Any]) -> dict[str, Any]:
        """POST /eligibility-checks and its answer, read."""
        return self._loop.run_until_complete(self._post(facts))

    async def _post(self, facts: dict[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(f"{API}/eligibility-checks", json={"facts": facts, "as_of": AS_OF.isoformat()})
        answer.raise_for_status()
        content: dict[str, Any] = answer.json()
        return content


@contextmanager
def service() -> Iterator[Service]:
    """A service whose database lives as long as the block."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        settings = read_settings().model_copy(update={"database_url": f"sqlite:///{file}"})
        database = open_database(settings)
        try:
            migrate(database.engine, migrations=settings.migrations_path)
            with database.writing() as session:
                load_seeds(session, read_seeds(settings.seed_path), now())
            with Service(settings, database) as running:
                yield running
        finally:
            database.dispose()
