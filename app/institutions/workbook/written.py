"""What a clerk wrote in a cell: as people see it, cleaned of the habits of keyboards, and whether it says anything."""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from app.institutions.workbook.process import Cell, Duration, Fault, Percent

_INVISIBLE: Final = re.compile(r"[\u0000-\u0008\u000e-\u001f\u007f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
# How Excel is told to keep a text in a CSV file: ="0351" or a leading apostrophe.
_KEPT_TEXT: Final = re.compile(r'^="(.*)"$', re.DOTALL)
_FULL_WIDTH: Final = {
    code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_SIGNIFICANT: Final = 15
_TINY: Final = 1e-9
# A person who does not know writes these. None of them is a no, and none is zero.
UNKNOWN: Final = frozenset(
    {
        "", "/", "//", "\\", "-", "--", "---", "—", "——", "–", "_", "无", "暂无", "不详", "未知", "不清楚", "不明",
        "待定", "待查", "待补", "待核", "n/a", "na", "null", "none", "?", "...", "空", "未填", "未统计", "不适用", "*",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wrong:
    """Why a cell cannot be taken: a stable code, and in Chinese how to write it."""

    code: str
    detail: str


def shown(cell: Cell) -> str:
    """The cell as the sheet shows it, or nearly: 120, 2026-11-03, 85%, #REF!."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case int() | float():
            return number_text(cell)
        case datetime():
            return cell.isoformat(" ") if cell.time().isoformat() != "00:00:00" else cell.date().isoformat()
        case date():
            return cell.isoformat()
        case Percent(fraction):
            return f"{number_text(fraction * 100)}%"
        case Fault(text):
            return text or "（公式没有结果）"
        case Duration(text):
            return text


def number_text(number: float) -> str:
    """A number with the fifteen digits that a sheet holds, without the noise of binary fractions."""
    if isinstance(number, int):
        return str(number)
    if not math.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < 10**_SIGNIFICANT:
        return str(int(number))
    text = f"{number:.{_SIGNIFICANT}G}"
    # What a sheet shows as 0.00005 is no scientific number to whoever wrote it.
    return f"{Decimal(text):f}" if _TINY <= abs(number) < 1 else text


def plain(text: str) -> str:
    """Half-width, without invisible signs, with single blanks and none at the ends."""
    kept = _KEPT_TEXT.match(text.strip())
    bare = kept[1] if kept else text.strip().removeprefix("'")
    return " ".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", bare)).split())


def line(text: str) -> str:
    """A name or an address: Chinese punctuation stays as it is, digits and letters become half-width."""
    kept = _KEPT_TEXT.match(text.strip())
    bare = kept[1] if kept else text
    return " ".join(_INVISIBLE.sub("", bare).translate(_FULL_WIDTH).split())


def says_nothing(text: str) -> bool:
    """Whether a plain text stands for unknown."""
    return text.lower() in UNKNOWN
