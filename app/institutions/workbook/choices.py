"""Yes and no, one of a list, several of a list. What is near a label is offered to the clerk, never taken."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

from rapidfuzz import fuzz, process

from app.institutions.workbook.process import Cell, Duration, Fault, Percent
from app.institutions.workbook.written import Wrong, number_text, plain, says_nothing
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact

_YES: Final = frozenset({"是", "有", "对", "√", "✓", "✔", "☑", "y", "yes", "t", "true", "1", "已", "具备", "达标",
                         "合格", "通过", "已通过", "已取得", "已办理", "是的", "属于"})  # fmt: skip
_NO: Final = frozenset({"否", "无", "没有", "不是", "×", "✗", "✘", "x", "n", "no", "f", "false", "0", "未", "没",
                        "不具备", "不达标", "不合格", "未通过", "未取得", "未办理", "不属于", "非"})  # fmt: skip
_TICKED: Final = re.compile(r"[☑√✓✔■]\ufe0f? ?(是|否|有|无)")
_NONE_OF_THEM: Final = frozenset({"没有", "均无", "都没有", "一项也没有"})
_SEPARATORS: Final = re.compile(r"[、,;/|\s]+")
_BLANKS: Final = re.compile(r"[\s()]+")
_NEAR: Final = 50
_LONGEST: Final = 300
_MOST_CHOICES: Final = 64
# What offices and clerks call the same thing; the documents themselves write several of these.
_SAME: Final[Mapping[str, Mapping[str, str]]] = {
    "institution.legal_form": {
        "社会服务机构": "private_non_enterprise", "民办非企业": "private_non_enterprise",
        "民非": "private_non_enterprise", "个体户": "individual_business", "公司": "enterprise",
        "企业法人": "enterprise", "事业单位法人": "public_institution", "农民合作社": "cooperative",
    },
    "institution.urban_rural": {"城市": "urban", "城区": "urban", "乡村": "rural"},
    "institution.kinds": {
        "互助点": "mutual_aid", "幸福院": "mutual_aid", "农村幸福院": "mutual_aid", "安宁疗护": "hospice",
        "助餐": "meal_service", "老年餐厅": "meal_service", "居家上门": "home_visit", "物业+养老": "property_eldercare",
        "日间照料": "day_care", "福利院": "welfare_institute", "旅居运营": "travel_stay",
        "护理院(站)": "nursing_home",
    },
    "institution.medical_integration": {
        "内设": "in_house", "内设医务室": "in_house", "签约": "contracted", "签约合作": "contracted",
        "毗邻": "adjacent",
    },
    "institution.enterprise_size": {"大": "large", "中": "medium", "小": "small", "微": "micro", "大型企业": "large",
                                    "中型企业": "medium", "小型企业": "small", "微型企业": "micro"},
    "need.purpose": {"固定资产": "construction", "建设": "construction", "设备": "equipment"},
    "need.security_property": {"其他": "other"},
    "need.securities": {
        "收费权": "income_rights", "收益权": "income_rights", "动产": "movables", "设备": "movables",
        "政府性担保": "government_guarantee",
    },
}  # fmt: skip


def read_flag(fact: Fact, cell: Cell) -> bool | Wrong | None:
    """Yes or no. In such a column 无 answers 有 and is a no; what stands for unknown elsewhere is unknown here too."""
    if isinstance(cell, bool):
        return cell
    text = _text(cell)
    if text is None:
        return _not_a_flag(fact)
    ticked = _TICKED.findall(text)
    word = (ticked[0] if len(ticked) == 1 else text).lower().rstrip("。.")
    core = fact.label.removesuffix("性").removeprefix("已")
    if word in _YES or word in (fact.label, core, f"{core}性", f"已{core}"):
        return True
    if word in _NO or word in (f"非{core}", f"非{core}性", f"不{core}", f"未{core}", f"没有{core}"):
        return False
    return None if says_nothing(word) else _not_a_flag(fact)


def _text(cell: Cell) -> str | None:
    """The cell as plain text; None where it is of a kind that names nothing."""
    match cell:
        case str():
            return plain(cell[: _LONGEST + 1])
        case int() | float():
            return number_text(cell)
        case Percent() | Fault() | Duration() | date() | None:
            return None


def _not_a_flag(fact: Fact) -> Wrong:
    return Wrong("not_yes_or_no", f"“{fact.label}”要填“是”或“否”；不清楚请留空")


@cache
def _words(key: str) -> dict[str, str]:
    """Codes, labels and other names, as `_bare` writes them -> code."""
    codes = CATALOGUE[key].codes
    own = {_bare(label): code for code, label in codes.items()} | {code: code for code in codes}
    return {**own, **{_bare(word): code for word, code in _SAME.get(key, {}).items()}}


def _bare(text: str) -> str:
    return _BLANKS.sub("", plain(text)).lower()


def read_choice(fact: Fact, cell: Cell) -> str | Wrong | None:
    """The code of one label."""
    text = _text(cell)
    if text is None:
        return Wrong("choice_unknown", _choose(fact, ""))
    code = _words(fact.key).get(_bare(text))
    if code is None and not says_nothing(text):
        return Wrong("choice_unknown", _choose(fact, text))
    return code


def read_choices(fact: Fact, cell: Cell) -> frozenset[str] | Wrong | None:
    """The codes of several labels; 没有 is none of them, and no word at all is unknown."""
    text = _text(cell)
    if text is None or len(text) > _LONGEST:
        return Wrong("choice_unknown", _choose(fact, ""))
    words = _words(fact.key)
    if _bare(text) in words:
        return frozenset({words[_bare(text)]})
    if says_nothing(text):
        return None
    if text in _NONE_OF_THEM:
        return frozenset()
    parts = [part for part in _SEPARATORS.split(text)[:_MOST_CHOICES] if part]
    unread = [part for part in parts if _bare(part) not in words]
    if unread or not parts:
        return Wrong("choice_unknown", _choose(fact, unread[0] if unread else text))
    return frozenset(words[_bare(part)] for part in parts)


def _choose(fact: Fact, text: str) -> str:
    labels = list(fact.codes.values())
    near = nearest(text, labels)
    hint = f"“{text[:30]}”不在选项中，是不是“{near}”？" if near else ""
    return f"{hint}“{fact.label}”要从这些选项中选：{'、'.join(labels)}；不清楚请留空"


def nearest(text: str, labels: list[str]) -> str | None:
    """The label that looks most like the text, for a question to the clerk."""
    found = process.extractOne(text, labels, scorer=fuzz.ratio, score_cutoff=_NEAR) if text else None
    return found[0] if found else None
