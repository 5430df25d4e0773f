"""One step of advice in words: which fact, to what, and how far away that is."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.rules.explain import Names, write
from app.rules.facts import Fact, FactType
from app.rules.given import Facts
from app.rules.values import Value, write_amount, write_value


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one fact, or waiting (`fact` is then "as_of" and `value` the first day).

    `distance` says how far: 还差 2,000 万元, 增加 护理院, 2027-03-01 起满足.
    """

    fact: str
    label: str
    value: Value
    target: str
    distance: str

    @property
    def sentence(self) -> str:
        return f"{self.label}：{self.distance}"


def step_of(fact: Fact | None, key: str, value: Value, facts: Facts, names: Names) -> Step:
    """The step that brings a fact to `value`; without a fact it is waiting until the day `value`."""
    if fact is None:
        day = value.isoformat() if isinstance(value, date) else str(value)
        return Step(key, "时间", value, day, f"{day} 起满足")
    target = write(fact, value, names)
    return Step(key, fact.label, value, target, _distance(fact, value, target, facts.values.get(key)))


def _distance(fact: Fact, value: Value, target: str, current: Value | None) -> str:
    if fact.type is FactType.ATTESTATION:
        return f"需取得{fact.attested_by}认定" if value else f"需由{fact.attested_by}撤回认定"
    if current is None:
        return f"尚未填写；如果是“{target}”，即符合"
    if value == current:
        return f"填报的“{target}”需经主管部门核实"
    if isinstance(value, frozenset) and isinstance(current, frozenset):
        return _set_distance(fact, value, current)
    if isinstance(value, int | Decimal) and isinstance(current, int | Decimal) and not isinstance(value, bool):
        return _number_distance(fact, Decimal(value) - Decimal(current), target)
    return f"需改为“{target}”"


def _set_distance(fact: Fact, value: frozenset[str], current: frozenset[str]) -> str:
    added = f"需增加 {write_value(fact, value - current)}" if value - current else ""
    removed = f"需去掉 {write_value(fact, current - value)}" if current - value else ""
    return "，".join(part for part in (added, removed) if part)


def _number_distance(fact: Fact, gap: Decimal, target: str) -> str:
    amount = write_amount(fact.unit, abs(gap))
    return f"还差 {amount}（达到 {target}）" if gap > 0 else f"需减少 {amount}（降到 {target}）"
