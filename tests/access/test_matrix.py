"""Every operation of the document × every caller, declared cell by cell in matrix.txt and tested on both databases.

A caller is a role and where it stands to what is asked for: `own` county, bank or institution, a `sibling` county, the
`city` above, the `province`, a bank's `branch elsewhere`, an `other` bank or institution. Each cell says what becomes
of a request that would succeed for somebody who may make it:

    +  answered (also with a refusal of what was asked, which somebody who may not ask is never told)
    o  answered, but what belongs to the home county, bank or institution is not in the list
    1  401    3  403    4  404, as for something that there is not
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from app.http.idempotency import HEADER
from app.programmes.seeds import Seeds
from tests.access.rehearsal import Rehearsal, a_rehearsal, consent_to
from tests.databases import Databases
from tests.security.operations import Operation, an_app, document_of, operations_of

MATRIX: Final = Path(__file__).with_name("matrix.txt")
OPERATIONS: Final = {one.id: one for one in operations_of(document_of(an_app()))}
REFUSED: Final = {401: "1", 403: "3", 404: "4"}
AT_THE_GATE: Final = {"1", "3"}
# Lists that are cut to the caller's scope, and the id that tells whether what is the home county's stands in them.
CUT: Final = {
    "list_inbox": "message_id",
    "list_batches": "batch_id",
    "list_changes": "entry_id",
    "list_entries": "entry_id",
    "list_objections": "objection_id",
    "list_nominations": "nomination_id",
    "list_nominations_to_do": "nomination_id",
    "list_institutions": "institution_id",
    "list_assessments": "assessment_id",
    "list_imports": "import_id",
    "list_consents": "consent_id",
    "list_organisations": "organisation_id",
    "list_users": "user_id",
    "list_keys": "key_id",
    "list_handovers": "handover_id",
    "list_audit_events": "event_id",
    "list_events": "told_id",
    "list_webhook_endpoints": "endpoint_id",
    "list_pushes": "push_id",
    "list_referrals": "referral_id",
    "list_consent_requests": "request_id",
}
# Where the example of a body names rows, they are the home county's.
BODIES: Final[dict[str, dict[str, str]]] = {
    "add_assessment": {"institution": "institution_id", "need": "need_id"},
    "add_handover": {"from_user_id": "user_id"},
    "issue_key": {"user_id": "user_id"},
    "add_nomination": {"subject_id": "institution_id"},
    "add_user": {"organisation_id": "organisation_id"},
    "assign_referral": {"manager_id": "user_id"},
    "add_consent_request": {"institution_id": "institution_id"},
}
# What the query has to hold.
QUERIES: Final[dict[str, dict[str, str]]] = {
    "preview_push": {"bank": "xugou-bank"},
    "list_push_preview": {"bank": "xugou-bank"},
    "answer_referrals": {},
}
# Where a parameter of another name stands in the address under the same one.
ELSEWHERE: Final = {"get_policy": {"slug": "yangzhengbanfa-2025-37"}}


def declared() -> dict[str, dict[str, str]]:
    """The file: caller and operation to cell. Its first line names the callers, the others an operation each."""
    first, *lines = MATRIX.read_text(encoding="utf-8").splitlines()
    callers = [one.strip() for one in first.split("|")[1:]]
    rows = [line.split() for line in lines if line]
    return {row[0]: dict(zip(callers, row[1], strict=True)) for row in rows}


DECLARED: Final = declared() if MATRIX.exists() else {}


@pytest.fixture(scope="module")
def rehearsal(databases: Databases, seeds: Seeds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    with a_rehearsal(databases, seeds, tmp_path_factory.mktemp("rehearsal")) as made:
        yield made


def request_for(operation: Operation, rehearsal: Rehearsal, caller: str) -> dict[str, Any]:
    """What is sent: the document's own example, to the home county's addresses."""
    person = rehearsal.callers[caller]
    headers = {HEADER: uuid4().hex} if operation.method == "post" else {}
    headers |= {} if person is None else person.headers
    request = operation.request(rehearsal.ids | ELSEWHERE.get(operation.id, {}), headers=headers)
    if operation.id == "grant_consent":
        request["json"] = consent_to("xugou-bank")
    if operation.id in BODIES:
        named = {field: rehearsal.ids[name] for field, name in BODIES[operation.id].items()}
        request["json"] = {**request["json"], **named}
    if operation.id in QUERIES:
        request["params"] = QUERIES[operation.id]
    if operation.id in CUT:
        request["params"] = {"page_size": 200}
    return request


def cell_of(operation: Operation, answer: httpx2.Response, rehearsal: Rehearsal) -> str:
    assert answer.status_code < 500, answer.text
    if operation.id in CUT and answer.status_code == 200:
        return "+" if rehearsal.ids[CUT[operation.id]] in answer.text else "o"
    return REFUSED.get(answer.status_code, "+")


def asked(operation: Operation, rehearsal: Rehearsal, callers: Iterable[str]) -> dict[str, str]:
    """The line of an operation for some callers, as the service answers."""
    return {
        caller: cell_of(operation, rehearsal.client.request(**request_for(operation, rehearsal, caller)), rehearsal)
        for caller in callers
    }


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_each_caller_is_answered_as_declared(name: str, rehearsal: Rehearsal) -> None:
    declared = DECLARED[name]
    if rehearsal.is_postgresql:
        # The gate refuses before any database is asked; what it lets through is asked on this one too.
        declared = {caller: cell for caller, cell in declared.items() if cell not in AT_THE_GATE}
    assert asked(OPERATIONS[name], rehearsal, declared) == declared


def test_every_cell_is_declared(rehearsal: Rehearsal) -> None:
    assert set(DECLARED) == set(OPERATIONS)
    assert {caller for line in DECLARED.values() for caller in line} == set(rehearsal.callers)


def test_the_matrix_is_no_formality() -> None:
    cells = [cell for line in DECLARED.values() for cell in line.values()]
    assert len(cells) > 2_000
    assert {"+", "o", "1", "3", "4"} == set(cells)
