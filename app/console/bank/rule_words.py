"""A rule in words: what may be asked of a fact, and a whole rule as one sentence. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from app.rules.explain import phrase_of
from app.rules.facts import Fact, FactType
from app.rules.operators import OPERATORS

Json = Mapping[str, Any]

NOT: Final = "not:"
# The opposite of these is an operator itself.
_PAIRED: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})
# Of yes and no, 应为是 and 应为否 are all there is to ask.
_NO_USE: Final = frozenset({("bool", "ne"), ("bool", "in")})


def operators(fact: Json) -> dict[str, str]:
    """What may be asked of a fact, as it is said; the negation only of what has no opposite of its own."""
    kind = Fact(fact["key"], fact["label"], FactType(fact["type"]))
    known = [
        key for key, record in OPERATORS.items() if kind.type in record.types and (fact["type"], key) not in _NO_USE
    ]
    plain = {key: _said_of(key, kind, is_negated=False) for key in known}
    return plain | {NOT + key: _said_of(key, kind, is_negated=True) for key in known if key not in _PAIRED}


def _said_of(op: str, fact: Fact, *, is_negated: bool) -> str:
    return phrase_of(op, fact, negated=is_negated).format(wanted="…" if op != "attested" else "主管部门")


def sentence(raw: Json | None, conditions: Sequence[Json]) -> str:
    """A rule in one sentence. `conditions` are the API's, in the rule's order: their label and what is wanted."""
    if raw is None or not conditions:
        return ""
    words = iter(f"{one['label']}{one['wanted']}" for one in conditions)
    return _said(raw, words, is_negated=False, is_inside=False) + "。"


def _said(node: Json, words: Iterator[str], *, is_negated: bool, is_inside: bool) -> str:
    if node["op"] == "not":
        return _said(node["of"], words, is_negated=not is_negated, is_inside=is_inside)
    if node["op"] not in {"all", "any"}:
        return next(words)
    # The conditions are worded as they are demanded: under a `not`, all of them becomes any of their opposites.
    is_all = (node["op"] == "all") != is_negated
    said = [_said(child, words, is_negated=is_negated, is_inside=True) for child in node["of"]]
    if len(said) == 1:
        return said[0]
    joined = ("，并且" if is_all else "，或者").join(said)
    return f"（{joined}）" if is_inside else joined
