"""Attestations: by office and person, with evidence and end; a new one takes the place of the old."""

from datetime import timedelta
from typing import Any

import pytest

from app.http.clock import today
from tests.institutions.registry import API, Registry, pointers

TODAY = today()
BODY: dict[str, Any] = {
    "fact": "institution.stable_cash_flow",
    "office": "虚构区民政局",
    "person": "虚构经办人",
    "attested_on": TODAY.isoformat(),
    "evidence": "虚构审计报告",
}


def test_a_new_attestation_closes_the_old_one(registry: Registry) -> None:
    path = f"{registry.add()['id']}/attestations"
    first = registry.create(path, BODY)
    second = registry.create(path, BODY | {"granted": False})
    assert [one["id"] for one in registry.get(path)["items"]] == [second["id"]]
    history = registry.get(path, closed=True, total=True)
    assert (history["total"], [one["granted"] for one in history["items"]]) == (2, [False, True])
    closed = registry.get(f"{path}/{first['id']}")
    assert closed["recorded_to"] == second["recorded_from"] > closed["recorded_from"]


def test_one_programmes_attestation_is_not_anothers_nor_a_projects(registry: Registry) -> None:
    one = registry.add()
    project = registry.create(f"{one['id']}/projects", {"name": "虚构项目", "facts": {"project.region_code": "140106"}})
    path = f"{one['id']}/attestations"
    registry.create(path, BODY | {"fact": "institution.meets_detailed_rules", "programme": "xugou-subsidy"})
    registry.create(
        path,
        BODY | {"fact": "project.meets_detailed_rules", "programme": "xugou-subsidy", "project_id": project["id"]},
    )
    registry.create(path, BODY | {"fact": "project.stable_cash_flow", "project_id": project["id"]})
    registry.create(path, BODY)
    assert len(registry.get(path)["items"]) == 4
    assert len(registry.get(path, project_id=project["id"])["items"]) == 2


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"fact": "institution.no_such"}, {"/fact": "unknown_fact"}),
        ({"fact": "institution.filed"}, {"/fact": "no_attestation"}),
        ({"programme": "xugou-subsidy"}, {"/programme": "not_per_programme"}),
        ({"fact": "institution.meets_detailed_rules"}, {"/programme": "missing"}),
        (
            {"fact": "institution.meets_detailed_rules", "programme": "no-such"},
            {"/programme": "programme_not_found"},
        ),
        ({"fact": "project.stable_cash_flow"}, {"/project_id": "missing"}),
        ({"attested_on": (TODAY + timedelta(days=1)).isoformat()}, {"/attested_on": "in_future"}),
        ({"valid_until": TODAY.isoformat()}, {"/valid_until": "ends_before_it_begins"}),
        ({"valid_until": (TODAY + timedelta(days=1)).isoformat()}, {}),
        ({"evidence": " "}, {"/evidence": "string_pattern_mismatch"}),
    ],
)
def test_what_is_no_attestation(registry: Registry, changes: dict[str, Any], refused: dict[str, str]) -> None:
    one = registry.add()
    response = registry.client.post(f"{API}/{one['id']}/attestations", json=BODY | changes)
    assert response.status_code == (422 if refused else 201)
    if refused:
        assert pointers(response) == refused


def test_evidence_office_and_person_are_required(registry: Registry) -> None:
    one = registry.add()
    body = {key: value for key, value in BODY.items() if key not in {"evidence", "office", "person"}}
    response = registry.client.post(f"{API}/{one['id']}/attestations", json=body)
    assert set(pointers(response)) == {"/evidence", "/office", "/person"}
