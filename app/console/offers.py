"""An offer as it is drawn: its conditions in the groups of which one is enough, its sources numbered, its amount.

What an offer says comes from the API (`ProgrammeMatchOut` or `ProductMatchOut` as JSON); here it is only laid out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from app.console.words import percent, wan

Json = Mapping[str, Any]

_MOST_NAMED: Final = 3
_WAN: Final = 10_000
_FIRST_CIRCLED: Final = ord("①")
_CIRCLED: Final = 20
_PARTS: Final = "甲乙丙丁戊己庚辛壬癸"
# What an offer is, in a word; of the API's `benefit.kind`.
KINDS: Final = {
    "interest_subsidy": "贷款贴息",
    "grant": "建设补助",
    "credit": "信贷支持",
    "security": "担保方式",
    "bond": "债券融资",
    "land": "用地",
    "approval": "审批服务",
    "tax_and_utilities": "税费和水电气热",
    "operating_subsidy": "运营补助",
    "fund": "基金",
    "listing": "上市发债",
    "guarantee": "融资担保",
    "relending": "再贷款",
    "whitelist": "白名单",
    "training_subsidy": "培训补贴",
    "reward": "奖励",
    "investment": "投资",
    "credit_record": "信用记录",
    "partnership": "合作",
    "information": "信息",
}
# Who vouches for a value; what somebody fills in himself needs no word.
PROVENANCES: Final = {"checked": "已核实", "registry": "登记信息", "assumed": "假设"}
FORCES: Final = {"O": "条款规定应给予", "E": "条款鼓励", "I": "仅供了解"}
_PER: Final = {"bed": "每张床位", "person": "每人", "project": "每个项目", "year": "每年", "institution": "每家机构"}


@dataclass(frozen=True, slots=True)
class Source:
    """A clause, or what stands in its place, with the number under which conditions refer to it."""

    number: int
    citation: Json

    @property
    def mark(self) -> str:
        """① to ⑳, then (21)."""
        return chr(_FIRST_CIRCLED + self.number - 1) if self.number <= _CIRCLED else f"({self.number})"


@dataclass(frozen=True, slots=True)
class Row:
    """One condition. `is_decisive` is false where another alternative of its group is met anyway."""

    condition: Json
    source: Source | None
    part: str
    is_decisive: bool

    @property
    def tint(self) -> str:
        """The tint of the row: what is met needs none."""
        kind = {"false": "bad", "unknown": "warn"}.get(self.condition["truth"], "")
        return kind if self.is_decisive else ""

    @property
    def claim(self) -> str:
        """What is asked of what its label names; nothing where the label says all."""
        label, wanted = self.condition["label"], self.condition["wanted"]
        return "" if label == wanted else str(wanted)


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions one after the other; with `is_choice` each `part` of them is enough."""

    is_choice: bool
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All conditions of an offer, and where they stand."""

    groups: tuple[Group, ...]
    sources: tuple[Source, ...]


def ledger(offer: Json) -> Ledger:
    """The conditions of an offer as they are drawn; its own clause is the first source."""
    sources = _sources(offer)
    groups = tuple(_group(is_choice, some, sources) for is_choice, some in lettered(offer["conditions"]))
    return Ledger(groups, tuple(sources.values()))


def _sources(offer: Json) -> dict[str, Source]:
    cited = [*([offer["citation"]] if "citation" in offer else []), *(one["citation"] for one in offer["conditions"])]
    by_label = {one["label"]: one for one in reversed(cited) if one["label"] and one["label"] != _BY_BANK}
    labels = dict.fromkeys(one["label"] for one in cited if one["label"] in by_label)
    return {label: Source(number, by_label[label]) for number, label in enumerate(labels, start=1)}


_BY_BANK: Final = "由银行审核"


def lettered(conditions: Sequence[Json]) -> list[tuple[bool, list[tuple[str, Json]]]]:
    """Conditions in runs: those needed by themselves, and groups of which one lettered member (甲, 乙) is enough."""
    runs = groupby(conditions, key=lambda one: one["any_of"])
    return [(group is not None, _letters(list(some), is_choice=group is not None)) for group, some in runs]


def _letters(conditions: Sequence[Json], *, is_choice: bool) -> list[tuple[str, Json]]:
    members = list(dict.fromkeys(one["alternative"] for one in conditions))
    return [(_PARTS[members.index(one["alternative"]) % len(_PARTS)] if is_choice else "", one) for one in conditions]


def _group(is_choice: bool, some: Sequence[tuple[str, Json]], sources: Mapping[str, Source]) -> Group:
    met = {part for part, _ in some if all(one["truth"] == "true" for other, one in some if other == part)}
    rows = (
        Row(one, sources.get(one["citation"]["label"]), part, not is_choice or not met or part in met)
        for part, one in some
    )
    return Group(is_choice, tuple(rows))


def kind_of(offer: Json) -> str:
    """What an offer is, and who gives it."""
    if "bank_name" in offer:
        return f"银行产品 · {offer['bank_name']}"
    given = KINDS.get(offer["benefit"]["kind"], "扶持政策")
    offices = offer["departments"]
    if len(offices) > _MOST_NAMED:
        return f"{given} · {'、'.join(offices[: _MOST_NAMED - 1])}等 {len(offices)} 个部门"
    return f"{given} · {'、'.join(offices)}" if offices else given


def amount_of(offer: Json) -> tuple[str, str, str] | None:
    """What is said above an amount, the amount, and what is said below it; None where there is none to say."""
    if "bank_name" in offer:
        return _rate_of(offer)
    benefit, quote = offer["benefit"], offer["quote"]
    if quote is not None:
        return "贴息合计，各口径之间", span(quote["range"]["low_yuan"], quote["range"]["high_yuan"]), "测算，非承诺"
    if benefit["amount_yuan"] is not None:
        return _per(benefit), wan(benefit["amount_yuan"]), ""
    if benefit["ceiling_yuan"] is not None:
        return f"{_per(benefit)}最高".strip(), wan(benefit["ceiling_yuan"]), ""
    return ("比例", benefit["share"], "") if benefit["share"] else None


def _per(benefit: Json) -> str:
    return _PER.get(benefit["per"] or "", "")


def _rate_of(offer: Json) -> tuple[str, str, str] | None:
    rate, net = offer["rate"], offer["net_rate"]
    if rate["low_percent"] is None and rate["high_percent"] is None:
        return None
    below = "" if net is None or net["net_rate_percent"] is None else f"贴息后约 {percent(net['net_rate_percent'])}"
    ends = dict.fromkeys(percent(end) for end in (rate["low_percent"], rate["high_percent"]) if end is not None)
    return "年利率", "–".join(ends), below


def span(low: str | None, high: str | None) -> str:
    """Two amounts in 万元 as a range, or the one that both are."""
    if low is None or high is None:
        return "—"
    ends = dict.fromkeys(f"{Decimal(end) / _WAN:,.2f}" for end in (low, high))
    return f"{'–'.join(ends)} 万元"


FILTERS: Final = {"ledger": ledger, "offer_kind": kind_of, "offer_amount": amount_of}
