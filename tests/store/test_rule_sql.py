"""Parity: the SQL of a rule has the value that `evaluate` gives, and steps are counted alike, on both databases."""

import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import product
from math import inf
from random import Random
from typing import Any, Final

import pytest
from hypothesis import Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlalchemy import Boolean, ColumnElement, cast, false, func, literal, select, true
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from app.access.scope import FULL
from app.cases.select import CaseKind, CaseSource, Moment, case_source
from app.matching.questions import steps_away
from app.rules import Dated, Parameter, Parameters, Truth, evaluate, parse
from app.rules.bind import bind
from app.rules.catalogue import CATALOGUE
from app.rules.explain import explain_bound
from app.rules.facts import FactType
from app.rules.operators import OPERATORS
from app.rules.structure import MOST_LEAVES, MOST_LEVELS
from app.store.rule_sql import UNREACHABLE, Columns, FactColumn, NotExpressible, possible_sql, rule_sql, steps_sql
from app.store.types import EnumSet, Fen
from tests.cases.population import KNOWN_AT, Registry, populate, registry_of
from tests.databases import Databases
from tests.rules import reference
from tests.rules.strategies import DAYS, PARAMETERS, Json, Question, questions

# How many random rules are compared on each database, each on some 200 random rows; `make parity` asks for more.
RULES: Final = int(os.environ.get("YINQIAO_PARITY_RULES", "2000"))
# So many rules are columns of one SELECT, which is answered in little more time than one of them; the last makes up
# for those that SQL cannot express.
_AT_ONCE: Final = 8
_SIZE: Final = 200
_TODAY: Final = date(2026, 11, 20)
_YES: Final[Json] = {"op": "eq", "fact": "institution.filed", "value": True}

_MOMENTS: Final = st.builds(Moment, st.sampled_from(DAYS), st.sampled_from(KNOWN_AT))
# Needs and loans have the facts of their institutions and projects too, so that more rules are decided on them.
_KINDS: Final = st.sampled_from((*CaseKind, CaseKind.NEED, CaseKind.LOAN))
_ASKED: Final = st.lists(questions(most_leaves=10), min_size=_AT_ONCE + 1, max_size=_AT_ONCE + 1)


@pytest.fixture(scope="module")
def registry(databases: Databases) -> Iterator[Registry]:
    with registry_of(databases, populate(Random(20_261_120), _SIZE)) as registry:
        yield registry


def many(rules: int) -> settings:
    """Without shrinking: the rule that differs is small and named, and simpler ones would take minutes to find."""
    return settings(max_examples=-(-rules // _AT_ONCE), deadline=None, phases=(Phase.generate,))


def expressible(asked: list[Question], source: CaseSource, day: date) -> list[Question]:
    """Those that SQL can answer; the others must say so."""
    found = []
    for question in asked:
        if asks_stored_slugs(question, source):
            with pytest.raises(NotExpressible):
                rule_sql(bind(question.rule, day, PARAMETERS), source.facts)
        else:
            found.append(question)
    return found


def asks_stored_slugs(question: Question, source: CaseSource) -> bool:
    """A set of programme slugs is no bit mask; where a kind of case has no such fact, it is unknown to both."""
    slugs = {fact.key for fact in CATALOGUE if fact.type is FactType.SET and not fact.codes} & source.facts.keys()
    return any(
        leaf["op"] in {"overlaps", "contains"} and leaf["fact"] in slugs for leaf in reference.leaves(question.raw)
    )


def columns_of(registry: Registry, source: CaseSource, asked: list[ColumnElement[Any]]) -> dict[Any, tuple[Any, ...]]:
    """For each case the values of these expressions."""
    labelled = [expression.label(f"rule_{at}") for at, expression in enumerate(asked)]
    with registry.database.reading() as session:
        rows = session.execute(select(source.id, *labelled).select_from(source.rows)).all()
    return {row[0]: tuple(row[1:]) for row in rows}


def test_the_sql_of_a_rule_is_its_verdict_on_every_row(registry: Registry) -> None:
    tally: Counter[Truth] = Counter()
    rules, operators = Counter[int](), set[str]()

    @many(RULES)
    @drawn(_KINDS, _MOMENTS, _ASKED)
    def compare(kind: CaseKind, moment: Moment, asked: list[Question]) -> None:
        source = case_source(kind, moment, FULL)
        asked = expressible(asked, source, moment.as_of)
        said = columns_of(
            registry, source, [rule_sql(bind(one.rule, moment.as_of, PARAMETERS), source.facts) for one in asked]
        )
        cases = registry.cases(kind, moment)
        assert said.keys() == {case.id for case in cases}
        for at, question in enumerate(asked):
            verdicts = [evaluate(question.rule, case.facts, moment.as_of, PARAMETERS) for case in cases]
            assert [Truth.of(said[case.id][at]) for case in cases] == verdicts, question.raw
            tally.update(verdicts)
            rules[len(set(verdicts))] += 1
            operators.update(leaf["op"] for leaf in reference.leaves(question.raw))

    compare()
    # Verdicts that were all alike would agree whatever the SQL says.
    assert min(tally[truth] for truth in Truth) > tally.total() / 10
    assert rules[1] < rules.total() / 3
    assert rules.total() >= RULES
    assert operators == OPERATORS.keys()


def test_steps_are_counted_and_possible_cases_found_as_the_explanation_says(registry: Registry) -> None:
    tally: Counter[float] = Counter()

    @many(RULES // 8)
    @drawn(_KINDS, _MOMENTS, _ASKED)
    def compare(kind: CaseKind, moment: Moment, asked: list[Question]) -> None:
        source = case_source(kind, moment, FULL)
        bound = [bind(one.rule, moment.as_of, PARAMETERS) for one in expressible(asked, source, moment.as_of)]
        expressions = [compiler(one, source.facts) for one in bound for compiler in (steps_sql, possible_sql)]
        said = columns_of(registry, source, expressions)
        for case in registry.cases(kind, moment)[::4]:
            explained = [explain_bound(one, case.facts) for one in bound]
            steps = [steps_away(one) for one in explained]
            counted = [inf if value >= UNREACHABLE else value for value in said[case.id][::2]]
            assert counted == steps, [one.raw for one in asked]
            assert list(said[case.id][1::2]) == [one.truth is not Truth.FALSE for one in explained]
            tally.update(steps)

    compare()
    assert min(tally[steps] for steps in (0, 1, inf)) > tally.total() / 50
    assert tally[2] > 0


def value_of(session: Session, raw: Json, columns: Columns, parameters: Parameters = PARAMETERS) -> Any:
    """The value of a rule in value position."""
    bound = bind(parse(raw, parameters=parameters), _TODAY, parameters)
    return session.scalar(select(rule_sql(bound, columns)))


def facts(kind: Any, *, vouched: bool = True, **values: Any) -> Columns:
    """Facts of institutions as columns of one row, all of one column type."""
    row = select(*(cast(literal(value, kind), kind).label(name) for name, value in values.items())).subquery()
    checked = true() if vouched else false()
    return {f"institution.{name}": FactColumn(row.c[name], checked) for name in values}


@pytest.mark.parametrize("op", ["all", "any"])
def test_groups_are_kleene_in_both_orders_of_their_members(session: Session, op: str) -> None:
    insured: Json = {"op": "eq", "fact": "institution.liability_insured", "value": True}
    for left, right in product((True, False, None), repeat=2):
        columns = facts(Boolean(), filed=left, liability_insured=right)
        for members in ([_YES, insured], [insured, _YES]):
            rule: Json = {"op": op, "of": members}
            wanted = reference.joined(op, [left, right])
            assert value_of(session, rule, columns) is wanted
            assert value_of(session, {"op": "not", "of": rule}, columns) is reference.opposite(wanted)


_NUMBERS: Final = st.one_of(
    st.sampled_from([0, 30, 10**4, 2 * 10**9, 10**13]).flatmap(
        lambda anchor: st.integers(-200, 200).map(lambda step: Decimal(anchor) + Decimal(step) / 10_000)
    ),
    st.sampled_from([Decimal(10**19), Decimal(-(10**19)), Decimal("99999999999999999999.5")]),
)


@settings(max_examples=100, deadline=None)
@drawn(
    st.sampled_from(["institution.beds_total", "need.amount_yuan", "institution.occupancy_percent"]),
    st.lists(_NUMBERS, min_size=2, max_size=2),
)
def test_a_threshold_may_be_finer_or_larger_than_any_stored_value(
    registry: Registry, key: str, thresholds: list[Decimal]
) -> None:
    """A parameter is a decimal beside a count, or has more places than fen; it is never rounded to the wrong side."""
    dated = [Parameter(f"p{at}", "", FactType.DECIMAL, (Dated(x, date.min),)) for at, x in enumerate(thresholds)]
    parameters = Parameters(dated)
    low: Json = {"param": "p0"}
    rules: list[Json] = [{"op": op, "fact": key, "value": low} for op in ("eq", "ne", "lt", "le", "gt", "ge")]
    rules.append({"op": "between", "fact": key, "low": low, "high": {"param": "p1"}})
    rules += [{"op": "not", "of": rule} for rule in rules]
    parsed = [parse(rule, parameters=parameters) for rule in rules]
    source = case_source(CaseKind.NEED, Moment(_TODAY), FULL)
    said = columns_of(registry, source, [rule_sql(bind(rule, _TODAY, parameters), source.facts) for rule in parsed])
    for case in registry.cases(CaseKind.NEED, Moment(_TODAY)):
        wanted = tuple(evaluate(rule, case.facts, _TODAY, parameters) for rule in parsed)
        assert tuple(map(Truth.of, said[case.id])) == wanted


@pytest.mark.parametrize(("yuan", "met"), [("499999999.99", False), ("500000000.00", True), ("500000000.01", True)])
def test_money_is_compared_to_the_fen(session: Session, yuan: str, met: bool) -> None:
    rule: Json = {"op": "ge", "fact": "institution.total_assets_yuan", "value": "500000000.00"}
    assert value_of(session, rule, facts(Fen(), total_assets_yuan=Decimal(yuan))) is met


def test_the_empty_set_is_known_and_has_nothing(session: Session) -> None:
    kind = EnumSet(tuple(CATALOGUE["institution.kinds"].codes))
    for held, met in (((), False), (("day_care",), True), (None, None)):
        columns = facts(kind, kinds=held)
        for op in ("overlaps", "contains"):
            rule: Json = {"op": op, "fact": "institution.kinds", "values": ["day_care"]}
            assert value_of(session, rule, columns) is met
            assert value_of(session, {"op": "not", "of": rule}, columns) is reference.opposite(met)
        assert value_of(session, {"op": "known", "fact": "institution.kinds"}, columns) is (held is not None)


def test_a_declared_value_is_unknown_where_a_checked_one_is_demanded(session: Session) -> None:
    rule, known = ({**node, "checked": True} for node in (_YES, {"op": "known", "fact": _YES["fact"]}))
    for value, vouched in product((True, False, None), (True, False)):
        columns = facts(Boolean(), vouched=vouched, filed=value)
        usable = value if vouched else None
        assert value_of(session, rule, columns) is usable
        assert value_of(session, {"op": "not", "of": rule}, columns) is reference.opposite(usable)
        assert value_of(session, known, columns) is (usable is not None)
        assert value_of(session, {"op": "not", "of": known}, columns) is (usable is None)


def test_a_parameter_without_a_value_on_the_day_leaves_the_verdict_open(session: Session) -> None:
    fact = "institution.total_assets_yuan"
    amount: Json = {"op": "ge", "fact": fact, "value": {"param": "test.amount"}}
    columns = facts(Fen(), total_assets_yuan=Decimal(1))
    assert evaluate(parse(amount, parameters=PARAMETERS), {fact: 1}, _TODAY, PARAMETERS) is Truth.UNKNOWN
    assert value_of(session, amount, columns) is None
    assert value_of(session, {"op": "not", "of": amount}, columns) is None


def test_a_fact_that_a_kind_of_case_lacks_is_unknown(session: Session) -> None:
    assert value_of(session, _YES, {}) is None
    assert value_of(session, {"op": "known", "fact": _YES["fact"]}, {}) is False
    assert value_of(session, {"op": "not", "of": {"op": "known", "fact": _YES["fact"]}}, {}) is True


def test_cases_are_counted_by_a_verdict_that_is_the_same_for_all(session: Session) -> None:
    """PostgreSQL must know the type of a NULL before it can group by it."""
    verdict = rule_sql(bind(parse(_YES), _TODAY, PARAMETERS), {}).label("verdict")
    asked = select(verdict).subquery()
    counted = select(asked.c.verdict, func.count()).group_by(asked.c.verdict)
    assert session.execute(counted).all() == [(None, 1)]
    assert session.scalar(select(func.count()).where(verdict)) == 0


@pytest.mark.parametrize("op", ["overlaps", "contains"])
@pytest.mark.parametrize("negated", [False, True])
def test_a_set_that_is_no_bit_mask_is_refused_and_never_skipped(op: str, negated: bool) -> None:
    slugs: Json = {"op": op, "fact": "loan.other_interest_subsidy", "values": ["wenlv-incentive"]}
    raw: Json = {"op": "any", "of": [_YES, {"op": "not", "of": slugs} if negated else slugs]}
    source = case_source(CaseKind.LOAN, Moment(_TODAY), FULL)
    for compiler in (rule_sql, possible_sql, steps_sql):
        with pytest.raises(NotExpressible, match="other_interest_subsidy"):
            compiler(bind(parse(raw), _TODAY, PARAMETERS), source.facts)


def leaf(at: int) -> Json:
    """A condition that costs much as SQL: an attestation, a demand for checked values, regions, sets, months."""
    leaves: tuple[Json, ...] = (
        {"op": "attested", "fact": "institution.meets_detailed_rules", "programme": f"programme-{at}"},
        {"op": "between", "fact": "institution.beds_total", "low": at, "high": 2 * at, "checked": True},
        {"op": "within", "fact": "institution.region_code", "regions": ["140100", "140300", "140302"]},
        {"op": "overlaps", "fact": "institution.kinds", "values": ["day_care", "nursing_home"]},
        {"op": "at_least_months_ago", "fact": "institution.filed_on", "months": at},
        {"op": "known", "fact": "project.stage"},
    )
    return leaves[at % len(leaves)]


def ladder(levels: int, place: int) -> Json:
    """A rule as deep as a rule may be, with the next level at each place among its members."""
    node = leaf(0)
    for level in range(1, levels):
        members = [leaf(2 * level), leaf(2 * level + 1)]
        members.insert(place, node)
        node = {"op": "any" if level % 2 else "all", "of": members}
    return node


def bush(levels: int) -> Json:
    """Groups within groups on both sides."""
    if levels == 1:
        return leaf(levels)
    return {"op": "any" if levels % 2 else "all", "of": [bush(levels - 1), {"op": "not", "of": bush(levels - 1)}]}


def flat(op: str) -> Json:
    return {"op": op, "of": [leaf(at) for at in range(MOST_LEAVES)]}


def listing(op: str, fact: str, name: str, values: list[Any]) -> Json:
    """As many conditions as a rule may have, each with as many values."""
    return {"op": "any", "of": [{"op": op, "fact": fact, name: values[at : at + 200]} for at in range(MOST_LEAVES)]}


_COUNTIES: Final = [f"14{city:02d}{county:02d}" for city in range(1, 5) for county in range(1, 100)]
_CITIES: Final = [f"{province}{city:02d}00" for province in range(11, 16) for city in range(1, 100)]
_LARGEST: Final = {
    **{f"deep, next level at {place}": ladder(MOST_LEVELS, place) for place in range(3)},
    "deep and bushy": bush(7),
    "all of 200": flat("all"),
    "any of 200": flat("any"),
    "200 lists of 200 numbers": listing("in", "institution.beds_total", "values", list(range(400))),
    "200 lists of 200 days": listing(
        "in", "institution.filed_on", "values", [date.fromordinal(737_000 + at).isoformat() for at in range(400)]
    ),
    "200 lists of 200 counties": listing("within", "institution.region_code", "regions", _COUNTIES),
    "200 lists of 200 cities": listing("within", "institution.region_code", "regions", _CITIES),
}


@pytest.mark.parametrize("raw", _LARGEST.values(), ids=_LARGEST.keys())
def test_the_largest_rules_run_on_both_databases(registry: Registry, raw: Json) -> None:
    """Parsers, parameters and expressions have limits of their own; a rule that may be written must be answered."""
    moment = Moment(_TODAY, KNOWN_AT[-1])
    source, rule = case_source(CaseKind.PROJECT, moment, FULL), parse(raw)
    bound = bind(rule, moment.as_of, PARAMETERS)
    expressions = [compiler(bound, source.facts) for compiler in (rule_sql, steps_sql, possible_sql)]
    said = columns_of(registry, source, expressions)
    for case in registry.cases(CaseKind.PROJECT, moment)[::20]:
        truth, steps, possible = said[case.id]
        assert possible is (truth is not False)
        assert Truth.of(truth) is evaluate(rule, case.facts, moment.as_of)
        assert min(steps, UNREACHABLE) == min(steps_away(explain_bound(bound, case.facts)), UNREACHABLE)


def test_the_sql_grows_with_the_rule_and_not_faster() -> None:
    """The statement of 200 conditions is no longer than 200 statements of one, whatever the nesting."""
    source = case_source(CaseKind.PROJECT, Moment(_TODAY), FULL)
    for raw in (flat("all"), flat("any"), bush(7), *(ladder(MOST_LEVELS, place) for place in range(3))):
        bound = bind(parse(raw), _TODAY, PARAMETERS)
        for compiler in (rule_sql, possible_sql, steps_sql):
            text = str(compiler(bound, source.facts).compile(dialect=sqlite.dialect()))
            assert len(text) < 800 * sum(1 for _ in reference.leaves(raw))
