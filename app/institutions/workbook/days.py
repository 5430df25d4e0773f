"""Days as clerks and their programs write them. Which day is meant is never guessed."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from app.http.schemas import FIRST_DAY, LAST_DAY
from app.institutions.workbook.process import Cell, Duration, Fault, Percent
from app.institutions.workbook.written import Wrong, number_text, plain, says_nothing

_TIME: Final = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_DAY: Final = re.compile(rf"([0-9]{{4}}) ?[-./,年 ] ?([0-9]{{1,2}}) ?[-./,月 ] ?([0-9]{{1,2}}) ?[日号]?\.?{_TIME}")
_COMPACT: Final = re.compile(r"((?:19|20|21)[0-9]{2})([0-9]{2})([0-9]{2})")
_PARTIAL: Final = re.compile(r"(?:19|20|21)[0-9]{2} ?(?:[-./年] ?(?:[0-9]{1,2} ?月?)?)?")
_ORDER: Final = re.compile(r"[0-9]{1,2} ?[-./年月] ?[0-9]{1,2} ?[-./月日] ?[0-9]{1,4}[日号]?")
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
# Serial numbers from 1954 to 2119; what lies outside is no day that a register asks for.
_FIRST_SERIAL: Final = 20_000
_LAST_SERIAL: Final = 80_000
# Excel counts a 29 February 1900 that never was, so its day 0 is moved; old Macintosh files count from 1904.
_SINCE_1900: Final = date(1899, 12, 30)
_SINCE_1904: Final = date(1904, 1, 1)
_DIGITS: Final = str.maketrans("〇零一二三四五六七八九○", "001234567890")
_TENS: Final = re.compile(r"(?P<tens>[1-9]?)十(?P<ones>[1-9]?)")
_HOW: Final = "写成 2026-11-03 的样子"
_LONGEST: Final = 64


def read_day(label: str, cell: Cell, from_1904: bool) -> date | Wrong | None:
    """The day, or None where the cell says nothing."""
    match cell:
        case datetime():
            return _bounded(label, cell.date())
        case date():
            return _bounded(label, cell)
        case bool() | Percent() | Fault() | Duration() | None:
            return _not_a_day(label)
        case int() | float():
            text = number_text(cell)
        case str():
            text = plain(cell[:_LONGEST]).replace("。", ".")
    return None if says_nothing(text) else _read(label, _arabic(text), from_1904)


def _read(label: str, text: str, from_1904: bool) -> date | Wrong:
    found = _DAY.fullmatch(text) or _COMPACT.fullmatch(text)
    if found:
        try:
            return _bounded(label, date(int(found[1]), int(found[2]), int(found[3])))
        except ValueError:
            return Wrong("day_impossible", f"“{label}”在日历上没有这一天，请核对后{_HOW}")
    if _SERIAL.fullmatch(text) and _FIRST_SERIAL <= float(text) <= _LAST_SERIAL:
        return (_SINCE_1904 if from_1904 else _SINCE_1900) + timedelta(days=int(float(text)))
    if _PARTIAL.fullmatch(text):
        return Wrong("day_partial", f"“{label}”要写到年、月、日，{_HOW}；只知道年月的请查证书，不清楚请留空")
    if _ORDER.fullmatch(text):
        return Wrong("day_order", f"“{label}”的年份要写四位并放在最前面，{_HOW}")
    return _not_a_day(label)


def _arabic(text: str) -> str:
    """二〇二六年十一月三日 in digits."""
    if "年" not in text or not text.translate(_DIGITS)[:1].isdigit():
        return text
    return _TENS.sub(lambda found: f"{found['tens'] or 1}{found['ones'] or 0}", text.translate(_DIGITS))


def _bounded(label: str, day: date) -> date | Wrong:
    if FIRST_DAY <= day <= LAST_DAY:
        return day
    return Wrong("date_range", f"“{label}”须在 {FIRST_DAY} 到 {LAST_DAY} 之间，{_HOW}")


def _not_a_day(label: str) -> Wrong:
    return Wrong("not_a_day", f"“{label}”要填日期，{_HOW}；不清楚请留空")
