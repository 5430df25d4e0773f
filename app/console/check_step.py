"""Before somebody is asked whether what was typed is right: whatever had to be typed is there."""

from dataclasses import replace
from http import HTTPStatus

from app.console.forms import Form, FormError, Kind
from app.console.page import Page

_CHOSEN = frozenset({Kind.CHOICE, Kind.MANY, Kind.YES_NO})


def incomplete(page: Page, form: Form) -> Page | None:
    """The page again where required fields were left empty, each named; None where none was."""
    empty = [one for one in form.fields if one.is_required and not any(page.typed.all(one.name))]
    if not empty:
        return None
    errors = (FormError(one.name, f"请{'选' if one.kind in _CHOSEN else '填'}：{one.label}") for one in empty)
    return replace(page, errors=tuple(errors), problem={"status": HTTPStatus.UNPROCESSABLE_ENTITY})
