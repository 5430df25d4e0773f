"""What pages say of their own accord: what was just done, and how dates, amounts and verdicts are written."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from app.http.clock import CHINA

# What was done, said on the page where one then is; an address names the key, never the sentence.
DONE: Final = {
    "signed_out": "您已退出。",
    "password_changed": "密码已修改。别处的登录已失效。",
    "second_factor_set": "第二因素已启用。以后每次登录都要输入验证码。",
}
_WAN: Final = 10_000
_LONG_DASH: Final = "—"


def day(value: str | date | None) -> str:
    """2026 年 11 月 21 日, kept on one line by the style of its element."""
    if value in (None, ""):
        return _LONG_DASH
    one = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return f"{one.year}年{one.month}月{one.day}日"


def moment(value: str | datetime | None) -> str:
    """An instant as a day and a minute in China."""
    if value in (None, ""):
        return _LONG_DASH
    one = datetime.fromisoformat(value) if isinstance(value, str) else value
    here = one.astimezone(CHINA)
    return f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"


def yuan(value: str | Decimal | None) -> str:
    """An amount to the fen with separators; a dash for what is not known."""
    number = _decimal(value)
    return _LONG_DASH if number is None else f"{number:,.2f} 元"


def wan(value: str | Decimal | None) -> str:
    """An amount in 万元, without digits that say nothing."""
    number = _decimal(value)
    if number is None:
        return _LONG_DASH
    if abs(number) < _WAN:
        return f"{_plain(number)} 元"
    return f"{_plain(number / _WAN)} 万元"


def percent(value: str | Decimal | None) -> str:
    """A percentage without zeros at its end."""
    number = _decimal(value)
    return _LONG_DASH if number is None else f"{_plain(number)}%"


def count(value: int | None) -> str:
    """A number with separators."""
    return _LONG_DASH if value is None else f"{value:,}"


def _decimal(value: str | Decimal | int | None) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def _plain(number: Decimal) -> str:
    text = f"{number:,.4f}"
    return text.rstrip("0").rstrip(".")


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "day": day,
    "moment": moment,
    "yuan": yuan,
    "wan": wan,
    "percent": percent,
    "count": count,
}
# How each verdict and outcome is shown: kind of mark and word. Status is always a sign, a word and a tint.
VERDICTS: Final = {"true": ("ok", "满足"), "false": ("bad", "不满足"), "unknown": ("warn", "待确认")}
OUTCOMES: Final = {
    "eligible": ("ok", "符合公布条件"),
    "in_scope": ("ok", "属于支持范围"),
    "needs_info": ("warn", "还缺信息"),
    "ineligible": ("bad", "目前不符合"),
    "not_applicable": ("mute", "不适用"),
    "informative": ("mute", "供参考"),
}
