"""Products and programmes: what is published is everybody's; drafts and internal conditions are the bank's own."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from app.products.internal import BY_THE_BANK
from tests.access.house import refusals
from tests.access.people import Person
from tests.access.town import Town, leaf, offer, terms

BEDS = leaf("beds", "ge", "institution.beds_total", value=50)
STAFF = leaf("staff", "ge", "institution.staff_total", value=7)
INTERNAL: dict[str, Any] = {"requires": {"op": "all", "of": [BEDS, STAFF]}, "internal": ["staff"]}
_NUMBERS = count(1)


@pytest.fixture
def slug() -> str:
    """A name that no other test has."""
    return f"xugou-scope-{next(_NUMBERS)}"


@pytest.fixture
def draft(town: Town, slug: str) -> dict[str, Any]:
    """A product that is only drafted."""
    return town.house.post(town.people.bank, "/products", {"slug": slug, "bank": "xugou-bank", **terms(**INTERNAL)})


def everybody(town: Town) -> dict[str, Person | None]:
    return {"nobody": None, **town.people.all()}


OWN = {"bank", "bank_checker", "bank_branch"}


def test_a_draft_is_known_to_its_own_bank_alone(town: Town, draft: dict[str, Any], slug: str) -> None:
    key = draft["id"]
    unknown = uuid4()
    for name, one in everybody(town).items():
        for path in ("", "/versions", "/versions/1"):
            answer = town.house.call(one, "GET", f"/products/{key}{path}")
            assert (name, answer.status_code) == (name, 200 if name in OWN else 404)
            if name not in OWN:
                nowhere = town.house.call(one, "GET", f"/products/{unknown}{path}").json()
                assert answer.json()["detail"] == nowhere["detail"]
        for filters in ({}, {"status": "draft"}, {"bank": "xugou-bank"}, {"region": "140105"}):
            found = town.house.get(one, "/products", page_size=200, **filters)["items"]
            assert (name, slug in {row["slug"] for row in found}) == (name, name in OWN)


def test_a_draft_that_was_given_up_is_still_nobody_elses(town: Town, draft: dict[str, Any], slug: str) -> None:
    path = f"/products/{draft['id']}"
    town.house.post(town.people.bank, f"{path}/versions/1/actions/withdraw", status=200, version=1)
    assert town.house.call(None, "GET", path).status_code == 404
    withdrawn = town.house.get(None, "/products", status="withdrawn", page_size=200)["items"]
    assert slug not in {row["slug"] for row in withdrawn}


def test_a_draft_beside_a_published_version_is_hidden_and_its_number_too(town: Town, slug: str) -> None:
    key = offer(town, slug)
    town.house.post(town.people.bank, f"/products/{key}/versions", {"name": "虚构改版贷", "valid_from": "2099-01-01"})
    own, other = town.house.get(town.people.bank, f"/products/{key}"), town.house.get(None, f"/products/{key}")
    assert (own["draft_version"], other["draft_version"]) == (2, None)
    assert [one["version"] for one in town.house.get(None, f"/products/{key}/versions")["items"]] == [1]
    assert town.house.call(town.people.other_bank, "GET", f"/products/{key}/versions/2").status_code == 404


def test_internal_conditions_are_read_by_their_bank_alone(town: Town, slug: str) -> None:
    key = offer(town, slug, **INTERNAL)
    for name, one in everybody(town).items():
        shown = town.house.get(one, f"/products/{key}/versions/1")
        text = str(shown)
        hidden = [row for row in shown["conditions"] if row["visibility"] == "internal"]
        assert len(hidden) == 1
        if name in OWN:
            assert (hidden[0]["id"], shown["internal"], shown["requires"]) == ("staff", ["staff"], INTERNAL["requires"])
        else:
            assert (hidden[0]["label"], shown["internal"]) == (BY_THE_BANK, [])
            assert "staff" not in text
            assert shown["requires"]["of"] == [BEDS, {"op": "internal"}]


def test_candidates_are_for_the_own_bank_with_its_conditions_in_full(town: Town, slug: str) -> None:
    key = offer(town, slug, **INTERNAL)
    path = f"/products/{key}/candidates"
    statuses = {name: town.house.call(one, "GET", path).status_code for name, one in everybody(town).items()}
    readers = OWN | {"pboc", "auditor"}
    assert {name for name, status in statuses.items() if status == 200} == readers
    assert statuses["other_bank"] == 404
    assert statuses["nobody"] == 401
    assert {statuses[name] for name in statuses.keys() - readers - {"other_bank", "nobody"}} == {403}

    def staff(one: Person) -> list[dict[str, Any]]:
        rows = town.house.get(one, path, expand="conditions", page_size=200)["items"]
        assert rows
        return [found for row in rows for found in row["conditions"] if found["label"] in {BY_THE_BANK, "员工总数"}]

    assert {found["label"] for found in staff(town.people.bank)} == {"员工总数"}
    assert {found["label"] for found in staff(town.people.pboc)} == {BY_THE_BANK}
    foreign = town.house.call(town.people.other_bank, "GET", path).json()
    nowhere = town.house.call(town.people.other_bank, "GET", f"/products/{uuid4()}/candidates").json()
    assert foreign["detail"] == nowhere["detail"]


def test_the_branch_sees_the_candidates_of_its_city(town: Town, slug: str) -> None:
    key = offer(town, slug)
    regions = {
        row["region_code"] for row in town.house.get(town.people.bank_branch, f"/products/{key}/candidates")["items"]
    }
    assert regions == {"140302"}


def test_another_banks_product_is_written_by_nobody_else(town: Town, draft: dict[str, Any]) -> None:
    path, other = f"/products/{draft['id']}", town.people.other_bank
    writes: list[Callable[[Person], int]] = [
        lambda one: town.house.call(one, "POST", f"{path}/versions", json={"name": "虚构"}).status_code,
        lambda one: town.house.call(one, "PATCH", f"{path}/versions/1", version=1, json={"name": "虚构"}).status_code,
        lambda one: town.house.call(one, "POST", f"{path}/versions/1/actions/publish", version=1).status_code,
        lambda one: town.house.call(one, "POST", f"{path}/versions/1/actions/withdraw", version=1).status_code,
        lambda one: town.house.call(one, "POST", "/products/impact", json={"product_id": draft["id"]}).status_code,
    ]
    for write in writes:
        assert write(other) == 404
        for name in ("pboc", "province", "home", "auditor"):
            assert write(town.people.all()[name]) == 403
    assert town.house.get(town.people.bank, f"{path}/versions/1")["revision"] == 1


def test_a_bank_makes_products_of_its_own_only(town: Town, slug: str) -> None:
    body = {"slug": slug, "bank": "xugou-bank", **terms()}
    answer = town.house.call(town.people.other_bank, "POST", "/products", json=body)
    assert refusals(answer) == {"/bank": "beyond_scope"}


PROVINCIAL = {"province", "pboc", "finance"}


def test_programme_drafts_are_the_provinces_business(town: Town) -> None:
    path = "/programmes/kangyang-interest-subsidy/drafts"
    body = {"author": "虚构省民政厅", "programme": {"window_note": "虚构说明"}}
    for name, one in town.people.all().items():
        status = town.house.call(one, "GET", path).status_code
        assert (name, status) == (name, 200 if name in PROVINCIAL | {"auditor"} else 403)
        if name not in PROVINCIAL:
            assert town.house.call(one, "POST", path, json=body).status_code == 403, name
    made = town.house.post(town.people.province, path, body)
    for name in ("county", "city"):
        one = town.people.all()[name]
        assert town.house.call(one, "GET", f"{path}/{made['id']}").status_code == 403
        for action in ("publish", "withdraw"):
            assert town.house.call(one, "POST", f"{path}/{made['id']}/actions/{action}", version=1).status_code == 403
    town.house.post(town.people.pboc, f"{path}/{made['id']}/actions/withdraw", status=200, version=1)
