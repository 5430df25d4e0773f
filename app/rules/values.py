"""Values of facts: reading what somebody wrote, and writing what somebody can read."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeAlias

from app.rules.facts import SLUG, Fact, FactType

Value: TypeAlias = bool | int | Decimal | date | str | frozenset[str]

# Longer text is never a number, a date or a code; refusing it first keeps hostile input cheap.
_LONGEST: Final = 64
# Commas only between thousands: "1,5" is a decimal comma to some and must not become 15.
_NUMBER: Final = re.compile(r"[+-]?([0-9]{1,20}|[0-9]{1,3}(,[0-9]{3}){1,6})(\.[0-9]{1,20})?")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YI: Final = Decimal(100_000_000)
_WAN: Final = Decimal(10_000)


class ValueRefused(ValueError):
    """A value that the fact does not take; the message says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class _Kind:
    read: Callable[[Fact, object], Value]
    write: Callable[[Fact, Any], str]


def read_value(fact: Fact, raw: object) -> Value:
    """The typed value of `raw` (a JSON value, date or Decimal) for `fact`; ValueRefused says what to write instead."""
    if isinstance(raw, str):
        # Full-width digits and letters are a habit of Chinese input methods, not an error.
        raw = unicodedata.normalize("NFKC", raw).strip() if len(raw) <= _LONGEST else raw[: _LONGEST + 1]
    return _KINDS[fact.type].read(fact, raw)


def write_value(fact: Fact, value: Value) -> str:
    """The value as Chinese text with its unit: 120 张, 5 亿元, 2026-11-20, 养老院、护理院."""
    return _KINDS[fact.type].write(fact, value)


def _refuse(fact: Fact, how: str) -> ValueRefused:
    return ValueRefused(f"“{fact.label}”{how}")


def _read_bool(fact: Fact, raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise _refuse(fact, "要填是或否，写 true 或 false")


def _number(fact: Fact, raw: object, example: str) -> Decimal:
    if isinstance(raw, float):
        raw = repr(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        number = Decimal(raw)
    elif isinstance(raw, Decimal) and raw.is_finite():
        number = raw
    elif isinstance(raw, str) and _NUMBER.fullmatch(raw):
        number = Decimal(raw.replace(",", ""))
    else:
        raise _refuse(fact, f"要填数字，例如 {example}")
    _check_range(fact, number)
    return number


def _check_range(fact: Fact, number: Decimal) -> None:
    if fact.minimum is not None and number < fact.minimum:
        raise _refuse(fact, f"不能小于 {write_amount(fact.unit, fact.minimum)}")
    if fact.maximum is not None and number > fact.maximum:
        raise _refuse(fact, f"不能大于 {write_amount(fact.unit, fact.maximum)}")


def _read_int(fact: Fact, raw: object) -> int:
    number = _number(fact, raw, "120")
    if number != number.to_integral_value():
        raise _refuse(fact, "要填整数，例如 120")
    return int(number)


def _read_decimal(fact: Fact, raw: object) -> Decimal:
    number = _number(fact, raw, "500000000.00" if fact.unit == "元" else "4.45")
    # Comparison, not quantize: a number in range has at most 14 digits before the point, so this is exact.
    if number != round(number, 2):
        raise _refuse(fact, "最多写两位小数")
    return abs(round(number, 2)) if not number else round(number, 2)


def _read_date(fact: Fact, raw: object) -> date:
    if type(raw) is date:
        return raw
    match = _DATE.fullmatch(raw) if isinstance(raw, str) else None
    try:
        if match:
            return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        pass
    raise _refuse(fact, "要填日历上有的日期，写成 2026-11-20 的样子")


def _read_code(fact: Fact, raw: object) -> str:
    if isinstance(raw, str) and raw in fact.codes:
        return raw
    raise _refuse(fact, "要从这些代码中选：" + "、".join(f"{code}（{label}）" for code, label in fact.codes.items()))


def _read_set(fact: Fact, raw: object) -> frozenset[str]:
    if not isinstance(raw, list | tuple | set | frozenset) or len(raw) > _LONGEST:
        raise _refuse(fact, '要填代码的列表，例如 ["' + next(iter(fact.codes), "some-code") + '"]')
    if fact.codes:
        return frozenset(_read_code(fact, item) for item in raw)
    return frozenset(_read_slug(fact, item) for item in raw)


def _read_slug(fact: Fact, raw: object) -> str:
    if isinstance(raw, str) and SLUG.fullmatch(raw):
        return raw
    raise _refuse(fact, "要填政策代码，只用小写字母、数字和连字符")


def _read_region(fact: Fact, raw: object) -> str:
    if isinstance(raw, str) and re.fullmatch(r"[1-9][0-9]{5}", raw):
        return raw
    raise _refuse(fact, "要填六位行政区划代码，例如 140105")


def _plain(number: Decimal) -> str:
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_amount(unit: str, number: Decimal | int) -> str:
    """A number with its unit; yuan in 亿元 or 万元 where that loses no digit (2,000 万元; 499,999,999.99 元)."""
    number = Decimal(number)
    if unit == "元":
        for size, name in ((_YI, "亿元"), (_WAN, "万元")):
            scaled = number / size
            if abs(scaled) >= 1 and scaled == round(scaled, 2):
                return f"{_plain(scaled)} {name}"
    return f"{_plain(number)}{'' if unit == '%' else ' '}{unit}".rstrip()


def _write_number(fact: Fact, value: Decimal | int) -> str:
    return write_amount(fact.unit, value)


def _write_code(fact: Fact, value: str) -> str:
    return fact.codes.get(value, value)


def _write_set(fact: Fact, value: frozenset[str]) -> str:
    order = list(fact.codes) or sorted(value)
    return "、".join(_write_code(fact, code) for code in order if code in value) or "无"


def _write_bool(_fact: Fact, value: bool) -> str:
    return "是" if value else "否"


def _write_attested(_fact: Fact, value: bool) -> str:
    return "已认定" if value else "未获认定"


_KINDS: Final[Mapping[FactType, _Kind]] = {
    FactType.BOOL: _Kind(_read_bool, _write_bool),
    FactType.INT: _Kind(_read_int, _write_number),
    FactType.DECIMAL: _Kind(_read_decimal, _write_number),
    FactType.DATE: _Kind(_read_date, lambda _fact, value: value.isoformat()),
    FactType.ENUM: _Kind(_read_code, _write_code),
    FactType.SET: _Kind(_read_set, _write_set),
    FactType.REGION: _Kind(_read_region, lambda _fact, value: str(value)),
    FactType.ATTESTATION: _Kind(_read_bool, _write_attested),
}
