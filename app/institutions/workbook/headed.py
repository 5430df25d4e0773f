"""From the row of headings to columns that are read, and those that are not."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.institutions.workbook.choices import nearest
from app.institutions.workbook.columns import CITY, IGNORED, Column, columns, columns_by_key, known_headings
from app.institutions.workbook.headings import key_of, tidy, unit_of
from app.institutions.workbook.process import Cell
from app.institutions.workbook.refusals import HeadingTwice

_ALPHABET = 26


@dataclass(frozen=True, slots=True)
class Headed:
    """A column of the sheet: its place from 0, letter, heading as written, and the unit that the heading names."""

    at: int
    letter: str
    heading: str
    column: Column
    unit: str | None


@dataclass(frozen=True, slots=True)
class UnknownHeading:
    """A column that is not read, and the heading that may be meant."""

    column_letter: str
    heading: str
    suggestion: str | None


def letter_of(number: int) -> str:
    """The name of a column by its number from 1: A, Z, AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, _ALPHABET)
        letters = chr(65 + rest) + letters
    return letters


def read_headings(cells: Sequence[Cell]) -> tuple[tuple[Headed, ...], tuple[UnknownHeading, ...]]:
    """The columns of a sheet. Raises HeadingTwice."""
    known = known_headings()
    found: dict[str, Headed] = {}
    unknown: list[UnknownHeading] = []
    for at, cell in enumerate(cells):
        text = " ".join(cell.split()) if isinstance(cell, str) else ""
        bare = tidy(text)
        if not bare or bare in IGNORED:
            continue
        key = key_of(text, known)
        if key is None:
            unknown.append(UnknownHeading(letter_of(at + 1), text[:80], _suggestion(bare)))
            continue
        headed = Headed(at, letter_of(at + 1), text, columns_by_key()[key], unit_of(bare)[1])
        first = found.setdefault(key, headed)
        if first is not headed:
            raise HeadingTwice.said(
                first=first.letter, first_heading=first.heading, second=headed.letter, second_heading=headed.heading
            )
    return tuple(found.values()), tuple(unknown)


def _suggestion(bare: str) -> str | None:
    labels = {tidy(column.label): column.heading for column in columns() if column.key != CITY}
    near = nearest(bare[:40], list(labels))
    return labels[near] if near else None
