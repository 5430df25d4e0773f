"""Our side: rules parsed and bound, cases read, and the questions that are timed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.rules import Advice, Facts, Rule, Truth, advise, evaluate, explain, findings, given, parse
from app.rules.bind import Bound, bind
from bench.plain import Context, Plain, asked, context, plain
from bench.workload import AS_OF, PARAMETERS, Json, cases_as_json, rules_as_json


@dataclass(frozen=True)
class Question:
    """Cases to be decided by rules on one day."""

    rules: tuple[Rule, ...]
    cases: tuple[Facts, ...]

    @cached_property
    def bound(self) -> list[Bound]:
        return [bind(rule, AS_OF, PARAMETERS) for rule in self.rules]

    @cached_property
    def plain(self) -> list[Plain]:
        """The rules as peers take them."""
        return [plain(bound) for bound in self.bound]

    @cached_property
    def contexts(self) -> list[Context]:
        """The cases as peers take them."""
        names = asked(self.plain)
        return [context(case, names) for case in self.cases]


def question(rules: int, cases: int) -> Question:
    """The first rules and cases of the workload."""
    return Question(parsed(rules_as_json(rules)), tuple(given(case) for case in cases_as_json(cases)))


def parsed(rules: Iterable[Json]) -> tuple[Rule, ...]:
    return tuple(parse(rule, parameters=PARAMETERS) for rule in rules)


def untold(case: Facts) -> Facts:
    """The same facts as a new case, for which nothing has been written out yet."""
    return Facts(case.values, case.checked, case.stated)


def verdicts(rules: Sequence[Bound], case: Facts) -> list[Truth]:
    """Rules that are bound to their day, which is what every peer is given too."""
    return [rule.verdict(case) for rule in rules]


def verdicts_of_rules(rules: Sequence[Rule], case: Facts) -> list[Truth]:
    """The public function, which looks the bound rule up first."""
    return [evaluate(rule, case, AS_OF, PARAMETERS) for rule in rules]


def explained(rules: Sequence[Rule], case: Facts) -> int:
    """Every rule explained and every field of every finding read; how many findings there were."""
    fresh, count = untold(case), 0
    for rule in rules:
        for finding in findings(explain(rule, fresh, AS_OF, PARAMETERS)):
            count += _read(*finding)
    return count


def _read(*_fields: Any) -> int:
    return 1


def explained_unread(rules: Sequence[Rule], case: Facts) -> None:
    """Every sentence is rendered, nobody reads it."""
    fresh = untold(case)
    for rule in rules:
        explain(rule, fresh, AS_OF, PARAMETERS)


def advised(rules: Sequence[Rule], case: Facts) -> list[Advice]:
    return [advise(rule, case, AS_OF, PARAMETERS) for rule in rules]
