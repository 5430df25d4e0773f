"""Before anything is timed: every peer says what we say, case by case and rule by rule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.rules import Truth
from bench.kernel import Question, verdicts
from bench.peers import Peer


class Disagreement(AssertionError):
    """A peer's encoding, or our kernel, is wrong; no figure of it would mean anything."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many verdicts were compared, and what a two-valued peer says where ours is UNKNOWN."""

    compared: int
    unknown_as_true: int = 0
    unknown_as_false: int = 0


def check(peer: Peer, question: Question) -> Agreement:
    """Three-valued: equal on all. Two-valued: equal wherever we decide; the rest is counted. Raises Disagreement."""
    counts: Counter[float] = Counter()
    compared = 0
    for number, (case, context) in enumerate(zip(question.cases, question.contexts, strict=True)):
        said = peer.verdicts(peer.ask(peer.prepare(context)))
        for place, (ours, theirs) in enumerate(zip(verdicts(question.bound, case), said, strict=True)):
            if ours is Truth.UNKNOWN and not peer.is_three_valued:
                counts[theirs] += 1
            elif ours.value == theirs:
                compared += 1
            else:
                raise Disagreement(f"{peer.label}：案 {number} 规则 {place}：{ours.name} / {theirs}")
    return Agreement(compared, counts[Truth.TRUE.value], counts[Truth.FALSE.value])


def check_columns(label: str, columns: Sequence[Any], rows: Sequence[Sequence[Truth]]) -> int:
    """Verdicts by rule (an array of cases each) against ours by case. Raises Disagreement."""
    for place, column in enumerate(columns):
        wrong = [case for case, row in enumerate(rows) if row[place].value != column[case]]
        if wrong:
            raise Disagreement(f"{label}：规则 {place} 有 {len(wrong)} 案不同")
    return len(columns) * len(rows)


def mixture(question: Question) -> Counter[Truth]:
    """Our verdicts, counted: a question that always has the same answer would compare nothing."""
    return Counter(truth for case in question.cases for truth in verdicts(question.bound, case))
