"""The condition builder loses nothing of a rule, writes no other rule, and says complaints where they were typed."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from app.console.bank.rule_editor import (
    Book,
    Group,
    Line,
    changed,
    from_fields,
    from_rule,
    internal_ids,
    lines,
    named,
    placed,
    to_rule,
)
from app.console.bank.rule_words import NOT, operators, sentence
from app.console.forms import FormError, Typed
from app.programmes.answers import fact_out
from app.regions import region_names
from app.rules import explain, parse
from app.rules.catalogue import CATALOGUE
from app.rules.explain import findings
from app.rules.operators import OPERATORS

Json = dict[str, Any]

FACTS: Final = {
    fact.key: fact_out(fact).model_dump(mode="json")
    for fact in CATALOGUE
    if fact.subject in {"institution", "project", "need"} and not fact.per_programme
}
BOOK: Final = Book(FACTS, region_names())
CODES: Final = st.sampled_from(sorted(region_names()))
ID: Final = st.from_regex(r"\A[a-z][a-z0-9_]{0,10}\Z")
CITES: Final = st.sampled_from(
    [{"own": "第 1 条"}, {"clause": "2-1", "document": "yangzhengbanfa-2025-37"}, {"law": "民法典", "article": "399"}]
)


def operands(fact: Json, op: str) -> st.SearchStrategy[Json]:
    """What a condition of this operator on this fact may name."""
    if op in {"known", "attested"}:
        return st.just({})
    if op.endswith("months_ago"):
        return st.builds(lambda months: {"months": months}, st.integers(0, 600))
    if op == "within":
        return st.builds(lambda codes: {"regions": codes}, st.lists(CODES, min_size=1, max_size=3, unique=True))
    one = values(fact)
    if op == "between":
        return st.builds(lambda low, high: {"low": low, "high": high}, one, one)
    if op in {"in", "overlaps", "contains"}:
        distinct = st.lists(one, min_size=1, max_size=3, unique=True)
        return st.builds(lambda several: {"values": several}, distinct)
    return st.builds(lambda value: {"value": value}, st.one_of(one, st.just({"param": "sme.loan_ceiling_yuan"})))


def values(fact: Json) -> st.SearchStrategy[Any]:
    """A value of a fact as JSON has it."""
    match fact["type"]:
        case "bool":
            return st.booleans()
        case "int":
            return st.integers(0, 10_000)
        case "decimal":
            return st.decimals(0, 100, places=2).map(str)
        case "date":
            return st.dates().map(lambda day: day.isoformat())
        case "region":
            return CODES
        case _:
            codes = [one["code"] for one in fact["codes"]]
            return st.sampled_from(codes) if codes else st.from_regex(r"\A[a-z][a-z0-9-]{2,20}\Z")


@st.composite
def leaves(draw: st.DrawFn) -> Json:
    """Any condition that the catalogue allows."""
    fact = draw(st.sampled_from(list(FACTS.values())))
    op = draw(st.sampled_from([key for key, one in OPERATORS.items() if fact["type"] in one.types]))
    more: Json = draw(st.fixed_dictionaries({}, optional={"id": ID, "cite": CITES, "checked": st.just(True)}))
    return {"op": op, "fact": fact["key"], **draw(operands(fact, op)), **more}


def negated(of: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    return st.builds(lambda node: {"op": "not", "of": node}, of)


TREES: Final = st.recursive(
    st.one_of(leaves(), negated(leaves())),
    lambda of: st.one_of(
        st.builds(
            lambda op, members: {"op": op, "of": members},
            st.sampled_from(["all", "any"]),
            st.lists(of, min_size=1, max_size=3),
        ),
        negated(of),
    ),
    max_leaves=6,
)


def plain(node: Json) -> Json:
    """A rule without what two negations cancel out."""
    if node["op"] == "not" and node["of"]["op"] == "not":
        return plain(node["of"]["of"])
    if node["op"] == "not":
        return {"op": "not", "of": plain(node["of"])}
    return {**node, "of": [plain(child) for child in node["of"]]} if node["op"] in {"all", "any"} else node


def grouped(node: Json) -> Json:
    """The form always has a group at its top."""
    inner = node["of"] if node["op"] == "not" else node
    return node if inner["op"] in {"all", "any"} else {"op": "all", "of": [node]}


def fields(one: Group | Line) -> Iterator[tuple[str, str]]:
    """The fields that the page draws for a group."""
    if isinstance(one, Group):
        yield f"{one.name}/op", one.op
        yield f"{one.name}/kind", "group"
        for child in one.of:
            yield from fields(child)
        return
    shown = {
        "kind": "line",
        "fact": one.fact,
        "op": one.op,
        "id": one.id,
        "cite_kind": one.cite_kind,
        "cite": one.cite,
        "cite_beside": one.cite_beside,
        "checked": "1" if one.is_checked else "",
        "internal": "1" if one.is_internal else "",
    }
    yield from ((f"{one.name}/{name}", value) for name, value in shown.items())
    if one.plain_op == "between":
        yield f"{one.name}/value", one.values[0]
        yield f"{one.name}/high", one.values[1]
    else:
        yield from ((f"{one.name}/value", value) for value in one.values)


def typed(group: Group) -> Typed:
    found: dict[str, list[str]] = {}
    for name, value in fields(group):
        found.setdefault(name, []).append(value)
    return Typed(found)


@given(TREES)
def test_a_rule_comes_back_from_the_form_as_it_went_in(tree: Json) -> None:
    shown = from_rule(tree, (), "requires", BOOK)
    again = from_fields(typed(shown), "requires", BOOK)
    assert again == shown
    assert to_rule(again, BOOK) == grouped(plain(tree))


@given(TREES)
def test_every_operator_of_a_rule_is_among_those_on_offer_or_the_opposite_of_one(tree: Json) -> None:
    for line in lines(from_rule(tree, (), "requires", BOOK)):
        offered = operators(FACTS[line.key])
        usable = line.plain_op not in {"ne", "in"} or FACTS[line.key]["type"] != "bool"
        assert not usable or line.plain_op in offered


@given(TREES)
def test_a_sentence_says_every_condition_once_and_in_order(tree: Json) -> None:
    count = len(list(lines(from_rule(tree, (), "requires", BOOK))))
    said = sentence(tree, [{"label": f"<{place}>", "wanted": "应如此"} for place in range(count)])
    assert [said.index(f"<{place}>应如此") for place in range(count)] == sorted(
        said.index(f"<{place}>") for place in range(count)
    )
    assert said.count("，并且") + said.count("，或者") == count - 1


BEDS: Final = {"op": "ge", "fact": "institution.beds_total", "value": 50, "id": "beds"}
FILED: Final = {"op": "eq", "fact": "institution.filed", "value": True, "id": "filed"}
GRADE: Final = {"op": "ge", "fact": "institution.grade", "value": 3, "id": "grade"}


def said_of(tree: Json) -> str:
    """The sentence with the engine's own words for each condition."""
    found = findings(explain(parse(tree), {}, date(2026, 11, 20)))
    return sentence(tree, [{"label": one.label, "wanted": one.wanted} for one in found])


def test_a_rule_reads_as_one_sentence_with_its_groups_in_brackets() -> None:
    tree = {"op": "all", "of": [BEDS, {"op": "any", "of": [FILED, GRADE]}]}
    assert said_of(tree) == "床位总数应不低于 50 张，并且（已备案应为是，或者等级应不低于 3 级）。"


def test_under_a_not_all_becomes_any_of_the_opposites() -> None:
    tree = {"op": "not", "of": {"op": "all", "of": [BEDS, FILED]}}
    assert said_of(tree) == "床位总数应低于 50 张，或者已备案不应为是。"


def test_no_conditions_say_nothing() -> None:
    empty = Group("requires")
    assert to_rule(empty, BOOK) is None
    assert sentence(None, []) == ""


def test_lines_and_groups_are_added_at_the_end_and_taken_away_by_their_names() -> None:
    group = from_rule({"op": "all", "of": [BEDS, {"op": "any", "of": [FILED, GRADE]}]}, (), "requires", BOOK)
    longer = changed(group, "add-line requires.1")
    assert [line.name for line in lines(longer)] == ["requires.0", "requires.1.0", "requires.1.1", "requires.1.2"]
    shorter = changed(longer, "remove requires.0")
    assert [line.fact for line in lines(shorter)] == ["institution.filed", "institution.grade", ""]
    assert [line.name for line in lines(shorter)] == ["requires.0.0", "requires.0.1", "requires.0.2"]
    assert isinstance(changed(group, "add-group requires").of[-1], Group)
    assert changed(group, "remove requires.9") == group
    assert changed(group, "anything else") == group


def test_each_new_line_gets_an_id_of_its_own_and_keeps_it() -> None:
    group = Group("requires", "all", tuple(Line(f"requires.{n}", "need.purpose", "known") for n in range(2)))
    (once,) = named(group)
    assert [line.id for line in lines(once)] == ["own_purpose", "own_purpose_2"]
    assert named(once) == (once,)


def test_what_is_internal_is_named_by_its_id() -> None:
    group = from_rule({"op": "all", "of": [BEDS, FILED]}, ["filed"], "requires", BOOK)
    assert internal_ids(group) == ["filed"]


def test_a_complaint_stands_at_the_field_where_it_was_typed_under_any_negation() -> None:
    tree = {"op": "all", "of": [BEDS, {"op": "not", "of": {"op": "any", "of": [FILED, {"op": "not", "of": GRADE}]}}]}
    group = from_rule(tree, (), "requires", BOOK)
    told = {
        "requires/of/0/value": "requires.0/value",
        "terms/requires/of/0/value": "requires.0/value",
        "requires/of/1/of/of/1/of/value": "requires.1.1/value",
        "requires/of/1/of/of/0/cite/own": "requires.1.0/cite",
        "requires/of/1/of/of/0/op": "requires.1.0/op",
        "requires/of/1/of/of": "requires.1/op",
        "valid_from": "valid_from",
    }
    found = placed([FormError(pointer, "要改") for pointer in told], BOOK, group)
    assert [one.name for one in found] == list(told.values())
    assert found[0].detail == "床位总数：要改"


def test_what_cannot_be_read_goes_on_as_it_was_typed() -> None:
    """The API says what to write instead; nothing is guessed here."""
    line = {"kind": "line", "fact": "institution.beds_total", "op": "ge", "value": "一百二十"}
    form = Typed({f"requires.0/{name}": [value] for name, value in line.items()})
    assert to_rule(from_fields(form, "requires", BOOK), BOOK) == {
        "op": "all",
        "of": [{"op": "ge", "fact": "institution.beds_total", "value": "一百二十"}],
    }


def test_regions_are_written_by_name_or_by_code() -> None:
    line = {"kind": "line", "fact": "institution.region_code", "op": "within", "value": "太原市、140302，别处"}
    form = Typed({f"requires.0/{name}": [value] for name, value in line.items()})
    rule = to_rule(from_fields(form, "requires", BOOK), BOOK)
    assert rule is not None
    assert rule["of"][0]["regions"] == ["140100", "140302", "别处"]


def test_a_negation_is_offered_where_there_is_no_operator_for_it() -> None:
    offered = operators(FACTS["institution.beds_total"])
    assert offered["ge"] == "应不低于…"
    assert offered[f"{NOT}between"] == "不应在…之间（含两端）"
    assert f"{NOT}ge" not in offered
