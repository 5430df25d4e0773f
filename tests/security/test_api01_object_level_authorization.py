"""API1:2023 Broken object level authorization: what is somebody else's answers like what is not there."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, select

from app.store.tables import AuditEvent
from tests.security.operations import Operation
from tests.security.scene import Ids, Scene, View

# Said anew with every answer, and telling nothing of what was asked.
ANEW = {"x-request-id", "date", "ratelimit-remaining", "ratelimit-reset"}
# What these ids name is published for everybody, or the caller itself; no caller has a foreign one.
NOBODYS: set[str] = set()


def told(answer: httpx2.Response, ids: Mapping[str, object]) -> Any:
    """Everything that an answer tells, with the ids that were asked for taken out."""
    text = answer.text
    if "json" in answer.headers["content-type"]:
        text = repr({name: value for name, value in answer.json().items() if name != "trace_id"})
    for name, one in ids.items():
        text = text.replace(str(one), f"<{name}>")
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in ANEW}
    return answer.status_code, text, headers


def pairs(view: View, operation: Operation) -> Iterator[tuple[Ids, Ids]]:
    """Ids that name foreign rows and ids that name none: everything foreign, and one's own with a foreign part."""
    names = operation.ids
    for foreign in (names, names[-1:]):
        owned = [name for name in names if name not in foreign]
        if not set(foreign) <= view.foreign.keys() or not set(owned) <= view.own.keys():
            continue
        own = {name: view.own[name] for name in owned}
        yield own | {name: view.foreign[name] for name in foreign}, own | {name: uuid4() for name in foreign}


def ask(scene: Scene, view: View, operation: Operation, ids: Ids) -> httpx2.Response:
    answer: httpx2.Response = scene.town.house.client.request(**operation.request(ids, headers=view.caller.headers))
    return answer


def test_foreign_ids_answer_exactly_as_unknown_ones(scene: Scene, operations: list[Operation]) -> None:
    named = [one for one in operations if one.ids]
    asked: set[str] = set()
    telling: dict[str, Any] = {}
    for view in scene.views:
        for operation in filter(lambda one: view.may(one.permission), named):
            if view.name == "signed in" and operation.id != "end_session":
                continue
            for foreign, unknown in pairs(view, operation):
                asked.add(operation.id)
                there = told(ask(scene, view, operation, foreign), foreign)
                nowhere = told(ask(scene, view, operation, unknown), unknown)
                if there != nowhere or there[0] != 404:
                    telling[f"{view.name}: {operation.id}"] = there, nowhere
    assert telling == {}
    # A new operation that names a row is asked too, or it stands above with a reason.
    assert {one.id for one in named} - asked == NOBODYS


def test_nothing_foreign_was_changed(scene: Scene, operations: list[Operation]) -> None:
    """Whoever only has foreign ids does nothing that the trail would call done."""
    view = next(one for one in scene.views if one.name == "auditor")
    with scene.town.house.owner.reading() as session:
        mine = AuditEvent.account_id == view.caller.account_id, AuditEvent.outcome == "done"
        before = session.scalar(select(func.count()).where(*mine))
    for operation in operations:
        if operation.writes and operation.ids:
            answer = ask(scene, view, operation, view.foreign)
            assert 400 <= answer.status_code < 500, operation.id
    with scene.town.house.owner.reading() as session:
        assert session.scalar(select(func.count()).where(*mine)) == before


# Ids in bodies: who sends them, the fields that hold one, and the body around them.
BODIES: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "add_need": ("institution", {"project_id": "project_id"}, {"facts": {}}),
    "amend_need": ("institution", {"project_id": "project_id"}, {}),
    "add_loan": ("institution", {"project_id": "project_id"}, {"lender": "虚构银行"}),
    "amend_loan": ("institution", {"project_id": "project_id"}, {}),
    "add_attestation": ("county", {"project_id": "project_id"}, {}),
    "grant_consent": ("institution", {"attachment_id": "attachment_id"}, {}),
    "add_assessment": (
        "institution",
        {"institution": "institution_id", "project": "project_id", "need": "need_id", "loan": "loan_id"},
        {"project": None, "need": None, "loan": None},
    ),
    "preview_product_impact": ("other bank", {"product_id": "product_id"}, {}),
    "add_user": ("system admin", {"organisation_id": "organisation_id"}, {"login": "xugou.new", "name": "虚构"}),
    "amend_user": ("system admin", {"organisation_id": "organisation_id"}, {}),
    "close_user": ("system admin", {"hand_over_to": "user_id"}, {"reason": "虚构"}),
    "set_user_absence": (
        "system admin",
        {"deputy_id": "user_id"},
        {"away_from": "2098-01-01", "away_to": "2099-01-01"},
    ),
    "add_handover": (
        "system admin",
        {"from_user_id": "user_id", "to_user_id": "user_id"},
        {"starts_on": "2098-01-01", "ends_on": "2098-02-01"},
    ),
    "issue_key": (
        "security admin",
        {"user_id": "user_id"},
        {"name": "虚构", "permissions": ["registry.read"], "expires_on": "2098-01-01"},
    ),
    "add_organisation": (
        "system admin",
        {"parent_id": "organisation_id"},
        {"code": "xugou-new", "kind": "finance", "region_code": "140105", "bank_id": None, "institution_id": None},
    ),
    "add_nomination": ("county", {"subject_id": "institution_id"}, {"subject_kind": "institution"}),
    "add_consent_request": ("bank", {"institution_id": "institution_id"}, {}),
    "assign_referral": ("bank", {"manager_id": "user_id"}, {}),
    "amend_organisation": ("system admin", {"parent_id": "organisation_id"}, {}),
}
# What a body names beside the field that is asked.
ALONG = {"institution", "from_user_id", "to_user_id"}
# Public codes of banks and, of institutions, only of the whole province's administrators.
ANYBODYS = {("add_organisation", "bank_id"), ("add_organisation", "institution_id")}
# Batches are the province's, to which no nomination is foreign.
# No row but a place in one's own inbox: whatever is named, nothing beyond it and nothing foreign is marked.
ANYBODYS |= {("read_inbox", "up_to")}
# Whoever pushes does so for the whole province; and of projects a bank names those of its borrower, once credit is
# granted (tests/referrals/test_referrals.py).
ANYBODYS |= {("add_push", "batch_id"), ("disburse_referral", "project_id")}
ANYBODYS |= {("add_batch", "nominations"), ("change_batch", "add"), ("change_batch", "remove")}


def id_fields(operation: Operation, document: Mapping[str, Any]) -> set[tuple[str, str]]:
    schema = document["components"]["schemas"][operation.body["$ref"].rpartition("/")[2]] if operation.body else {}
    found = schema.get("properties", {}).items()
    return {(operation.id, name) for name, one in found if "uuid" in repr(one)}


def test_ids_in_bodies_tell_no_more_than_ids_in_addresses(
    scene: Scene, operations: list[Operation], document: Mapping[str, Any]
) -> None:
    asked: set[tuple[str, str]] = set()
    views = {one.name: one for one in scene.views}
    telling: dict[str, Any] = {}
    for operation in (one for one in operations if one.id in BODIES):
        name, fields, around = BODIES[operation.id]
        view = views[name]
        for field, kind in fields.items():
            asked.add((operation.id, field))
            along = {other: str(view.own[what]) for other, what in fields.items() if other in ALONG - {field}}
            answers = []
            for one in (view.foreign[kind], uuid4()):
                body = operation.example | around | along | {field: str(one)}
                sent = operation.request(view.own, json=body, headers=view.caller.headers)
                answers.append(told(scene.town.house.client.request(**sent), {"id": one}))
            # What is refused has to be the id, or the two would be alike for another reason.
            refused = answers[0][0] == 404 or (answers[0][0] == 422 and f"'/{field}'" in answers[0][1])
            if answers[0] != answers[1] or not refused:
                telling[f"{operation.id}.{field}"] = answers
    assert telling == {}
    everywhere = set().union(*(id_fields(one, document) for one in operations))
    assert everywhere - asked == ANYBODYS


@pytest.mark.parametrize("total", [False, True])
def test_filters_by_foreign_ids_find_what_filters_by_unknown_ones_find(
    scene: Scene, operations: list[Operation], total: bool
) -> None:
    telling: dict[str, Any] = {}
    kinds = {"project": "project_id", "need": "need_id", "loan": "loan_id", "institution": "institution_id"}
    kinds |= {"account_id": "user_id", "parent_id": "organisation_id"}
    for view in scene.views:
        for operation in (one for one in operations if not one.writes and view.may(one.permission)):
            own = {name: view.own.get(name) for name in operation.ids}
            for parameter in operation.query():
                kind = kinds.get(parameter["name"], parameter["name"])
                if "uuid" not in repr(parameter["schema"]) or kind not in view.foreign or None in own.values():
                    continue
                answers = []
                for one in (view.foreign[kind], uuid4()):
                    params = {parameter["name"]: str(one), "format": "csv"} | ({"total": "true"} if total else {})
                    sent = operation.request(own, params=params, headers=view.caller.headers)
                    answers.append(told(scene.town.house.client.request(**sent), {"id": one}))
                if answers[0] != answers[1]:
                    telling[f"{view.name}: {operation.id}?{parameter['name']}"] = answers
    assert telling == {}
