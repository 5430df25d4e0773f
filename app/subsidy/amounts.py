"""Decimal yuan, percent and shares to exact integers and back; never through the ambient decimal context."""

from decimal import Decimal
from fractions import Fraction

from app.subsidy.errors import SubsidyError

# A rate is kept in hundred-millionths: a percentage with six decimals is then an integer.
RATE_UNIT = 10**8
PERCENT_UNIT = 10**6
SHARE_UNIT = 10**6
FEN_DECIMALS = 2
RATE_DECIMALS = 6

# Sanity bounds of the arithmetic, not of any policy: one trillion yuan, and 100 % a year.
MOST_YUAN = Decimal(10**12)
MOST_PERCENT = Decimal(100)


def divided(dividend: int, divisor: int) -> int:
    """The quotient of a non-negative and a positive integer, rounded half up."""
    return (2 * dividend + divisor) // (2 * divisor)


def half_up(value: Fraction) -> int:
    """Round a non-negative amount half up to a whole number."""
    return divided(value.numerator, value.denominator)


def decimals(value: Decimal) -> int:
    """How many decimals a finite number really uses; trailing zeros do not count."""
    digits = value.as_tuple()
    if not isinstance(digits.exponent, int) or not any(digits.digits):
        return 0
    used = -digits.exponent
    for digit in reversed(digits.digits):
        if digit or used <= 0:
            break
        used -= 1
    return max(used, 0)


def scaled(value: Decimal, unit: int) -> int:
    """`value` x `unit`, exact; the caller has checked the number of decimals."""
    ratio = Fraction(value) * unit
    return ratio.numerator // ratio.denominator


def money(value: Decimal, pointer: str, *, zero: bool = False) -> int:
    """Yuan to fen. Refuses what is not a positive (or, with `zero`, non-negative) amount in whole fen."""
    wanted = "不小于 0" if zero else "大于 0"
    if not value.is_finite() or value < 0 or value > MOST_YUAN or (value == 0 and not zero):
        raise SubsidyError("amount_out_of_range", pointer, f"金额应{wanted}，且不超过 1 万亿元，请按元填写")
    if decimals(value) > FEN_DECIMALS:
        raise SubsidyError("too_many_decimals", pointer, "金额最多精确到分，请保留两位小数")
    return scaled(value, 100)


def rate(value: Decimal, pointer: str) -> int:
    """A yearly percentage to hundred-millionths."""
    if not value.is_finite() or value < 0 or value > MOST_PERCENT:
        raise SubsidyError("rate_out_of_range", pointer, "年利率应在 0 到 100 之间，4.45% 请填写 4.45")
    if decimals(value) > RATE_DECIMALS:
        raise SubsidyError("too_many_decimals", pointer, "年利率（百分数）最多六位小数")
    return scaled(value, PERCENT_UNIT)


def share(value: Decimal, pointer: str) -> int:
    """A share between 0 and 1 to millionths."""
    if not value.is_finite() or value < 0 or value > 1:
        raise SubsidyError("share_out_of_range", pointer, "比例应在 0 到 1 之间，60% 请填写 0.6")
    if decimals(value) > RATE_DECIMALS:
        raise SubsidyError("too_many_decimals", pointer, "比例最多六位小数")
    return scaled(value, SHARE_UNIT)


def yuan(fen: int) -> Decimal:
    """Whole fen as decimal yuan, always with two decimals."""
    sign = "-" if fen < 0 else ""
    return Decimal(f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}")


def percent(value: int) -> Decimal:
    """Hundred-millionths as a percentage with two to six decimals."""
    whole, rest = divmod(value, PERCENT_UNIT)
    return Decimal(f"{whole}.{f'{rest:06d}'.rstrip('0'):0<2}")


def share_words(value: int) -> str:
    """A share in millionths as a percentage in words: 500000 is 50%."""
    whole, rest = divmod(value, SHARE_UNIT // 100)
    tail = f"{rest:04d}".rstrip("0")
    return f"{whole}.{tail}%" if tail else f"{whole}%"
