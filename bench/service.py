"""The whole service in this process: a request through the ASGI app, and the pure build that it contains."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

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
from bench.asking import Asking
from bench.workload import AS_OF


class Service:
    """The app over a seeded SQLite file of its own."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._ask = Asking(create_app(settings, database))
        self.library = self.fetch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ask.__exit__()

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
        body = {"facts": facts, "as_of": AS_OF.isoformat()}
        content: dict[str, Any] = self._ask("POST", f"{API}/eligibility-checks", json=body).json()
        return content


@contextmanager
def service() -> Iterator[Service]:
    """A service whose database lives as long as the block."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bench.db"
        settings = read_settings().model_copy(
            update={"database_url": f"sqlite:///{file}", "requests_per_minute_and_address": 0}
        )
        database = open_database(settings)
        try:
            migrate(database.engine, migrations=settings.migrations_path)
            with database.writing() as session:
                load_seeds(session, read_seeds(settings.seed_path), now())
            with Service(settings, database) as running:
                yield running
        finally:
            database.dispose()
