"""Facts that cannot stand together are refused just beyond the line and taken on it; unknown contradicts nothing."""

from datetime import timedelta
from typing import Any

import pytest

from app.http.clock import today
from tests.institutions.registry import Registry, pointers, values

TOMORROW = (today() + timedelta(days=1)).isoformat()
TODAY = today().isoformat()


def at(name: str, subject: str = "institution") -> str:
    return f"/facts/{subject}.{name}"


@pytest.mark.parametrize("part", ["beds_nursing", "beds_dementia"])
@pytest.mark.parametrize(
    ("beds", "total", "fits"), [(99, 100, True), (100, 100, True), (101, 100, False), (5, None, True)]
)
def test_beds_of_a_kind_are_at_most_all_beds(
    registry: Registry, part: str, beds: int, total: int | None, *, fits: bool
) -> None:
    response = registry.post(facts={part: beds, "beds_total": total})
    assert response.status_code == (201 if fits else 422)
    if not fits:
        assert pointers(response) == {at(part): "beds_above_total"}


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ({"filed_on": "2020-05-02", "established_on": "2020-05-01"}, {}),
        ({"filed_on": "2020-05-01", "established_on": "2020-05-01"}, {}),
        ({"filed_on": "2020-04-30", "established_on": "2020-05-01"}, {at("filed_on"): "filed_before_established"}),
        ({"filed_on": "2020-05-01", "filed": True}, {}),
        ({"filed_on": "2020-05-01", "filed": False}, {at("filed_on"): "filed_on_of_unfiled"}),
        ({"filed_on": TODAY}, {}),
        ({"filed_on": TOMORROW}, {at("filed_on"): "in_future"}),
        ({"established_on": TOMORROW}, {at("established_on"): "in_future"}),
        ({"occupancy_percent": "99.99"}, {}),
        ({"occupancy_percent": "100"}, {}),
        ({"occupancy_percent": "100.01"}, {at("occupancy_percent"): "wrong_value"}),
        ({"carers_certified": 10, "staff_total": 10}, {}),
        ({"carers_certified": 11, "staff_total": 10}, {at("carers_certified"): "carers_above_staff"}),
        ({"beds_total": -1}, {at("beds_total"): "wrong_value"}),
        ({"grade": 5}, {}),
        ({"grade": 6}, {at("grade"): "wrong_value"}),
        ({"kinds": ["castle"]}, {at("kinds"): "wrong_value"}),
        ({"no_such_fact": 1}, {at("no_such_fact"): "unknown_fact"}),
        ({"stable_cash_flow": True}, {at("stable_cash_flow"): "attestation"}),
        ({"established_on": "0001-01-01"}, {at("established_on"): "date_range"}),
    ],
)
def test_institution(registry: Registry, facts: dict[str, Any], refused: dict[str, str]) -> None:
    response = registry.post(facts=facts)
    assert response.status_code == (422 if refused else 201)
    if refused:
        assert pointers(response) == refused


@pytest.mark.parametrize(
    ("assets", "liabilities", "stated", "ratio"),
    [
        ("1000", "333.33", None, "33.33"),
        ("3000", "1000", "33.33", "33.33"),
        ("200000", "1", None, "0"),
        ("100", "0.005", None, None),
        ("100", "10000", None, "10000"),
        ("100", "10000.01", None, "refused"),
        ("1000", "500", "50.01", "refused"),
        ("0", "500", None, None),
        ("0", "500", "50", "refused"),
        (None, "500", "50", "50"),
    ],
)
def test_the_debt_ratio_follows_from_assets_and_liabilities(
    registry: Registry, assets: str | None, liabilities: str, stated: str | None, ratio: str | None
) -> None:
    facts = {"total_assets_yuan": assets, "total_liabilities_yuan": liabilities, "debt_ratio_percent": stated}
    response = registry.post(facts=facts)
    if ratio == "refused" or liabilities == "0.005":
        assert response.status_code == 422
    else:
        assert values(response.json()).get("debt_ratio_percent") == ratio


def test_a_derived_ratio_stands_and_falls_with_its_parts(registry: Registry) -> None:
    one = registry.add(facts={"total_assets_yuan": "1000", "total_liabilities_yuan": "400"})
    half = registry.amend(one["id"], 1, {"total_liabilities_yuan": "500"}).json()
    assert values(half)["debt_ratio_percent"] == "50"
    gone = registry.amend(one["id"], 2, {"total_assets_yuan": None}).json()
    assert "debt_ratio_percent" not in values(gone)


def test_all_that_is_wrong_is_said_at_once(registry: Registry) -> None:
    response = registry.post(facts={"region_code": "140101", "beds_total": "many", "grade": 9})
    assert set(pointers(response)) == {at("beds_total"), at("grade")}
    response = registry.post(facts={"region_code": "140101", "beds_total": 1, "beds_nursing": 2, "beds_dementia": 2})
    assert set(pointers(response)) == {at("region_code"), at("beds_nursing"), at("beds_dementia")}


@pytest.mark.parametrize(
    ("stated", "pointer"),
    [
        ({"value": 1, "provenance": "checked", "on": TODAY, "by": "虚构局"}, None),
        ({"value": 1, "provenance": "registry"}, None),
        ({"value": 1, "provenance": "checked", "on": TODAY}, "/by"),
        ({"value": 1, "provenance": "checked", "by": "虚构局"}, "/on"),
        ({"value": 1, "provenance": "checked", "on": TOMORROW, "by": "虚构局"}, "/on"),
        ({"value": 1, "provenance": "assumed"}, "/provenance"),
        ({"value": 1, "source": "x"}, "/source"),
        ({"provenance": "declared"}, "/value"),
        ({"value": {"value": 1}}, ""),
    ],
)
def test_a_checked_value_names_who_checked_it_and_when(
    registry: Registry, stated: dict[str, Any], pointer: str | None
) -> None:
    response = registry.post(facts={"beds_total": stated})
    assert response.status_code == (201 if pointer is None else 422)
    if pointer is not None:
        assert list(pointers(response)) == [at("beds_total") + pointer]


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ({"approval_filed": True, "approved_on": TODAY}, {}),
        ({"approval_filed": False, "approved_on": TODAY}, {at("approved_on", "project"): "approved_on_of_unfiled"}),
        ({"approved_on": TOMORROW}, {at("approved_on", "project"): "in_future"}),
        ({"region_code": "140101"}, {at("region_code", "project"): "unknown_region"}),
    ],
)
def test_project(registry: Registry, facts: dict[str, Any], refused: dict[str, str]) -> None:
    one = registry.add()
    keyed = {f"project.{key}": value for key, value in ({"region_code": "140106"} | facts).items()}
    response = registry.client.post(
        f"/api/v1/institutions/{one['id']}/projects", json={"name": "虚构项目", "facts": keyed}
    )
    assert response.status_code == (422 if refused else 201)
    if refused:
        assert pointers(response) == refused


def test_a_fact_of_another_noun_is_refused(registry: Registry) -> None:
    one = registry.add()
    response = registry.client.post(
        f"/api/v1/institutions/{one['id']}/needs", json={"facts": {"institution.beds_total": 1}}
    )
    assert pointers(response) == {"/facts/institution.beds_total": "foreign_fact"}
