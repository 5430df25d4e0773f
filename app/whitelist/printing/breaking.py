"""Where lines of Chinese break: between any two characters, but none begins with a mark that closes or pauses. Pure."""

from collections.abc import Callable
from typing import Final

# GB/T 15834: these never stand at the beginning of a line.
_NEVER_FIRST: Final = frozenset("，。、；：？！）〕】》”’…·%％,.;:?!)")


def broken(text: str, width: float, width_of: Callable[[str], float]) -> str:
    """The text with line breaks, so that no line is wider than `width`; `width_of` is that of one character.

    A character that is wider than the line alone stands on a line of its own.
    """
    lines: list[str] = []
    line, taken = "", 0.0
    for sign in text:
        size = width_of(sign)
        if line and taken + size > width:
            kept = len(line) - _goes_down(line, sign, width, width_of)
            lines.append(line[:kept])
            line = line[kept:]
            taken = sum(map(width_of, line))
        line, taken = line + sign, taken + size
    return "\n".join([*lines, line])


def _goes_down(line: str, sign: str, width: float, width_of: Callable[[str], float]) -> int:
    """How many characters go down with a mark that stands first nowhere: the last, if the two fit and others stay."""
    return int(sign in _NEVER_FIRST and len(line) > 1 and width_of(line[-1]) + width_of(sign) <= width)
