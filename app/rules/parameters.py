"""Dated parameters: the numbers of policies, kept as data with their first and last day."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeAlias

from app.rules.facts import FactType

ParameterValue: TypeAlias = int | Decimal | date

PARAMETER_TYPES: Final = {FactType.INT: int, FactType.DECIMAL: Decimal, FactType.DATE: date}


@dataclass(frozen=True, slots=True)
class Dated:
    """A value in force on the half-open interval [valid_from, valid_to); valid_to None means no known end."""

    value: ParameterValue
    valid_from: date
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named number of a policy with its dated values, in order and without overlap."""

    key: str
    label: str
    type: FactType
    values: tuple[Dated, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        for before, after in zip(self.values, self.values[1:], strict=False):
            if before.valid_to is None or before.valid_to > after.valid_from:
                raise ValueError(f"参数 {self.key} 的生效区间重叠或次序颠倒：{before.valid_from} 与 {after.valid_from}")

    def on(self, day: date) -> ParameterValue | None:
        """The value in force on `day`; None where none is."""
        at = bisect_right(self.values, day, key=lambda dated: dated.valid_from) - 1
        if at < 0:
            return None
        dated = self.values[at]
        return dated.value if dated.valid_to is None or day < dated.valid_to else None


class Parameters(Mapping[str, Parameter]):
    """All parameters by key. Compared by identity: a set of parameters is loaded once and never changed."""

    __slots__ = ("_by_key",)

    def __init__(self, parameters: Iterable[Parameter] = ()) -> None:
        self._by_key = {parameter.key: parameter for parameter in parameters}

    def __getitem__(self, key: str) -> Parameter:
        return self._by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_key)

    def __len__(self) -> int:
        return len(self._by_key)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


NO_PARAMETERS: Final = Parameters()
