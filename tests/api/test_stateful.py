"""Schemathesis as a user with a memory: it follows the links of the document from what one call made to the next."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

import hypothesis
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from sqlalchemy import select

from app.config import PROJECT_ROOT
from app.demo.load import households_of, load_sample
from app.demo.models import read_sample
from app.http.idempotency import HEADER
from app.http.unit_of_work import use_database
from app.institutions.attachment_routes import use_storage
from app.institutions.storage import Folder
from app.main import create_app
from app.products.load import load_banks
from app.programmes.load import load_seeds
from app.programmes.seeds import Seeds
from app.store.engine import open_database
from app.store.tables import Institution, Product, Programme
from app.whitelist.seeds import load_whitelist
from tests.api.test_generated import CROSS_FIELD, OneKey
from tests.callers import OneKeyGate
from tests.databases import Databases, settings_for
from tests.seeded import SEEDED_AT

DEFAULTS: Final = {"sqlite": "14", "postgresql": "6"}
# `make fuzz` asks for many more; these numbers keep an ordinary run short. Each scenario has a database of its own,
# which is a file to copy on SQLite and half a second of work on PostgreSQL.
FUZZES = "YINQIAO_FUZZ_EXAMPLES" in os.environ
SCENARIOS = {kind: int(os.environ.get("YINQIAO_FUZZ_EXAMPLES", most)) for kind, most in DEFAULTS.items()}
STEPS = 15
INSTITUTIONS, SEED = 12, 1
SAMPLE = read_sample(PROJECT_ROOT / "seed")
PDF = b"%PDF-1.4\nstartxref\n0\n%%EOF\n"

APP = create_app(settings_for("sqlite:///never-opened.db", secret_key="k" * 32), gate=OneKeyGate())
API = schemathesis.openapi.from_asgi(
    "/openapi.json",
    APP,
    config=SchemathesisConfig.from_dict(
        {
            "checks": CROSS_FIELD,
            "generation": {"database": "none", "deterministic": not FUZZES},
            # An ordinary run follows what the document declares; a long one also what the library infers from it.
            **({} if FUZZES else {"phases": {"stateful": {"inference": {"algorithms": []}}}}),
        }
    ),
)
API.auth()(OneKey)
DOCUMENT: Final[dict[str, Any]] = APP.openapi()
OPERATIONS: Final = {
    operation["operationId"]: operation for methods in DOCUMENT["paths"].values() for operation in methods.values()
}
# What only a real account can do: the gate of these tests knows one key, and nobody who owns it.
PERSONAL: Final = {"sessions", "consents", "audit", "organisations", "users", "api-keys", "institution-codes"}
CREATIONS: Final = {
    name
    for name, operation in OPERATIONS.items()
    if "201" in operation["responses"] and not PERSONAL & set(operation["tags"])
}


def example_of(operation: dict[str, Any]) -> dict[str, Any] | None:
    """The first example of a JSON body in the document."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    schema = DOCUMENT["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    example: dict[str, Any] = schema["examples"][0]
    return example


EXAMPLES: Final = {
    **{name: example for name, operation in OPERATIONS.items() if (example := example_of(operation)) is not None},
    # What the document cannot know: an institution that is there.
    "add_assessment": {"institution": str(households_of(SAMPLE, SEED).key(0))},
}
# Nor a bank: every product is one of this.
EXAMPLES["add_product"]["bank"] = SAMPLE.banks[0].code
# Keys of the province by the parameter that takes them. Most are made as it is written.
KNOWN: Final[dict[str, list[str]]] = {"number": ["1"], "series": ["lpr_1y", "lpr_5y"]}
KEYS: Final = {"institution_id": Institution.id, "product_id": Product.id, "slug": Programme.slug}
# Names that only one may have.
UNIQUE: Final = {"register_institution": "name", "add_product": "slug", "add_bank": "code"}


@API.hook
def flatmap_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> st.SearchStrategy[Any]:
    """Half of the keys that no link gives are those of the province. A value that is refused by itself stays."""
    schemas = {one.name: one.definition["schema"] for one in context.operation.path_parameters}
    known = {
        name: st.sampled_from(KNOWN[name])
        for name, value in (path_parameters or {}).items()
        if name in KNOWN and jsonschema_rs.is_valid(schemas[name], value, validate_formats=True)
    }
    if path_parameters is None or not known:
        return st.just(path_parameters)
    return st.just(path_parameters) | st.fixed_dictionaries(known).map(lambda some: {**path_parameters, **some})


@API.hook
def flatmap_case(_context: Any, case: Any) -> st.SearchStrategy[Any]:
    """Half of the bodies begin from the document's example: what is drawn from a schema alone is hardly ever a real
    county, a loan that is due after it is drawn, or a rule about facts that exist."""
    name = case.operation.definition.raw["operationId"]
    if HEADER in case.headers:
        # A key that another call had would hide every later one behind the first one's answer.
        return st.uuids().flatmap(lambda key: _shaped(_with_key(case, str(key)), name))
    return _shaped(case, name)


def _with_key(case: Any, key: str) -> Any:
    case.headers[HEADER] = key
    return case


def _shaped(case: Any, name: str) -> st.SearchStrategy[Any]:
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return st.just(case)
    if name == "add_attachment":
        return st.just(case) | st.just(case).map(_with_file)
    if name not in EXAMPLES or not isinstance(case.body, dict):
        return st.just(case)
    kept = st.sets(st.sampled_from(sorted(case.body)), max_size=2) if case.body else st.just(set())
    serials = st.integers(0, 10**9)
    return st.just(case) | st.builds(_from_example, st.just(case), st.just(name), kept, serials)


def _with_file(case: Any) -> Any:
    case.body, case.query = PDF, {"name": "虚构.pdf"}
    return case


def _from_example(case: Any, name: str, kept: set[str], serial: int) -> Any:
    body = {**EXAMPLES[name], **{key: case.body[key] for key in kept}}
    if name in UNIQUE:
        body[UNIQUE[name]] = f"xugou-{serial}"
    case.body = json.loads(json.dumps(body))
    return case


class Workflow(API.as_state_machine()):  # type: ignore[misc]
    """Every scenario begins with the same rows, or the same calls would be answered differently the second time.

    Counts what was answered, so that a run in which nothing succeeds is not taken for one that found nothing.
    """

    databases: Databases
    province: str
    answered: ClassVar[Counter[tuple[str, int]]] = Counter()

    def setup(self) -> None:
        self.url = self.databases.copy(self.province)
        self.database = open_database(settings_for(self.url))
        use_database(APP, self.database)

    def teardown(self) -> None:
        self.database.dispose()
        self.databases.drop(self.url)

    def after_call(self, response: Any, case: Any) -> None:
        super().after_call(response, case)
        self.answered[case.operation.definition.raw["operationId"], response.status_code] += 1


@pytest.fixture
def province(databases: Databases, seeds: Seeds) -> Iterator[str]:
    """The URL of a database with the seeds and a few rows of the sample, which nobody is connected to."""
    url = databases.create()
    database = open_database(settings_for(url))
    with database.writing() as session:
        load_seeds(session, seeds, SEEDED_AT)
        load_whitelist(session, PROJECT_ROOT / "seed")
        load_banks(session, PROJECT_ROOT / "seed")
        load_sample(session, SAMPLE, INSTITUTIONS, SEED)
        for name, column in KEYS.items():
            KNOWN[name] = [str(key) for key in session.scalars(select(column).order_by(column))]
    database.dispose()
    yield url
    databases.drop(url)


@pytest.mark.timeout(7_200 if FUZZES else 300)
def test_whoever_follows_the_links_finds_what_the_document_promises(
    request: pytest.FixtureRequest, databases: Databases, province: str, tmp_path: Path
) -> None:
    use_storage(APP, Folder(tmp_path))
    Workflow.databases, Workflow.province = databases, province
    Workflow.answered.clear()
    Workflow.run(
        settings=hypothesis.settings(
            max_examples=SCENARIOS[request.node.callspec.params["databases"]],
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=not FUZZES,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    )
    succeeded = {name for name, status in Workflow.answered if status < 300}
    # Some need what only chance brings together: an approved nomination for a batch, a batch for a push.
    assert len(succeeded & CREATIONS) >= len(CREATIONS) // 3
