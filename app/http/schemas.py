"""What the schemas of all rooms share: two bases, exact decimals as text, ISO dates, and the citation."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

FIRST_DAY = date(1900, 1, 1)
LAST_DAY = date(2199, 12, 31)
MAX_YUAN = Decimal("9999999999999.99")
MAX_PERCENT = Decimal(100)
MAX_TEXT = 2_000

# ASCII digits only: full-width ones, thousands separators, exponents and blanks are refused rather than guessed at.
_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Every day from FIRST_DAY to LAST_DAY and no other, leap years included (1900 and 2100 are none): the schema says
# exactly what is read, which `format: date` does not.
_CENTURY = r"(19|20|21)"
_DAY_PATTERN = (
    rf"^({_CENTURY}[0-9]{{2}}-((01|03|05|07|08|10|12)-(0[1-9]|[12][0-9]|3[01])"
    r"|(04|06|09|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    rf"|({_CENTURY}(0[48]|[2468][048]|[13579][26])|2000)-02-29)$"
)
# Wider than any number the strict reader lets through, so that counting decimals never rounds.
_WIDE = Context(prec=120)

# Lax pydantic reads "yes" and 1 as true, and "12" and 12.0 as 12; an API that says integer means it.
Flag = StrictBool
Whole = StrictInt


class InputSchema(BaseModel):
    """Base of request bodies: a field we do not know is refused, because it was meant to say something."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OutputSchema(BaseModel):
    """Base of answers: no field has a default, so none can be forgotten, and clients always find every key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        with_default = [name for name, field in cls.model_fields.items() if not field.is_required()]
        if with_default:
            raise TypeError(f"{cls.__name__}: an output field has no default: {', '.join(with_default)}")


class Citation(OutputSchema):
    """Where a statement comes from: document slug and 文号, clause key, label to show, own-words summary (摘要)."""

    document: str
    document_number: str | None
    clause: str | None
    label: str
    summary: str | None


@dataclass(frozen=True)
class DecimalText:
    """Annotation of a Decimal: read from text or number, written as text without exponent.

    Text matches `pattern`, which with `low` and `high` (inclusive) also goes into the JSON schema, so that the document
    says exactly what is read. Never a bool, a float, NaN or infinite; StrictRoute hands JSON numbers over with all
    digits. Written with exactly `places` decimals if `fixed`, else without trailing zeros.
    """

    places: int
    low: Decimal
    high: Decimal
    pattern: str
    fixed: bool

    def read(self, value: Any) -> Decimal:
        """The Decimal of `value`. Raises PydanticCustomError with what to write instead."""
        number = _decimal_of(value)
        if number is None:
            raise PydanticCustomError(
                "decimal_text", "应为十进制数的文本，如 {example}", {"example": self.write(_HUNDRED)}
            )
        if _places_of(number) > self.places:
            raise PydanticCustomError("decimal_max_places", "最多 {places} 位小数", {"places": self.places})
        if not self.low <= number <= self.high:
            bounds = {"low": self.write(self.low), "high": self.write(self.high)}
            raise PydanticCustomError("decimal_range", "须在 {low} 到 {high} 之间", bounds)
        if isinstance(value, str) and not re.fullmatch(self.pattern, value):
            raise PydanticCustomError("decimal_text", "不要多写零，如 {example}", {"example": self.write(number)})
        # Minus zero is zero; it would otherwise be shown with its sign.
        return number if number else Decimal(0)

    def write(self, value: Decimal) -> str:
        """Plain digits: 20000000.00 if fixed, else without trailing zeros, 4.75."""
        return f"{value:.{self.places}f}" if self.fixed else f"{value.normalize(_WIDE):f}"

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(
            self.write, return_schema=core_schema.str_schema(), when_used="json"
        )
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {"type": "string", "pattern": f"^{self.pattern}$", "examples": [self.write(_HUNDRED)]}
        if handler.mode == "serialization":
            return text
        number = {
            "type": "number",
            "minimum": float(self.low),
            "maximum": float(self.high),
            "multipleOf": float(Decimal(1).scaleb(-self.places)),
        }
        return {"anyOf": [text, number]}


def _decimal_of(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return Decimal(value) if _PLAIN_DECIMAL.fullmatch(value) else None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        return number if number.is_finite() else None
    return None


def _places_of(number: Decimal) -> int:
    """Decimals that say something: 1.50 has one, 1E+3 none."""
    exponent = number.normalize(_WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _iso_day(value: Any) -> Any:
    """Only an ISO date: pydantic alone would also read 0 as 1970-01-01 and a midnight as its day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        day = value
    elif isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("date_parsing", "没有这一天，请核对年月日") from None
    else:
        raise PydanticCustomError("date_parsing", "应为日期，写作 2026-11-20")
    if not FIRST_DAY <= day <= LAST_DAY:
        bounds = {"first": FIRST_DAY.isoformat(), "last": LAST_DAY.isoformat()}
        raise PydanticCustomError("date_range", "日期须在 {first} 到 {last} 之间", bounds)
    return day


_ZERO, _HUNDRED = Decimal(0), Decimal(100)
_YUAN = r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,2})?"
_POSITIVE_YUAN = r"([1-9][0-9]{0,12}(\.[0-9]{1,2})?|0\.(0[1-9]|[1-9][0-9]?))"
_PERCENT = r"(100(\.0{1,6})?|(0|[1-9][0-9]?)(\.[0-9]{1,6})?)"

Yuan = Annotated[Decimal, DecimalText(2, _ZERO, MAX_YUAN, _YUAN, fixed=True)]
PositiveYuan = Annotated[Decimal, DecimalText(2, Decimal("0.01"), MAX_YUAN, _POSITIVE_YUAN, fixed=True)]
SignedYuan = Annotated[Decimal, DecimalText(2, -MAX_YUAN, MAX_YUAN, f"-?{_YUAN}", fixed=True)]
Percent = Annotated[Decimal, DecimalText(6, _ZERO, MAX_PERCENT, _PERCENT, fixed=False)]
SignedPercent = Annotated[Decimal, DecimalText(6, -MAX_PERCENT, MAX_PERCENT, f"-?{_PERCENT}", fixed=False)]
# PostgreSQL cannot store U+0000, so no text of ours may hold it; said here, it also stands in the OpenAPI document.
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=r"^[^\x00]*$")]
IsoDate = Annotated[
    date,
    BeforeValidator(_iso_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY_PATTERN, "examples": ["2026-11-20"]}),
]
