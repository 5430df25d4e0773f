"""Before what cannot be taken back: the answers once more, what will happen, and that nothing has happened yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Final

from fastapi import Response

from app.console.forms import Field, Form, FormError, Kind, Typed, number, plain
from app.console.page import Page
from app.console.words import day, percent, yuan

_CHOSEN: Final = frozenset({Kind.CHOICE, Kind.MANY, Kind.YES_NO})


@dataclass(frozen=True, slots=True)
class Check:
    """What a check page says. `address` takes the form; `answers` are label and value; `effects` whole sentences.

    `not_yet` ends the sentence 还没有…; `back` is where whoever gives it up goes.
    """

    title: str
    address: str
    button: str
    not_yet: str
    answers: Sequence[tuple[str, str]]
    effects: Sequence[str]
    back: str
    is_grave: bool = False


async def show_check(page: Page, check: Check) -> Response:
    """The page: its button sends on what was typed, with the key and the version of the form before it."""
    return await page.show("affairs/check.html", check=check, kept=page.typed.kept())


def in_words(field: Field, text: str) -> str:
    """What was typed into a field as one reads it; what is no number and no day stands as it was typed."""
    match field.kind:
        case Kind.MONEY | Kind.DECIMAL:
            amount = number(text)
            if amount is None:
                return text
            return yuan(amount) if field.kind is Kind.MONEY else percent(amount)
        case Kind.DATE:
            return _day(plain(text)) or text
        case Kind.CHOICE | Kind.YES_NO:
            return dict(field.choices).get(text, text)
        case _:
            return f"{text} {field.unit}".strip()


def _day(text: str) -> str:
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return ""


def unanswered(form: Form, typed: Typed) -> list[FormError]:
    """The fields that have to be filled in and are not."""
    empty = (one for one in form.fields if one.is_required and not any(value.strip() for value in typed.all(one.name)))
    return [FormError(one.name, f"请{'选择' if one.kind in _CHOSEN else '填写'}{one.label}") for one in empty]


def worded(page: Page, form: Form) -> Page:
    """The page with what is missing said by the labels of its fields, where the API says only that it is missing."""
    said = {one.name: one.detail for one in unanswered(form, page.typed)}
    return replace(page, errors=tuple(replace(one, detail=said.get(one.name, one.detail)) for one in page.errors))


def again(page: Page, errors: Iterable[FormError]) -> Page:
    """The page again with what is missing, before anything was asked of the API."""
    return replace(page, errors=tuple(errors), problem={"status": HTTPStatus.UNPROCESSABLE_ENTITY})
