"""A client that a stranger generates from the OpenAPI document alone, with the settings that docs/ recommends."""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
from fastapi import FastAPI
from openapi_python_client import generate
from openapi_python_client.config import Config, ConfigFile, MetaType

from app.config import PROJECT_ROOT
from app.main import create_app
from app.products.schemas import EXAMPLE_BANK, EXAMPLE_PRODUCT
from app.programmes.seeds import Seeds
from tests.api.test_document import OPERATIONS
from tests.callers import ONE_KEY, OneKeyGate
from tests.conftest import a_library
from tests.databases import Databases, settings_for

PACKAGE = "yinqiao_client"
FILED = {"op": "eq", "fact": "institution.filed", "value": True, "id": "filed", "cite": {"own": "第 2 条"}}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the generated package. What the generator cannot express, it leaves out with a warning."""
    folder = tmp_path_factory.mktemp("generated")
    source = folder / "openapi.json"
    source.write_text(json.dumps(create_app(settings_for("sqlite:///never-opened.db")).openapi()), encoding="utf-8")
    file = ConfigFile.load_from_path(PROJECT_ROOT / "docs" / "python-client.yaml")
    # Its last step only lays out the code.
    file.post_hooks = []
    config = Config.from_sources(file, MetaType.NONE, source, "utf-8", False, folder / PACKAGE)
    with contextlib.redirect_stdout(io.StringIO()):
        warnings = generate(config=config)
    assert [f"{one.header}: {one.detail}" for one in warnings] == []
    return folder


@pytest.fixture
def package(generated: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Imports a module of the generated package by its name."""
    monkeypatch.syspath_prepend(generated)
    return lambda name: import_module(f"{PACKAGE}.{name}")


@pytest.fixture
def market(databases: Databases, seeds: Seeds) -> Iterator[FastAPI]:
    """The service on a database of the test's own."""
    for database in a_library(databases, seeds):
        yield create_app(settings_for("sqlite:///never-opened.db"), database, OneKeyGate())


class Stranger:
    """Calls operations by their ids, as the generated package spells them, and takes nothing but success."""

    def __init__(self, package: Callable[[str], Any], app: FastAPI) -> None:
        self.models = package("models")
        self.package = package
        self.client = package("client").AuthenticatedClient(
            base_url="http://yinqiao.test", token=ONE_KEY, raise_on_unexpected_status=True
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client.set_async_httpx_client(
            httpx.AsyncClient(
                transport=transport, base_url="http://yinqiao.test", headers={"Authorization": f"Bearer {ONE_KEY}"}
            )
        )

    async def ask(self, tag: str, operation: str, *keys: Any, **given: Any) -> Any:
        """The typed answer with its status and headers."""
        called = self.package(f"api.{tag}.{operation}").asyncio_detailed
        response = await called(*keys, client=self.client, **given)
        assert response.status_code < 300, response.content
        return response

    async def register(self) -> Any:
        """An institution of 120 beds that has said nothing of its filing."""
        facts = self.models.InstitutionFacts(
            institution_region_code="140105",
            institution_beds_total=self.models.InstitutionBedsTotalStated(value=120),
            institution_established_on=date(2019, 5, 1),
        )
        body = self.models.InstitutionIn(name="虚构康宁养老院", facts=facts)
        return (await self.ask("institutions", "register_institution", body=body)).parsed

    async def offer(self) -> Any:
        """A bank with a published product for institutions of 50 beds that are filed."""
        await self.ask("banks", "add_bank", body=self.models.BankIn.from_dict(EXAMPLE_BANK))
        body = self.models.ProductIn.from_dict({**EXAMPLE_PRODUCT, "subjects": ["institution"], "requires": FILED})
        made = await self.ask("products", "add_product", body=body)
        version = {"if_match": made.headers["etag"], "idempotency_key": "offer-1"}
        return await self.ask(
            "products", "publish_product_version", made.parsed.id, made.parsed.draft_version, **version
        )


def test_every_operation_is_generated(generated: Path) -> None:
    modules = {file.stem for file in (generated / PACKAGE / "api").glob("*/*.py")} - {"__init__"}
    assert modules == set(OPERATIONS)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_stranger_registers_publishes_and_reads_both_sides(package: Callable[[str], Any], market: FastAPI) -> None:
    async def story() -> None:
        stranger = Stranger(package, market)
        models = stranger.models
        home, published = await stranger.register(), (await stranger.offer()).parsed
        assert isinstance(published.version, models.ProductVersionOut)
        matches = (await stranger.ask("matching", "list_matches", home.id)).parsed
        assert matches.case.id == home.id
        (offered,) = matches.products
        assert isinstance(offered, models.ProductSummaryOut)
        assert (offered.product_id, offered.outcome) == (published.version.product_id, models.Outcome.NEEDS_INFO)
        found = (await stranger.ask("matching", "list_candidates", offered.product_id, total=True)).parsed
        (candidate,) = found.items
        assert isinstance(candidate, models.CandidateOut)
        assert (candidate.case_id, candidate.outcome, found.total) == (home.id, models.Outcome.NEEDS_INFO, 1)
        assert "institution.filed" in offered.missing
        assert {one.fact for one in candidate.missing} == set(offered.missing)

    anyio.run(story)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_strangers_refusal_is_typed_too(package: Callable[[str], Any], market: FastAPI) -> None:
    async def story() -> None:
        stranger = Stranger(package, market)
        called = package("api.matching.list_matches").asyncio
        refused = await called(UUID(int=7), client=stranger.client)
        assert isinstance(refused, stranger.models.Problem)
        assert (refused.status, refused.code) == (404, "case_not_found")

    anyio.run(story)
