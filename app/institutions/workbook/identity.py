"""Who an institution is, where it stands and how to call it, as clerks write it."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from pydantic import TypeAdapter, ValidationError

from app.institutions.numbers import PROVISIONAL, read_uscc
from app.institutions.places import is_zone, place_errors
from app.institutions.refusals import RegistryRefused
from app.institutions.schemas import Line, Name, Telephone
from app.institutions.workbook.choices import nearest
from app.institutions.workbook.process import Cell, Percent
from app.institutions.workbook.written import Wrong, line, number_text, plain, says_nothing
from app.regions import Level, region_names, regions

_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)
_LINE: Final[TypeAdapter[str]] = TypeAdapter(Line)
_TELEPHONE: Final[TypeAdapter[str]] = TypeAdapter(Telephone)
_LONGEST: Final = 300
_SCIENTIFIC: Final = re.compile(r"[0-9](?:\.[0-9]+)?e\+?[0-9]{1,2}", re.IGNORECASE)
# A sheet keeps fifteen digits of a number; the rest of a code that it took for one is lost.
_EXACT_DIGITS: Final = 15
_USCC_LENGTH: Final = 18
_LAST_SITE: Final = 9_999
_BRACKETS: Final = re.compile(r"[\s()（）/、,·\-]+")
_CODE: Final = re.compile(r"([1-9][0-9]{5})(?:0{3}|0{6})?(开发区)?")
_ZONE: Final = re.compile(r"(?:高新|高新技术|经济|经济技术|综合)?(?:产业)?开发区")
_MOBILE: Final = re.compile(r"1[0-9]{10}")
_LOCAL: Final = re.compile(r"[2-9][0-9]{6,7}")
_SEVERAL: Final = re.compile(r"[/、,;|]|(?<=[0-9]{7}) (?=[0-9]{7})")
_AREA: Final = re.compile(r"^\(?(0[0-9]{2,3})\)? ?[-—–]? ?(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Place:
    """A county's code, or a city's for a development zone."""

    code: str
    zone: bool | None


def _text(cell: Cell) -> str | None:
    """A text or a whole number; None for what is neither."""
    if isinstance(cell, str):
        return cell[: _LONGEST + 1]
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return number_text(cell)
    return None


def read_name(cell: Cell) -> str | Wrong:
    """The institution's name."""
    text = line(_text(cell) or "")
    try:
        return _NAME.validate_python(text)
    except ValidationError:
        return Wrong("name", "“机构名称”要写登记证书上的全称，2 到 120 个字")


def read_line(label: str, cell: Cell) -> str | Wrong | None:
    """A person's name or an address."""
    text = line(_text(cell) or "")
    if says_nothing(text):
        return None
    try:
        return _LINE.validate_python(text)
    except ValidationError:
        return Wrong("line", f"“{label}”要写文字，最多 200 个字")


@lru_cache(maxsize=4_096)
def _checked_uscc(code: str) -> str | Wrong:
    try:
        return read_uscc(code)
    except RegistryRefused as refused:
        return Wrong(refused.errors[0].code, refused.detail)


def read_code(cell: Cell) -> str | Wrong | None:
    """The unified social credit code; one that a spreadsheet took for a number is lost and must be typed again."""
    if isinstance(cell, Percent) or (isinstance(cell, int | float) and not isinstance(cell, bool)):
        return (
            _damaged()
            if isinstance(cell, Percent) or abs(cell) >= 10**_EXACT_DIGITS
            else _checked_uscc(number_text(cell))
        )
    text = plain(_text(cell) or "")
    if _SCIENTIFIC.fullmatch(text.replace(" ", "")):
        return _damaged()
    return None if says_nothing(text) or text in ("办理中", "未办理", "没有") else _checked_uscc(text)


def _damaged() -> Wrong:
    detail = (
        "统一社会信用代码被 Excel 当成数字，末几位已丢失；请把这一列的格式改为“文本”，再对照登记证书重新输入 18 位代码"
    )
    return Wrong("uscc_damaged", detail)


def read_number(cell: Cell) -> str | Wrong | None:
    """The provisional number that the register gave to a site without a code."""
    text = plain(_text(cell) or "").replace(" ", "").upper()
    if says_nothing(text):
        return None
    if PROVISIONAL.fullmatch(text):
        return text
    return Wrong("provisional_number", "“临时编号”要填系统给的编号，例如 P14010520260001；新登记的机构请留空")


def read_site(cell: Cell) -> int | Wrong | None:
    """Which site of the legal person."""
    text = plain(_text(cell) or "")
    if says_nothing(text):
        return None
    found = re.fullmatch(r"第? ?([0-9]{1,4}) ?(?:处|号|院)?(?:院点)?", text)
    number = int(found[1]) if found else 0
    if 1 <= number <= _LAST_SITE:
        return number
    return Wrong("site_number", f"“院点序号”要填 1 到 {_LAST_SITE} 的整数；同一法人只有一处院点的请留空")


def read_telephone(cell: Cell) -> str | Wrong | None:
    """One telephone number. As a number it has lost the zero in front, unless it never had one."""
    text = plain(_text(cell) or "").replace("—", "-").replace("–", "-").replace("转", "-")
    if says_nothing(text):
        return None
    if not isinstance(cell, str) and not (_MOBILE.fullmatch(text) or _LOCAL.fullmatch(text)):
        detail = "电话被 Excel 当成数字，区号开头的 0 可能已丢失；请把这一列的格式改为“文本”，写成 0351-1234567 的样子"
        return Wrong("telephone_damaged", detail)
    if _SEVERAL.search(text):
        return Wrong("telephone_several", "“联系电话”只写一个号码，例如 0351-1234567 或 11 位手机号；其余的请删去")
    try:
        return _TELEPHONE.validate_python(_AREA.sub(r"\1-", text))
    except ValidationError:
        return Wrong("telephone", "“联系电话”只写数字和短横线，例如 0351-1234567 或 11 位手机号")


def read_place(cell: Cell, city: Cell = None) -> Place | Wrong | None:
    """The county by code or by name, with or without its city; None where the cell says nothing."""
    text, above = _BRACKETS.sub("", plain(_text(cell) or "")), _BRACKETS.sub("", plain(_text(city) or ""))
    return None if says_nothing(text) else _place(text, above)


@lru_cache(maxsize=4_096)
def _place(text: str, city: str) -> Place | Wrong:
    found = _CODE.fullmatch(text)
    if found:
        return _checked(found[1], True if found[2] else None)
    codes = _codes_named(text, city)
    if len(codes) == 1:
        code = next(iter(codes))
        return _checked(code, True if is_zone(code) and _ZONE.search(text) else None)
    names = [region_names()[code] for code in sorted(codes)]
    if names:
        return Wrong("place_ambiguous", f"“{text[:30]}”有 {len(names)} 个，请写明是哪一个：{'、'.join(names)}")
    near = nearest(text[:30], list(region_names().values()))
    hint = f"，是不是“{near}”？" if near else "。"
    return Wrong(
        "place_unknown", f"没有找到“{text[:30]}”{hint}请写县（市、区）的全名或六位代码，例如 太原市迎泽区 或 140106"
    )


def _codes_named(text: str, city: str) -> frozenset[str]:
    """By the full name, with the city's column in front, or by what is written alone."""
    bare = text.removeprefix("山西省").removeprefix("山西") or text
    for spelling in (f"{city.removeprefix('山西省')}{bare}", bare):
        codes = _names().get(_ZONE.sub("开发区", spelling))
        if codes:
            return codes
    return frozenset()


@cache
def _names() -> dict[str, frozenset[str]]:
    """Spellings of a place -> codes that it may mean."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for code, region in regions().items():
        city = regions()[region.parent].name if region.level is Level.COUNTY and region.parent else ""
        for name in _short(region.name):
            names[name].add(code)
            for above in _short(city) if city else ():
                names[above + name].add(code)
            if region.level is Level.CITY:
                names[f"{name}开发区"].add(code)
    return {name: frozenset(codes) for name, codes in names.items()}


def _short(name: str) -> tuple[str, ...]:
    """太原市 and 太原; a name of two characters (城区, 矿区, 郊区, 祁县) has no shorter form."""
    return (name, name[:-1]) if len(name) > 2 and name[-1] in "省市县区" else (name,)  # noqa: PLR2004


def _checked(code: str, zone: bool | None) -> Place | Wrong:
    errors = place_errors(code, zone, "")
    return Wrong(errors[0].code, _for_a_sheet(errors[0].detail)) if errors else Place(code, zone)


def _for_a_sheet(detail: str) -> str:
    """What is said to programs, in the words of the sheet."""
    said = detail.replace("开发区请填市代码并写 zone: true", "开发区请写成“太原市开发区”的样子")
    return said.replace("，zone 只用于没有县级代码的开发区，请去掉", "，不要写“开发区”")
