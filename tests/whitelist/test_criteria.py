"""The criteria as clauses: just below, at and above each threshold, and what is unknown is neither yes nor no."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml

from app.config import PROJECT_ROOT
from app.programmes.seeds import SeedRefused, Seeds
from app.whitelist.seeds import FILE, WhitelistFile, load_whitelist
from tests.access.house import refused
from tests.databases import Databases
from tests.whitelist.board import Board, a_board

TODAY = datetime(2026, 11, 20, 2, tzinfo=UTC)
WRITTEN = yaml.safe_load((PROJECT_ROOT / "seed" / FILE).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def board(databases: Databases, seeds: Seeds) -> Iterator[Board]:
    with a_board(databases, seeds) as board:
        yield board


@pytest.fixture(autouse=True)
def on_a_day() -> Iterator[None]:
    with time_machine.travel(TODAY, tick=False):
        yield


def shown(board: Board, **facts: Any) -> dict[str, Any]:
    criteria: dict[str, Any] = board.draft(board.clerk, board.institution(**facts))["criteria"]
    return criteria


def condition(criteria: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in criteria["conditions"] if one["id"] == name]
    return dict(found)


@pytest.mark.parametrize(
    ("facts", "name", "truth", "standing"),
    [
        ({"filed_on": "2025-11-21"}, "months_filed", "false", "not_met"),
        ({"filed_on": "2025-11-20"}, "months_filed", "true", "met"),
        ({"filed_on": "2025-11-19"}, "months_filed", "true", "met"),
        ({"filed_on": None}, "months_filed", "unknown", "unknown"),
        ({"filed": False, "filed_on": None}, "filed", "false", "not_met"),
        ({"fire_safety_passed": False}, "fire_safety", "false", "not_met"),
        ({"fire_safety_passed": None}, "fire_safety", "unknown", "unknown"),
        ({"food_licensed": False}, "food_licence", "false", "not_met"),
        ({"food_licensed": None}, "food_licence", "unknown", "unknown"),
        # Where no meals are served, nobody asks for a licence.
        ({"food_licensed": None, "kinds": ["home_visit"]}, "food_licence", "unknown", "met"),
        ({"prepaid_fee_compliant": False}, "prepaid_fees", "false", "not_met"),
        ({"amount": "0.01"}, "financing_need", "true", "met"),
        ({"amount": None}, "financing_need", "unknown", "unknown"),
        ({"legal_form": None}, "registered", "unknown", "unknown"),
        ({"dishonest_debtor": True}, "dishonest_debtor", "false", "excluded"),
        ({"dishonest_debtor": None}, "dishonest_debtor", "unknown", "unknown"),
        ({"illegal_fundraising": True}, "illegal_fundraising", "false", "excluded"),
        ({"serious_violation": True}, "serious_violation", "false", "excluded"),
        ({"abnormal_operation": True}, "abnormal_operation", "false", "excluded"),
        # A known exclusion weighs more than what is unknown or not met.
        ({"loan_overdue": True, "fire_safety_passed": False, "filed": None}, "loan_overdue", "false", "excluded"),
    ],
)
def test_an_institution(board: Board, facts: dict[str, Any], name: str, truth: str, standing: str) -> None:
    criteria = shown(board, **facts)
    assert (condition(criteria, name)["truth"], criteria["standing"]) == (truth, standing)


@pytest.mark.parametrize(
    ("facts", "name", "standing"),
    [
        ({}, "approval_filed", "met"),
        ({"approval_filed": False}, "approval_filed", "not_met"),
        ({"approval_filed": None}, "approval_filed", "unknown"),
        ({"investor": None}, "investor", "not_met"),
        ({"land_supply": None}, "land_supply", "not_met"),
        ({"amount": None}, "financing_need", "unknown"),
    ],
)
def test_a_project(board: Board, facts: dict[str, Any], name: str, standing: str) -> None:
    """Its owner's own need is not the project's, and a project has no operating months."""
    key = board.project(board.institution(filed_on=None), **facts)
    criteria = board.draft(board.clerk, key, "project")["criteria"]
    assert criteria["standing"] == standing
    assert (condition(criteria, name)["truth"] == "true") is (standing == "met")


def test_what_is_not_met_or_unknown_keeps_it_from_going_forward(board: Board) -> None:
    one = board.submitted(board.institution(fire_safety_passed=False, filed_on=None))
    answer = board.ask(board.county, one, "recommend")
    assert refused(answer) == (409, "criteria_not_met")
    assert {error["pointer"]: error["code"] for error in answer.json()["errors"]} == {
        "/criteria/months_filed": "unknown",
        "/criteria/fire_safety": "not_met",
    }
    assert one["criteria"]["missing"] == [{"fact": "institution.filed_on", "label": "备案日期"}]
    back = board.act(board.county, one, "return", {"reason_code": "incomplete_file", "note": "虚构：补备案日期"})
    assert back["steps"][-1]["checks"]["standing"] == "not_met"


def test_a_later_change_keeps_it_from_the_next_step(board: Board) -> None:
    key = board.institution()
    one = board.act(board.county, board.submitted(key), "recommend")
    version = board.house.get(board.clerk, f"/institutions/{key}")["version"]
    changed = {"facts": {"institution.loan_overdue": True}}
    board.house.call(board.clerk, "PATCH", f"/institutions/{key}", version=version, json=changed)
    assert refused(board.ask(board.city, one, "review")) == (409, "criteria_not_met")
    shown_now = board.read(board.city, one)
    # What the county saw stays as it was.
    assert (shown_now["steps"][-1]["checks"]["standing"], shown_now["criteria"]["standing"]) == ("met", "excluded")


def test_who_vouches_and_what_contradicts(board: Board) -> None:
    key = board.institution()
    version = board.house.get(board.clerk, f"/institutions/{key}")["version"]
    said = {"value": "2023-05-01", "provenance": "checked", "by": "虚构县民政局", "on": "2026-11-01"}
    board.house.call(
        board.clerk,
        "PATCH",
        f"/institutions/{key}",
        version=version,
        json={"facts": {"institution.filed_on": said, "institution.filed": said | {"value": True}}},
    )
    criteria = board.draft(board.clerk, key)["criteria"]
    filed_on, filed = condition(criteria, "months_filed"), condition(criteria, "filed")
    assert (filed_on["provenance"], filed_on["by"], filed_on["on"]) == ("checked", "虚构县民政局", "2026-11-01")
    assert filed_on["contradiction"]["value"] == "2024-01-15"
    assert filed_on["contradiction"]["provenance"] == "declared"
    assert "不一致" in filed_on["contradiction"]["sentence"]
    # The check agreed with what was declared.
    assert filed["contradiction"] is None
    assert condition(criteria, "fire_safety")["provenance"] == "declared"


def test_every_condition_names_its_source(board: Board) -> None:
    assert all(one["citation"]["label"] for one in shown(board)["conditions"])


def test_the_seeds_are_read_and_loading_them_twice_changes_nothing(board: Board) -> None:
    with board.house.owner.writing() as session:
        before = load_whitelist(session, PROJECT_ROOT / "seed")
        assert not session.dirty
        assert not session.new
    assert before == len(WRITTEN["criteria"]) + len(WRITTEN["reasons"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"document": "nowhere"}, "nowhere"),
        ({"rule": {"op": "eq", "fact": "institution.unheard_of", "value": True}}, "unheard_of"),
        ({"rule": {"op": "gt", "fact": "need.amount_yuan", "value": {"param": "whitelist.none"}}}, "whitelist.none"),
    ],
)
def test_a_wrong_seed_is_refused(board: Board, tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    criteria = [WRITTEN["criteria"][0] | change, *WRITTEN["criteria"][1:]]
    (tmp_path / FILE).write_text(yaml.safe_dump(WRITTEN | {"criteria": criteria}, allow_unicode=True))
    with pytest.raises(SeedRefused, match=complaint), board.house.owner.writing() as session:
        load_whitelist(session, tmp_path)


def test_two_values_of_one_day_are_refused() -> None:
    doubled = WRITTEN | {"reasons": [WRITTEN["reasons"][0]] * 2}
    with pytest.raises(ValueError, match="只写一次"):
        WhitelistFile.model_validate(doubled)
    assert WhitelistFile.model_validate(WRITTEN).criteria[0].valid_from == date(2025, 7, 31)
