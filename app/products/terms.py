"""From a product's typed terms to one rule: what it is for, what it lends, what the law allows as security.

Who may pledge what is law, not taste. A non-profit institution cannot mortgage its care facilities (民法典 art. 399;
法释〔2020〕28号 art. 6); a for-profit one can, and so can anybody with other property or with rights. Retained title
and finance lease are excepted by the same article and are no securities of the catalogue.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from app.rules.check import Rule, parse
from app.rules.facts import Subject
from app.rules.nodes import Leaf
from app.rules.parameters import Parameters
from app.rules.structure import Problem, RuleRefused

# The ids of the conditions made here; a bank's own conditions are named otherwise.
REGION: Final = "region"
AMOUNT: Final = "amount"
TERM: Final = "term"
PURPOSE: Final = "purpose"
SECURITIES: Final = "securities"
SECURITY_LAW: Final = "security_law"
SECURITY_PROPERTY: Final = "security_property"
RESERVED_IDS: Final = frozenset({REGION, AMOUNT, TERM, PURPOSE, SECURITIES, SECURITY_LAW, SECURITY_PROPERTY})

# Securities over land, buildings and things, which may be the care facility itself. Rights (receivables, fees, beds'
# operation, shares, patents) are other property, and a guarantor pledges nothing of the institution's.
FACILITY_KINDS: Final = frozenset({"real_estate", "paid_land_use_right", "construction_in_progress", "movables"})
_UNSECURED: Final = "credit"
_LAW: Final = {"law": "民法典", "article": "399"}

_Node = dict[str, Any]


class ProductRules(NamedTuple):
    """The rule of a product: `all` of its parts, of which the first `applies_count` say whether it is for the case.

    If one of those is FALSE, the product is not for this kind of case; if any other part is, the case does not fit.
    """

    rule: Rule
    applies_count: int


class OwnRules(NamedTuple):
    """The bank's own conditions as JSON, checked."""

    applies: _Node | None
    requires: _Node | None


@dataclass(frozen=True, slots=True)
class Generated:
    """The typed terms that become conditions. Empty tuples restrict nothing."""

    regions: tuple[str, ...]
    low_yuan: Decimal
    high_yuan: Decimal
    low_months: int
    high_months: int
    purposes: tuple[str, ...]
    securities: tuple[str, ...]

    def region(self) -> Iterator[_Node]:
        """Where the borrower is, if the product is not for the whole province."""
        if self.regions:
            yield _leaf(REGION, "办理地区", "within", "institution.region_code", regions=list(self.regions))

    def lending(self) -> Iterator[_Node]:
        """How much, for how long and for what."""
        low, high = str(self.low_yuan), str(self.high_yuan)
        yield _leaf(AMOUNT, "贷款金额", "between", "need.amount_yuan", low=low, high=high)
        yield _leaf(TERM, "贷款期限", "between", "need.term_months", low=self.low_months, high=self.high_months)
        if self.purposes:
            yield _leaf(PURPOSE, "贷款用途", "in", "need.purpose", values=list(self.purposes))

    def security(self) -> Iterator[_Node]:
        """What can be pledged; a product that also lends on credit demands nothing."""
        if not self.securities or _UNSECURED in self.securities:
            return
        yield _leaf(SECURITIES, "担保方式", "overlaps", "need.securities", values=list(self.securities))
        if FACILITY_KINDS.issuperset(self.securities):
            yield _security_law()


def own_rules(
    applies: _Node | None, requires: _Node | None, internal: Sequence[str], parameters: Parameters | None
) -> OwnRules:
    """The bank's conditions, checked together. Raises RuleRefused with pointers into the record."""
    problems: list[Problem] = []
    leaves: list[tuple[str, Leaf]] = []
    for name, raw in (("applies", applies), ("requires", requires)):
        try:
            leaves.extend(() if raw is None else parse(raw, parameters=parameters, at=f"/{name}").leaves)
        except RuleRefused as refusal:
            problems.extend(refusal.problems)
    problems.extend(_misnamed(leaves))
    # A rule that could not be read has ids that nobody knows, so nothing is said about them.
    problems.extend(() if problems else _not_there(internal, {leaf.id for _, leaf in leaves}))
    if problems:
        raise RuleRefused(problems)
    return OwnRules(applies, requires)


def joined(own: OwnRules, generated: Generated) -> ProductRules:
    """One rule of all parts, in the order in which people read them."""
    front = [*generated.region(), *_present(own.applies)]
    rest = [*generated.lending(), *generated.security(), *_present(own.requires)]
    return ProductRules(parse({"op": "all", "of": [*front, *rest]}), len(front))


def _present(node: _Node | None) -> list[_Node]:
    return [] if node is None else [node]


def _leaf(id_: str, label: str, op: str, fact: str, **operands: object) -> _Node:
    return {"op": op, "fact": fact, **operands, "id": id_, "cite": {"own": f"产品条款：{label}"}}


def _security_law() -> _Node:
    """A for-profit borrower, or property that is not the care facility; unknown where either is."""
    return {
        "op": "any",
        "of": [
            {"op": "eq", "fact": "institution.for_profit", "value": True, "id": SECURITY_LAW, "cite": _LAW},
            {
                "op": "eq",
                "fact": "need.security_property",
                "value": "other",
                "id": SECURITY_PROPERTY,
                "cite": _LAW,
            },
        ],
    }


def _misnamed(leaves: Iterable[tuple[str, Leaf]]) -> Iterator[Problem]:
    """Conditions without an id of their own, and those that no case of a product could ever answer."""
    seen: set[str] = set()
    for at, leaf in leaves:
        if leaf.id is None:
            yield Problem(f"{at}/id", "missing_id", "每个条件都要有编号 id，只用小写字母、数字和下划线")
        elif leaf.id in RESERVED_IDS:
            yield Problem(f"{at}/id", "reserved_id", f"编号“{leaf.id}”留给产品条款自动生成的条件，请换一个")
        elif leaf.id in seen:
            yield Problem(f"{at}/id", "duplicate_id", f"条件编号“{leaf.id}”用了两次，请各用各的")
        if leaf.fact.partition(".")[0] == Subject.LOAN:
            yield Problem(f"{at}/fact", "never_known", "产品对照机构、项目和资金需求，不能问已有贷款的事实")
        seen.add(leaf.id or "")


def _not_there(internal: Sequence[str], ids: set[str | None]) -> Iterator[Problem]:
    for index, name in enumerate(internal):
        if name not in ids:
            yield Problem(f"/internal/{index}", "unknown_id", f"applies 和 requires 里没有编号为“{name}”的条件")
