"""Sums that add up, and the figures that follow from them. Pure; money is Decimal yuan, days are whole."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from app.reporting.measures import Measure

_FEN: Final = 100
_MILLIONTHS: Final = 1_000_000
_HUNDRED: Final = 100
_RATE_PLACES: Final = 4
_PERCENT_PLACES: Final = 2
_DAY_PLACES: Final = 1


@dataclass(frozen=True, slots=True)
class Sums:
    """Everything about some rows that can be added. `weight` is the sum of rate times amount, in millionths and fen."""

    listed: int = 0
    pushed: int = 0
    contacted: int = 0
    decided: int = 0
    granted: int = 0
    granted_yuan: Decimal = Decimal(0)
    disbursed: int = 0
    disbursed_yuan: Decimal = Decimal(0)
    balance_yuan: Decimal = Decimal(0)
    balance_missing: int = 0
    weight: int = 0
    converted: int = 0
    days: int = 0
    subsidy_yuan: Decimal = Decimal(0)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def count(self, measure: Measure) -> int:
        """How many rows of a measure."""
        number: int = getattr(self, measure.value)
        return number

    def columns(self) -> dict[str, Any]:
        """The value of each column; None where there is nothing to divide by."""
        stored = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in {"weight", "days"}}
        return {
            **stored,
            "weighted_rate_percent": self._weighted_rate(),
            "conversion_percent": _rounded(self.converted * _HUNDRED, self.pushed, _PERCENT_PLACES),
            "days_to_decision": _rounded(self.days, self.decided, _DAY_PLACES),
        }

    def _weighted_rate(self) -> Decimal | None:
        fen = int(self.disbursed_yuan * _FEN)
        return _rounded(self.weight, fen * _MILLIONTHS, _RATE_PLACES)


def added(sums: Iterable[Sums]) -> Sums:
    """All of them together; nothing at all is zero."""
    total = Sums()
    for one in sums:
        total += one
    return total


def _rounded(part: int, whole: int, places: int) -> Decimal | None:
    """Half up, from whole numbers of any size: Decimal's own division would round to its context first."""
    if whole == 0:
        return None
    return Decimal((2 * part * 10**places + whole) // (2 * whole)).scaleb(-places)
