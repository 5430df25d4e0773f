"""Instants in requests: ISO 8601 with a time zone and nothing else, so that nobody's clock is guessed at."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_PATTERN = (
    r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])"
)
_INSTANT = re.compile(_PATTERN)


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    # In an address a plus sign that was not escaped arrives as a blank.
    text = value.replace(" ", "+") if isinstance(value, str) else ""
    if not _INSTANT.fullmatch(text):
        raise PydanticCustomError("datetime_parsing", "应为带时区的时间，写作 2026-11-20T08:00:00+08:00")
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise PydanticCustomError("datetime_parsing", "没有这一天，请核对年月日") from None


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": f"^{_PATTERN}$",
            "examples": ["2026-11-20T08:00:00+08:00"],
        }
    ),
]
