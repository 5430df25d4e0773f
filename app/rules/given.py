"""The facts of one case as they were given: typed values, who vouches for them, and what is unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Catalogue, UnknownFact
from app.rules.structure import Problem, pointer
from app.rules.values import Value, ValueRefused, read_value


class Provenance(StrEnum):
    """Declared by the applicant, checked by an office on a day, taken from a registry, or assumed in a self-check."""

    DECLARED = "declared"
    CHECKED = "checked"
    REGISTRY = "registry"
    ASSUMED = "assumed"

    # As for any str, without the detour of Enum through Python; every finding looks its source up.
    __hash__ = str.__hash__


_VOUCHED: Final = frozenset({Provenance.CHECKED, Provenance.REGISTRY})


@dataclass(frozen=True, slots=True)
class Stated:
    """A value with its provenance and, where an office checked it, the day."""

    value: object
    provenance: Provenance = Provenance.DECLARED
    on: date | None = None


class FactsRefused(ValueError):
    """Facts that the catalogue does not take; `problems` has a JSON Pointer, code and Chinese sentence for each."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("；".join(f"{problem.pointer} {problem.detail}" for problem in problems[:5]))
        self.problems = tuple(problems)


class Told(NamedTuple):
    """A stated value in words, a clause that says who stated it, and its provenance; without a value, that it lacks."""

    own: str | None
    said: str
    provenance: Provenance | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Typed values by fact key. What is absent is unknown; `checked` are those an office or a registry vouches for.

    `told` keeps the values written out so far: many rules ask the same few facts of one case.
    """

    values: dict[str, Value]
    checked: frozenset[str]
    stated: dict[str, Stated]
    told: dict[str, Told] = field(default_factory=dict, init=False, repr=False, compare=False)

    def usable(self, key: str, checked: bool) -> Value | None:
        """The value of a fact, or None where it is unknown or, if `checked` is demanded, only declared."""
        return None if checked and key not in self.checked else self.values.get(key)

    def with_values(self, changes: Mapping[str, Value]) -> "Facts":
        """These facts with some values changed or added, as if an office had confirmed the new ones."""
        stated = {key: Stated(value, Provenance.CHECKED) for key, value in changes.items()}
        return Facts({**self.values, **changes}, self.checked | changes.keys(), {**self.stated, **stated})


def given(facts: Mapping[str, object] | Facts, catalogue: Catalogue = CATALOGUE, at: str = "") -> Facts:
    """The facts of a mapping from key to value or `Stated`; None means unknown. FactsRefused names every bad one."""
    if isinstance(facts, Facts):
        return facts
    values: dict[str, Value] = {}
    stated: dict[str, Stated] = {}
    problems: list[Problem] = []
    for key, raw in facts.items():
        statement = raw if isinstance(raw, Stated) else Stated(raw)
        if statement.value is None:
            continue
        try:
            values[key] = read_value(catalogue[key], statement.value)
            stated[key] = statement
        except UnknownFact as error:
            problems.append(Problem(pointer(at, key), "unknown_fact", str(error)))
        except ValueRefused as error:
            problems.append(Problem(pointer(at, key), "wrong_value", str(error)))
    if problems:
        raise FactsRefused(problems)
    vouched = frozenset(key for key, statement in stated.items() if statement.provenance in _VOUCHED)
    return Facts(values, vouched, stated)
