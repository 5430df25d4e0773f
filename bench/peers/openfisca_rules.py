"""openfisca-core (numpy): many cases at once. Three-valued with a second variable that says whether a fact is known."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, TypeAlias

import numpy
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulations import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.variables import Variable

from app.rules.facts import FactType
from bench.plain import Context, Plain, Term, asked

# Arrays of booleans: where a node is TRUE, and where it is FALSE.
Decided: TypeAlias = tuple[Any, Any]
Read: TypeAlias = Callable[[str], Any]

_ETERNITY: Final = "eternity"
_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": numpy.equal,
    "ne": numpy.not_equal,
    "lt": numpy.less,
    "le": numpy.less_equal,
    "gt": numpy.greater,
    "ge": numpy.greater_equal,
}


class OpenFisca:
    """A tax-benefit system with a variable for each fact, for its being known, and for each rule."""

    label = "openfisca-core 批量"

    def __init__(self, rules: Sequence[Plain], day: date) -> None:
        self._day, self._count = day.isoformat(), len(rules)
        self._types = asked(rules)
        self._codes: dict[str, dict[str, int]] = {name: {} for name in self._types}
        entity = build_entity(key="case", plural="cases", label="案", is_person=True)
        self._system = TaxBenefitSystem([entity])
        for name in self._types:
            self._add(entity, name, value_type=int, definition_period=DateUnit.ETERNITY)
            self._add(entity, f"{name}_known", value_type=bool, definition_period=DateUnit.ETERNITY)
        for number, rule in enumerate(rules):
            formula = self._formula(rule)
            self._add(entity, f"rule_{number}", value_type=int, definition_period=DateUnit.DAY, formula=formula)

    def prepare(self, contexts: Sequence[Context]) -> dict[str, Any]:
        """The cases as a column for each variable; not timed."""
        columns: dict[str, Any] = {}
        for name in self._types:
            values = [context[name] for context in contexts]
            numbers = [0 if value is None else self._number(name, value) for value in values]
            columns[name] = numpy.array(numbers, dtype=numpy.int32)
            columns[f"{name}_known"] = numpy.array([value is not None for value in values])
        return columns

    def ask(self, columns: dict[str, Any]) -> list[Any]:
        """The verdicts of every rule, an array each, from a new simulation."""
        count = len(next(iter(columns.values())))
        simulation = SimulationBuilder().build_default_simulation(self._system, count)
        for name, column in columns.items():
            simulation.set_input(name, _ETERNITY, column)
        return [simulation.calculate(f"rule_{number}", self._day) for number in range(self._count)]

    def _add(self, entity: Any, name: str, **attributes: Any) -> None:
        self._system.add_variable(type(name, (Variable,), {"entity": entity, "label": name, **attributes}))

    def _formula(self, rule: Plain) -> Callable[[Any, Any, Any], Any]:
        def formula(cases: Any, _period: Any, _parameters: Any) -> Any:
            true, false = self._decided(rule, lambda name: cases(name, _ETERNITY))
            return 1 + true.astype(numpy.int32) - false

        return formula

    def _decided(self, node: Plain, read: Read) -> Decided:
        if isinstance(node, Term):
            return self._term(node, read)
        members = [self._decided(child, read) for child in node.of]
        true, false = [true for true, _ in members], [false for _, false in members]
        if node.op == "all":
            return numpy.logical_and.reduce(true), numpy.logical_or.reduce(false)
        return numpy.logical_or.reduce(true), numpy.logical_and.reduce(false)

    def _term(self, term: Term, read: Read) -> Decided:
        known = read(f"{term.name}_known")
        if term.op == "known":
            met, unmet = known, ~known
        else:
            holds = self._condition(term, read(term.name))
            met, unmet = known & holds, known & ~holds
        return (unmet, met) if term.negated else (met, unmet)

    def _condition(self, term: Term, own: Any) -> Any:
        wanted = term.wanted
        match term.op:
            case "between":
                return (own >= wanted[0]) & (own <= wanted[1])
            case "in":
                return numpy.isin(own, [self._number(term.name, one) for one in wanted])
            case "overlaps":
                return (own & self._number(term.name, wanted)) != 0
            case "contains":
                mask = self._number(term.name, wanted)
                return (own & mask) == mask
            case "within":
                return numpy.logical_or.reduce([own // 10 ** (6 - len(one)) == int(one) for one in wanted])
            case op:
                return _COMPARISONS[op](own, self._number(term.name, wanted))

    def _number(self, name: str, value: Any) -> int:
        """32 bits for everything: numbers and booleans as they are, codes by their order, sets as bit masks."""
        match self._types[name]:
            case FactType.SET:
                return sum(1 << self._code(name, code) for code in value)
            case FactType.ENUM:
                return self._code(name, value)
            case _:
                return int(value)

    def _code(self, name: str, code: str) -> int:
        return self._codes[name].setdefault(code, len(self._codes[name]))
