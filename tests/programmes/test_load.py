"""Loading seeds: twice changes nothing, a changed programme gets a version, and what is gone is closed, not lost."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.programmes.load import Loaded, load_seeds
from app.programmes.queries import list_clauses, list_documents, list_programmes, list_series, read_parameters
from app.programmes.seeds import Seeds, read_seeds
from app.programmes.texts import load_texts
from app.store.engine import Database
from app.store.tables import ALL_TABLES, Programme, ProgrammeVersion
from tests.programmes.folder import DEPARTMENTS, POLICY, RATES, changed, write_folder
from tests.seeded import SEEDED_AT

FIRST = datetime(2026, 9, 1, tzinfo=UTC)
SECOND = FIRST + timedelta(days=30)
THIRD = SECOND + timedelta(days=30)
MORE_BEDS = changed("value: 50}", "value: 60}")
NEW_NAME = changed("name: 虚构补助", "name: 虚构建设补助")
# The second programme of the file, from its slug to the end.
ONE_PROGRAMME = POLICY[: POLICY.index("  - slug: xugou-second")]


def load(session: Session, folder: Path, now: datetime, **files: str) -> Loaded:
    return load_seeds(session, read_seeds(write_folder(folder, **files)), now)


def rows(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Everything that is stored, by table, so that two loads can be compared."""
    session.flush()
    return {
        table.__tablename__: [dict(row) for row in session.execute(select(table.__table__)).mappings()]
        for table in ALL_TABLES
    }


def versions(session: Session, slug: str) -> list[tuple[int, datetime, datetime | None]]:
    query = select(ProgrammeVersion).join(Programme).where(Programme.slug == slug).order_by(ProgrammeVersion.version)
    return [(one.version, one.recorded_from, one.recorded_to) for one in session.scalars(query)]


def names(session: Session, known_at: datetime | None = None) -> dict[str, str]:
    return {one.record.slug: one.record.name for one in list_programmes(session, known_at)}


def test_the_checkouts_seeds_loaded_again_change_nothing(library: Database, seeds: Seeds) -> None:
    with library.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            before = rows(session)
            assert load_seeds(session, seeds, SEEDED_AT + timedelta(days=1)) == Loaded()
            assert rows(session) == before
        transaction.rollback()


def test_a_first_load_counts_what_it_adds_and_a_second_adds_nothing(session: Session, tmp_path: Path) -> None:
    first = load(session, tmp_path, FIRST)
    # Two offices, one document, two clauses, one parameter, two programmes, one series with two points.
    assert (first.added, first.changed, first.removed) == (11, 0, 0)
    before = rows(session)
    assert load(session, tmp_path, SECOND) == Loaded()
    assert rows(session) == before


def test_a_changed_programme_gets_a_second_version_and_closes_the_first(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    assert load(session, tmp_path, SECOND, policy=NEW_NAME) == Loaded(changed=1)
    assert versions(session, "xugou-grant") == [(1, FIRST, SECOND), (2, SECOND, None)]
    assert versions(session, "xugou-second") == [(1, FIRST, None)]


def test_what_was_known_at_an_instant_is_replayed(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    load(session, tmp_path, SECOND, policy=NEW_NAME)
    instant = timedelta(microseconds=1)
    assert names(session, FIRST - instant) == {}
    assert names(session, FIRST)["xugou-grant"] == "虚构补助"
    assert names(session, SECOND - instant)["xugou-grant"] == "虚构补助"
    assert names(session, SECOND)["xugou-grant"] == "虚构建设补助"
    assert names(session) == names(session, SECOND)


def test_a_programme_that_is_gone_is_closed_and_comes_back_as_a_new_version(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    assert load(session, tmp_path, SECOND, policy=ONE_PROGRAMME) == Loaded(removed=1)
    assert names(session).keys() == {"xugou-grant"}
    assert names(session, FIRST).keys() == {"xugou-grant", "xugou-second"}
    assert load(session, tmp_path, SECOND, policy=ONE_PROGRAMME) == Loaded()
    assert load(session, tmp_path, THIRD) == Loaded(added=1)
    assert versions(session, "xugou-second") == [(1, FIRST, SECOND), (2, THIRD, None)]


def test_a_clause_that_is_gone_goes_with_its_text(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path / "seed", FIRST)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "xugou-2026-1.txt").write_text("一、虚构\n（一）给补助。\n（二）做宣传。\n", encoding="utf-8")
    load_texts(session, texts, FIRST)
    start, end = POLICY.index("  - key: 一(二)"), POLICY.index("parameters:")
    assert load(session, tmp_path / "seed", SECOND, policy=POLICY[:start] + POLICY[end:]) == Loaded(removed=1)
    (document,) = list_documents(session)
    assert [clause.key for clause, _ in list_clauses(session, document)] == ["一(一)"]


def test_a_changed_clause_keeps_its_row_and_its_text(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    (document,) = list_documents(session)
    before = [clause.id for clause, _ in list_clauses(session, document)]
    reworded = changed("由虚构厅发放。", "由虚构厅审核发放。")
    assert load(session, tmp_path, SECOND, policy=reworded) == Loaded(changed=1)
    after = list_clauses(session, document)
    assert [clause.id for clause, _ in after] == before
    assert after[0][0].summary.endswith("由虚构厅审核发放。")


def test_a_changed_parameter_leaves_the_programmes_alone(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    assert load(session, tmp_path, SECOND, policy=MORE_BEDS) == Loaded(changed=1)
    assert read_parameters(session)["xugou.least_beds"].on(date(2026, 1, 5)) == 60
    assert versions(session, "xugou-grant") == [(1, FIRST, None)]


def test_a_dated_value_that_is_gone_is_removed(session: Session, tmp_path: Path) -> None:
    two = changed("value: 50}", "to: 2027-01-01, value: 50}, {from: 2027-01-01, value: 60}")
    load(session, tmp_path, FIRST, policy=two)
    parameter = read_parameters(session)["xugou.least_beds"]
    assert [parameter.on(date(2026, 12, 31)), parameter.on(date(2027, 1, 1))] == [50, 60]
    assert load(session, tmp_path, SECOND) == Loaded(changed=1, removed=1)
    assert read_parameters(session)["xugou.least_beds"].on(date(2027, 1, 1)) == 50


def test_rates_that_were_entered_since_are_never_taken_back(session: Session, tmp_path: Path) -> None:
    later = changed('percent: "3.00"}', 'percent: "3.00"}\n      - {from: 2026-09-01, percent: "2.50"}', RATES)
    load(session, tmp_path, FIRST, rates=changed("known_through: 2026-08-20", "known_through: 2026-10-20", later))
    assert load(session, tmp_path, SECOND) == Loaded()
    (series,) = list_series(session)
    assert series.known_through == date(2026, 10, 20)
    assert series.points[-1].from_ == date(2026, 9, 1)


def test_an_office_that_was_renamed_again_is_changed(session: Session, tmp_path: Path) -> None:
    load(session, tmp_path, FIRST)
    again = DEPARTMENTS + "      - {from: 2027-01-01, name: 虚构更新局}\n"
    assert load(session, tmp_path, SECOND, departments=again) == Loaded(changed=1)


def test_two_loads_at_once_make_one_library(fresh_database: Database, tmp_path: Path) -> None:
    seeds = read_seeds(write_folder(tmp_path))

    def load_at(now: datetime) -> Loaded:
        with fresh_database.writing() as session:
            return load_seeds(session, seeds, now)

    with ThreadPoolExecutor(4) as pool:
        loads = list(pool.map(load_at, [FIRST, SECOND, THIRD, FIRST]))
    assert sorted(load.added for load in loads) == [0, 0, 0, 11]


def test_a_count_is_told_in_chinese() -> None:
    assert str(Loaded(added=3, changed=2, removed=1)) == "新增 3，更新 2，停用 1"


@pytest.mark.parametrize("slug", ["xugou-grant", "xugou-second"])
def test_a_stored_programme_reads_as_it_was_seeded(session: Session, tmp_path: Path, slug: str) -> None:
    load(session, tmp_path, FIRST)
    (file,) = read_seeds(tmp_path).policies
    seeded = {record.slug: record for record in file.programmes}
    stored = {one.record.slug: one for one in list_programmes(session)}
    assert stored[slug].record == seeded[slug]
    assert (stored[slug].document, stored[slug].version) == ("xugou-2026-1", 1)
