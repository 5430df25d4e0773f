"""Strong Kleene logic: TRUE, FALSE and UNKNOWN, which are never confused with Python's own truth."""

from collections.abc import Iterable
from enum import Enum
from typing import Never


class Truth(Enum):
    """The value of a condition. The order FALSE < UNKNOWN < TRUE makes `all` a minimum and `any` a maximum."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    # Members are single: identity hashes them as well as Enum's own hash and without a call into Python.
    __hash__ = object.__hash__

    def __bool__(self) -> Never:
        raise TypeError("三值结果不能当作真假使用：请与 Truth.TRUE 比较，或先用 settled() 说明未知怎么办")

    @classmethod
    def of(cls, value: bool | None) -> "Truth":
        """TRUE or FALSE for a bool, UNKNOWN for None."""
        return cls.UNKNOWN if value is None else cls.TRUE if value else cls.FALSE


def kleene_all(truths: Iterable[Truth]) -> Truth:
    """The minimum: FALSE if any is FALSE, else UNKNOWN if any is UNKNOWN, else TRUE (also for none at all)."""
    seen = set(truths)
    return _FALSE if _FALSE in seen else _UNKNOWN if _UNKNOWN in seen else _TRUE


def kleene_any(truths: Iterable[Truth]) -> Truth:
    """The maximum: TRUE if any is TRUE, else UNKNOWN if any is UNKNOWN, else FALSE (also for none at all)."""
    seen = set(truths)
    return _TRUE if _TRUE in seen else _UNKNOWN if _UNKNOWN in seen else _FALSE


# On Python 3.11 a member costs a call each time it is looked up through its class.
_FALSE, _UNKNOWN, _TRUE = Truth
_NEGATED = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


def kleene_not(truth: Truth) -> Truth:
    """Swaps TRUE and FALSE; UNKNOWN stays."""
    return _NEGATED[truth]


def settled(truth: Truth, *, unknown_is: bool) -> bool:
    """The one place where UNKNOWN becomes a bool; the caller must say which."""
    return unknown_is if truth is Truth.UNKNOWN else truth is Truth.TRUE
