"""Column types keep exactly what they are given, on both databases, and refuse what they could not keep."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from app.store.types import EnumSet, Fen, Json, Millionths, UtcDateTime, contains_all, new_key, overlaps

KINDS = ("nursing_home", "day_care", "meal_service", "travel_stay")
BIGINT_MAX = 2**63 - 1

TYPED = Table(
    "typed",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("amount", Fen),
    Column("rate", Millionths),
    Column("at", UtcDateTime),
    Column("kinds", EnumSet(KINDS)),
    Column("document", Json),
)

# A hypothesis example shares the transaction of its test: each looks only at the row it has just written.
examples = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def store(session: Session) -> Session:
    TYPED.create(session.connection())
    return session


def kept(store: Session, column: str, value: Any) -> Any:
    """What comes back after `value` was written to `column`."""
    row = store.execute(insert(TYPED).values({column: value}).returning(TYPED.c.id)).scalar_one()
    return store.scalar(select(TYPED.c[column]).where(TYPED.c.id == row))


def refused(store: Session, column: str, value: Any) -> bool:
    try:
        kept(store, column, value)
    except StatementError as error:
        return isinstance(error.orig, TypeError | ValueError)
    return False


@examples
@given(fen=st.integers(-BIGINT_MAX, BIGINT_MAX))
def test_money_round_trips_to_the_fen(store: Session, fen: int) -> None:
    yuan = Decimal(fen).scaleb(-2)
    assert kept(store, "amount", yuan) == yuan


@examples
@given(millionths=st.integers(-BIGINT_MAX, BIGINT_MAX))
def test_rates_round_trip_to_the_millionth(store: Session, millionths: int) -> None:
    rate = Decimal(millionths).scaleb(-6)
    assert kept(store, "rate", rate) == rate


@pytest.mark.parametrize("column", ["amount", "rate", "at", "kinds", "document"])
def test_unknown_is_null_and_not_a_value(store: Session, column: str) -> None:
    assert kept(store, column, None) is None
    assert store.scalar(select(func.count()).select_from(TYPED).where(TYPED.c[column].is_(None))) == 1


@pytest.mark.parametrize(
    "amount",
    [
        Decimal("0.001"),
        Decimal("92233720368547758.08"),
        Decimal("1e400"),
        Decimal("1e-400"),
        Decimal("NaN"),
        Decimal("Infinity"),
        1.5,
        True,
        "1.50",
    ],
)
def test_an_amount_that_fen_cannot_hold_is_refused(store: Session, amount: Any) -> None:
    assert refused(store, "amount", amount)


@pytest.mark.parametrize("amount", [Decimal("1.5"), Decimal("1.500"), Decimal("1E+3"), Decimal("-0.00"), 7])
def test_an_amount_may_be_written_in_any_exact_way(store: Session, amount: Decimal) -> None:
    assert kept(store, "amount", amount) == amount


def test_amounts_compare_add_up_and_sort_in_sql(store: Session) -> None:
    for amount in ("499999999.99", "500000000", "500000000.01"):
        kept(store, "amount", Decimal(amount))
    at_least = select(func.count()).select_from(TYPED).where(TYPED.c.amount >= Decimal("500000000.00"))
    assert store.scalar(at_least) == 2
    assert store.scalar(select(func.sum(TYPED.c.amount))) == Decimal(1_500_000_000)
    assert store.scalar(select(func.max(TYPED.c.amount))) == Decimal("500000000.01")


def test_literals_are_rendered_in_the_unit_of_the_column(store: Session) -> None:
    query = select(TYPED.c.id).where(TYPED.c.amount == Decimal("1.50"), TYPED.c.rate < Decimal("4.75"))
    sql = str(query.compile(store.get_bind(), compile_kwargs={"literal_binds": True}))
    assert "typed.amount = 150" in sql
    assert "typed.rate < 4750000" in sql


@examples
@given(
    at=st.datetimes(
        min_value=datetime(1990, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-9, minutes=-30))]),
    )
)
def test_an_instant_comes_back_as_the_same_instant_in_utc(store: Session, at: datetime) -> None:
    back = kept(store, "at", at)
    assert back == at
    assert back.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(store: Session) -> None:
    assert refused(store, "at", datetime(2026, 11, 20, 8))  # noqa: DTZ001 - the case itself


def test_instants_compare_in_sql_across_zones(store: Session) -> None:
    kept(store, "at", datetime(2026, 11, 20, 8, tzinfo=timezone(timedelta(hours=8))))
    same = select(func.count()).select_from(TYPED).where(TYPED.c.at == datetime(2026, 11, 20, tzinfo=UTC))
    later = select(func.count()).select_from(TYPED).where(TYPED.c.at > datetime(2026, 11, 20, tzinfo=UTC))
    assert (store.scalar(same), store.scalar(later)) == (1, 0)


@examples
@given(codes=st.sets(st.sampled_from(KINDS)))
def test_a_set_comes_back_in_declared_order(store: Session, codes: set[str]) -> None:
    assert kept(store, "kinds", codes) == tuple(code for code in KINDS if code in codes)


def test_the_empty_set_is_known(store: Session) -> None:
    assert kept(store, "kinds", []) == ()
    assert store.scalar(select(func.count()).select_from(TYPED).where(TYPED.c.kinds.is_not(None))) == 1


@pytest.mark.parametrize("codes", [["hotel"], "day_care"])
def test_a_code_that_was_never_declared_is_refused(store: Session, codes: Any) -> None:
    assert refused(store, "kinds", codes)


def test_a_set_written_by_a_newer_version_is_not_read_in_part(store: Session) -> None:
    store.execute(text("INSERT INTO typed (id, kinds) VALUES (1, 16)"))
    with pytest.raises(LookupError, match="升级"):
        store.scalar(select(TYPED.c.kinds))


def test_a_set_of_more_codes_than_bits_or_with_a_code_twice_cannot_be_declared() -> None:
    assert EnumSet(tuple(f"code_{i}" for i in range(62))).mask(["code_61"]) == 2**61
    with pytest.raises(ValueError, match="62"):
        EnumSet(tuple(f"code_{i}" for i in range(63)))
    with pytest.raises(ValueError, match="互不相同"):
        EnumSet(("day_care", "day_care"))


@examples
@given(own=st.none() | st.sets(st.sampled_from(KINDS)), wanted=st.sets(st.sampled_from(KINDS)))
def test_set_questions_in_sql_answer_like_python_and_null_for_unknown(
    store: Session, own: set[str] | None, wanted: set[str]
) -> None:
    row = store.execute(insert(TYPED).values(kinds=own).returning(TYPED.c.id)).scalar_one()
    asked = select(overlaps(TYPED.c.kinds, wanted), contains_all(TYPED.c.kinds, wanted)).where(TYPED.c.id == row)
    answers = [None if answer is None else bool(answer) for answer in store.execute(asked).one()]
    assert answers == ([None, None] if own is None else [bool(own & wanted), own >= wanted])


def test_documents_keep_chinese_and_nested_null(store: Session) -> None:
    document = {"名称": "虚构养老院", "项": [1, None, {"床位": "120"}]}
    assert kept(store, "document", document) == document


def test_keys_are_version_7_and_sort_as_they_were_made() -> None:
    keys = [new_key() for _ in range(1_000)]
    assert keys == sorted(keys)
    assert {(type(key), key.version) for key in keys} == {(uuid.UUID, 7)}
