"""Writing a rule down: its shape, then every condition against the fact catalogue and the parameters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, assert_never

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Catalogue, Fact, FactType, UnknownFact
from app.rules.nodes import (
    All,
    AnyOne,
    Attested,
    Between,
    Codes,
    Compare,
    In,
    Known,
    Leaf,
    MonthsAgo,
    Node,
    Not,
    Operand,
    Param,
    Within,
)
from app.rules.operators import OPERATORS
from app.rules.parameters import Parameters
from app.rules.structure import NODE, Problem, RuleRefused, read_structure
from app.rules.values import ValueRefused, read_value

_MONTHS: Final = Fact("months", "月数", FactType.INT, "个月", minimum=Decimal(0), maximum=Decimal(1200))
_REGION: Final = Fact("region", "地区", FactType.REGION)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A checked rule: its typed tree, its leaves with JSON Pointers, and the facts asked. Equal only to itself."""

    root: Node
    leaves: tuple[tuple[str, Leaf], ...]
    facts: dict[str, Fact]
    # What `bind` makes of the rule for a day stays with the rule and goes with it: a stranger's rule leaves nothing.
    bound: dict[object, Any] = field(default_factory=dict, init=False, repr=False)
    # And so does how it is taken apart, once that was asked for.
    demands: dict[object, Any] = field(default_factory=dict, init=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The JSON that `parse` reads back into the same tree."""
        dumped: dict[str, Any] = NODE.dump_python(self.root, mode="json")
        return dumped


def parse(raw: object, *, catalogue: Catalogue = CATALOGUE, parameters: Parameters | None = None, at: str = "") -> Rule:
    """The rule that a JSON tree states, typed by the catalogue.

    `parameters`, where given, must hold every parameter named. Raises RuleRefused with all complaints: unknown
    fact or operator, a value of the wrong type or an unknown code, a parameter of another type, two leaves with
    one id, more than 200 conditions or 32 levels. `at` is put before every JSON Pointer.
    """
    typing = _Typing(catalogue, parameters)
    root = typing.node(read_structure(raw, at), at)
    leaves = tuple(walk(root, at))
    typing.unique_ids(leaves)
    if typing.problems:
        raise RuleRefused(typing.problems)
    return Rule(root, leaves, {fact_key(leaf): catalogue[fact_key(leaf)] for _, leaf in leaves})


def walk(node: Node, at: str = "") -> Iterator[tuple[str, Leaf]]:
    """The leaves of a tree with their JSON Pointers, left to right."""
    match node:
        case All() | AnyOne():
            for index, child in enumerate(node.of):
                yield from walk(child, f"{at}/of/{index}")
        case Not():
            yield from walk(node.of, f"{at}/of")
        case _:
            yield at, node


class _Typing:
    """One pass over a tree that turns written literals into the values of their facts and collects complaints."""

    def __init__(self, catalogue: Catalogue, parameters: Parameters | None) -> None:
        self._catalogue = catalogue
        self._parameters = parameters
        self.problems: list[Problem] = []

    def node(self, node: Node, at: str) -> Node:
        match node:
            case All() | AnyOne():
                children = tuple(self.node(child, f"{at}/of/{index}") for index, child in enumerate(node.of))
                return node.model_copy(update={"of": children})
            case Not():
                return node.model_copy(update={"of": self.node(node.of, f"{at}/of")})
            case _:
                fact = self._fact(node, at)
                return node if fact is None else self._leaf(node, fact, at)

    def unique_ids(self, leaves: Iterable[tuple[str, Leaf]]) -> None:
        seen: set[str] = set()
        for at, leaf in leaves:
            if leaf.id is not None and leaf.id in seen:
                self._complain(f"{at}/id", "duplicate_id", f"条件编号“{leaf.id}”用了两次，请各用各的")
            seen.add(leaf.id or "")

    def _fact(self, leaf: Leaf, at: str) -> Fact | None:
        try:
            fact = self._catalogue[fact_key(leaf)]
        except UnknownFact as error:
            self._complain(f"{at}/fact", "unknown_fact", str(error))
            return None
        if fact.type not in OPERATORS[leaf.op].types:
            self._complain(f"{at}/op", "wrong_operator", f"“{fact.label}”不能用 {leaf.op} 比较")
            return None
        return fact

    def _leaf(self, leaf: Leaf, fact: Fact, at: str) -> Leaf:
        match leaf:
            case Compare():
                return leaf.model_copy(update={"value": self._operand(leaf.value, fact, f"{at}/value")})
            case Between():
                ends: dict[str, object] = {
                    "low": self._operand(leaf.low, fact, f"{at}/low"),
                    "high": self._operand(leaf.high, fact, f"{at}/high"),
                }
                self._in_order(ends["low"], ends["high"], at)
                return leaf.model_copy(update=ends)
            case In():
                values = tuple(self._literal(value, fact, f"{at}/values/{i}") for i, value in enumerate(leaf.values))
                return leaf.model_copy(update={"values": values})
            case Codes():
                for i, value in enumerate(leaf.values):
                    self._literal([value], fact, f"{at}/values/{i}")
                return leaf
            case Within():
                regions = (self._literal(region, _REGION, f"{at}/regions/{i}") for i, region in enumerate(leaf.regions))
                return leaf.model_copy(update={"regions": tuple(regions)})
            case MonthsAgo():
                return leaf.model_copy(update={"months": self._operand(leaf.months, _MONTHS, f"{at}/months")})
            case Known() | Attested():
                return leaf
            case _:
                assert_never(leaf)

    def _operand(self, operand: object, fact: Fact, at: str) -> object:
        if not isinstance(operand, Param):
            return self._literal(operand, fact, at)
        if self._parameters is not None:
            self._check_param(operand, self._parameters, fact, at)
        return operand

    def _check_param(self, operand: Param, parameters: Parameters, fact: Fact, at: str) -> None:
        parameter = parameters.get(operand.param)
        if parameter is None:
            self._complain(f"{at}/param", "unknown_parameter", f"没有参数“{operand.param}”")
        elif not _takes(fact, parameter.type):
            detail = f"参数“{parameter.label}”与“{fact.label}”类型不同"
            self._complain(f"{at}/param", "wrong_parameter_type", detail)
        elif parameter.unit and fact.unit and parameter.unit != fact.unit:
            detail = f"参数“{parameter.label}”以{parameter.unit}计，“{fact.label}”以{fact.unit}计，不能比较"
            self._complain(f"{at}/param", "wrong_parameter_unit", detail)

    def _in_order(self, low: Any, high: Any, at: str) -> None:
        if type(low) is type(high) and not isinstance(low, Param | str | bool) and low > high:
            self._complain(f"{at}/high", "ends_reversed", "上限不能小于下限，请把 low 和 high 对调")

    def _literal(self, raw: object, fact: Fact, at: str) -> object:
        try:
            return read_value(fact, raw)
        except ValueRefused as error:
            self._complain(at, "wrong_value", str(error))
            return raw

    def _complain(self, at: str, code: str, detail: str) -> None:
        self.problems.append(Problem(at, code, detail))


def _takes(fact: Fact, type_: FactType) -> bool:
    """Numbers compare with numbers of either kind, but months are counted whole."""
    return type_ is fact.type or (fact is not _MONTHS and {type_, fact.type} == {FactType.INT, FactType.DECIMAL})


def fact_key(leaf: Leaf) -> str:
    """The key of the leaf's fact: `fact`, or `fact@programme` for an attestation of one programme."""
    programme = leaf.programme if isinstance(leaf, Attested) else None
    return f"{leaf.fact}@{programme}" if programme else leaf.fact


def operands(leaf: Leaf) -> tuple[Operand, ...]:
    """What the leaf compares with: literals and parameters."""
    match leaf:
        case Compare():
            return (leaf.value,)
        case Between():
            return (leaf.low, leaf.high)
        case MonthsAgo():
            return (leaf.months,)
        case In() | Codes():
            return leaf.values
        case Within():
            return leaf.regions
        case Known() | Attested():
            return ()
        case _:
            assert_never(leaf)
