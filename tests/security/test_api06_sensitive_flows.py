"""API6:2023 Unrestricted access to sensitive business flows: once, by two people, slowly, and never for oneself."""

from datetime import date
from typing import Any, Final
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import func, select

from app.access.guesses import FREE
from app.access.permissions import Role
from app.store.tables import Account, Consent, Institution
from tests.access.house import refused
from tests.access.people import Person, a_key
from tests.access.town import REVENUE, terms
from tests.security.operations import Operation
from tests.security.scene import Scene

HOUR: Final = "2026-11-21T08:00:00Z"


def again(scene: Scene, one: Person) -> Person:
    """The same account with another key."""
    with scene.town.house.owner.writing() as session:
        return Person(one.account_id, one.organisation_id, a_key(session, one.account_id))


def count(scene: Scene, table: type[Any]) -> int:
    with scene.town.house.owner.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_every_post_of_somebody_known_takes_a_key_of_idempotency(operations: list[Operation]) -> None:
    """Of those that write; signing in and what only computes has nothing to do twice, and a second seal is a seal."""
    without = {
        one.id
        for one in operations
        if one.method == "post" and "Idempotency-Key" not in {parameter["name"] for parameter in one.parameters}
    }
    assert without == COMPUTES | AT_THE_DOOR | {"seal_audit"}


def test_what_moves_a_state_is_refused_without_a_key_of_idempotency(operations: list[Operation]) -> None:
    needed = {
        one.id
        for one in operations
        if any(parameter["name"] == "Idempotency-Key" and parameter["required"] for parameter in one.parameters)
    }
    assert needed == MOVES


MOVES: Final = {
    *("abandon_batch", "announce_batch", "publish_batch", "dismiss_objection", "object_to_nomination"),
    *("uphold_objection", "suspend_entry", "reinstate_entry", "remove_entry", "renew_entry"),
    *("allow_nomination", "appeal_nomination", "approve_nomination", "dismiss_nomination", "recommend_nomination"),
    *("reject_nomination", "return_nomination", "review_nomination", "submit_nomination", "withdraw_nomination"),
    *("act_on_need", "apply_import", "undo_import", "publish_product_version", "publish_programme_draft"),
    *("withdraw_consent", "withdraw_product_version", "withdraw_programme_draft"),
    *("enable_webhook_endpoint", "resend_webhook_delivery", "rotate_webhook_secret", "test_webhook_endpoint"),
    *("assign_referral", "contact_referral", "investigate_referral", "grant_referral", "disburse_referral"),
    *("decline_referral", "answer_referrals", "add_push", "receive_delivery"),
    *("add_consent_request", "refuse_consent_request", "cancel_consent_request"),
}
COMPUTES: Final = {
    "check_eligibility",
    "check_rule",
    "preview_product_impact",
    "quote_interest_subsidy",
    "replay_assessment",
}
AT_THE_DOOR: Final = {
    "sign_in",
    "console_sign_in",
    "verify_second_factor",
    "confirm_second_factor",
    "change_own_password",
    "redeem_institution_code",
}


def test_a_consent_that_is_sent_twice_is_given_once(scene: Scene) -> None:
    body = {
        "bank": "xugou-bank",
        "purpose": "loan_application",
        "fields": [REVENUE],
        "valid_from": date(2098, 1, 1).isoformat(),
        "valid_to": date(2099, 1, 1).isoformat(),
        "evidence": "虚构授权书",
    }
    headers = {"Idempotency-Key": str(uuid4())}
    before = count(scene, Consent)
    home = scene.town.people.home
    first, second = (
        scene.town.house.post(one, "/consents", body, headers=headers) for one in (home, again(scene, home))
    )
    assert first == second
    assert count(scene, Consent) == before + 1


def test_a_key_of_idempotency_of_somebody_else_gives_nobody_elses_answer(scene: Scene) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    before = count(scene, Institution)
    made = []
    for one in (scene.town.people.county, scene.town.people.province):
        body = {"name": "虚构同名养老院", "facts": {"institution.region_code": "140105"}}
        made.append(scene.town.house.post(one, "/institutions", body, headers=headers)["id"])
    assert made[0] != made[1]
    assert count(scene, Institution) == before + 2


def test_a_maker_is_no_checker_with_another_key_either(scene: Scene) -> None:
    house, maker = scene.town.house, scene.town.people.bank
    body = {"slug": "xugou-flow", "bank": "xugou-bank", **terms()}
    path = f"/products/{house.post(maker, '/products', body)['id']}/versions/1"
    for one in (maker, again(scene, maker)):
        assert refused(house.call(one, "POST", f"{path}/actions/publish", version=1)) == (409, "own_draft")
    # Having touched it makes a checker a maker, so that two cannot take turns at one draft.
    house.call(scene.town.people.bank_checker, "PATCH", path, version=1, json={"summary": "虚构的改动"})
    checker = scene.town.people.bank_checker
    assert refused(house.call(checker, "POST", f"{path}/actions/publish", version=2)) == (409, "own_draft")


def test_nobody_gives_roles_or_keys_to_himself_or_herself(scene: Scene) -> None:
    house = scene.town.house
    security = house.somebody(Role.SECURITY_ADMIN)
    me = f"/users/{security.account_id}"
    with house.owner.reading() as session:
        before = session.get_one(Account, security.account_id).roles
    key = {
        "user_id": str(security.account_id),
        "name": "虚构",
        "permissions": ["keys.write"],
        "expires_on": "2027-01-01",
    }
    attempts = [
        house.call(security, "PUT", f"{me}/roles", version=1, json={"roles": ["security_admin", "audit_admin"]}),
        house.call(security, "POST", "/api-keys", json=key),
        house.call(security, "POST", f"{me}/actions/reset-password", version=1),
    ]
    assert all(400 <= one.status_code < 500 for one in attempts), [one.text for one in attempts]
    with house.owner.reading() as session:
        assert session.get_one(Account, security.account_id).roles == before


@pytest.mark.parametrize("path", ["/sessions", "/institution-codes/actions/redeem"])
def test_guessing_is_slowed_down_before_it_is_worth_anything(scene: Scene, path: str) -> None:
    """Whether the login is there or not; a code that is right is not tried while its address waits."""
    login = f"xugou-guess-{uuid4().hex[:8]}"
    body: dict[str, Any] = {"login": login, "password": "correct-horse-battery"}
    if path != "/sessions":
        body |= {"name": "虚构", "code": "AAAAA-AAAAA-AAAAA-AAAAA"}
    with time_machine.travel(HOUR, tick=False):
        answers = [scene.town.house.call(None, "POST", path, json=body) for _ in range(FREE + 2)]
    last = answers[-1]
    assert [one.status_code for one in answers[:FREE]] == [answers[0].status_code] * FREE
    assert answers[0].status_code in {401, 422}
    assert refused(last) == (429, "guessed_too_often")
    assert int(last.headers["Retry-After"]) >= 1
