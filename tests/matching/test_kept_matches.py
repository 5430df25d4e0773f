"""A summary is kept, and never outlives anything that it was made from."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from app.cases.select import CaseKind
from app.matching import institution_matches
from app.store.kept import Kept
from app.store.tables import Bank, ParameterValue, ProductVersion, ProgrammeVersion, RatePoint, RateSeries
from tests.databases import Databases, SqliteDatabases
from tests.matching.conftest import World
from tests.matching.factories import AS_OF, RECORDED, a_record, publish
from tests.seeded import SEEDED_AT

LATER: Final = RECORDED + timedelta(days=90)
LARGE: Final = "kangyang.large_project_yuan"


class Borrower:
    """An institution with a need, and the summary of what that need fits."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.database.writing() as session:
            world.registry.session = session
            self.owner = world.registry.institution(beds_total=49, filed=True, total_assets_yuan=Decimal(100_000_000))
            self.need = world.registry.need(self.owner, amount_yuan=Decimal(200_000), term_months=12)
            asks = {"op": "ge", "fact": "institution.total_assets_yuan", "value": {"param": LARGE}, "id": "assets"}
            record = a_record("rich", requires={**asks, "cite": {"own": "第 1 条"}})
            publish(session, session.scalars(select(Bank.id)).one(), record)

    def summary(self, **query: str) -> str:
        """The answer as it is sent."""
        asked = {"need": str(self.need), "as_of": AS_OF.isoformat(), **query}
        response = self.world.client.get(f"/api/v1/institutions/{self.owner}/matches", params=asked)
        assert response.status_code == 200, response.text
        return str(response.text)


@pytest.fixture(scope="session")
def databases(sqlite: SqliteDatabases) -> Databases:
    """What is kept is kept in the process, whichever database was read."""
    return sqlite


@pytest.fixture
def borrower(fresh_world: World) -> Borrower:
    return Borrower(fresh_world)


def _fact(session: Session, borrower: Borrower) -> None:
    borrower.world.registry.session = session
    borrower.world.registry.change(CaseKind.INSTITUTION, borrower.owner, LATER, beds_total=50)


def _source(session: Session, borrower: Borrower) -> None:
    """The same value, but now an office vouches for it: a condition that asks for a checked one is met."""
    borrower.world.registry.session = session
    changed = {"annual_revenue_yuan": Decimal(2_000_000), "checked": ["annual_revenue_yuan"]}
    borrower.world.registry.change(CaseKind.INSTITUTION, borrower.owner, LATER, **changed)


def _attestation(session: Session, borrower: Borrower) -> None:
    borrower.world.registry.session = session
    borrower.world.registry.attest(borrower.owner, "institution.stable_cash_flow")


def _publication(session: Session, _borrower: Borrower) -> None:
    publish(session, session.scalars(select(Bank.id)).one(), a_record("newcomer"))


def _successor(session: Session, _borrower: Borrower) -> None:
    record = a_record("plain", name="虚构贷款第二版", valid_from="2026-06-01")
    publish(session, session.scalars(select(Bank.id)).one(), record, 2)


def _withdrawal(session: Session, _borrower: Borrower) -> None:
    version = session.scalars(select(ProductVersion).order_by(ProductVersion.id)).first()
    assert version is not None
    version.withdrawn_at, version.withdrawn_on = LATER, date(2026, 11, 1)


def _bank(session: Session, _borrower: Borrower) -> None:
    session.execute(update(Bank).values(name="虚构商业银行"))


def _rate(session: Session, _borrower: Borrower) -> None:
    series = session.scalars(select(RateSeries).where(RateSeries.code == "lpr_1y")).one()
    series.known_through = AS_OF
    session.add(RatePoint(series_id=series.id, valid_from=AS_OF, rate_percent=Decimal("9.87")))


def _parameter(session: Session, _borrower: Borrower) -> None:
    session.execute(update(ParameterValue).where(ParameterValue.key == LARGE).values(value="100000000"))


def _programme(session: Session, _borrower: Borrower) -> None:
    """Every programme is taken off the record."""
    session.execute(update(ProgrammeVersion).values(recorded_to=SEEDED_AT + timedelta(days=1)))


@pytest.mark.parametrize(
    "change",
    [_fact, _source, _attestation, _publication, _successor, _withdrawal, _bank, _rate, _parameter, _programme],
)
def test_whatever_changes_is_seen_at_once(
    borrower: Borrower, change: Callable[[Session, Borrower], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = borrower.summary()
    assert borrower.summary() == before
    with borrower.world.database.writing() as session:
        change(session, borrower)
    after = borrower.summary()
    assert after != before
    monkeypatch.setattr(institution_matches, "_SUMMARIES", Kept(1))
    assert borrower.summary() == after


def test_days_and_cases_have_summaries_of_their_own(borrower: Borrower) -> None:
    with borrower.world.database.writing() as session:
        borrower.world.registry.session = session
        other = borrower.world.registry.need(borrower.owner, amount_yuan=Decimal(200_000), term_months=12)
    told = [
        borrower.summary(),
        borrower.summary(as_of="2026-11-21"),
        borrower.summary(known_at="2026-11-20T00:00:00Z"),
        borrower.summary(need=str(other)),
    ]
    assert len(set(told)) == len(told)
    assert borrower.summary() == told[0]


def test_a_summary_that_is_kept_is_made_once_and_a_body_is_read_once(
    borrower: Borrower, monkeypatch: pytest.MonkeyPatch
) -> None:
    borrower.summary()
    assert _bodies_read(borrower) == 0
    made: list[Any] = []
    monkeypatch.setattr(institution_matches, "summary", lambda *_args, **_more: made.append("again"))
    borrower.summary()
    monkeypatch.undo()
    assert not made
    with borrower.world.database.writing() as session:
        publish(session, session.scalars(select(Bank.id)).one(), a_record(f"new-{borrower.owner.hex[:8]}"))
    assert _bodies_read(borrower) == 1
    assert _bodies_read(borrower) == 0


def _bodies_read(borrower: Borrower) -> int:
    """How many statements that fetch a body one summary sends."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.extend([statement] if ".body" in statement else [])

    engine = borrower.world.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        borrower.summary()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(sent)
