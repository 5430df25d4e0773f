"""A second reading of the rules, naive on purpose: it walks the JSON with True, False and None, step by step.

It shares no code with the interpreters it judges; only the catalogue tells it how a value is written.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

from dateutil.relativedelta import relativedelta

from app.rules import Provenance, Stated
from app.rules.catalogue import CATALOGUE
from tests.rules.strategies import Json, RawParameters

Verdict: TypeAlias = bool | None
Tree: TypeAlias = tuple[str, str, Verdict, tuple[Any, ...]]


def verdict(node: Json, facts: Mapping[str, Stated], day: date, parameters: RawParameters) -> Verdict:
    """What the rule says: True, False, or None for unknown."""
    if node["op"] == "not":
        return opposite(verdict(node["of"], facts, day, parameters))
    if node["op"] in {"all", "any"}:
        return joined(node["op"], [verdict(child, facts, day, parameters) for child in node["of"]])
    return condition(node, facts, day, parameters)


def joined(op: str, members: list[Verdict]) -> Verdict:
    """Strong Kleene: one False decides `all`, one True decides `any`; else one unknown leaves it open."""
    decisive = op == "any"
    if decisive in members:
        return decisive
    return None if None in members else not decisive


def opposite(value: Verdict) -> Verdict:
    return None if value is None else not value


def normal_form(
    node: Json, facts: Mapping[str, Stated], day: date, parameters: RawParameters, at: str = "", flip: bool = False
) -> Tree:
    """(pointer, all | any | leaf, verdict, members) with every `not` pushed down to the conditions."""
    if node["op"] == "not":
        return normal_form(node["of"], facts, day, parameters, f"{at}/of", not flip)
    if node["op"] not in {"all", "any"}:
        said = condition(node, facts, day, parameters)
        return at, "leaf", opposite(said) if flip else said, ()
    members = tuple(
        normal_form(child, facts, day, parameters, f"{at}/of/{place}", flip) for place, child in enumerate(node["of"])
    )
    op = {"all": "any", "any": "all"}[node["op"]] if flip else node["op"]
    return at, op, joined(op, [member[2] for member in members]), members


def leaves(node: Json) -> Iterator[Json]:
    """The conditions of a rule, left to right."""
    if node["op"] == "not":
        yield from leaves(node["of"])
    elif node["op"] in {"all", "any"}:
        for child in node["of"]:
            yield from leaves(child)
    else:
        yield node


def key(leaf: Json) -> str:
    """The key under which a case states the fact of a condition."""
    return f"{leaf['fact']}@{leaf['programme']}" if leaf.get("programme") else str(leaf["fact"])


def typed(fact: str, written: Any) -> Any:
    """A JSON value as the thing it stands for."""
    match str(CATALOGUE[fact].type):
        case "decimal":
            return Decimal(written)
        case "int":
            return int(written)
        case "date":
            return written if isinstance(written, date) else date.fromisoformat(written)
        case "set":
            return set(written)
        case _:
            return written


def usable(leaf: Json, facts: Mapping[str, Stated]) -> Any:
    """The value that a condition may look at, or None."""
    stated = facts.get(key(leaf))
    if stated is None or stated.value is None:
        return None
    if leaf.get("checked") and stated.provenance not in {Provenance.CHECKED, Provenance.REGISTRY}:
        return None
    return typed(key(leaf), stated.value)


def in_force(operand: Any, day: date, parameters: RawParameters) -> Any:
    """The value of a named parameter on the day, or None; a literal as it is."""
    if not isinstance(operand, dict):
        return operand
    for start, end, value in parameters[operand["param"]]:
        if start <= day and (end is None or day < end):
            return value
    return None


def condition(leaf: Json, facts: Mapping[str, Stated], day: date, parameters: RawParameters) -> Verdict:
    """What one condition says."""
    own = usable(leaf, facts)
    if leaf["op"] == "known":
        return own is not None
    if own is None:
        return None
    if leaf["op"].endswith("_months_ago"):
        return _months(leaf["op"], own, in_force(leaf["months"], day, parameters), day)
    operands = [in_force(leaf[name], day, parameters) for name in ("value", "low", "high") if name in leaf]
    if None in operands:
        return None
    return _test(leaf, own, [typed(key(leaf), operand) for operand in operands])


def _months(op: str, own: date, months: int | None, day: date) -> Verdict:
    if months is None:
        return None
    full = own + relativedelta(months=months)
    if own > day:
        return False
    return full <= day if op == "at_least_months_ago" else full >= day


def _test(leaf: Json, own: Any, operands: list[Any]) -> bool:
    op: str = leaf["op"]
    match op:
        case "eq":
            return bool(own == operands[0])
        case "ne":
            return bool(own != operands[0])
        case "lt":
            return bool(own < operands[0])
        case "le":
            return bool(own <= operands[0])
        case "gt":
            return bool(own > operands[0])
        case "ge":
            return bool(own >= operands[0])
        case "between":
            return bool(own >= operands[0]) and bool(own <= operands[1])
        case "in":
            return any(own == typed(key(leaf), value) for value in leaf["values"])
        case "overlaps":
            return any(code in own for code in leaf["values"])
        case "contains":
            return all(code in own for code in leaf["values"])
        case "within":
            return any(_lies_in(own, region) for region in leaf["regions"])
        case "attested":
            return bool(own)
        case _:
            raise AssertionError(leaf)


def _lies_in(own: str, region: str) -> bool:
    while region.endswith("00"):
        region = region[:-2]
    return own[: len(region)] == region
