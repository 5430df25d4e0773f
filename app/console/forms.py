"""Forms: declared once, as fields, from which they are drawn and their answers are read.

    NEED = Form(
        text("purpose", "用途", hint="例如：改造护理楼", choices=PURPOSES),
        money("amount_yuan", "金额"),
        number("term_months", "期限", unit="个月"),
    )

A field's name is its place in the JSON that the API takes (`facts/institution.beds_total`). Nothing is judged here:
what cannot be read as a number goes to the API as it was typed, and the API says what to write instead.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from app.errors import BadRequest

MOST_FIELDS: Final = 400
MOST_FILES: Final = 1
_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{1,10})?", re.ASCII)
# Each page has a token of its own; and a password stands in no page.
_NEVER_CARRIED: Final = ("csrf_token", "password", "secret", "otpauth_uri")


class Kind(StrEnum):
    """How a field is drawn and read."""

    TEXT = "text"
    LINES = "lines"
    MONEY = "money"
    DECIMAL = "decimal"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    MANY = "many"
    YES_NO = "yes_no"
    PASSWORD = "password"  # noqa: S105  a kind of field
    NEW_PASSWORD = "new_password"  # noqa: S105  so is this; browsers offer to make one up
    FILE = "file"


_AS_TYPED: Final = frozenset({Kind.PASSWORD, Kind.NEW_PASSWORD})


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `choices` are code and label; `help` says what to write, with an example."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    help: str = ""
    unit: str = ""
    choices: Sequence[tuple[str, str]] = ()
    is_required: bool = False
    group: str = ""

    @property
    def key(self) -> str:
        """Its id in the page."""
        return "f-" + self.name.replace("/", "-").replace(".", "-")


@dataclass(frozen=True, slots=True)
class Form:
    """Fields in the order in which they are asked."""

    fields: tuple[Field, ...]

    def __init__(self, *fields: Field) -> None:
        object.__setattr__(self, "fields", fields)

    def read(self, typed: "Typed") -> dict[str, Any]:
        """What was typed as the JSON that the API takes; what was left empty is not in it."""
        body: dict[str, Any] = {}
        for one in self.fields:
            value = _value(one, typed)
            if value not in ("", None, []):
                _put(body, one.name.split("/"), value)
        return body

    def read_all(self, typed: "Typed") -> dict[str, Any]:
        """The same with null for what was left empty: for a change, where empty means that it is taken back."""
        body: dict[str, Any] = {}
        for one in self.fields:
            value = _value(one, typed)
            _put(body, one.name.split("/"), None if value in ("", []) else value)
        return body


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form, as text; a field may stand in it several times."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    file: UploadFile | None = None

    def __bool__(self) -> bool:
        return bool(self.values)

    def one(self, name: str, default: str = "") -> str:
        """The first value of a field."""
        return next(iter(self.values.get(name, ())), default)

    def all(self, name: str) -> Sequence[str]:
        """Every value of a field."""
        return self.values.get(name, ())

    def kept(self) -> list[tuple[str, str]]:
        """What may be carried through another page."""
        some = ((name, one) for name, values in self.values.items() for one in values)
        return [(name, one) for name, one in some if not name.endswith(_NEVER_CARRIED)]


@dataclass(frozen=True, slots=True)
class FormError:
    """What is wrong with a field (by name; empty for the form as a whole), and what to write instead."""

    name: str
    detail: str

    @property
    def key(self) -> str:
        """The id of its field in the page."""
        return "f-" + self.name.replace("/", "-").replace(".", "-")


# What the API says of JSON, as somebody with a form in front of him understands it.
_OF_JSON, _OF_A_FORM = "应为十进制数的文本，如", "要填数字，例如"


def errors_of(problem: Mapping[str, Any]) -> tuple[FormError, ...]:
    """A problem document by fields; where it names none, the whole form's."""
    named = tuple(
        FormError(_name(one["pointer"]), one["detail"].replace(_OF_JSON, _OF_A_FORM)) for one in problem["errors"]
    )
    return named or (FormError("", problem["detail"]),)


async def read_form(request: Request) -> Typed:
    """The form of a request, urlencoded or with a file; empty for anything else. Raises BadRequest."""
    try:
        form: FormData = await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    except HTTPException:
        raise BadRequest("表单无法读取：不完整，或字段太多。请回到上一页重新填写") from None
    values: dict[str, list[str]] = {}
    file: UploadFile | None = None
    for name, value in form.multi_items():
        if isinstance(value, str):
            # Browsers write CRLF into what has several lines; U+0000 no database takes.
            values.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\x00", ""))
        elif value.filename:
            file = value
    return Typed(values, file)


def _name(pointer: str) -> str:
    return pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")


def _value(one: Field, typed: Typed) -> Any:
    if one.kind is Kind.MANY:
        return [value for value in typed.all(one.name) if value]
    text = typed.one(one.name).strip() if one.kind not in _AS_TYPED else typed.one(one.name)
    match one.kind:
        case Kind.YES_NO:
            return {"true": True, "false": False}.get(text, text)
        case Kind.NUMBER:
            return whole(text)
        case Kind.MONEY | Kind.DECIMAL:
            return text if number(text) is None else plain(text)
        case Kind.DATE:
            return plain(text)
        case _:
            return text


def plain(text: str) -> str:
    """What was typed with a Chinese keyboard or copied from a sheet: half-width, without separators."""
    return unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")


def number(text: str) -> Decimal | None:
    """What was typed as a number to calculate with; None where it is none, or none that anything here could be.

    `1e999999` is a number to Decimal, and a megabyte once it is written out.
    """
    return Decimal(plain(text)) if _NUMBER.fullmatch(plain(text)) else None


def whole(text: str) -> int | str:
    """A whole number; as it was typed where it is none."""
    return int(plain(text)) if _WHOLE.fullmatch(plain(text)) else text


def _put(body: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *above, last = path
    for name in above:
        body = body.setdefault(name, {})
    body[last] = value
