"""Statistics equal a naive recomputation from the raw rows, for any history and any question, on both databases."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.reporting.answers import read_table
from app.reporting.asked import Asked
from app.reporting.build import EXACT, Table
from app.reporting.measures import COLUMNS, TOTAL, By, Measure
from app.reporting.queries import select_rows
from tests.reporting.histories import BANKS, Entry, entries, questions
from tests.reporting.naive import naive
from tests.reporting.rows import Ground, the_ground, write

# One transaction for all examples of a test, each within a savepoint of its own.
LENIENT = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
HISTORIES = st.lists(entries(), max_size=10)
WHO = st.sampled_from(["whole", "whole", "city", "county", "bank", "branch"])


@pytest.fixture
def ground(session: Session) -> Ground:
    return the_ground(session)


def bank_of(scope: Scope) -> str | None:
    return None if scope.bank_id is None else BANKS[0]


def is_absent(asked: Asked, cell: tuple[str, str]) -> bool:
    key, column = cell
    return asked.by is By.BANK and column == "listed" and key != TOTAL


def cells(table: Table) -> dict[tuple[str, str], object]:
    return {(row.key, name): row.values[name] for row in (*table.rows, table.total) for name in COLUMNS}


@LENIENT
@given(history=HISTORIES, asked=questions(), who=WHO)
def test_every_figure_is_the_naive_one(
    session: Session, ground: Ground, history: Sequence[Entry], asked: Asked, who: str
) -> None:
    scope = ground.scopes()[who]
    with session.begin_nested() as savepoint:
        write(session, ground, history)
        found = cells(read_table(session, asked, scope, EXACT))
        savepoint.rollback()

    counted = naive(history, asked, bank_of(scope), scope.region_prefix)
    # The list is not made bank by bank.
    expected = {cell: None if is_absent(asked, cell) else value for cell, value in counted.items()}

    assert {cell: found[cell] for cell in expected} == expected
    assert {value for cell, value in found.items() if cell not in expected} <= {0, None}


@LENIENT
@given(history=HISTORIES, asked=questions(), who=WHO)
def test_a_figure_leads_to_as_many_rows_as_it_counts(
    session: Session, ground: Ground, history: Sequence[Entry], asked: Asked, who: str
) -> None:
    scope = ground.scopes()[who]
    with session.begin_nested() as savepoint:
        write(session, ground, history)
        table = read_table(session, asked, scope, EXACT)
        counted = {
            (row.key, measure.value): session.scalar(
                select(func.count()).select_from(select_rows(measure, row.key, asked, scope).subquery())
            )
            for row in (*table.rows, table.total)
            if any(row.values[one.value] for one in Measure) or row is table.total
            for measure in Measure
        }
        savepoint.rollback()

    found = cells(table)

    assert counted == {cell: found[cell] or 0 for cell in counted}
