"""Administrative regions of Shanxi (GB/T 2260): the province, its 11 cities and 117 counties as they stand now.

The list comes with python-stdnum; entries with an end year are history and left out. The rows 市辖区 and 市区 are
not counties but headings. A development zone without a code of its own takes its city's code.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

PROVINCE: Final = "140000"
_ENTRY: Final = re.compile(r'^\s+(?P<code>[0-9]{4}) county="(?P<names>[^"]*)"')
_DATED: Final = re.compile(r"\[(?P<since>[0-9]*)-(?P<until>[0-9]*)\](?P<name>[^,\[]+)")
_HEADINGS: Final = frozenset({"市辖区", "市区"})


class Level(StrEnum):
    """How large a region is."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"


@dataclass(frozen=True, slots=True)
class Region:
    """One region: six-digit code, name, level and the code of the region above (None for the province)."""

    code: str
    name: str
    level: Level
    parent: str | None


@cache
def regions() -> MappingProxyType[str, Region]:
    """All current regions by code: the province first, then by code."""
    found = (_region(PROVINCE[:2] + code, name) for code, name in _current_names())
    return MappingProxyType({region.code: region for region in found})


@cache
def region_names() -> MappingProxyType[str, str]:
    """Code to the name people use: a county comes with its city, since several cities have a 城区."""
    return MappingProxyType({code: _full_name(region) for code, region in regions().items()})


def _full_name(region: Region) -> str:
    if region.level is Level.COUNTY and region.parent is not None:
        return f"{regions()[region.parent].name}{region.name}"
    return region.name


def _region(code: str, name: str) -> Region:
    if code == PROVINCE:
        return Region(code, name, Level.PROVINCE, None)
    if code.endswith("00"):
        return Region(code, name, Level.CITY, PROVINCE)
    return Region(code, name, Level.COUNTY, f"{code[:4]}00")


def _current_names() -> list[tuple[str, str]]:
    lines = files("stdnum.cn").joinpath("loc.dat").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{PROVINCE[:2]} "))
    rows = [(PROVINCE[2:], "山西省")]
    for line in lines[start + 1 :]:
        entry = _ENTRY.match(line)
        if entry is None:
            break
        name = _name_now(entry["names"])
        if name and name not in _HEADINGS and entry["code"] != PROVINCE[2:]:
            rows.append((entry["code"], name))
    return rows


def _name_now(names: str) -> str | None:
    """The name that has no end year; a name without years was never changed."""
    dated = list(_DATED.finditer(names))
    return next((match["name"] for match in dated if not match["until"]), None) if dated else names
