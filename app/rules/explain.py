"""Why a rule says what it says: every condition with the own value, what is wanted, its verdict and its source."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from app.rules.bind import AllOf, Bound, Condition, bind
from app.rules.check import Rule, operands
from app.rules.facts import Fact, FactType
from app.rules.given import Facts, Provenance, Told, given
from app.rules.nodes import Attested, Citation, Known, MonthsAgo
from app.rules.operators import OPERATORS
from app.rules.parameters import NO_PARAMETERS, Parameters
from app.rules.truth import Truth, kleene_all, kleene_any
from app.rules.values import Value, write_value

Names: TypeAlias = Mapping[str, str]

NO_NAMES: Final[Names] = MappingProxyType({})
_VERDICTS: Final = {Truth.TRUE: "，符合", Truth.FALSE: "，不符合", Truth.UNKNOWN: "，待确认"}
_SOURCES: Final = {
    Provenance.DECLARED: "填报为",
    Provenance.CHECKED: "核实为",
    Provenance.REGISTRY: "登记为",
    Provenance.ASSUMED: "假设为",
}
_OF_DAYS: Final = {
    "应低于{wanted}": "应早于{wanted}",
    "应不低于{wanted}": "应不早于{wanted}",
    "应超过{wanted}": "应晚于{wanted}",
    "应不超过{wanted}": "应不晚于{wanted}",
}
_NOT_SET: Final = "（当日没有规定数值）"


# Findings are named tuples, which are frozen too and made four times as fast as frozen dataclasses: a page of
# answers holds thousands of them.
class Finding(NamedTuple):
    """One condition, worded as it is demanded: under a `not` both the wording and the verdict are turned around.

    `own` is None where the fact is unknown; `changeable` says whether the applicant can change it within a year,
    or it comes true by waiting.
    """

    at: str
    id: str
    fact: str
    label: str
    own: str | None
    wanted: str
    truth: Truth
    sentence: str
    citation: Citation | None
    provenance: Provenance | None
    changeable: bool


class Findings(NamedTuple):
    """A group: `all` or `any` (negations are pushed down to the conditions), its verdict and its members."""

    at: str
    op: str
    truth: Truth
    of: tuple["Explanation", ...]


Explanation: TypeAlias = Finding | Findings


def explain(
    rule: Rule,
    facts: Mapping[str, object] | Facts,
    as_of: date,
    parameters: Parameters = NO_PARAMETERS,
    names: Names = NO_NAMES,
) -> Explanation:
    """The verdict of the rule as a tree of findings; its root's `truth` is what `evaluate` says.

    `names` gives region codes their names. Raises what `evaluate` raises.
    """
    return explain_bound(bind(rule, as_of, parameters), given(facts), names)


def explain_bound(bound: Bound, facts: Facts, names: Names = NO_NAMES) -> Explanation:
    """The explanation of a rule bound to its day."""
    if isinstance(bound, Condition):
        return _finding(bound, facts, names)
    members = tuple([explain_bound(child, facts, names) for child in bound.of])
    truths = [member.truth for member in members]
    if isinstance(bound, AllOf):
        return Findings(bound.at, "all", kleene_all(truths), members)
    return Findings(bound.at, "any", kleene_any(truths), members)


def findings(explanation: Explanation) -> list[Finding]:
    """The conditions of an explanation, left to right."""
    found: list[Finding] = []
    _collect(explanation, found)
    return found


def _collect(explanation: Explanation, found: list[Finding]) -> None:
    if isinstance(explanation, Finding):
        found.append(explanation)
    else:
        for member in explanation.of:
            _collect(member, found)


class Alternative(NamedTuple):
    """One member of a group of which one member is enough: the pointers of the group and of the member."""

    group: str
    member: str


def leaves(explanation: Explanation, within: Alternative | None = None) -> Iterator[tuple[Finding, Alternative | None]]:
    """The conditions left to right, each with the nearest alternative that it belongs to."""
    if isinstance(explanation, Finding):
        yield explanation, within
        return
    for member in explanation.of:
        inside = Alternative(explanation.at, member.at) if explanation.op == "any" else within
        yield from leaves(member, inside)


class _Asked(NamedTuple):
    """What a finding says of its condition alone, whatever the case."""

    at: str
    id: str
    fact: str
    label: str
    wanted: str
    claim: str
    citation: Citation | None
    changeable: bool


def _finding(condition: Condition, facts: Facts, names: Names) -> Finding:
    at, name, fact, label, wanted, claim, citation, changeable = (
        _asked(condition, names) if condition.fact.is_named_elsewhere else _asked_anywhere(condition)
    )
    own, said, provenance = facts.told.get(fact) or _told(condition, facts, names)
    if condition.checked and own is not None and fact not in facts.checked:
        said = f"{said}，还要核实"
    truth = condition.verdict(facts)
    sentence = f"{claim}{said}{_VERDICTS[truth]}"
    return Finding(at, name, fact, label, own, wanted, truth, sentence, citation, provenance, changeable)


@lru_cache(maxsize=16384)
def _asked_anywhere(condition: Condition) -> _Asked:
    """Kept for all cases to come; not where others know the names, which may differ from call to call."""
    return _asked(condition, NO_NAMES)


def _asked(condition: Condition, names: Names) -> _Asked:
    fact, leaf, wanted = condition.fact, condition.leaf, demand(condition, names)
    return _Asked(
        condition.at,
        leaf.id or condition.at,
        condition.key,
        fact.label,
        wanted,
        f"{fact.label}{wanted}；",
        leaf.cite,
        condition.can_come_true,
    )


def _told(condition: Condition, facts: Facts, names: Names) -> Told:
    """What the case says of the fact, kept for its other conditions; not where others know the names, as above."""
    fact, stated = condition.fact, facts.stated.get(condition.key)
    if stated is None:
        told = Told(None, "尚未认定" if fact.type is FactType.ATTESTATION else "尚未填写", None)
    else:
        own = write(fact, facts.values[condition.key], names)
        told = Told(own, f"{_SOURCES[stated.provenance]}{_spaced(own)}", stated.provenance)
    if not fact.is_named_elsewhere:
        facts.told[condition.key] = told
    return told


def demand(condition: Condition, names: Names = NO_NAMES) -> str:
    """What the condition asks, in words: 应不低于 5 亿元."""
    wanted = _NOT_SET if condition.wanted is None else _wanted_text(condition, names)
    return phrase_of(condition.leaf.op, condition.fact, negated=condition.negated).format(wanted=_spaced(wanted))


def phrase_of(op: str, fact: Fact, *, negated: bool) -> str:
    """The operator's phrase; days come before and after each other and are neither low nor high."""
    phrase = OPERATORS[op].negated if negated else OPERATORS[op].phrase
    return _OF_DAYS.get(phrase, phrase) if fact.type is FactType.DATE else phrase


def _spaced(text: str) -> str:
    """Chinese and a number stand apart."""
    return f" {text}" if text[:1].isascii() and text[:1].isdigit() else text


def _wanted_text(condition: Condition, names: Names) -> str:
    fact, wanted, leaf = condition.fact, condition.wanted, condition.leaf
    if isinstance(leaf, Known):
        return ""
    if isinstance(leaf, Attested):
        return fact.attested_by
    if fact.is_named_elsewhere:
        return "、".join(names.get(str(code), str(code)) for code in operands(leaf))
    if isinstance(leaf, MonthsAgo):
        return _months_text(condition)
    if isinstance(wanted, tuple):
        return "和".join(_spaced(write_value(fact, end)) for end in wanted).strip()
    if fact.type is FactType.SET:
        return write_value(fact, wanted)
    if isinstance(wanted, frozenset):
        order = [*fact.codes].index if fact.codes else None
        return "、".join(write_value(fact, value) for value in sorted(wanted, key=order))
    return write_value(fact, wanted)


def _months_text(condition: Condition) -> str:
    """The day that decides is said too, because nobody counts months in the head."""
    low, high = condition.wanted
    if condition.leaf.op == "at_least_months_ago":
        side = f"{'晚于' if condition.negated else '不晚于'} {high.isoformat()}"
    else:
        side = f"{'早于' if condition.negated else '不早于'} {low.isoformat()}"
    return f"{condition.months} 个月（即{side}）"


def write(fact: Fact, value: Value, names: Names = NO_NAMES) -> str:
    """The value in words; regions and programmes by the names given."""
    if not fact.is_named_elsewhere:
        return write_value(fact, value)
    codes = sorted(value) if isinstance(value, frozenset) else [str(value)]
    return "、".join(names.get(code, code) for code in codes) or "无"
