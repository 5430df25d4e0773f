"""The OpenAPI document itself: valid, every operation named, summarised, with an example and its errors."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.http.edge import install_edge
from app.main import create_app
from tests.contract import BrokenContract, documented_client
from tests.databases import settings_for

# Clients are generated from these names: one that changes breaks a program of somebody else.
_LINES = Path(__file__).with_name("operations.txt").read_text(encoding="utf-8").splitlines()
OPERATIONS = {name: label for name, _, label in (line.partition(" ") for line in _LINES)}
# Public and stateless: their examples can be sent as they stand.
STATELESS = {"check_eligibility", "quote_interest_subsidy", "check_rule"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(settings_for("sqlite:///never-opened.db")).openapi()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_operation_ids_are_fixed_and_unique(document: dict[str, Any]) -> None:
    found = [(operation["operationId"], label) for label, operation in operations(document)]
    assert Counter(name for name, _ in found).most_common(1)[0][1] == 1
    assert dict(found) == OPERATIONS


def test_every_operation_is_summarised_and_declares_its_errors(document: dict[str, Any]) -> None:
    for label, operation in operations(document):
        assert operation["summary"], label
        responses = operation["responses"]
        assert any(status.startswith(("2", "303")) for status in responses), label
        always = {"400", "413", "422", "500", "503"}
        takes = {"415"} if "requestBody" in operation else set()
        assert always | takes <= responses.keys(), label
        assert "404" in responses or "{" not in label or label.endswith("/programmes/{slug}/drafts"), label


def test_every_body_has_an_example_that_is_accepted_and_fits_its_schema(
    document: dict[str, Any], client: TestClient
) -> None:
    bodies = [(label, one) for label, one in operations(document) if "requestBody" in one]
    for label, operation in bodies:
        content = operation["requestBody"]["content"]
        if "application/json" not in content:
            continue
        schema = content["application/json"]["schema"]
        validator = jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})
        examples = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["examples"]
        assert examples
        for example in examples:
            validator.validate(example)
            if operation["operationId"] in STATELESS:
                assert client.post(label.partition(" ")[2], json=example).status_code == 200


def test_every_schema_of_the_document_is_a_valid_json_schema(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}), name
        jsonschema_rs.Draft202012Validator({**schema, "components": document["components"]})


def test_no_two_schemas_share_a_name(document: dict[str, Any]) -> None:
    # FastAPI tells two of one name apart by their modules, which generated clients cannot.
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


# Nothing is below a seal, a token, the new text of a key, or an account that somebody else has yet to give its roles.
LEAD_NOWHERE = {
    "POST /api/v1/audit-seals",
    "POST /api/v1/sessions",
    "POST /api/v1/institution-codes/actions/redeem",
    "POST /api/v1/api-keys/{key_id}/actions/rotate",
    "POST /api/v1/api-keys/current/actions/rotate",
}


def test_every_link_can_be_followed(document: dict[str, Any]) -> None:
    by_id = {operation["operationId"]: operation for _, operation in operations(document)}
    followed = set()
    for label, source in operations(document):
        for status, response in source["responses"].items():
            for target, link in response.get("links", {}).items():
                followed.add(label)
                taken = {one["name"] for one in by_id[target].get("parameters", ())}
                assert link["parameters"].keys() <= taken, (label, target)
                for expression in link["parameters"].values():
                    assert is_known(document, source, response, expression), (label, status, target, expression)
    # A bank has no address of its own; whoever adds one goes on to its products.
    made = {label for label, operation in operations(document) if "201" in operation["responses"]}
    assert made - followed == LEAD_NOWHERE


def is_known(document: dict[str, Any], source: dict[str, Any], response: dict[str, Any], expression: str) -> bool:
    """Whether an answer has what a link out of it passes on."""
    place, _, name = expression.rpartition("." if "#" not in expression else "#/")
    if place == "$request.path":
        return any(one["name"] == name and one["in"] == "path" for one in source["parameters"])
    if place == "$response.header":
        return name in response["headers"]
    schema = response["content"]["application/json"]["schema"]
    for word in name.split("/"):
        held = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
        if word not in held:
            return False
        schema = held[word]
    return place == "$response.body"


def test_every_parameter_says_what_it_is(document: dict[str, Any]) -> None:
    for label, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (label, parameter["name"])


def test_the_document_and_its_page_are_served(client: TestClient) -> None:
    paths = {label.partition(" ")[2] for label in OPERATIONS.values()}
    assert client.get("/openapi.json").json()["paths"].keys() == paths
    assert client.get("/docs").status_code == 200


class Promise(BaseModel):
    kept: bool


@pytest.fixture
def liar() -> TestClient:
    """A client of an app that answers other things than it declares."""
    app = FastAPI()

    @app.get("/honest")
    def honest() -> Promise:
        return Promise(kept=True)

    @app.get("/status", response_model=Promise)
    def status() -> JSONResponse:
        return JSONResponse({"kept": False}, status_code=202)

    @app.get("/media-type", response_model=Promise)
    def media_type() -> PlainTextResponse:
        return PlainTextResponse("kept")

    @app.get("/body", response_model=Promise)
    def body() -> JSONResponse:
        return JSONResponse({"kept": "perhaps"})

    install_edge(app, body_limit=1_024)
    return documented_client(app)


@pytest.mark.parametrize("path", ["/status", "/media-type", "/body"])
def test_the_clients_own_check_finds_a_broken_promise(liar: TestClient, path: str) -> None:
    with pytest.raises(BrokenContract, match=path):
        liar.get(path)


def test_the_clients_own_check_passes_what_is_kept(liar: TestClient) -> None:
    assert liar.get("/honest").json() == {"kept": True}
    assert liar.get("/nowhere").status_code == 404
    assert liar.post("/honest").status_code == 405
