"""A nomination's way from the draft to approval, as people go it: who may, who may not, and what they are told."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from app.access.permissions import Role
from app.programmes.seeds import Seeds
from tests.access.house import refused
from tests.databases import Databases
from tests.whitelist.board import (
    COUNTY,
    DISMISSED,
    LIST,
    OTHER_CITY,
    REFUSED,
    SIBLING,
    WHY,
    Board,
    a_board,
)

# A Friday; the working days after it are 23 to 27 November, then 30 November to 4 December.
FRIDAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
FIFTH, TENTH = "2026-11-27", "2026-12-04"


@pytest.fixture(scope="module")
def board(databases: Databases, seeds: Seeds) -> Iterator[Board]:
    with a_board(databases, seeds) as board:
        yield board


@pytest.fixture(autouse=True)
def on_a_friday() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(FRIDAY, tick=False) as clock:
        yield clock


def at(day: str) -> datetime:
    """Noon in China."""
    return datetime.fromisoformat(f"{day}T04:00:00+00:00")


def states(one: dict[str, Any]) -> list[str]:
    return [step["to_state"] for step in one["steps"]]


def test_institution_submits_and_three_levels_approve(board: Board) -> None:
    key = board.institution()
    own = board.speaker(key)
    one = board.draft(own, key)
    assert one["number"].startswith(f"晋荐{COUNTY}-2026-")
    assert (one["state"], one["due_on"], one["actions"]) == ("draft", None, ["submit", "withdraw"])
    one = board.act(own, one, "submit")
    assert (one["due_on"], one["calendar"], one["working_days_left"], one["overdue"]) == (FIFTH, "published", 6, False)
    one = board.act(board.county, one, "recommend", {"note": "虚构：现场看过"})
    one = board.act(board.city, one, "review")
    one = board.act(board.province, one, "approve")
    assert states(one) == ["draft", "submitted", "recommended", "reviewed", "approved"]
    assert (one["due_on"], one["actions"], one["steps"][2]["note"]) == (None, [], "虚构：现场看过")
    assert [step["level"] for step in one["steps"]] == ["applicant", "applicant", "county", "city", "province"]
    assert one["steps"][2]["checks"]["standing"] == "met"
    assert one["steps"][2]["person"] is not None
    assert {step["person"] for step in board.read(own, one)["steps"]} == {None}


def test_nobody_acts_at_two_levels(board: Board) -> None:
    one = board.submitted()
    answer = board.ask(board.clerk, one, "recommend")
    assert refused(answer) == (409, "acted_at_another_level")
    one = board.act(board.county, one, "recommend")
    assert refused(board.ask(board.county, one, "withdraw")) == (409, "acted_at_another_level")


@pytest.mark.parametrize("who", ["city", "province", "sibling", "other_city"])
def test_a_step_belongs_to_its_level_and_place(board: Board, who: str) -> None:
    one = board.submitted()
    answer = board.ask(getattr(board, who), one, "recommend")
    # Who lies elsewhere does not learn that there is such a nomination.
    assert refused(answer) == (
        (404, "nomination_not_found") if who in {"sibling", "other_city"} else (403, "wrong_level")
    )


def test_an_institution_does_not_review(board: Board) -> None:
    key = board.institution()
    own = board.speaker(key)
    one = board.act(own, board.draft(own, key), "submit")
    assert refused(board.ask(own, one, "recommend")) == (403, "forbidden")
    # Nor does an office make away with it without a reason.
    assert board.read(board.county, one)["actions"] == ["recommend", "return", "reject"]
    assert refused(board.ask(board.county, one, "withdraw")) == (403, "wrong_level")
    stranger = board.speaker(board.institution())
    assert refused(board.house.call(stranger, "GET", f"{LIST}/{one['id']}")) == (404, "nomination_not_found")
    assert refused(board.ask(stranger, one, "withdraw")) == (404, "nomination_not_found")


def test_a_step_out_of_order_is_refused_with_the_state(board: Board) -> None:
    one = board.submitted()
    answer = board.ask(board.province, one, "approve")
    assert refused(answer) == (409, "action_not_allowed")
    assert answer.json()["errors"][0]["code"] == "submitted"


def test_of_two_reviewers_the_later_is_told_the_state(board: Board) -> None:
    one = board.submitted()
    other = board.house.colleague(board.clerk, Role.CIVIL_AFFAIRS)
    board.act(board.county, one, "recommend")
    answer = board.ask(other, one, "return", WHY)
    assert refused(answer) == (412, "version_stale")
    assert answer.json()["errors"] == [
        {"pointer": "/state", "code": "recommended", "detail": "现在的状态：县级已推荐，待市级审核"}
    ]


def test_a_step_names_its_version_and_is_taken_once(board: Board) -> None:
    one = board.submitted()
    path = f"{LIST}/{one['id']}/actions/recommend"
    unversioned = board.house.call(board.county, "POST", path, json={}, headers={"Idempotency-Key": "k-1"})
    assert refused(unversioned) == (428, "version_required")
    first, again = (board.ask(board.county, one, "recommend", **{"Idempotency-Key": "k-2"}) for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"]


class TestReturn:
    def test_comes_back_mended(self, board: Board) -> None:
        key = board.institution(food_licensed=None)
        one = board.submitted(key)
        one = board.act(board.county, one, "return", WHY)
        assert (one["state"], one["due_on"]) == ("returned", None)
        assert (one["steps"][-1]["reason_label"], one["steps"][-1]["note"]) == ("材料不全", WHY["note"])
        amended = {"facts": {"institution.food_licensed": True}}
        version = board.house.get(board.clerk, f"/institutions/{key}")["version"]
        board.house.call(board.clerk, "PATCH", f"/institutions/{key}", version=version, json=amended)
        one = board.act(board.clerk, one, "submit")
        one = board.act(board.county, one, "recommend")
        assert one["state"] == "recommended"

    @pytest.mark.parametrize(
        "body", [{}, {"reason_code": "incomplete_file"}, {"reason_code": "incomplete_file", "note": " "}]
    )
    def test_says_why(self, board: Board, body: dict[str, str]) -> None:
        assert board.ask(board.county, board.submitted(), "return", body).status_code == 422

    def test_reason_is_one_of_the_list_for_it(self, board: Board) -> None:
        answer = board.ask(board.county, board.submitted(), "return", REFUSED)
        assert refused(answer) == (422, "reason_refused")
        listed = board.house.get(board.county, "/whitelist/reasons")["items"]
        assert {"code": "incomplete_file", "label": "材料不全", "used_for": ["return"]} in listed


class TestAppeal:
    def refused_by_county(self, board: Board) -> dict[str, Any]:
        return board.act(board.county, board.submitted(), "reject", REFUSED)

    def test_county_refusal_goes_to_the_city_and_allowed_goes_on(self, board: Board) -> None:
        one = self.refused_by_county(board)
        assert (one["state"], one["due_on"]) == ("county_rejected", TENTH)
        one = board.act(board.clerk, one, "appeal", {"note": "虚构的理由"})
        assert (one["state"], one["due_on"]) == ("county_appealed", FIFTH)
        assert refused(board.ask(board.province, one, "allow")) == (403, "wrong_level")
        one = board.act(board.city, one, "allow")
        assert one["state"] == "recommended"
        # Whoever stands in for the county's recommendation does not review it, too.
        assert refused(board.ask(board.city, one, "review")) == (409, "acted_at_another_level")
        assert board.act(board.city_second, one, "review")["state"] == "reviewed"

    def test_city_refusal_goes_to_the_province(self, board: Board) -> None:
        one = board.act(board.county, board.submitted(), "recommend")
        one = board.act(board.city, one, "reject", REFUSED)
        one = board.act(board.clerk, one, "appeal", {"note": "虚构的理由"})
        assert refused(board.ask(board.city_second, one, "allow")) == (403, "wrong_level")
        one = board.act(board.province, one, "dismiss", DISMISSED)
        assert (one["state"], one["actions"]) == ("rejected", [])
        assert refused(board.ask(board.clerk, one, "appeal", {"note": "再申诉"})) == (409, "action_not_allowed")

    def test_province_refusal_is_decided_by_another_person(self, board: Board) -> None:
        one = board.act(board.county, board.submitted(), "recommend")
        one = board.act(board.city, one, "review")
        one = board.act(board.province, one, "reject", REFUSED)
        one = board.act(board.clerk, one, "appeal", {"note": "虚构的理由"})
        assert refused(board.ask(board.province, one, "allow")) == (409, "acted_at_another_level")
        assert board.act(board.province_second, one, "allow")["state"] == "approved"

    @pytest.mark.parametrize(("day", "status"), [("2026-12-03", 200), (TENTH, 200), ("2026-12-05", 409)])
    def test_within_ten_working_days(
        self, board: Board, on_a_friday: time_machine.Traveller, day: str, status: int
    ) -> None:
        one = self.refused_by_county(board)
        on_a_friday.move_to(at(day))
        answer = board.ask(board.clerk, one, "appeal", {"note": "虚构的理由"})
        assert answer.status_code == status
        if status != 200:
            assert refused(answer) == (409, "appeal_too_late")
            assert "appeal" not in board.read(board.clerk, one)["actions"]

    def test_not_beside_a_later_nomination(self, board: Board) -> None:
        key = board.institution()
        one = board.act(board.county, board.submitted(key), "reject", REFUSED)
        board.draft(board.clerk, key)
        assert refused(board.ask(board.clerk, one, "appeal", {"note": "虚构"})) == (409, "already_nominated")


class TestSubjects:
    def test_one_open_nomination_each(self, board: Board) -> None:
        key = board.institution()
        one = board.draft(board.clerk, key)
        body = {"subject_kind": "institution", "subject_id": key}
        again = board.house.call(board.clerk, "POST", LIST, json=body)
        assert refused(again) == (409, "already_nominated")
        assert one["number"] in again.json()["detail"]
        board.act(board.clerk, one, "withdraw")
        assert board.draft(board.clerk, key)["number"] != one["number"]

    def test_what_is_not_there_or_elsewhere(self, board: Board) -> None:
        key = board.institution(SIBLING)
        for kind, code in (("institution", "institution_not_found"), ("project", "project_not_found")):
            body = {"subject_kind": kind, "subject_id": key}
            assert refused(board.house.call(board.clerk, "POST", LIST, json=body)) == (404, code)

    def test_a_project_lies_where_it_is_built(self, board: Board) -> None:
        """Its owner sits in another city: the county where it is built sees its need and reviews it."""
        owner = board.institution(OTHER_CITY[:4] + "02", amount=None)
        key = board.project(owner)
        one = board.submitted(key, "project")
        assert (one["region_code"], one["criteria"]["standing"]) == (COUNTY, "met")
        assert board.act(board.county, one, "recommend")["state"] == "recommended"
        assert refused(board.house.call(board.other_city, "GET", f"{LIST}/{one['id']}")) == (
            404,
            "nomination_not_found",
        )

    def test_an_owner_who_is_excluded_excludes_the_project(self, board: Board) -> None:
        key = board.project(board.institution(serious_violation=True))
        one = board.submitted(key, "project")
        answer = board.ask(board.county, one, "recommend")
        assert refused(answer) == (409, "criteria_not_met")
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
            ("/criteria/serious_violation", "excluded")
        ]


class TestVacancy:
    def test_the_city_takes_a_vacant_county_and_that_is_recorded(self, board: Board) -> None:
        one = board.submitted()
        # The only live clerk has acted for the institution, so nobody of the county can recommend.
        with board.alone_in_county(board.clerk):
            waiting = board.house.get(board.city, "/whitelist/to-do", page_size=200)["items"]
            assert one["id"] in {item["id"] for item in waiting}
            after = board.act(board.city, one, "recommend")
        step = after["steps"][-1]
        assert (step["level"], step["in_place_of"], after["state"]) == ("county", "county", "recommended")
        assert refused(board.ask(board.city, after, "review")) == (409, "acted_at_another_level")
        assert board.act(board.city_second, after, "review")["state"] == "reviewed"

    def test_a_development_zone_has_no_county(self, board: Board) -> None:
        body_zone = board.house.post(
            board.province,
            "/institutions",
            {"name": "虚构开发区养老院", "zone": True, "facts": {"institution.region_code": "140100"}},
        )
        one = board.act(board.city, board.draft(board.city, body_zone["id"]), "submit")
        answer = board.act(board.city_second, one, "return", WHY)
        assert answer["steps"][-1]["in_place_of"] == "county"


class TestToDo:
    def test_the_earliest_deadline_first_and_overdue_marked(
        self, board: Board, on_a_friday: time_machine.Traveller
    ) -> None:
        late = board.submitted()
        on_a_friday.move_to(at("2026-11-25"))
        fresh = board.submitted()
        on_a_friday.move_to(at("2026-11-30"))
        items = board.house.get(board.county, "/whitelist/to-do", page_size=200)["items"]
        mine = [item for item in items if item["id"] in {late["id"], fresh["id"]}]
        assert [(item["id"], item["overdue"], item["working_days_left"]) for item in mine] == [
            (late["id"], True, -1),
            (fresh["id"], False, 3),
        ]
        assert mine[0]["actions"] == ["recommend", "return", "reject", "withdraw"]
        assert [item["due_on"] for item in items if item["due_on"]] == sorted(i["due_on"] for i in items if i["due_on"])
        # The clerk who submitted them has nothing to do with them any more; nor has the city.
        for other in (board.clerk, board.city):
            waiting = board.house.get(other, "/whitelist/to-do", page_size=200)["items"]
            assert not {late["id"], fresh["id"]} & {item["id"] for item in waiting}

    def test_an_institution_is_told_what_waits_for_it(self, board: Board) -> None:
        key = board.institution()
        own = board.speaker(key)
        one = board.act(own, board.draft(own, key), "submit")
        assert board.house.get(own, "/whitelist/to-do")["items"] == []
        board.act(board.county, one, "reject", REFUSED)
        (item,) = board.house.get(own, "/whitelist/to-do")["items"]
        assert (item["actions"], item["due_on"]) == (["appeal"], TENTH)

    def test_pages_through_deadlines_and_none(self, board: Board) -> None:
        for _ in range(2):
            board.submitted()
        board.draft(board.clerk, board.institution())
        for person in (board.county, board.clerk):
            whole = board.house.get(person, "/whitelist/to-do", page_size=200)["items"]
            seen, cursor = [], None
            while True:
                params = {"page_size": 1} | ({"cursor": cursor} if cursor else {})
                page = board.house.get(person, "/whitelist/to-do", **params)
                seen += [item["id"] for item in page["items"]]
                if (cursor := page["next_cursor"]) is None:
                    break
            assert seen == [item["id"] for item in whole]


def test_a_list_is_filtered_and_counted(board: Board) -> None:
    one = board.submitted()
    draft = board.draft(board.clerk, board.institution())
    found = board.house.get(
        board.city, LIST, state="submitted", region=COUNTY, kind="institution", due_by=FIFTH, page_size=200
    )
    ids = {item["id"] for item in found["items"]}
    assert one["id"] in ids
    assert draft["id"] not in ids
    counted = board.house.get(board.county, LIST, state="submitted", total=True, page_size=1)
    assert counted["total"] >= len(counted["items"]) == 1
    assert board.house.get(board.sibling, LIST)["items"] == []
