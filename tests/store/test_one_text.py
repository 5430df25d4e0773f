"""Rows as one text are the rows, on both databases; what the text cannot tell apart is said here."""

import pytest
from sqlalchemy import column, literal, select, union_all
from sqlalchemy.orm import Session

from app.store.one_text import as_text, rows_of


def _read(session: Session, *rows: tuple[str | int | None, ...]) -> list[list[str]]:
    width = max(map(len, rows), default=1)
    names = [f"c{place}" for place in range(width)]
    table = union_all(
        *(select(*(literal(value).label(name) for name, value in zip(names, row, strict=True))) for row in rows)
    )
    inner = table.subquery()
    text = session.scalar(select(as_text(*(inner.c[name] for name in names))))
    assert text is not None
    return sorted(rows_of(text))


@pytest.mark.parametrize(
    "rows",
    [
        [("晋",)],
        [("a", 1), ("b", 2)],
        [("a", None), (None, "b")],
        [("", "b"), ("a", "")],
    ],
)
def test_what_is_read_is_what_was_there(session: Session, rows: list[tuple[str | int | None, ...]]) -> None:
    assert _read(session, *rows) == sorted(["" if value is None else str(value) for value in row] for row in rows)


def test_no_row_is_no_row(session: Session) -> None:
    nothing = select(literal("a").label("a")).where(literal(1) == literal(2)).subquery()
    text = session.scalar(select(as_text(nothing.c.a, where=column("a") == "b")))
    assert list(rows_of(text or "")) == []


def test_null_is_the_empty_text_and_a_row_of_nothing_else_is_none(session: Session) -> None:
    assert _read(session, ("a", None)) == _read(session, ("a", "")) == [["a", ""]]
    assert _read(session, (None,)) == []
