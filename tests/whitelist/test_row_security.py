"""PostgreSQL alone, asked as the application's role: who sees nominations, their people and steps, and their needs."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from app.access.row_security import bind
from app.access.scope import NOTHING, Scope
from app.programmes.seeds import Seeds
from app.store.base import Base
from app.store.tables import Institution
from app.store.types import new_key
from tests.databases import PostgresDatabases
from tests.whitelist.board import COUNTY, OTHER_CITY, SIBLING, Board, a_board

META = Base.metadata.tables
ELSEWHERE = f"{OTHER_CITY[:4]}02"


@pytest.fixture(scope="module")
def board(postgresql: PostgresDatabases, seeds: Seeds) -> Iterator[Board]:
    """One nomination: a project of the county whose owner sits elsewhere, with a need of its own."""
    with a_board(postgresql, seeds) as board:
        key = board.project(board.institution(ELSEWHERE, amount=None))
        board.submitted(key, "project")
        yield board


def owner_of(board: Board) -> UUID:
    with board.house.owner.reading() as session:
        return session.scalars(select(Institution.id)).one()


def seen(board: Board, scope: Scope, table: str) -> int:
    with board.house.served.reading() as session:
        bind(session, scope)
        return session.scalar(select(func.count()).select_from(META[table])) or 0


@pytest.mark.parametrize(("table", "rows"), [("nomination", 1), ("nomination_actor", 1), ("nomination_step", 2)])
def test_who_sees_a_nomination(board: Board, table: str, rows: int) -> None:
    for prefix in (COUNTY, COUNTY[:4], "14"):
        assert seen(board, Scope(prefix), table) == rows
    for scope in (Scope(SIBLING), Scope(ELSEWHERE), Scope("1403"), NOTHING, Scope("14", None, new_key())):
        assert seen(board, scope, table) == 0
    assert seen(board, Scope("", owner_of(board)), table) == rows
    assert seen(board, Scope("", new_key()), table) == 0


@pytest.mark.parametrize("table", ["need", "need_version"])
def test_where_a_project_is_built_its_need_is_seen(board: Board, table: str) -> None:
    for prefix in (COUNTY, ELSEWHERE, "1401", "1403"):
        assert seen(board, Scope(prefix), table) == 1
    for scope in (Scope(SIBLING), Scope("1402"), NOTHING):
        assert seen(board, scope, table) == 0


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET level = 'city'"])
@pytest.mark.parametrize("table", ["nomination_step", "nomination_actor", "nomination_transition"])
def test_the_application_changes_nothing_that_was_done(board: Board, table: str, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), board.house.served.writing() as session:
        run(session, statement.format(table))


def run(session: Session, statement: str, prefix: str = "14") -> None:
    bind(session, Scope(prefix))
    session.connection().exec_driver_sql(statement)


def test_a_nomination_is_not_moved_out_of_the_scope(board: Board) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), board.house.served.writing() as session:
        run(session, "UPDATE nomination SET region_code = '140106'", COUNTY)
