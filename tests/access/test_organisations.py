"""Organisations: their place in the tree, who sees them, how they end."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.access.permissions import Role
from app.regions import regions
from app.store.types import new_key
from tests.access.deliveries import delivered
from tests.access.house import (
    CITY,
    COUNTY,
    PROVINCE,
    SIBLING,
    House,
    a_bank,
    a_house,
    an_institution,
    refusals,
    refused,
)
from tests.access.people import Person, an_account, an_organisation
from tests.databases import Databases


@pytest.fixture(scope="module")
def house(databases: Databases) -> Iterator[House]:
    yield from a_house(databases)


@pytest.fixture(scope="module")
def admin(house: House) -> Person:
    return house.somebody(Role.SYSTEM_ADMIN)


@pytest.fixture(scope="module", autouse=True)
def bureaux(house: House, admin: Person) -> dict[str, str]:
    """The bureau of each region, made by the service before any test adds an office of its own."""
    house.post(admin, "/organisations/actions/add-bureaux", status=200)
    found: dict[str, str] = {}
    cursor: dict[str, str] = {}
    while True:
        page = house.get(admin, "/organisations", kind="civil_affairs", page_size=200, **cursor)
        found |= {one["region_code"]: one["id"] for one in page["items"]}
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def an_office(**changes: Any) -> dict[str, Any]:
    return {
        "code": f"xugou-{uuid4().hex}",
        "name": "虚构单位",
        "kind": "civil_affairs",
        "region_code": COUNTY,
        **changes,
    }


def test_each_region_gets_its_bureau_once_under_that_of_the_region_above(
    house: House, admin: Person, bureaux: dict[str, str]
) -> None:
    again = house.post(admin, "/organisations/actions/add-bureaux", status=200)
    assert again == {"added": 0, "total": len(regions())}
    assert bureaux.keys() == regions().keys()
    # The province's department and the 128 bureaux of 11 cities and 117 counties.
    assert len(bureaux) == 1 + 11 + 117
    listed = house.get(admin, "/organisations", kind="civil_affairs", page_size=200)["items"]
    parents = {one["id"]: one["parent_id"] for one in listed}
    for region, bureau in bureaux.items():
        above = regions()[region].parent
        assert parents[bureau] == (above and bureaux[above])


@pytest.mark.parametrize(
    ("office", "parent", "pointer", "code"),
    [
        ({}, None, "/parent_id", "missing"),
        ({}, PROVINCE, "/parent_id", "parent_not_right_above"),
        ({}, COUNTY, "/parent_id", "parent_not_right_above"),
        ({}, "140200", "/parent_id", "parent_not_right_above"),
        ({"region_code": PROVINCE}, CITY, "/parent_id", "parent_not_allowed"),
        ({"kind": "finance"}, CITY, "/parent_id", "parent_of_other_kind"),
        ({"kind": "pboc", "region_code": CITY}, None, "/parent_id", "missing"),
        ({"kind": "bank"}, None, "/bank_id", "missing"),
        ({"kind": "institution"}, None, "/institution_id", "missing"),
        ({"bank_id": str(new_key())}, CITY, "/bank_id", "not_of_this_kind"),
        ({"kind": "bank", "bank_id": str(new_key())}, None, "/bank_id", "bank_not_found"),
        ({"kind": "institution", "institution_id": str(new_key())}, None, "/institution_id", "institution_not_found"),
        ({"region_code": "110000"}, None, "/region_code", "value_error"),
        ({"code": "Has Blanks"}, CITY, "/code", "string_pattern_mismatch"),
    ],
)
def test_an_office_that_does_not_fit_its_place_is_refused(
    house: House,
    admin: Person,
    bureaux: dict[str, str],
    office: dict[str, Any],
    parent: str | None,
    pointer: str,
    code: str,
) -> None:
    body = an_office(**office, parent_id=parent and bureaux[parent])
    assert refusals(house.call(admin, "POST", "/organisations", json=body)) == {pointer: code}


def test_an_unknown_parent_and_a_taken_code_are_said_to_be_so(
    house: House, admin: Person, bureaux: dict[str, str]
) -> None:
    unknown = an_office(parent_id=str(new_key()))
    assert refusals(house.call(admin, "POST", "/organisations", json=unknown)) == {"/parent_id": "parent_not_found"}
    body = an_office(parent_id=bureaux[CITY], code="civil-affairs-140105")
    answer = house.call(admin, "POST", "/organisations", json=body)
    assert refused(answer) == (409, "organisation_exists")


def test_the_operator_is_not_made_over_the_api(house: House, admin: Person) -> None:
    answer = house.call(admin, "POST", "/organisations", json=an_office(kind="operator", region_code=PROVINCE))
    assert refusals(answer) == {"/kind": "literal_error"}


def test_a_bank_has_one_head_office_with_branches_below_it_in_its_region(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        bank, other = str(a_bank(session, "xugou-one").id), str(a_bank(session, "xugou-two").id)
    of_bank = {"kind": "bank", "bank_id": bank}
    head = house.post(admin, "/organisations", an_office(**of_bank, region_code=CITY))
    branch = house.post(admin, "/organisations", an_office(**of_bank, parent_id=head["id"]))
    assert branch["parent_id"] == head["id"]

    def reason(**changes: Any) -> dict[str, str]:
        return refusals(house.call(admin, "POST", "/organisations", json=an_office(**of_bank | changes)))

    assert reason() == {"/parent_id": "missing"}
    assert reason(parent_id=head["id"], bank_id=other) == {"/parent_id": "parent_of_other_bank"}
    assert reason(parent_id=head["id"], region_code="140200") == {"/region_code": "region_outside_parent"}
    # Neither oneself nor what is below can stand above.
    twin = house.post(admin, "/organisations", an_office(**of_bank, parent_id=branch["id"]))
    for parent in (branch["id"], twin["id"]):
        moved = house.call(
            admin, "PATCH", f"/organisations/{branch['id']}", json={"parent_id": parent}, version=branch["version"]
        )
        assert refusals(moved) == {"/parent_id": "parent_below"}


def test_an_institution_is_an_organisation_once_and_in_its_own_region(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        institution = str(an_institution(session).id)
    body = an_office(kind="institution", institution_id=institution)
    wrong = house.call(admin, "POST", "/organisations", json={**body, "region_code": SIBLING})
    assert refusals(wrong) == {"/region_code": "region_of_institution"}
    house.post(admin, "/organisations", body)
    twice = house.call(admin, "POST", "/organisations", json={**body, "code": "xugou-twice"})
    assert refused(twice) == (409, "organisation_exists")


def test_a_change_names_its_version(house: House, admin: Person, bureaux: dict[str, str]) -> None:
    made = house.post(admin, "/organisations", an_office(kind="audit", region_code=PROVINCE))
    path = f"/organisations/{made['id']}"
    assert refused(house.call(admin, "PATCH", path, json={"name": "虚构审计厅"})) == (428, "version_required")
    renamed = house.call(admin, "PATCH", path, json={"name": "虚构审计厅"}, version=1)
    assert (renamed.json()["name"], renamed.headers["ETag"]) == ("虚构审计厅", '"2"')
    assert refused(house.call(admin, "PATCH", path, json={"name": "又改"}, version=1)) == (412, "version_stale")
    assert house.get(admin, path)["name"] == "虚构审计厅"


def test_an_office_is_closed_when_nothing_stands_under_it(house: House, admin: Person) -> None:
    with house.owner.writing() as session:
        above = an_organisation(session, "finance", PROVINCE)
        below = an_organisation(session, "finance", CITY, parent_id=above.id)
        an_account(session, below, Role.FINANCE, closed_at=below.created_at)
        staffed = an_organisation(session, "finance", "140200", parent_id=above.id)
        an_account(session, staffed, Role.FINANCE)
        keys = above.id, below.id, staffed.id

    def close(key: UUID) -> tuple[int, str | None]:
        answer = house.call(admin, "POST", f"/organisations/{key}/actions/close", version=1)
        return answer.status_code, answer.json().get("code")

    assert close(keys[0]) == (409, "organisation_in_use")
    assert close(keys[2]) == (409, "organisation_in_use")
    assert close(keys[1])[0] == 200
    child = an_office(kind="finance", region_code=COUNTY, parent_id=str(keys[1]))
    assert refusals(house.call(admin, "POST", "/organisations", json=child)) == {"/parent_id": "parent_closed"}
    changed = house.call(admin, "PATCH", f"/organisations/{keys[1]}", json={"name": "虚构"}, version=2)
    assert refused(changed) == (409, "organisation_closed")
    assert str(keys[1]) not in {one["id"] for one in house.get(admin, "/organisations", kind="finance")["items"]}
    assert house.get(admin, f"/organisations/{keys[1]}")["closed_at"] is not None


def test_the_operator_is_never_closed(house: House, admin: Person) -> None:
    answer = house.call(admin, "POST", f"/organisations/{admin.organisation_id}/actions/close", version=1)
    assert refused(answer) == (409, "organisation_in_use")


def test_offices_are_seen_within_ones_region_and_other_banks_not_at_all(house: House, bureaux: dict[str, str]) -> None:
    with house.owner.writing() as session:
        own, other = a_bank(session, "xugou-own").id, a_bank(session, "xugou-other").id
        listed = an_institution(session, list_status="listed")
        unlisted = an_institution(session)
        delivered(session, [own], [listed.id])
        offices = {
            "own": an_organisation(session, "bank", COUNTY, bank_id=own).id,
            "other": an_organisation(session, "bank", COUNTY, bank_id=other).id,
            "listed": an_organisation(session, "institution", COUNTY, institution_id=listed.id).id,
            "unlisted": an_organisation(session, "institution", COUNTY, institution_id=unlisted.id).id,
        }
    offices |= {name: UUID(bureaux[code]) for name, code in (("county", COUNTY), ("sibling", SIBLING), ("city", CITY))}
    clerk = house.somebody(Role.CIVIL_AFFAIRS, COUNTY)
    city = house.somebody(Role.CIVIL_AFFAIRS, CITY)
    banker = house.somebody(Role.BANK, CITY, bank_id=own)

    def seen(person: Person) -> set[str]:
        return {
            name
            for name, key in offices.items()
            if house.call(person, "GET", f"/organisations/{key}").status_code == 200
        }

    assert seen(clerk) == {"own", "other", "listed", "unlisted", "county"}
    assert seen(city) == offices.keys()
    assert seen(banker) == offices.keys() - {"other", "unlisted"}
    shown = {one["id"] for one in house.get(banker, "/organisations", region=COUNTY, page_size=200)["items"]}
    assert {str(offices["own"]), str(offices["listed"])} <= shown
    assert not shown & {str(offices["other"]), str(offices["unlisted"]), str(offices["sibling"])}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM_ADMIN])
def test_nobody_but_the_system_administrator_writes_organisations(house: House, role: Role) -> None:
    with house.owner.writing() as session:
        bank_id = a_bank(session, f"xugou-{uuid4().hex}").id if role is Role.BANK else None
        institution_id = an_institution(session).id if role is Role.INSTITUTION else None
    person = house.somebody(role, bank_id=bank_id, institution_id=institution_id)
    body = an_office(region_code=PROVINCE)
    assert refused(house.call(person, "POST", "/organisations", json=body)) == (403, "forbidden")
    assert refused(house.call(person, "POST", "/organisations/actions/add-bureaux")) == (403, "forbidden")
