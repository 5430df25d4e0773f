"""Which row of a sheet holds the headings. Read by the parsing process too: the standard library alone.

People write titles above the headings, break lines inside them, mark what is mandatory and say how to fill a column.
None of that changes what the column is. A unit does, and stays.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

NAME: Final = "name"
# Titles, dates of filing and instructions take a few rows; a list of headings further down belongs to something else.
SEARCHED_ROWS: Final = 40
_FEWEST: Final = 2
_BLANK: Final = re.compile(r"[\s\u200b\u200c\u200d\u2060\ufeff]+")
_MARKS: Final = re.compile(r"^[*☆★]+|[*☆★:]+$")
_MONEY: Final = "(?:单位:?)?(?:人民币)?(元|千元|万元?|百万元|亿元?)"
_PERIOD: Final = "(?:单位:?)?(年|个?月)"
# What stands in brackets is how to fill the column, unless it is a unit that changes what a number means.
_BRACKETS: Final = re.compile(rf"[(\[【〔](?!(?:{_MONEY}|{_PERIOD})[)\]】〕])[^)\]】〕]*[)\]】〕]$")
_UNIT: Final = re.compile(rf"(?:[(\[【〔,/:]?{_MONEY}|[(\[【〔]{_PERIOD})[)\]】〕]?$")
_ORDINAL: Final = re.compile(r"^(?:\d{1,3}[.、]|[一二三四五六七八九十]{1,3}、|\(\d{1,3}\))")

Known = Mapping[str, str]


def tidy(text: str) -> str:
    """A heading without blanks, marks, numbering and brackets; full-width signs become half-width."""
    bare = _BLANK.sub("", unicodedata.normalize("NFKC", text[:200]))
    while True:
        shorter = _BRACKETS.sub("", _MARKS.sub("", bare))
        if shorter == bare:
            break
        bare = shorter
    return _ORDINAL.sub("", bare)


def unit_of(heading: str) -> tuple[str, str | None]:
    """A tidy heading split into its words and its unit of money or time, or None where it names none."""
    found = _UNIT.search(heading)
    return (heading[: found.start()], found[1] or found[2]) if found else (heading, None)


def key_of(text: object, known: Known) -> str | None:
    """The column that a heading names."""
    if not isinstance(text, str):
        return None
    bare = tidy(text)
    words, _ = unit_of(bare)
    for spelling in (bare, words, bare.removeprefix("是否"), bare.removesuffix("情况")):
        if spelling in known:
            return known[spelling]
    return None


def heading_row(rows: Iterable[tuple[int, Sequence[object]]], known: Known) -> tuple[int, int] | None:
    """Number of the row with the most headings and how many; None without one that names the institution.

    On equal counts the first one: a second list of headings further down is data that somebody pasted.
    """
    best: tuple[int, int] | None = None
    for number, cells in rows:
        keys = {key for cell in cells if (key := key_of(cell, known)) is not None}
        if NAME in keys and len(keys) >= _FEWEST and (best is None or len(keys) > best[1]):
            best = (number, len(keys))
    return best
