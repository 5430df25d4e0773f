"""What a list is narrowed to. It stands in the address alone, and on the page as one chip for each of its parts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from app.console.forms import FormError
from app.console.inside import Answer
from app.console.page import Page
from app.console.words import day

Values = Mapping[str, Sequence[str]]
Labels = Mapping[str, Callable[[str], str]]


@dataclass(frozen=True, slots=True)
class Chip:
    """One part of what was asked: in words, the address without it, and what it is asked by."""

    label: str
    address: str
    rest: Values


Way = tuple[Chip, int]


def asked(page: Page, *names: str) -> dict[str, list[str]]:
    """What stands in a page's address under these names; what is empty is not in it."""
    found = {name: [one for one in page.request.query_params.getlist(name) if one] for name in names}
    return {name: values for name, values in found.items() if values}


def one(values: Values, name: str, default: str = "") -> str:
    """The first value of a name."""
    return next(iter(values.get(name, ())), default)


def address(path: str, values: Mapping[str, Any]) -> str:
    """A path with what is asked."""
    return f"{path}?{urlencode(values, doseq=True)}" if values else path


def chips(path: str, values: Values, labels: Labels, kept: Iterable[str] = ()) -> list[Chip]:
    """A chip for each value that has a label, with the address of the list without it. `kept` names have none."""
    return [
        Chip(labels[name](value), address(path, rest := _without(values, name, value)), rest)
        for name, several in values.items()
        if name in labels and name not in set(kept)
        for value in several
    ]


def _without(values: Values, name: str, value: str) -> dict[str, Sequence[str]]:
    left = {key: [each for each in several if (key, each) != (name, value)] for key, several in values.items()}
    return {key: several for key, several in left.items() if several}


def day_words(value: str) -> str:
    """A day that somebody typed; whatever is none stays as it is."""
    try:
        return day(value)
    except ValueError:
        return value


def refused(page: Page, answer: Answer) -> Page:
    """A page again whose address the API refused: what is wrong belongs to the fields of its filters."""
    wrong = page.refused(answer)
    named = (FormError(each.name.removeprefix("query/").partition("/")[0], each.detail) for each in wrong.errors)
    return replace(wrong, errors=tuple(named))


async def ways_on(page: Page, path: str, found: Sequence[Chip], query: Callable[[Values], dict[str, Any]]) -> list[Way]:
    """For a list that is empty: how many there would be without each of its parts, those that give none left out."""
    ways = []
    for chip in found:
        answer = await page.ask("GET", path, page_size=1, total=True, **query(chip.rest))
        if not answer.is_refusal and answer.body["total"]:
            ways.append((chip, answer.body["total"]))
    return ways
