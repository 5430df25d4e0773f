"""One case's own page: what it is shown, of whom, on which day, and as known when."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.cases.select import CaseKind
from app.products.internal import BY_THE_BANK
from app.store.tables import Bank
from tests.matching.conftest import World
from tests.matching.factories import AS_OF, BEDS, DEBT, RECORDED, a_record, publish

SUBSIDY = "kangyang-interest-subsidy"


def matches(world: World, owner: UUID, **query: Any) -> dict[str, Any]:
    response = world.client.get(f"/api/v1/institutions/{owner}/matches", params={"as_of": AS_OF.isoformat(), **query})
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def by_slug(page: dict[str, Any], what: str = "products") -> dict[str, Any]:
    return {one["slug"]: one for one in page[what]}


@pytest.fixture
def borrower(workshop: World) -> dict[str, UUID]:
    """An institution with a kangyang project that has the office's word, a need for it and a loan."""
    with workshop.database.writing() as session:
        workshop.registry.session = session
        owner = workshop.registry.institution(beds_total=120, for_profit=True, debt_ratio_percent=Decimal("61.5"))
        project = workshop.registry.project(owner, is_kangyang=True, investor="social", beds=100)
        need = workshop.registry.need(owner, project, amount_yuan=Decimal(1_000_000), term_months=36)
        loan = workshop.registry.loan(
            owner,
            project,
            principal_yuan=Decimal(20_000_000),
            drawn_on=date(2022, 7, 1),
            due_on=date(2025, 7, 1),
            contract_rate_percent=Decimal("4.45"),
        )
        workshop.registry.attest(project, "project.meets_detailed_rules", programme=SUBSIDY)
    return {"owner": owner, "project": project, "need": need, "loan": loan}


@pytest.mark.parametrize("kind", [CaseKind.PROJECT, CaseKind.NEED, CaseKind.LOAN])
def test_foreign_ids_are_not_found(world: World, kind: CaseKind) -> None:
    ids = world.registry.ids
    mine = ids[kind][0]
    stranger = next(owner for owner in ids[CaseKind.INSTITUTION] if owner != world.registry.owners[mine])
    for owner, case_id in ((stranger, mine), (world.registry.owners[mine], uuid4()), (uuid4(), mine)):
        response = world.client.get(f"/api/v1/institutions/{owner}/matches", params={str(kind): str(case_id)})
        assert (response.status_code, response.json()["code"]) == (404, "case_not_found")


def test_a_question_is_about_one_case(world: World) -> None:
    owner, other = world.registry.ids[CaseKind.INSTITUTION][0], str(uuid4())
    response = world.client.get(f"/api/v1/institutions/{owner}/matches", params={"project": other, "need": other})
    assert (response.status_code, response.json()["code"]) == (422, "many_cases")
    assert {one["pointer"] for one in response.json()["errors"]} == {"/query/project", "/query/need"}


def test_best_offers_come_first_and_everything_is_counted(world: World) -> None:
    order = ("eligible", "in_scope", "needs_info", "near_miss", "ineligible")
    for owner in world.registry.ids[CaseKind.INSTITUTION]:
        page = matches(world, owner)
        for what in ("programmes", "products"):
            said = ["near_miss" if one["near_miss"] else one["outcome"] for one in page[what]]
            assert said == sorted(said, key=order.index)
            counts = page[f"{what[:-1]}_counts"]
            unlisted = counts["not_applicable"] + counts["informative"]
            assert sum(counts.values()) == len(said) + unlisted
        assert page["product_counts"]["not_applicable"] > 0


def test_the_summary_says_what_the_whole_answer_says(world: World) -> None:
    owner = world.registry.owners[need := world.registry.ids[CaseKind.NEED][0]]
    brief, whole = (matches(world, owner, need=str(need), **more) for more in ({}, {"expand": "conditions"}))
    for what in ("programmes", "products"):
        for short, full in zip(brief[what], whole[what], strict=True):
            shared = short.keys() & full.keys() - {"advice"}
            assert {key: short[key] for key in shared} == {key: full[key] for key in shared}
            assert short["advice"] == next((one["sentence"] for one in full["advice"]), None)
            assert full["conditions"]


def test_a_need_learns_what_the_subsidy_leaves_of_the_rate(workshop: World, borrower: dict[str, UUID]) -> None:
    page = matches(workshop, borrower["owner"], need=str(borrower["need"]), as_of="2024-01-15")
    assert "plain" not in {one["slug"] for one in page["products"] if one["window"] == "open"}
    net = by_slug(page)["plain"]["net_rate"]
    # One-year LPR of that day 3.45 and 50 basis points; half the benchmark of 4.75 comes back for three years.
    assert by_slug(page)["plain"]["rate"]["low_percent"] == "3.95"
    assert net["programme"] == SUBSIDY
    assert (net["principal_yuan"], net["due_on"]) == ("1000000.00", "2027-01-15")
    assert net["repayment_style"] == "bullet"
    assert Decimal(net["gross_rate_percent"]) - Decimal(net["net_rate_percent"]) > Decimal(2)
    # 1,096 days of half of 4.75 % on a million, on a year of 360 days, each calendar year rounded once.
    assert Decimal(net["subsidy_yuan"]) == pytest.approx(Decimal("72305.56"), abs=Decimal("0.02"))
    assert "按可以获得贴息测算" in net["note"]


def test_no_amount_or_no_subsidy_no_net_rate(workshop: World, borrower: dict[str, UUID]) -> None:
    with workshop.database.writing() as session:
        workshop.registry.session = session
        vague = workshop.registry.need(borrower["owner"], borrower["project"], term_months=36)
        other = workshop.registry.institution(beds_total=10)
        plain = workshop.registry.need(other, amount_yuan=Decimal(200_000), term_months=12)
    for owner, need in ((borrower["owner"], vague), (other, plain)):
        page = matches(workshop, owner, need=str(need))
        assert by_slug(page)["plain"]["net_rate"] is None


def test_a_loan_is_quoted_and_stands_in_the_bundle(workshop: World, borrower: dict[str, UUID]) -> None:
    page = matches(workshop, borrower["owner"], loan=str(borrower["loan"]), as_of="2025-06-01", expand="conditions")
    subsidy = by_slug(page, "programmes")[SUBSIDY]
    assert (subsidy["outcome"], subsidy["quote"]["subsidy_yuan"]) == ("eligible", "1446111.11")
    bundle = page["bundle"]
    mine = next(one for one in bundle["programmes"] if one["slug"] == SUBSIDY)
    assert (mine["amount_yuan"], mine["counted"]) == ("1446111.11", True)
    assert Decimal(bundle["low_yuan"]) < Decimal(bundle["total_yuan"]) <= Decimal(bundle["high_yuan"])
    left_out = {one["slug"]: one["excluded_by"] for one in bundle["left_out"]}
    assert all(set(by) <= {one["slug"] for one in bundle["programmes"]} for by in left_out.values())
    assert not any(one["slug"].startswith("secondary") and one["counted"] for one in bundle["programmes"])
    assert page["products"] == []


def test_the_day_moves_windows_and_conditions(workshop: World) -> None:
    with workshop.database.writing() as session:
        workshop.registry.session = session
        owner = workshop.registry.institution(established_on=date(2025, 11, 21), kinds=("elderly_home",))
        need = workshop.registry.need(owner, amount_yuan=Decimal(200_000), term_months=12)
    aged = {
        day: by_slug(matches(workshop, owner, need=str(need), as_of=day, expand="conditions"))["aged"]
        for day in ("2025-12-31", "2026-11-20", "2026-11-21")
    }
    truths = {day: {c["id"]: c["truth"] for c in one["conditions"]}["age"] for day, one in aged.items()}
    assert truths == {"2025-12-31": "false", "2026-11-20": "false", "2026-11-21": "true"}
    assert {day: one["window"] for day, one in aged.items()} == {
        "2025-12-31": "upcoming", "2026-11-20": "open", "2026-11-21": "open"
    }  # fmt: skip


def test_known_at_selects_the_facts_of_then(workshop: World) -> None:
    later = RECORDED + timedelta(days=90)
    with workshop.database.writing() as session:
        workshop.registry.session = session
        owner = workshop.registry.institution(beds_total=49, filed=True)
        need = workshop.registry.need(owner, amount_yuan=Decimal(200_000), term_months=12)
        workshop.registry.change(CaseKind.INSTITUTION, owner, later, beds_total=50)
    said = {}
    for known_at in (None, later, later - timedelta(seconds=1)):
        query = {"known_at": known_at.isoformat()} if known_at else {}
        one = by_slug(matches(workshop, owner, need=str(need), **query))["all-kinds"]
        said[known_at] = (one["outcome"], one["near_miss"])
        address = f"/api/v1/products/{workshop.products['all-kinds']}/candidates"
        rows = workshop.client.get(address, params={"as_of": AS_OF.isoformat(), "page_size": 200, **query}).json()
        mine = next(row for row in rows["items"] if row["case_id"] == str(need))
        assert (mine["outcome"], mine["near_miss"]) == said[known_at]
    assert list(said.values()) == [("eligible", False), ("eligible", False), ("ineligible", True)]
    response = workshop.client.get(f"/api/v1/institutions/{owner}/matches", params={"known_at": "2020-01-01T00:00:00Z"})
    assert response.status_code == 404


def test_internal_conditions_leak_nothing_but_their_verdict(workshop: World, borrower: dict[str, UUID]) -> None:
    secret = {**DEBT, "id": "secret_ratio", "cite": {"own": "授信指引第九条"}}
    waiting = {
        "op": "at_least_months_ago",
        "fact": "institution.filed_on",
        "months": 7,
        "id": "secret_months",
        "cite": {"own": "授信指引第十条"},
    }
    with workshop.database.writing() as session:
        product = publish(
            session,
            session.scalars(select(Bank.id)).one(),
            a_record(
                "discreet",
                requires={"op": "all", "of": [BEDS, secret, waiting]},
                internal=["secret_ratio", "secret_months"],
            ),
        )
    owner, need = borrower["owner"], str(borrower["need"])
    whole = by_slug(matches(workshop, owner, need=need, expand="conditions"))["discreet"]
    assert [one["truth"] for one in whole["conditions"] if one["label"] == BY_THE_BANK] == ["false", "unknown"]
    address = f"/api/v1/products/{product}/candidates"
    query = {"as_of": AS_OF.isoformat(), "expand": "conditions", "page_size": "200"}
    assessed = workshop.client.post(
        "/api/v1/assessments", json={"institution": str(owner), "need": need, "as_of": AS_OF.isoformat()}
    ).json()
    answers = [
        str(whole),
        str(by_slug(matches(workshop, owner, need=need))["discreet"]),
        workshop.client.get(address, params=query).text,
        TestClient(workshop.app).get(f"{address}/export", params={"as_of": AS_OF.isoformat()}).text,
        str(next(one for one in assessed["results"] if one["slug"] == "discreet")),
    ]
    for answer in answers:
        assert "虚构" in answer
        for word in ("secret", "授信指引", "资产负债率", "debt_ratio", "filed_on", "备案日期", "61.5", "60%", "'60'"):
            assert word not in answer, word


def test_a_self_check_answers_products_too(workshop: World) -> None:
    facts = {"institution.beds_total": 49, "institution.filed": True, "need.amount_yuan": "200000"}
    facts |= {"need.term_months": 12, "loan.overdue": False}
    body = {"facts": facts, "as_of": AS_OF.isoformat()}
    answer = workshop.client.post("/api/v1/eligibility-checks", json=body).json()
    said = by_slug(answer)
    assert (said["plain"]["outcome"], said["plain"]["outcome_label"]) == ("eligible", "符合公布条件，由银行决定")
    assert (said["all-kinds"]["outcome"], said["all-kinds"]["near_miss"]) == ("ineligible", True)
    assert said["all-kinds"]["advice"][0]["sentence"] == "床位总数：还差 1 张（达到 50 张）"
    assert set(said["secured"]["missing"]) >= {"need.purpose", "need.securities"}
    assert "projects" not in said


@pytest.mark.parametrize(
    ("beds", "outcome", "missing"),
    [
        (49, "ineligible", []),
        (50, "needs_info", ["internal"]),
        (None, "needs_info", ["institution.beds_total", "internal"]),
    ],
)
def test_whoever_invents_facts_learns_nothing_of_an_internal_threshold(
    workshop: World, beds: int | None, outcome: str, missing: list[str]
) -> None:
    """The bank asks at most 60%: just below, at and above it, and unknown, a self-check answers the same."""
    needed = {"need.amount_yuan": "200000", "need.term_months": 12, "need.securities": ["credit"]}
    said = []
    for debt in ("59.99", "60", "60.01", "99", None):
        facts = {"institution.beds_total": beds, "institution.debt_ratio_percent": debt, **needed}
        body = {"facts": facts, "as_of": AS_OF.isoformat()}
        answer = workshop.client.post("/api/v1/eligibility-checks", json=body).json()
        said.append(by_slug(answer)["internal"])
    assert said == [said[0]] * len(said)
    (hidden,) = [one for one in said[0]["conditions"] if one["label"] == BY_THE_BANK]
    assert (hidden["truth"], hidden["sentence"], hidden["own"]) == ("unknown", BY_THE_BANK, None)
    assert (said[0]["outcome"], said[0]["near_miss"], said[0]["advice"]) == (outcome, False, [])
    assert said[0]["missing"] == missing
