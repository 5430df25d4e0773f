"""API3:2023 Broken object property level authorization: nobody writes or reads a field that is not his or hers."""

from decimal import Decimal
from typing import Any, Final

from sqlalchemy import func, select, update

from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType, Subject, Visibility
from app.store.base import Base
from app.store.fact_columns import column_name
from app.store.tables import AuditEvent, institution_version, loan_version
from tests.access.door import OWN_PAGE
from tests.access.town import Town
from tests.security.operations import Operation, Schema, resolved, within
from tests.security.scene import Scene

# An answer names this many refused values at most.
MOST_NAMED: Final = 50
# What is meant to hold keys of the caller's choice: facts by their key, and rules and programmes, whose own readers
# refuse what they do not know.
OPEN: Final = {"facts", "rule", "applies", "requires", "programme", "cite", "of", "*", "initial_rate_percent"}


def foreign_fields(document: Schema, operation: Operation) -> list[str]:
    """Every field of any answer and every column of any table that the body does not have."""
    schemas = document["components"]["schemas"]
    answers = {name for schema in schemas.values() for name in schema.get("properties", {})}
    columns = {column.name for table in Base.metadata.tables.values() for column in table.columns}
    own = resolved(document, operation.body or {})["properties"].keys()
    return sorted((answers | columns) - own)


def test_every_field_that_an_operation_does_not_name_is_refused_by_name(
    scene: Scene, operations: list[Operation], document: Schema
) -> None:
    taken: dict[str, Any] = {}
    events = select(func.count()).where(AuditEvent.outcome == "done")
    with scene.town.house.owner.reading() as session:
        before = session.scalar(events)
    for operation in (one for one in operations if one.has_json):
        # Nobody needs to be asked at the doors of the public ones.
        headers = OWN_PAGE | ({} if operation.permission is None else scene.everything.headers)
        foreign = foreign_fields(document, operation)
        for begin in range(0, len(foreign), MOST_NAMED):
            fields = foreign[begin : begin + MOST_NAMED]
            body = operation.example | dict.fromkeys(fields, "虚构")
            answer = scene.town.house.client.request(**operation.request(json=body, headers=headers))
            refused = {one["pointer"]: one["code"] for one in answer.json()["errors"]}
            if answer.status_code != 422 or refused != {f"/{name}": "extra_forbidden" for name in fields}:
                taken[operation.id] = answer.status_code, sorted(set(fields) ^ {one[1:] for one in refused})
    assert taken == {}
    with scene.town.house.owner.reading() as session:
        assert session.scalar(events) == before


def test_no_part_of_any_body_takes_what_it_does_not_name(operations: list[Operation], document: Schema) -> None:
    taking = {
        f"{operation.id}{path}"
        for operation in operations
        for path, schema in within(document, operation.body or {})
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False
        if not OPEN & {path.rpartition("/")[2]}
    }
    assert taking == set()


# What follows from lists, clocks and other people's decisions, and not from what somebody says.
KEPT: Final = (
    "id",
    "uscc",
    "provisional_number",
    "site_number",
    "region_code",
    "list_status",
    "listed_on",
    "created_at",
)


def test_a_change_of_one_field_changes_no_other(scene: Scene) -> None:
    house = scene.town.house
    body = {"name": "虚构改号养老院", "facts": {"institution.region_code": "140105", "institution.beds_total": 80}}
    path = f"/institutions/{house.post(scene.everything, '/institutions', body)['id']}"
    before = house.get(scene.everything, path)
    answer = house.call(scene.everything, "PATCH", path, version=before["version"], json={"telephone": "0351-0000009"})
    assert answer.status_code == 200, answer.text
    after = house.get(scene.everything, path)
    assert {name: after[name] for name in KEPT} == {name: before[name] for name in KEPT}
    assert after["facts"] == before["facts"]
    assert (after["telephone"], after["version"]) == ("0351-0000009", before["version"] + 1)


def test_facts_of_another_noun_are_not_written_along(scene: Scene) -> None:
    foreign = [one.key for one in CATALOGUE if one.subject is not Subject.INSTITUTION][:MOST_NAMED]
    body = {"name": "虚构养老院", "facts": {"institution.region_code": "140105", **dict.fromkeys(foreign)}}
    answer = scene.town.house.call(scene.everything, "POST", "/institutions", json=body)
    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == {f"/facts/{one}" for one in foreign}


def hidden(town: Town) -> set[str]:
    """Write values that occur nowhere else into everything that needs a consent; as they would be shown."""
    shown = {"0351-7654321", "虚构隐名", "81727.36"}
    with town.house.owner.writing() as session:
        for subject, table in ((Subject.INSTITUTION, institution_version), (Subject.LOAN, loan_version)):
            names = {
                column_name(one)
                for one in CATALOGUE
                if one.visibility is Visibility.CONSENT and one.subject is subject and one.type is FactType.DECIMAL
            }
            values: dict[str, Any] = {name: Decimal("81727.36") for name in names if name.endswith("_yuan")}
            if subject is Subject.INSTITUTION:
                values |= {"telephone": "0351-7654321", "contact_person": "虚构隐名"}
                values |= {"legal_representative": "虚构隐名"}
            assert values
            session.execute(update(table).values(**values))
    return shown


def test_a_bank_without_consent_is_shown_no_hidden_value_anywhere(scene: Scene, operations: list[Operation]) -> None:
    town = scene.town
    secrets = hidden(town)
    views = {one.name: one for one in scene.views}
    bank, office = views["other bank"], views["county"]
    ids = views["institution"].own
    found: dict[str, set[str]] = {"bank": set(), "office": set()}
    for operation in operations:
        if operation.writes or not operation.path.startswith("/api/"):
            continue
        for name, view in (("bank", bank), ("office", office)):
            named = {one: ids[one] for one in operation.ids if one in ids}
            answer = town.house.client.request(**operation.request(named, headers=view.caller.headers))
            found[name] |= {f"{operation.id}: {one}" for one in secrets if one in answer.text}
    assert found["bank"] == set()
    # The office is shown every one of them, so that the question does bite.
    assert {one.partition(": ")[2] for one in found["office"]} == secrets
