"""Who sees and changes which part of the registry, over the real gate: region, own institution, reach of a bank."""

from typing import Any
from uuid import uuid4

import pytest

from app.store.tables import AuditEvent, Institution
from tests.access.house import refusals, refused
from tests.access.people import Person, a_consent
from tests.access.town import FAR, HOME, REVENUE, SIBLING, Town
from tests.institutions.registry import a_uscc

SEE_HOME = {"county", "city", "province", "pboc", "finance", "auditor", "bank", "bank_checker", "other_bank", "home"}
NO_REGISTRY = {"system_admin"}
PARTS = ("", "/projects", "/needs", "/loans", "/attestations", "/duplicates")


def person(town: Town, name: str) -> Person:
    return town.people.all()[name]


@pytest.mark.parametrize("part", PARTS)
def test_an_institution_and_its_parts_are_seen_within_scope_and_else_unknown(town: Town, part: str) -> None:
    for name, one in town.people.all().items():
        found = town.house.call(one, "GET", f"{town.path}{part}").status_code
        unknown = town.house.call(one, "GET", f"/institutions/{uuid4()}{part}").status_code
        wanted = 403 if name in NO_REGISTRY else 200 if name in SEE_HOME else 404
        assert (name, found) == (name, wanted)
        assert unknown == (403 if name in NO_REGISTRY else 404), name


def test_what_lies_beyond_answers_word_for_word_like_what_does_not_exist(town: Town) -> None:
    unknown = uuid4()
    for path in ("", "/projects", f"/projects/{town.project}", f"/needs/{town.need}", "/matches"):
        foreign = town.house.call(town.people.sibling, "GET", f"{town.path}{path}").json()
        nowhere = town.house.call(town.people.sibling, "GET", f"/institutions/{unknown}{path}").json()
        for answer, key in ((foreign, town.home), (nowhere, unknown)):
            answer["trace_id"], answer["detail"] = "", answer["detail"].replace(str(key), "…")
            answer.pop("instance", None)
        assert foreign == nowhere, path


def test_a_part_of_one_institution_is_none_of_another(town: Town) -> None:
    for noun, key in (("projects", town.project), ("needs", town.need), ("loans", town.loan)):
        path = f"/institutions/{town.neighbour}/{noun}/{key}"
        assert town.house.call(town.people.province, "GET", path).status_code == 404


def test_lists_hold_what_lies_in_scope(town: Town) -> None:
    def shown(one: Person) -> set[str]:
        return {row["id"] for row in town.house.get(one, "/institutions", page_size=200)["items"]}

    home, neighbour = str(town.home), str(town.neighbour)
    # Of this test's own, for no bank has ever been given a consent to it.
    body = {"name": "虚构独居养老院", "facts": {"institution.region_code": HOME}}
    hermit = town.house.post(town.people.county, "/institutions", body)["id"]
    assert {home, hermit} <= shown(town.people.county)
    assert neighbour not in shown(town.people.county)
    assert {home, neighbour, hermit} <= shown(town.people.city)
    assert {home, neighbour} <= shown(town.people.bank)
    assert hermit not in shown(town.people.bank)
    assert shown(town.people.home) == {home}
    assert home not in shown(town.people.bank_branch)


def test_attachments_are_for_offices_and_the_institution_itself(town: Town) -> None:
    answers = {
        name: town.house.call(one, "GET", f"{town.path}/attachments").status_code
        for name, one in town.people.all().items()
    }
    allowed = {"county", "city", "province", "pboc", "finance", "auditor", "home"}
    assert {name for name, status in answers.items() if status == 200} == allowed
    assert answers["sibling"] == answers["neighbour"] == 404
    assert answers["bank"] == 403


def new_institution(region: str) -> dict[str, Any]:
    return {"name": "虚构新办养老院", "uscc": a_uscc(), "facts": {"institution.region_code": region}}


def test_a_clerk_registers_and_moves_within_the_own_region_only(town: Town) -> None:
    clerk, region = town.people.county, "/facts/institution.region_code"
    beyond = town.house.call(clerk, "POST", "/institutions", json=new_institution(SIBLING))
    assert refusals(beyond) == {region: "beyond_scope"}
    made = town.house.post(clerk, "/institutions", new_institution(HOME))
    path = f"/institutions/{made['id']}"
    moved = town.house.call(clerk, "PATCH", path, version=1, json={"facts": {"institution.region_code": SIBLING}})
    assert refusals(moved) == {region: "beyond_scope"}
    assert (
        town.house.call(town.people.sibling, "PATCH", path, version=1, json={"name": "虚构改名养老院"}).status_code
        == 404
    )
    by_city = town.house.call(
        town.people.city, "PATCH", path, version=1, json={"facts": {"institution.region_code": SIBLING}}
    )
    assert by_city.status_code == 200
    assert town.house.call(clerk, "GET", path).status_code == 404


def test_a_clerk_places_projects_within_the_own_region_only(town: Town) -> None:
    body = {"name": "虚构异地项目", "facts": {"project.region_code": FAR}}
    answer = town.house.call(town.people.county, "POST", f"{town.path}/projects", json=body)
    assert refusals(answer) == {"/facts/project.region_code": "beyond_scope"}


def test_nobody_writes_what_is_not_theirs(town: Town) -> None:
    bodies: dict[str, Any] = {
        "projects": {"name": "虚构项目", "facts": {"project.region_code": HOME}},
        "needs": {"facts": {"need.term_months": 12}},
        "loans": {"lender": "虚构银行"},
    }
    writers = {"county", "city", "province", "home"}
    for noun, body in bodies.items():
        for name, one in town.people.all().items():
            status = town.house.call(one, "POST", f"{town.path}/{noun}", json=body).status_code
            may = name in writers | {"sibling", "neighbour"}
            assert (name, status) == (name, 201 if name in writers else 404 if may else 403)


@pytest.fixture
def own(town: Town) -> tuple[str, int]:
    """The path and the version of the institution that speaks for itself."""
    return town.path, town.house.get(town.people.home, town.path)["version"]


def test_an_institution_declares_and_vouches_for_nothing(town: Town, own: tuple[str, int]) -> None:
    path, version = own
    for provenance in ("checked", "registry"):
        stated = {"value": 7, "provenance": provenance, "on": "2026-01-01", "by": "虚构区民政局"}
        body = {"facts": {"institution.staff_total": stated}}
        answer = town.house.call(town.people.home, "PATCH", path, version=version, json=body)
        assert refusals(answer) == {"/facts/institution.staff_total": "declared_only"}
    with_office = {"facts": {"institution.staff_total": {"value": 7, "by": "虚构区民政局"}}}
    answer = town.house.call(town.people.home, "PATCH", path, version=version, json=with_office)
    assert refusals(answer) == {"/facts/institution.staff_total": "declared_only"}


def test_an_institution_leaves_alone_what_an_office_has_checked(town: Town, own: tuple[str, int]) -> None:
    path, version = own
    for change in (5, None, {"value": 3, "provenance": "declared"}):
        body = {"facts": {"institution.grade": change}}
        answer = town.house.call(town.people.home, "PATCH", path, version=version, json=body)
        assert refusals(answer) == {"/facts/institution.grade": "vouched_fact"}
    # The form sent back as it was read says nothing new.
    same = town.house.call(town.people.home, "PATCH", path, version=version, json={"facts": {"institution.grade": 3}})
    assert same.status_code == 200


def test_an_institution_keeps_its_place_and_number(town: Town, own: tuple[str, int]) -> None:
    path, version = own
    body = {"uscc": a_uscc(), "site_number": 2, "facts": {"institution.region_code": SIBLING}}
    answer = town.house.call(town.people.home, "PATCH", path, version=version, json=body)
    assert refusals(answer) == {
        "/uscc": "kept_by_office",
        "/site_number": "kept_by_office",
        "/facts/institution.region_code": "kept_by_office",
    }


def test_an_institution_changes_nobody_else_and_registers_attests_and_lists_nothing(town: Town) -> None:
    home = town.people.home
    foreign = town.house.call(home, "PATCH", f"/institutions/{town.neighbour}", version=1, json={"name": "虚构"})
    assert foreign.status_code == 404
    assert town.house.call(home, "POST", "/institutions", json=new_institution(HOME)).status_code == 403
    attestation = {
        "fact": "institution.lawful_compliant",
        "office": "虚构区民政局",
        "person": "虚构经办人",
        "attested_on": "2026-03-01",
        "evidence": "虚构材料",
    }
    assert town.house.call(home, "POST", f"{town.path}/attestations", json=attestation).status_code == 403
    status = town.house.call(home, "PATCH", town.path, version=1, json={"list_status": "listed"})
    assert refusals(status).keys() == {"/list_status"}


def test_a_loan_that_was_checked_is_not_rewritten_by_its_borrower(town: Town) -> None:
    checked = {"value": True, "provenance": "checked", "on": "2026-01-01", "by": "虚构分行"}
    made = town.house.post(
        town.people.county, f"{town.path}/loans", {"lender": "虚构银行", "facts": {"loan.overdue": checked}}
    )
    path = f"{town.path}/loans/{made['id']}"
    answer = town.house.call(town.people.home, "PATCH", path, version=1, json={"facts": {"loan.overdue": False}})
    assert refusals(answer) == {"/facts/loan.overdue": "vouched_fact"}
    assert town.house.call(town.people.home, "PATCH", path, version=1, json={"lender": "虚构二行"}).status_code == 200


def test_banks_are_registered_by_the_central_bank_alone(town: Town) -> None:
    for name, one in town.people.all().items():
        body = {
            "code": f"xugou-{name.replace('_', '-')}-bank",
            "name": "虚构银行",
            "kind": "city_commercial",
            "region_code": "140100",
            "national": False,
        }
        status = town.house.call(one, "POST", "/banks", json=body).status_code
        assert (name, status) == (name, 201 if name == "pboc" else 403)


def test_assessments_and_matches_are_for_whom_the_institution_concerns(town: Town) -> None:
    made = town.house.post(town.people.county, "/assessments", {"institution": str(town.home)})
    answers = {
        name: (
            town.house.call(one, "GET", f"/assessments/{made['id']}").status_code,
            town.house.call(one, "GET", f"{town.path}/matches").status_code,
        )
        for name, one in town.people.all().items()
    }
    seen = {"county", "city", "province", "pboc", "finance", "auditor", "home"}
    assert {name for name, status in answers.items() if status == (200, 200)} == seen
    assert answers["sibling"] == answers["neighbour"] == (404, 404)
    assert answers["bank"] == (403, 403)


def test_a_bank_reaches_whoever_consents_and_of_that_what_was_consented_to(town: Town) -> None:
    path = f"/institutions/{town.hermit}"
    assert refused(town.house.call(town.people.bank, "GET", path)) == (404, "institution_not_found")
    with town.house.owner.writing() as session:
        a_consent(session, town.hermit, town.bank_id, town.people.county.account_id, REVENUE)
    shown = town.house.get(town.people.bank, path)
    assert REVENUE in shown["facts"]
    assert "institution.loan_overdue" in shown["masked"]
    assert town.house.call(town.people.other_bank, "GET", path).status_code == 404
    with town.house.owner.reading() as session:
        assert session.get_one(Institution, town.hermit).list_status == "none"
        event = session.query(AuditEvent).filter_by(action="unmask", object_id=str(town.hermit)).one()
        assert event.account_id == town.people.bank.account_id
        assert event.detail is not None
        assert event.detail["fields"] == [REVENUE]
