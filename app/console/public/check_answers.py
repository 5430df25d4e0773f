"""The answers of a self-check. They stand in the address, in the order in which they were given, and nowhere else.

    /check/3?kind=institution&institution.region_code=140105&institution.kinds=elderly_home&institution.kinds=day_care

An answer left empty was skipped: the fact is not known, and is not asked again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from app.console.fact_forms import NONE_OF_THEM, in_words
from app.console.forms import number, plain
from app.console.words import wan

Json = Mapping[str, Any]
Catalogue = Mapping[str, Json]

_WAN: Final = 10_000
_CLOSED: Final = "closed"
_SECONDARY: Final = "secondary"
_HEARSAY: Final = 0.25


@dataclass(frozen=True, slots=True)
class Kind:
    """What somebody checks: what is known of it from the start, and the nouns of which nothing is asked."""

    code: str
    name: str
    more: str
    facts: Json
    never: tuple[str, ...] = ()

    @property
    def is_project(self) -> bool:
        return not self.never


KINDS: Final = (
    Kind(
        "institution", "养老机构", "养老院、敬老院、日间照料、助餐点；也包括护理培训和老年用品企业", {}, ("project.",)
    ),
    Kind(
        "kangyang",
        "康养项目",
        "避暑、温泉、森林、乡村等业态；康养小镇、社区、园区或单体项目",
        {"project.is_kangyang": True},
    ),
    Kind(
        "facility",
        "养老服务设施项目",
        "新建、改扩建，或用闲置房屋改建，不属于康养项目的",
        {"project.is_kangyang": False},
    ),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """Who is checked, and what was answered to which fact; none for what was skipped."""

    kind: Kind
    given: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def query(self) -> str:
        """They as they stand in an address."""
        return urlencode([("kind", self.kind.code), *self.fields()])

    def fields(self) -> Iterator[tuple[str, str]]:
        """Name and value of each hidden field; one that is empty where a fact was skipped."""
        return ((key, value) for key, values in self.given for value in values or ("",))

    def at(self, number: int) -> str | None:
        """The fact that is asked as the n-th (from 1), where it was asked already."""
        return self.given[number - 1][0] if 1 <= number <= len(self.given) else None

    def without(self, key: str) -> "Answers":
        """All others."""
        return replace(self, given=tuple(one for one in self.given if one[0] != key))

    def facts(self, catalogue: Catalogue) -> dict[str, Any]:
        """What the API is asked. What cannot be read goes as it was typed, and the API says what to write."""
        read = {key: _read(catalogue[key], values) for key, values in self.given if values}
        return {**self.kind.facts, **read}


def answers_of(query: QueryParams, catalogue: Catalogue) -> Answers | None:
    """The answers in an address; None where it does not say who is checked."""
    kind = next((one for one in KINDS if one.code == query.get("kind")), None)
    if kind is None:
        return None
    asked = dict.fromkeys(name for name, _ in query.multi_items() if name in catalogue and _is_askable(catalogue[name]))
    return Answers(kind, tuple((key, tuple(one for one in query.getlist(key) if one.strip())) for key in asked))


def is_money(fact: Json) -> bool:
    """Whether a fact is asked in 万元."""
    return bool(fact["unit"] == "元")


def yuan_of(text: str) -> str:
    """An amount typed in 万元 as yuan; as it was typed where it is no number."""
    typed = number(text.strip().removesuffix("万元"))
    return text if typed is None else f"{typed * _WAN:f}"


def said(fact: Json, value: Any, regions: Mapping[str, str]) -> str:
    """A value as one reads it."""
    if fact["type"] == "region":
        return regions.get(str(value), str(value))
    if is_money(fact):
        return wan(value)
    try:
        return in_words(fact, value)
    except (InvalidOperation, ValueError, TypeError):
        return str(value)


def next_fact(found: Json, answers: Answers, catalogue: Catalogue) -> tuple[str, int] | None:
    """The fact that decides most and was not asked yet, with how many offers wait for it; None where none is left.

    An offer that waits for two facts counts a half for each of them: what is nearly decided is decided first.
    """
    gains, waiting = defaultdict[str, float](float), defaultdict[str, int](int)
    asked = {key for key, _ in answers.given} | set(answers.kind.facts)
    for offer in undecided(found):
        wanted = [key for key in offer["missing"] if key not in asked and _may_ask(key, answers.kind, catalogue)]
        weight = _HEARSAY if offer.get("confidence") == _SECONDARY else 1.0
        for key in wanted:
            # What only an office can say stays open whatever is answered, and is no reason to ask less.
            gains[key] += weight / len(wanted)
            waiting[key] += 1
    best = max(gains, key=lambda key: gains[key], default=None)
    return None if best is None else (best, waiting[best])


def undecided(found: Json) -> list[Json]:
    """Offers that more answers may decide, and that are still to be had."""
    offers = [*found["programmes"], *found["products"]]
    return [one for one in offers if one["outcome"] == "needs_info" and one["window"] != _CLOSED]


def _may_ask(key: str, kind: Kind, catalogue: Catalogue) -> bool:
    return key in catalogue and _is_askable(catalogue[key]) and not key.startswith(kind.never or "-")


def _is_askable(fact: Json) -> bool:
    """Offices attest, and other subsidies are named by codes that nobody knows."""
    return fact["type"] != "attestation" and not (fact["type"] == "set" and not fact["codes"])


def _read(fact: Json, values: Sequence[str]) -> Any:
    first = values[0].strip()
    match fact["type"]:
        case "bool":
            return {"true": True, "false": False}.get(first, first)
        case "set":
            return [] if NONE_OF_THEM in values else list(values)
        case "decimal" if is_money(fact):
            return yuan_of(first)
        case "decimal" | "int":
            return plain(first)
        case _:
            return first
