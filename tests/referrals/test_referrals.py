"""Follow-up: who does what, who sees what, and what is refused."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.access.permissions import Role
from app.store.tables import AuditEvent, Referral, ReferralStep, WhitelistEntry
from tests.access.deliveries import became
from tests.access.house import refusals, refused
from tests.access.people import Person
from tests.access.town import FAR, HOME, Town
from tests.referrals.scene import (
    BODIES,
    DAY,
    FORWARD,
    Borrower,
    Lender,
    a_borrower,
    a_lender,
    act,
    brought_to,
    days_ago,
    deliver,
    did,
    letters,
)

pytestmark = pytest.mark.usefixtures("today")
STATES = ("not_contacted", "contacted", "due_diligence", "granted", "disbursed", "declined")
ALLOWED = {
    "not_contacted": {"contact", "decline", "assign"},
    "contacted": {"investigate", "decline", "assign"},
    "due_diligence": {"grant", "decline", "assign"},
    "granted": {"disburse", "decline", "assign"},
    "disbursed": {"assign"},
    "declined": set(),
}


def one_case(town: Town, region: str = HOME) -> tuple[Lender, Borrower, UUID]:
    lender, borrower = a_lender(town), a_borrower(town, region)
    return lender, borrower, deliver(town, lender, borrower)[0]


@pytest.mark.parametrize("state", STATES)
def test_each_state_allows_what_the_table_says_and_nothing_else(town: Town, state: str) -> None:
    lender, _, key = one_case(town)
    shown = brought_to(town, lender.manager, key, state)
    assert shown["state"] == state
    assert set(shown["actions"]) == ALLOWED[state]
    for action in {"contact", "investigate", "grant", "disburse", "decline", "assign"} - ALLOWED[state]:
        body = {"manager_id": str(lender.mate.account_id)} if action == "assign" else BODIES[action]
        answer = act(town, lender.manager, key, action, body)
        assert refused(answer) == (409, "referral_state"), action
        assert answer.json()["errors"][0]["code"] == state


def test_the_steps_say_who_did_what_and_when(town: Town) -> None:
    lender, _, key = one_case(town)
    did(town, lender.manager, key, "contact", contacted_on=DAY, note="虚构的备注")
    did(town, lender.mate, key, "decline", reason_code="other", declined_on=DAY, note="虚构的原因")
    shown = town.house.get(lender.manager, f"/referrals/{key}")
    assert [one["action"] for one in shown["steps"]] == ["deliver", "contact", "decline"]
    assert [one["number"] for one in shown["steps"]] == [1, 2, 3]
    assert [one["note"] for one in shown["steps"]] == [None, "虚构的备注", "虚构的原因"]
    assert len({one["by"] for one in shown["steps"]}) == 3
    assert (shown["reason_label"], shown["declined_on"], shown["standing"]) == ("其他（须写明）", DAY, "decided")


SEES_ALL = {"province", "pboc", "auditor"}


def test_everybody_sees_what_concerns_him_and_nothing_else(town: Town) -> None:
    lender, borrower, key = one_case(town)
    did(town, lender.manager, key, "contact", contacted_on=DAY, note="虚构的内部备注")
    seen = {
        name: town.house.call(person, "GET", f"/referrals/{key}").status_code
        for name, person in town.people.all().items()
    }
    forbidden = {"finance", "system_admin"}
    here = SEES_ALL | {"county", "city"}
    assert {name for name, status in seen.items() if status == 200} == here
    assert {name for name, status in seen.items() if status == 403} == forbidden
    assert {seen[name] for name in set(seen) - here - forbidden} == {404}
    for person in (lender.manager, lender.mate, borrower.person):
        assert town.house.call(person, "GET", f"/referrals/{key}").status_code == 200
    branch = town.house.somebody(Role.BANK, FAR, bank_id=lender.id)
    assert town.house.call(branch, "GET", f"/referrals/{key}").status_code == 404


def test_a_note_and_a_manager_are_the_banks_own(town: Town) -> None:
    lender, borrower, key = one_case(town)
    did(town, lender.manager, key, "assign", manager_id=str(lender.mate.account_id), note="虚构的内部备注")
    own = town.house.get(lender.manager, f"/referrals/{key}")
    assert own["manager_id"] == str(lender.mate.account_id)
    assert own["steps"][1]["note"] == "虚构的内部备注"
    for person in (town.people.pboc, town.people.county, town.people.auditor, borrower.person):
        answer = town.house.call(person, "GET", f"/referrals/{key}")
        assert "虚构的内部备注" not in answer.text
        assert str(lender.mate.account_id) not in answer.text
        assert answer.json()["actions"] == []
        assert answer.json()["bank"] == lender.code
    with town.house.owner.reading() as session:
        trail = session.scalars(select(AuditEvent.changes).where(AuditEvent.object_id == str(key))).all()
    assert "虚构的内部备注" not in str(trail)


def test_lists_hold_what_concerns_the_caller(town: Town) -> None:
    lender, borrower, key = one_case(town)
    rival = a_lender(town)
    other = deliver(town, rival, borrower)[0]

    def listed(person: Person, **asked: Any) -> set[str]:
        return {row["id"] for row in town.house.get(person, "/referrals", page_size=200, **asked)["items"]}

    assert listed(lender.manager) == {str(key)}
    assert listed(rival.manager) == {str(other)}
    assert listed(borrower.person) == {str(key), str(other)}
    both = {str(key), str(other)}
    assert both <= listed(town.people.pboc, institution=str(borrower.id))
    assert listed(town.people.sibling) & both == set()
    assert listed(town.people.pboc, bank=lender.code) == {str(key)}


def test_the_list_is_narrowed_by_state_deadline_manager_and_region(town: Town) -> None:
    lender = a_lender(town)
    late, near, far = a_borrower(town), a_borrower(town), a_borrower(town, FAR)
    (old,) = deliver(town, lender, late, day=days_ago(31))
    (fresh, away) = deliver(town, lender, near, far)
    did(town, lender.manager, fresh, "contact", contacted_on=DAY)
    did(town, lender.manager, away, "assign", manager_id=str(lender.mate.account_id))

    def listed(**asked: Any) -> list[str]:
        return [row["id"] for row in town.house.get(lender.manager, "/referrals", **asked)["items"]]

    assert listed()[0] == str(old)
    assert listed(overdue=True) == [str(old)]
    assert listed(due_by=DAY) == [str(old)]
    assert listed(state=["contacted"]) == [str(fresh)]
    assert listed(manager=str(lender.mate.account_id)) == [str(away)]
    assert set(listed(unassigned=True)) == {str(old), str(fresh)}
    assert listed(region=FAR) == [str(away)]


def test_whoever_is_not_of_the_bank_changes_nothing(town: Town) -> None:
    lender, borrower, key = one_case(town)
    for name, person in {**town.people.all(), "borrower": borrower.person}.items():
        answer = act(town, person, key, "contact", BODIES["contact"])
        wanted = 404 if name in {"bank", "bank_checker", "bank_branch", "other_bank"} else 403
        assert (name, answer.status_code) == (name, wanted)
    assert town.house.get(lender.manager, f"/referrals/{key}")["state"] == "not_contacted"


def test_a_change_names_its_version(town: Town) -> None:
    lender, _, key = one_case(town)
    path = f"/referrals/{key}/actions/contact"
    bare = town.house.call(
        lender.manager, "POST", path, json=BODIES["contact"], headers={"Idempotency-Key": uuid4().hex}
    )
    assert refused(bare) == (428, "version_required")
    did(town, lender.manager, key, "contact", **BODIES["contact"])
    stale = act(town, lender.mate, key, "investigate", BODIES["investigate"], version=1)
    assert refused(stale) == (412, "version_stale")
    assert stale.json()["errors"][0]["code"] == "contacted"


def test_of_two_managers_at_once_one_is_told(town: Town) -> None:
    lender, borrowers = a_lender(town), [a_borrower(town) for _ in range(3)]
    keys = deliver(town, lender, *borrowers)

    def answer(asked: tuple[Person, UUID]) -> int:
        person, key = asked
        return act(town, person, key, "decline", BODIES["decline"], version=1).status_code

    with ThreadPoolExecutor(2) as pool:
        for key in keys:
            assert sorted(pool.map(answer, [(lender.manager, key), (lender.mate, key)])) == [200, 412]
    with town.house.owner.reading() as session:
        steps = session.scalars(select(ReferralStep).where(ReferralStep.referral_id.in_(keys))).all()
        assert len(steps) == 2 * len(keys)


@pytest.mark.parametrize(
    ("action", "change", "pointer"),
    [
        ("contact", {"contacted_on": "2026-11-21"}, "/contacted_on"),
        ("contact", {"contacted_on": "2026-11-09"}, "/contacted_on"),
        ("decline", {"declined_on": "2026-11-09"}, "/declined_on"),
        ("decline", {"reason_code": "other"}, "/"),
        ("decline", {"reason_code": "because"}, "/reason_code"),
        ("assign", {"manager_id": str(UUID(int=0))}, "/manager_id"),
    ],
)
def test_what_cannot_have_happened_is_refused(town: Town, action: str, change: dict[str, Any], pointer: str) -> None:
    lender = a_lender(town)
    (key,) = deliver(town, lender, a_borrower(town), day=days_ago(10))
    body = {**BODIES.get(action, {}), **change}
    assert pointer in refusals(act(town, lender.manager, key, action, body)).keys() | {"/"}
    assert town.house.get(lender.manager, f"/referrals/{key}")["version"] == 1


def test_no_step_is_earlier_than_the_one_before(town: Town) -> None:
    lender, borrower = a_lender(town), a_borrower(town)
    (key,) = deliver(town, lender, borrower, day=days_ago(10))
    did(town, lender.manager, key, "contact", contacted_on=days_ago(5).isoformat())
    # Who looks after it may change on any day.
    did(town, lender.manager, key, "assign", manager_id=str(lender.mate.account_id))
    early = act(town, lender.manager, key, "investigate", {"began_on": days_ago(6).isoformat()})
    assert refusals(early) == {"/began_on": "too_early"}
    did(town, lender.manager, key, "investigate", began_on=days_ago(5).isoformat())


def test_nothing_is_paid_out_above_what_was_granted(town: Town) -> None:
    lender, _, key = one_case(town)
    brought_to(town, lender.manager, key, "granted")
    above = act(town, lender.manager, key, "disburse", BODIES["disburse"] | {"amount_yuan": "5000000.01"})
    assert refusals(above) == {"/amount_yuan": "above_granted"}
    shown = did(town, lender.manager, key, "disburse", **BODIES["disburse"] | {"amount_yuan": "5000000"})
    assert shown["disbursed_yuan"] == "5000000.00"


def test_a_loan_that_cannot_be_is_refused_at_the_field_that_says_so(town: Town) -> None:
    lender, _, key = one_case(town)
    brought_to(town, lender.manager, key, "granted")
    ended = act(town, lender.manager, key, "disburse", BODIES["disburse"] | {"due_on": DAY})
    assert "/due_on" in refusals(ended)
    foreign = act(town, lender.manager, key, "disburse", BODIES["disburse"] | {"project_id": str(town.project)})
    assert refusals(foreign) == {"/project_id": "project_not_found"}
    with town.house.owner.reading() as session:
        assert session.get_one(Referral, key).state == "granted"


def test_a_manager_is_somebody_of_the_same_bank(town: Town) -> None:
    lender, _, key = one_case(town)
    for stranger in (town.people.bank, town.people.pboc, town.people.home):
        answer = act(town, lender.manager, key, "assign", {"manager_id": str(stranger.account_id)})
        assert refusals(answer) == {"/manager_id": "not_of_this_bank"}


def test_the_institution_is_told_what_its_banks_decide(town: Town) -> None:
    lender, borrower, key = one_case(town)
    brought_to(town, lender.manager, key, "disbursed")
    rival = a_lender(town)
    (other,) = deliver(town, rival, borrower)
    brought_to(town, rival.manager, other, "declined")
    assert len(letters(town, borrower.person, "referral.granted")) == 1
    assert len(letters(town, borrower.person, "referral.disbursed")) == 1
    (declined,) = letters(town, borrower.person, "referral.declined")
    assert "担保条件不足" in declined["body"]


def test_a_paid_out_loan_is_a_loan_of_the_institution_that_the_bank_vouches_for(town: Town) -> None:
    lender, borrower, key = one_case(town)
    shown = brought_to(town, lender.manager, key, "disbursed")
    loan = town.house.get(borrower.person, f"/institutions/{borrower.id}/loans/{shown['loan_id']}")
    principal = loan["facts"]["loan.principal_yuan"]
    assert (principal["value"], principal["provenance"]) == ("4000000.00", "checked")
    change = {"facts": {"loan.principal_yuan": "1"}}
    path = f"/institutions/{borrower.id}/loans/{shown['loan_id']}"
    assert town.house.call(borrower.person, "PATCH", path, version=1, json=change).status_code == 422


def test_a_branch_pays_out_for_an_institution_that_lies_elsewhere(town: Town) -> None:
    lender, _, key = one_case(town, FAR)
    branch = town.house.somebody(Role.BANK, FAR, bank_id=lender.id)
    assert brought_to(town, branch, key, "disbursed")["state"] == "disbursed"


def test_a_bank_goes_on_seeing_whom_it_lends_to_and_loses_who_left_the_list(town: Town) -> None:
    lender, rival, borrower = a_lender(town), a_lender(town), a_borrower(town)
    (key,), (other,) = deliver(town, lender, borrower), deliver(town, rival, borrower)
    brought_to(town, lender.manager, key, "granted")
    brought_to(town, rival.manager, other, "contacted")
    path = f"/institutions/{borrower.id}"
    assert [town.house.call(one.manager, "GET", path).status_code for one in (lender, rival)] == [200, 200]
    suspend(town, borrower)
    assert [town.house.call(one.manager, "GET", path).status_code for one in (lender, rival)] == [200, 404]
    # What it did about the entry stays its own, and it may go on: the list only recommends.
    assert town.house.get(rival.manager, f"/referrals/{other}")["entry_state"] == "suspended"
    did(town, rival.manager, other, "investigate", **BODIES["investigate"])


def suspend(town: Town, borrower: Borrower) -> None:
    with town.house.owner.writing() as session:
        became(session, session.get_one(WhitelistEntry, borrower.entry_id), "suspend", "suspended")


def test_standing_on_the_list_alone_shows_nobody_to_a_bank(town: Town) -> None:
    lender, borrower = a_lender(town), a_borrower(town)
    path = f"/institutions/{borrower.id}"
    assert town.house.call(lender.manager, "GET", path).status_code == 404
    deliver(town, lender, borrower)
    assert town.house.call(lender.manager, "GET", path).status_code == 200
    assert town.house.call(a_lender(town).manager, "GET", path).status_code == 404


def test_the_estimate_is_not_shown_to_the_bank(town: Town) -> None:
    lender, borrower, key = one_case(town)
    brought_to(town, lender.manager, key, "disbursed")
    with town.house.owner.writing() as session:
        one = session.get_one(Referral, key)
        one.subsidy_programme, one.subsidy_yuan = "xugou-programme", Decimal(12345)
    assert town.house.get(lender.manager, f"/referrals/{key}")["subsidy_yuan"] is None
    for person in (town.people.pboc, town.people.county, borrower.person):
        assert town.house.get(person, f"/referrals/{key}")["subsidy_yuan"] == "12345.00"


def test_all_actions_are_tried_here() -> None:
    assert set(FORWARD) | {"decline", "assign"} == {action for allowed in ALLOWED.values() for action in allowed}
