"""The operators of conditions: one record each, with the test in Python and its Chinese phrases."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from app.rules.facts import FactType

_ORDERED: Final = frozenset({FactType.INT, FactType.DECIMAL, FactType.DATE})
_SINGLE: Final = _ORDERED | {FactType.BOOL, FactType.ENUM, FactType.REGION}
_SETS: Final = frozenset({FactType.SET})


@dataclass(frozen=True, slots=True)
class Operator:
    """`test(own, wanted)` decides for a known value; `types` are the facts it may ask.

    `phrase` and `negated` take {wanted}: what the condition asks, and what it asks under a `not`. What `wanted`
    is, depends on the operator: a value, two ends, a set of codes, region prefixes, or for the month operators
    the days between which the date must lie.
    """

    key: str
    types: frozenset[FactType]
    test: Callable[[Any, Any], bool]
    phrase: str
    negated: str


def _between(own: Any, ends: tuple[Any, Any]) -> bool:
    return bool(ends[0] <= own <= ends[1])


def _one_of(own: object, values: frozenset[object]) -> bool:
    return own in values


def _overlaps(own: frozenset[str], codes: frozenset[str]) -> bool:
    return not own.isdisjoint(codes)


def _within(own: str, prefixes: tuple[str, ...]) -> bool:
    return own.startswith(prefixes)


def _always(_own: object, _wanted: object) -> bool:
    return True


OPERATORS: Final = {
    record.key: record
    for record in (
        Operator("eq", _SINGLE, operator.eq, "应为{wanted}", "不应为{wanted}"),
        Operator("ne", _SINGLE, operator.ne, "不应为{wanted}", "应为{wanted}"),
        Operator("lt", _ORDERED, operator.lt, "应低于{wanted}", "应不低于{wanted}"),
        Operator("le", _ORDERED, operator.le, "应不超过{wanted}", "应超过{wanted}"),
        Operator("gt", _ORDERED, operator.gt, "应超过{wanted}", "应不超过{wanted}"),
        Operator("ge", _ORDERED, operator.ge, "应不低于{wanted}", "应低于{wanted}"),
        Operator("between", _ORDERED, _between, "应在{wanted}之间（含两端）", "不应在{wanted}之间（含两端）"),
        Operator("in", _SINGLE, _one_of, "应为{wanted}之一", "不应为{wanted}之一"),
        Operator("overlaps", _SETS, _overlaps, "应有{wanted}中的至少一项", "不应有{wanted}中的任何一项"),
        Operator("contains", _SETS, operator.ge, "应包括{wanted}", "不应同时包括{wanted}"),
        Operator("within", frozenset({FactType.REGION}), _within, "应位于{wanted}", "不应位于{wanted}"),
        Operator("known", frozenset(FactType), _always, "应已填写", "应未填写"),
        Operator("at_least_months_ago", frozenset({FactType.DATE}), _between, "距今应满{wanted}", "距今应不满{wanted}"),
        Operator(
            "at_most_months_ago", frozenset({FactType.DATE}), _between, "距今应不超过{wanted}", "距今应超过{wanted}"
        ),
        Operator(
            "attested", frozenset({FactType.ATTESTATION}), operator.is_, "应由{wanted}认定", "不应已由{wanted}认定"
        ),
    )
}
