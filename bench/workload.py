"""The question that all engines get: generated rules over the real catalogue, and fictional cases (虚构).

Deterministic: the same counts give the same rules and cases. Thresholds are drawn so that a condition on a known
fact is met about three times in four, which mixes the verdicts of rules with eight conditions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final, TypeAlias

from app.rules import Dated, Parameter, Parameters
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType

Json: TypeAlias = dict[str, Any]

AS_OF: Final = date(2026, 11, 20)
UNKNOWN_SHARE: Final = 0.15
PROGRAMME: Final = "kangyang-interest-subsidy"
_SEED: Final = 20261121
_FIRST_DAY: Final = date(2004, 1, 1)
_DAYS: Final = (AS_OF - _FIRST_DAY).days
_REGIONS: Final = ("140100", "140105", "140300", "140302", "140900", "110105")
# (low, high) of what cases state and thresholds name, by unit.
_RANGES: Final = {"元": (0, 1_000_000_000), "%": (0, 100), "级": (1, 5)}
_COUNTS: Final = (0, 500)

# A threshold in force on the day of the question, one replaced before it, and months.
PARAMETERS: Final = Parameters(
    (
        Parameter("bench.amount", "金额", FactType.DECIMAL, (Dated(Decimal(200_000_000), date(2020, 1, 1)),), "元"),
        Parameter(
            "bench.count",
            "数量",
            FactType.INT,
            (Dated(80, date(2020, 1, 1), date(2025, 1, 1)), Dated(100, date(2025, 1, 1))),
        ),
        Parameter("bench.months", "月数", FactType.INT, (Dated(36, date(2020, 1, 1)),), "个月"),
    )
)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many leaves a generated rule has and how its groups are drawn."""

    fewest: int = 6
    most: int = 10
    any_share: float = 0.4
    not_share: float = 0.08


def rules_as_json(count: int, shape: Shape = Shape()) -> list[Json]:
    """The first `count` rules, with about eight conditions each."""
    random = Random(_SEED)
    facts = list(CATALOGUE)
    return [_tree(random, facts, random.randint(shape.fewest, shape.most), shape) for _ in range(count)]


def cases_as_json(count: int) -> list[dict[str, Any]]:
    """The facts of the first `count` cases; about one fact in seven is unknown."""
    random = Random(_SEED + 1)
    return [_case(random) for _ in range(count)]


def leaf_count(node: Mapping[str, Any]) -> int:
    below = node.get("of")
    if below is None:
        return 1
    return leaf_count(below) if isinstance(below, dict) else sum(leaf_count(child) for child in below)


def _tree(random: Random, facts: list[Fact], leaves: int, shape: Shape) -> Json:
    if leaves == 1:
        leaf = _leaf(random, random.choice(facts))
        return {"op": "not", "of": leaf} if random.random() < shape.not_share else leaf
    if random.random() < shape.not_share:
        return {"op": "not", "of": _tree(random, facts, leaves, shape)}
    sizes = _split(random, leaves)
    op = "any" if random.random() < shape.any_share else "all"
    return {"op": op, "of": [_tree(random, facts, size, shape) for size in sizes]}


def _split(random: Random, leaves: int) -> list[int]:
    """The leaves of a group's members, two to four of them."""
    members = min(leaves, random.randint(2, 4))
    cuts = sorted(random.sample(range(1, leaves), members - 1))
    return [right - left for left, right in zip([0, *cuts], [*cuts, leaves], strict=True)]


def _leaf(random: Random, fact: Fact) -> Json:
    if random.random() < 0.02 and not fact.per_programme:
        return {"op": "known", "fact": fact.key}
    return {"fact": fact.key, **_condition(random, fact)}


def _condition(random: Random, fact: Fact) -> Json:
    match fact.type:
        case FactType.BOOL:
            return {"op": "eq", "value": random.random() < 0.9}
        case FactType.INT | FactType.DECIMAL:
            return _number_condition(random, fact)
        case FactType.DATE:
            return _date_condition(random)
        case FactType.ENUM:
            return _code_condition(random, fact)
        case FactType.SET:
            return _set_condition(random, _codes(fact))
        case FactType.REGION:
            return {"op": "within", "regions": random.choice((["140000"], ["140100", "140300"], ["140000", "110000"]))}
        case FactType.ATTESTATION:
            return {"op": "attested", **({"programme": PROGRAMME} if fact.per_programme else {})}


def _number_condition(random: Random, fact: Fact) -> Json:
    low, high = _number(random, fact, 0.05, 0.35), _number(random, fact, 0.65, 0.95)
    op = random.choice(("ge", "ge", "le", "gt", "lt", "between", "ne", "param"))
    if op == "between":
        return {"op": op, "low": low, "high": high}
    if op == "param" and fact.unit != "%":
        named = "bench.amount" if fact.type is FactType.DECIMAL else "bench.count"
        return {"op": "le" if fact.unit == "级" else "ge", "value": {"param": named}}
    return {"op": op if op != "param" else "ge", "value": high if op in {"le", "lt"} else low}


def _number(random: Random, fact: Fact, low: float, high: float) -> int | str:
    """A number between two shares of the fact's range."""
    first, last = _RANGES.get(fact.unit, _COUNTS)
    share = random.uniform(low, high)
    if fact.type is FactType.INT:
        return round(first + share * (last - first))
    if fact.unit == "元":
        return str(round(first + share * (last - first)))
    return f"{first + share * (last - first):.2f}"


def _date_condition(random: Random) -> Json:
    op = random.choice(("at_least_months_ago", "at_least_months_ago", "at_most_months_ago", "le", "ge"))
    if op == "at_least_months_ago":
        return {"op": op, "months": random.choice((12, 24, 36, 60, {"param": "bench.months"}))}
    if op == "at_most_months_ago":
        return {"op": op, "months": random.choice((120, 180, 240))}
    late = op == "le"
    return {"op": op, "value": _day(random, 0.65 if late else 0.05, 0.95 if late else 0.35)}


def _day(random: Random, low: float, high: float) -> str:
    return (_FIRST_DAY + timedelta(days=round(random.uniform(low, high) * _DAYS))).isoformat()


def _code_condition(random: Random, fact: Fact) -> Json:
    codes = list(fact.codes)
    op = random.choice(("in", "in", "ne", "eq"))
    if op == "in":
        return {"op": op, "values": random.sample(codes, max(1, round(len(codes) * 0.75)))}
    return {"op": op, "value": random.choice(codes)}


def _set_condition(random: Random, codes: list[str]) -> Json:
    if random.random() < 0.7:
        return {"op": "overlaps", "values": random.sample(codes, max(1, round(len(codes) * 0.5)))}
    return {"op": "contains", "values": random.sample(codes, 1)}


def _codes(fact: Fact) -> list[str]:
    return list(fact.codes) or ["wenlv-incentive", "service-relending", "rural-care"]


def _case(random: Random) -> dict[str, Any]:
    stated = {}
    for fact in CATALOGUE:
        key = f"{fact.key}@{PROGRAMME}" if fact.per_programme else fact.key
        value = _value(random, fact)
        stated[key] = None if random.random() < UNKNOWN_SHARE else value
    return stated


def _value(random: Random, fact: Fact) -> Any:
    match fact.type:
        case FactType.BOOL | FactType.ATTESTATION:
            return random.random() < 0.8
        case FactType.INT | FactType.DECIMAL:
            return _number(random, fact, 0, 1)
        case FactType.DATE:
            return _day(random, 0, 1)
        case FactType.ENUM:
            return random.choice(list(fact.codes))
        case FactType.SET:
            codes = _codes(fact)
            return random.sample(codes, random.randint(1, max(1, len(codes) // 2)))
        case FactType.REGION:
            return random.choice(_REGIONS)
