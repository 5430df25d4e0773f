"""Which rows a table has before anything is counted, so that an empty city is a zero and not a gap. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from app.regions import Level, region_names, regions
from app.reporting.measures import PROJECT, UNKNOWN
from app.rules.codes import KINDS

CITY_DIGITS: Final = 4
_MONTHS: Final = 12
_WHOLE: Final = "00"

# The rows of the table by kind, and the kinds that a table can be narrowed to.
KIND_LABELS: Final = {**KINDS, PROJECT: "项目", UNKNOWN: "类别未登记"}


def city_of(region_code: str) -> str:
    """The code of the city in which a region lies."""
    return f"{region_code[:CITY_DIGITS]}{_WHOLE}"


def places(level: Level, prefix: str) -> dict[str, str]:
    """Code to name of every city or county at or below a region, or of the city above a county."""
    level_prefix = prefix[:CITY_DIGITS] if level is Level.CITY else prefix
    found = (code for code, one in regions().items() if one.level is level and code.startswith(level_prefix))
    return {code: place_name(code, level) for code in found}


def place_name(code: str, level: Level) -> str:
    """A region by name. What lies in a development zone carries its city's code and stands under no county."""
    name = region_names().get(code, code)
    return f"{name}（未分县）" if level is Level.COUNTY and code.endswith(_WHOLE) else name


def month_number(day: date) -> int:
    """Months counted from the year 0, so that they can be grouped as numbers."""
    return day.year * _MONTHS + day.month - 1


def month_key(number: int) -> str:
    """2026-03."""
    return f"{number // _MONTHS:04}-{number % _MONTHS + 1:02}"


def month_days(key: str) -> tuple[date, date]:
    """The first day of a month and the first of the next."""
    first = date.fromisoformat(f"{key}-01")
    after = month_number(first) + 1
    return first, date.fromisoformat(f"{month_key(after)}-01")


def months(begin: date, end: date) -> dict[str, str]:
    """Every month that a period touches."""
    keys = (month_key(number) for number in range(month_number(begin), month_number(end) + 1))
    return {key: f"{int(key[:4])}年{int(key[5:])}月" for key in keys}


def kinds(asked: Iterable[str]) -> dict[str, str]:
    """Every kind, or those that were asked for: another kind of the same institutions would be half a figure."""
    wanted = set(asked)
    return {key: label for key, label in KIND_LABELS.items() if not wanted or key in wanted}
