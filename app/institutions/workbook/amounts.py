"""Numbers as clerks write them: thousands, units in the heading or behind the number, percentages."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from app.institutions.workbook.process import Cell, Duration, Fault, Percent
from app.institutions.workbook.written import Wrong, number_text, plain, says_nothing
from app.rules.facts import Fact

_NUMBER: Final = re.compile(
    r"(?:[¥$]|人民币|rmb)? ?(?P<sign>[+-]|负)? ?"
    r"(?P<digits>[0-9]{1,3}(?:[, ][0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,20}(?:\.[0-9]{1,20})?|\.[0-9]{1,20}"
    r"|[一二两三四五六七八九十])"
    r" ?(?P<unit>[^0-9.,+\-~ ]{0,6})",
    re.IGNORECASE,
)
_VAGUE: Final = re.compile(r"[0-9] ?(?:[-~至到] ?[0-9]|多|余|左右|以上|以下)|约|大概|近|超过|不足|>|<")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?e\+?[0-9]+", re.IGNORECASE)
_CHINESE: Final = {sign: str(number) for number, sign in enumerate("一二三四五六七八九十", start=1)} | {"两": "2"}
_LONGEST: Final = 64
_ONE: Final = Decimal(1)
_HUNDRED: Final = Decimal(100)
_YUAN: Final[Mapping[str, Decimal]] = {
    "元": _ONE, "元整": _ONE, "千元": Decimal(1_000), "万": Decimal(10_000), "万元": Decimal(10_000),
    "万元整": Decimal(10_000), "百万元": Decimal(1_000_000), "百万": Decimal(1_000_000), "千万": Decimal(10_000_000),
    "千万元": Decimal(10_000_000), "亿": Decimal(100_000_000), "亿元": Decimal(100_000_000),
}  # fmt: skip
_MONTHS: Final[Mapping[str, Decimal]] = {"个月": _ONE, "月": _ONE, "年": Decimal(12)}
_OTHERS: Final[Mapping[str, tuple[str, ...]]] = {
    "张": ("张", "床", "个", "张床", "张床位", "床位"),
    "人": ("人", "名", "个", "位", "人次"),
    "级": ("级", "星", "星级", "颗星"),
    "%": ("%",),
}


def scales(fact: Fact) -> Mapping[str, Decimal]:
    """The units that may stand behind a number of this fact, and how many of the fact's own each is."""
    if fact.unit == "元":
        return _YUAN
    if fact.unit == "个月":
        return _MONTHS
    return dict.fromkeys(_OTHERS.get(fact.unit, (fact.unit,)), _ONE)


def read_amount(fact: Fact, unit: str | None, cell: Cell) -> Decimal | Wrong | None:
    """The number in the fact's own unit; `unit` is what the heading says. None where the cell says nothing."""
    match cell:
        case bool() | Duration() | Fault() | None:
            return _not_a_number(fact)
        case date():
            return Wrong(
                "number_as_date", f"“{fact.label}”要填数字，这里却是日期；请把单元格格式改为“常规”，再重新填写"
            )
        case Percent(fraction):
            return Decimal(number_text(fraction)) * _HUNDRED if fact.unit == "%" else _not_a_number(fact)
        case int() | float():
            text = number_text(cell)
        case str():
            text = plain(cell[: _LONGEST + 1])
    return None if says_nothing(text) else _read(fact, unit, text)


def _read(fact: Fact, unit: str | None, text: str) -> Decimal | Wrong:
    if _SCIENTIFIC.fullmatch(text):
        return Wrong("number_scientific", f"“{fact.label}”被显示成了科学计数，请写出完整的数字，例如 {_example(fact)}")
    if _VAGUE.search(text):
        return Wrong("number_vague", f"“{fact.label}”要填一个确定的数字，例如 {_example(fact)}；不清楚请留空")
    negative = re.fullmatch(r"\((.+)\)", text)
    found = _NUMBER.fullmatch(f"-{negative[1]}" if negative else text)
    if found is None or len(text) > _LONGEST:
        return _not_a_number(fact)
    digits = _CHINESE.get(found["digits"]) or re.sub("[, ]", "", found["digits"])
    number = Decimal(digits) * (-1 if found["sign"] in ("-", "负") else 1)
    return _scaled(fact, unit, number, found["unit"])


def _scaled(fact: Fact, heading_unit: str | None, number: Decimal, own_unit: str) -> Decimal | Wrong:
    """What stands behind the number counts before what the heading says."""
    units = scales(fact)
    if own_unit and own_unit not in units:
        return Wrong("unit_unknown", f"“{fact.label}”里的“{own_unit}”看不懂，请写成数字，如 {_example(fact)}")
    unit = own_unit or heading_unit
    if unit is None and fact.unit == "元" and number:
        detail = f"“{fact.label}”没有写明单位，请在表头写（万元）或（元），或在数字后写单位，例如 {_example(fact)}"
        return Wrong("unit_missing", detail)
    if not own_unit and fact.unit == "%" and 0 < number < 1:
        detail = (
            f"“{fact.label}”写的是 {number}：如果是百分之 {number * _HUNDRED:f}，请写 {number * _HUNDRED:f}%；"
            f"如果确实不到 1%，请写 {number}%"
        )
        return Wrong("percent_or_fraction", detail)
    return number * units.get(unit or "", _ONE)


def _not_a_number(fact: Fact) -> Wrong:
    return Wrong("not_a_number", f"“{fact.label}”要填数字，例如 {_example(fact)}；不清楚请留空")


def _example(fact: Fact) -> str:
    return {"元": "1200万元", "%": "85%", "级": "3", "个月": "36"}.get(fact.unit, "120")
