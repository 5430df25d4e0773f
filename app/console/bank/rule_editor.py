"""The condition builder: a rule as lines and groups of a form, the form back into the rule, and the rule in words.

Pure. A rule is the JSON tree that the API takes; a line is one condition, a group is `all` or `any` of what is in it.
Each has a name that is its place (`requires`, `requires.0`, `requires.0.1`), and its fields stand below that name:

    requires.0/fact = institution.beds_total      requires.0/op = ge      requires.0/value = 50

A `not` stands in the operator (`not:between`, `not:any`), so that a line stays a line; two of them cancel out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from app.console.bank.rule_words import NOT, operators
from app.console.forms import FormError, Typed, number, plain, whole

Json = Mapping[str, Any]

# What the form has fields for; a longer rule is written over the API.
MOST_LINES: Final = 30
MOST_LEVELS: Final = 4
PARAM: Final = "@"
GROUPS: Final = {
    "all": "全部满足",
    "any": "满足任何一条即可",
    f"{NOT}all": "不能全部满足",
    f"{NOT}any": "一条都不能满足",
}
CITES: Final = {"own": "本行的条件编号", "clause": "政策条款", "law": "法律"}
# What stands beside a citation's own text: the document of a clause, the article of a law.
_BESIDE: Final = {"clause": "document", "law": "article"}
_MONTHS: Final = frozenset({"at_least_months_ago", "at_most_months_ago"})
_MANY: Final = frozenset({"in", "overlaps", "contains"})
_SEPARATORS: Final = re.compile(r"[、，,；;\s]+")
# The field in which each part of a condition is typed.
_TYPED_IN: Final = {
    **dict.fromkeys(("value", "values", "low", "months", "regions", "programme"), "value"),
    **dict.fromkeys(("cite", "id"), "cite"),
}


@dataclass(frozen=True, slots=True)
class Book:
    """What rules may name: facts by key and regions by code, as the API lists them."""

    facts: Mapping[str, Json]
    regions: Mapping[str, str]

    def region(self, written: str) -> str:
        """The code of a region that was written as its name or code; what is neither stays as it is."""
        by_name = {name: code for code, name in self.regions.items()}
        return by_name.get(written, written)


@dataclass(frozen=True, slots=True)
class Line:
    """One condition as it is typed. Without a fact it still has to be chosen."""

    name: str
    fact: str = ""
    op: str = ""
    values: tuple[str, ...] = ()
    id: str = ""
    cite_kind: str = "own"
    cite: str = ""
    cite_beside: str = ""
    is_checked: bool = False
    is_internal: bool = False

    @property
    def plain_op(self) -> str:
        """The operator without its negation."""
        return self.op.removeprefix(NOT)

    @property
    def key(self) -> str:
        """The fact's entry in the catalogue."""
        return self.fact.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Group:
    """Lines and groups of which all, any, or not all or none have to be met."""

    name: str
    op: str = "all"
    of: tuple["Line | Group", ...] = ()

    @property
    def level(self) -> int:
        """1 for the whole rule."""
        return self.name.count(".") + 1


# --- From the rule to the form ---------------------------------------------------------------------------------------


def from_rule(raw: Json | None, internal: Iterable[str], name: str, book: Book) -> Group:
    """A rule as a group; a rule of one condition is a group of one."""
    if raw is None:
        return Group(name)
    node, is_negated = _unwrapped(raw)
    if node["op"] in {"all", "any"}:
        return _group(node, is_negated, frozenset(internal), name, book)
    return Group(name, "all", (_line(node, is_negated, frozenset(internal), f"{name}.0", book),))


def _unwrapped(node: Json) -> tuple[Json, bool]:
    is_negated = False
    while node["op"] == "not":
        node, is_negated = node["of"], not is_negated
    return node, is_negated


def _group(node: Json, is_negated: bool, internal: frozenset[str], name: str, book: Book) -> Group:
    of: list[Line | Group] = []
    for place, child in enumerate(node["of"]):
        inner, is_not = _unwrapped(child)
        make = _group if inner["op"] in {"all", "any"} else _line
        of.append(make(inner, is_not, internal, f"{name}.{place}", book))
    return Group(name, _with_not(node["op"], is_negated), tuple(of))


def _line(node: Json, is_negated: bool, internal: frozenset[str], name: str, book: Book) -> Line:
    cite = node.get("cite") or {}
    kind = next((one for one in CITES if one in cite), "own")
    return Line(
        name,
        node["fact"] + (f"@{node['programme']}" if node.get("programme") else ""),
        _with_not(node["op"], is_negated),
        tuple(_text(value, book) for value in _operands(node)),
        node.get("id") or "",
        kind,
        cite.get(kind, ""),
        cite.get(_BESIDE.get(kind, ""), "") or "",
        bool(node.get("checked")),
        node.get("id") in internal,
    )


def _with_not(op: str, is_negated: bool) -> str:
    return NOT + op if is_negated else op


def _operands(node: Json) -> Sequence[Any]:
    if "values" in node or "regions" in node:
        return list(node.get("values") or node["regions"])
    return [node[name] for name in ("value", "low", "high", "months") if name in node]


def _text(value: Any, book: Book) -> str:
    if isinstance(value, Mapping):
        return f"{PARAM}{value['param']}"
    if isinstance(value, bool):
        return str(value).lower()
    return book.regions.get(str(value), str(value))


# --- From the form to the rule ---------------------------------------------------------------------------------------


def from_fields(typed: Typed, name: str, book: Book) -> Group:
    """What stands in the form below a name."""
    of: list[Line | Group] = []
    while (kind := typed.one(f"{name}.{len(of)}/kind")) in {"line", "group"}:
        below = f"{name}.{len(of)}"
        of.append(_typed_line(typed, below, book) if kind == "line" else from_fields(typed, below, book))
    op = typed.one(f"{name}/op", "all")
    return Group(name, op if op in GROUPS else "all", tuple(of))


def _typed_line(typed: Typed, name: str, book: Book) -> Line:
    fact, op, kind = (typed.one(f"{name}/{field}") for field in ("fact", "op", "cite_kind"))
    known = book.facts.get(fact.partition("@")[0])
    line = Line(
        name,
        fact,
        op if op or known is None else next(iter(operators(known)), ""),
        (),
        typed.one(f"{name}/id"),
        kind if kind in CITES else "own",
        typed.one(f"{name}/cite").strip(),
        typed.one(f"{name}/cite_beside").strip(),
        bool(typed.one(f"{name}/checked")),
        bool(typed.one(f"{name}/internal")),
    )
    return replace(line, values=_typed_values(typed, line, known))


def _typed_values(typed: Typed, line: Line, fact: Json | None) -> tuple[str, ...]:
    given = [value.strip() for value in typed.all(f"{line.name}/value") if value.strip()]
    if line.plain_op == "between":
        return (*(given[:1] or [""]), typed.one(f"{line.name}/high").strip())
    if fact is not None and takes_list(line.plain_op):
        return tuple(dict.fromkeys(one for value in given for one in _SEPARATORS.split(value) if one))
    return tuple(given[:1])


def takes_list(op: str) -> bool:
    """Whether a condition names several values."""
    return op in _MANY or op == "within"


def to_rule(group: Group, book: Book) -> Json | None:
    """The rule that a form says; None where it says nothing. Lines without an id must have been `named`."""
    return _written(group, book) if group.of else None


def _written(one: Line | Group, book: Book) -> Json:
    op = one.op.removeprefix(NOT)
    node = (
        {"op": op, "of": [_written(child, book) for child in one.of]}
        if isinstance(one, Group)
        else _written_line(one, book)
    )
    return {"op": "not", "of": node} if one.op.startswith(NOT) else node


def _written_line(line: Line, book: Book) -> Json:
    fact, _, programme = line.fact.partition("@")
    parts = {
        "op": line.plain_op,
        "fact": fact,
        **_written_operands(line, book),
        "programme": programme or None,
        "id": line.id or None,
        "cite": _written_cite(line),
        "checked": line.is_checked or None,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _written_operands(line: Line, book: Book) -> Json:
    type_ = book.facts[line.key]["type"] if line.key in book.facts else ""
    values = [_value(text, type_, book) for text in line.values]
    match line.plain_op:
        case "between":
            ends = {"low": values[:1], "high": values[1:2]}
            return {name: given[0] for name, given in ends.items() if given and given[0] != ""}
        case "within":
            return {"regions": values}
        case op if op in _MANY:
            return {"values": values}
        case op if op in _MONTHS:
            return {"months": _value(line.values[0], "int", book)} if line.values else {}
        case "known" | "attested":
            return {}
        case _:
            return {"value": values[0]} if values else {}


def _value(text: str, type_: str, book: Book) -> Any:
    """A value as the API takes it; what cannot be read goes as it is, and the API says what to write."""
    if text.startswith(PARAM):
        return {"param": text.removeprefix(PARAM)}
    match type_:
        case "bool":
            return {"true": True, "false": False}.get(text, text)
        case "int":
            return whole(text)
        case "decimal":
            return text if number(text) is None else plain(text)
        case "region":
            return book.region(text)
        case _:
            return text


def _written_cite(line: Line) -> Json | None:
    if not line.cite:
        return None
    beside = _BESIDE.get(line.cite_kind)
    return {line.cite_kind: line.cite, **({beside: line.cite_beside} if beside and line.cite_beside else {})}


# --- Changing it -----------------------------------------------------------------------------------------------------


def lines(one: Line | Group) -> Iterator[Line]:
    """The lines of a group, top to bottom."""
    if isinstance(one, Line):
        yield one
    else:
        for child in one.of:
            yield from lines(child)


def internal_ids(*groups: Group) -> list[str]:
    """The ids of the conditions that nobody but the bank reads."""
    return [line.id for group in groups for line in lines(group) if line.is_internal and line.id]


def named(*groups: Group) -> tuple[Group, ...]:
    """The same with an id for every line that has a fact; one that has an id keeps it."""
    taken = {line.id for group in groups for line in lines(group)}
    return tuple(_named(group, taken) for group in groups)


def _named(group: Group, taken: set[str]) -> Group:
    return replace(group, of=tuple(_named_one(one, taken) for one in group.of))


def _named_one(one: Line | Group, taken: set[str]) -> Line | Group:
    if isinstance(one, Group):
        return _named(one, taken)
    if one.id or not one.fact:
        return one
    # The product's own terms have plain names, such as `purpose`.
    stem = "own_" + one.key.partition(".")[2]
    free = (stem, *(f"{stem}_{number}" for number in range(2, MOST_LINES + 2)))
    chosen = next(name for name in free if name not in taken)
    taken.add(chosen)
    return replace(one, id=chosen)


def changed(group: Group, do: str) -> Group:
    """The group after a press: `add-line NAME`, `add-group NAME` or `remove NAME`; anything else changes nothing."""
    what, _, name = do.partition(" ")
    match what:
        case "add-line":
            return _renamed(_added(group, name, Line("")), group.name)
        case "add-group":
            return _renamed(_added(group, name, Group("", "any", (Line(""),))), group.name)
        case "remove":
            return _renamed(_removed(group, name), group.name)
        case _:
            return group


def _added(group: Group, name: str, new: Line | Group) -> Group:
    below = tuple(_added(one, name, new) if isinstance(one, Group) else one for one in group.of)
    return replace(group, of=(*below, new) if group.name == name else below)


def _removed(group: Group, name: str) -> Group:
    kept = (one for one in group.of if one.name != name)
    return replace(group, of=tuple(_removed(one, name) if isinstance(one, Group) else one for one in kept))


def _renamed(group: Group, name: str) -> Group:
    of = (
        _renamed(one, f"{name}.{place}") if isinstance(one, Group) else replace(one, name=f"{name}.{place}")
        for place, one in enumerate(group.of)
    )
    return replace(group, name=name, of=tuple(of))


# --- What is wrong with it -------------------------------------------------------------------------------------------


def placed(errors: Iterable[FormError], book: Book, *groups: Group) -> tuple[FormError, ...]:
    """What the API says of places in the rule, said of the fields in which they were typed, by the facts' names."""
    places = {pointer: one for group in groups for pointer, one in _places(group, group.name)}
    return tuple(_placed(error, book, places) for error in errors)


def _placed(error: FormError, book: Book, places: Mapping[str, Line | Group]) -> FormError:
    pointer = error.name.removeprefix("terms/")
    above = [at for at in places if pointer == at or pointer.startswith(f"{at}/")]
    if not above:
        return FormError(pointer, error.detail)
    at = max(above, key=len)
    one, rest = places[at], pointer.removeprefix(at).strip("/").partition("/")[0]
    if isinstance(one, Group):
        return FormError(f"{one.name}/op", error.detail)
    if one.key not in book.facts:
        return FormError(f"{one.name}/fact", "请选择看哪一项，或者删去这一条")
    field = _TYPED_IN.get(rest, rest if rest == "high" else "op")
    return FormError(f"{one.name}/{field}", f"{book.facts[one.key]['label']}：{error.detail}")


def _places(one: Line | Group, at: str) -> Iterator[tuple[str, Line | Group]]:
    at += "/of" if one.op.startswith(NOT) else ""
    yield at, one
    if isinstance(one, Group):
        for place, child in enumerate(one.of):
            yield from _places(child, f"{at}/of/{place}")
