"""Facts on pages: a form made of the catalogue as the API gives it, and recorded values in words.

catalogue = await catalogue_of(page, "institution")
form = fact_form(catalogue[key] for key in keys)
body = read_facts(form, page.typed)        # {"facts": {"institution.beds_total": 120, …}}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.console.forms import Field, Form, Kind, Typed
from app.console.page import Page
from app.console.words import count, day, percent, yuan

Json = Mapping[str, Any]

FACTS: Final = "facts/"
# Ticked where somebody has none of what is asked, which is not the same as not knowing.
NONE_OF_THEM: Final = "none"
_UNKNOWN: Final = ("", "不清楚")
_KINDS: Final = {
    "bool": Kind.YES_NO,
    "int": Kind.NUMBER,
    "date": Kind.DATE,
    "enum": Kind.CHOICE,
    "set": Kind.MANY,
    "region": Kind.CHOICE,
}
_SMALL: Final = 100
# Who vouches for a value. What the institution says itself it may change.
_VOUCHED: Final = frozenset({"checked", "registry"})


@dataclass(frozen=True, slots=True)
class Line:
    """A fact as it is shown: its value in words (empty: not filled in), and who holds it (empty: whose it is)."""

    label: str
    value: str
    held_by: str


async def catalogue_of(page: Page, subject: str) -> dict[str, Json]:
    """The facts of one noun by key, without attestations, which offices give."""
    found = await page.get("/facts", subject=subject)
    return {one["key"]: one for one in found["items"] if one["type"] != "attestation"}


async def counties(page: Page) -> list[tuple[str, str]]:
    """Every county by code, with the city before its name."""
    found = (await page.get("/regions"))["items"]
    names = {one["code"]: one["name"] for one in found}
    return [
        (one["code"], names.get(one["parent"], "") + one["name"]) for one in found if one["level"] in {"county", "city"}
    ]


def fact_field(fact: Json, regions: Iterable[tuple[str, str]] = (), *, is_required: bool = False) -> Field:
    """The field in which a fact is asked for."""
    kind = _kind(fact)
    return Field(
        FACTS + fact["key"],
        fact["label"],
        kind,
        help=_example(fact, kind),
        unit=fact["unit"],
        choices=_choices(fact, regions),
        is_required=is_required,
    )


def fact_form(facts: Iterable[Json], *more: Field) -> Form:
    """Some facts in a form, after other fields."""
    return Form(*more, *(fact_field(one) for one in facts))


def read_new(form: Form, typed: Typed) -> dict[str, Any]:
    """What was typed as the body of something new: what was left empty is not in it."""
    body = form.read(typed)
    return {**body, "facts": _sets(body.get("facts", {}))}


def read_facts(form: Form, typed: Typed) -> dict[str, Any]:
    """What was typed as the body of a change: null takes a fact back. What must be given is never taken back."""
    body = form.read_all(typed)
    empty = {one.name: "" for one in form.fields if one.is_required and body.get(one.name, "") is None}
    return {**body, **empty, **({"facts": _sets(body["facts"])} if "facts" in body else {})}


def _sets(facts: Mapping[str, Any]) -> dict[str, Any]:
    """以上都没有 is the empty set."""
    return {key: [] if value == [NONE_OF_THEM] else value for key, value in facts.items()}


def present(facts: Json) -> dict[str, Any]:
    """Recorded facts by the names of their fields, as a form shows them."""
    return {FACTS + key: _shown(one["value"]) for key, one in facts.items()}


def is_locked(recorded: Json | None) -> bool:
    """Whether an office or a registry vouches for it, so that only that office changes it."""
    return recorded is not None and recorded["provenance"] in _VOUCHED


def holder(recorded: Json) -> str:
    """Who vouches for a value, and since when; empty for what somebody says of himself."""
    if not is_locked(recorded):
        return ""
    if recorded["provenance"] == "registry":
        return f"登记信息{'，' + recorded['by'] if recorded['by'] else ''}"
    checked = f"，{day(recorded['on'])}" if recorded["on"] else ""
    return f"{recorded['by'] or '主管部门'}已核实{checked}"


def split(catalogue: Iterable[Json], recorded: Mapping[str, Json]) -> tuple[list[Json], list[Line]]:
    """The facts that whoever they are about may change, and those that are locked."""
    free, held = [], []
    for fact in catalogue:
        one = recorded.get(fact["key"])
        if one is None or not is_locked(one):
            free.append(fact)
        else:
            held.append(Line(fact["label"], in_words(fact, one["value"]), holder(one)))
    return free, held


def in_words(fact: Json, value: Any) -> str:
    """A recorded value as one reads it."""
    labels = {one["code"]: one["label"] for one in fact["codes"]}
    match fact["type"]:
        case "bool":
            return "是" if value else "否"
        case "int":
            return f"{count(value)} {fact['unit']}".strip()
        case "date":
            return day(value)
        case "enum":
            return str(labels.get(value, value))
        case "set":
            return "、".join(labels.get(one, one) for one in value) or "没有"
        case "decimal":
            return percent(value) if fact["unit"] == "%" else yuan(value)
        case _:
            return str(value)


def _kind(fact: Json) -> Kind:
    if fact["type"] == "decimal":
        return Kind.MONEY if fact["unit"] == "元" else Kind.DECIMAL
    return _KINDS[fact["type"]]


def _choices(fact: Json, regions: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    codes = tuple((one["code"], one["label"]) for one in fact["codes"])
    match fact["type"]:
        case "enum":
            return (*codes, _UNKNOWN)
        case "set":
            return (*codes, (NONE_OF_THEM, "以上都没有"))
        case "region":
            return tuple(regions)
        case _:
            return ()


def _example(fact: Json, kind: Kind) -> str:
    if kind is Kind.MONEY:
        return "以元计，例如 3526800；不用写“万元”"
    if kind is Kind.DECIMAL:
        return "填百分数，例如 71.6"
    if kind is Kind.NUMBER:
        least, most = fact["minimum"], fact["maximum"]
        return f"{least} 到 {most} 的整数" if most and float(most) <= _SMALL else "整数，没有就填 0"
    return "可多选" if kind is Kind.MANY else ""


def _shown(value: Any) -> Any:
    return [NONE_OF_THEM] if value == [] else value
