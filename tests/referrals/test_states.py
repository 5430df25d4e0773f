"""The table of transitions: what the program, the database and the handbook say is one and the same."""

import re
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from app.config import PROJECT_ROOT
from app.referrals.reasons import REASON_LABELS, DeclineReason
from app.referrals.states import (
    ACTION_LABELS,
    NONE,
    OPEN,
    STATE_LABELS,
    TRANSITIONS,
    UNDECIDED,
    ReferralAction,
    ReferralState,
    actions_from,
    next_state,
    path_to,
)
from app.store.tables import Referral, ReferralStep, ReferralTransition
from tests.access.deliveries import delivered
from tests.access.house import a_bank, an_institution

S, A = ReferralState, ReferralAction
ROWS: Final = {(one.from_state, one.action.value, one.to_state.value) for one in TRANSITIONS}


def test_the_database_has_the_same_rows(session: Session) -> None:
    rows = session.execute(
        select(ReferralTransition.from_state, ReferralTransition.action, ReferralTransition.to_state)
    )
    assert {tuple(row) for row in rows} == ROWS


def test_the_handbook_has_the_same_rows() -> None:
    text = (PROJECT_ROOT / "docs" / "referrals.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\S+) `(\w+)` \| (\S+) `(\w+)` \| (\S+) `(\w+)` \|$", text, re.MULTILINE)
    labels = {NONE: "（尚无）"} | {state.value: label for state, label in STATE_LABELS.items()}
    assert {(row[1], row[3], row[5]) for row in told} == ROWS
    for before, from_state, what, action, after, to_state in told:
        assert (before, what, after) == (labels[from_state], ACTION_LABELS[A(action)], labels[to_state])


def test_the_handbook_names_every_reason() -> None:
    text = (PROJECT_ROOT / "docs" / "referrals.md").read_text(encoding="utf-8")
    assert all(f"`{reason}` {label}" in text for reason, label in REASON_LABELS.items())
    assert set(REASON_LABELS) == set(DeclineReason)


def test_an_action_leads_to_one_state() -> None:
    assert len({(before, action) for before, action, _ in ROWS}) == len(ROWS)


def test_an_assignment_leaves_the_state() -> None:
    for one in TRANSITIONS:
        assert (one.action is A.ASSIGN) == (one.from_state == one.to_state)


def test_a_decline_is_the_end() -> None:
    assert actions_from(S.DECLINED) == ()
    assert actions_from(S.DISBURSED) == (A.ASSIGN,)
    assert {state for state in S if next_state(state, A.DECLINE)} == set(OPEN)


@pytest.mark.parametrize(("state", "wanted"), [*product(S, S)])
def test_a_path_leads_where_it_says_by_rows_of_the_table(state: ReferralState, wanted: ReferralState) -> None:
    path = path_to(state, wanted)
    order = [*UNDECIDED, S.GRANTED, S.DISBURSED]
    onward = state in order and wanted in order and order.index(state) <= order.index(wanted)
    declines = wanted is S.DECLINED and state in OPEN
    assert (path is not None) == (onward or declines or state is wanted)
    for action in path or ():
        after = next_state(state, action)
        assert after is not None
        state = after
    assert path is None or state == wanted


@pytest.fixture
def referral(session: Session) -> Referral:
    bank, owner = a_bank(session), an_institution(session)
    return delivered(session, [bank.id], [owner.id])[bank.id][0]


def step(referral: Referral, number: int, action: str, before: str, after: str, **more: Any) -> ReferralStep:
    first: dict[str, Any] = {"account_id": None, "organisation_id": None} | more
    return ReferralStep(
        referral_id=referral.id,
        number=number,
        previous=None if number == 1 else number - 1,
        action=action,
        from_state=before,
        to_state=after,
        happened_on=referral.delivered_on,
        at=referral.created_at,
        **first,
    )


def by(session: Session, referral: Referral) -> dict[str, UUID]:
    first = session.get_one(ReferralStep, (referral.id, 1))
    return {"account_id": first.account_id, "organisation_id": first.organisation_id}


@pytest.mark.parametrize(
    ("number", "action", "before", "after"),
    [
        (2, "grant", "not_contacted", "granted"),
        (2, "investigate", "contacted", "due_diligence"),
        (3, "contact", "not_contacted", "contacted"),
        (2, "contact", "not_contacted", "due_diligence"),
    ],
)
def test_the_database_takes_no_step_that_the_table_does_not_have(
    session: Session, referral: Referral, number: int, action: str, before: str, after: str
) -> None:
    amount = {"amount_yuan": 1} if action == "grant" else {}
    session.add(step(referral, number, action, before, after, **by(session, referral), **amount))
    with pytest.raises(IntegrityError):
        session.flush()


def test_the_database_takes_a_step_of_the_table(session: Session, referral: Referral) -> None:
    session.add(step(referral, 2, "contact", "not_contacted", "contacted", **by(session, referral)))
    session.flush()
    assert len(session.scalars(select(ReferralStep).where(ReferralStep.referral_id == referral.id)).all()) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"granted_yuan": 5},
        {"disbursed_yuan": 5},
        {"reason_code": "security"},
        {"reason_code": "because"},
        {"subsidy_yuan": 5},
    ],
)
def test_figures_stand_where_their_state_says(session: Session, referral: Referral, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(referral, name, value)
    with pytest.raises(DBAPIError):
        session.flush()
