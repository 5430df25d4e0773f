"""Many rows at once say what the same rows say one by one, whatever they hold."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Date, MetaData, String, Table, Text, Uuid, insert, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from app.store.bulk import insert_columns, insert_many
from app.store.engine import Database, open_database
from app.store.types import EnumSet, Fen, Json, Millionths, UtcDateTime, new_key
from tests.databases import PostgresDatabases, settings_for

KINDS = Table(
    "everything",
    MetaData(),
    Column("id", Uuid, primary_key=True),
    Column("text", Text),
    Column("short", String(4)),
    Column("whole", BigInteger),
    Column("truth", Boolean),
    Column("day", Date),
    Column("at", UtcDateTime),
    Column("yuan", Fen),
    Column("rate", Millionths),
    Column("codes", EnumSet(("one", "two"))),
    Column("json", Json),
)
AT = datetime(2026, 11, 3, 8, 30, 0, 123, tzinfo=UTC)
BLANK: dict[str, Any] = dict.fromkeys(column.name for column in KINDS.c)
# What arrays are written with, NULL as a word, texts that are empty, lists within JSON.
TEXTS = ["", "NULL", '{"a",}', "\\", "虚构'", " \n\t", "%s", "?"]
ROWS: list[dict[str, Any]] = [
    BLANK,
    *(BLANK | {"text": text, "json": [text, [1, None], {"键": text}]} for text in TEXTS),
    BLANK | {"short": "四个字符", "whole": -(2**63), "truth": False, "day": date(1900, 1, 1), "at": AT},
    BLANK | {"whole": 1, "truth": True, "yuan": Decimal("0.01"), "rate": Decimal("-4.45"), "codes": ["two"]},
    BLANK | {"yuan": Decimal("92233720368547758.07"), "codes": [], "json": {}},
]


def kept(session: Session) -> list[Any]:
    return list(session.execute(select(KINDS).order_by(KINDS.c.id)))


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1] * 3, ROWS[-1:] * 3, []], ids=["mixed", "blank", "alike", "none"])
def test_every_value_is_kept_as_one_by_one(fresh_database: Database, rows: list[dict[str, Any]]) -> None:
    KINDS.create(fresh_database.engine)
    told = [row | {"id": new_key()} for row in rows]
    with fresh_database.writing() as session:
        insert_many(session, KINDS, told)
        found = kept(session)
        session.execute(KINDS.delete())
        for row in told:
            session.execute(insert(KINDS).values(row))
        assert found == kept(session)
        assert len(found) == len(rows)


def test_columns_of_unequal_length_are_a_fault(fresh_database: Database) -> None:
    KINDS.create(fresh_database.engine)
    with pytest.raises(ValueError, match="length"), fresh_database.writing() as session:
        insert_columns(session, KINDS, {"id": [new_key(), new_key()], "text": ["甲"]})


def test_what_is_too_long_is_refused_and_never_cut(postgresql: PostgresDatabases) -> None:
    url = postgresql.create()
    database = open_database(settings_for(url))
    KINDS.create(database.engine)
    with pytest.raises(DataError), database.writing() as session:
        insert_many(session, KINDS, [BLANK | {"id": new_key(), "short": "五个字符了"}])
    database.dispose()
    postgresql.drop(url)
