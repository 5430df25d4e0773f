"""Why a rule says what it says: every condition with the own value, what is wanted, its verdict and its source."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from app.rules.bind import AllOf, Bound, Condition, bind
from app.rules.check import Rule
from app.rules.evaluate import truth_of_condition
from app.rules.facts import Fact, FactType
from app.rules.given import Facts, Provenance, given
from app.rules.nodes import Attested, Citation, Known, MonthsAgo, Within
from app.rules.operators import OPERATORS
from app.rules.parameters import NO_PARAMETERS, Parameters
from app.rules.truth import Truth, kleene_all, kleene_any
from app.rules.values import Value, write_value

Names: TypeAlias = Mapping[str, str]

NO_NAMES: Final[Names] = MappingProxyType({})
_VERDICTS: Final = {Truth.TRUE: "符合", Truth.FALSE: "不符合", Truth.UNKNOWN: "待确认"}
_SOURCES: Final = {
    Provenance.DECLARED: "填报为",
    Provenance.CHECKED: "核实为",
    Provenance.REGISTRY: "登记为",
    Provenance.ASSUMED: "假设为",
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


def findings(explanation: Explanation) -> Iterator[Finding]:
    """The conditions of an explanation, left to right."""
    if isinstance(explanation, Finding):
        yield explanation
    else:
        for member in explanation.of:
            yield from findings(member)


def _finding(condition: Condition, facts: Facts, names: Names) -> Finding:
    fact, truth = condition.fact, truth_of_condition(condition, facts)
    own, stated = _own(condition, facts, names), facts.stated.get(condition.key)
    wanted = demand(condition, names)
    return Finding(
        condition.at,
        condition.leaf.id or condition.at,
        condition.key,
        fact.label,
        own,
        wanted,
        truth,
        f"{fact.label}{wanted}；{_own_part(condition, facts, own)}，{_VERDICTS[truth]}",
        condition.leaf.cite,
        stated.provenance if stated else None,
        condition.can_come_true,
    )


def _own(condition: Condition, facts: Facts, names: Names) -> str | None:
    """The value in words; regions are not kept, since their names may differ from call to call."""
    text = facts.texts.get(condition.key)
    if text is None and (value := facts.values.get(condition.key)) is not None:
        text = write(condition.fact, value, names)
        if condition.fact.type is not FactType.REGION:
            facts.texts[condition.key] = text
    return text


def _own_part(condition: Condition, facts: Facts, own: str | None) -> str:
    if own is None:
        return "尚未认定" if condition.fact.type is FactType.ATTESTATION else "尚未填写"
    part = f"{_SOURCES[facts.stated[condition.key].provenance]}{own}"
    return f"{part}，还要核实" if condition.checked and condition.key not in facts.checked else part


def demand(condition: Condition, names: Names = NO_NAMES) -> str:
    """What the condition asks, in words: 应不低于 5 亿元."""
    return _region_demand(condition, names) if isinstance(condition.leaf, Within) else _demand(condition)


@lru_cache(maxsize=65536)
def _demand(condition: Condition) -> str:
    operator = OPERATORS[condition.leaf.op]
    phrase = operator.negated if condition.negated else operator.phrase
    return phrase.format(wanted=_NOT_SET if condition.wanted is None else _wanted_text(condition))


def _region_demand(condition: Condition, names: Names) -> str:
    operator = OPERATORS[condition.leaf.op]
    regions = condition.leaf.regions if isinstance(condition.leaf, Within) else ()
    phrase = operator.negated if condition.negated else operator.phrase
    return phrase.format(wanted="、".join(names.get(region, region) for region in regions))


def _wanted_text(condition: Condition) -> str:
    fact, wanted, leaf = condition.fact, condition.wanted, condition.leaf
    if isinstance(leaf, Known | Attested):
        return ""
    if isinstance(leaf, MonthsAgo):
        return _months_text(condition)
    if isinstance(wanted, tuple):
        return "和".join(write_value(fact, end) for end in wanted)
    if fact.type is FactType.SET:
        return write_value(fact, wanted)
    if isinstance(wanted, frozenset):
        return "、".join(write_value(fact, value) for value in sorted(wanted))
    return write_value(fact, wanted)


def _months_text(condition: Condition) -> str:
    """The day that decides is said too, because nobody counts months in the head."""
    low, high = condition.wanted
    if condition.leaf.op == "at_least_months_ago":
        side = f"{'晚于' if condition.negated else '不晚于'} {high.isoformat()}"
    else:
        side = f"{'早于' if condition.negated else '不早于'} {low.isoformat()}"
    return f" {condition.months} 个月（即{side}）"


def write(fact: Fact, value: Value, names: Names = NO_NAMES) -> str:
    """The value in words, regions by name."""
    return (
        names.get(value, value) if fact.type is FactType.REGION and isinstance(value, str) else write_value(fact, value)
    )
