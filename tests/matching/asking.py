"""Asking the three public checks, and the cases they are asked about, all fictional (虚构)."""

from typing import Any, Final

from fastapi.testclient import TestClient

# A kangyang project of social capital, 20 million yuan short of the large ones.
PROJECT: Final[dict[str, Any]] = {
    "project.is_kangyang": True,
    "project.region_code": "140105",
    "project.investor": "social",
    "project.investment_yuan": "480000000",
}
LOAN: Final[dict[str, Any]] = {
    "loan.principal_yuan": "20000000",
    "loan.drawn_on": "2022-07-01",
    "loan.due_on": "2025-07-01",
    "loan.contract_rate_percent": "4.45",
}
INSTITUTION: Final[dict[str, Any]] = {
    "institution.region_code": "140302",
    "institution.legal_form": "private_non_enterprise",
    "institution.ownership": "private",
    "institution.for_profit": False,
    "institution.kinds": ["elderly_home", "meal_service"],
    "institution.beds_total": 120,
    "institution.beds_nursing": 60,
}
ATTESTED: Final = "project.meets_detailed_rules@kangyang-interest-subsidy"
QUOTE: Final[dict[str, Any]] = {
    "principal_yuan": "20000000",
    "drawn_on": "2022-07-01",
    "due_on": "2025-07-01",
    "contract_rate_percent": "4.45",
}
DAY: Final = "2025-06-01"
EVERYTHING: Final = ["not_applicable", "informative"]


def check(client: TestClient, facts: dict[str, Any], *, as_of: str = DAY, **more: Any) -> dict[str, Any]:
    """The answer to an eligibility check."""
    response = client.post("/api/v1/eligibility-checks", json={"facts": facts, "as_of": as_of, **more})
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def by_slug(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["slug"]: one for one in answer["programmes"]}


def quote(client: TestClient, **changes: Any) -> dict[str, Any]:
    """The quote of the loan of the worked figures, with some terms changed (None leaves one out)."""
    response = client.post("/api/v1/interest-subsidy-quotes", json=_without_none(QUOTE | changes))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def refused(client: TestClient, operation: str, body: dict[str, Any]) -> dict[str, Any]:
    """The problem that a body is answered with."""
    response = client.post(f"/api/v1/{operation}", json=_without_none(body))
    assert response.status_code == 422, response.text
    problem: dict[str, Any] = response.json()
    return problem


def pointers(problem: dict[str, Any]) -> set[str]:
    return {error["pointer"] for error in problem["errors"]}


def _without_none(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if value is not None}
