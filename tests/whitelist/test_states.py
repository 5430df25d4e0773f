"""One table, three times: in the code, in the database, in the clerks' handbook."""

import re
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import PROJECT_ROOT
from app.store.base import Base
from app.store.tables import NominationTransition
from app.whitelist.nomination_schemas import LevelWord
from app.whitelist.states import (
    ACTION_LABELS,
    LEVEL_LABELS,
    OPEN,
    REASONED,
    STATE_LABELS,
    TRANSITIONS,
    Action,
    Level,
    State,
    actions_from,
    find_transition,
)

HANDBOOK = PROJECT_ROOT / "docs" / "white-list.md"
LINE = re.compile(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \| (.*) \| (.*) \|$", re.MULTILINE)


def test_the_database_has_the_table_of_the_code(session: Session) -> None:
    columns = NominationTransition.__table__.c
    rows = session.execute(select(columns.from_state, columns.action, columns.to_state, columns.level))
    assert {tuple(row) for row in rows} == {tuple(map(str, one)) for one in TRANSITIONS}


def test_the_handbook_has_the_table_of_the_code() -> None:
    told = LINE.findall(HANDBOOK.read_text(encoding="utf-8"))
    assert told == [
        (
            *map(str, one),
            f"{STATE_LABELS[one.from_state]} → {ACTION_LABELS[one.action]} → {STATE_LABELS[one.to_state]}",
            LEVEL_LABELS[one.level],
        )
        for one in TRANSITIONS
    ]


def test_answers_know_every_level() -> None:
    assert get_args(LevelWord) == tuple(Level)


def test_a_state_and_an_action_lead_to_one_place() -> None:
    assert len({(one.from_state, one.action) for one in TRANSITIONS}) == len(TRANSITIONS)
    assert all(find_transition(one.from_state, one.action) == one for one in TRANSITIONS)


def test_every_word_is_used_and_has_a_label() -> None:
    used = {word for one in TRANSITIONS for word in one}
    assert used == {*State, *Action, *Level}
    assert (set(STATE_LABELS), set(ACTION_LABELS), set(LEVEL_LABELS)) == (set(State), set(Action), set(Level))


def test_whatever_is_open_can_still_move_and_the_end_cannot() -> None:
    assert all(actions_from(state) for state in OPEN)
    assert not any(actions_from(state) for state in (State.LISTED, State.REJECTED, State.WITHDRAWN))


def test_the_index_of_open_nominations_knows_the_open_states() -> None:
    (index,) = [one for one in Base.metadata.tables["nomination"].indexes if one.name == "uq_nomination_open"]
    predicate = str(index.dialect_options["postgresql"]["where"])
    assert set(re.findall(r"'(\w+)'", predicate)) == set(OPEN)


def test_every_refusal_says_why() -> None:
    refusing = {State.RETURNED, State.REJECTED, State.COUNTY_REJECTED, State.CITY_REJECTED, State.PROVINCE_REJECTED}
    assert {one.action for one in TRANSITIONS if one.to_state in refusing} == set(REASONED)
