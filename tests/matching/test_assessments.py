"""What was assessed stays as it was said, and says it again whatever has changed since."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.cases.select import CaseKind
from app.store.tables import Assessment, Bank, ParameterValue, ProductVersion, ProgrammeVersion, RatePoint
from tests.matching.conftest import World
from tests.matching.factories import AS_OF, BEDS, RECORDED, a_record, publish


@pytest.fixture
def need(workshop: World) -> UUID:
    """A need in the workshop."""
    return a_need(workshop)


def a_need(world: World) -> UUID:
    """A need with a project, of an institution with many facts and an attestation."""
    with world.database.writing() as session:
        world.registry.session = session
        owner = world.registry.institution(
            beds_total=49,
            filed=True,
            kinds=("elderly_home",),
            checked=["beds_total"],
            debt_ratio_percent=Decimal("60.01"),
        )
        project = world.registry.project(owner, is_kangyang=True, investor="mixed", beds=120)
        world.registry.attest(owner, "institution.stable_cash_flow")
        return world.registry.need(owner, project, amount_yuan=Decimal("1000000.01"), term_months=24)


def assessed(world: World, need: UUID) -> dict[str, Any]:
    owner = world.registry.owners[need]
    body = {"institution": str(owner), "need": str(need), "as_of": AS_OF.isoformat()}
    response = world.client.post("/api/v1/assessments", json=body)
    assert response.status_code == 201, response.text
    assert response.headers["Location"] == f"/api/v1/assessments/{response.json()['id']}"
    answer: dict[str, Any] = response.json()
    return answer


def replay(world: World, assessment_id: str) -> dict[str, Any]:
    response = world.client.post(f"/api/v1/assessments/{assessment_id}/actions/replay")
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_an_assessment_says_what_the_page_says(workshop: World, need: UUID) -> None:
    answer = assessed(workshop, need)
    owner = workshop.registry.owners[need]
    query = {"need": str(need), "as_of": AS_OF.isoformat(), "expand": "conditions"}
    page = workshop.client.get(f"/api/v1/institutions/{owner}/matches", params=query).json()
    said = {(one["kind"], one["slug"]): one for one in answer["results"]}
    for kind in ("programme", "product"):
        for one in page[f"{kind}s"]:
            kept = said[kind, one["slug"]]
            assert (kept["outcome"], kept["window"], kept["near_miss"]) == (
                one["outcome"], one["window"], one["near_miss"]
            )  # fmt: skip
            assert [(c["truth"], c["sentence"]) for c in kept["conditions"]] == [
                (c["truth"], c["sentence"]) for c in one["conditions"]
            ]
            assert kept["missing"] == one["missing"]
    facts = {one["fact"]: (one["value"], one["provenance"]) for one in answer["facts"]}
    assert facts["institution.beds_total"] == (49, "checked")
    assert facts["institution.debt_ratio_percent"] == ("60.01", "declared")
    assert facts["institution.kinds"] == (["elderly_home"], "declared")
    assert facts["institution.stable_cash_flow"] == (True, "checked")
    assert {one["key"] for one in answer["parameters"]} >= {"kangyang.social_capital_over_percent"}


def test_replay_is_the_same_after_ten_later_changes(fresh_world: World) -> None:
    need = a_need(fresh_world)
    before = assessed(fresh_world, need)
    change_ten_things(fresh_world, need)
    again = replay(fresh_world, before["id"])
    assert (again["same"], again["differences"]) == (True, [])
    assert again["offers"] == len(before["results"])
    assert fresh_world.client.get(f"/api/v1/assessments/{before['id']}").json() == before
    # The changes do matter to whoever asks anew.
    after = assessed(fresh_world, need)
    verdicts = [{(r["slug"], r["outcome"], r["version"]) for r in one["results"]} for one in (before, after)]
    assert len(verdicts[0] - verdicts[1]) >= 5


def change_ten_things(world: World, need: UUID) -> None:
    """Facts of the institution, the need and an attestation; rules of programmes and products; parameters; rates."""
    registry, owner = world.registry, world.registry.owners[need]
    with world.database.writing() as session:
        registry.session = session
        for number, beds in enumerate((50, 80, 10), start=1):
            registry.change(
                CaseKind.INSTITUTION, owner, RECORDED + timedelta(days=number), beds_total=beds, filed=False
            )
        registry.change(CaseKind.NEED, need, RECORDED + timedelta(days=1), amount_yuan=Decimal(99), term_months=600)
        registry.change(CaseKind.NEED, need, RECORDED + timedelta(days=2), purpose="refinancing")
        bank = session.scalars(select(Bank.id)).one()
        everyone = {"subjects": ["need", "institution", "project"], "valid_from": "2026-06-01"}
        publish(session, bank, a_record("all-kinds", **everyone, requires=BEDS), number=2)
        publish(session, bank, a_record("plain", **everyone, regions=["141100"]), number=2)
        session.execute(update(ProgrammeVersion).values(recorded_to=RECORDED + timedelta(days=400)))
        session.execute(update(ParameterValue).where(ParameterValue.type == "decimal").values(value="1"))
        session.execute(update(RatePoint).values(rate_percent=Decimal("9.9")))


def test_a_replay_names_what_is_no_longer_the_same(workshop: World, need: UUID) -> None:
    answer = assessed(workshop, need)
    with workshop.database.writing() as session:
        row = session.get_one(Assessment, UUID(answer["id"]))
        results = [dict(one) for one in row.results]
        spoiled = next(one for one in results if one["slug"] == "all-kinds")
        spoiled["outcome"] = "eligible"
        spoiled["conditions"] = [{**one, "truth": "unknown"} for one in spoiled["conditions"][:1]] + spoiled[
            "conditions"
        ][1:]
        row.results = results
    again = replay(workshop, answer["id"])
    assert again["same"] is False
    assert {(one["slug"], one["what"], one["before"], one["after"]) for one in again["differences"]} == {
        ("all-kinds", "outcome", "eligible", "ineligible"),
        ("all-kinds", "/of/0", "unknown", "true"),
    }


def test_what_is_not_there_is_not_found(workshop: World, need: UUID) -> None:
    stranger = next(one for one in workshop.registry.ids[CaseKind.INSTITUTION] if one != workshop.registry.owners[need])
    refused = workshop.client.post("/api/v1/assessments", json={"institution": str(stranger), "need": str(need)})
    assert (refused.status_code, refused.json()["code"]) == (404, "case_not_found")
    body = {"institution": str(stranger), "need": str(need), "loan": str(uuid4())}
    many = workshop.client.post("/api/v1/assessments", json=body)
    assert (many.status_code, {one["pointer"] for one in many.json()["errors"]}) == (422, {"/need", "/loan"})
    unknown = f"/api/v1/assessments/{uuid4()}"
    assert workshop.client.get(unknown).json()["code"] == "assessment_not_found"
    assert workshop.client.post(f"{unknown}/actions/replay").status_code == 404


def test_published_products_are_frozen_by_their_content(workshop: World, need: UUID) -> None:
    answer = assessed(workshop, need)
    with workshop.database.reading() as session:
        hashes = set(session.scalars(select(ProductVersion.content_hash)))
        hashes |= set(session.scalars(select(ProgrammeVersion.content_hash)))
    assert {one["content_hash"] for one in answer["results"]} == hashes
