"""The list of assessments: newest first, paged, filtered by institution and by when they were made, within scope."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine

from app.access.scope import Scope
from app.cases.select import CaseKind
from tests.callers import ANYBODY
from tests.matching.conftest import World
from tests.matching.factories import AS_OF

# Long before any other test of this worker assesses anything, so that the window below holds these alone.
FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MADE = 7


@pytest.fixture(scope="module")
def owners(workshop: World) -> list[UUID]:
    """Two institutions in two counties."""
    with workshop.database.writing() as session:
        workshop.registry.session = session
        return [workshop.registry.institution(region=region, beds_total=80) for region in ("140105", "140902")]


@pytest.fixture(scope="module")
def made(workshop: World, owners: list[UUID]) -> list[dict[str, Any]]:
    """Seven assessments, a minute apart, of the two by turns; the oldest first."""
    found = []
    for number in range(MADE):
        with time_machine.travel(FIRST + number * MINUTE, tick=False):
            body = {"institution": str(owners[number % 2]), "as_of": AS_OF.isoformat()}
            response = workshop.client.post("/api/v1/assessments", json=body)
        assert response.status_code == 201, response.text
        found.append(response.json())
    return found


def listed(world: World, **query: Any) -> list[dict[str, Any]]:
    """Every page, by the links that each page gives."""
    found: list[dict[str, Any]] = []
    address: str | None = "/api/v1/assessments"
    while address is not None:
        response = world.client.get(address, params=query or None)
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        query, address = {}, None
        if response.json()["next_cursor"] is not None:
            address = response.headers["Link"].partition(">")[0].removeprefix("<")
    return found


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in rows]


@pytest.mark.parametrize("size", [1, 3, 7, 200])
def test_the_newest_come_first_whatever_the_page(
    workshop: World, owners: list[UUID], made: list[dict[str, Any]], size: int
) -> None:
    for place, owner in enumerate(owners):
        mine = ids(made[place::2])
        assert ids(listed(workshop, institution=str(owner), page_size=size)) == mine[::-1]


def test_a_row_says_which_case_and_when_and_leads_to_the_rest(workshop: World, made: list[dict[str, Any]]) -> None:
    last = made[-1]
    (row,) = [one for one in listed(workshop) if one["id"] == last["id"]]
    assert row == {name: last[name] for name in ("id", "case", "as_of", "assessed_at")}
    response = workshop.client.get(f"/api/v1/assessments/{row['id']}")
    assert (response.headers["ETag"], response.json()) == ('"1"', last)


def test_a_window_begins_at_its_first_instant_and_ends_before_its_last(
    workshop: World, owners: list[UUID], made: list[dict[str, Any]]
) -> None:
    tick = timedelta(microseconds=1)

    def between(start: datetime | None, end: datetime | None) -> set[str]:
        bounds = {"made_from": start, "made_to": end}
        query = {name: bound.isoformat() for name, bound in bounds.items() if bound is not None}
        mine = {row["id"] for owner in owners for row in listed(workshop, institution=str(owner), **query)}
        assert mine <= set(ids(made))
        return mine

    second = FIRST + MINUTE
    assert between(second, None) == set(ids(made[1:]))
    assert between(second + tick, None) == set(ids(made[2:]))
    assert between(None, second) == set(ids(made[:1]))
    assert between(None, second + tick) == set(ids(made[:2]))
    assert between(second, second + 2 * MINUTE) == set(ids(made[1:3]))
    assert between(second, second) == set()


def test_the_total_counts_every_page(workshop: World, owners: list[UUID], made: list[dict[str, Any]]) -> None:
    query: dict[str, Any] = {"institution": str(owners[0]), "page_size": 1, "total": "true"}
    answer = workshop.client.get("/api/v1/assessments", params=query).json()
    assert (answer["total"], len(answer["items"])) == (len(made[::2]), 1)
    assert workshop.client.get("/api/v1/assessments", params={"institution": str(uuid4())}).json()["items"] == []


def test_a_cursor_belongs_to_its_filters(workshop: World, owners: list[UUID], made: list[dict[str, Any]]) -> None:
    query: dict[str, Any] = {"institution": str(owners[0]), "page_size": 1}
    cursor = workshop.client.get("/api/v1/assessments", params=query).json()["next_cursor"]
    for other in ({"institution": str(owners[1])}, {**query, "made_to": FIRST.isoformat()}):
        refused = workshop.client.get("/api/v1/assessments", params={**other, "cursor": cursor})
        assert (refused.status_code, refused.json()["code"]) == (422, "cursor_refused")


def test_a_caller_sees_the_assessments_in_scope_alone(
    workshop: World, owners: list[UUID], made: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, scope in enumerate((Scope.of_region("140100"), Scope("", owners[1]))):
        monkeypatch.setattr(workshop.app.state.gate, "caller", replace(ANYBODY, scope=scope))
        seen = {one["id"] for one in listed(workshop)}
        assert set(ids(made[place::2])) <= seen
        assert not set(ids(made[1 - place :: 2])) & seen
        foreign = workshop.client.get(f"/api/v1/assessments/{made[1 - place]['id']}")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "assessment_not_found")


def test_the_needs_of_an_institution_are_listed_with_it(workshop: World) -> None:
    with workshop.database.writing() as session:
        workshop.registry.session = session
        owner = workshop.registry.institution()
        need = workshop.registry.need(owner)
    body = {"institution": str(owner), "need": str(need), "as_of": AS_OF.isoformat()}
    workshop.client.post("/api/v1/assessments", json=body)
    (row,) = listed(workshop, institution=str(owner))
    assert (row["case"]["kind"], row["case"]["id"]) == (CaseKind.NEED.value, str(need))
