"""Searches without any cleverness: all values near any threshold, all combinations, judged by the naive reading."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations, product
from typing import Any, Final, TypeAlias

from dateutil.relativedelta import relativedelta

from app.rules import Provenance, Stated
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from tests.rules import reference
from tests.rules.strategies import RAW_PARAMETERS, Question

AS_OF: Final = "as_of"
Cell: TypeAlias = Stated | date
_REGIONS: Final = ("110000", "310000", "140000", "140100", "140105", "140199", "140300", "140302", "140399", "149999")


def verdict(question: Question, changes: Mapping[str, Cell]) -> bool | None:
    """The naive verdict with these facts changed; under `as_of` stands another day."""
    stated = {key: cell for key, cell in changes.items() if isinstance(cell, Stated)}
    day = changes.get(AS_OF, question.as_of)
    assert isinstance(day, date)
    return reference.verdict(question.raw, {**question.facts, **stated}, day, RAW_PARAMETERS)


def asked(question: Question) -> list[str]:
    """The keys that the rule asks, in its order."""
    return list(dict.fromkeys(reference.key(leaf) for leaf in reference.leaves(question.raw)))


def unknown(question: Question) -> list[str]:
    """The keys that some condition finds unknown: not given, or only declared where it must be checked."""
    keys = (
        reference.key(leaf) for leaf in reference.leaves(question.raw) if reference.usable(leaf, question.facts) is None
    )
    return list(dict.fromkeys(keys))


def cells(question: Question, key: str) -> list[Stated]:
    """Checked values of a fact, one for each way in which the conditions that ask it can answer."""
    asking = [leaf for leaf in reference.leaves(question.raw) if reference.key(leaf) == key]
    by_answers: dict[tuple[bool | None, ...], Stated] = {}
    for value in _values(question, key):
        stated = Stated(value, Provenance.CHECKED)
        said = tuple(
            reference.condition(leaf, {key: stated}, day, RAW_PARAMETERS)
            for leaf in asking
            for day in (question.as_of, *days(question))
        )
        by_answers.setdefault(said, stated)
    return list(by_answers.values())


def _values(question: Question, key: str) -> Iterator[Any]:
    fact = CATALOGUE[key]
    written = list(_written(question, key))
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            yield from (True, False)
        case FactType.ENUM:
            yield from fact.codes
        case FactType.REGION:
            yield from _REGIONS
        case FactType.SET:
            codes = {code for value in written for code in (value if isinstance(value, list) else [value])}
            for size in range(len(codes) + 1):
                yield from map(list, combinations(sorted(codes), size))
        case FactType.DATE:
            days = {reference.typed(key, value) for value in written} | set(_month_days(question, key))
            yield from (day + timedelta(days=step) for day in sorted(days) for step in (-1, 0, 1))
        case FactType.INT | FactType.DECIMAL:
            assert fact.minimum is not None
            assert fact.maximum is not None
            near = {Decimal(value) + step * fact.quantum for value in written for step in (-1, 0, 1)}
            inside = {fact.minimum, fact.maximum, *(n for n in near if fact.minimum <= n <= fact.maximum)}
            yield from sorted(inside)


def _written(question: Question, key: str) -> Iterator[Any]:
    """Every value that the rule, a parameter it names, or the case itself gives for the fact."""
    stated = question.facts.get(key)
    if stated is not None and stated.value is not None:
        yield stated.value
    for leaf in reference.leaves(question.raw):
        if reference.key(leaf) == key:
            operands = [leaf[name] for name in ("value", "low", "high") if name in leaf]
            for operand in chain(operands, leaf.get("values", ())):
                if isinstance(operand, dict):
                    yield from (value for _, _, value in RAW_PARAMETERS[operand["param"]])
                else:
                    yield operand


def _month_days(question: Question, key: str) -> Iterator[date]:
    yield question.as_of
    for leaf in reference.leaves(question.raw):
        if reference.key(leaf) == key and "months" in leaf:
            for months in _months(leaf["months"]):
                yield question.as_of - relativedelta(months=months)


def _months(operand: Any) -> list[int]:
    return [value for _, _, value in RAW_PARAMETERS[operand["param"]]] if isinstance(operand, dict) else [operand]


def days(question: Question) -> list[date]:
    """The later days on which a condition about months can change because a date has grown older."""
    found: set[date] = set()
    for leaf in reference.leaves(question.raw):
        own = reference.usable(leaf, question.facts)
        months = reference.in_force(leaf.get("months"), question.as_of, RAW_PARAMETERS)
        if own is not None and months is not None:
            full = own + relativedelta(months=months)
            found |= {own, full, full + timedelta(days=1)}
    return sorted(day for day in found if day > question.as_of)


def moves(question: Question) -> dict[str, list[Cell]]:
    """What advice may move: the changeable facts that the rule asks, and time."""
    movable: dict[str, list[Cell]] = {
        key: list[Cell](cells(question, key)) for key in asked(question) if CATALOGUE[key].changeable
    }
    later: list[Cell] = list(days(question))
    return {**movable, AS_OF: later} if later else movable


def works(question: Question, keys: frozenset[str], cells_of: Mapping[str, list[Cell]]) -> bool:
    """Some values for exactly these keys make the rule true."""
    order = sorted(keys)
    return any(
        verdict(question, dict(zip(order, trial, strict=True))) is True
        for trial in product(*(cells_of.get(key, []) for key in order))
    )


def minimal_sets(question: Question, most: int) -> set[frozenset[str]]:
    """All sets of at most `most` keys that can make the rule true while none of their parts can."""
    cells_of, found = moves(question), set[frozenset[str]]()
    for size in range(1, most + 1):
        for keys in map(frozenset, combinations(sorted(cells_of), size)):
            if not any(smaller < keys for smaller in found) and works(question, keys, cells_of):
                found.add(keys)
    return found


def can_change(question: Question, key: str) -> bool:
    """In some state of the other unknown facts (unknown still, or known), learning this one changes the verdict."""
    others = [other for other in unknown(question) if other != key]
    learned = cells(question, key)
    states: list[list[Stated | None]] = [[None, *cells(question, other)] for other in others]
    for state in product(*states):
        known = {other: cell for other, cell in zip(others, state, strict=True) if cell is not None}
        before = verdict(question, known)
        if any(verdict(question, {**known, key: cell}) is not before for cell in learned):
            return True
    return False
