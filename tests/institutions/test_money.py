"""Needs and loans: what a need may become, and loans whose facts follow from their terms."""

from datetime import timedelta
from typing import Any

import pytest

from app.http.clock import today
from tests.institutions.registry import API, Registry, pointers, values

TODAY = today()
# A loan that is neither fresh nor past on the day the tests run.
DRAWN, DUE = (TODAY - timedelta(days=400)).isoformat(), (TODAY + timedelta(days=400)).isoformat()
TERMS: dict[str, Any] = {
    "principal_yuan": "1200000",
    "drawn_on": DRAWN,
    "due_on": DUE,
    "contract_rate_percent": "4.45",
}
LATER = (TODAY - timedelta(days=100)).isoformat()
SOON = (TODAY + timedelta(days=100)).isoformat()


def lend(registry: Registry, terms: dict[str, Any] | None = None, **facts: Any) -> Any:
    one = registry.add()
    body = {"lender": "虚构银行", "facts": {f"loan.{key}": value for key, value in facts.items()}}
    return registry.client.post(f"{API}/{one['id']}/loans", json=body if terms is None else body | {"terms": terms})


def test_the_facts_of_a_loan_follow_from_its_terms(registry: Registry) -> None:
    terms = TERMS | {
        "repayments": [{"on": LATER, "amount_yuan": "200000"}, {"on": SOON, "amount_yuan": "100000"}],
        "project_share": "0.25",
        "other_subsidies": [{"slug": "xugou-subsidy", "amount_yuan": "0"}],
    }
    response = lend(registry, terms, overdue=False)
    assert response.status_code == 201
    assert values(response.json()) == {
        "principal_yuan": "1200000.00",
        "balance_yuan": "1000000.00",
        "drawn_on": DRAWN,
        "due_on": DUE,
        "contract_rate_percent": "4.45",
        "project_share_percent": "25",
        "overdue": False,
        "extended": False,
        "other_interest_subsidy": ["xugou-subsidy"],
    }


@pytest.mark.parametrize(
    ("terms", "pointer", "code"),
    [
        ({"due_on": DRAWN}, "/terms/due_on", "due_before_drawn"),
        ({"repayments": [{"on": LATER, "amount_yuan": "1200000"}]}, None, None),
        (
            {"repayments": [{"on": LATER, "amount_yuan": "1200000.01"}]},
            "/terms/repayments/0/amount_yuan",
            "repayment_above_balance",
        ),
        ({"drawdowns": [{"on": LATER, "amount_yuan": "1200000"}]}, None, None),
        ({"drawdowns": [{"on": LATER, "amount_yuan": "1200000.01"}]}, "/terms/drawdowns", "drawdowns_above_principal"),
        ({"extended_to": DUE}, "/terms/extended_to", "extension_before_due"),
        ({"contract_rate": {"lpr": "1y", "basis_points": 0, "reset": "never"}}, "/terms", "value_error"),
        (
            {
                "contract_rate_percent": None,
                "contract_rate": {"lpr": "1y", "basis_points": 0, "reset": "never"},
                "repayment_style": "equal_principal",
                "repayments": [{"on": LATER, "amount_yuan": "1200000.01"}],
            },
            "/terms/repayments/0/amount_yuan",
            "repayment_above_balance",
        ),
    ],
)
def test_terms_that_cannot_be(registry: Registry, terms: dict[str, Any], pointer: str | None, code: str | None) -> None:
    response = lend(registry, TERMS | terms)
    assert response.status_code == (201 if pointer is None else 422)
    if pointer is not None:
        assert pointers(response) == {pointer: code}


@pytest.mark.parametrize(
    ("facts", "refused"),
    [
        ({"principal_yuan": "100", "balance_yuan": "99.99"}, {}),
        ({"principal_yuan": "100", "balance_yuan": "100"}, {}),
        ({"principal_yuan": "100", "balance_yuan": "100.01"}, {"/facts/loan.balance_yuan": "balance_above_principal"}),
        ({"drawn_on": "2026-01-01", "due_on": "2026-01-02"}, {}),
        ({"drawn_on": "2026-01-01", "due_on": "2026-01-01"}, {"/facts/loan.due_on": "due_before_drawn"}),
        (
            {"contracted_on": "2026-01-02", "drawn_on": "2026-01-01"},
            {"/facts/loan.drawn_on": "drawn_before_contracted"},
        ),
    ],
)
def test_a_loan_without_terms_is_stated_fact_by_fact(
    registry: Registry, facts: dict[str, Any], refused: dict[str, str]
) -> None:
    response = lend(registry, None, **facts)
    assert response.status_code == (422 if refused else 201)
    if refused:
        assert pointers(response) == refused


def test_a_stated_fact_may_only_agree_with_the_terms(registry: Registry) -> None:
    assert pointers(lend(registry, TERMS, principal_yuan="1200000.01")) == {
        "/facts/loan.principal_yuan": "contradicts_terms"
    }
    checked = {"value": "1200000", "provenance": "checked", "on": TODAY.isoformat(), "by": "虚构局"}
    loan = lend(registry, TERMS, principal_yuan=checked).json()
    assert loan["facts"]["loan.principal_yuan"]["provenance"] == "checked"


def test_the_balance_is_known_only_where_it_can_be(registry: Registry) -> None:
    floating = {"contract_rate_percent": None, "contract_rate": {"lpr": "5y", "basis_points": -20, "reset": "never"}}
    past = {"due_on": (TODAY - timedelta(days=1)).isoformat()}
    instalments = {"repayment_style": "equal_principal"}
    assert "balance_yuan" not in values(lend(registry, TERMS | past).json())
    assert (
        values(lend(registry, TERMS | past | {"repayments": [{"on": LATER, "amount_yuan": "1200000"}]}).json())[
            "balance_yuan"
        ]
        == "0.00"
    )
    assert "balance_yuan" not in values(lend(registry, TERMS | floating | instalments).json())
    assert values(lend(registry, TERMS | floating | instalments, balance_yuan="7").json())["balance_yuan"] == "7.00"
    scheduled = float(values(lend(registry, TERMS | instalments).json())["balance_yuan"])
    assert 500_000 < scheduled < 700_000
    assert "contract_rate_percent" not in values(lend(registry, TERMS | floating).json())


def test_new_terms_replace_what_the_old_ones_decided_and_the_past_is_kept(registry: Registry) -> None:
    loan = lend(registry, TERMS, overdue=True).json()
    path = f"{loan['institution_id']}/loans/{loan['id']}"
    floating = {"contract_rate_percent": None, "contract_rate": {"lpr": "5y", "basis_points": 0, "reset": "month"}}
    amended = registry.patch(path, {"terms": TERMS | floating}, 1).json()
    assert "contract_rate_percent" not in values(amended)
    assert values(amended)["overdue"] is True
    assert amended["terms"]["contract_rate"] == {"lpr": "5y", "basis_points": "0", "reset": "month"}
    assert values(registry.get(path, known_at=loan["recorded_from"]))["contract_rate_percent"] == "4.45"
    assert values(registry.patch(path, {"terms": None}, 2).json()) == {"overdue": True}


def test_a_need_is_open_until_it_is_met_or_withdrawn(registry: Registry) -> None:
    one = registry.add()
    need = registry.create(f"{one['id']}/needs", {"facts": {"need.amount_yuan": "0.01", "need.term_months": 1}})
    path = f"{one['id']}/needs/{need['id']}"
    act = f"{API}/{path}/actions"
    assert registry.client.post(f"{act}/meet").status_code == 428
    assert registry.client.post(f"{act}/reopen", headers={"If-Match": '"1"'}).status_code == 409
    met = registry.client.post(f"{act}/meet", headers={"If-Match": '"1"'})
    assert (met.json()["status"], met.headers["ETag"]) == ("met", '"2"')
    assert registry.client.post(f"{act}/withdraw", headers={"If-Match": '"2"'}).status_code == 409
    assert registry.patch(path, {"facts": {"need.term_months": 2}}, 2).status_code == 409
    assert registry.client.post(f"{act}/meet", headers={"If-Match": '"1"'}).status_code == 412
    assert registry.client.post(f"{act}/reopen", headers={"If-Match": '"2"'}).json()["status"] == "open"
    assert values(registry.patch(path, {"facts": {"need.term_months": 2}}, 3).json())["term_months"] == 2
    assert registry.client.post(f"{act}/withdraw", headers={"If-Match": '"4"'}).json()["status"] == "withdrawn"


@pytest.mark.parametrize("fact", ["amount_yuan", "term_months"])
def test_a_need_of_nothing_is_none(registry: Registry, fact: str) -> None:
    one = registry.add()
    response = registry.client.post(f"{API}/{one['id']}/needs", json={"facts": {f"need.{fact}": 0}})
    assert pointers(response) == {f"/facts/need.{fact}": "zero"}


def test_needs_and_loans_name_only_projects_of_their_own_institution(registry: Registry) -> None:
    mine, other = registry.add(), registry.add()
    place = {"project.region_code": "140106"}
    project = registry.create(f"{mine['id']}/projects", {"name": "虚构项目", "facts": place})
    body = {"project_id": project["id"], "facts": {}}
    assert registry.create(f"{mine['id']}/needs", body)["project_id"] == project["id"]
    refused = registry.client.post(f"{API}/{other['id']}/needs", json=body)
    assert pointers(refused) == {"/project_id": "project_not_found"}
    assert registry.client.get(f"{API}/{other['id']}/projects/{project['id']}").status_code == 404
    assert registry.get(f"{mine['id']}/projects", total=True)["total"] == 1
    assert registry.get(f"{other['id']}/projects")["items"] == []
