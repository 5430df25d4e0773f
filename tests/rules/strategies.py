"""Random questions over the real catalogue: a rule, the facts of a case with gaps and provenance, and a day.

Thresholds and values come from the same few anchors of a fact, give or take its smallest step, so that they collide;
conditions of one rule ask few facts, so that they depend on each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from app.rules import Dated, Parameter, Parameters, Provenance, Rule, Stated, parse
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType

Json: TypeAlias = dict[str, Any]
RawParameters: TypeAlias = Mapping[str, tuple[tuple[date, date | None, Any], ...]]

PROGRAMME: Final = "kangyang-interest-subsidy"
DAYS: Final = tuple(
    date.fromisoformat(day)
    for day in ("2024-02-29", "2024-12-31", "2025-01-01", "2026-03-31", "2026-11-20", "2027-02-28")
)
_FIRST: Final = date(2020, 1, 1)
_CHANGE: Final = date(2025, 1, 1)
_GAP: Final = date(2026, 1, 1)

# Each changes on 2025-01-01; two of them have no value from 2026-01-01 on.
RAW_PARAMETERS: Final[RawParameters] = {
    "test.count": ((_FIRST, _CHANGE, 100), (_CHANGE, None, 30)),
    "test.amount": ((_FIRST, _CHANGE, Decimal(500_000_000)), (_CHANGE, _GAP, Decimal(10_000))),
    "test.day": ((_FIRST, _CHANGE, date(2024, 2, 29)), (_CHANGE, None, date(2025, 3, 31))),
    "test.months": ((_FIRST, _CHANGE, 12), (_CHANGE, _GAP, 24)),
}
_PARAMETER_TYPE: Final = {
    "test.count": FactType.INT,
    "test.amount": FactType.DECIMAL,
    "test.day": FactType.DATE,
    "test.months": FactType.INT,
}
PARAMETERS: Final = Parameters(
    Parameter(key, f"参数 {key}", _PARAMETER_TYPE[key], tuple(Dated(value, start, end) for start, end, value in dated))
    for key, dated in RAW_PARAMETERS.items()
)

_FACTS: Final = {fact.key: fact for fact in CATALOGUE}
_BY_TYPE: Final = {kind: [fact for fact in CATALOGUE if fact.type is kind] for kind in FactType}
_ORDERED: Final = {FactType.INT: "test.count", FactType.DECIMAL: "test.amount", FactType.DATE: "test.day"}
_REGIONS: Final = ("140000", "140300", "140302", "140100", "140105", "110000")
_DATES: Final = ("2023-02-28", "2024-02-29", "2025-03-31", "2025-11-20", "2026-11-20")
_COMPARISONS: Final = ("eq", "ne", "lt", "le", "gt", "ge")

_SIX: Final = st.sampled_from(range(6))
_ONE_IN_SIX: Final = _SIX.map(lambda roll: roll == 5)
_OPS: Final = st.sampled_from(("all", "any", "all", "any", "not", "leaf"))
_MEMBERS: Final = st.integers(1, 4)
# Dates twice: only they make time matter.
_TYPES: Final = st.sampled_from((FactType.DATE, *FactType))
_PROVENANCES: Final = st.sampled_from(list(Provenance))
_DAYS: Final = st.sampled_from(DAYS)


@dataclass(frozen=True)
class Question:
    """A rule as JSON, the facts of a case and a day; `PARAMETERS` go with all of them."""

    raw: Json
    facts: dict[str, Stated]
    as_of: date

    @cached_property
    def rule(self) -> Rule:
        return parse(self.raw, parameters=PARAMETERS)


def key_of(fact: Fact) -> str:
    """The key under which a case states the fact."""
    return f"{fact.key}@{PROGRAMME}" if fact.per_programme else fact.key


def anchors(fact: Fact) -> tuple[Any, ...]:
    """The few values around which thresholds and values of a fact are drawn."""
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return (True, False)
        case FactType.INT:
            return (1, 3, 5) if fact.maximum == 5 else (0, 30, 100)
        case FactType.DECIMAL:
            return ("0", "50", "100") if fact.unit == "%" else ("0", "10000", "500000000")
        case FactType.DATE:
            return _DATES
        case FactType.ENUM:
            return tuple(fact.codes)[:4]
        case FactType.SET:
            return tuple(fact.codes)[:4] or ("wenlv-incentive", "service-relending")
        case FactType.REGION:
            return _REGIONS


def near(fact: Fact, anchor: Any) -> tuple[Any, ...]:
    """The anchor and its two neighbours, as far as the fact takes them."""
    if fact.type is FactType.DATE:
        day = date.fromisoformat(anchor)
        return tuple((day + timedelta(days=step)).isoformat() for step in (0, -1, 1))
    if fact.type not in {FactType.INT, FactType.DECIMAL}:
        return (anchor,)
    assert fact.minimum is not None
    assert fact.maximum is not None
    around = (Decimal(anchor) + step * fact.quantum for step in (0, -1, 1))
    inside = [number for number in around if fact.minimum <= number <= fact.maximum]
    return tuple(int(number) if fact.type is FactType.INT else str(number) for number in inside)


@cache
def written(key: str) -> st.SearchStrategy[Any]:
    """A single value of the fact as JSON, at or beside an anchor."""
    fact = _FACTS[key]
    return st.sampled_from([value for anchor in anchors(fact) for value in near(fact, anchor)])


@cache
def values(key: str) -> st.SearchStrategy[Any]:
    """A value of the fact as a case states it."""
    fact = _FACTS[key]
    if fact.type is FactType.SET:
        return st.lists(st.sampled_from(anchors(fact)), unique=True, max_size=4)
    return written(key)


@cache
def _conditions(key: str) -> st.SearchStrategy[Json]:
    """A condition on the fact, without its marks: every operator that the type of the fact allows, but `known`."""
    fact = _FACTS[key]
    single = _asked("eq", "ne", value=written(key))
    some = st.lists(written(key), min_size=1, max_size=3, unique=True)
    match fact.type:
        case FactType.BOOL | FactType.ENUM:
            return _mixed(single, single, _asked("in", values=some))
        case FactType.REGION:
            regions = st.lists(st.sampled_from(_REGIONS), min_size=1, max_size=2)
            return _mixed(single, _asked("in", values=some), _asked("within", regions=regions))
        case FactType.SET:
            return _asked("overlaps", "contains", values=some)
        case FactType.ATTESTATION:
            marks = {"programme": st.just(PROGRAMME)} if fact.per_programme else {}
            return _asked("attested", **marks)
        case FactType.INT | FactType.DECIMAL | FactType.DATE:
            return _ordered_conditions(fact, some)


def _ends_in_order(condition: Json) -> Json:
    """Two literals the right way round: the other way is refused as it is written."""
    low, high = condition["low"], condition["high"]
    if isinstance(low, dict) or isinstance(high, dict):
        return condition
    low, high = sorted((low, high), key=lambda end: end if isinstance(end, int) or "-" in end[1:] else Decimal(end))
    return {**condition, "low": low, "high": high}


def _ordered_conditions(fact: Fact, some: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[Json]:
    literal = written(fact.key)
    operand = _mixed(literal, literal, literal, st.just({"param": _ORDERED[fact.type]}))
    compare = _asked(*_COMPARISONS, value=operand)
    between = _asked("between", low=operand, high=operand).map(_ends_in_order)
    ranges = _mixed(compare, compare, compare, between, _asked("in", values=some))
    if fact.type is not FactType.DATE:
        return ranges
    months = _mixed(st.sampled_from((0, 1, 12, 24)), st.just({"param": "test.months"}))
    return _mixed(ranges, _asked("at_least_months_ago", "at_most_months_ago", months=months))


def _mixed(*strategies: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One of these, as often as it is named; `one_of` would flatten those of its members that are choices too."""
    return st.sampled_from(strategies).flatmap(lambda strategy: strategy)


def _asked(*ops: str, **operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"op": st.sampled_from(ops), **operands})


def _leaf(draw: st.DrawFn, fact: Fact, *, known: bool, checked: bool) -> Json:
    if known and draw(_ONE_IN_SIX):
        condition: Json = {"op": "known", "fact": key_of(fact)}
    else:
        condition = {**draw(_conditions(fact.key)), "fact": fact.key}
    return {**condition, "checked": True} if checked and draw(_ONE_IN_SIX) else condition


def _tree(draw: st.DrawFn, pool: list[Fact], most: int, *, known: bool, checked: bool) -> Json:
    """A node with at most `most` leaves below it."""
    op = draw(_OPS) if most > 1 else "leaf"
    if op == "leaf":
        return _leaf(draw, draw(st.sampled_from(pool)), known=known, checked=checked)
    if op == "not":
        return {"op": op, "of": _tree(draw, pool, most - 1, known=known, checked=checked)}
    members = draw(_MEMBERS)
    share = max(1, most // members) if members > 1 else most - 1
    return {"op": op, "of": [_tree(draw, pool, share, known=known, checked=checked) for _ in range(members)]}


@st.composite
def pools(draw: st.DrawFn, *, most: int, changeable: bool = False) -> list[Fact]:
    """A few facts of any type; with `changeable`, immutable ones only where their type has no other."""
    pool: dict[str, Fact] = {}
    for _ in range(draw(st.integers(1, most))):
        facts = _BY_TYPE[draw(_TYPES)]
        movable = [fact for fact in facts if fact.changeable]
        fact = draw(st.sampled_from(movable if changeable and movable else facts))
        pool[fact.key] = fact
    return list(pool.values())


@st.composite
def cases(draw: st.DrawFn, pool: list[Fact]) -> dict[str, Stated]:
    """What a case states of these facts: a third is absent or given as None."""
    facts: dict[str, Stated] = {}
    for fact in pool:
        roll = draw(_SIX)
        if roll > 0:
            value = None if roll == 1 else draw(values(fact.key))
            facts[key_of(fact)] = Stated(value, draw(_PROVENANCES))
    return facts


@st.composite
def questions(
    draw: st.DrawFn,
    *,
    known: bool = True,
    checked: bool = True,
    changeable: bool = False,
    most_facts: int = 4,
    most_leaves: int = 8,
) -> Question:
    """A rule over a few facts, a case and a day."""
    pool = draw(pools(most=most_facts, changeable=changeable))
    raw = _tree(draw, pool, most_leaves, known=known, checked=checked)
    return Question(raw, draw(cases(pool)), draw(_DAYS))


@st.composite
def conjunctions(draw: st.DrawFn) -> Question:
    """Three or four small rules that must all hold: questions that take several steps to mend."""
    parts = [draw(questions(changeable=True, most_facts=1, most_leaves=2)) for _ in range(draw(st.integers(3, 4)))]
    facts = {key: stated for part in parts for key, stated in part.facts.items()}
    return Question({"op": "all", "of": [part.raw for part in parts]}, facts, parts[0].as_of)
